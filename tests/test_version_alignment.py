"""The same region in several releases: what the rule links, against siibra's JSON and by its own promises."""

from __future__ import annotations

import json
import re
from collections import Counter, defaultdict
from typing import TYPE_CHECKING, Any

import pytest

from siibra_kg.build.align.versions import region_versions
from siibra_kg.resources import folder
from siibra_kg.sssom import read_mappings
from siibra_kg.vocab import SKG

if TYPE_CHECKING:
    from collections.abc import Iterator

    from siibra_kg import KnowledgeGraph

BASE = "https://w3id.org/siibra-kg/"
RELEASE = BASE + "id/release/"
FILES = {
    "jba-v1.18": "julichbrain_v1_18", "jba-v2.9": "julichbrain_v2_9_0", "jba-v3.0.3": "julichbrain_v3_0_3",
    "jba-v3.1": "julichbrain_v3_1", "whssdatlas-v1.01": "rat_waxholmv1_01", "whssdatlas-v2": "rat_waxholmv2",
    "whssdatlas-v3": "rat_waxholmv3", "whssdatlas-v4": "rat_waxholmv4",
}  # fmt: skip
_SIDE = re.compile(r"\s*-?\s*(left|right)(?: hemisphere)?$")

SUBICULUM = ("Parasubiculum", "Presubiculum", "Prosubiculum", "Subiculum")
# Regions that have another name in the newer release; all other names, but for a capital at the beginning, are as
# they were. Names, not a bulk extract: who renamed what is what these tests are about.
RENAMED_JBA = {
    "AcbL (Lateral Accumbens, Ventral Striatum)": "AcbL (Ventral Striatum, Lateral Accumbens)",
    "AcbM (Medial Accumbens, Ventral Striatum)": "AcbM (Ventral Striatum, Medial Accumbens)",
    "Area IFJ1 (IFS,PreCS)": "Area IFJ1 (IFS, PreCS)",
    "Area IFJ2 (IFS,PreCS)": "Area IFJ2 (IFS, PreCS)",
    "Area OP1 (POperc)": "Area Op1 (POperc)",
    "Area OP2 (POperc)": "Area Op2 (POperc)",
    "Area OP3 (POperc)": "Area Op3 (POperc)",
    "Area OP4 (POperc)": "Area Op4 (POperc)",
    "Area TE 1.0 (HESCHL)": "Area Te 1.0 (HESCHL)",
    "Area TE 1.1 (HESCHL)": "Area Te 1.1 (HESCHL)",
    "Area TE 1.2 (HESCHL)": "Area Te 1.2 (HESCHL)",
    "Area TE 2.1 (STG)": "Area Te 2.1 (STG)",
    "Area TE 2.2 (STG)": "Area Te 2.2 (STG)",
    "Area TE 3 (STG)": "Area Te 3 (STG)",
    "Area TPJ (STG/SMG)": "Area TPJ (STG, SMG)",
    "BST (Bed Nucleus)": "BST (Basal Forebrain, Bed Nucleus)",
    "Dorsal Dentate Nucleus (Cerebellum)": "Ndentd (Cerebellum, Dorsal Dentate Nucleus)",
    "Entorhinal Cortex": "Area EC (Hippocampal Region, Entorhinal Cortex)",
    "Fastigial Nucleus (Cerebellum)": "Nfast (Cerebellum, Fastigial Nucleus)",
    "FuCd (Fundus of Caudate Nucleus, Ventral Striatum)": "FuCd (Ventral Striatum, Fundus of Caudate Nucleus)",
    "FuP (Fundus of Putamen, Ventral Striatum)": "FuP (Ventral Striatum, Fundus of Putamen)",
    "HC-Transsubiculum (Hippocampus)": "TrS (Hippocampus, Transsubiculum)",
    "Interposed Nucleus (Cerebellum)": "Ninterp (Cerebellum, Interposed Nucleus)",
    "Subiculum (Hippocampus)": "Subc (Hippocampus, Subicular complex)",
    "Terminal islands (Basal Forebrain)": "TuTi (Basal Forebrain, Terminal islands)",
    "Tuberculum (Basal Forebrain)": "Tu (Basal Forebrain, Tuberculum)",
    "Ventral Dentate Nucleus (Cerebellum)": "Ndentv (Cerebellum, Ventral Dentate Nucleus)",
    "cingulate gyrus, frontal part": "frontal cingulate gyrus",
    "occiptal lobe": "occipital lobe",
    "sublenticular part of basal forebrain": "sublenticular basal forebrain",
    "temporal-insula": "temporal insula",
} | {
    f"Subiculum.{part} (Hippocampus) {side}": f"Subc.{part} (Hippocampus, {name}) {side}"
    for part, name in zip(("PaS", "PreS", "ProS", "Sub"), SUBICULUM, strict=True)
    for side in ("left", "right")
}  # fmt: skip
RENAMED_WHS = {
    "Olfactory system": "Olfactory bulb",
    "Whole brain": "Brain",
    "anterior commissure": "anterior commissure, intrabulbar part",
    "anterior commissure, anterior part": "anterior commissure, anterior limb",
    "anterior commissure, posterior part": "anterior commissure, posterior limb",
    "auditory radiation": "external medullary lamina, auditory radiation",
    "basal forebrain region": "Basal forebrain region, unspecified",
    "brainstem": "Brainstem, unspecified",
    "cingulate cortex, area 2": "Cingulate area 2",
    "descending corticofugal pathways": "corticofugal tract and corona radiata",
    "entorhinal cortex": "Medial entorhinal cortex",
    "facial nerve": "facial nerve, unspecified",
    "globus pallidus": "Globus pallidus external",
    "granule cell level of the cerebellum": "Cerebellum, unspecified",
    "hypothalamic region": "Hypothalamic region, unspecified",
    "lateral lemniscus": "lateral lemniscus, unspecified",
    "mammillothalamic tract": "mammillotegmental tract",
    "medial lemniscus": "medial lemniscus, unspecified",
    "molecular layer of the cerebellum": "Molecular cell layer of the cerebellum",
    "olfactory bulb": "Olfactory bulb, unspecified",
    "primary auditory cortex": "Primary auditory area",
    "reticular thalamic nucleus, auditory segment": "Reticular (pre)thalamic nucleus, auditory segment",
    "secondary auditory cortex, dorsal area": "Secondary auditory area, dorsal part",
    "secondary auditory cortex, ventral area": "Secondary auditory area, ventral part",
    "stria medullaris of the thalamus": "stria medullaris thalami",
    "ventricular system": "ventricular system, unspecified",
}
SPLIT = {
    "jba-v3.1": {"Frontal-I (GapMap)": {"Frontal-I.1 (GapMap)", "Frontal-I.2 (GapMap)"}},
    "whssdatlas-v4": {
        "globus pallidus": {"globus pallidus external, lateral part", "globus pallidus external, medial part"},
        "striatum": {"caudate putamen", "nucleus accumbens", "ventral striatal region, unspecified"},
        "substantia nigra": {f"substantia nigra, {part} part" for part in ("compact", "lateral", "reticular")},
    },
}


