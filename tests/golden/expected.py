"""Golden rows: what each template has to answer to its examples, computed from the raw JSON alone.

Every function takes the raw documents and the values of an example and gives rows of the columns that it is declared
for. Columns that only the build can know (graphs, rules) are left to other tests.
"""

from __future__ import annotations

import re
from collections import Counter
from functools import cache
from typing import TYPE_CHECKING, Any

from golden.raw import BASE, OMI, Raw, Region, ids, local

if TYPE_CHECKING:
    from collections.abc import Callable

Rows = list[tuple[Any, ...]]
#: template -> (columns, function)
GOLDEN: dict[str, tuple[tuple[str, ...], Callable[..., Rows]]] = {}
TREE = ("iri", "name", "depth", "parent")
IDENTIFIERS = (
    "preferredOntologyIdentifier",
    "otherOntologyIdentifier",
    "ontologyIdentifier",
    "preferredCrossReference",
)
PROPS = "https://openminds.om-i.org/props/"


def golden(template: str, *columns: str) -> Callable[[Callable[..., Rows]], Callable[..., Rows]]:
    """Register a function as the golden rows of a template."""

    def register(function: Callable[..., Rows]) -> Callable[..., Rows]:
        GOLDEN[template] = (columns, function)
        return function

    return register


@cache
def halves(raw: Raw, slug: str) -> dict[str, Region]:
    """The tree of a release with its hemispheres."""
    regions = raw.releases[slug].regions
    sides = {f"{r.iri}/{s}": Region(f"{r.iri}/{s}", f"{r.name} {s}", r.iri) for r in regions.values() for s in r.sides}
    return {**regions, **sides}


def tree_of(raw: Raw, iri: str, *, hemispheres: bool = True) -> dict[str, Region]:
    """The tree that a node belongs to."""
    if iri.startswith(OMI):
        return raw.entities
    slug = iri.removeprefix(f"{BASE}id/region/").split("/")[0]
    return halves(raw, slug) if hemispheres else raw.releases[slug].regions


def is_half(iri: str) -> bool:
    """Whether a node is a hemisphere, by its IRI."""
    return iri.endswith(("/left", "/right"))


@golden("hierarchy/parents", *TREE)
def parents(raw: Raw, region: str) -> Rows:
    return [(r.iri, r.name, 1, r.parent) for r in raw.path(tree_of(raw, region), region)[1:2]]


@golden("hierarchy/children", *TREE)
def children(raw: Raw, region: str, hemispheres: bool = True) -> Rows:
    below = raw.below(tree_of(raw, region, hemispheres=hemispheres), region)
    return [(r.iri, r.name, 1, region) for distance, r in below if distance == 1]


@golden("hierarchy/ancestors", *TREE)
def ancestors(raw: Raw, region: str) -> Rows:
    return path_to_root(raw, region)[1:]


@golden("hierarchy/path-to-root", *TREE)
def path_to_root(raw: Raw, region: str) -> Rows:
    return [(r.iri, r.name, i, r.parent) for i, r in enumerate(raw.path(tree_of(raw, region), region))]


@golden("hierarchy/descendants", *TREE)
def descendants(raw: Raw, region: str, hemispheres: bool = True) -> Rows:
    below = raw.below(tree_of(raw, region, hemispheres=hemispheres), region)
    return [(r.iri, r.name, distance, r.parent) for distance, r in below]


@golden("hierarchy/leaves", *TREE)
def leaves(raw: Raw, region: str, hemispheres: bool = True) -> Rows:
    tree = tree_of(raw, region, hemispheres=hemispheres)
    inner = {r.parent for r in tree.values()}
    return [row for row in descendants(raw, region, hemispheres) if row[0] not in inner] or [
        (region, tree[region].name, 0, tree[region].parent)
    ]


@golden("hierarchy/common-ancestor", *TREE, "depth_b")
def common_ancestor(raw: Raw, a: str, b: str) -> Rows:
    first, second = raw.path(tree_of(raw, a), a), [r.iri for r in raw.path(tree_of(raw, b), b)]
    shared = [(i, r) for i, r in enumerate(first) if r.iri in second][:1]
    return [(r.iri, r.name, i, r.parent, second.index(r.iri)) for i, r in shared]


