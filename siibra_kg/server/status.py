"""How the server is: ``/-/health``, ``/-/versions``, ``/-/settings``, ``/-/workers``."""

from __future__ import annotations

import platform
from dataclasses import asdict
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any

import orjson

from siibra_kg.server.job import Reply, Route
from siibra_kg.version import __version__

if TYPE_CHECKING:
    from collections.abc import Callable

    from siibra_kg.server.job import Request

__all__ = ["status_routes"]

_LIBRARIES = ("pyoxigraph", "starlette", "uvicorn", "httptools", "uvloop", "jinja2")
_NOT_KEPT = (("Cache-Control", "no-store"),)


def status_routes(info: Callable[[], dict[str, Any]]) -> tuple[Route, ...]:
    """Make the routes; ``info`` tells how the workers are."""

    def health(request: Request) -> Reply:
        workers = info()["workers"]
        fine = any(worker["state"] in ("idle", "busy") for worker in workers)
        return _json({"status": "ok" if fine else "starting", "snapshot": request.snapshot}, 200 if fine else 503)

    def versions(request: Request) -> Reply:
        found = {"siibra-kg": __version__, "python": platform.python_version(), "snapshot": request.snapshot}
        return _json({**found, **{name: _version(name) for name in _LIBRARIES}})

    def settings(request: Request) -> Reply:
        options = asdict(request.options) if request.options is not None else {}
        return _json({**options, "base_url": request.base_url, "base_iri": request.base_iri})

    def workers(request: Request) -> Reply:  # noqa: ARG001  a handler takes a request
        return _json(info())

    handlers = {"health": health, "versions": versions, "settings": settings, "workers": workers}
    return tuple(Route(f"/-/{name}", ("GET",), handler) for name, handler in handlers.items())


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return ""


def _json(document: dict[str, Any], status: int = 200) -> Reply:
    return Reply(orjson.dumps(document), "application/json", status, _NOT_KEPT)
