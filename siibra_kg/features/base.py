"""What all features with numbers have: data, unit, pictures, files to take away."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from siibra_kg.model_features import Feature

if TYPE_CHECKING:
    from pathlib import Path

    from siibra_kg.features.reader import Reader

__all__ = ["Measured"]


@dataclass(frozen=True, slots=True, repr=False)
class Measured(Feature):
    """A feature whose numbers can be read.

    Data frames carry in ``attrs``: ``unit`` (text, or a mapping by column), ``sources`` (a list of mappings with
    ``url``, ``member``, ``sha256``) and ``notes`` (what could not be read or resolved, one line each; every note is
    also a :class:`~siibra_kg.data_errors.TableWarning`).
    """

    @property
    def data(self) -> Any:  # noqa: ANN401  a data frame; of an image, a volume
        """What was measured."""
        raise NotImplementedError

    def to_csv(self, path: str | Path) -> Path:
        """Write the data as a CSV file: UTF-8, a line of titles, regions by name, missing values as empty cells.

        Raises
        ------
        CannotWrite
            If the data is no table, or the file cannot be written.
        """
        from siibra_kg.features.export import to_csv  # noqa: PLC0415  most features are never written

        return to_csv(self, path)

    def to_zip(self, path: str | Path) -> Path:
        """Write an archive with data, description, sources, licence and citation; equal data gives equal bytes.

        Raises
        ------
        CannotWrite
            If the file cannot be written.
        """
        from siibra_kg.features.export import to_zip  # noqa: PLC0415  as above

        return to_zip(self, path)

    def _reader(self) -> Reader:
        return self._view().reader  # type: ignore[no-any-return]
