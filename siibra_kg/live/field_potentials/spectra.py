"""Power spectra of recordings: HDF5 files in, the median over time and the mean over recordings out.

A file has ``/times`` (s), ``/frequencies`` (Hz), and three arrays of times x frequencies: ``/spectrogram`` (power),
``/spectrogram_arrhythmic`` (its fractal part) and ``/spectrogram_rhythmic`` (what is left of it, in dB already).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from siibra_kg.data_errors import BadTable
from siibra_kg.errors import DataMissing
from siibra_kg.tabular.limits import MAX_BYTES, check_size
from siibra_kg.tabular.sniff import NOT_A_TABLE, check_start

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

__all__ = ["COLUMNS", "INDEX", "UNITS", "check_hdf5", "mean", "require_h5py", "spectrum"]

INDEX = "Frequency (Hz)"
#: Array in the file -> column, as siibra calls it.
COLUMNS = {
    "spectrogram": "PSD (dB)",
    "spectrogram_arrhythmic": "PSD - arrhythmic (dB)",
    "spectrogram_rhythmic": "PSD - rhythmic (dB (fractal))",
}
UNITS = {
    COLUMNS["spectrogram"]: "dB",
    COLUMNS["spectrogram_arrhythmic"]: "dB",
    COLUMNS["spectrogram_rhythmic"]: "dB (fractal)",
}
_IN_DECIBEL = "spectrogram_rhythmic"


def spectrum(path: Path, name: str) -> tuple[pd.DataFrame, list[str]]:
    """Read the spectrum of a recording.

    Parameters
    ----------
    path
        An HDF5 file.
    name
        What errors call it.

    Returns
    -------
    tuple of pandas.DataFrame and list of str
        A column for each kind of spectrum, the median over time, in dB; the index is the frequency in Hz. Notes.

    Raises
    ------
    BadTable
        If the file is not as documented.
    DataMissing
        If h5py is not installed.
    """
    h5py = require_h5py()
    try:
        with h5py.File(path, "r") as file:
            times, frequencies = (_array(file, key, name).ravel() for key in ("times", "frequencies"))
            parts = {key: _array(file, key, name) for key in COLUMNS}
    except (OSError, RuntimeError, ValueError, KeyError) as error:
        if isinstance(error, BadTable):
            raise
        raise BadTable(name, f"it is no whole HDF5 file ({error})", "fetch it again") from error
    if not len(frequencies) or not np.isfinite(frequencies).all() or not (np.diff(frequencies) > 0).all():
        raise BadTable(name, "its frequencies are not finite numbers that increase")
    notes: list[str] = []
    made = {}
    for key, values in parts.items():
        if values.shape != (len(times), len(frequencies)):
            said = " x ".join(map(str, values.shape))
            raise BadTable(name, f"/{key} has {said} values, not {len(times)} times x {len(frequencies)} frequencies")
        made[COLUMNS[key]] = _median(values if key == _IN_DECIBEL else _decibel(values, f"{name}: /{key}", notes))
    frame: pd.DataFrame = pd.DataFrame(made, pd.Index(frequencies, name=INDEX))
    return frame, notes


def mean(spectra: Sequence[pd.DataFrame], names: Sequence[str]) -> pd.DataFrame:
    """Give the mean of spectra; ``NaN`` at a frequency at which one of them has no value.

    Raises
    ------
    BadTable
        If they are of different frequencies.
    """
    first = spectra[0]
    for one, name in zip(spectra, names, strict=True):
        if not np.array_equal(one.index, first.index):
            raise BadTable(name, f"its frequencies are others than those of {names[0]}", "average them by themselves")
    values = np.mean([one.to_numpy() for one in spectra], axis=0)
    found: pd.DataFrame = pd.DataFrame(values, first.index, first.columns)
    return found


def check_hdf5(path: Path, name: str) -> None:
    """Refuse what is no whole HDF5 file.

    Raises
    ------
    BadTable
        If it is none, or was cut off.
    DataMissing
        If h5py is not installed.
    """
    h5py = require_h5py()
    if not h5py.is_hdf5(path):
        with path.open("rb") as file:
            check_start(file.read(4096), name)
        raise BadTable(name, "it is no HDF5 file", NOT_A_TABLE)
    try:
        with h5py.File(path, "r"):
            pass
    except (OSError, RuntimeError) as error:
        raise BadTable(name, f"it is no whole HDF5 file ({error})", "fetch it again") from error


def require_h5py() -> Any:  # noqa: ANN401  a module
    """Give the module h5py.

    Raises
    ------
    DataMissing
        If it is not installed.
    """
    try:
        import h5py  # noqa: PLC0415  an extra
    except ImportError:
        hint = "pip install 'siibra-kg[hdf5]'"
        raise DataMissing("recordings of local field potentials", "the Python package h5py reads them", hint) from None
    return h5py


def _array(file: Any, key: str, name: str) -> NDArray[np.float64]:  # noqa: ANN401  a h5py.File
    import h5py  # noqa: PLC0415  an extra

    link = file.get(key, getlink=True)
    if link is None:
        raise BadTable(name, f"it has no array /{key}")
    found = file[key] if isinstance(link, h5py.HardLink) else None
    # Links and arrays whose values lie in other files could name any file of this machine.
    if not isinstance(found, h5py.Dataset) or found.external or found.is_virtual:
        raise BadTable(name, f"/{key} is no array of its own")
    if found.dtype.kind not in "iuf":
        raise BadTable(name, f"/{key} does not hold numbers")
    check_size(f"{name}, /{key}", found.size * 8, MAX_BYTES)
    return np.asarray(found[()], np.float64)


def _decibel(power: NDArray[np.float64], name: str, notes: list[str]) -> NDArray[np.float64]:
    odd = int(np.count_nonzero(power <= 0))
    if odd:
        notes.append(f"{name}: {odd:,} of {power.size:,} powers are not positive and count as missing")
    found: NDArray[np.float64] = 10 * np.log10(np.where(power > 0, power, np.nan))
    return found


def _median(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Give the median over time, of what is there; NaN where nothing is, without numpy's warning of that."""
    there = ~np.isnan(values).all(axis=0)
    found = np.full(values.shape[1], np.nan)
    found[there] = np.nanmedian(values[:, there], axis=0)
    return found
