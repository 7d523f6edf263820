"""Stores: SPARQL text in, plain values out. An engine is imported when its store is first asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from siibra_kg.stores.protocol import Solutions, Store, WritableStore

if TYPE_CHECKING:
    from siibra_kg.stores.endpoint import EndpointStore
    from siibra_kg.stores.opening import open_store
    from siibra_kg.stores.oxigraph import OxigraphStore, check_syntax
    from siibra_kg.stores.rdflib import RdflibStore

__all__ = [
    "EndpointStore",
    "OxigraphStore",
    "RdflibStore",
    "Solutions",
    "Store",
    "WritableStore",
    "check_syntax",
    "open_store",
]

_HOMES = {
    "EndpointStore": "endpoint",
    "OxigraphStore": "oxigraph",
    "RdflibStore": "rdflib",
    "check_syntax": "oxigraph",
    "open_store": "opening",
}


def __getattr__(name: str) -> Any:  # noqa: ANN401  PEP 562: rdflib takes 100 ms to import, SPARQLWrapper 50
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module  # noqa: PLC0415

    return getattr(import_module(f"{__name__}.{home}"), name)
