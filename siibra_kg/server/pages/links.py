"""The ``Link`` headers of a node: other forms, licences, how to cite it (RFC 8288, FAIR Signposting level 1)."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

from siibra_kg.server.pages.forms import FORMS, form_named
from siibra_kg.terms import IRI

if TYPE_CHECKING:
    from siibra_kg.server.pages.desk import Desk

__all__ = ["document", "headers"]

_SCHEMA = "https://schema.org/"


def document(desk: Desk, iri: IRI, form: str) -> str:
    """Give the path of the document that tells of a node in one form.

    It is the node's with a suffix, unless that names another node of the graph.
    """
    path = desk.site.path(iri)
    if path is None:
        return desk.site.link("/resource", iri=iri, format=form)
    suffixed = IRI(f"{iri}.{form}")
    if iri.endswith("/") or desk.ask("node/exists", node=suffixed):
        return f"{desk.site.root}{path}?format={form}"
    return f"{desk.site.root}{path}.{form}"


def headers(desk: Desk, iri: IRI, form: str, kind: str = "") -> tuple[tuple[str, str], ...]:
    """Give the headers of an answer about a node.

    Parameters
    ----------
    desk, iri
        The graph and the node.
    form
        Of this answer.
    kind
        What the node is in schema.org, for a page: readers and machines land there.
    """
    found = [
        *((document(desk, iri, f.name), "alternate", f.media_type) for f in FORMS if f.name != form),
        *((document(desk, iri, f.name), "describedby", f.media_type) for f in FORMS[1:] if form == "html"),
        (desk.site.root + "/.well-known/void", "describedby", ""),
        (desk.site.url(iri), "canonical", ""),
    ]
    found += [(_SCHEMA + name, "type", "") for name in (kind, "AboutPage") if kind]
    if desk.site.outside(iri) == iri:
        found.append((iri, "cite-as", ""))
    found += [(licence, "license", "") for licence in _licences(desk, iri)]
    return (
        ("Content-Location", document(desk, iri, form_named(form).name)),
        ("Vary", "Accept"),
        *(("Link", _link(*one)) for one in found),
    )


def _licences(desk: Desk, iri: IRI) -> list[str]:
    """Give the licences of the graphs that speak of a node."""
    said = dict.fromkeys(str(row.license) for row in desk.ask("node/graphs", node=iri) if row.license is not None)
    return [one for one in said if desk.site.outside(one) == one]


def _link(target: str, relation: str, media_type: str) -> str:
    # A header is Latin-1 text: IRIs become URIs. What could end the <...> is in no IRI of the graph.
    uri = quote(target, safe=";/?:@&=+$,!~*'()#[]%-._")
    kind = f'; type="{media_type.partition(";")[0]}"' if media_type else ""
    return f'<{uri}>; rel="{relation}"{kind}'