def nodes(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any], dict[str, Any]]]:
    """Walk a tree of siibra: name without side, side, node, parent."""

    def walk(children: list[dict[str, Any]], parent: dict[str, Any]) -> Iterator[Any]:
        for node in children:
            side = _SIDE.search(node["name"])
            stem = node["name"][: side.start()] if side else node["name"]
            yield stem, side[1] if side else "", node, parent
            yield from walk(node.get("children") or [], node)

    yield from walk(document["regions"], {})


def listed(document: dict[str, Any]) -> Counter[str]:
    """Count the names of a release, evened out at their beginning; halves of a region that is there do not count."""
    everything = list(nodes(document))
    whole = {stem for stem, side, *_ in everything if not side}
    names = (f"{stem} {side}".strip() for stem, side, *_ in everything if not side or stem not in whole)
    return Counter(fold(" ".join(name.split())) for name in names)


def context(library: dict[str, dict[str, bytes]], slug: str) -> set[str]:
    """Give the names of what openMINDS has regions of a release below: groups that siibra's tree may not have yet."""
    documents = [json.loads(data) for path, data in library["latest"].items() if path.startswith("parcellationEntit")]
    names = {node["@id"]: node["name"].lower() for node in documents}
    here = [
        n for n in documents if n["@id"].lower().partition("version/")[2].startswith(slug.replace("-v", "_v") + "_")
    ]
    return {names[p["@id"]] for node in here for p in node.get("hasParent") or [] if p["@id"] in names}


def fold(name: str) -> str:
    return name[:1].lower() + name[1:]


