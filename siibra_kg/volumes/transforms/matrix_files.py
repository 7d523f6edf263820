"""Affines in files: a 4x4 matrix as text or ``.npy``, or ITK's own formats (``.txt``, ``.mat`` of ANTs).

A plain matrix takes mm of the source to mm of the target, x to the right, y to the front. ITK counts x to the left
and y to the back, and takes points of the fixed image to the moving one.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from siibra_kg.errors import BadVolume, DataMissing, TermError
from siibra_kg.model_transforms import Transform

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from siibra_kg.model import Space

__all__ = ["affine_from_file"]

_ITK = "#Insight Transform File"
_KINDS = frozenset(
    f"{kind}_{number}_3_3"
    for kind in ("AffineTransform", "MatrixOffsetTransformBase")
    for number in ("double", "float")
)
_MOST_BYTES = 1 << 20
#: From x to the right and y to the front to x to the left and y to the back, and back again.
_TURN = np.diag([-1.0, -1.0, 1.0, 1.0])


def affine_from_file(path: str | Path, source: Space | str, target: Space | str, *, name: str = "") -> Transform:
    """Make a transform of a matrix in a file.

    Parameters
    ----------
    path
        ``.npy`` or ``.txt`` with a 4x4 matrix (mm of the source to mm of the target, x right, y front, z up); or a
        transform of ITK, as text or as ANTs' ``.mat``, which takes points of the fixed image to the moving one, so that
        the source is the space of the fixed image.
    source, target
        The two spaces, or their IRIs.

    Raises
    ------
    DataMissing
        If there is no such file.
    BadVolume
        If it holds something else. FLIRT's matrices are refused: what they mean depends on the two images.
    """
    file = Path(path).expanduser()
    if not file.is_file():
        raise DataMissing(file.name, str(file), "give the path of a matrix")
    if file.stat().st_size > _MOST_BYTES:
        raise BadVolume(str(file), f"a matrix has no {file.stat().st_size:,} bytes")
    try:
        matrix = _read(file)
        return Transform.affine(matrix, source, target, name=name or file.name)
    except TermError as error:
        raise BadVolume(str(file), f"it holds no affine: {error}") from error


def _read(file: Path) -> NDArray[np.float64]:
    if file.suffix == ".npy":
        try:
            return np.asarray(np.load(file, allow_pickle=False), np.float64)
        except (ValueError, EOFError, OSError) as error:
            raise BadVolume(str(file), f"it is no array of numbers ({error})") from error
    content = file.read_bytes()
    text = content.decode("latin-1")
    if text.startswith(_ITK):
        return _itk_text(file, text)
    if file.suffix == ".mat":
        return _itk_binary(file)
    try:
        rows = [[float(word) for word in line.split()] for line in text.splitlines() if line.strip()]
        return np.array(rows, np.float64)
    except ValueError as error:
        raise BadVolume(str(file), f"it is no 4x4 matrix ({error})") from error


def _itk_text(file: Path, text: str) -> NDArray[np.float64]:
    said: dict[str, list[str]] = {}
    for line in text.splitlines():
        key, colon, value = line.partition(":")
        if colon:
            said.setdefault(key.strip(), []).append(value.strip())
    kinds = said.get("Transform", [])
    if len(kinds) != 1 or kinds[0] not in _KINDS:
        raise BadVolume(
            str(file), f"it is a {' and '.join(kinds) or 'file without a transform'}, not one affine of ITK"
        )
    try:
        numbers = [[float(word) for word in said[key][0].split()] for key in ("Parameters", "FixedParameters")]
    except (KeyError, ValueError) as error:
        raise BadVolume(str(file), "its parameters are no numbers") from error
    return _itk(file, np.array(numbers[0]), np.array(numbers[1]))


def _itk_binary(file: Path) -> NDArray[np.float64]:
    from scipy.io import loadmat  # noqa: PLC0415  takes 50 ms

    try:
        said: dict[str, Any] = loadmat(file)
    except Exception as error:  # scipy raises whatever its parser runs into
        hint = "a matrix of FLIRT means something only with its two images: convert it with c3d_affine_tool"
        raise BadVolume(str(file), "it is no transform of ITK", hint) from error
    kinds = sorted(_KINDS & set(said))
    if len(kinds) != 1 or "fixed" not in said:
        raise BadVolume(str(file), "it holds no affine of ITK")
    return _itk(file, np.ravel(said[kinds[0]]).astype(np.float64), np.ravel(said["fixed"]).astype(np.float64))


def _itk(file: Path, parameters: NDArray[np.float64], centre: NDArray[np.float64]) -> NDArray[np.float64]:
    """Put together what ITK stores: y = A (x - c) + t + c."""
    if parameters.shape != (12,) or centre.shape != (3,):
        raise BadVolume(str(file), f"an affine of ITK has 12 and 3 numbers, not {parameters.size} and {centre.size}")
    matrix = np.eye(4)
    matrix[:3, :3] = parameters[:9].reshape(3, 3)
    matrix[:3, 3] = parameters[9:] + centre - matrix[:3, :3] @ centre
    turned: NDArray[np.float64] = _TURN @ matrix @ _TURN
    return turned
