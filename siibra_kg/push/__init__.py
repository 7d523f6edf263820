"""Loads a snapshot into another SPARQL 1.1 Graph Store: by named graph, in chunks, resumable, verified by counts."""

from __future__ import annotations

from siibra_kg.push.addresses import Addresses, addresses
from siibra_kg.push.report import PushedGraph, PushFailed, PushReport
from siibra_kg.push.run import push
from siibra_kg.web.send import Credentials

__all__ = ["Addresses", "Credentials", "PushFailed", "PushReport", "PushedGraph", "addresses", "push"]