@golden("hierarchy/tree", *TREE)
def tree(raw: Raw, root: str, hemispheres: bool = True) -> Rows:
    if "/release/" not in root:
        node = tree_of(raw, root)[root]
        return [(root, node.name, 0, node.parent), *descendants(raw, root, hemispheres)]
    nodes = halves(raw, local(root)) if hemispheres else raw.releases[local(root)].regions
    return [(r.iri, r.name, len(raw.path(nodes, r.iri)) - 1, r.parent) for r in nodes.values()]


def facts(raw: Raw, iri: str) -> tuple[Any, ...]:
    """Parcellation, laterality, label, colour, parts and entity of a node."""
    nodes = tree_of(raw, iri)
    parts = children_of(raw, OMI if iri.startswith(OMI) else iri.split("/")[6]).get(iri, 0)
    if iri.startswith(OMI):
        return (f"{OMI}anatomicalAtlas/{local(iri).split('_')[0]}", None, None, None, parts, None)
    whole = iri.rsplit("/", 1)[0] if is_half(iri) else iri
    side = local(iri) if is_half(iri) else None
    notes = [a for v in nodes[whole].versions for a in raw.annotations(v) if side is None or side in a["sides"]]
    labels, colors = ({a[k] for a in notes if a[k] is not None} for k in ("label", "color"))
    release = f"{BASE}id/release/{iri.removeprefix(f'{BASE}id/region/').split('/')[0]}"
    one = [next(iter(values)) if len(values) == 1 else None for values in (labels, colors)]
    return (release, side, *one, parts, nodes[whole].entity)


@cache
def children_of(raw: Raw, slug: str) -> Counter[str]:
    """How many parts each node of a tree has."""
    nodes = raw.entities if slug.startswith(OMI) else halves(raw, slug)
    return Counter(r.parent for r in nodes.values() if r.parent)


@golden("region/describe", "iri", "name", "parcellation", "laterality", "color", "depth", "parent", "parts", "entity")
def describe(raw: Raw, regions: tuple[str, ...]) -> Rows:
    out = []
    for iri in regions:
        nodes = tree_of(raw, iri)
        home, side, _, color, parts, entity = facts(raw, iri)
        node = nodes[iri]
        out.append((iri, node.name, home, side, color, len(raw.path(nodes, iri)) - 1, node.parent, parts, entity))
    return out


@golden("region/list", "iri", "name", "laterality", "label", "color", "depth", "parent", "parts", "entity")
def list_regions(raw: Raw, release: str, hemispheres: bool = True) -> Rows:
    out = []
    for iri, name, depth, parent in tree(raw, release, hemispheres):
        _, side, label, color, parts, entity = facts(raw, iri)
        out.append((iri, name, side, label, color, depth, parent, parts, entity))
    return out


@golden("region/by-label", "iri", "name", "color", "version")
def by_label(raw: Raw, release: str, label: int) -> Rows:
    slug = (
        local(release) if "/release/" in release else next(s for s, r in raw.releases.items() if release in r.versions)
    )
    out = set()
    for region in raw.releases[slug].regions.values():
        for version in region.versions:
            for a in raw.annotations(version):
                if a["label"] == label:
                    one = len(a["sides"]) == 1
                    iri = f"{region.iri}/{a['sides'][0]}" if one else region.iri
                    out.add((iri, f"{region.name} {a['sides'][0]}" if one else region.name, a["color"], version))
    return list(out)


@golden("region/by-color", "iri", "name", "parcellation")
def by_color(raw: Raw, color: str) -> Rows:
    every = [(r, region) for r in raw.releases.values() for region in r.regions.values()]
    return [(region.iri, region.name, r.iri) for r, region in every if facts(raw, region.iri)[3] == color]


@golden("region/by-name", "iri")
def by_name(raw: Raw, name: str) -> Rows:
    every = [r for slug in raw.releases for r in halves(raw, slug).values()] + list(raw.entities.values())
    return [(r.iri,) for r in every if r.name == name]


