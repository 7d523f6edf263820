"""Run by the interpreter that has siibra: writes a sparse index with siibra's own code, and reads voxels with it.

``python siibra_sparse.py JOB`` with JSON: ``maps`` (a 4-D NIfTI file), ``positions`` (how many of them), ``out`` (the
base name of the files), ``voxels`` (a list of array indices to read). Prints JSON.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from types import SimpleNamespace

os.environ.setdefault("SIIBRA_LOG_LEVEL", "ERROR")

import nibabel as nib
import numpy as np
from siibra.volumes.sparsemap import SparseIndex, SparseMap


def main() -> None:
    job = json.loads(sys.argv[1])
    image = nib.load(job["maps"])
    index = SparseIndex()
    for position in range(job["positions"]):
        index.add_img(np.asanyarray(image.dataobj[..., position]), image.affine)
    index.save(Path(job["out"]).name, folder=str(Path(job["out"]).parent))
    this = SimpleNamespace(sparse_index=index)
    x, y, z = np.array(job["voxels"]).T
    read = SparseMap._read_voxel(this, x, y, z)
    print(json.dumps([[int(point), int(column), float(value)] for point, column, _, value in read]))


main()