@pytest.mark.mirror
@pytest.mark.parametrize(
    ("old", "new", "renamed", "counts"),
    [
        ("jba-v3.0.3", "jba-v3.1", RENAMED_JBA, {"new": 75, "gone": 3, "renamed": 39, "split": 2}),
        ("whssdatlas-v3", "whssdatlas-v4", RENAMED_WHS, {"new": 153, "gone": 8, "renamed": 26, "split": 8}),
    ],
)
def test_what_is_new_gone_renamed_and_split_is_what_the_trees_say(
    both: KnowledgeGraph,
    configurations: dict[str, Any],
    library: dict[str, dict[str, bytes]],
    old: str,
    new: str,
    renamed: dict[str, str],
    counts: dict[str, int],
) -> None:
    before, after = (listed(configurations[f"parcellations/{FILES[slug]}.json"]) for slug in (old, new))
    assert {fold(name) for name in renamed} <= set(before)
    assert {fold(name) for name in renamed.values()} <= set(after)
    parts = Counter(fold(part) for found in SPLIT[new].values() for part in found)
    lost = Counter(fold(name) for name in SPLIT[new] if fold(name) not in after and name not in renamed)
    rows = both.query("version/changes", old=RELEASE + old, new=RELEASE + new)
    found: dict[str, list[Any]] = defaultdict(list)
    for row in rows:
        found[row.change].append(row)
    assert {change: len(there) for change, there in found.items()} == counts
    assert {row.old_name: row.name for row in found["renamed"]} == renamed
    was, now = Counter(map(fold, renamed)), Counter(map(fold, renamed.values()))
    arrived = after - (before - was) - now - parts
    left = before - (after - now) - was - lost
    groups = context(library, old)
    arrived = Counter({name: number for name, number in arrived.items() if name.lower() not in groups})
    assert Counter(fold(row.name) for row in found["new"]) == arrived
    assert Counter(fold(row.name) for row in found["gone"]) == left
    splits: dict[str, set[str]] = defaultdict(set)
    for row in found["split"]:
        splits[row.old_name].add(row.name)
    assert splits == SPLIT[new]


@pytest.mark.mirror
def test_changes_back_and_forth_mirror_each_other(both: KnowledgeGraph) -> None:
    old, new = RELEASE + "whssdatlas-v3", RELEASE + "whssdatlas-v4"
    forth, back = (both.query("version/changes", old=a, new=b) for a, b in ((old, new), (new, old)))
    for one, other in ((forth, back), (back, forth)):
        # What came of a split is new in one direction, and gone without one in the other.
        arrived = {row.iri for row in one if row.change in ("new", "split", "merged")}
        assert arrived >= {row.iri for row in other if row.change == "gone"} - {
            row.old_iri for row in one if row.change in ("split", "merged")
        }
    assert {(r.iri, r.old_iri) for r in forth if r.change == "renamed"} == {
        (r.old_iri, r.iri) for r in back if r.change == "renamed"
    }
    assert len(both.query("version/changes", old=old, new=old)) == 0


@pytest.mark.mirror
def test_every_entity_that_siibra_names_in_two_releases_is_a_shared_identifier(
    both: KnowledgeGraph, configurations: dict[str, Any]
) -> None:
    """In siibra the id of one entity of openMINDS stands at one region in each of several releases, on either side."""
    seen: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for slug, file in FILES.items():
        for stem, side, node, _ in nodes(configurations[f"parcellations/{file}.json"]):
            if not side and (uuid := (node.get("ebrains") or {}).get("openminds/ParcellationEntity")):
                for one in [uuid] if isinstance(uuid, str) else uuid:
                    seen[one][slug].add(stem)
    linked = {
        (str(row.a), str(row.b))
        for row in both.sparql(
            "SELECT DISTINCT ?a ?b { ?row skg:reason 'shared identifier' ; owl:annotatedSource ?x ;"
            " owl:annotatedTarget ?y ."
            " ?x skg:siibraName ?n ; skos:inScheme ?r . ?y skg:siibraName ?m ; skos:inScheme ?s ."
            " BIND(CONCAT(STR(?r), '|', ?n) AS ?a) BIND(CONCAT(STR(?s), '|', ?m) AS ?b) }"
        )
    }
    wanted = {
        (f"{RELEASE}{one}|{a}", f"{RELEASE}{other}|{b}")
        for where in seen.values()
        for one, first in where.items()
        for other, second in where.items()
        if one != other and one.partition("-")[0] == other.partition("-")[0] and len(first) == len(second) == 1
        for a in first
        for b in second
    }
    assert len(wanted) > 700
    assert len(wanted - linked) == 0, sorted(wanted - linked)[:5]


