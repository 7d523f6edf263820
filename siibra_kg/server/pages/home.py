"""The job ``home``: the start page, and the form for queries."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from siibra_kg.describe.dcat import DESCRIPTION, KEYWORDS, TITLE
from siibra_kg.server.pages import html, results
from siibra_kg.server.pages.desk import Desk
from siibra_kg.server.pages.site import Site
from siibra_kg.terms import contract
from siibra_kg.vocab import NAMESPACES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from siibra_kg.server.job import Reply, State

__all__ = ["home"]

_KEPT = "pages.home"


def home(state: State, payload: Mapping[str, Any]) -> Reply:
    """Show what there is, or the form for queries.

    Parameters
    ----------
    state
        The graph; what the start page says of it is kept there.
    payload
        ``page``: ``home`` or ``sparql``; ``query``: what the form holds.
    """
    site = Site.of(state, payload)
    if payload["page"] == "sparql":
        return results.form_page(state, site, payload["query"])
    place = f"{_KEPT} {site.base_url}"
    if place not in state.keep:
        state.keep[place] = _context(Desk(state.kg, site))
    return html.page("home.html", site, cast("dict[str, Any]", state.keep[place]), 200, (("Vary", "Accept"),))


def _context(desk: Desk) -> dict[str, Any]:
    kg, site = desk.kg, desk.site
    counts = desk.ask("graph/classes")
    instances = {row.type: row.instances for row in counts}
    spaces = kg.spaces()
    sizes = desk.ask("release/sizes")
    regions = {row.iri: row.regions for row in sizes}
    names = {atlas.iri: atlas.name for atlas in kg.atlases()}
    atlases: dict[str, dict[str, Any]] = {}
    for one in kg.parcellations():
        group = one.atlas or one.iri
        card = atlases.setdefault(
            group,
            {"name": names.get(group, one.name), "href": site.href(group), "species": one.species, "releases": []},
        )
        card["releases"].insert(0, {"name": one.name, "href": site.href(one.iri), "regions": regions.get(one.iri)})
    cards = sorted(atlases.values(), key=lambda c: (-len(c["releases"]), c["name"]))
    skg = NAMESPACES["skg"]
    numbers = [
        (len(kg.parcellations()), "parcellations"),
        (instances.get(skg + "Region", 0), "regions"),
        (len(spaces), "reference spaces"),
        (instances.get(skg + "ParcellationMap", 0), "maps"),
        (instances.get(skg + "Feature", 0), "features"),
        (len(desk.ask("graph/sources")), "named graphs"),
    ]
    snapshot = kg.snapshot
    if snapshot:
        numbers.append((snapshot.manifest.triples, "statements"))
    return {
        "numbers": numbers,
        "atlases": cards,
        "spaces": [{"name": s.name, "href": site.href(s.iri), "species": s.species} for s in spaces],
        "sources": _sources(desk),
        "shown": (desk.shown("graph/classes", counts), desk.shown("release/sizes", sizes)),
        "jsonld": _dataset(desk),
        "query": "",
        "snapshot": snapshot,
    }


def _sources(desk: Desk) -> list[dict[str, str]]:
    """Give the graphs that were read from sources."""
    return [
        {
            "name": row.title or contract(row.graph),
            "href": desk.site.href(row.graph),
            "version": " ".join(filter(None, (row.version, (row.revision or "")[:12]))),
            "license": contract(str(row.license)).removeprefix(NAMESPACES["spdx"]) if row.license else "",
        }
        for row in desk.ask("graph/sources")
        if row.source is not None or row.sha256
    ]


def _dataset(desk: Desk) -> dict[str, Any]:
    """Describe the graph in the words of schema.org; its statistics are in VoID, where they may take a while."""
    base = desk.site.base_url
    licences = {str(row.license) for row in desk.ask("graph/sources") if row.license is not None}
    return {
        "@context": "https://schema.org/",
        "@type": "Dataset",
        "@id": desk.site.base_iri,
        "name": str(TITLE),
        "description": str(DESCRIPTION),
        "keywords": [str(word) for word in KEYWORDS],
        "url": f"{base}/",
        "license": sorted(licences),
        "isAccessibleForFree": True,
        "distribution": [
            {"@type": "DataDownload", "contentUrl": f"{base}/sparql", "encodingFormat": "application/sparql-query"}
        ],
        "subjectOf": {"@id": f"{base}/.well-known/void"},
    }
