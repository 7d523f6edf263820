"""Look-ups where both sources are there: golden answers, names from the graph, what names nothing, and the index."""

from __future__ import annotations

import contextlib
import os
import re
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from siibra_kg import siibra_names
from siibra_kg.build.align.region_table import region_table
from siibra_kg.errors import AmbiguousName, BadExpression, NoSuchName
from siibra_kg.questions import region_index, regions, siibra_tables
from siibra_kg.questions.siibra_tables import Concept
from siibra_kg.terms import IRI

if TYPE_CHECKING:
    from siibra_kg import KnowledgeGraph
    from siibra_kg.build.snapshot import Snapshot

both_sources = pytest.mark.mirror


@both_sources
@pytest.mark.parametrize(
    ("spec", "within", "name", "release"),
    [
        ("v1", "julich 3.1", "Area hOc1 (V1, 17, CalcS)", "jba-v3.1"),
        ("v1", "julich brain 3", "Area hOc1 (V1, 17, CalcS)", "jba-v3.1"),
        ("hoc1 left", "julich 3.1", "Area hOc1 (V1, 17, CalcS) left", "jba-v3.1"),
        ("4p left", "julich 3.1", "Area 4p (PreCG) left", "jba-v3.1"),
        ("Area 4p (PreCG) - left hemisphere", "julich 3.1", "Area 4p (PreCG) left", "jba-v3.1"),
        ("AREA_HOC1_V1_17_CALCS_LEFT", "julich 3.1", "Area hOc1 (V1, 17, CalcS) left", "jba-v3.1"),
        ("amygdala", "julich 3.1", "amygdala", "jba-v3.1"),
        ("frontal lobe", "julich 3.0", "frontal lobe", "jba-v3.0.3"),
        (
            "Ch 123 (Basal Forebrain) - left hemisphere",
            "julich brain 1.18",
            "Ch 123 (Basal Forebrain) left",
            "jba-v1.18",
        ),
        ("neocortex", "waxholm v3", "neocortex", "whssdatlas-v3"),
        ("lateral olfactory tract", "waxholm 4", "lateral olfactory tract", "whssdatlas-v4"),
        ("17", "julich 3.1", "Area hOc1 (V1, 17, CalcS)", "jba-v3.1"),
        ("44", "julich 3.1", "Area 44 (IFG)", "jba-v3.1"),
        # Beyond siibra: sides, ids, abbreviations, Brodmann's numbers, other names of terms.
        ("lh hOc1", "julich 3.1", "Area hOc1 (V1, 17, CalcS) left", "jba-v3.1"),
        ("BA17", "julich 3.1", "Area hOc1 (V1, 17, CalcS)", "jba-v3.1"),
        ("Brodmann area 44", "julich 2.9", "Area 44 (IFG)", "jba-v2.9"),
        ("BA44 right", "julich 3.1", "Area 44 (IFG) right", "jba-v3.1"),
        ("striate cortex", "julich 3.1", "Area hOc1 (V1, 17, CalcS)", "jba-v3.1"),
        ("VISp", "allen", "primary visual area", "amba-ccfv3-2017"),
        ("VISp", None, "primary visual area", "swansonbm-3rd-ed"),
        ("BA17", None, "Brodmann area 17", "ba-human-1909"),
        ("hoc1", None, "Area hOc1 (V1, 17, CalcS)", "jba-v3.1"),
        ("CPu", "waxholm", "caudate putamen", "whssdatlas-v4"),
        ("308fadb5-8b60-4f68-8edc-fdbd948ef098", "allen", "primary visual area", "amba-ccfv3-2017"),
        ("kg:d0767103-cd3a-4fd5-a090-4689a16bd3c4", "allen", "posteromedial visual area", "amba-ccfv3-2017"),
        ("MBA:385", "allen", "primary visual area", "amba-ccfv3-2017"),
        ("JULICH_BRAIN_CYTOARCHITECTONIC_ATLAS_V3_1_AREA_44_IFG", "julich", "Area 44 (IFG)", "jba-v3.1"),
    ],
)
def test_a_region_by_what_people_write(
    both: KnowledgeGraph, spec: str, within: str | None, name: str, release: str
) -> None:
    found = both.region(spec, within)
    assert found.parcellation is not None
    assert (found.name, found.parcellation.id) == (name, release)


