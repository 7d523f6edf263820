"""Asker: a store, a catalog of templates and a view, which every question needs together."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from siibra_kg.questions.known import Known
from siibra_kg.questions.run import run

if TYPE_CHECKING:
    from collections.abc import Mapping

    from siibra_kg.model import View
    from siibra_kg.stores.protocol import Store
    from siibra_kg.table import Table
    from siibra_kg.templates import Template

__all__ = ["Asker"]


@dataclass(frozen=True, slots=True)
class Asker:
    """Who asks, whom, and with which words; holds no answers but what look-ups read of the graph.

    Parameters
    ----------
    store
        Answers the queries.
    catalog
        The templates by name.
    view
        Handed on to the values that answers are made of, so that they can be walked; may be missing.
    known
        Names that look-ups have read; a snapshot never changes, so each release is read once.
    """

    store: Store
    catalog: Mapping[str, Template]
    view: View | None = None
    known: Known = field(default_factory=Known, compare=False, repr=False)

    def table(self, name: str, /, **values: object) -> Table:
        """Run a template and give its rows."""
        return run(self.store, self.catalog[name], values)
