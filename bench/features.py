"""Matrices of many subjects: ``python -m bench.features``. The mean over an archive, beside numpy on the same text.

Every job runs in a process of its own, in turn. numpy gets the texts unpacked, one file after the other, and adds them
up; this project opens the archive, finds and unpacks the members, reads them, adds up mean and deviation, and writes
both to its cache. The graph is a small one, so that its size is no part of the figures.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
import zipfile
from pathlib import Path

from bench.measure import Figures, in_turn, run_once
from siibra_kg import resources
from siibra_kg.vocab import NAMESPACES

__all__ = ["averaging"]

REGIONS, SUBJECTS, FEW = 294, 200, 20
#: How many times numpy's time the mean may take, and the seconds that it may take when it is asked for again.
RATIO, AGAIN = 1.5, 0.010
#: Megabytes that ten times as many subjects may take more.
MORE = 8.0
FEATURE = "https://example.org/matrices"


def _make(folder: Path, subjects: int) -> None:
    """Write matrices of made-up numbers as an archive, as files, and the graph that describes them."""
    import numpy as np

    draw = np.random.default_rng(0)
    (folder / "texts").mkdir(parents=True)
    archive = folder / "matrices.zip"
    lines = [
        f"<{FEATURE}> a skg:Feature , skg:FunctionalConnectivity ; skos:prefLabel 'matrices' ; skg:unitText '1' ;",
        f"  csvw:dialect <{FEATURE}/dialect> ; skg:indexedBy 'subject' ; skg:rowList <{FEATURE}/rows> .",
        f"<{FEATURE}/dialect> a csvw:Dialect ; csvw:delimiter ',' ; csvw:headerRowCount 0 .",
        *(f"<{FEATURE}/rows> skg:hasRow <{FEATURE}/row/{n}> ." for n in range(REGIONS)),
        *(f"<{FEATURE}/row/{n}> skg:position {n} ; rdfs:label 'region {n}' ." for n in range(REGIONS)),
    ]
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as out:
        for number in range(subjects):
            values = draw.random((REGIONS, REGIONS))
            text = "".join(",".join(f"{value:.6f}" for value in row) + "\n" for row in values.tolist())
            member = f"top/{number:03}/EmpCorrFC.csv"
            out.writestr(member, text)
            (folder / "texts" / f"{number:03}.csv").write_text(text)
            lines += [
                f"<{FEATURE}> skg:hasFile <{FEATURE}/{number}> .",
                f"<{FEATURE}/{number}> a skg:DataFile ; skg:fileRole 'data' ; dcat:downloadURL <{archive.as_uri()}> ;",
                f"  skg:member '{member}' ; skg:fileIndex '{number:03}' .",
            ]
    known = [(resources.folder("ontologies") / name).read_text("utf-8") for name in ("siibra-kg.ttl", "formats.ttl")]
    prefixes = [f"@prefix {prefix}: <{iri}> ." for prefix, iri in NAMESPACES.items()]
    (folder / "graph.ttl").write_text("\n".join([*known, *prefixes, *lines]), "utf-8")


def _ours(folder: Path, *, cold: bool) -> dict[str, float]:
    import warnings

    import numpy as np
    import pandas as pd

    import siibra_kg
    from siibra_kg.data_errors import TableWarning

    warnings.simplefilter("ignore", TableWarning)  # the rows are no regions of this graph
    assert np.ones(1).sum() == len(pd.DataFrame([1]))  # both are loaded before the clock starts, as numpy is below
    with tempfile.TemporaryDirectory() as cache:
        os.environ["SIIBRA_KG_CACHE"] = cache if cold else str(folder / "cache")
        kg = siibra_kg.open(folder / "graph.ttl")
        feature = kg.feature(FEATURE)
        files = len(feature.files)
        began = time.perf_counter()
        mean = feature.data
        first = time.perf_counter() - began
        began = time.perf_counter()
        again = feature.data
        later = time.perf_counter() - began
    assert (mean.to_numpy() == again.to_numpy()).all()
    return {"first": first, "again": later, "files": files, "sum": float(mean.to_numpy().sum())}


def _numpy(folder: Path) -> dict[str, float]:
    import numpy as np

    began, total, count = time.perf_counter(), np.zeros((REGIONS, REGIONS)), 0
    for path in sorted((folder / "texts").iterdir()):
        total += np.loadtxt(path, delimiter=",")
        count += 1
    total /= count
    return {"first": time.perf_counter() - began, "files": count, "sum": float(total.sum())}


def _told(figures: Figures, name: str) -> float:
    values = sorted(json.loads(printed)[name] for printed in figures.printed_all)
    return float(values[len(values) // 2])


def averaging(runs: int, work: Path) -> bool:
    """Measure and print the table; gives whether all limits hold.

    Parameters
    ----------
    runs
        Of each job.
    work
        A folder for the inputs.
    """
    many, few = work / "many", work / "few"
    _make(many, SUBJECTS)
    _make(few, FEW)

    def job(name: str, folder: Path) -> list[str]:
        return [sys.executable, "-m", "bench.features", "--worker", name, str(folder)]

    run_once(job("kept", many), Figures())  # fills the cache of the next process
    jobs = {
        "numpy": job("numpy", many),
        "many": job("ours", many),
        "few": job("ours", few),
        "kept": job("kept", many),
    }
    found = in_turn(jobs, runs)
    peer, mean, kept = _told(found["numpy"], "first"), _told(found["many"], "first"), _told(found["kept"], "first")
    again = _told(found["many"], "again")
    more = found["many"].peak - found["few"].peak
    assert abs(_told(found["numpy"], "sum") - _told(found["many"], "sum")) < 1e-6
    rows = (
        (f"floor: numpy.loadtxt of {SUBJECTS} unpacked texts, mean", peer, "", ""),
        (f"mean and deviation of {SUBJECTS} subjects in a zip", mean, f"{mean / peer:.2f}x", f"<= {RATIO:g}x"),
        ("the same again", again, "", f"< {AGAIN * 1000:.0f} ms"),
        ("the same in another process, from the cache", kept, "", ""),
    )
    print(f"\n## Matrices of {REGIONS} x {REGIONS} numbers\n\n| {'':<56} | {'s':>8} | {'ratio':>6} | {'limit':<8} |")
    print(f"|{'-' * 58}|{'-' * 10}|{'-' * 8}|{'-' * 10}|")
    for what, seconds, ratio, limit in rows:
        print(f"| {what:<56} | {seconds:>8.4f} | {ratio:>6} | {limit:<8} |")
    print(f"\nmemory: {more:+.1f} MB for {SUBJECTS} subjects beside {FEW} (limit {MORE:g} MB)")
    return mean <= RATIO * peer and again < AGAIN and more < MORE


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--worker", nargs=2)
    parser.add_argument("--runs", type=int, default=3)
    given = parser.parse_args()
    if given.worker:
        name, folder = given.worker
        told = _numpy(Path(folder)) if name == "numpy" else _ours(Path(folder), cold=name == "ours")
        print(json.dumps(told))
        return 0
    with tempfile.TemporaryDirectory() as work:
        return int(not averaging(given.runs, Path(work)))


if __name__ == "__main__":
    sys.exit(main())
