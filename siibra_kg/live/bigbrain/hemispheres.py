"""Where the files of each hemisphere are, and how each is read: profiles, thicknesses of layers, vertices.

Both hemispheres have a surface of 163,842 vertices and, at each vertex, 200 staining intensities from the pial surface
to the white matter (Wagstyl et al. 2020). The left ones come with the tutorial of the authors, as numpy arrays
``profiles_left.npy`` (vertices x 200) and ``thicknesses_left.npy`` (layers 1 to 6 and their sum, in mm, x vertices).
The right ones are in a public bucket of EBRAINS, as text; their thicknesses were never published in that form.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from itertools import islice
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np

from siibra_kg.data_errors import BadTable
from siibra_kg.errors import BadVolume
from siibra_kg.features.kept import Kept, on_disk
from siibra_kg.tabular.sniff import NOT_A_TABLE, check_start
from siibra_kg.volumes.files.gifti import read as read_gifti
from siibra_kg.web.service import Service

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    from siibra_kg.config import Settings
    from siibra_kg.web.cache import CachedFile

__all__ = ["CITATION", "LAYERS", "NAME", "SOURCES", "Source", "boundaries", "read_points", "read_profiles", "service"]

NAME = "the BigBrain intensity profiles"
CITATION = (
    "Wagstyl K et al. (2020): BigBrain 3D atlas of cortical layers: Cortical and laminar thickness gradients diverge "
    "in sensory and motor cortices. PLoS Biology 18(4), e3000678. https://doi.org/10.1371/journal.pbio.3000678"
)
LAYERS = 6

_TUTORIAL = "https://github.com/kwagstyl/cortical_layers_tutorial/raw/main/data"
_BUCKET = "https://data-proxy.ebrains.eu/api/v1/public/buckets/d-26d25994-634c-40af-b88f-2a36e8e1d508"
_SURFACES = "https://ftp.bigbrainproject.org/bigbrain-ftp/BigBrainRelease.2015/3D_Surfaces/Apr7_2016/gii"
_HINT = "try again later, or ask for one hemisphere: hemispheres='left'"
_MAX_BYTES = 2 * 2**30
_LINES = 4096  # read at once
_LFS = b"version https://git-lfs"
# Of a whole: how far the sum of the layers may be from the thickness that the file states.
_APART = 0.01


@dataclass(frozen=True, slots=True)
class Source:
    """Addresses of the files of one hemisphere.

    Parameters
    ----------
    profiles
        A row of intensities for each vertex: a numpy array, or text.
    vertices
        A surface in GIFTI.
    thicknesses
        Of the layers; empty where there are none.
    """

    profiles: str
    vertices: str
    thicknesses: str = ""


SOURCES: Mapping[str, Source] = MappingProxyType(
    {
        "left": Source(
            f"{_TUTORIAL}/profiles_left.npy",
            f"{_TUTORIAL}/gray_left_327680.surf.gii",
            f"{_TUTORIAL}/thicknesses_left.npy",
        ),
        "right": Source(f"{_BUCKET}/profiles/profiles_right.txt", f"{_SURFACES}/gray_right_327680.surf.gii"),
    }
)


def service(settings: Settings) -> Service:
    """Give what downloads the files."""
    return Service(NAME, settings, max_bytes=_MAX_BYTES, hint=_HINT)


def read_points(settings: Settings, url: str) -> tuple[NDArray[np.float64], CachedFile]:
    """Read the vertices of a surface: shape (n, 3), mm in BigBrain.

    Raises
    ------
    BadTable
        If the file is no GIFTI file with one array of points, or one is not three finite numbers.
    ServiceError, NetworkDisabled
        If it cannot be had.
    """
    file = service(settings).file(url, max_bytes=_MAX_BYTES, check=lambda path: _check_gifti(path, url))
    try:
        arrays = read_gifti(file.path).of("POINTSET")
    except BadVolume as error:
        raise BadTable(url, error.reason, error.hint) from error
    if len(arrays) != 1 or arrays[0].array.ndim != 2 or arrays[0].array.shape[1] != 3:
        raise BadTable(url, "it does not hold one array of points")
    points = arrays[0].array.astype(np.float64)
    if not np.isfinite(points).all():
        raise BadTable(url, "a vertex is not three finite numbers")
    return points, file


def boundaries(
    settings: Settings, url: str, count: int
) -> tuple[NDArray[np.float64], NDArray[np.bool_], list[str], CachedFile]:
    """Read at which depths layers begin and end.

    Returns
    -------
    tuple
        Depths from 0 to 1, shape (n, 7): the pial surface, the borders from layer I to VI, the white matter; which
        vertices have a cortex at all; notes; the file.

    Raises
    ------
    BadTable
        If it does not have six layers, or these and their sum, for each vertex; or a layer is negative.
    ServiceError, NetworkDisabled
        If it cannot be had.
    """
    file = service(settings).file(url, check=lambda path: _check_layers(_npy(path, url), url, count))
    layers = _array(file.path, url)
    _check_layers(layers, url, count)
    layers = np.asarray(layers, np.float64)
    notes = []
    finite = np.isfinite(layers).all(axis=0)
    if odd := int(np.count_nonzero(~finite)):
        notes.append(f"{odd:,} vertices have no finite thicknesses and are left out")
    layers = np.where(finite, layers, 0.0)
    if (layers < 0).any():
        raise BadTable(url, "a layer has a negative thickness")
    total = layers[:LAYERS].sum(axis=0)
    valid = finite & (total > 0)
    if len(layers) > LAYERS and (
        odd := int(np.count_nonzero(np.abs(layers[LAYERS] - total)[valid] > _APART * total[valid]))
    ):
        notes.append(
            f"at {odd:,} vertices the layers do not add up to the thickness of the cortex that the file states"
        )
    depths = np.zeros((count, LAYERS + 1))
    depths[valid, 1:] = (layers[:LAYERS, valid] / total[valid]).cumsum(axis=0).T
    depths[:, LAYERS] = 1.0  # and not what adding up makes of it
    return depths, valid, notes, file


def read_profiles(settings: Settings, url: str, count: int) -> tuple[NDArray[Any], CachedFile]:
    """Give the intensities, shape (n, depths), where each vertex has a row; mapped, so that only what is used is read.

    Raises
    ------
    BadTable
        If it is no table of numbers with a row for each vertex.
    ServiceError, NetworkDisabled
        If it cannot be had.
    """
    if url.endswith(".npy"):
        check = partial(_check_intensities, url=url, count=count)
        file = service(settings).file(url, max_bytes=_MAX_BYTES, check=lambda path: check(_npy(path, url)))
        found = _array(file.path, url)
    else:
        file = service(settings).file(url, max_bytes=_MAX_BYTES, check=lambda path: _check_text(path, url, count))
        key = ["bigbrain-profiles", file.sha256]
        found = on_disk(settings.cache, key, lambda: Kept({"profiles": _numbers(file.path, url)})).arrays["profiles"]
    _check_intensities(found, url, count)
    return found, file


def _check_intensities(found: NDArray[Any], url: str, count: int) -> None:
    if found.ndim != 2 or len(found) != count or found.shape[1] < 2:
        said = " x ".join(map(str, found.shape))
        raise BadTable(url, f"it has {said} intensities, and not a row for each of {count:,} vertices")


def _check_layers(found: NDArray[Any], url: str, count: int) -> None:
    if found.shape not in {(LAYERS, count), (LAYERS + 1, count)}:
        said = " x ".join(map(str, found.shape))
        raise BadTable(url, f"it has {said} thicknesses, not {LAYERS} or {LAYERS + 1} x {count}")


def _array(path: Path, url: str) -> NDArray[Any]:
    try:
        found = np.load(path, mmap_mode="r", allow_pickle=False)
    except (ValueError, OSError, EOFError) as error:
        raise BadTable(url, f"it is no whole numpy array ({error})", f"siibra-kg cache remove '{url}'") from error
    if not isinstance(found, np.ndarray) or found.dtype.kind not in "iuf" or found.ndim != 2:
        raise BadTable(url, "it is no table of numbers")
    return found


def _numbers(path: Path, url: str) -> NDArray[np.float64]:
    """Read a table of text, some lines at a time: the whole has some 300 MB."""
    parts: list[NDArray[np.float64]] = []
    with path.open(encoding="ascii", errors="replace") as file:
        start = file.readline()
        file.seek(0)
        delimiter = next((one for one in ",;\t" if one in start), None)
        done = 0
        while lines := list(islice(file, _LINES)):
            try:
                part = np.loadtxt(lines, np.float64, delimiter=delimiter, comments=None, ndmin=2)
            except ValueError as error:
                raise BadTable(url, f"it is no table of numbers: {error}; counted from line {done + 1}") from error
            if not len(part):
                break
            if part.shape[1] != (parts or [part])[0].shape[1]:
                raise BadTable(url, "its rows differ in length", line=done + 1)
            parts.append(part)
            done += len(lines)
    return np.concatenate(parts) if parts else np.empty((0, 0))


def _npy(path: Path, url: str) -> NDArray[Any]:
    """Open an array that was not seen before: its beginning, its header and its length are looked at."""
    start = _start(path, url)
    if not start.startswith(b"\x93NUMPY"):
        check_start(start, url)
        raise BadTable(url, "it is no numpy array", NOT_A_TABLE)
    return _array(path, url)


def _check_gifti(path: Path, url: str) -> None:
    start = _start(path, url)
    if b"<GIFTI" not in start and not start.startswith(b"\x1f\x8b"):
        check_start(start, url)
        raise BadTable(url, "it is no GIFTI file", NOT_A_TABLE)
    if not start.startswith(b"\x1f\x8b") and b"</GIFTI>" not in path.read_bytes()[-4096:]:
        raise BadTable(url, "the GIFTI file ends early", "try again")


def _check_text(path: Path, url: str, count: int) -> None:
    """Refuse text that ends early: a line for each vertex, and as many cells in the last one as in the first."""
    check_start(_start(path, url), url)
    lines, first, last = 0, b"", b""
    with path.open("rb") as file:
        for line in file:
            if line.strip():
                lines, first, last = lines + 1, first or line, line
    cells = [len(line.replace(b",", b" ").replace(b";", b" ").split()) for line in (first, last)]
    if lines != count or cells[0] != cells[1]:
        reason = f"it has {lines:,} lines, the last with {cells[1]} cells, not {count:,} with {cells[0]}"
        raise BadTable(url, reason, "it may have ended early: try again")


def _start(path: Path, url: str) -> bytes:
    with path.open("rb") as file:
        start = file.read(4096)
    if start.startswith(_LFS):
        raise BadTable(
            url, "it is a pointer of Git LFS, not the file itself", f"put the file into the cache: {path.name}"
        )
    return start
