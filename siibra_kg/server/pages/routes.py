"""Which paths pages answer, and which jobs these are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from siibra_kg.errors import SiibraKGError
from siibra_kg.server.job import Job, Reply, Request, Route
from siibra_kg.server.negotiate import choose
from siibra_kg.server.pages import assets
from siibra_kg.server.pages.forms import HTML_OR_JSON, etag, first, suffix_of, wanted
from siibra_kg.server.pages.site import MINTED, PATH
from siibra_kg.server.problem import Refused
from siibra_kg.terms import is_iri

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["ROUTES", "sparql_form"]

#: Characters that a search may have; names of the graph have at most 200.
_LONGEST_SEARCH = 300
#: More pages than any listing of the graph has.
_LAST_PAGE = 100_000


def minted(request: Request) -> Job:
    """Answer for a minted IRI: the base of minted identifiers stands for this server."""
    rest, suffix = suffix_of(request.path)
    readings: list[dict[str, str]] = []
    for path, form in ((request.path, ""), (rest, suffix)):
        if form or path == request.path:
            # The path is decoded; an IRI that holds an escape itself is also found as it is written.
            written = dict.fromkeys((path, quote(path, safe=PATH)))
            readings += [{"iri": request.base_iri + one[1:], "form": form} for one in written]
    return _node(request, readings)


def resource(request: Request) -> Job:
    """Answer for any IRI of the graph: ``/resource?iri=``."""
    iri = first(request, "iri")
    if not iri:
        raise Refused(422, "bad-parameter", "give the IRI that is asked for: /resource?iri=<percent-encoded IRI>")
    if not is_iri(iri):
        raise Refused(422, "bad-parameter", f"{iri[:200]!r} is no absolute IRI")
    return _node(request, [{"iri": iri, "form": ""}])


def _node(request: Request, readings: list[dict[str, str]]) -> Job:
    asked = bool(first(request, "format"))
    try:
        form = wanted(request)
    except SiibraKGError:
        if asked or not any(reading["form"] for reading in readings):
            raise
        form = ""  # a suffix says it, whatever Accept does
    payload: dict[str, Any] = {
        "readings": readings,
        "form": form,
        "asked": asked,
        "base_url": request.base_url,
        "view": first(request, "view"),
        "in": first(request, "in"),
        "page": _page(request),
    }
    return _job("node", payload)


def home(request: Request) -> Job:
    """Show what there is."""
    choose(request.headers.get("accept", ""), HTML_OR_JSON[:1])
    return _job("home", {"page": "home", "base_url": request.base_url})


def sparql_form(request: Request) -> Job:
    """Show a form for queries, filled with the one that the address gives; it works without scripts."""
    return _job("home", {"page": "sparql", "query": first(request, "query"), "base_url": request.base_url})


def search(request: Request) -> Job:
    """Search names: a page, or JSON."""
    text = first(request, "q")
    if len(text) > _LONGEST_SEARCH:
        raise Refused(422, "bad-parameter", f"a search has at most {_LONGEST_SEARCH} characters")
    asked = "json" if request.path.endswith(".json") else first(request, "format")
    if asked not in ("", "html", "json"):
        raise Refused(406, "not-acceptable", f"there is no form {asked!r}; there are html, json")
    form = asked or choose(request.headers.get("accept", ""), HTML_OR_JSON).name
    return _job("search", {"q": text, "form": form, "base_url": request.base_url})


def static(request: Request) -> Reply:
    """Give a stylesheet, script or picture of the pages."""
    return assets.reply(request.path.rpartition("/")[2])


def icon(request: Request) -> Reply:  # noqa: ARG001  a handler takes a request
    """Give the picture that browsers ask for where a page names none."""
    return assets.reply(assets.address("icon.svg").rpartition("/")[2])


def robots(request: Request) -> Reply:  # noqa: ARG001  a handler takes a request
    """Tell crawlers what costs a query each."""
    return Reply(b"User-agent: *\nDisallow: /sparql\nDisallow: /api/\nDisallow: /search\n", "text/plain; charset=utf-8")


def _page(request: Request) -> int:
    text = first(request, "page") or "1"
    if not (text.isascii() and text.isdigit() and 1 <= int(text[:7]) <= _LAST_PAGE):
        raise Refused(422, "bad-parameter", f"page={text[:20]!r} is no number of a page")
    return int(text)


def _job(kind: str, payload: Mapping[str, Any]) -> Job:
    return Job(kind, payload, etag(payload))


_GET = ("GET",)
ROUTES: tuple[Route, ...] = (
    Route("/", _GET, home),
    *(Route(f"/{name}/{{rest:path}}", _GET, minted) for name in MINTED),
    Route("/resource", _GET, resource),
    Route("/search", _GET, search),
    Route("/search.json", _GET, search),
    Route("/static/{name}", _GET, static),
    Route("/favicon.ico", _GET, icon),
    Route("/robots.txt", _GET, robots),
)