@golden("region/by-id", "iri", "name", "node")
def by_id(raw: Raw, id: str) -> Rows:  # noqa: A002  the parameter's name
    every = [r for release in raw.releases.values() for r in release.regions.values()]
    entity, version = f"{OMI}parcellationEntity/{id}", f"{OMI}parcellationEntityVersion/{id}"
    found = [(r.iri, r.name, entity) for r in every if r.entity == entity]
    found += [(r.iri, r.name, version) for r in every if version in r.versions]
    return found + [(r.iri, r.name, entity) for i, r in raw.entities.items() if i == entity]


def spaces_of(raw: Raw, aav: str) -> list[str]:
    """The space of an atlas version; three links name the class wrongly and are read as what they mean."""
    stated = ids(raw.nodes[aav].get("coordinateFramework"))
    meant = [s.replace("/commonCoordinateFramework/", "/commonCoordinateFrameworkVersion/") for s in stated]
    return [s for s in meant if s in raw.nodes]


@golden("region/spaces", "parcellation", "space", "iri", "version", "atlas_version")
def region_spaces(raw: Raw, region: str) -> Rows:
    every = [(release, r) for release in raw.releases.values() for r in release.regions.values()]
    mine = [r for _, r in every if region in (r.iri, r.entity, *r.versions)]
    entities = {r.entity for r in mine} - {None}
    out = []
    for release, r in every:
        if r.entity in entities or r in mine:
            for aav in release.versions:
                for version in set(r.versions) & set(raw.members(aav)):
                    out += [(release.iri, space, r.iri, version, aav) for space in spaces_of(raw, aav) or [None]]
    return out


@golden("release/list", "iri", "version", "atlas", "license", "realisations")
def releases(raw: Raw) -> Rows:
    out = []
    for r in raw.releases.values():
        conditions = {c for v in r.versions for c in ids(raw.nodes[v].get("usageCondition"))}
        names = sorted(raw.nodes[c]["shortName"] for c in conditions)
        out.append((r.iri, r.version, r.atlas, names[0] if names else None, len(r.versions)))
    return out


@golden("release/describe", "iri", "version", "atlas", "license", "realisations")
def describe_releases(raw: Raw, releases: tuple[str, ...]) -> Rows:
    return [row for row in GOLDEN["release/list"][1](raw) if row[0] in releases]


@golden("release/spaces", "space", "atlas_version", "version", "entities")
def release_spaces(raw: Raw, release: str) -> Rows:
    aavs = raw.releases[local(release)].versions
    return [
        (space, a, raw.nodes[a]["versionIdentifier"], len(raw.members(a))) for a in aavs for space in spaces_of(raw, a)
    ]


@golden("release/by-node", "iri")
def by_node(raw: Raw, node: str) -> Rows:
    return [(r.iri,) for r in raw.releases.values() if node in (r.iri, *r.versions)]


@golden("atlas/list", "iri", "name", "abbreviation", "releases")
def atlases(raw: Raw) -> Rows:
    homes = [r.atlas for r in raw.releases.values()]
    nodes = [(i, raw.nodes[i]) for i in raw.by_type["AnatomicalAtlas"]]
    return [(i, n["shortName"], n["abbreviation"], homes.count(i)) for i, n in nodes]


@golden("space/list", "iri", "version", "abbreviation", "used")
def spaces(raw: Raw) -> Rows:
    used = [s for a in raw.by_type["AnatomicalAtlasVersion"] for s in spaces_of(raw, a)]
    nodes = [(i, raw.nodes[i]) for i in raw.by_type["CommonCoordinateFrameworkVersion"]]
    # One that openMINDS does not have: ontologies/maps/mni152-nlin6-asym.ttl
    own = ("https://w3id.org/siibra-kg/id/space/mni152-nlin6-asym", "nonlinear 6th generation asymmetric", "ICBM152", 0)
    return [own, *((i, n["versionIdentifier"], n["abbreviation"], used.count(i)) for i, n in nodes)]


def previous(raw: Raw, slug: str) -> set[str]:
    """The releases that a release follows."""
    before = {b for v in raw.releases[slug].versions for b in ids(raw.nodes[v].get("isPrecededBy"))}
    return {s for s, r in raw.releases.items() if before & set(r.versions)}


