"""The jobs of the peer, siibra-python, in an interpreter of its own: ``python siibra_jobs.py NAME [ARGUMENT]...``.

Prints one JSON object: seconds of the parts that are timed inside the process, and how many things were found. Only
what needs no network is asked: features are matched one by one, as ``siibra.features.get`` does, without the merging
of results into compounds, for which siibra fetches dataset records.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

# The classes whose instances come from the configuration alone and whose anchors need no remote file.
CLASSES = (
    "ReceptorDensityFingerprint",
    "ReceptorDensityProfile",
    "CellDensityProfile",
    "LayerwiseCellDensity",
    "StreamlineCounts",
    "StreamlineLengths",
    "FunctionalConnectivity",
    "AnatomoFunctionalConnectivity",
    "TracingConnectivity",
    "RegionalBOLD",
)


def _classes() -> list:
    from siibra.features.feature import Feature

    todo, found = [Feature], {}
    while todo:
        cls = todo.pop()
        found.setdefault(cls.__name__, cls)
        todo += cls.__subclasses__()
    return [found[name] for name in CLASSES]


def first_feature(parcellation: str, region: str) -> dict:
    """Start, import, find one region, give its receptor fingerprints."""
    import siibra

    here = siibra.get_region(parcellation, region)
    return {"found": len(siibra.features.get(here, "ReceptorDensityFingerprint"))}


def all_modalities(parcellation: str, region: str) -> dict:
    """Give the features of every modality for one region: the first time, and again."""
    import siibra

    here = siibra.get_region(parcellation, region)
    classes, seconds, found = _classes(), [], 0
    for _ in range(3):
        start = time.perf_counter()
        found = sum(1 for cls in classes for f in cls._get_instances() if f.matches(here))
        seconds.append(time.perf_counter() - start)
    return {"first": seconds[0], "again": min(seconds[1:]), "found": found}


def lookups(file: str) -> dict:
    """Look up many regions: ``[[parcellation, spec], ...]``; twice, because siibra keeps what it has seen."""
    import siibra

    wanted = json.loads(Path(file).read_text(encoding="utf-8"))
    trees = {name: siibra.parcellations[name] for name in sorted({p for p, _ in wanted})}
    seconds, found = [], 0
    for _ in range(2):
        start = time.perf_counter()
        found = sum(_is_one(trees[parcellation], spec) for parcellation, spec in wanted)
        seconds.append(time.perf_counter() - start)
    return {"first": seconds[0], "again": seconds[1], "found": found}


def _is_one(parcellation: object, spec: str) -> bool:
    try:
        return parcellation.get_region(spec) is not None
    except (ValueError, RuntimeError):
        return False


def map_indices(parcellation: str) -> dict:
    """Resolve every region of every map of a parcellation to its label and volume."""
    import siibra

    here = siibra.parcellations[parcellation]
    maps = [m for m in siibra.maps if m.parcellation == here]
    start = time.perf_counter()
    found = {name for m in maps for name in m.regions if m.find_indices(name)}
    return {"first": time.perf_counter() - start, "found": len(found)}


JOBS = {
    "first_feature": first_feature,
    "all_modalities": all_modalities,
    "lookups": lookups,
    "map_indices": map_indices,
}

if __name__ == "__main__":
    print(json.dumps(JOBS[sys.argv[1]](*sys.argv[2:])))
