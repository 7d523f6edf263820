"""Parcellations with their trees of regions."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from siibra_kg.configurations import words as w
from siibra_kg.configurations.about import about, document
from siibra_kg.configurations.lines import TRUE, integer
from siibra_kg.nt import literal
from siibra_kg.siibra_names import clear_name, key
from siibra_kg.slugs import unique_slugs

if TYPE_CHECKING:
    from collections.abc import Iterator

    from siibra_kg.configurations.known import Known, Release
    from siibra_kg.configurations.lines import Lines
    from siibra_kg.configurations.part import Part

__all__ = ["parcellation"]

_COLOR = re.compile(r"#[0-9A-Fa-f]{6}\Z")


def parcellation(out: Lines, known: Known, part: Part) -> str:
    """Describe a parcellation and all its regions; gives its node."""
    part.text("name", required=True)
    release = known.releases[part.text("@id")]
    node = release.node
    out.type(node, w.RELEASE)
    out.text(node, w.SIIBRA_NAME, release.name)
    out.text(node, w.LABEL, part.text("name") if part.text("name") != release.name else "")
    out.text(node, w.KEY, release.key)
    out.text(node, w.SHORT_NAME, part.text("shortName"))
    out.text(node, w.MODALITY, part.text("modality"))
    document(out, known, node, part)
    if release.species:
        out.add(node, w.SPECIES, f"<{release.species}>")
    atlas = known.tables.atlases.get(part.text("@id"))
    if atlas:
        out.add(node, w.VERSION_OF, f"<{atlas}>")
    _version(out, known, node, part)
    _regions(out, known, release, part)
    return node


def _version(out: Lines, known: Known, node: str, part: Part) -> None:
    version = part.part("@version")
    if version is None:
        return
    out.text(node, w.SIIBRA_VERSION, version.text("name"))
    out.text(node, w.COLLECTION, version.text("collectionName"))
    if version.flag("deprecated"):
        out.add(node, w.DEPRECATED, TRUE)
    for predicate, side in ((w.PREVIOUS, "@prev"), (w.NEXT, "@next")):
        identifier = version.text(side)
        other = known.releases.get(identifier)
        if other is not None:
            out.add(node, predicate, other.node)
        else:
            out.text(node, w.UNRESOLVED, identifier)


def _regions(out: Lines, known: Known, release: Release, part: Part) -> None:
    """Describe the regions in preorder; siibra counts the parcellation itself as the root."""
    found = list(_walk(part, "regions", -1))
    names = [clear_name(_named(region)) for region, _ in found]
    # Two regions of one tree may have one name; the first in preorder keeps the plain slug.
    slugs = unique_slugs((f"{i:09}", name) for i, name in enumerate(names))
    nodes = [known.node(f"siibra/region/{release.slug}/{made}") for made in slugs.values()]
    for number, ((region, parent), name, node) in enumerate(zip(found, names, nodes, strict=True), start=1):
        out.type(node, w.REGION)
        made = key(name)
        out.add(node, w.SIIBRA_NAME, literal(name))
        out.add(node, w.LABEL, literal(region.text("name")))
        out.add(node, w.KEY, literal(made))
        out.add(node, w.IDENTIFIER, literal(f"{release.key}_{made}"))
        out.add(node, w.OF_RELEASE, release.node)
        out.add(node, w.PREORDER, integer(number))
        if parent >= 0:
            out.add(node, w.PARENT, nodes[parent])
        _facts(out, known, release, node, region)


def _named(region: Part) -> str:
    """Give the name of a region; it may be empty: a node of Julich-Brain 2.9, above "frontal pole", has none."""
    return region.text("name", required=region.value.get("name") != "")


def _walk(part: Part, children: str, parent: int) -> Iterator[tuple[Part, int]]:
    """Give all regions in preorder, each with the position of its parent; without recursion, however deep."""
    todo = [(child, parent) for child in reversed(part.parts(children))]
    count = 0
    while todo:
        region, above = todo.pop()
        yield region, above
        if region.value.get("children"):
            todo += [(child, count) for child in reversed(region.parts("children"))]
        count += 1


def _facts(out: Lines, known: Known, release: Release, node: str, region: Part) -> None:
    value = region.value
    if "rgb" in value:
        color = region.text("rgb")
        if color and _COLOR.match(color) is None:
            raise region.bad(f"{color!r} is no colour of the form #RRGGBB", "rgb")
        out.text(node, w.COLOR, color.upper())
    if "granularity" in value:
        out.text(node, w.GRANULARITY, region.text("granularity"))
    if "shortname" in value:
        out.text(node, w.SHORT_NAME, region.text("shortname"))
    if "species" in value and (species := known.species(region)) != release.species:
        out.add(node, w.SPECIES, f"<{species}>")
    about(out, known, node, region)
