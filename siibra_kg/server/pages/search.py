"""The job ``search``: names of regions, parcellations, spaces, atlases and features, as a page or as JSON."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, cast

import orjson

from siibra_kg.names import key
from siibra_kg.questions.matching import words
from siibra_kg.server.job import Reply
from siibra_kg.server.pages import html
from siibra_kg.server.pages.search_index import Entry, SearchIndex
from siibra_kg.server.pages.site import Site

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from typing import Any

    from siibra_kg.graph import KnowledgeGraph
    from siibra_kg.model import Parcellation
    from siibra_kg.server.job import State
    from siibra_kg.terms import IRI

__all__ = ["Found", "find", "search"]

#: So many hits are given.
MOST = 25
_KEPT = "pages.search"
#: Cells of a line of ``skg:regionTable``.
_IRI, _NAME, _SIDE, _KEYS = 3, 4, 5, 10


@dataclass(frozen=True, slots=True)
class Found:
    """A hit: the node, its name, what it is, its parcellation, how well it fits (1: the whole name), its page."""

    iri: str
    name: str
    kind: str
    parcellation: str
    parcellation_name: str
    score: float
    href: str


def search(state: State, payload: Mapping[str, Any]) -> Reply:
    """Search.

    Parameters
    ----------
    state
        The graph; the index is kept there.
    payload
        ``q``: what somebody typed; ``form``: ``html`` or ``json``. ``warm`` only prepares the index.
    """
    if payload.get("warm"):
        index(state)
        return Reply(b"", "text/plain", 204)
    site = Site.of(state, payload)
    text = payload["q"]
    found = find(state, site, text, MOST)
    if payload["form"] == "json":
        document = {"query": text, "hits": [asdict(hit) for hit in found]}
        return Reply(orjson.dumps(document), "application/json", 200, (("Vary", "Accept"),))
    context = {"query": text, "found": found, "most": MOST, "snapshot": state.kg.snapshot}
    return html.page("search.html", site, context, 200, (("Vary", "Accept"), ("X-Robots-Tag", "noindex")))


def find(state: State, site: Site, text: str, most: int) -> list[Found]:
    """Give what fits a text best."""
    return [
        Found(e.iri, e.name, e.kind, e.parcellation, e.parcellation_name, round(score, 3), site.href(e.iri))
        for e, score in index(state).find(text, most)
    ]


def index(state: State) -> SearchIndex:
    """Give the index of a graph; made once for each worker."""
    if _KEPT not in state.keep:
        state.keep[_KEPT] = SearchIndex.make(_entries(state.kg))
    return cast("SearchIndex", state.keep[_KEPT])


def _entries(kg: KnowledgeGraph) -> Iterator[Entry]:
    homes = kg.parcellations()
    newest = {home.atlas or home.iri: home.iri for home in homes}  # the last of each atlas is its newest
    ranks = {home.iri: 0 if newest[home.atlas or home.iri] == home.iri else 1 for home in homes}
    short = {row.iri: (row.short_name, row.name) for row in kg.query("release/siibra")}
    for home in homes:
        kind = "atlas" if home.iri == home.atlas else "parcellation"
        yield _named(home.iri, home.name, kind, short.get(home.iri, ()), rank=ranks[home.iri])
    yield from _regions(kg, {home.iri: home for home in homes}, ranks)
    for space in kg.spaces():
        yield _named(space.iri, space.name, "space", (space.siibra_name, space.short_name))
    known = {home.iri for home in homes}
    for atlas in kg.atlases():
        if atlas.iri not in known:
            yield _named(atlas.iri, atlas.name, "atlas", (atlas.abbreviation,))
    for iri, name in dict.fromkeys((row.iri, row.name) for row in kg.query("feature/list")):
        yield _named(iri, name, "feature", (), rank=2)


def _named(iri: str, name: str, kind: str, others: Iterable[str | None], *, rank: int = 0) -> Entry:
    texts = [text for text in (name, *others) if text]
    # "MNI152" and "MNI 152" are the same: letters and digits part.
    keys = (*(key(text) for text in texts), *(" ".join(words(text)) for text in texts))
    return Entry(iri, name, kind, keys, rank=rank)


def _regions(kg: KnowledgeGraph, homes: Mapping[IRI, Parcellation], ranks: Mapping[IRI, int]) -> Iterator[Entry]:
    """Give the regions, of the table of each release where there is one."""
    tabled = set()
    for row in kg.query("region/table", releases=tuple(homes)):
        tabled.add(row.release)
        home = homes[row.release]
        for line in row.table.split("\n"):
            cells = line.split("\t")
            keys = tuple(cells[_KEYS].split("|")) if cells[_KEYS] else ()
            keys = keys or (key(cells[_NAME]),)
            side, name = cells[_SIDE], cells[_NAME]
            yield Entry(cells[_IRI], name, "region", keys, home.iri, home.name, side, ranks[home.iri])
    left = tuple(iri for iri in homes if iri not in tabled)
    keys_of: dict[tuple[str, str, IRI], list[str]] = {}
    for row in kg.query("region/names", parcellations=left) if left else ():
        keys_of.setdefault((row.iri, row.name, row.parcellation), []).append(row.key)
    for (iri, name, home_iri), keys_there in keys_of.items():
        home = homes[home_iri]
        side = next((s for s in ("left", "right") if iri.endswith(f"/{s}")), "")
        yield Entry(iri, name, "region", tuple(keys_there), home.iri, home.name, side, ranks[home.iri])
