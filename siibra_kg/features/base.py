"""What all features with numbers have: data, unit, pictures, files to take away."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from siibra_kg.model_features import Feature

if TYPE_CHECKING:
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

    def _reader(self) -> Reader:
        return self._view().reader  # type: ignore[no-any-return]
