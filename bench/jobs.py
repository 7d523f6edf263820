"""The jobs that are measured, each in a process of its own: ``python -m bench.jobs NAME ARGUMENT...``."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from siibra_kg import KnowledgeGraph
    from siibra_kg.model import Parcellation


def files(folder: str) -> list[Path]:
    return sorted(p for p in Path(folder).rglob("*") if p.suffix in (".jsonld", ".json"))


def read_and_json(folder: str) -> int:
    """Floor: read all files and parse the JSON."""
    import orjson

    return sum(len(orjson.loads(p.read_bytes())) for p in files(folder))


def pyoxigraph_bulk(folder: str) -> int:
    """Floor: read all files, let pyoxigraph parse and bulk-load them into memory."""
    import pyoxigraph as ox

    store = ox.Store()
    data = b"[" + b",".join(p.read_bytes() for p in files(folder)) + b"]"
    store.bulk_load(data, ox.RdfFormat.JSON_LD, base_iri="https://example.org/")
    return len(store)


def pyoxigraph_bulk_disk(folder: str, out: str) -> int:
    """The same onto disk, as a snapshot must be."""
    import shutil

    import pyoxigraph as ox

    shutil.rmtree(out, ignore_errors=True)
    store = ox.Store(out)
    data = b"[" + b",".join(p.read_bytes() for p in files(folder)) + b"]"
    store.bulk_load(data, ox.RdfFormat.JSON_LD, base_iri="https://example.org/")
    store.flush()
    return len(store)


def rdflib_json_ld(folder: str) -> int:
    """Peer: rdflib's JSON-LD parser, one array."""
    import rdflib

    graph = rdflib.Graph()
    data = b"[" + b",".join(p.read_bytes() for p in files(folder)) + b"]"
    graph.parse(data=data, format="json-ld")
    return len(graph)


def convert(folder: str) -> int:
    """This project: read, normalise, type, give IRIs; N-Triples out, no store."""
    from siibra_kg.config import Settings
    from siibra_kg.jsonld import Converter

    converter = Converter(Settings.from_environment().base_iri)
    return sum(converter.convert(str(p), p.read_bytes()).ntriples.count(b"\n") for p in files(folder))


def build(out: str) -> int:
    """This project: the whole build from the archive: read, convert, repairs, rules, snapshot on disk."""
    import siibra_kg

    return len(str(siibra_kg.build(sources=["openminds-archive"], out=Path(out))))


def build_both(out: str) -> int:
    """This project: the whole build of openMINDS and siibra-configurations from their archives."""
    import siibra_kg

    report = siibra_kg.build(sources=["openminds-archive", "siibra"], out=Path(out), require=["openminds", "siibra"])
    return report.triples


def beside(snapshot: str, name: str, *arguments: str) -> str:
    """This project: what the job of the same name in ``siibra_jobs.py`` does."""
    import json

    import siibra_kg

    with siibra_kg.open(snapshot) as kg:
        return json.dumps(BESIDE[name](kg, *arguments))


def _first_feature(kg: KnowledgeGraph, parcellation: str, region: str) -> dict[str, float]:
    return {"found": len(kg.features(kg.region(region, parcellation), "ReceptorDensityFingerprint"))}


def _all_modalities(kg: KnowledgeGraph, parcellation: str, region: str) -> dict[str, float]:
    here, seconds, found = kg.region(region, parcellation), [], 0
    for _ in range(5):
        start = time.perf_counter()
        matches = kg.features(here, anchoring="siibra")
        seconds.append(time.perf_counter() - start)
        found = sum(match.feature.size for match in matches)
    return {"first": seconds[0], "again": min(seconds[1:]), "found": found}


def _lookups(kg: KnowledgeGraph, file: str) -> dict[str, float]:
    import json

    wanted = json.loads(Path(file).read_text(encoding="utf-8"))
    trees = {name: kg.parcellation(name) for name in sorted({p for p, _ in wanted})}
    seconds, found = [], 0
    for _ in range(2):
        start = time.perf_counter()
        found = sum(_is_one(kg, spec, trees[parcellation]) for parcellation, spec in wanted)
        seconds.append(time.perf_counter() - start)
    return {"first": seconds[0], "again": seconds[1], "found": found}


def _is_one(kg: KnowledgeGraph, spec: str, parcellation: Parcellation) -> bool:
    from siibra_kg.errors import AmbiguousName, NoSuchName

    try:
        return kg.region(spec, parcellation) is not None
    except (NoSuchName, AmbiguousName):
        return False


def _map_indices(kg: KnowledgeGraph, parcellation: str) -> dict[str, float]:
    import siibra_kg

    seconds = []
    with siibra_kg.open(kg.snapshot.path if kg.snapshot else None, in_memory=True) as memory:
        for graph in (kg, memory):
            here = graph.parcellation(parcellation)
            for _ in range(3):
                start = time.perf_counter()
                found = len({row.iri for row in graph.query("map/index", release=here)})
                seconds.append(time.perf_counter() - start)
    return {"first": seconds[0], "again": min(seconds[1:3]), "memory": min(seconds[3:]), "found": found}


BESIDE = {
    "first_feature": _first_feature,
    "all_modalities": _all_modalities,
    "lookups": _lookups,
    "map_indices": _map_indices,
}


def bare_open(store: str, query: str) -> int:
    """Floor: the bare engine, open a store on disk and answer one query."""
    import pyoxigraph as ox

    return sum(1 for _ in ox.Store.read_only(store).query(query, use_default_graph_as_union=True))


def own_open(snapshot: str) -> int:
    """This project in Python: open the snapshot and answer one template."""
    import siibra_kg

    return len(siibra_kg.open(snapshot).query("hierarchy/descendants", region=POSTCENTRAL))


def own_import() -> int:
    """Import this project."""
    import siibra_kg

    return len(siibra_kg.__version__)


POSTCENTRAL = "https://openminds.om-i.org/instances/parcellationEntity/JBA_postcentralGyrus"

if __name__ == "__main__":
    print(globals()[sys.argv[1]](*sys.argv[2:]))
