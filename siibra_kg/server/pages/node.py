"""The job ``node``: what an IRI answers, in HTML or RDF; what is there if it is unknown.

An IRI that names a region is answered with a document about the region, and ``Content-Location`` says which document
this is. See ``docs/pages.md`` for why this is no redirect.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from siibra_kg.server.job import Reply
from siibra_kg.server.pages import html, kinds, links, missing, rdf
from siibra_kg.server.pages.desk import Desk
from siibra_kg.server.pages.forms import FORMS, form_named
from siibra_kg.server.pages.site import Site
from siibra_kg.server.problem import Refused
from siibra_kg.terms import IRI, is_iri

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from siibra_kg.server.job import State

__all__ = ["node"]


def node(state: State, payload: Mapping[str, Any]) -> Reply:
    """Answer for an IRI.

    Parameters
    ----------
    state
        The graph.
    payload
        ``readings``: IRIs that the address may mean, the more exact one first, each with the ``form`` that its suffix
        asks for; ``form``: what ``?format=`` (then ``asked``) or ``Accept`` asks for; ``view``, ``in``, ``page``: what
        part of the page.

    Raises
    ------
    Refused
        With status 404 if the graph knows none of the readings (a page, for browsers), with 406 if nothing is
        acceptable.
    """
    desk = Desk(state.kg, Site.of(state, payload))
    for reading in payload["readings"]:
        iri = _iri(reading["iri"])
        roles = desk.ask("node/exists", node=iri).column("role") if iri else ()
        if iri is None or not roles:
            continue
        form = payload["form"] if payload["asked"] else reading["form"] or payload["form"]
        if not form:
            there = [f.media_type for f in FORMS]
            raise Refused(406, "not-acceptable", f"there is {', '.join(there)}", (("Vary", "Accept"),), available=there)
        return _answer(desk, payload, iri, roles, form)
    return missing.reply(state, desk, payload)


def _iri(text: str) -> IRI | None:
    return IRI(text) if is_iri(text) else None


def _answer(desk: Desk, payload: Mapping[str, Any], iri: IRI, roles: tuple[str, ...], form: str) -> Reply:
    if form != "html":
        headers = links.headers(desk, iri, form)
        body = rdf.write(rdf.statements(desk, iri), iri, form)
        return Reply(body, form_named(form).media_type, 200, headers)
    made = kinds.page(desk, iri, roles, payload)
    headers = links.headers(desk, iri, form, str(made.jsonld["@type"]))
    forms = [(f.name, links.document(desk, iri, f.name)) for f in FORMS[1:]]
    context = {"page": made, "forms": forms, "query": "", "snapshot": desk.kg.snapshot}
    return html.page("node.html", desk.site, context, 200, headers)