@golden("version/chain", "iri", "previous", "earlier")
def chain(raw: Raw, atlas: str) -> Rows:
    def earlier(slug: str) -> set[str]:
        return previous(raw, slug).union(*(earlier(p) for p in previous(raw, slug)))

    mine = [(s, r) for s, r in raw.releases.items() if r.atlas == atlas]
    return [
        (r.iri, raw.releases[p].iri if p else None, len(earlier(s)))
        for s, r in mine
        for p in previous(raw, s) or {None}
    ]


@golden("version/changes", "change", "iri", "name", "old_name", "entity")
def changes(raw: Raw, old: str, new: str) -> Rows:
    def realised(release: str) -> dict[str, Region]:
        regions = raw.releases[local(release)].regions.values()
        return {r.entity or local(r.iri): r for r in regions if r.versions}

    before, after = realised(old), realised(new)
    out: Rows = [("new", r.iri, r.name, None, r.entity) for k, r in after.items() if k not in before]
    out += [("gone", r.iri, r.name, None, r.entity) for k, r in before.items() if k not in after]
    both = [(before[k], r) for k, r in after.items() if k in before]
    return out + [("renamed", r.iri, r.name, o.name, r.entity) for o, r in both if r.name != o.name]


@golden("version/of-region", "iri", "parcellation", "entity")
def of_region(raw: Raw, region: str) -> Rows:
    entity = tree_of(raw, region)[region].entity
    every = [(release, r) for release in raw.releases.values() for r in release.regions.values()]
    return [(r.iri, release.iri, entity) for release, r in every if r.entity == entity]


def terms_of(raw: Raw, iri: str) -> Rows:
    """The identifiers that a node states."""
    found = [(p, raw.nodes[iri].get(p) or []) for p in IDENTIFIERS if iri in raw.nodes]
    return [(t, PROPS + p, iri) for p, v in found for t in (v if isinstance(v, list) else [v])]


@golden("link/terms", "term", "property", "via")
def link_terms(raw: Raw, node: str) -> Rows:
    related = ids(raw.nodes[node].get("relatedInterspeciesAnatomy"))
    return [row for iri in (node, *related) for row in terms_of(raw, iri)]


@golden("link/from-term", "iri", "via", "property")
def from_term(raw: Raw, term: str) -> Rows:
    out = []
    for via in raw.nodes:
        for stated, prop, _ in terms_of(raw, via):
            if stated == term:
                out.append((via, via, prop))
                for iri, node in raw.nodes.items():
                    if via in ids(node.get("relatedInterspeciesAnatomy")):
                        out.append((iri, via, prop))
    return out


@golden("link/terminology-by-name", "iri", "identifier", "other")
def terminology(raw: Raw, text: str) -> Rows:
    out = []
    for iri, node in raw.nodes.items():
        names = (node.get("name"), *(node.get("synonym") or []))
        if "lookupLabel" not in node and any(
            text in (n, re.sub("[^a-z0-9]+", " ", str(n).lower())) for n in names if n
        ):
            others = node.get("otherOntologyIdentifier") or [None]
            out += [(iri, node.get("preferredOntologyIdentifier"), o) for o in others]
    return out


@golden("map/labels", "label", "code", "iri")
def map_labels(raw: Raw, map: str) -> Rows:  # noqa: A002  the parameter's name
    marks = {row[3]: row[0] for row in list_regions(raw, f"{BASE}id/release/aal1-spm12-v4") if row[3]}
    # The volume counts 1 to 90 in the order of the codes; what follows are codes that openMINDS does not have.
    return [(n, str(code), marks[code]) for n, code in enumerate(sorted(marks), 1)]


@golden("region/contralateral", "iri", "name")
def contralateral(raw: Raw, region: str) -> Rows:
    other = region.replace("/left", "/right") if region.endswith("/left") else region.replace("/right", "/left")
    return [(other, tree_of(raw, other)[other].name)]


@golden("region/hemispheres", "iri", "name", "laterality")
def hemispheres(raw: Raw, region: str) -> Rows:
    return [(iri, name, local(iri)) for iri, name, _, _ in children(raw, region) if is_half(iri)]
