"""What was measured of each gene, kept in the cache: one file for each gene, memory-mapped when it is used again.

::

    services/allen/<key>/samples.json         the samples, in the order of the columns
    services/allen/<key>/genes/<symbol>.npy   a row for each probe: number, batch, levels, z-scores
    services/allen/<key>/batches/<n>.json     what was asked for it, and the SHA-256 of what was answered

The key stands for the address of the service and the version of this layout. A file appears whole or not at all.
"""

from __future__ import annotations

import json
import mmap
import os
import tempfile
from contextlib import contextmanager
from dataclasses import asdict
from functools import lru_cache
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import numpy as np

from siibra_kg.errors import BadVolume
from siibra_kg.live.allen.samples import Sample

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from typing import IO

    from numpy.typing import NDArray

    from siibra_kg.config import Settings

__all__ = ["Store"]

_LAYOUT = 1


class Store:
    """Measurements on disk.

    Parameters
    ----------
    settings
        Where the cache is.
    base
        Address of the service.
    """

    def __init__(self, settings: Settings, base: str) -> None:
        self.folder = settings.cache / "services" / "allen" / sha256(f"{_LAYOUT} {base}".encode()).hexdigest()[:16]

    def samples(self) -> tuple[Sample, ...]:
        """Give the samples; none before anything was kept.

        Raises
        ------
        BadVolume
            If the file is damaged.
        """
        path = self.folder / "samples.json"
        try:
            rows = json.loads(path.read_bytes())
            return tuple(Sample(**{**row, "mri": tuple(row["mri"])}) for row in rows)
        except FileNotFoundError:
            return ()
        except (OSError, ValueError, TypeError, KeyError) as error:
            raise self._damaged(path, error) from error

    def keep_samples(self, samples: Sequence[Sample]) -> None:
        """Keep the samples."""
        self._write("samples.json", json.dumps([asdict(sample) for sample in samples]).encode())

    def gene(self, symbol: str, samples: int) -> NDArray[np.void] | None:
        """Give what was measured of a gene: fields ``probe``, ``batch``, ``level`` and ``zscore``; ``None`` if unknown.

        Raises
        ------
        BadVolume
            If the file is damaged, or made for another number of samples.
        """
        path = f"{self.folder}/genes/{_file(symbol)}"
        record = _record(samples)
        try:
            with open(path, "rb") as file:  # noqa: PTH123  a thousand genes are a thousand files: paths take their time
                size = os.fstat(file.fileno()).st_size
                probes = max(size - len(_head(samples, 0)), 0) // record.itemsize
                head = _head(samples, probes)
                whole = len(head) + probes * record.itemsize
                if size != whole or file.read(len(head)) != head:
                    raise self._damaged(Path(path), f"it is no table of {samples:,} samples")
                content = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        except FileNotFoundError:
            return None
        except (OSError, ValueError) as error:
            raise self._damaged(Path(path), error) from error
        return np.frombuffer(content, record, probes, len(head))

    def nothing(self, samples: int) -> NDArray[np.void]:
        """Give the table of a gene without probes."""
        return np.zeros(0, _record(samples))

    def keep_gene(
        self, symbol: str, probes: Sequence[int], batches: Sequence[str], levels: NDArray[Any], zscores: NDArray[Any]
    ) -> None:
        """Keep what was measured of a gene, and in which batch; arrays have the shape (probes, samples)."""
        table = np.zeros(len(probes), _record(levels.shape[1]))
        if len(probes):
            table["probe"], table["batch"], table["level"], table["zscore"] = probes, batches, levels, zscores
        place = self.folder / "genes" / _file(symbol)
        place.parent.mkdir(parents=True, exist_ok=True)
        with _whole(place) as file:
            file.write(_head(levels.shape[1], len(probes)) + table.tobytes())

    def keep_batch(self, asked: Sequence[Mapping[str, str]]) -> str:
        """Keep what was asked, each with ``url``, ``member`` and ``sha256`` of the answer; gives the batch's name."""
        text = json.dumps(list(asked)).encode()
        name = sha256(text).hexdigest()[:16]
        self._write(f"batches/{name}.json", text)
        return name

    def batch(self, name: str) -> list[dict[str, str]]:
        """Give what was asked for a batch."""
        path = self.folder / "batches" / f"{name}.json"
        try:
            return list(json.loads(path.read_bytes()))
        except (OSError, ValueError, TypeError) as error:
            raise self._damaged(path, error) from error

    def _write(self, name: str, content: bytes) -> None:
        place = self.folder / name
        place.parent.mkdir(parents=True, exist_ok=True)
        with _whole(place) as file:
            file.write(content)

    def _damaged(self, path: Path, why: object) -> BadVolume:
        return BadVolume(str(path), f"is damaged ({why})", f"remove the folder {self.folder}; it is made again")


@lru_cache(maxsize=256)
def _head(samples: int, probes: int) -> bytes:
    """Give what a file begins with. Comparing it takes a tenth of the time that numpy takes to understand it."""
    described = {"descr": np.lib.format.dtype_to_descr(_record(samples)), "fortran_order": False, "shape": (probes,)}
    buffer = BytesIO()
    np.lib.format.write_array_header_1_0(buffer, described)
    return buffer.getvalue()


@lru_cache(maxsize=8)
def _record(samples: int) -> np.dtype[np.void]:
    return np.dtype([("probe", "<i8"), ("batch", "S16"), ("level", "<f8", (samples,)), ("zscore", "<f8", (samples,))])


def _file(symbol: str) -> str:
    # Symbols differ in case alone here and there, which not all file systems tell apart.
    return f"{quote(symbol, safe='')[:80]}-{sha256(symbol.encode()).hexdigest()[:8]}.npy"


@contextmanager
def _whole(place: Path) -> Iterator[IO[bytes]]:
    handle, name = tempfile.mkstemp(prefix=".", suffix=".part", dir=place.parent)
    try:
        with open(handle, "wb") as file:  # noqa: PTH123  the handle is open already
            yield file
            file.flush()
            os.fsync(file.fileno())
        Path(name).chmod(0o644)  # as other files of the cache; that of mkstemp is for its owner only
        Path(name).replace(place)
    finally:
        Path(name).unlink(missing_ok=True)
