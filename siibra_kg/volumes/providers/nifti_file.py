"""Volumes that are one NIfTI file: ``nii``, and ``zip/nii``, where the file is a member of an archive."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from siibra_kg.errors import BadVolume
from siibra_kg.locations.same import require_same_space
from siibra_kg.volumes.files.nifti import open_nifti
from siibra_kg.volumes.files.packages import locate
from siibra_kg.volumes.place import affine_in_mm, block_in, crop_step, moved
from siibra_kg.volumes.provenance import Provenance
from siibra_kg.volumes.spaces import check_grid
from siibra_kg.volumes.volume import Volume

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from siibra_kg.config import Settings
    from siibra_kg.model import VolumeRef
    from siibra_kg.volumes.options import FetchOptions

__all__ = ["check_content", "member_of", "read"]


def read(ref: VolumeRef, options: FetchOptions, settings: Settings) -> Volume:
    """Read a NIfTI file, or one position of its fourth dimension, or the part of it that is in a box.

    Parameters
    ----------
    ref
        Of provider ``nii`` or ``zip/nii``; ``ref.z`` says which position of a fourth dimension.
    options
        ``voi``, ``z``, ``max_bytes``; ``resolution_mm`` can only be refused. Of a gzipped file with many positions all
        are read, for the checksum, and one is held.
    settings
        Say where files are.

    Raises
    ------
    BadVolume
        If the file is not what the reference says, or cannot give what is asked for.
    DataMissing
        If the file is not here; says how to get it.
    SpaceMismatch
        If the box is in another space.

    Warns
    -----
    GridWarning
        If the voxel grid is not one that is known for the declared space.
    """
    if options.voi is not None:
        require_same_space(ref, options.voi, "a volume is cut by a box of its own space")
    path = locate(ref, settings)
    with open_nifti(path, member_of(ref)) as file:
        header = file.header
        position = _position(ref, options, header.positions, file.name)
        affine = affine_in_mm(file.name, header.affine, header.unit, ref.unit)
        check_grid(file.name, ref.space, header.shape, affine)
        _check_wishes(file.name, options, affine)
        steps = [f"position {position} of {header.positions}"] if header.positions > 1 else []
        whole = tuple((0, n) for n in header.shape)
        block = whole if options.voi is None else block_in(file.name, affine, header.shape, options.voi)
        array = file.array(position, block[2], options.max_bytes)
        sha256 = file.sha256
    check_content(path, ref, sha256)
    if block != whole and options.voi is not None:
        (a, b), (c, d), (e, _) = block
        array, affine = _part(array, ((a, b), (c, d))), moved(affine, (a, c, e))
        steps.append(crop_step(options.voi))
    return Volume(
        array=array,
        affine=affine,
        space=ref.space,
        space_name=ref.space_name,
        kind=ref.kind,
        name=_name(path, ref),
        parcellation=ref.parcellation,
        provenance=Provenance(ref.iri, ref.map, ref.url, sha256, ref.license, ref.citation, tuple(steps)),
    )


def member_of(ref: VolumeRef) -> str:
    """Give the member of the archive that a reference names, for a provider whose files are in archives.

    Raises
    ------
    BadVolume
        If it names none, or one where there is no archive.
    """
    zipped = ref.provider.startswith("zip/")
    if zipped != bool(ref.member):
        need = "needs the name of a member of the archive" if zipped else f"has no member {ref.member!r}"
        raise BadVolume(ref.url, f"a volume of type {ref.provider} {need}")
    return ref.member


def check_content(path: Path, ref: VolumeRef, sha256: str) -> None:
    """Refuse a file whose decoded content is not the one that the graph names.

    Raises
    ------
    BadVolume
        If the graph states a checksum, and it is another one.
    """
    if ref.sha256 and sha256 != ref.sha256.lower():
        reason = f"its content has the sha256 {sha256}, the graph says {ref.sha256}"
        raise BadVolume(str(path), reason, "it is another version of the file; get the one that the graph names")


def _name(path: Path, ref: VolumeRef) -> str:
    return ref.member.rpartition("/")[2] if ref.member else path.name


def _position(ref: VolumeRef, options: FetchOptions, positions: int, name: str) -> int:
    if None not in {ref.z, options.z} and ref.z != options.z:
        raise BadVolume(name, f"the reference is to position {ref.z} of the fourth dimension, {options.z} is asked for")
    z = ref.z if options.z is None else options.z
    if z is None and positions > 1:
        raise BadVolume(
            name, f"has 4 dimensions: {positions} positions in the fourth", f"say which: z from 0 to {positions - 1}"
        )
    if not 0 <= (z or 0) < positions:
        raise BadVolume(name, f"has no position {z}", f"positions in the fourth dimension: 0 to {positions - 1}")
    return z or 0


def _check_wishes(name: str, options: FetchOptions, affine: NDArray[np.float64]) -> None:
    coarsest = float(np.sqrt((affine[:3, :3] ** 2).sum(axis=0)).max())
    wish = options.resolution_mm
    # -1 and 0 ask for the finest there is, and a file has only one. Voxel sizes are stored in 32-bit floats.
    if wish is not None and wish > 0 and coarsest > wish * (1 + 1e-5):
        raise BadVolume(name, f"has voxels of {coarsest:g} mm, {wish:g} mm are asked for", "a file has one resolution")
    if options.channel:
        raise BadVolume(name, f"has one value per voxel, so no channel {options.channel}", "z counts positions")


def _part(array: NDArray[Any], block: tuple[tuple[int, int], tuple[int, int]]) -> NDArray[Any]:
    (a, b), (c, d) = block
    part: NDArray[Any] = array[a:b, c:d].copy(order="F")  # a view would hold the rest in memory
    return part
