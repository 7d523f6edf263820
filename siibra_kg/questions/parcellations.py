"""Atlases and their releases, as values: which there are, in which order they appeared, which is the newest."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from siibra_kg.errors import AmbiguousName
from siibra_kg.model import Atlas, Parcellation

if TYPE_CHECKING:
    from collections.abc import Iterable

    from siibra_kg.questions.ask import Asker
    from siibra_kg.table import Row
    from siibra_kg.terms import IRI

__all__ = ["atlases", "by_iri", "heads", "multilevel", "newest", "newest_of_all", "parcellations", "parcellations_of"]


def atlases(ask: Asker) -> tuple[Atlas, ...]:
    """Give all atlases: openMINDS's by name, then siibra's, each with what siibra has of one species, in its order."""
    return (*(_atlas(ask, row) for row in ask.table("atlas/list")), *multilevel(ask))


def multilevel(ask: Asker) -> tuple[Atlas, ...]:
    """Give siibra's atlases, in its order."""
    return tuple(Atlas(r.iri, r.name, "", r.species or "", ask.view) for r in ask.table("atlas/multilevel"))


def parcellations(ask: Asker) -> tuple[Parcellation, ...]:
    """Give all releases, atlas by atlas, oldest first; an atlas without any release stands for itself."""
    found: list[Parcellation] = []
    for row in ask.table("atlas/list"):
        found += parcellations_of(ask, row.iri) or (_unversioned(ask, row),)
    stray = {row.iri: row for row in ask.table("release/list")}
    known = {p.iri for p in found}
    return (*found, *(_release(ask, row) for iri, row in stray.items() if iri not in known))


def parcellations_of(ask: Asker, atlas: IRI) -> tuple[Parcellation, ...]:
    """Give the releases of an atlas, oldest first: by the chain of versions, then by the numbers in their names.

    Those of one of siibra's atlases come by name.
    """
    chain = {row.iri: row.earlier for row in ask.table("version/chain", atlas=atlas)}
    if not chain:
        parts = [row.iri for row in ask.table("atlas/parts", atlas=atlas) if row.is_release]
        found = by_iri(ask, parts)
        return tuple(found[iri] for iri in parts if iri in found)
    rows = {row.iri: row for row in ask.table("release/describe", releases=tuple(chain))}
    order = sorted(chain, key=lambda iri: (chain[iri], _numbers(rows[iri].version), rows[iri].name, iri))
    return tuple(_release(ask, rows[iri]) for iri in order)


def by_iri(ask: Asker, iris: Iterable[IRI]) -> dict[IRI, Parcellation]:
    """Give parcellations by IRI: releases, and atlases, which stand for their version-independent entities."""
    wanted = sorted(set(iris))
    if not wanted:
        return {}
    found = {row.iri: _release(ask, row) for row in ask.table("release/describe", releases=wanted)}
    if len(found) < len(wanted):
        found |= {
            r.iri: _unversioned(ask, r) for r in ask.table("atlas/list") if r.iri in wanted and r.iri not in found
        }
    return found


def heads(ask: Asker, atlas: IRI) -> tuple[Parcellation, ...]:
    """Give the newest releases of an atlas.

    The newest is the one that no other release follows. Where the chain leaves several (Allen's releases are not
    linked), the numbers in the version decide; where they are equal too (the four orientations of Paxinos & Watson's
    sixth edition), all of them are newest. An atlas without releases stands for itself.
    """
    chain = ask.table("version/chain", atlas=atlas)
    followed = {row.previous for row in chain}
    ends = {row.iri: _numbers(row.version) for row in chain if row.iri not in followed}
    if not ends:
        return tuple(_unversioned(ask, row) for row in ask.table("atlas/list") if row.iri == atlas)
    last = max(ends.values())
    newest_ones = by_iri(ask, (iri for iri, numbers in ends.items() if numbers == last))
    return tuple(newest_ones[iri] for iri in sorted(newest_ones))


def newest_of_all(ask: Asker) -> tuple[Parcellation, ...]:
    """Give the newest releases of each atlas, then those that belong to no atlas and that no other follows."""
    of_atlases = [p for row in ask.table("atlas/list") for p in heads(ask, row.iri)]
    stray = [row for row in ask.table("release/list") if row.atlas is None]
    followed = {row.previous for row in ask.table("release/follows")} if stray else set()
    return (*of_atlases, *(_release(ask, row) for row in stray if row.iri not in followed))


def newest(ask: Asker, atlas: IRI, spec: str) -> Parcellation:
    """Give the newest release of an atlas.

    Raises
    ------
    AmbiguousName
        If several releases are equally new; ``spec`` is what was asked for.
    """
    found = heads(ask, atlas)
    if len(found) != 1:
        raise AmbiguousName(spec, "parcellation", found)
    return found[0]


def _numbers(version: str | None) -> tuple[int, ...]:
    return tuple(int(n) for n in re.findall(r"[0-9]+", version or ""))


def _atlas(ask: Asker, row: Row) -> Atlas:
    return Atlas(row.iri, row.name, row.abbreviation or "", row.species or "", ask.view)


def _unversioned(ask: Asker, row: Row) -> Parcellation:
    return Parcellation(row.iri, row.name, "", row.iri, row.species or "", "", ask.view)


def _release(ask: Asker, row: Row) -> Parcellation:
    return Parcellation(row.iri, row.name, row.version or "", row.atlas, row.species or "", row.license or "", ask.view)
