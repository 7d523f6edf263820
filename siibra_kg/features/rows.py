"""Rows (and columns) of a feature that stand for regions: which of them somebody means."""

from __future__ import annotations

from typing import TYPE_CHECKING

from siibra_kg.errors import AmbiguousName, NoSuchName
from siibra_kg.model import Region

if TYPE_CHECKING:
    from collections.abc import Sequence

    from siibra_kg.model_features import MatrixRow

__all__ = ["Label", "called", "row_of"]

#: What a row stands for: a region, several, or, where the graph has none, the text of the source.
Label = Region | tuple[Region, ...] | str


def called(label: Label) -> str:
    """Give the words for a label.

    >>> called("a region that nobody knows")
    'a region that nobody knows'
    """
    if isinstance(label, tuple):
        return ", ".join(region.name for region in label)
    return label.name if isinstance(label, Region) else label


def row_of(spec: Region | str, labels: Sequence[Label], rows: Sequence[MatrixRow], within: str) -> int:
    """Give the one row that a region, or some words, mean.

    Parameters
    ----------
    spec
        A region; the whole name that a row has here or in the source; or words that only one row has. A row of its own
        comes before one that stands for several.
    labels
        What the rows stand for.
    rows
        Names of the source, in the same order.
    within
        What errors call the feature.

    Raises
    ------
    NoSuchName
        If no row is meant. For a region that only parts of it, or what it is part of, have rows, ``close`` has those.
    AmbiguousName
        If several are.
    """
    if isinstance(spec, Region):
        found = [i for i, label in enumerate(labels) if label == spec]
        found = found or [i for i, label in enumerate(labels) if isinstance(label, tuple) and spec in label]
        near = [] if found else _related(spec, labels)
    else:
        found, near = _in_words(spec, labels, rows)
    name = spec.name if isinstance(spec, Region) else spec
    if not found:
        raise NoSuchName(name, "row", near, within)
    if len(found) > 1:
        raise AmbiguousName(name, "row", [called(labels[i]) for i in found], within)
    return found[0]


def _related(region: Region, labels: Sequence[Label]) -> list[str]:
    """Give the rows for parts of a region, and for what it is part of."""
    around = {*region.descendants, *region.ancestors}
    return [called(x) for x in labels if not around.isdisjoint(x if isinstance(x, tuple) else (x,))]


def _in_words(spec: str, labels: Sequence[Label], rows: Sequence[MatrixRow]) -> tuple[list[int], list[str]]:
    import difflib  # noqa: PLC0415

    wanted = spec.strip().casefold()
    names = [(called(label).casefold(), row.name.casefold()) for label, row in zip(labels, rows, strict=True)]
    for place in (0, 1):  # the name here comes before that of the source, which may be the name of another row here
        found = [i for i, both in enumerate(names) if both[place] == wanted]
        if found:
            break
    else:
        words = wanted.split()
        found = [i for i, both in enumerate(names) if words and any(all(w in n.split() for w in words) for n in both)]
    if found:
        return found, []
    shown = {called(label).casefold(): called(label) for label in labels}
    return [], [shown[name] for name in difflib.get_close_matches(wanted, list(shown), 5, 0.4)]
