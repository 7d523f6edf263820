"""Reading blocks of chunked arrays through tensorstore: bounded in memory and in time, and no failure is a zero.

tensorstore asks for many chunks at once, which is what makes a chunked volume fast over a network; and it tells a
chunk that is not there, which is background, from one that could not be had, which is an error. It has no limit on the
time that a server may take (its issue 291), so that is watched here.
"""

from __future__ import annotations

import hashlib
import re
import threading
from dataclasses import dataclass
from functools import lru_cache
from itertools import product
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from siibra_kg.errors import BadVolume, DataMissing, SourceError
from siibra_kg.volumes.chunks.cuts import cuts

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from siibra_kg.volumes.chunks.folder import Folder
    from siibra_kg.volumes.place import Block

__all__ = ["Chunked", "open_chunked", "require_tensorstore"]

#: Decoded chunks that the process keeps, in bytes. What is read is not counted: that is the caller's.
CACHE_BYTES = 2**27
_RETRIES = {"max_retries": 3, "initial_delay": "100ms", "max_delay": "2s"}
# A part of a read is some chunks. If none of the parts is done within the timeout the server is given up, so a part has
# to be small; and a part costs some microseconds, so not too small.
_PART_CHUNKS = 16
#: How tensorstore words what went wrong with a request, as opposed to what came of it.
# The second form of a code is that of tensorstore 0.1.78, the last one for Python 3.10.
_REQUEST = re.compile(r"HTTP code|http_response_code|CURL error|ABORTED|UNAVAILABLE|PERMISSION_DENIED|DEADLINE")
_REDIRECT = re.compile(r"HTTP code 3\d\d\b|http_response_code='3\d\d'")
# Where in its own source it failed: told before the code of the server, or after it.
_PLACES = re.compile(r" \[source locations='[^']*'\]")
_WHERE = re.compile(r"Error reading (\S+): (.*)", re.DOTALL)


def require_tensorstore() -> Any:  # noqa: ANN401  a module without types
    """Import tensorstore, or say how to get it."""
    try:
        import tensorstore  # noqa: PLC0415  66 MB and a tenth of a second, for chunked volumes only
    except ImportError:
        hint = "install the extra: pip install 'siibra-kg[volumes]'"
        raise DataMissing("tensorstore", "chunked volumes are read with this Python package", hint) from None
    return tensorstore


@lru_cache(maxsize=1)
def _context() -> Any:  # noqa: ANN401  tensorstore.Context
    """Give the pool of chunks and connections that all volumes of the process share, made when it is first needed."""
    given = {"cache_pool": {"total_bytes_limit": CACHE_BYTES}, "http_request_retries": _RETRIES}
    return require_tensorstore().Context(given)


@dataclass(frozen=True, slots=True, eq=False)
class Chunked:
    """An open chunked array.

    Parameters
    ----------
    store
        The tensorstore, with all of its dimensions, the first index of each being zero.
    axes
        Which of them are x, y and z.
    fixed
        Dimension -> the one position that is read, for the others.
    chunk
        Voxels of a piece that is fetched at once, along x, y and z.
    url, timeout
        Of the folder.
    """

    store: Any
    axes: tuple[int, int, int]
    fixed: tuple[tuple[int, int], ...]
    chunk: tuple[int, int, int]
    url: str
    timeout: float

    @property
    def dtype(self) -> np.dtype[Any]:
        """Of a voxel, in the byte order of this machine."""
        dtype: np.dtype[Any] = np.dtype(self.store.dtype.numpy_dtype).newbyteorder("=")
        return dtype

    @property
    def shape(self) -> tuple[int, int, int]:
        """Voxels along x, y and z."""
        x, y, z = (int(self.store.shape[a]) for a in self.axes)
        return x, y, z

    def read(self, block: Block) -> NDArray[Any]:
        """Read a block: the first voxel and the one after the last, along x, y and z.

        Returns
        -------
        numpy.ndarray
            Column-major.

        Raises
        ------
        SourceError
            If a chunk cannot be fetched.
        BadVolume
            If a chunk cannot be decoded.
        """
        tensorstore = require_tensorstore()
        start = tuple(a for a, _ in block)
        array = np.empty(tuple(b - a for a, b in block), self.dtype, order="F")
        target, source = tensorstore.array(array), self._view()
        futures = []
        with tensorstore.Batch() as batch:
            for part in _parts(block, self.chunk):
                there = tuple(slice(a, b) for a, b in part)
                here = tuple(slice(a - s, b - s) for (a, b), s in zip(part, start, strict=True))
                futures.append(target[here].write(source[there], batch=batch))
        self._finish(futures)
        return array

    def _view(self) -> Any:  # noqa: ANN401  a tensorstore
        order = [*self.axes, *(d for d, _ in self.fixed)]
        view = self.store.transpose(order)
        for _, position in reversed(self.fixed):
            view = view[..., position]
        return view

    def _finish(self, futures: Sequence[Any]) -> None:
        """Wait until all parts are there; give up when none arrives for as long as a request may take."""
        changed, done = threading.Condition(), 0

        def count(_: object) -> None:
            nonlocal done
            with changed:
                done += 1
                changed.notify()

        for future in futures:
            future.add_done_callback(count)
        try:
            seen = 0
            with changed:
                while done < len(futures):
                    if not changed.wait_for(lambda: done > seen, self.timeout):  # noqa: B023  called right here
                        raise SourceError(
                            self.url, f"no chunk arrived for {self.timeout:g} s", "check the server, or try again"
                        )
                    seen = done
            for future in futures:
                self._result(future)
        finally:
            for future in futures:
                future.cancel()

    def _result(self, future: Any) -> None:  # noqa: ANN401  a tensorstore.Future
        try:
            future.result()
        except (ValueError, OSError, NotImplementedError) as error:
            raise _explained(self.url, error) from error


