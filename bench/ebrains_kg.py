"""Pulling the EBRAINS Knowledge Graph: ``python -m bench.ebrains_kg``. 20,000 instances from a stand-in on loopback.

The stand-in is a process of its own and answers from memory. The floor asks it for the same pages and parses the JSON,
nothing else; ours keeps them, converts them and loads the triples into a store that answers SPARQL.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.parse
import urllib.request
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["LEAST", "NUMBER", "figures"]

NUMBER = 20_000
#: Instances of a second that have to arrive in the graph.
LEAST = 5_000
_TYPES = "https://openminds.om-i.org/types/"
_KINDS = ("DOI", "Dataset", "DatasetVersion", "File", "FileRepository", "License")


@contextmanager
def _stub(number: int) -> Iterator[str]:
    """Run the stand-in; gives its host."""
    command = [sys.executable, "-m", "tests.servers.kg_stub", str(number)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        host = f"localhost:{int(process.stdout.readline())}"
        _floor(host)  # the stand-in makes its answers when it is first asked
        yield host
    finally:
        process.stdin.close()
        process.wait(10)


def _floor(host: str) -> int:
    """Ask for all pages and parse them."""
    number = 0
    for kind in _KINDS:
        start, total = 0, 1
        while start < total:
            params = {"type": _TYPES + kind, "from": start, "size": 500, "stage": "RELEASED"}
            url = f"http://{host}/v3/instances?{urllib.parse.urlencode(params)}"
            request = urllib.request.Request(url, headers={"Authorization": "Bearer good"})
            with urllib.request.urlopen(request, timeout=30) as answer:
                page = json.loads(answer.read())
            start, total = start + len(page["data"]), page["total"]
        number += start
    return number


def _into_graph(host: str) -> int:
    """Pull, convert, load."""
    from siibra_kg.build.engine import Workbench
    from siibra_kg.config import Settings
    from siibra_kg.jsonld import Converter
    from siibra_kg.sources import resolve

    with tempfile.TemporaryDirectory() as folder, closing(Workbench()) as bench:
        settings = Settings(home=Path(folder) / "home", cache=Path(folder) / "cache", ebrains_host=host)
        converter = Converter(settings.base_iri)
        number, texts = 0, []
        for document in resolve("kg", settings).documents():
            texts.append(converter.convert(document.path, document.data).ntriples)
            number += 1
            if len(texts) == 2000:
                bench.load(b"".join(texts))
                texts.clear()
        bench.load(b"".join(texts))
        assert bench.has_class(f"{_TYPES}DatasetVersion")
    return number


def _worker(what: str, host: str) -> None:
    """Do it once, imports apart, and print seconds and how many."""
    import siibra_kg.build.engine
    import siibra_kg.jsonld
    import siibra_kg.sources

    assert siibra_kg
    began = time.perf_counter()
    number = {"floor": _floor, "ours": _into_graph}[what](host)
    print(json.dumps({"seconds": time.perf_counter() - began, "cpu": time.process_time(), "number": number}))


def figures(runs: int = 5) -> dict[str, dict[str, float]]:
    """Give medians of seconds and of instances per second, for the floor and for ours."""
    out: dict[str, list[dict[str, float]]] = {"floor": [], "ours": []}
    env = {**os.environ, "KG_AUTH_TOKEN": "good"}
    env = {k: v for k, v in env.items() if k not in ("SIIBRA_KG_MIRROR", "SIIBRA_KG_OFFLINE")}
    with _stub(NUMBER) as host:
        for _ in range(runs):
            for what, found in out.items():
                command = [sys.executable, "-m", "bench.ebrains_kg", "--worker", what, host]
                done = subprocess.run(command, check=True, capture_output=True, text=True, env=env)
                found.append(json.loads(done.stdout))
    result = {}
    for what, found in out.items():
        seconds = statistics.median(f["seconds"] for f in found)
        assert {f["number"] for f in found} == {NUMBER}
        result[what] = {"seconds": seconds, "per second": NUMBER / seconds}
    return result


def main() -> int:
    """Print the figures; the exit code is 1 where the limit is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--worker", nargs=2)
    parser.add_argument("--runs", type=int, default=5)
    given = parser.parse_args()
    if given.worker:
        _worker(*given.worker)
        return 0
    told = figures(given.runs)
    names = {"floor": "ask for all pages, parse JSON", "ours": "siibra_kg: pull, keep, convert, load"}
    for what, found in told.items():
        print(f"{names[what]:<40} {found['seconds']:6.2f} s {found['per second']:>8,.0f} instances/s")
    print(f"limit: at least {LEAST:,} instances/s into the graph")
    return 0 if told["ours"]["per second"] >= LEAST else 1


if __name__ == "__main__":
    raise SystemExit(main())