@pytest.fixture(scope="module")
def links(both: KnowledgeGraph) -> list[Any]:
    """All axioms on versions: one row for each reason."""
    return list(
        both.sparql(
            "SELECT ?axiom ?one ?property ?other ?reason ?release ?later ?side ?same {"
            " ?axiom skg:reason ?reason ; owl:annotatedSource ?one ; owl:annotatedProperty ?property ;"
            " owl:annotatedTarget ?other . ?one skos:inScheme ?release . ?other skos:inScheme ?later ."
            " OPTIONAL { ?one skg:laterality ?side } OPTIONAL { ?other skg:laterality ?same } }"
        )
    )


@pytest.mark.mirror
def test_a_region_has_at_most_one_other_version_in_a_release_and_on_the_same_side(links: list[Any]) -> None:
    pairs = {(r.one, r.other) for r in links if r.property == SKG + "otherVersion"}
    assert pairs == {(b, a) for a, b in pairs}
    there = Counter(
        (one, later) for one, _, later in {(r.one, r.other, r.later) for r in links if (r.one, r.other) in pairs}
    )
    assert set(there.values()) == {1}
    assert all(r.side == r.same for r in links if (r.one, r.other) in pairs)
    assert all(r.release != r.later for r in links)
    assert {str(r.reason) for r in links} == {"shared entity", "shared identifier", "name", "curated", "tree"}


@pytest.mark.mirror
def test_every_version_link_is_explained_and_every_explanation_is_a_link(
    both: KnowledgeGraph, links: list[Any]
) -> None:
    said = {(r.one, r.property, r.other) for r in links}
    plain = both.sparql(
        "SELECT DISTINCT ?s ?p ?o { VALUES ?p { skg:otherVersion skg:splitInto skg:mergedInto } ?s ?p ?o }"
    )
    assert {(r.s, r.p, r.o) for r in plain} == said
    assert len({r.axiom for r in links}) == len(said)


@pytest.mark.mirror
def test_the_nodes_of_the_curated_table_are_regions(both: KnowledgeGraph, links: list[Any]) -> None:
    rows = read_mappings(folder("ontologies") / "mappings" / "region-version-curated.sssom.tsv")
    said = {(r.one, r.property, r.other) for r in links if str(r.reason) == "curated"}
    assert {(row.subject, row.predicate, row.object) for row in rows} <= said
    halves = {(one, other) for one, way, other in said if way != SKG + "otherVersion" and str(one).endswith("/left")}
    assert len(halves) > 20, "what people say of a region holds for its halves"


@pytest.mark.mirror
def test_hoc1_in_twelve_releases_from_its_newest(both: KnowledgeGraph) -> None:
    found = both.region("hoc1", "julich 3.1").versions()
    slugs = [v.region.parcellation.iri.removeprefix(RELEASE + "jba-") for v in found if v.region.parcellation]
    assert slugs == [
        "v1.13",
        "v1.18",
        "v2.2",
        "v2.4",
        "v2.5",
        "v2.6",
        "v2.9",
        "v3.0",
        "v3.0.1",
        "v3.0.2",
        "v3.0.3",
        "v3.1",
    ]
    assert [s.id for s in found[-1].spaces] == ["fsaverage_7", "MNI-Colin27_1998", "MNI-ICBM152_nonlinear-2009c-asym"]
    older = {v.region.id: v.reason for v in both.region("hoc1", "julich 2.9").versions()}
    assert older["jba-v1.18/area-hoc1"] == "shared entity, shared identifier, name"
    left = both.region("hoc1 left", "julich 3.1").versions()
    assert [v.region.parcellation for v in left] == [v.region.parcellation for v in found]
    assert {v.region.laterality for v in left} == {"left"}


