"""What is answered for an IRI that the graph does not know: 404, with the nearest names for those who read."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import unquote

from siibra_kg.server.pages import html
from siibra_kg.server.pages.search import find
from siibra_kg.server.problem import Refused
from siibra_kg.terms import local_name

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from siibra_kg.server.job import Reply, State
    from siibra_kg.server.pages.desk import Desk

__all__ = ["reply"]


def reply(state: State, desk: Desk, payload: Mapping[str, Any]) -> Reply:
    """Answer that there is no such node: a page for browsers.

    Raises
    ------
    Refused
        With status 404 for everybody else.
    """
    iri = payload["readings"][0]["iri"]
    if payload["form"] != "html":
        detail = f"this graph knows no node {iri[:300]!r}"
        raise Refused(404, "no-such-node", detail, (("Vary", "Accept"),), iri=iri)
    words = unquote(local_name(payload["readings"][-1]["iri"])).replace("-", " ").replace("_", " ")
    context = {"iri": iri, "near": find(state, desk.site, words, 8), "query": "", "snapshot": desk.kg.snapshot}
    return html.page("missing.html", desk.site, context, 404, (("Vary", "Accept"), ("X-Robots-Tag", "noindex")))
