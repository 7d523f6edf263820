"""Probability maps, timed: 113 of them as one sparse index; peers run beside in ``bench.volumes``.

Alone: ``python -m bench.volumes_sparse`` prints medians of CPU seconds as JSON.
"""

from __future__ import annotations

import json
import statistics
import tempfile
import time
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from bench.volume_inputs import Inputs

    Job = Callable[[], object]

__all__ = ["JOBS", "own"]

_SPACE = "https://w3id.org/siibra-kg/id/space/mni152-nlin6-asym"
ROUNDS = 9


def open_maps(inputs: Inputs) -> Job:
    """Open the index from disk, with all checks. Gives the number of maps."""
    from siibra_kg.volumes.statistical.sparse_store import open_index, save_index

    folder = Path(inputs.work) / "sparse-index"
    save_index(_maps(inputs).index, folder)
    return lambda: len(open_index(folder)[0])


def points_maps(inputs: Inputs) -> Job:
    """100,000 points to 113 maps, with the data frame of all scores. Gives how many values it has."""
    import numpy as np

    from siibra_kg.volumes.assign import assign

    maps, points = _maps(inputs), np.load(inputs.points_on_maps)
    return lambda: int(assign(maps, points, space=_SPACE)["map value"].notna().sum())


def points_values(inputs: Inputs) -> Job:
    """100,000 points to 113 maps, with the data frame of the values only. Gives how many it has."""
    import numpy as np

    maps, points = _maps(inputs), np.load(inputs.points_on_maps)
    return lambda: int(maps.values_at(points)["value"].notna().sum())


def few_points_values(inputs: Inputs) -> Job:
    """As :func:`points_values`, of 1,000 points."""
    import numpy as np

    maps, points = _maps(inputs), np.load(inputs.points_on_maps)[:1000]
    return lambda: int(maps.values_at(points)["value"].notna().sum())


def image_maps(inputs: Inputs) -> Job:
    """One image against 113 maps, all scores. Gives how many maps it meets."""
    import nibabel as nib
    import numpy as np

    from siibra_kg.terms import IRI
    from siibra_kg.volumes import Volume
    from siibra_kg.volumes.assign import assign

    image: Any = nib.load(inputs.image_on_maps)
    volume = Volume(np.asarray(image.dataobj, order="F"), image.affine, IRI(_SPACE))
    maps = _maps(inputs)
    return lambda: len(assign(maps, volume, split_components=False))


def rebuild_map(inputs: Inputs) -> Job:
    """One map on the whole grid. Gives the sum of its values."""
    index = _maps(inputs).index
    return lambda: int(index.dense(5)[40, 100, 80])


def build_maps(inputs: Inputs) -> Job:
    """Read the file and build the index; 526 MB are unpacked from 4. Gives how many values it has."""
    return lambda: len(_read(inputs.maps)[0].values)


def most_probable(inputs: Inputs) -> Job:
    """The label map of the greatest values. Gives how many voxels have a label."""
    import numpy as np

    maps = _maps(inputs)
    return lambda: int(np.count_nonzero(maps.max_probability().volume.array))


JOBS = {
    "open-maps": open_maps,
    "points-maps": points_maps,
    "points-values": points_values,
    "few-points-values": few_points_values,
    "image-maps": image_maps,
    "rebuild-map": rebuild_map,
    "most-probable": most_probable,
    "build-maps": build_maps,
}


def own(paths: Inputs) -> dict[str, float]:
    """Time all jobs: CPU seconds, median of some rounds; of the build, of three."""
    found = {}
    for name, prepare in JOBS.items():
        job, times = prepare(paths), []
        for _ in range(3 if name == "build-maps" else ROUNDS):
            began = time.process_time()
            job()
            times.append(time.process_time() - began)
        found[name] = statistics.median(times)
    return found


def _read(path: Path) -> tuple[Any, Any]:
    from siibra_kg.volumes.files.nifti import open_nifti
    from siibra_kg.volumes.statistical.sparse_build import build

    with open_nifti(path) as file:
        return build(array for _, array in file.arrays()), file.header.affine


@cache
def _maps(inputs: Inputs) -> Any:
    from siibra_kg.terms import IRI
    from siibra_kg.volumes import MapColumn, StatisticalMap

    index, affine = _read(inputs.maps)
    columns = tuple(MapColumn(n, name=f"map {n}", volume_index=n) for n in range(len(index)))
    return StatisticalMap(index, affine, IRI(_SPACE), columns)


def main() -> None:
    """Print the medians."""
    from bench.volume_inputs import make

    with tempfile.TemporaryDirectory() as work:
        print(json.dumps(own(make(Path(work))), indent=1))


if __name__ == "__main__":
    main()
