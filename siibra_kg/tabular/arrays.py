"""Tables in files that are no text: arrays of numpy and MATLAB; nothing of them is unpickled or run."""

from __future__ import annotations

import io
from math import prod
from typing import TYPE_CHECKING, Any

from siibra_kg.data_errors import BadTable
from siibra_kg.tabular.limits import MAX_BYTES, check_size

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["array"]

_AGAIN = "the file may be damaged, or not be what its description says; fetch it again"
_HDF5 = b"\x89HDF"
# Bytes of a number of each of MATLAB's classes.
_SIZES = {"double": 8, "single": 4, "logical": 1, **{f"{u}int{n}": n // 8 for u in ("", "u") for n in (8, 16, 32, 64)}}


def array(data: bytes, kind: str, variable: str, *, name: str, max_bytes: int = MAX_BYTES) -> NDArray[Any]:
    """Read an array of numbers.

    Parameters
    ----------
    data
        The file.
    kind
        ``"npy"`` or ``"mat"`` (MATLAB 4 to 7.2).
    variable
        Its name in a file of several; may be empty where there is only one.
    name, max_bytes
        What errors call the file, and how large the array may be.

    Raises
    ------
    BadTable
        If it is no such file, has no such variable, or one that is too large or holds no numbers.

    >>> import io, numpy
    >>> file = io.BytesIO()
    >>> numpy.save(file, numpy.eye(2))
    >>> array(file.getvalue(), "npy", "", name="a.npy").tolist()
    [[1.0, 0.0], [0.0, 1.0]]
    """
    if kind not in {"npy", "mat"}:
        raise BadTable(name, f"files of the kind {kind!r} are not known", "csv, npy and mat are")
    found = _npy(data, name, max_bytes) if kind == "npy" else _mat(data, variable, name, max_bytes)
    if found.dtype.kind not in "biuf":
        raise BadTable(name, f"it holds {found.dtype} and not real numbers")
    return found


def _npy(data: bytes, name: str, max_bytes: int) -> NDArray[Any]:
    import numpy as np  # noqa: PLC0415  takes 100 ms, and not every table needs it

    file = io.BytesIO(data)
    try:
        version = np.lib.format.read_magic(file)
        header = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
        shape, _, dtype = header(file)
        check_size(name, prod(shape) * dtype.itemsize, max_bytes)
        return np.asarray(np.load(io.BytesIO(data), allow_pickle=False))
    except BadTable:
        raise
    except (ValueError, EOFError, OSError, TypeError, KeyError, SyntaxError) as error:
        raise BadTable(name, f"it is no array of numpy, or a damaged one ({error})", _AGAIN) from error


def _mat(data: bytes, variable: str, name: str, max_bytes: int) -> NDArray[Any]:
    import numpy as np  # noqa: PLC0415
    from scipy import io as formats  # noqa: PLC0415  takes 150 ms, and only files of MATLAB need it

    if data[:4] == _HDF5 or data[512:516] == _HDF5:
        raise BadTable(name, "it is a MATLAB 7.3 file, which is not read", "save it with -v7")
    try:
        # The shape is in the header of each variable: what would be too large is never unpacked.
        listed = {called: (shape, kind) for called, shape, kind in formats.whosmat(io.BytesIO(data))}
        chosen = _variable(listed, variable, name)
        shape, kind = listed[chosen]
        check_size(name, prod(shape) * _item_size(kind, chosen, name), max_bytes)
        return np.asarray(formats.loadmat(io.BytesIO(data), variable_names=[chosen])[chosen])
    except BadTable:
        raise
    except Exception as error:  # scipy's reader raises whatever its parsing of a damaged file runs into
        raise BadTable(name, f"it is no file of MATLAB, or a damaged one ({error})", _AGAIN) from error


def _item_size(kind: str, variable: str, name: str) -> int:
    if kind not in _SIZES:
        raise BadTable(name, f"its variable {variable!r} is of the class {kind} and holds no plain numbers")
    return _SIZES[kind]


def _variable(listed: dict[str, Any], variable: str, name: str) -> str:
    if variable in listed:
        return variable
    there = ", ".join(sorted(listed)[:10]) or "nothing"
    if variable:
        raise BadTable(name, f"it has no variable {variable!r}", f"it has {there}")
    if len(listed) != 1:
        raise BadTable(name, f"it has {len(listed)} variables, and nothing says which", f"name one of {there}")
    return next(iter(listed))
