"""Joins this graph with other SPARQL endpoints by a bounded client, never by an engine's own SERVICE."""

from siibra_kg.federation.answer import Call, FederatedTable
from siibra_kg.federation.federation import Federation, Preset, federate, presets
from siibra_kg.federation.fetch import Limits
from siibra_kg.federation.rewrite import rewrite
from siibra_kg.federation.run import run_federated
from siibra_kg.web.guarded import Client, Endpoint

__all__ = [
    "Call",
    "Client",
    "Endpoint",
    "FederatedTable",
    "Federation",
    "Limits",
    "Preset",
    "federate",
    "presets",
    "rewrite",
    "run_federated",
]
