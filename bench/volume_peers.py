"""What peers do with the same inputs: siibra 1.0.1a25, nilearn, numba, numpy. Runs in the environment of the peers.

Nothing of this project is imported. Jobs of siibra that take minutes do a part and say so.
"""
# ruff: noqa: SLF001  siibra gets local data in place of what it would download

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from bench.volume_timing import extrapolated

if TYPE_CHECKING:
    from collections.abc import Callable

    from bench.volume_inputs import Inputs

    Job = Callable[[], object]

__all__ = ["JOBS"]

MNI152 = "minds/core/referencespace/v1.0.0/dafcffc5-4826-4bf1-8ff6-46b8a31ff8e2"
#: Regions, or maps, that the long jobs of siibra and nilearn do: so few and so many, for a line through both.
FEW, MANY = 3, 9


def labels_of(inputs: Inputs) -> tuple[np.ndarray, np.ndarray]:
    """The label array as whole numbers in the order of the file, and the affine."""
    import nibabel as nib

    image = nib.load(inputs.labels)
    return np.asarray(image.dataobj).astype(np.uint16, order="F"), image.affine


# ------------------------------------------------------------------------------------------------------------- siibra


def _volume(path: object) -> Any:
    import nibabel as nib
    import siibra

    return siibra.volumes.volume.from_nifti(nib.load(str(path)), MNI152, str(path))


def spread(rows: list[Any], number: int) -> list[Any]:
    """Some of the rows, from the first to the last in equal steps."""
    return [rows[i] for i in np.linspace(0, len(rows) - 1, number).astype(int)]


def _map(inputs: Inputs) -> Any:
    """siibra's map of the label file."""
    import siibra

    present = np.unique(labels_of(inputs)[0])[1:].tolist()
    return siibra.volumes.parcellationmap.Map(
        identifier="bench",
        name="bench",
        space_spec={"@id": MNI152},
        parcellation_spec={"name": "bench"},
        indices={f"region {label}": [{"volume": 0, "label": label}] for label in present},
        volumes=[_volume(inputs.labels)],
    )


def _some(mapping: Any, job: Any) -> Callable[[int], object]:
    """Let a job of a map run over some of its regions."""
    names, whole = list(mapping._indices), mapping._indices

    def run(number: int) -> object:
        mapping._indices = {name: whole[name] for name in spread(names, number)}
        try:
            return job()
        finally:
            mapping._indices = whole

    return run


def _named(mapping: Any) -> Any:
    """A parcellation with the map's region names: siibra's tables look them up."""
    import siibra
    from siibra.core import parcellation, region

    regions = [region.Region(name) for name in mapping.regions]
    known = parcellation.Parcellation(
        identifier="bench", name="bench", species=siibra.spaces[MNI152].species, regions=regions
    )
    mapping._parcellation = known
    type(mapping).parcellation = property(lambda self: self._parcellation)
    return mapping


def siibra_masks(inputs: Inputs) -> Job:
    mapping = _map(inputs)
    indices = [rows[0] for rows in mapping._indices.values()]

    def run(number: int) -> int:
        masks = (mapping.fetch(index=index) for index in spread(indices, number))
        return sum(int(np.count_nonzero(np.asanyarray(mask.dataobj))) for mask in masks)

    return extrapolated(run, FEW, 4 * MANY, len(indices))


def siibra_measure(inputs: Inputs) -> Job:
    mapping = _map(inputs)
    run = _some(mapping, lambda: len(mapping.compute_centroids(split_components=False)))
    return extrapolated(run, FEW, MANY, len(mapping._indices))


def siibra_points_labels(inputs: Inputs) -> Job:
    import siibra

    mapping = _named(_map(inputs))
    cloud = siibra.PointCloud(np.load(inputs.points).tolist(), MNI152)
    return lambda: len(mapping.assign(cloud))


def siibra_image_labels(inputs: Inputs) -> Job:
    mapping = _named(_map(inputs))
    image = _volume(inputs.image)
    run = _some(mapping, lambda: len(mapping.assign(image, split_components=False)))
    return extrapolated(run, 1, FEW, len(mapping._indices))  # it sorts all values of the image for each region


