"""From names to atlases, spaces, parcellations and regions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from siibra_kg.errors import NoSuchName
from siibra_kg.facade.base import Base
from siibra_kg.questions import hierarchy, lookup, maps, naming, parcellations, paths, spaces

if TYPE_CHECKING:
    import re
    from collections.abc import Iterator

    from siibra_kg import model
    from siibra_kg.table import Table
    from siibra_kg.terms import IRI

__all__ = ["Names"]


class Names(Base):
    """Look-ups: all things of a kind, or the one that a name means."""

    def atlases(self) -> tuple[model.Atlas, ...]:
        """All atlases, by name."""
        return parcellations.atlases(self._ask)

    def spaces(self) -> tuple[model.Space, ...]:
        """All reference spaces, by name."""
        return spaces.spaces(self._ask)

    def parcellations(self) -> tuple[model.Parcellation, ...]:
        """All releases of all atlases, oldest first; an atlas without releases stands for itself."""
        return parcellations.parcellations(self._ask)

    def maps(self) -> tuple[model.Map, ...]:
        """All maps, by release, space and kind; :meth:`map` reads one."""
        return maps.maps(self._ask)

    def atlas(self, spec: str | model.Atlas) -> model.Atlas:
        """The one atlas of this name; see :meth:`region` for what a name can be and which errors there are."""
        return naming.atlas(self._ask, spec)

    def space(self, spec: str | model.Space) -> model.Space:
        """The one reference space of this name; a space that some parcellation uses is preferred over others."""
        return naming.space(self._ask, spec)

    def parcellation(self, spec: str | model.Parcellation) -> model.Parcellation:
        """The one release of this name; an atlas's name without version means its newest release."""
        return naming.parcellation(self._ask, spec)

    def region(self, spec: str | model.Region, parcellation: str | model.Parcellation | None = None) -> model.Region:
        """Give exactly one region.

        Parameters
        ----------
        spec
            Name, synonym, abbreviation, id, CURIE or IRI. Case, punctuation and the wording of a hemisphere do not
            count. A part of a name counts if it fits one region only.
        parcellation
            Atlas or release in which to look; the newest release of every atlas unless told.

        Raises
        ------
        NoSuchName
            If there is none; ``close`` has the nearest names.
        AmbiguousName
            If there are several; ``candidates`` has them.
        """
        return lookup.region(self._ask, spec, parcellation)

    def find(
        self, spec: str | re.Pattern[str] | model.Region, parcellation: str | model.Parcellation | None = None
    ) -> tuple[model.Region, ...]:
        """Give all regions that a name fits, best first; nothing if there is none."""
        return lookup.find_regions(self._ask, spec, parcellation)

    def resolve(self, spec: object) -> IRI:
        """Give the one node, of whatever kind, that a name, id, CURIE, IRI or value stands for."""
        return lookup.resolve(self._ask, spec)

    def draw_tree(self, spec: str, parcellation: str | None = None, *, depth: int | None = None) -> Iterator[str]:
        """Draw the tree below a region, or of a whole parcellation or atlas, as lines of text."""
        if parcellation is None:
            try:
                root = self.parcellation(spec).iri
            except NoSuchName:
                root = self.region(spec).iri
        else:
            root = self.region(spec, parcellation).iri
        return hierarchy.draw(self._ask, root, depth=depth)

    def path(self, a: object, b: object, *, most: int = 8) -> Table:
        """Give one shortest path between two nodes, along parts, versions, identity, mappings and homology.

        Returns
        -------
        Table
            A row for each step: ``step``, ``node``, ``link``, ``forward`` (false where the statement is about the
            other node), ``iri``. No rows where there is none of at most ``most`` steps.
        """
        return paths.between(self._ask, self.resolve(a), self.resolve(b), most=most)
