"""Descriptions over HTTP: ``/.well-known/void`` and its neighbours in three forms, and the dump to download."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any, BinaryIO

from siibra_kg.describe.about import About, about, snapshot_dump
from siibra_kg.describe.documents import DOCUMENTS, document
from siibra_kg.describe.writing import FORMS, fragment
from siibra_kg.server.job import Job, Reply, Route
from siibra_kg.server.negotiate import Form, choose
from siibra_kg.server.problem import Refused
from siibra_kg.version import __version__

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from siibra_kg.server.job import Request, State

__all__ = ["ROUTES", "about_state", "description", "dump", "service_description", "well_known"]

_FORMS = (
    Form("ttl", ("text/turtle", "text/html", "application/xhtml+xml")),  # what a browser shows; no HTML is made of it
    Form("jsonld", ("application/ld+json", "application/json")),
    Form("nt", ("application/n-triples", "text/plain")),
)
_ROOT = "/.well-known/"


def well_known(request: Request) -> Job:
    """Answer ``/.well-known/NAME``, also with the suffix of a form.

    Raises
    ------
    Refused
        404 if there is no such description, 406 if it does not exist in a form that the client takes.
    """
    name, dot, suffix = request.path.removeprefix(_ROOT).rstrip("/").partition(".")
    if name.startswith("sparql-examples/"):  # one example: the document that holds it
        name = "sparql-examples"
    if name not in DOCUMENTS or (dot and suffix not in FORMS):
        there = sorted(_ROOT + known for known in DOCUMENTS)
        raise Refused(404, "not-found", f"there is no {request.path}; there are {', '.join(there)}", available=there)
    asked = dict(request.query).get("format", "") or suffix
    if asked and asked not in FORMS:
        raise Refused(406, "not-acceptable", f"there is no form {asked!r}", available=list(FORMS))
    form = asked or choose(request.headers.get("accept", ""), _FORMS).name
    return _job(request, name, form)


def service_description(request: Request) -> Job:
    """Answer ``/sparql`` without a query, for clients that want RDF.

    Raises
    ------
    Refused
        406 if the client takes none of the forms.
    """
    return _job(request, "service-description", choose(request.headers.get("accept", ""), _FORMS).name)


def dump(request: Request) -> Job:
    """Answer ``/dumps/NAME``: the file that the snapshot was loaded from."""
    return Job("description", {"dump": request.path.removeprefix("/dumps/")}, etag="dump")


def _job(request: Request, name: str, form: str) -> Job:
    # The same snapshot is described otherwise at another address, and by another version of the templates.
    made_by = fragment(request.base_url, __version__)[:8]
    return Job("description", {"name": name, "form": form, "base_url": request.base_url}, f"{name}.{form}.{made_by}")


def description(state: State, payload: Mapping[str, Any]) -> Reply:
    """Do the job ``description``."""
    if "dump" in payload:
        return _dump(state, payload["dump"])
    name, form = payload["name"], payload["form"]
    key = f"description {name} {form} {payload['base_url']}"
    if key not in state.keep:
        state.keep[key] = document(about_state(state, payload["base_url"]), state.kg.templates, name, form)
    headers = (
        ("Vary", "Accept"),
        ("Content-Location", f"{payload['base_url']}{_ROOT}{name}.{form}"),
        *(("Link", f'<{payload["base_url"]}{_ROOT}{name}.{f}>; rel="alternate"; type="{FORMS[f]}"') for f in FORMS),
    )
    charset = "; charset=utf-8" if form == "ttl" else ""
    return Reply(state.keep[key], FORMS[form] + charset, headers=headers)


def about_state(state: State, base_url: str) -> About:
    """Give what is known about the graph that a worker has open; read once."""
    key = f"about {base_url}"
    found = state.keep.get(key)
    if not isinstance(found, About):
        snapshot = state.kg.snapshot
        found = state.keep[key] = about(state.kg, base_url, (snapshot_dump(snapshot),) if snapshot else ())
    return found


def _dump(state: State, name: str) -> Reply:
    snapshot = state.kg.snapshot
    if snapshot is None or name != snapshot.graph_path.name:
        there = [] if snapshot is None else [snapshot.graph_path.name]
        raise Refused(404, "not-found", f"there is no dump {name!r}; there are: {', '.join(there)}", available=there)
    size = snapshot.manifest.graph_bytes
    if size > state.options.max_bytes:
        raise Refused(422, "byte-limit", f"the dump has {size:,} bytes; this server gives {state.options.max_bytes:,}")
    headers = (
        ("Content-Disposition", f'attachment; filename="{name}"'),
        ("Link", f'<{snapshot.manifest.base_iri}.well-known/dcat>; rel="describedby"'),
    )
    return Reply(_copier(snapshot.graph_path), "application/zstd", headers=headers)


def _copier(path: Path) -> Callable[[BinaryIO], None]:
    def copy(out: BinaryIO) -> None:
        with path.open("rb") as file:
            shutil.copyfileobj(file, out, 1 << 16)

    return copy


ROUTES: tuple[Route, ...] = (
    Route("/.well-known/{name:path}", ("GET",), well_known),
    Route("/dumps/{name}", ("GET",), dump),
)
