"""Reader: from a feature's files to arrays and frames; knows formats, addresses and what was read before."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from siibra_kg.config import Settings
    from siibra_kg.questions.ask import Asker

__all__ = ["Reader"]


class Reader:
    """Reads files of features.

    Parameters
    ----------
    ask
        The graph that says how they are written.
    settings
        Cache, mirror, and whether the network may be used.
    """

    def __init__(self, ask: Asker, settings: Settings) -> None:
        self.ask = ask
        self.settings = settings