@both_sources
@pytest.mark.parametrize("spec", ["-", "()", "…", " ", "hemisphere", "both", "Both", "Julich-Brain v3.1", "dk atlas"])
def test_what_says_nothing_or_means_the_parcellation_names_no_region(both: KnowledgeGraph, spec: str) -> None:
    with pytest.raises(NoSuchName):
        both.region(spec, "julich 3.1")


@both_sources
def test_a_number_alone_is_the_number_of_an_area(both: KnowledgeGraph) -> None:
    """For "4" siibra gives "Ch 4 (Basal Forebrain)": the only name in which 4 is a word of its own."""
    with pytest.raises(AmbiguousName) as error:
        both.region("4", "julich 3.1")
    assert [r.name for r in error.value.candidates][-1] == "Ch 4 (Basal Forebrain)"
    assert {r.name for r in error.value.candidates[:2]} == {"Area 4a (PreCG)", "Area 4p (PreCG)"}


@both_sources
def test_candidates_come_best_first_and_siibras_before_others(both: KnowledgeGraph) -> None:
    with pytest.raises(AmbiguousName) as error:
        both.region("hippocampus", "julich 3.1")
    names = [r.name for r in error.value.candidates]
    assert len(names) == 9
    assert "CA1 (Hippocampus)" in names
    lengths = [len(set(siibra_names.tokens(name))) for name in names]
    assert lengths == sorted(lengths)


@both_sources
def test_without_a_parcellation_the_same_synonym_in_several_atlases_is_ambiguous(both: KnowledgeGraph) -> None:
    with pytest.raises(AmbiguousName) as error:
        both.region("V1")
    homes = {r.parcellation.id for r in error.value.candidates}
    assert {"jba-v3.1", "marmosetnma-v1", "whssdatlas-v4"} <= homes
    with pytest.raises(AmbiguousName) as error:
        both.region("amygdala")
    assert {"jba-v3.1", "aal1-spm12-v4"} <= {r.parcellation.id for r in error.value.candidates}


@both_sources
@pytest.mark.parametrize(
    ("spec", "release"),
    [
        ("julich", "jba-v3.1"),
        ("julich 3.0", "jba-v3.0.3"),
        ("Julich-Brain Atlas v3.0", "jba-v3.0"),
        ("minds/core/parcellationatlas/v1.0.0/94c1125b-b87e-45e4-901c-00daee7f2579-300", "jba-v3.0.3"),
        ("94c1125b-b87e-45e4-901c-00daee7f2579-300", "jba-v3.0.3"),
        ("94c1125b-b87e-45e4-901c-00daee7f2579", "jba-v1.18"),
        ("https://identifiers.org/neurovault.image:23262", "dka-2006"),
        ("2db81b5c-6192-498b-b4c2-7e4906929527", "jba-v3.0.3"),
        ("waxholm v3", "whssdatlas-v3"),
        ("difumo 64", "difumo-atlas-64-dimensions"),
        ("allen", "amba-ccfv3-2017"),
    ],
)
def test_a_parcellation_by_siibras_names_and_ids(both: KnowledgeGraph, spec: str, release: str) -> None:
    assert both.parcellation(spec).id == release


@both_sources
def test_a_space_by_siibras_names_and_ids(both: KnowledgeGraph) -> None:
    wanted = {
        "mni152": "MNI-ICBM152_nonlinear-2009c-asym",
        "minds/core/referencespace/v1.0.0/dafcffc5-4826-4bf1-8ff6-46b8a31ff8e2": "MNI-ICBM152_nonlinear-2009c-asym",
        "fsaverage": "fsaverage_7",
        "fsaverage6": "fsaverage_6",
        "colin 27": "MNI-Colin27_1998",
        "hcp32k": "fsLR_32k",
    }
    assert {spec: both.space(spec).id for spec in wanted} == wanted
    for spec in ("mni", "template"):
        with pytest.raises(AmbiguousName):
            both.space(spec)


