"""What siibra-python says of volumes; part of ``answer.py``, in siibra's own environment.

Maps and images are files of this machine: a map is made of a NIfTI file by siibra's own ``from_volume`` (labels) or of
several, one for each region, as a ``SparseMap`` whose index siibra builds of them.
"""

# ruff: noqa: BLE001  whatever siibra raises is an answer

import math

import nibabel
import numpy as np
import siibra
from siibra.locations import Point, PointCloud
from siibra.volumes import parcellationmap, sparsemap, volume
from siibra.volumes.providers.nifti import NiftiProvider

_MAPS = {}


def assigned(map, query, kind="labelled", space="mni152", **options):  # noqa: A002
    """Assign a query to a map: the rows of ``Map.assign``, a dictionary of column -> value each.

    Parameters
    ----------
    map
        Path of a label file, or for ``kind="statistical"`` paths of one file per region.
    query
        ``{"points": [[x, y, z], …], "sigma": number or list}`` or ``{"image": path}``.
    """
    found = _map(map, kind, space)
    try:
        rows = found.assign(_query(query, space), **options)
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    return [{k: _plain(v) for k, v in row.items()} for row in rows.to_dict("records")]


def sampled(map, region, n, space="mni152"):  # noqa: A002
    """Draw locations from a region of a label map: its coordinates."""
    np.random.seed(1)
    return np.array(_map(map, "labelled", space).sample_locations(region, n).coordinates).tolist()


def drawn(image, n, space):
    """Draw samples of an image: the id of the space that siibra says they are in, and of the image's own."""
    own = volume.from_nifti(nibabel.load(image), space, "image")
    return [own.draw_samples(n).space.id, own.space.id]


def components_of(image):
    """Give siibra's numbers of connected components, as voxels ``[x, y, z]`` of the first voxel of each."""
    array = np.asanyarray(nibabel.load(image).dataobj)
    return [
        [int(number), [int(v) for v in np.argwhere(part)[0]], int(part.sum())]
        for number, part in siibra.commons.connected_components(array)
    ]


def centroids(map, space, **options):  # noqa: A002
    """Give the centroids of the regions of a label map by siibra: region name -> coordinates."""
    found = _map(map, "labelled", space).compute_centroids(**options)
    return {name: [list(p.coordinate) for p in points] for name, points in found.items()}


def spatial(image, space):
    """Give volume and centroid of the components of a mask by siibra."""
    parts = volume.from_nifti(nibabel.load(image), space, "mask").compute_spatial_props()
    return [{"volume": float(p.volume), "centroid": [float(v) for v in p.centroid]} for p in parts]


def moved(image, grid, out):
    """Bring an image to the grid of another, asking for nearest values; write them as ``.npy``, give their type."""
    result = siibra.commons.resample_img_to_img(nibabel.load(image), nibabel.load(grid), interpolation="nearest")
    np.save(out, np.asanyarray(result.dataobj))
    return str(result.get_data_dtype())


def cut(image, low, high, space):
    """Cut an image to a box of mm: the shape, and the values as a flat list."""
    box = siibra.locations.BoundingBox(low, high, space)
    result = np.asanyarray(NiftiProvider(image).fetch(voi=box).dataobj)
    return [list(result.shape), result.reshape(-1).tolist()]


def _query(query, space):
    if "image" in query:
        return volume.from_nifti(nibabel.load(query["image"]), space, "query")
    points, sigma = query["points"], query.get("sigma", 0)
    if query.get("single"):
        return Point(points[0], space, sigma_mm=sigma)
    return PointCloud(points, space, sigma_mm=sigma)


def _map(path, kind, space):
    key = (kind, space, *([path] if isinstance(path, str) else path))
    if key not in _MAPS:
        _MAPS[key] = _labelled(path, space) if kind == "labelled" else _statistical(path, space)
    return _MAPS[key]


def _labelled(path, space):
    labels = [int(v) for v in np.unique(np.asanyarray(nibabel.load(path).dataobj)) if v]
    names = [f"region {label}" for label in labels]
    name = f"map {len(_MAPS)}"
    return parcellationmap.from_volume(name, volume.from_nifti(nibabel.load(path), space, name), names, labels)


def _statistical(paths, space):
    images = [volume.from_nifti(nibabel.load(path), space, f"region {n}") for n, path in enumerate(paths)]
    name = f"map {len(_MAPS)}"
    names = [f"region {n}" for n in range(len(paths))]
    home = siibra.core.parcellation.Parcellation(
        identifier=name, name=name, species=images[0].space.species, regions=list(map(siibra.core.region.Region, names))
    )
    siibra.core.parcellation.Parcellation.registry().add(home.key, home)
    found = sparsemap.SparseMap(
        identifier=name,
        name=name,
        space_spec={"@id": images[0].space.id},
        parcellation_spec={"name": name},
        indices={n: [{"volume": i}] for i, n in enumerate(names)},
        volumes=images,
    )
    index = sparsemap.SparseIndex()
    for path in paths:
        image = nibabel.load(path)
        index.add_img(np.asanyarray(image.dataobj), image.affine)
    found._sparse_index_cached = index
    return found


def _plain(value):
    if value is None or (isinstance(value, float) and not math.isfinite(value)):
        return None
    if isinstance(value, tuple | list | np.ndarray):
        return [float(v) for v in value]
    if isinstance(value, np.generic):
        return _plain(value.item())
    if isinstance(value, bool | int | float | str):
        return value
    if type(value).__name__ == "NAType":
        return None
    return getattr(value, "name", str(value))
