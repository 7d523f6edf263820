"""Reference spaces as values: all of them, those of a parcellation, those of a region."""

from __future__ import annotations

from typing import TYPE_CHECKING

from siibra_kg.model import Space

if TYPE_CHECKING:
    from collections.abc import Iterable

    from siibra_kg.model import Parcellation, Region, View
    from siibra_kg.questions.ask import Asker
    from siibra_kg.table import Row
    from siibra_kg.terms import IRI

__all__ = ["by_iri", "from_row", "of_parcellation", "of_region", "spaces"]


def spaces(ask: Asker) -> tuple[Space, ...]:
    """Give all spaces by name, version by version."""
    return tuple(from_row(row, ask.view) for row in ask.table("space/list"))


def by_iri(ask: Asker, iris: Iterable[IRI | None]) -> tuple[Space, ...]:
    """Give spaces by IRI, sorted by name; nothing for what is no space of the graph."""
    wanted = {iri for iri in iris if iri is not None}
    return tuple(space for space in spaces(ask) if space.iri in wanted) if wanted else ()


def of_parcellation(ask: Asker, parcellation: Parcellation) -> tuple[Space, ...]:
    """Give the spaces in which a release is defined or has a map; none for an atlas without releases."""
    defined = ask.table("release/spaces", release=parcellation.iri).column("space")
    return by_iri(ask, (*defined, *ask.table("map/list", release=parcellation.iri).column("in_space")))


def of_region(ask: Asker, region: Region) -> tuple[Space, ...]:
    """Give the spaces in which a region is defined in its own release, or in which a map shows it or a part of it."""
    home = region.parcellation.iri if region.parcellation else None
    rows = ask.table("region/spaces", region=region.iri)
    shown = ask.table("map/spaces-of-region", region=region.iri).column("iri")
    return by_iri(ask, (*(row.space for row in rows if row.parcellation == home), *shown))


def from_row(row: Row, view: View | None = None) -> Space:
    """Make a space of a row of ``space/list``."""
    return Space(
        row.iri,
        row.name,
        row.version or "",
        row.species or "",
        row.unit or "",
        row.orientation or "",
        row.siibra_name or "",
        row.short_name or "",
        view,
    )
