"""Jobs that tests of the pool give to its workers."""

from __future__ import annotations

from siibra_kg.server.job import Reply


def echo(state, payload):
    """Give back what was sent."""
    return Reply(payload["text"].encode(), "text/plain")


def ask(state, payload):
    """Ask the graph something small."""
    table = state.kg.store.ask("ASK { ?s a ?c }")
    return Reply(str(table).encode(), "text/plain")
