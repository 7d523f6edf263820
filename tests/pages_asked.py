"""Asks the pages without HTTP: a request goes through the routes' handlers, its job is done here and now."""

from __future__ import annotations

from html.parser import HTMLParser
from urllib.parse import parse_qsl, unquote, urlsplit

from siibra_kg.errors import SiibraKGError
from siibra_kg.graph import KnowledgeGraph
from siibra_kg.server.job import Job, Request, State
from siibra_kg.server.jobs import job_function
from siibra_kg.server.options import ServerOptions
from siibra_kg.server.pages.routes import ROUTES
from siibra_kg.server.problem import problem_of
from siibra_kg.stores import open_store
from siibra_kg.terms import IRI
from siibra_kg.vocab import BASE, NAMESPACES

URL = "http://127.0.0.1:7687"


def state_of(turtle, graph=f"{BASE}graph/test"):
    """Open a graph of Turtle text; every statement is in one named graph."""
    store = open_store("memory:")
    head = "".join(f"@prefix {p}: <{n}> .\n" for p, n in NAMESPACES.items())
    store.load((head + turtle).encode(), "ttl", IRI(graph), BASE)
    return State(KnowledgeGraph(store), ServerOptions())


def ask(state, url, accept="text/html"):
    """Give the reply to a GET of an address of this server."""
    parts = urlsplit(url.removeprefix(URL))
    query = tuple(parse_qsl(parts.query, keep_blank_values=True))
    request = Request("GET", unquote(parts.path), query, {"accept": accept}, base_url=URL)
    try:
        answer = _handler(request.path)(request)
        return job_function(answer.kind)(state, answer.payload) if isinstance(answer, Job) else answer
    except SiibraKGError as error:
        return problem_of(error)


def _handler(path):
    for route in ROUTES:
        start, brace, _ = route.path.partition("{")
        if path == route.path or (brace and path.startswith(start) and len(path) > len(start)):
            return route.handler
    raise LookupError(path)


class Document(HTMLParser):
    """What a page has: links, text, elements, scripts, attributes."""

    def __init__(self, body):
        super().__init__()
        self.tags, self.links, self.attributes, self.text, self.data = [], [], [], [], []
        self._inside = ""
        self.feed(body.decode())

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += [(tag, name, value) for name, value in attrs]
        self.links += [value for name, value in attrs if name in ("href", "src", "action")]
        self._inside = tag if tag in ("script", "style") else ""

    def handle_endtag(self, tag):
        self._inside = ""

    def handle_data(self, data):
        (self.data if self._inside == "script" else self.text).append(data)

    def words(self):
        return " ".join(" ".join(self.text).split())
