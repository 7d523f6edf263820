"""What a page says to search engines: a description in the words of schema.org."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from siibra_kg.server.pages.links import schema_type
from siibra_kg.server.pages.parts import name_of

if TYPE_CHECKING:
    from siibra_kg.server.pages.desk import Desk
    from siibra_kg.terms import IRI

__all__ = ["description"]


def description(desk: Desk, iri: IRI) -> dict[str, Any]:
    """Describe a node as a ``DefinedTerm``, ``DefinedTermSet`` or ``Dataset``."""
    kind = schema_type(desk, iri)
    out: dict[str, Any] = {
        "@context": "https://schema.org",
        "@type": kind,
        "@id": iri,
        "name": name_of(desk, iri),
        "url": desk.site.url(iri),
    }
    texts = desk.ask("node/definitions", node=iri)
    if texts:
        out["description"] = str(texts[0].text)
    others = [row.name for row in desk.ask("node/names", node=iri) if row.via == iri and row.name != out["name"]]
    if others:
        out["alternateName"] = list(dict.fromkeys(others))
    regions = desk.ask("region/describe", regions=(iri,))
    if kind == "DefinedTerm" and regions and regions[0].parcellation:
        home = regions[0].parcellation
        out["inDefinedTermSet"] = {"@type": "DefinedTermSet", "@id": home, "name": name_of(desk, home)}
    licences = [str(row.license) for row in desk.ask("node/graphs", node=iri) if row.license is not None]
    if licences and kind == "Dataset":
        out["license"] = licences[0]
    return out
