"""The rules that SPARQL cannot say: rows of a SELECT in, N-Triples lines out.

Each function is named by the header of a file in ``ontologies/rules``; the file says which rows it gets.
Rows come in any order; what comes out does not depend on it.
"""

from __future__ import annotations

from functools import lru_cache
from types import MappingProxyType
from typing import TYPE_CHECKING

from siibra_kg.build.added import Added, link
from siibra_kg.build.align.anchors import anchors_by_entity, anchors_by_name, rows_to_regions
from siibra_kg.build.align.identity import siibra_regions
from siibra_kg.build.align.mapping import siibra_mappings
from siibra_kg.build.align.mapping_rows import mappings
from siibra_kg.build.align.onward import allen_terms
from siibra_kg.build.align.region_table import region_table
from siibra_kg.build.align.tree import siibra_tree
from siibra_kg.build.align.versions import region_versions
from siibra_kg.build.coin import unique_slugs, without_prefix
from siibra_kg.names import key, split_hemisphere
from siibra_kg.terms import Literal, local_name, to_sparql
from siibra_kg.vocab import NAMESPACES, RDF_TYPE, SKG, SKOS, XSD

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from siibra_kg.build.added import Row

__all__ = ["FUNCTIONS", "Added", "closure", "depth", "name_keys", "part_of", "regions", "releases"]


def releases(rows: Iterable[Row], base: str) -> Added:
    """Join atlas versions that are variants of each other; rows are version, identifier, atlas, major, variant."""
    identifiers: dict[str, str] = {}
    atlases: dict[str, str] = {}
    majors: dict[str, str] = {}
    links: dict[str, set[str]] = {}
    for version, identifier, atlas, major, variant in sorted(rows, key=str):
        if version is None:
            continue
        links.setdefault(version, set())
        for known, value in ((identifiers, identifier), (atlases, atlas), (majors, major)):
            if value is not None:
                known.setdefault(version, value)
        if variant is not None:
            links[version].add(variant)
            links.setdefault(variant, set()).add(version)
    names: dict[str, str] = {}
    numbers: dict[str, str] = {}
    groups = {members[0]: members for members in _components(links)}
    for first, members in groups.items():
        atlas, major = atlases.get(first), majors.get(first)
        alike = {v for v in links if atlases.get(v) == atlas and majors.get(v) == major}
        if atlas and major and {majors.get(m) for m in members} == {major} and alike <= set(members):
            names[first], numbers[first] = f"{local_name(atlas)}-{major}", major
        else:
            names[first] = local_name(first)
            numbers[first] = identifiers.get(first, local_name(first))
    lines: list[str] = []
    for first, name in unique_slugs(names.items()).items():
        release = f"{base}id/release/{name}"
        lines.append(link(release, RDF_TYPE, SKG + "ParcellationRelease"))
        lines.append(f"<{release}> <{NAMESPACES['dcat']}version> {to_sparql(Literal(numbers[first]))} .\n")
        lines.extend(link(release, SKG + "hasSpatialRealisation", m) for m in groups[first])
    return Added(lines)


def _components(links: Mapping[str, set[str]]) -> list[tuple[str, ...]]:
    """Give the connected components of an undirected graph, each sorted, in sorted order."""
    seen: set[str] = set()
    out: list[tuple[str, ...]] = []
    for start in sorted(links):
        if start in seen:
            continue
        todo, found = [start], {start}
        while todo:
            todo.extend(fresh := links[todo.pop()] - found)
            found |= fresh
        seen |= found
        out.append(tuple(sorted(found)))
    return out


def regions(rows: Iterable[Row], base: str) -> Added:
    """Coin regions; rows are release, atlas, atlas version, entity version or nothing, entity or nothing."""
    realised: dict[str, dict[str, set[str]]] = {}
    texts: dict[str, dict[str, str]] = {}
    context: dict[str, set[str]] = {}
    for release, atlas, atlas_version, version, entity in rows:
        if release is None:
            continue
        own = texts.setdefault(release, {})
        if entity is not None:
            own[entity] = min(own.get(entity, "\uffff"), without_prefix(entity, atlas))
            if version is None:
                context.setdefault(release, set()).add(entity)
            else:
                realised.setdefault(release, {}).setdefault(entity, set()).add(version)
        elif version is not None:
            stem = without_prefix(version, atlas_version)
            own["version:" + stem] = stem
            realised.setdefault(release, {}).setdefault("version:" + stem, set()).add(version)
    lines: list[str] = []
    for release in sorted(texts):
        scheme, here = release.rsplit("/", 1)[-1], realised.get(release, {})
        for what, name in unique_slugs(texts[release].items()).items():
            region = f"{base}id/region/{scheme}/{name}"
            lines.append(link(region, RDF_TYPE, SKG + "Region"))
            lines.append(link(region, SKOS + "inScheme", release))
            if not what.startswith("version:"):
                lines.append(link(region, SKG + "isVersionOf", what))
            if what not in here:
                lines.append(link(region, RDF_TYPE, SKG + "ContextRegion"))
            lines.extend(link(region, SKG + "realisedBy", v) for v in sorted(here.get(what, ())))
    return Added(lines)