@cache
def _sparse(inputs: Inputs) -> Any:
    import nibabel as nib
    import siibra
    from siibra.volumes.sparsemap import SparseIndex, SparseMap

    image = nib.load(inputs.maps)
    array = np.asarray(image.dataobj)
    index = SparseIndex()
    for z in range(array.shape[3]):
        index.add_img(array[..., z].astype(np.float32), image.affine)
    first = siibra.volumes.volume.from_nifti(nib.Nifti1Image(array[..., 0], image.affine), MNI152, "first")

    class Sampled(SparseMap):
        """SparseMap that can be told to go through some of its maps only."""

        some = array.shape[3]

        def __len__(self) -> int:
            return self.some

    mapping = Sampled(
        identifier="bench-maps",
        name="bench maps",
        space_spec={"@id": MNI152},
        parcellation_spec={"name": "bench"},
        indices={f"map {z}": [{"volume": z}] for z in range(array.shape[3])},
        volumes=[first] * array.shape[3],
    )
    mapping._sparse_index_cached = index
    return _named(mapping)


def siibra_points_maps(inputs: Inputs) -> Job:
    import siibra

    mapping = _sparse(inputs)
    cloud = siibra.PointCloud(np.load(inputs.points_on_maps).tolist(), MNI152)
    return lambda: len(mapping.assign(cloud))


def siibra_image_maps(inputs: Inputs) -> Job:
    mapping = _sparse(inputs)
    whole, image = mapping.some, _volume(inputs.image_on_maps)

    def run(number: int) -> int:
        mapping.some = number
        try:
            return len(mapping.assign(image, split_components=False))
        finally:
            mapping.some = whole

    return extrapolated(run, FEW, MANY, whole)


# ------------------------------------------------------------------------------------------------------------ nilearn


def nilearn_masks(inputs: Inputs) -> Job:
    import nibabel as nib
    from nilearn.image import math_img

    array, affine = labels_of(inputs)
    image = nib.Nifti1Image(array, affine)
    present = np.unique(array)[1:].tolist()
    return lambda: len([math_img(f"img == {label}", img=image).shape for label in present])


def nilearn_measure(inputs: Inputs) -> Job:
    import nibabel as nib
    from nilearn.plotting import find_parcellation_cut_coords

    array, affine = labels_of(inputs)
    present = np.unique(array)[1:].tolist()
    images = {
        number: nib.Nifti1Image(np.where(np.isin(array, spread(present, number)), array, 0).astype(np.int32), affine)
        for number in (FEW, MANY)
    }
    return extrapolated(lambda number: len(find_parcellation_cut_coords(images[number])), FEW, MANY, len(present))


def nilearn_image_labels(inputs: Inputs) -> Job:
    import nibabel as nib
    from nilearn.maskers import NiftiLabelsMasker

    array, affine = labels_of(inputs)
    labels = nib.Nifti1Image(array.astype(np.int32), affine)
    image = nib.load(inputs.image)
    image = nib.Nifti1Image(np.asarray(image.dataobj), image.affine)
    options = {"strategy": "mean", "standardize": None, "resampling_target": None}
    return lambda: int(NiftiLabelsMasker(labels, **options).fit_transform(image).size)


# ------------------------------------------------------------------------------------------------- compiled and numpy


def _compiled(function: Any) -> Any:
    import numba

    return numba.njit(cache=True)(function)


def _count_sort(flat: Any, top: int, starts: Any, order: Any) -> None:
    for i in range(flat.size):
        if flat[i]:
            starts[flat[i] + 1] += 1
    for v in range(top + 1):
        starts[v + 1] += starts[v]
    at = starts.copy()
    for i in range(flat.size):
        v = flat[i]
        if v:
            order[at[v]] = i
            at[v] += 1


def numba_masks(inputs: Inputs) -> Job:
    sort = _compiled(_count_sort)
    flat = labels_of(inputs)[0].ravel(order="F")
    top, inside = int(flat.max()), int(np.count_nonzero(flat))

    def run() -> int:
        starts, order = np.zeros(top + 3, np.int64), np.empty(inside, np.int32)
        sort(flat, top, starts, order)
        return int(starts[top + 1])

    run()  # compiled
    return run