@pytest.mark.mirror
@pytest.mark.parametrize(
    ("name", "parcellation", "other", "reason"),
    [
        ("AcbL (Ventral Striatum, Lateral Accumbens) left", "julich 3.1", "jba-v3.0.3/acbl/left", "name"),
        ("Ndentd (Cerebellum, Dorsal Dentate Nucleus)", "julich 3.1", "jba-v2.9/dorsal-dentate-nucleus", "curated"),
        ("Astr (Amygdala)", "julich 3.1", "jba-v2.9/astr-amygdalostriatal-transition-zone", "curated"),
        ("primary visual area", "allen 2015", "amba-ccfv3-2017/primaryvisualarea", "shared identifier, name"),
        ("Medial entorhinal cortex", "waxholm v4", "whssdatlas-v3/medialentorhinalcortex", "shared entity"),
    ],
)
def test_why_a_region_is_the_same(both: KnowledgeGraph, name: str, parcellation: str, other: str, reason: str) -> None:
    found = {v.region.id: v.reason for v in both.region(name, parcellation).versions()}
    assert found[other] == reason


@pytest.mark.mirror
def test_what_became_of_the_hippocampal_formation_of_waxholm_v1(both: KnowledgeGraph) -> None:
    region = both.region("hippocampal formation", "waxholm v1.01")
    rows = [row for row in both.query("version/links", region=region) if row.relation == "split into"]
    names = {"cornu ammonis 1", "cornu ammonis 2", "cornu ammonis 3", "dentate gyrus", "fasciola cinereum"}
    assert {row.name for row in rows} == names
    part = both.region("cornu ammonis 1", "waxholm v2")
    (back,) = [row for row in both.query("version/links", region=part) if row.relation == "split from"]
    assert (back.iri, back.reason) == (region.iri, "curated")


@pytest.mark.mirror
def test_names_that_moved_to_another_region_are_findings(both: KnowledgeGraph) -> None:
    """An entity says that Waxholm 3 calls the medial entorhinal cortex what version 4 calls all of it."""
    rows = both.query("check/version-name-disagrees")
    assert len(rows) == 28
    assert all("/whssdatlas-" in row.subject for row in rows)
    moved = {row.subject.partition("/region/")[2]: row.named.partition("/region/")[2] for row in rows}
    assert moved["whssdatlas-v3/medialentorhinalcortex"] == "whssdatlas-v4/entorhinalcortex"
    assert moved["whssdatlas-v3/olfactorybulbunspecified"] == "whssdatlas-v4/olfactorybulb"


@pytest.mark.mirror
def test_openminds_alone_has_no_such_links(full_snapshot: Any) -> None:
    assert not any("region-version" in graph for graph in full_snapshot.manifest.graphs)


# -- the rule by itself: releases a, b and c of one atlas, each following the one before ---------------------------

I = "https://example.org/id/region/"  # noqa: E741  as short as the rows that it is in
ROWS = [("previous", "b", "a", None, None, None), ("previous", "c", "b", None, None, None)]


def region(iri: str, name: str, side: str | None = None, *, listed: bool = True) -> tuple[str | None, ...]:
    where = f"https://openminds.om-i.org/instances/laterality/{side}" if side else None
    return ("region", I + iri, iri.partition("/")[0], name, where, "true" if listed else "false")


def fact(kind: str, one: str, other: str, text: str | None = None) -> tuple[str | None, ...]:
    return (kind, I + one, other if kind in ("entity", "found", "id") else I + other, text, None, None)


def linked(*rows: tuple[str | None, ...]) -> dict[tuple[str, str, str], list[str]]:
    """Run the function of the rule; give what it links, and why."""
    subjects: dict[str, dict[str, str]] = defaultdict(dict)
    reasons: dict[str, list[str]] = defaultdict(list)
    for line in region_versions([*ROWS, *rows], BASE).lines:
        node, predicate, value = line.removesuffix(" .\n").split(" ", 2)
        if "annotated" in predicate:
            subjects[node][predicate.partition("annotated")[2][:-1]] = value[1:-1].removeprefix(I).removeprefix(SKG)
        elif predicate.endswith("/reason>"):
            reasons[node].append(value.strip('"'))
    return {(f["Source"], f["Property"], f["Target"]): reasons[node] for node, f in subjects.items()}


def test_all_witnesses_are_reasons_the_strongest_first() -> None:
    found = linked(
        region("a/x", "X"), region("b/y", "x"), fact("entity", "a/x", "e"), fact("entity", "b/y", "e"),
        fact("id", "a/x", "u"), fact("id", "b/y", "u"),
    )  # fmt: skip
    assert found == {
        ("a/x", "otherVersion", "b/y"): ["shared entity", "shared identifier", "name"],
        ("b/y", "otherVersion", "a/x"): ["shared entity", "shared identifier", "name"],
    }