def part_of(rows: Iterable[Row], base: str) -> Added:  # noqa: ARG001  all rules are called alike
    """Link parts to wholes, but for the edges that close a cycle.

    Rows are part, whole, and something where siibra has a tree for the release: openMINDS's own tree stays beside it.
    A depth-first walk in sorted order decides which edge of a cycle is the closing one, so that the answer is
    always the same.
    """
    wholes: dict[str, list[str]] = {}
    edges: set[tuple[str, str]] = set()
    beside: set[str] = set()
    for part, whole, *siibra in rows:
        if part is not None and whole is not None:
            edges.add((part, whole))
            beside |= {part} if any(siibra) else set()
    for part, whole in sorted(edges):
        wholes.setdefault(part, []).append(whole)
    closing: set[tuple[str, str]] = set()
    done: set[str] = set()
    for start in sorted(wholes):
        path: dict[str, int] = {}
        todo = [start] if start not in done else []
        while todo:
            node = todo[-1]
            turn = path.setdefault(node, 0)
            ahead = wholes.get(node, [])
            if turn == len(ahead):
                path.pop(node)
                done.add(todo.pop())
                continue
            path[node] = turn + 1
            if ahead[turn] in path:
                closing.add((node, ahead[turn]))
            elif ahead[turn] not in done:
                todo.append(ahead[turn])
    names = {True: SKG + "openmindsPartOf", False: SKG + "partOf"}
    lines = [link(part, names[part in beside], whole) for part, whole in sorted(edges - closing)]
    return Added(lines, tuple(sorted(closing)))


def closure(rows: Iterable[Row], base: str) -> Added:  # noqa: ARG001
    """Link every part to all its ancestors; rows are part, whole."""
    above = _ancestors(rows)
    predicate = f"> <{SKOS}broaderTransitive> <"
    return Added([f"<{node}{predicate}{ancestor}> .\n" for node, found in above.items() for ancestor in found])


def depth(rows: Iterable[Row], base: str) -> Added:  # noqa: ARG001
    """Count the ancestors of every node; rows are node, whole or nothing."""
    end = f'"^^<{XSD}integer> .\n'
    return Added([f'<{node}> <{SKG}depth> "{len(found)}{end}' for node, found in _ancestors(rows).items()])


def _ancestors(rows: Iterable[Row]) -> dict[str, frozenset[str]]:
    """Give all ancestors of every node that a row begins with. The edges have no cycle: ``part_of`` saw to that."""
    wholes: dict[str, list[str]] = {}
    for part, whole in rows:
        if part is not None:
            direct = wholes.setdefault(part, [])
            if whole is not None:
                direct.append(whole)
    found: dict[str, frozenset[str]] = {}
    for start in wholes:
        todo = [start]
        while todo:
            node = todo[-1]
            direct = wholes.get(node, [])
            open_ = [w for w in direct if w not in found] if node not in found else []
            if open_:
                todo += open_
            else:
                found[todo.pop()] = frozenset(direct).union(*(found[w] for w in direct))
    return {node: found[node] for node in wholes}


def name_keys(rows: Iterable[Row], base: str) -> Added:  # noqa: ARG001  all rules are called alike
    """Write the look-up keys; rows are node, kind (release, region, half, node, term), text."""
    texts: dict[str, dict[str, set[str]]] = {}
    for node, kind, text in rows:
        if node is not None and kind is not None and text is not None:
            texts.setdefault(kind, {}).setdefault(node, set()).add(text)
    found: set[str] = set()
    for kind, nodes in texts.items():
        # Each name is folded once, however many nodes have it: the versions of an entity share most names.
        fold = lru_cache(maxsize=None)(_without_side if kind in ("region", "half") else key)
        for node, names in nodes.items():
            keys = {fold(name) for name in (*names, *_own_names(node, kind))}
            found.update(f'<{node}> <{SKG}nameKey> "{word}" .\n' for word in keys if word)
    return Added(list(found))


def _without_side(text: str) -> str:
    return split_hemisphere(text)[0]


def _own_names(node: str, kind: str) -> tuple[str, ...]:
    """Give the names that are in an IRI: that of an entity also without its atlas."""
    name = local_name(node)
    if kind == "half":
        return ()
    if kind == "region":
        return (name.partition("~")[0],)
    return (name, name.partition("_")[2]) if "/parcellationEntity/" in node else (name,)


#: The functions by the name that a rule's header uses: rows and base IRI in, statements out.
FUNCTIONS: Mapping[str, Callable[[Iterable[Row], str], Added]] = MappingProxyType(
    {
        "allen_terms": allen_terms,
        "anchors_by_entity": anchors_by_entity,
        "anchors_by_name": anchors_by_name,
        "closure": closure,
        "depth": depth,
        "mappings": mappings,
        "name_keys": name_keys,
        "part_of": part_of,
        "region_table": region_table,
        "region_versions": region_versions,
        "regions": regions,
        "releases": releases,
        "rows_to_regions": rows_to_regions,
        "siibra_mappings": siibra_mappings,
        "siibra_regions": siibra_regions,
        "siibra_tree": siibra_tree,
    }
)