def _explained(url: str, error: Exception) -> SourceError | BadVolume:
    """Tell a request that failed from content that cannot be decoded."""
    text = _PLACES.sub("", str(error)).partition(" [tensorstore_spec=")[0]
    where = _WHERE.search(text)
    place, reason = (where[1], where[2]) if where else (url, text)
    if _REDIRECT.search(text):
        hint = "tensorstore follows no redirects: use the address that it leads to, or copy the folder to the mirror"
        return SourceError(place, "the server redirects requests for chunks", hint)
    if _REQUEST.search(text):
        return SourceError(place, reason, "a chunk that cannot be had is an error, not background; try again later")
    return BadVolume(place, f"cannot be decoded ({reason})", "is it what its description says?")


def _parts(block: Block, chunk: Sequence[int]) -> list[Block]:
    """Cut a block along the borders of chunks into parts of a few chunks, the first axis being cut last."""
    left, edges = _PART_CHUNKS, [0, 0, 0]
    for axis in range(3):
        low, high = block[axis]
        count = -(-high // chunk[axis]) - low // chunk[axis]
        edges[axis] = max(1, min(count, left))
        left = max(1, left // edges[axis])
    return [(x, y, z) for z, y, x in product(*(cuts(block[a], chunk[a] * edges[a]) for a in (2, 1, 0)))]


def open_chunked(
    folder: Folder,
    driver: Mapping[str, Any],
    described: Mapping[str, bytes],
    axes: tuple[int, int, int],
    *,
    fixed: Mapping[int, int],
    path: str = "",
) -> Chunked:
    """Open an array of a folder, with the description that was read and checked before.

    Parameters
    ----------
    folder
        Where its chunks are.
    driver
        The driver of tensorstore and what it wants to know.
    described
        File name -> content. These files are not read again: a server could answer otherwise the second time.
    axes, fixed
        As of :class:`Chunked`.
    path
        Of the array in the folder, with a slash at its end, or nothing.

    Raises
    ------
    BadVolume
        If tensorstore refuses the description.
    """
    tensorstore, context = require_tensorstore(), _context()
    base = folder.kvstore
    layers: list[dict[str, Any]] = [{"base": base}]
    # Chunks are kept by where they are and by what describes them; on a disk they may be written anew.
    for name, content in sorted(described.items()):
        kept = f"{hashlib.sha256(content).hexdigest()}/{name}"
        memory = tensorstore.KvStore.open({"driver": "memory"}, context=context).result(timeout=folder.timeout)
        memory[kept] = content
        layers.append({"exact": name, "base": {"driver": "memory", "path": kept}})
    spec = {
        **driver,
        "kvstore": {"driver": "kvstack", "layers": layers, "path": path},
        "recheck_cached_data": "open" if folder.path is not None else False,
    }
    try:
        store = tensorstore.open(spec, context=context, open=True, read=True).result(timeout=folder.timeout)
    except TimeoutError:
        raise SourceError(folder.url, f"no answer within {folder.timeout:g} s") from None
    except (ValueError, OSError, NotImplementedError) as error:
        raise _explained(folder.url, error) from error
    store = store[tensorstore.d[:].translate_to[0]]
    pieces = store.chunk_layout.read_chunk.shape or store.shape
    sizes = tuple(max(1, int(pieces[a] or store.shape[a])) for a in axes)
    x, y, z = (min(s, int(store.shape[a])) for s, a in zip(sizes, axes, strict=True))
    _check_chunks(folder.url, store, pieces)
    return Chunked(store, axes, tuple(sorted(fixed.items())), (x, y, z), folder.url, folder.timeout)


def _check_chunks(url: str, store: Any, pieces: Sequence[int]) -> None:  # noqa: ANN401  a tensorstore
    """Refuse chunks that are larger than the pool they go through: one voxel of such an array would fill the memory."""
    need = prod(int(p) for p in pieces) * int(store.dtype.numpy_dtype.itemsize)
    if need > 8 * CACHE_BYTES:
        raise BadVolume(url, f"its chunks have {need:,} bytes each, more than the {8 * CACHE_BYTES:,} that are read")
