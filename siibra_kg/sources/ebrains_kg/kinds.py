"""What is taken from the Knowledge Graph: the types, and the parts of an instance that are left out."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import lru_cache

from siibra_kg.resources import folder

__all__ = ["Kind", "Taken", "taken"]


@dataclass(frozen=True, slots=True)
class Kind:
    """A type of instances that the service has.

    Parameters
    ----------
    iri
        As the service names it.
    number
        How many instances it says that there are; ``-1`` where it does not say.
    """

    iri: str
    number: int = -1

    @property
    def name(self) -> str:
        """The local name, which is also the name of its file."""
        return self.iri.rpartition("/")[2]


@dataclass(frozen=True, slots=True)
class Taken:
    """What ``ontologies/ebrains-kg.json`` says.

    Parameters
    ----------
    names
        Local names of types, in the order in which they are asked for.
    most
        A type with more instances is passed over, and reported.
    left_out
        Keys of instances that are not kept: who edited them, and what changes every day.
    """

    names: tuple[str, ...]
    most: int
    left_out: frozenset[str]


@lru_cache(maxsize=1)
def taken() -> Taken:
    """Read what a build takes from the Knowledge Graph."""
    told = json.loads((folder("ontologies") / "ebrains-kg.json").read_text("utf-8"))
    names = tuple(dict.fromkeys(name for group in told["groups"].values() for name in group))
    return Taken(names, told["most"], frozenset(told["left out"]))