@both_sources
def test_an_expression_is_searched_in_names_and_keys(both: KnowledgeGraph) -> None:
    names = [r.name for r in both.find("/^area hoc1 /i", "julich 3.1")]
    assert names[0] == "Area hOc1 (V1, 17, CalcS)"
    assert len(names) == 3
    assert both.find(re.compile("AREA_HOC1_"), "julich 3.1") == both.find("/^area hoc1 /i", "julich 3.1")
    assert any(r.parcellation.id == "jba-v3.1" for r in both.find("/Area hOc1/"))
    for wrong in ("/(/", "/a/q"):
        with pytest.raises(BadExpression):
            both.find(wrong, "julich 3.1")


@both_sources
def test_the_index_says_of_each_region_what_the_graph_says(both: KnowledgeGraph) -> None:
    for spec in ("julich 3.1", "waxholm v3", "allen 2015", "harvard", "DKA", "AAL1"):
        home = both.parcellation(spec)
        index = region_index.index(both._ask, (home,))
        assert index is not None
        iris = [IRI(iri) for iri in index.rows]
        told = {r.iri: r for r in regions.describe(both._ask, iris)}
        assert told.keys() == set(iris)
        for mine in index.regions(iris):
            graph = told[mine.iri]
            assert (
                mine.name,
                mine.laterality,
                mine.color,
                mine.depth,
                mine.is_leaf,
                mine.entity,
                mine.parcellation,
            ) == (
                (
                    graph.name,
                    graph.laterality,
                    graph.color,
                    graph.depth,
                    graph.is_leaf,
                    graph.entity,
                    graph.parcellation,
                )
            )


@both_sources
def test_the_index_has_every_region_but_hemispheres_that_only_openminds_has(both: KnowledgeGraph) -> None:
    home = both.parcellation("allen")
    index = region_index.index(both._ask, (home,))
    assert index is not None
    listed = {row.iri for row in both.query("region/list", release=home) if row.laterality is None}
    assert set(index.rows) == listed
    assert len(listed) == 1327


@both_sources
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(spec=st.text(st.characters(codec="utf-8"), max_size=40))
@example("\t")
@example("Group: ")
@example("Group: a, b")
@example("/")
@example("//")
def test_whatever_is_asked_the_answer_is_one_region_or_a_named_error(both: KnowledgeGraph, spec: str) -> None:
    candidates: tuple[object, ...] = ()
    with contextlib.suppress(NoSuchName):
        try:
            candidates = (both.region(spec, "julich 3.1"),) * 2
        except AmbiguousName as error:
            candidates = error.candidates
        assert len(candidates) > 1


@both_sources
def test_answers_do_not_depend_on_the_hash_seed(both_snapshot: Snapshot) -> None:
    program = (
        "import sys, siibra_kg\n"
        "with siibra_kg.open(sys.argv[1]) as kg:\n"
        "    print([r.id for s in ('left', 'hippocampus', '/hOc/') for r in kg.find(s, 'julich 3.1')])\n"
        "    print([r.id for r in kg.find('amygdala')])\n"
    )
    said = {
        subprocess.run(
            [sys.executable, "-c", program, str(both_snapshot.path)],
            env={**os.environ, "PYTHONHASHSEED": seed},
            check=True,
            capture_output=True,
        ).stdout
        for seed in ("0", "1", "2")
    }
    assert len(said) == 1


def _slow_key(name: str) -> str:
    return re.sub(" +", "_", "".join(c if c.isalnum() else " " for c in name).upper().strip())


def _slow_clear(name: str) -> str:
    for word in ("hemisphere", " -", "-brain", "both", "Both"):
        name = name.replace(word, "")
    name = name.replace("ctx-lh-", "left ").replace("ctx-rh-", "right ")
    return " ".join(word for word in name.split(" ") if word)


