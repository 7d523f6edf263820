"""What was read once: in memory as long as there is room, and in the cache folder, whole or not at all."""

from __future__ import annotations

import hashlib
import json
import threading
from collections import OrderedDict
from contextlib import suppress
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from siibra_kg.errors import BadVolume

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Mapping
    from pathlib import Path

    from numpy.typing import NDArray

__all__ = ["Kept", "Memory", "on_disk"]

#: Part of every key: a new number where the same files give other arrays than before.
_EDITION = "tables-1"


@dataclass(frozen=True, slots=True, eq=False)
class Kept:
    """Arrays that were computed from files.

    Parameters
    ----------
    arrays
        By name (letters, digits and ``_``); of numbers or of texts of fixed width, never of objects. Those that come
        out of the cache are read-only.
    note
        What belongs to them, as JSON: names of subjects, notes, sources.
    """

    arrays: Mapping[str, NDArray[Any]]
    note: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def size(self) -> int:
        """Bytes of the arrays."""
        return sum(array.nbytes for array in self.arrays.values())


class Memory:
    """Keeps values until they take too many bytes; those not asked for longest go first. For any number of threads.

    Parameters
    ----------
    limit
        The most bytes in all. A value that is larger by itself is not kept.

    >>> memory = Memory(10)
    >>> memory.put("a", 1, 6), memory.put("b", 2, 6)
    (1, 2)
    >>> memory.get("a"), memory.get("b")
    (None, 2)
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._values: OrderedDict[Hashable, tuple[Any, int]] = OrderedDict()
        self._size = 0
        self._lock = threading.Lock()

    def get(self, key: Hashable) -> Any:  # noqa: ANN401  whatever was put there
        """Give a value, or ``None``."""
        with self._lock:
            if key not in self._values:
                return None
            self._values.move_to_end(key)
            return self._values[key][0]

    def put(self, key: Hashable, value: Any, size: int) -> Any:  # noqa: ANN401
        """Keep a value of some bytes, and give it back."""
        with self._lock:
            if key in self._values:
                self._size -= self._values.pop(key)[1]
            if size <= self._limit:
                self._values[key] = value, size
                self._size += size
            while self._size > self._limit:
                self._size -= self._values.popitem(last=False)[1][1]
        return value


def on_disk(cache: Path, key: object, make: Callable[[], Kept]) -> Kept:
    """Give arrays from the cache folder, or make them and put them there.

    Parameters
    ----------
    cache
        The cache folder.
    key
        JSON that says all that the arrays depend on: checksums of files, their format, what was computed.
    make
        Called if they are not there, or damaged.
    """
    from siibra_kg.volumes import kept_folder  # noqa: PLC0415  numpy takes 100 ms

    text = json.dumps([_EDITION, key], sort_keys=True, ensure_ascii=False)
    digest = hashlib.sha256(text.encode()).hexdigest()
    folder = cache / "tables" / digest[:2] / digest
    with suppress(FileNotFoundError, BadVolume), kept_folder.opening(folder, "table") as note:
        names = note["arrays"]
        return Kept({name: kept_folder.mapped(folder / f"{name}.npy") for name in names}, note["note"])
    made = make()
    for array in made.arrays.values():
        array.flags.writeable = False  # as what comes out of the cache
    # A cache that may only be read (of an institute, say) serves too; the arrays are then made each time.
    with suppress(OSError):
        kept_folder.save(folder, {"arrays": sorted(made.arrays), "note": dict(made.note)}, made.arrays)
    return made