def test_a_name_that_a_release_has_twice_says_nothing_but_where_the_tree_tells_them_apart() -> None:
    assert linked(region("a/x", "X"), region("b/x", "X"), region("b/y", "x")) == {
        ("a/x", "otherVersion", "b/x"): ["name"],  # written in the same letters
        ("b/x", "otherVersion", "a/x"): ["name"],
    }
    assert linked(region("a/x", "X"), region("b/y", "x"), region("b/z", "x")) == {}
    group = [region("b/part", "P"), fact("part", "b/part", "b/z")]
    assert ("a/x", "otherVersion", "b/y") in linked(region("a/x", "X"), region("b/y", "x"), region("b/z", "x"), *group)


def test_an_entity_that_only_a_name_found_is_no_shared_entity() -> None:
    found = linked(
        region("a/x", "Old"), region("b/y", "New"), fact("entity", "a/x", "e"), fact("found", "b/y", "e", "curated")
    )
    assert set(map(tuple, found.values())) == {("curated",)}


def test_a_stronger_reason_keeps_a_weaker_one_from_linking_elsewhere() -> None:
    found = linked(
        region("a/x", "X"),
        region("b/x", "X"),
        region("b/y", "Y"),
        fact("entity", "a/x", "e"),
        fact("entity", "b/y", "e"),
    )
    assert {key[2] for key in found if key[0] == "a/x"} == {"b/y"}
    checked = linked(region("a/x", "X"), region("b/x", "X"), region("b/y", "Y"), fact("curated", "a/x", "b/y", "same"))
    assert checked["a/x", "otherVersion", "b/y"] == ["curated"]


def test_the_two_sides_follow_their_region_and_never_meet() -> None:
    rows = [region("a/x", "Old"), region("a/x/left", "Old left", "left"), region("a/x/right", "Old right", "right")]
    rows += [region("b/y", "New"), region("b/y/left", "New left", "left"), region("b/y/right", "New right", "right")]
    found = linked(*rows, fact("curated", "a/x", "b/y", "same"))
    forth = {one: other for one, _, other in found if one.startswith("a/")}
    assert forth == {"a/x": "b/y", "a/x/left": "b/y/left", "a/x/right": "b/y/right"}


def test_what_is_the_same_through_a_release_between_is_the_same_for_the_weakest_reason() -> None:
    rows = [region("a/x", "X"), region("b/x", "X"), region("c/z", "Z"), fact("curated", "b/x", "c/z", "same")]
    assert linked(*rows)["a/x", "otherVersion", "c/z"] == ["curated"]
    taken = [region("c/x", "X")]
    assert ("a/x", "otherVersion", "c/z") not in linked(*rows, *taken)


def test_a_region_that_has_nothing_but_new_parts_was_split_and_with_an_old_part_it_was_not() -> None:
    rows = [region("a/x", "X"), region("b/x", "X"), region("b/p", "P"), region("b/q", "Q")]
    rows += [fact("part", "b/p", "b/x"), fact("part", "b/q", "b/x")]
    found = linked(*rows)
    assert {key: why for key, why in found.items() if key[1] == "splitInto"} == {
        ("a/x", "splitInto", "b/p"): ["tree"],
        ("a/x", "splitInto", "b/q"): ["tree"],
    }
    assert not [key for key in linked(*rows, region("a/p", "P")) if key[1] == "splitInto"]
    unlisted = [region("b/p", "P", listed=False), region("b/q", "Q", listed=False)]
    assert not [key for key in linked(*rows[:2], *unlisted, *rows[4:]) if key[1] == "splitInto"]


def test_parts_that_are_gone_were_merged_and_only_between_releases_that_follow_each_other() -> None:
    rows = [region("a/x", "X"), region("a/p", "P"), region("a/q", "Q"), region("b/x", "X"), region("c/x", "X")]
    rows += [fact("part", "a/p", "a/x"), fact("part", "a/q", "a/x")]
    found = linked(*rows)
    assert {key for key in found if key[1] == "mergedInto"} == {
        ("a/p", "mergedInto", "b/x"),
        ("a/q", "mergedInto", "b/x"),
    }


def test_releases_that_do_not_follow_each_other_are_not_linked() -> None:
    assert linked(region("a/x", "X"), region("other/x", "X")) == {}
