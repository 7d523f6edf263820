"""What every data frame of a feature carries: its unit, where it comes from, and what could not be read or resolved."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

from siibra_kg.data_errors import TableWarning
from siibra_kg.errors import AmbiguousName, DataMissing

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    import pandas as pd

    from siibra_kg.model_features import DataFile, Feature

__all__ = ["described", "finished", "notes_of", "only_file", "sources_of", "warned"]


def described(
    frame: pd.DataFrame,
    *,
    unit: str | Mapping[str, str] = "",
    sources: Iterable[Mapping[str, str]] = (),
    notes: Iterable[str] = (),
) -> pd.DataFrame:
    """Put unit, sources and notes into ``attrs``.

    Parameters
    ----------
    frame
        Is changed: what ``attrs`` held before is gone.
    unit
        A text, or one for each column or row.
    sources
        ``url``, ``member`` and ``sha256`` of each file.
    notes
        One line each; what is said twice is said once.

    Examples
    --------
    >>> import pandas as pd
    >>> described(pd.DataFrame({"mean": [1.0]}), unit="fmol/mg").attrs
    {'unit': 'fmol/mg', 'sources': [], 'notes': []}
    """
    distinct = {tuple(sorted(source.items())): dict(source) for source in sources}
    frame.attrs = {
        "unit": unit if isinstance(unit, str) else dict(unit),
        "sources": list(distinct.values()),
        "notes": list(dict.fromkeys(notes)),
    }
    return frame


def warned(frame: pd.DataFrame, name: str) -> pd.DataFrame:
    """Warn of each note of a frame: a :class:`~siibra_kg.data_errors.TableWarning` that begins with a name."""
    for note in frame.attrs["notes"]:
        warnings.warn(f"{name}: {note}", TableWarning, stacklevel=3)
    return frame


def finished(
    frame: pd.DataFrame,
    name: str,
    *,
    unit: str | Mapping[str, str] = "",
    sources: Iterable[Mapping[str, str]] = (),
    notes: Iterable[str] = (),
) -> pd.DataFrame:
    """Do both: :func:`described` and :func:`warned`."""
    described(frame, unit=unit, sources=sources, notes=notes)
    for note in frame.attrs["notes"]:
        warnings.warn(f"{name}: {note}", TableWarning, stacklevel=3)
    return frame


def notes_of(*frames: pd.DataFrame) -> list[str]:
    """Give the notes of some frames, in order."""
    return [note for frame in frames for note in frame.attrs.get("notes", ())]


def sources_of(*frames: pd.DataFrame) -> list[dict[str, str]]:
    """Give the files that some frames come from, in order."""
    return [source for frame in frames for source in frame.attrs.get("sources", ())]


def only_file(feature: Feature) -> DataFile:
    """Give the one data file of a feature that has one.

    Raises
    ------
    DataMissing
        If the graph names none.
    AmbiguousName
        If it names several.
    """
    files = [file for file in feature.files if file.role == "data"]
    if not files:
        hint = f"`siibra-kg show {feature.iri}` prints what it states"
        raise DataMissing(f"the table of {feature.name}", "the graph names no file of it", hint)
    if len(files) > 1:
        raise AmbiguousName(feature.name, "file", files)
    return files[0]
