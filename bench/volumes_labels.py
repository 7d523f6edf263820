"""Label maps, timed: all masks, all measurements, the index; peers run beside in ``bench.volumes``.

Alone: ``python -m bench.volumes_labels HCPEx.nii`` prints medians in seconds as JSON.
"""

from __future__ import annotations

import json
import shutil
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from bench.volume_inputs import Inputs

    Job = Callable[[], object]

__all__ = ["JOBS", "own"]

_SPACE = "https://openminds.om-i.org/instances/commonCoordinateFrameworkVersion/MNI-ICBM152_nonlinear-2009c-asym"
ROUNDS = 9


def masks(inputs: Inputs) -> Job:
    """All masks as volumes, each an array of the box of its region; the index is built. Gives the total of voxels."""
    return _all_masks(inputs.labels, cropped=True)


def masks_full(inputs: Inputs) -> Job:
    """All masks as volumes of the whole grid, one after the other; the index is built. Gives the total of voxels."""
    return _all_masks(inputs.labels, cropped=False)


def measure(inputs: Inputs) -> Job:
    """Centroid, box and volume of all regions as a table; the index is built. Gives sums of volumes and of x."""
    labels = _label_map(inputs.labels)

    def job() -> object:
        for kept in ("_boxes", "_measures"):
            vars(labels).pop(kept, None)
        table = labels.measure()
        return [sum(table.column("volume")), sum(table.column("x"))]

    return job


def index(inputs: Inputs) -> Job:
    """Build the index of the label array. Gives the number of labels."""
    from siibra_kg.volumes import LabelIndex

    array = _label_map(inputs.labels).volume.array
    return lambda: len(LabelIndex.of(array).labels)


def reopen(inputs: Inputs) -> Job:
    """Open the index from disk, with all checks. Gives the number of labels."""
    from siibra_kg.volumes import LabelIndex

    folder = Path(inputs.work) / "label-index"
    _label_map(inputs.labels).index.save(folder)
    return lambda: len(LabelIndex.open(folder).labels)


JOBS = {"masks": masks, "masks-full": masks_full, "measure": measure, "index": index, "reopen": reopen}


def own(hcpex: str | Path, rounds: int = ROUNDS) -> dict[str, float]:
    """Time all jobs on a label file: CPU seconds, median of some rounds."""
    from bench.volume_inputs import Inputs

    work = Path(tempfile.mkdtemp())
    inputs = Inputs(labels=Path(hcpex), work=work, **dict.fromkeys(_OTHERS, work))  # type: ignore[arg-type]
    found = {}
    for name, prepare in JOBS.items():
        job = prepare(inputs)
        times = []
        for _ in range(rounds):
            start = time.process_time()
            job()
            times.append(time.process_time() - start)
        found[name] = statistics.median(times)
    shutil.rmtree(work)
    return found


_OTHERS = ("maps", "points", "points_on_maps", "image", "image_on_maps")


def _all_masks(path: Path, *, cropped: bool) -> Job:
    import numpy as np

    labels = _label_map(path)

    def job() -> object:
        return sum(int(np.count_nonzero(mask.array)) for mask in labels.masks(cropped=cropped))

    # Counting is part of what is timed, as it is for peers: it shows that every mask was made.
    return job


def _label_map(path: Path) -> Any:
    import nibabel as nib
    import numpy as np

    from siibra_kg.terms import IRI
    from siibra_kg.volumes import LabelMap, Volume

    image: Any = nib.load(path)
    array = np.asarray(image.dataobj).astype(np.uint16, order="F")
    labels = LabelMap(Volume(array, image.affine, IRI(_SPACE), kind="labelled"))
    labels.index  # noqa: B018  built on first use
    return labels


if __name__ == "__main__":
    print(json.dumps(own(sys.argv[1]), indent=1))
