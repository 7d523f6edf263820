"""Looks up in a graph what the texts of a description stand for: classes, regions, parcellations, spaces, species."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from siibra_kg.configurations.tables import Tables
from siibra_kg.data_errors import BadDescription
from siibra_kg.errors import AmbiguousName, NoSuchName
from siibra_kg.names import key, split_hemisphere
from siibra_kg.questions import lookup, matching, modalities, naming
from siibra_kg.terms import local_name

if TYPE_CHECKING:
    from collections.abc import Callable

    from siibra_kg.adding.description import Description, Measurement, Row
    from siibra_kg.model import Parcellation, Region, Space
    from siibra_kg.model_features import Modality
    from siibra_kg.questions.ask import Asker
    from siibra_kg.terms import IRI

__all__ = ["Resolved", "resolved"]


@dataclass(frozen=True, slots=True)
class Resolved:
    """A measurement with what its texts stand for.

    Parameters
    ----------
    said
        The measurement.
    modality
        Its class.
    anchors
        IRIs of the regions, or of the parcellation, that it belongs to.
    space
        IRI of the reference space, if any.
    species
        IRI of the taxon.
    rows
        For each row the IRIs of its regions.
    notes
        What could not be found, one line each.
    """

    said: Measurement
    modality: Modality
    anchors: tuple[IRI, ...]
    space: IRI | None
    species: str
    rows: tuple[tuple[IRI, ...], ...] = ()
    notes: tuple[str, ...] = ()


def resolved(ask: Asker, description: Description) -> tuple[Resolved, ...]:
    """Look up all measurements of a description.

    Raises
    ------
    BadDescription
        If a name stands for nothing, or for several things; names the nearest.
    """
    classes = {modality.name: modality for modality in modalities.modalities(ask)}
    return tuple(_Finder(ask, description, said, classes).found() for said in description.measurements)


class _Finder:
    def __init__(self, ask: Asker, whole: Description, said: Measurement, classes: dict[str, Modality]) -> None:
        self.ask, self.whole, self.said, self.classes = ask, whole, said, classes
        self.notes: list[str] = []

    def found(self) -> Resolved:
        said = self.said
        release = self._named(naming.parcellation, said.parcellation, "parcellation") if said.parcellation else None
        regions = [self._region(text, release) for text in said.regions]
        space = self._named(naming.space, said.space, "space") if said.space else None
        if (said.points or said.box) and space is None:
            raise self._bad("points and boxes need a space", "add a line `space: mni152`", "space")
        if not (regions or release or space):
            raise self._bad("nothing says where in the brain it belongs", "add `region:`, `parcellation:` or `space:`")
        anchors = tuple(region.iri for region in regions) or ((release.iri,) if release else ())
        rows = tuple(self._row(row, release) for row in said.rows)
        species = self._species(regions, release, space)
        return Resolved(said, self._modality(), anchors, space.iri if space else None, species, rows, tuple(self.notes))

    def _bad(self, reason: str, hint: str = "", where: str = "") -> BadDescription:
        return BadDescription(str(self.whole.source), reason, hint, where)

    def _named(self, find: Callable[[Asker, str], Parcellation | Space], text: str, what: str):  # type: ignore[no-untyped-def]  # noqa: ANN202
        try:
            return find(self.ask, text)
        except (NoSuchName, AmbiguousName) as error:
            raise self._bad(str(error), where=what) from error

    def _region(self, text: str, release: Parcellation | None) -> Region:
        try:
            return lookup.region(self.ask, text, release)
        except (NoSuchName, AmbiguousName) as error:
            raise self._bad(str(error), "" if release else "say in which `parcellation:`", "region") from error

    def _modality(self) -> Modality:
        words = {key(name).replace(" ", ""): modality for name, modality in self.classes.items()}
        for text in filter(None, (self.said.kind, self.said.modality)):
            found = words.get(key(text).replace(" ", ""))
            if found:
                return found
            if text == self.said.kind:
                break
        text = self.said.kind or self.said.modality
        near = matching.nearest(text, {key(name): name for name in self.classes})
        hint = f"nearest: {', '.join(near)}; " if near else ""
        where = "kind" if self.said.kind else "modality"
        raise self._bad(
            f"there is no class of features {text!r}",
            f"{hint}for anything else add `kind: Tabular` or `kind: Image`",
            where,
        )

    def _row(self, row: Row, release: Parcellation | None) -> tuple[IRI, ...]:
        """Give the regions of a row: those it names, else the one that is called exactly as it is."""
        if row.regions is not None:
            return tuple(self._region(text, release).iri for text in row.regions)
        try:
            found = lookup.region(self.ask, row.name, release) if release else None
        except (NoSuchName, AmbiguousName):
            found = None
        if found is not None and (split_hemisphere(row.name) == split_hemisphere(found.name) or row.name == found.iri):
            return (found.iri,)
        near = f" (not taken for {found.name!r}: write `region:` if it is)" if found is not None else ""
        self.notes.append(f"row {row.name!r}: no region is called so{near}")
        return ()

    def _species(self, regions: list[Region], release: Parcellation | None, space: Space | None) -> str:
        """Give the taxon of the places, which may not be of several, and is what the description says if it does."""
        known = Tables.load().species
        homes = [region.parcellation for region in regions]
        places = sorted({place.iri for place in (*homes, release, space) if place is not None})
        found = {str(iri) for iri in self.ask.table("dataset/species-of", nodes=places).column("species")}
        if self.said.species:
            own = known.get(" ".join(self.said.species.lower().split()), "")
            if not own:
                listed = ", ".join(sorted(name for name in known if " " in name))
                raise self._bad(f"the species {self.said.species!r} is not known", f"known are {listed}", "species")
            found.add(own)
        if not found:
            raise self._bad("nothing says of which species", "add a line `species: homo sapiens`", "species")
        if len(found) > 1:
            names = ", ".join(sorted(local_name(iri) for iri in found))
            raise self._bad(f"what it says belongs to several species: {names}", "one dataset for each", "species")
        return found.pop()
