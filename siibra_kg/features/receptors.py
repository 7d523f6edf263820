"""Receptors: what the symbols in tables of densities mean, from the graph's table of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from siibra_kg.questions.ask import Asker
    from siibra_kg.terms import IRI

__all__ = ["Receptor", "clean_symbol", "find_receptor", "receptors"]

_QUOTES = "\"'‘’“” \t"


@dataclass(frozen=True, slots=True)
class Receptor:
    """A receptor for a classical neurotransmitter.

    Parameters
    ----------
    iri
        A ``skos:Concept`` of this project; it names openMINDS' ``MolecularEntity`` where there is one.
    symbol
        As tables of densities write it, ``"5-HT1A"``.
    name
        ``"5-hydroxytryptamine receptor 1A"``.
    neurotransmitter
        Name of what binds to it, ``"serotonin"``.
    neurotransmitter_symbol
        ``"5-HT"``.
    """

    iri: IRI
    symbol: str
    name: str
    neurotransmitter: str
    neurotransmitter_symbol: str

    @property
    def bound(self) -> str:
        """Symbol and name of what binds to it: ``"5-HT (serotonin)"``."""
        return f"{self.neurotransmitter_symbol} ({self.neurotransmitter})"


def receptors(ask: Asker) -> dict[str, Receptor]:
    """Read the graph's receptors, by each way to write their symbols; see :func:`find_receptor`."""
    found: dict[str, Receptor] = {}
    spellings: dict[str, Receptor] = {}
    for row in ask.table("feature/receptors"):
        receptor = Receptor(row.iri, row.symbol, row.name, row.transmitter, row.transmitter_symbol)
        found.setdefault(row.symbol, receptor)
        if row.spelling:
            spellings.setdefault(row.spelling, receptor)
    return {**spellings, **found}


def find_receptor(known: Mapping[str, Receptor], symbol: str) -> Receptor | None:
    """Find a receptor by its symbol or another spelling of it; nothing is compared but whole symbols.

    >>> from siibra_kg.terms import IRI
    >>> d1 = Receptor(IRI("urn:d1"), "D1", "dopamine receptor D1", "dopamine", "DA")
    >>> find_receptor({"D1": d1}, ' "D1"').name
    'dopamine receptor D1'
    >>> find_receptor({"D1": d1}, "d1") is d1, find_receptor({"D1": d1}, "D10") is None
    (True, True)
    """
    clean = clean_symbol(symbol)
    if clean in known:
        return known[clean]
    folded = clean.casefold()
    same = {receptor for spelling, receptor in known.items() if spelling.casefold() == folded}
    return same.pop() if len(same) == 1 else None


def clean_symbol(symbol: str) -> str:
    """Take away blanks and quotation marks around a symbol: some tables have them twice."""
    return symbol.strip(_QUOTES)
