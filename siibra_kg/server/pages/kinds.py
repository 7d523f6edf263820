"""Which page a node has, by its types."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from siibra_kg.describe.schema_org import schema_org
from siibra_kg.server.pages import imaged, measured, meta, parts, places, region, statements
from siibra_kg.server.pages.blocks import Block, Page
from siibra_kg.vocab import OMT, SKG

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from typing import Any

    from siibra_kg.server.pages.desk import Desk
    from siibra_kg.terms import IRI

__all__ = ["page"]


class _Kind(NamedTuple):
    """A kind of page: the type it is for, what readers call such a thing, what there is to say."""

    type: str
    name: str
    blocks: Callable[[Desk, IRI], Iterable[Block | None]]


#: The first that fits.
_KINDS = (
    _Kind(SKG + "Region", "region", region.blocks),
    _Kind(OMT + "ParcellationEntity", "parcellation entity", region.blocks),
    _Kind(SKG + "ParcellationRelease", "parcellation", places.parcellation),
    _Kind(OMT + "CommonCoordinateFrameworkVersion", "reference space", places.space),
    _Kind(OMT + "AnatomicalAtlas", "atlas", places.atlas),
    _Kind(SKG + "MultilevelAtlas", "atlas of siibra", places.atlas),
    _Kind(SKG + "ParcellationMap", "map", imaged.parcellation_map),
    _Kind(SKG + "Volume", "volume", imaged.volume),
    _Kind(SKG + "Feature", "feature", measured.blocks),
    _Kind("https://schema.org/ScholarlyArticle", "publication", meta.publication),
    _Kind("http://www.w3.org/ns/dcat#Dataset", "named graph", meta.graph),
)
_LISTED = frozenset({"facts", "sources"})


def page(desk: Desk, iri: IRI, roles: tuple[str, ...], payload: Mapping[str, Any]) -> Page:
    """Write the page of a node.

    Parameters
    ----------
    desk
        The graph.
    iri
        The node.
    roles
        As what the graph knows it.
    payload
        ``view=statements``: all statements; ``in``: those with this property that point to it; ``page``: which.
    """
    types = set(desk.ask("node/about", nodes=(iri,)).column("type"))
    found = next((kind for kind in _KINDS if kind.type in types), None)
    if found is None and "graph" in roles:
        found = _Kind("", "named graph", meta.graph)
    kind = found or _Kind("", _called(types, roles), meta.other)
    number = payload["page"]
    if payload["in"]:
        made = [statements.listed(desk, iri, payload["in"], number)]
    elif payload["view"] == "statements":
        made = [statements.about(desk, iri, number), *_there([statements.to(desk, iri)])]
    else:
        made = _there(kind.blocks(desk, iri))
        # Where nothing but sources is known, the statements themselves are the page.
        if found is None or not {b.id for b in made} - _LISTED:
            made = [statements.about(desk, iri, number), *_there([statements.to(desk, iri)]), *made]
        else:
            made.append(statements.summary(desk, iri))
    color = region.color(desk, iri) if kind.blocks is region.blocks else ""
    title = parts.name_of(desk, iri)
    return Page(
        title, kind.name, iri, color=color, blocks=tuple(made), jsonld=schema_org(desk.kg, iri, desk.site.url(iri))
    )


def _called(types: set[str | None], roles: tuple[str, ...]) -> str:
    named = sorted(parts.words(one) for one in types if one)
    return ", ".join(named) or ("property" if "predicate" in roles else "resource")


def _there(blocks: Iterable[Block | None]) -> list[Block]:
    return [block for block in blocks if block is not None]
