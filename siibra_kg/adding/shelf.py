"""Where added datasets are kept: a folder each below ``Settings.home``; an entry appears whole or not at all."""

from __future__ import annotations

import os
import shutil
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from siibra_kg.build.switch import locked
from siibra_kg.sources.own import DATASETS, FILE

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["changed"]


@contextmanager
def changed(home: Path, slug: str, turtle: bytes | None) -> Iterator[None]:
    """Put an entry in its place, or take it away; what was there before comes back if the body fails.

    Parameters
    ----------
    home
        ``Settings.home``.
    slug
        Identifier of the dataset.
    turtle
        What it says; ``None`` to take it away.

    Raises
    ------
    BuildError
        If another process changes datasets for longer than ten minutes, or the folder cannot be written.
    OSError
        If the entry cannot be written.
    """
    shelf = home / DATASETS
    with locked(shelf / ".lock"):
        place = shelf / slug
        before = (place / FILE).read_bytes() if (place / FILE).is_file() else None
        _put(place, turtle)
        try:
            yield
        except BaseException:
            _put(place, before)
            raise


def _put(place: Path, turtle: bytes | None) -> None:
    if turtle is None:
        shutil.rmtree(place, ignore_errors=True)
        return
    place.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=".", suffix=".part", dir=place)
    part = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(turtle)
            file.flush()
            os.fsync(file.fileno())
        part.chmod(0o644)  # as other files; that of mkstemp is for its owner only
        part.replace(place / FILE)
    finally:
        part.unlink(missing_ok=True)
