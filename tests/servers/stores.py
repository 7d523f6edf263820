"""Every kind of store over the same quads, for tests that must hold for all of them."""

from __future__ import annotations

import os
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from servers import Unavailable
from servers.oxigraph_server import oxigraph_server
from servers.virtuoso_server import virtuoso_server
from siibra_kg.stores import EndpointStore, OxigraphStore, RdflibStore

if TYPE_CHECKING:
    from collections.abc import Iterator

    from siibra_kg.stores import Store

__all__ = ["EMBEDDED", "STORES", "opened"]

EMBEDDED = ("memory", "disk", "rdflib")
STORES = (*EMBEDDED, *(pytest.param(name, marks=pytest.mark.server) for name in ("oxigraph-server", "virtuoso")))


def _graphs(nquads: bytes) -> list[str]:
    store = OxigraphStore.memory()
    store.load(nquads, "nq")
    return sorted({str(q.graph) for q in store.quads()})


@contextmanager
def opened(kind: str, nquads: bytes) -> Iterator[Store]:
    """Open a store of a kind that holds the quads.

    Where a server cannot be had the test is skipped with the reason, and fails in CI.
    """
    if kind == "memory":
        memory = OxigraphStore.memory()
        memory.load(nquads, "nq")
        yield memory
    elif kind == "rdflib":
        rdflib = RdflibStore()
        rdflib.load(nquads, "nq")
        yield rdflib
    elif kind == "disk":
        with tempfile.TemporaryDirectory(prefix="store-") as folder:
            with OxigraphStore.open(Path(folder), read_only=False) as writer:
                writer.load(nquads, "nq")
            yield OxigraphStore.open(folder)
    else:
        serve = {"oxigraph-server": oxigraph_server, "virtuoso": virtuoso_server}[kind]
        try:
            running = serve(nquads)
            url = running.__enter__()
        except Unavailable as reason:
            if os.environ.get("CI", "").lower() in ("1", "true", "yes"):
                pytest.fail(f"{kind} must run in CI: {reason}")
            pytest.skip(f"{kind}: {reason}")
        try:
            # Virtuoso holds graphs of its own from the start; the Oxigraph server holds ours alone, and naming them
            # all in each request costs it most of its speed.
            yield EndpointStore(url, timeout=120, graphs=_graphs(nquads) if kind == "virtuoso" else ())
        finally:
            running.__exit__(None, None, None)
