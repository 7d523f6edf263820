"""The push itself: graph by graph, chunk by chunk, then everything is counted."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from siibra_kg.push.addresses import addresses
from siibra_kg.push.parts import parts_of
from siibra_kg.push.report import PushedGraph, PushReport
from siibra_kg.push.state import State, read_state
from siibra_kg.push.target import Target
from siibra_kg.push.values import value_of
from siibra_kg.resources import folder
from siibra_kg.stores.native import read_triples
from siibra_kg.templates import Catalog
from siibra_kg.web.send import Credentials, Sender

if TYPE_CHECKING:
    from collections.abc import Iterable

    from siibra_kg.build.snapshot import Snapshot
    from siibra_kg.progress import Progress
    from siibra_kg.push.parts import Part

__all__ = ["push"]

#: Larger graphs are counted but not compared: a store with a limit of 10,000 rows would not give them whole.
_COMPARED = 5_000
#: Nor are those with longer texts: Virtuoso cannot sort them ("SR319: Max row length is exceeded").
_LONGEST = 1_000


def push(
    snapshot: Snapshot,
    url: str,
    *,
    query_url: str = "",
    by_update: bool = False,
    credentials: Credentials | None = None,
    chunk_triples: int = 20_000,
    chunk_bytes: int = 4_000_000,
    timeout: float = 300.0,
    prune: bool = False,
    pause: float = 0.5,
    progress: Progress | None = None,
) -> PushReport:
    """Load a snapshot into another store, graph by graph; a push that was broken off goes on where it was.

    Each named graph of the snapshot is replaced at the target (SPARQL 1.1 Graph Store HTTP Protocol: PUT of a first
    chunk, POST of further ones). Other graphs are left alone. At the end all triples are counted there, and graphs of
    up to 5,000 triples that hold no long texts are compared by value.

    Parameters
    ----------
    snapshot
        From :func:`siibra_kg.build.snapshot.find`.
    url
        Graph Store, for instance ``http://localhost:7878/store``.
    query_url
        SPARQL endpoint for the counts; guessed from ``url`` where a known product lays it out so.
    by_update
        ``url`` is an update endpoint: ``INSERT DATA`` is sent instead, to stores that have no Graph Store.
    credentials
        User and password, sent to the origin of ``url`` alone, by Basic or Digest as it asks.
    chunk_triples, chunk_bytes
        A chunk has at most so many triples and bytes; a single triple may be longer.
    timeout
        Seconds that one request may take.
    prune
        Remove graphs below the base of minted IRIs that the snapshot does not have.
    pause
        Seconds before a failed request is sent again; doubled each time.
    progress
        Called with (step, triples done, all).

    Returns
    -------
    PushReport
        What is there; ``ok`` tells whether it is as it should be.

    Raises
    ------
    PushFailed
        If the target refuses, cannot be reached, or does not answer in time. What has arrived is kept.
    SnapshotError
        If the snapshot is damaged.

    Examples
    --------
    >>> from siibra_kg.build.snapshot import find
    >>> from siibra_kg.config import Settings
    >>> snapshot = find(None, Settings.from_environment())                # doctest: +SKIP
    >>> push(snapshot, "http://localhost:7878/store").ok                  # doctest: +SKIP
    True
    """
    begin = time.monotonic()
    where = addresses(url, query_url, by_update=by_update)
    show: Progress = progress or _silent
    with Sender(url, credentials, timeout) as sender:
        target = Target(where, sender, Catalog(folder("queries")), pause=pause)
        marker = f"{snapshot.manifest.base_iri}graph/push"
        state = read_state(target, marker, snapshot.manifest.content_hash)  # also shows whether anybody answers
        resumed = bool(state.arrived)
        if not resumed:
            state.write()  # and whether it may be written to, before a large file is taken apart
        with parts_of(snapshot, show) as parts:
            sent = _sent(parts, state, show, (chunk_triples, chunk_bytes))
            pruned = _prune(target, snapshot, marker) if prune else ()
            graphs = tuple(_checked(part, sent[part.graph], state) for part in parts)
        if all(graph.ok for graph in graphs):
            state.done()
    return PushReport(
        url,
        where.query,
        snapshot.manifest.content_hash,
        tuple(sorted(graphs, key=lambda g: g.graph)),
        pruned,
        resumed,
        time.monotonic() - begin,
    )


def _sent(parts: Iterable[Part], state: State, show: Progress, most: tuple[int, int]) -> dict[str, int]:
    """Send what is missing; gives the number of triples sent for each graph."""
    parts, target = tuple(parts), state.target
    total = sum(part.triples for part in parts)
    out: dict[str, int] = {}
    before = 0
    for part in parts:
        start = _start(part, state)
        have = start
        for number, body in part.chunks(start, *most):
            (target.add if have else target.replace)(part.graph, body)
            have += number
            state.has(part.graph, have)
            show("sending", before + have, total)
        before += part.triples
        out[part.graph] = have - start
    show("sending", total, total)
    return out


def _start(part: Part, state: State) -> int:
    """Tell how many triples of a graph need not be sent: none, unless the target still has what it was sent."""
    arrived = state.arrived.get(part.graph, 0)
    if not arrived or arrived > part.triples:
        return 0
    found = _count(part.graph, state.target)
    # A chunk may have arrived that was not noted any more; fewer triples mean that somebody took some away.
    return arrived if arrived <= found <= part.triples else 0


def _checked(part: Part, sent: int, state: State) -> PushedGraph:
    found = _count(part.graph, state.target)
    compared = part.triples <= _COMPARED and part.longest <= _LONGEST
    differences = _differences(part, state.target) if compared else None
    graph = PushedGraph(part.graph, part.triples, found, sent, differences)
    if not graph.ok:
        state.forget(part.graph)  # the next push sends it anew
    return graph


def _count(graph: str, target: Target) -> int:
    return int(target.ask("graph/size", {"named_graph": graph}).cells[0][0])


def _differences(part: Part, target: Target) -> int:
    """Count the triples that are on one side only, by value."""
    here = {(str(s), str(p), value_of(o)) for s, p, o in read_triples(b"".join(part.lines()), "nt", part.graph)}
    there = {
        (str(s), str(p), value_of(o)) for s, p, o in target.ask("graph/content", {"named_graph": part.graph}).cells
    }
    return len(here ^ there)


def _prune(target: Target, snapshot: Snapshot, marker: str) -> tuple[str, ...]:
    below = target.ask("graph/names", {"begin": snapshot.manifest.base_iri})
    known = {*snapshot.manifest.graphs, marker}
    gone = tuple(str(graph) for graph, _ in below.cells if graph not in known)
    for graph in gone:
        target.remove(graph)
    return gone


def _silent(_what: str, _done: int, _total: int | None, /) -> None:
    """Show nothing."""
