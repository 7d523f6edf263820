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


def raw(state, payload):
    """Ask the engine itself: what the pool adds is what is left."""
    import pyoxigraph as ox

    found = state.kg.store.native.query(payload["q"], use_default_graph_as_union=True)
    return Reply(found.serialize(format=ox.QueryResultsFormat.JSON), "application/sparql-results+json")