def scipy_masks(inputs: Inputs) -> Job:
    """The masks cut to their boxes: what scipy.ndimage.find_objects is for."""
    from scipy.ndimage import find_objects

    array, _ = labels_of(inputs)

    def run() -> int:
        found = enumerate(find_objects(array), 1)
        return sum(int(np.count_nonzero(array[box] == label)) for label, box in found if box is not None)

    return run


def _one_pass(array: Any, count: Any, sums: Any, low: Any, high: Any) -> None:
    for k in range(array.shape[2]):
        for j in range(array.shape[1]):
            for i in range(array.shape[0]):
                v = array[i, j, k]
                if v:
                    count[v] += 1
                    sums[v, 0] += i
                    sums[v, 1] += j
                    sums[v, 2] += k
                    low[v, 0] = min(low[v, 0], i)
                    low[v, 1] = min(low[v, 1], j)
                    low[v, 2] = min(low[v, 2], k)
                    high[v, 0] = max(high[v, 0], i)
                    high[v, 1] = max(high[v, 1], j)
                    high[v, 2] = max(high[v, 2], k)


def numba_measure(inputs: Inputs) -> Job:
    one_pass = _compiled(_one_pass)
    array, affine = labels_of(inputs)
    n = int(array.max()) + 1

    def run() -> list[float]:
        count, sums = np.zeros(n, np.int64), np.zeros((n, 3))
        low, high = np.full((n, 3), 1 << 30), np.full((n, 3), -1)
        one_pass(array, count, sums, low, high)
        seen = count > 0
        centres = sums[seen] / count[seen, None] @ affine[:3, :3].T + affine[:3, 3]
        return [float(count.sum()), float(centres[:, 0].sum())]

    run()
    return run


def _look_up(array: Any, points: Any, back: Any, found: Any) -> int:
    hits = 0
    for n in range(points.shape[0]):
        x, y, z = points[n, 0], points[n, 1], points[n, 2]
        i = int(np.floor(back[0, 0] * x + back[0, 1] * y + back[0, 2] * z + back[0, 3] + 0.5))
        j = int(np.floor(back[1, 0] * x + back[1, 1] * y + back[1, 2] * z + back[1, 3] + 0.5))
        k = int(np.floor(back[2, 0] * x + back[2, 1] * y + back[2, 2] * z + back[2, 3] + 0.5))
        if 0 <= i < array.shape[0] and 0 <= j < array.shape[1] and 0 <= k < array.shape[2]:
            found[n] = array[i, j, k]
            hits += found[n] != 0
    return hits


def numba_points_labels(inputs: Inputs) -> Job:
    look_up = _compiled(_look_up)
    array, affine = labels_of(inputs)
    points, back = np.load(inputs.points), np.linalg.inv(affine)
    look_up(array, points[:1], back, np.zeros(1, np.int64))
    return lambda: int(look_up(array, points, back, np.zeros(len(points), np.int64)))


def numpy_argsort(inputs: Inputs) -> Job:
    """The floor of building an index: one stable argsort of the labelled voxels."""
    flat = labels_of(inputs)[0].ravel(order="F")
    labelled = flat[np.flatnonzero(flat)]
    return lambda: int(np.argsort(labelled, kind="stable").size)


def bandwidth(inputs: Inputs) -> Job:  # noqa: ARG001  every job has them
    """Bytes read per second: the largest of 64-bit words of 512 MB."""
    import time

    words = np.ones(2**26, np.uint64)

    def run() -> float:
        start = time.perf_counter()
        words.max()
        return words.nbytes / (time.perf_counter() - start)

    return run


JOBS = {
    "masks/siibra": siibra_masks,
    "masks/nilearn": nilearn_masks,
    "masks/scipy": scipy_masks,
    "masks/numba": numba_masks,
    "measure/siibra": siibra_measure,
    "measure/nilearn": nilearn_measure,
    "measure/numba": numba_measure,
    "index/argsort": numpy_argsort,
    "points-labels/siibra": siibra_points_labels,
    "points-labels/numba": numba_points_labels,
    "points-maps/siibra": siibra_points_maps,
    "image-labels/siibra": siibra_image_labels,
    "image-labels/nilearn": nilearn_image_labels,
    "image-maps/siibra": siibra_image_maps,
    "bandwidth": bandwidth,
}