_TEXT = st.one_of(st.text(), st.text("ab B-_.(),/\t39ctx lhrh both hemisphere brain left", max_size=60))


@settings(max_examples=400)
@given(_TEXT)
@example("ctx-lh-b")
@example("  a  ")
@example("K-brain bobothth")
def test_the_short_ways_of_siibras_names_are_its_long_ways(text: str) -> None:
    assert siibra_names.key(text) == _slow_key(text)
    assert siibra_names.clear_name(text) == _slow_clear(text)
    words = re.split(r"[^a-zA-Z0-9.\-]", _slow_clear(text.lower()))
    assert siibra_names.tokens(text) == tuple(word for word in words if word)


_ROWS = [
    ("name", "urn:a", "Area A", "urn:release"),
    ("name", "urn:b", "Area B", "urn:release"),
    ("name", "urn:b/left", "Area B left", "urn:release"),
    ("name", "urn:c", "Area C", "urn:release"),
    ("name", "urn:c/right", "Area C right", "urn:release"),
    ("side", "urn:b/left", "left", None),
    ("side", "urn:c/right", "right", None),
    ("part", "urn:b/left", None, "urn:b"),
    ("part", "urn:c/right", None, "urn:c"),
    ("entity", "urn:b", None, "urn:entity"),
    ("color", "urn:a", "#000000", None),
    ("depth", "urn:b/left", "1", None),
    ("key", "urn:a", "area a", None),
    ("key", "urn:a", "a", None),
]
_PLACES = [
    ("order", "urn:siibra:b", "1", "urn:b"),
    ("order", "urn:siibra:l", "2", "urn:b/left"),
    ("siibra name", "urn:siibra:b", "B of siibra", None),
    ("siibra name", "urn:siibra:l", "B of siibra left", None),
    ("above", "urn:siibra:l", None, "urn:siibra:b"),
]


@given(st.permutations(_ROWS + _PLACES))
def test_a_table_has_siibras_regions_in_preorder_then_others_whatever_the_order_of_rows(rows) -> None:
    (line,) = region_table(rows, "").lines
    text = line.partition(' "')[2].rpartition('"')[0].replace("\\n", "\n").replace("\\t", "\t")
    cells = [tuple(written.split("\t")) for written in text.split("\n")]
    assert cells == [
        ("1", "", "B of siibra", "urn:b", "Area B", "", "", "0", "1", "urn:entity", ""),
        ("2", "1", "B of siibra left", "urn:b/left", "Area B left", "left", "", "1", "0", "urn:entity", ""),
        ("", "", "", "urn:a", "Area A", "", "#000000", "0", "0", "", "a|area a"),
        ("", "", "", "urn:c", "Area C", "", "", "0", "1", "", ""),
    ]


def test_without_siibra_there_is_no_table() -> None:
    assert region_table(_ROWS, "").lines == []


def _concept(name: str, identifier: str = "id", version: tuple[int, ...] = ()) -> Concept:
    return Concept(IRI(f"https://example.org/{len(name)}/{identifier}"), identifier, name, name, version)


def test_of_one_family_the_newest_is_taken_of_several_all() -> None:
    old, new = _concept("Up Atlas (v9)", version=(9,)), _concept("Up Atlas (v10)", version=(10,))
    assert siibra_tables.newest([old, new]) == (new,)
    other = _concept("Down Atlas (v1)")
    assert siibra_tables.newest([old, other]) == (old, other)
    assert siibra_tables.newest([]) == ()


def test_short_ends_of_ids_are_not_meant() -> None:
    layers, brain = _concept("Layers", "some/atlas/3"), _concept("Brain", "some/atlas/0123456789")
    assert siibra_tables.exact([layers, brain], "3") == ()
    assert siibra_tables.exact([layers, brain], "0123456789") == (brain.iri,)
    assert siibra_tables.exact([layers, brain], "some/atlas/3") == (layers.iri,)
