"""Small volumes and surfaces in files of their own, written by nibabel, and references to them."""

from __future__ import annotations

from importlib import metadata
from pathlib import Path

import nibabel as nib
import numpy as np

from siibra_kg.model import VolumeRef
from siibra_kg.terms import IRI

SPACE = IRI("https://example.org/space/one")
OTHER_SPACE = IRI("https://example.org/space/two")


def affine(size=1.0, offset=(0, 0, 0)):
    """Give a diagonal affine."""
    matrix = np.diag([size, size, size, 1.0])
    matrix[:3, 3] = offset
    return matrix


def ref_to(path, provider="nii", kind="template", **more):
    """Give a reference to a file on this machine."""
    url = path.as_uri() if isinstance(path, Path) else path
    return VolumeRef(IRI("https://example.org/v"), more.pop("space", SPACE), kind, provider, url, **more)


def nifti(path, array, matrix=None):
    """Write an array as NIfTI; give the path."""
    image = nib.Nifti1Image(array, affine() if matrix is None else matrix)
    image.set_sform(image.affine, 2)
    image.set_qform(None, 0)
    image.header.set_xyzt_units("mm")
    nib.save(image, path)
    return path


def packaged(name, inside):
    """Give a data file that ships in an installed package; the package is not imported."""
    return Path(str(metadata.distribution(name).locate_file(inside)))
