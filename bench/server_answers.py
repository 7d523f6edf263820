"""Whole answers of the server: large results beside the engine's own serialisation, pages, search."""

from __future__ import annotations

import random
import statistics
import time
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

from bench.server_process import Served, get

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

__all__ = ["WORDS", "answers", "path_of"]

ROWS = "SELECT ?s ?p ?o WHERE {{ ?s ?p ?o }} LIMIT {0}"
MANY = 15_000
SLOWER = 1.3
SEARCH_LIMIT = 20.0
#: What people may type, beside parts of names by chance.
WORDS = ("hippocampus", "amygdala left", "area 44", "hOc1", "ca1", "gyrus", "julich", "v1", "no such thing", "a")


def answers(own: Served, snapshot: Path, iris: list[str], runs: int) -> None:
    """Measure and print."""
    print(f"\n## Whole answers (ms, medians; {MANY:,} rows beside the engine's own serialisation in this process)\n")
    print(f"| {'':<38} | {'ours':>8} | {'engine':>8} | {'ratio':>6} | {'MB':>5} | {'limit':<8} |")
    print(f"|{'-' * 40}|{'-' * 10}|{'-' * 10}|{'-' * 8}|{'-' * 7}|{'-' * 10}|")
    for line in _large(own, snapshot, runs):
        print(line)
    chance = random.Random(1)
    pages = [path_of(iri) for iri in chance.sample(iris, min(200, len(iris)))]
    times(own, "page of a region, HTML", pages, "text/html")
    times(own, "page of a region, Turtle", pages, "text/turtle")
    times(own, "search", [f"/search?q={quote(word)}" for word in WORDS] * 10, "application/json", SEARCH_LIMIT)


def _large(own: Served, snapshot: Path, runs: int) -> list[str]:
    import pyoxigraph as ox

    formats = {
        "application/sparql-results+json": ox.QueryResultsFormat.JSON,
        "text/csv": ox.QueryResultsFormat.CSV,
        "text/tab-separated-values": ox.QueryResultsFormat.TSV,
        "application/sparql-results+xml": ox.QueryResultsFormat.XML,
    }
    engine = ox.Store.read_only(str(snapshot / "store"))
    out = []
    for media_type, form in formats.items():
        mine, theirs, size = [], [], 0
        for run in range(runs):
            query = ROWS.format(MANY + run)  # never the same twice: no answer is kept from before
            size = _timed(lambda q=query, m=media_type: _asked(own, q, m), mine)  # type: ignore[misc]
            _timed(lambda q=query, f=form: _serialised(engine, q, f), theirs)  # type: ignore[misc]
        a, b = statistics.median(mine), statistics.median(theirs)
        mark = "" if a <= SLOWER * b else " !"
        what = f"{MANY:,} rows, {media_type.rpartition('/')[2]}"
        ratio = f"{a / b:>5.2f}x"
        out.append(f"| {what:<38} | {a:>8.1f} | {b:>8.1f} | {ratio} | {size / 1e6:>5.1f} | <= {SLOWER}x  |{mark}")
    return out


def _timed(job: Callable[[], int], into: list[float]) -> int:
    start = time.perf_counter()
    size = job()
    into.append((time.perf_counter() - start) * 1000)
    return size


def _asked(own: Served, query: str, media_type: str) -> int:
    status, body = get(own.url, "/sparql?query=" + quote(query), media_type)
    assert status == 200, body[:500]
    return len(body)


def _serialised(engine: object, query: str, form: object) -> int:
    found = engine.query(query, use_default_graph_as_union=True)  # type: ignore[attr-defined]
    return len(found.serialize(format=form))


def times(own: Served, what: str, asked: list[str], accept: str, limit: float = 0.0) -> None:
    """Ask one after the other, and print median, 99th percentile and the limit."""
    seconds: list[float] = []
    for path in asked:
        start = time.perf_counter()
        status, _ = get(own.url, path, accept)
        seconds.append((time.perf_counter() - start) * 1000)
        if status != 200:
            print(f"NOT MEASURED: {what}: {path} is answered with {status}")
            return
    p50, p99 = statistics.median(seconds), sorted(seconds)[int(0.99 * (len(seconds) - 1))]
    mark = " !" if limit and p99 > limit else ""
    told = f"; limit: {limit:g} ms" if limit else ""
    print(f"\n{what}: {p50:.1f} ms, 99 of 100 within {p99:.1f} ms ({len(asked)} asked{told}){mark}")


def path_of(iri: str) -> str:
    """Give the path at which this server answers for an IRI."""
    base = "https://w3id.org/siibra-kg/"
    return (
        urlsplit(iri).path.replace("/siibra-kg", "", 1)
        if iri.startswith(base)
        else f"/resource?iri={quote(iri, safe='')}"
    )
