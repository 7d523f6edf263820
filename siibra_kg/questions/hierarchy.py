"""Walks through the part-of tree, as values and as a drawing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from siibra_kg.questions import regions

if TYPE_CHECKING:
    from collections.abc import Iterator

    from siibra_kg.model import Region
    from siibra_kg.questions.ask import Asker
    from siibra_kg.terms import IRI

__all__ = [
    "ancestors",
    "children",
    "common_ancestor",
    "contralateral",
    "descendants",
    "draw",
    "leaves",
    "parent",
    "siblings",
]

#: How much a branch indents what is below it.
_INDENTS = {"": "", "├── ": "│   ", "└── ": "    "}


def parent(ask: Asker, region: Region) -> Region | None:
    """Give the region that a region is directly part of; ``None`` for a root."""
    found = _walk(ask, "hierarchy/parents", region)
    return found[0] if found else None


def children(ask: Asker, region: Region, *, hemispheres: bool = True) -> tuple[Region, ...]:
    """Give the direct parts of a region by name; hemispheres are among them unless told."""
    return _walk(ask, "hierarchy/children", region, hemispheres=hemispheres)


def ancestors(ask: Asker, region: Region) -> tuple[Region, ...]:
    """Give everything that a region is part of, nearest first."""
    return _walk(ask, "hierarchy/ancestors", region)


def descendants(ask: Asker, region: Region, *, hemispheres: bool = True) -> tuple[Region, ...]:
    """Give everything that is part of a region, nearest first, then by name."""
    return _walk(ask, "hierarchy/descendants", region, hemispheres=hemispheres)


def leaves(ask: Asker, region: Region, *, hemispheres: bool = True) -> tuple[Region, ...]:
    """Give the parts that have no parts themselves; the region itself if it has none."""
    return _walk(ask, "hierarchy/leaves", region, hemispheres=hemispheres)


def siblings(ask: Asker, region: Region) -> tuple[Region, ...]:
    """Give the other children of the parent; nothing for a root."""
    above = ask.table("hierarchy/parents", region=region.iri)
    if not above:
        return ()
    beside = ask.table("hierarchy/children", region=above[0].iri).column("iri")
    return regions.describe(ask, (iri for iri in beside if iri != region.iri))


def contralateral(ask: Asker, region: Region) -> Region | None:
    """Give the same region of the other hemisphere; ``None`` for a region without side."""
    found = _walk(ask, "region/contralateral", region)
    return found[0] if found else None


def common_ancestor(ask: Asker, a: Region, b: Region) -> Region | None:
    """Give the smallest region that both are part of; ``None`` if there is none, as between two releases."""
    found = regions.describe(ask, ask.table("hierarchy/common-ancestor", a=a.iri, b=b.iri).column("iri"))
    return found[0] if found else None


def draw(ask: Asker, root: IRI, *, depth: int | None = None, hemispheres: bool = False) -> Iterator[str]:
    """Draw a tree as lines of text, children by name.

    Parameters
    ----------
    ask
        The graph.
    root
        A region, a ParcellationEntity, a release or an atlas; the last two may have several roots.
    depth
        How many levels below the roots; all unless told.
    hemispheres
        Also draw the hemisphere nodes.
    """
    rows = ask.table("hierarchy/tree", root=root, hemispheres=hemispheres)
    here = set(rows.column("iri"))
    below: dict[IRI | None, dict[IRI, str]] = {}
    for row in rows:
        below.setdefault(row.parent if row.parent in here and row.iri != root else None, {})[row.iri] = row.name
    # A stack and not recursion: the depth of a tree is the data's business, not the interpreter's.
    stack = [("", "", iri, name, 0) for iri, name in reversed(below.get(None, {}).items())]
    while stack:
        indent, branch, iri, name, level = stack.pop()
        yield f"{indent}{branch}{name}"
        indent += _INDENTS[branch]
        parts = list(below.get(iri, {}).items())
        if depth is not None and level >= depth:
            if parts:
                yield f"{indent}└── … {len(parts)} {'part' if len(parts) == 1 else 'parts'}"
            continue
        branches = [*["├── "] * (len(parts) - 1), "└── "]
        stack += [(indent, b, i, n, level + 1) for b, (i, n) in reversed([*zip(branches, parts, strict=False)])]


def _walk(ask: Asker, template: str, region: Region, **values: object) -> tuple[Region, ...]:
    return regions.describe(ask, ask.table(template, region=region.iri, **values).column("iri"))
