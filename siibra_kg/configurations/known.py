"""The ids of one configuration: which node each space and parcellation is, and what is known of it beforehand.

Documents name each other by siibra's ids, whatever their order; so all of them are asked for their ids first.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from siibra_kg.siibra_names import clear_name, key
from siibra_kg.slugs import unique_slugs
from siibra_kg.vocab import BASE

if TYPE_CHECKING:
    from collections.abc import Iterable

    from siibra_kg.configurations.part import Part
    from siibra_kg.configurations.tables import Tables

__all__ = ["Known", "Release", "Space"]

_RELEASES = "id/release/"


@dataclass(frozen=True, slots=True)
class Release:
    """A parcellation: its node, the slug in it, its name, siibra's key of it, the IRI of its species."""

    node: str
    slug: str
    name: str
    key: str
    species: str


@dataclass(frozen=True, slots=True)
class Space:
    """A space: its node, and the IRI of its species."""

    node: str
    species: str


@dataclass(frozen=True, slots=True)
class Known:
    """The spaces and parcellations of a configuration by siibra's id.

    Filled by :meth:`learn`; a document that turns out to be unusable is taken out again.
    """

    base: str
    tables: Tables
    spaces: dict[str, Space] = field(default_factory=dict)
    releases: dict[str, Release] = field(default_factory=dict)

    def node(self, path: str) -> str:
        """Make a node of this project's: ``<base>id/<path>``."""
        return f"<{self.base}id/{path}>"

    def learn(self, spaces: Iterable[Part], parcellations: Iterable[Part]) -> None:
        """Find the nodes of all spaces and parcellations: documents with an id, a name and a species."""
        named = {part.text("@id"): part for part in spaces}
        mapped = self.tables.spaces
        coined = unique_slugs((i, part.text("name")) for i, part in named.items() if i not in mapped)
        for i, part in named.items():
            node = self._based(mapped[i]) if i in mapped else self.node(f"space/{coined[i]}")
            self.spaces[i] = Space(node, self.species(part))
        named = {part.text("@id"): part for part in parcellations}
        slugs = _release_slugs(self.tables, named)
        for i, part in named.items():
            name = clear_name(part.text("name"))
            self.releases[i] = Release(self.node(f"release/{slugs[i]}"), slugs[i], name, key(name), self.species(part))

    def _based(self, iri: str) -> str:
        """Move a node of this project's own to the base of this build."""
        return f"<{self.base}{iri.removeprefix(BASE)}>" if iri.startswith(BASE) else f"<{iri}>"

    def species(self, part: Part) -> str:
        """Give the IRI of the species that an object states, by name or by the id of one; empty if none.

        The name counts more: the marmoset parcellation has the id of the human species in ``minds/core/species``
        and the right one in its name.

        Raises
        ------
        BadDocument
            If it states one that is not known.
        """
        name = part.text("species")
        if name:
            iri = self.tables.species.get(" ".join(name.lower().split())) or self.tables.species.get(
                name.rpartition("/")[2]
            )
            if iri is None:
                raise part.bad(f"the species {name!r} is not known", "species")
            return iri
        ids = part.part("ebrains")
        if ids is None:
            return ""
        values = (value for value in ids.value.values() if type(value) is str)
        return next((iri for value in values if (iri := self.tables.species.get(value))), "")


def _release_slugs(tables: Tables, named: dict[str, Part]) -> dict[str, str]:
    """Give the slugs of all parcellations; none that is coined is that of a mapped one."""
    mapped = {i: iri.removeprefix(BASE + _RELEASES) for i, iri in tables.releases.items()}
    coined = unique_slugs((i, part.text("name")) for i, part in named.items() if i not in mapped)
    taken = set(mapped.values())
    return mapped | {i: f"{made}~siibra" if made in taken else made for i, made in coined.items()}
