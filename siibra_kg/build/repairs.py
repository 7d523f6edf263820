"""Known defects of upstream data that have one safe repair: ``ontologies/repairs.json``.

Nothing that a source says is changed. Where the defect is found, the corrected statement is added in the graph of
the repair; the list keeps the evidence. A repair whose defect is not there (another release, a mend upstream) adds
nothing.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from siibra_kg.errors import BadDocument
from siibra_kg.terms import IRI, expand, is_iri, to_sparql

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable
    from pathlib import Path

__all__ = ["Repair", "corrected", "read_repairs"]


@dataclass(frozen=True, slots=True)
class Repair:
    """One repair: wherever a property leads to ``wrong``, it is taken to mean ``right``.

    Parameters
    ----------
    id
        Last part of the IRI of its graph.
    what
        What is wrong, in one sentence.
    evidence
        Why ``right`` is what is meant.
    predicate, wrong, right
        IRIs.
    """

    id: str
    what: str
    evidence: str
    predicate: IRI
    wrong: IRI
    right: IRI

    @property
    def graph(self) -> str:
        """IRI of its graph, relative to the base."""
        return f"graph/repair/{self.id}"


def read_repairs(path: Path) -> tuple[Repair, ...]:
    """Read the list.

    Raises
    ------
    BadDocument
        If it is malformed; names the entry.
    """
    repairs: list[Repair] = []
    for number, entry in enumerate(json.loads(path.read_bytes())["repairs"]):
        pointer = f"/repairs/{number}"
        try:
            predicate, wrong, right = (_iri(entry[name], path, pointer) for name in ("predicate", "wrong", "right"))
            repairs.append(Repair(entry["id"], entry["what"], entry["evidence"], predicate, wrong, right))
        except KeyError as error:
            raise BadDocument(path.name, f"a repair without {error}", pointer) from error
    if len({r.id for r in repairs}) < len(repairs):
        raise BadDocument(path.name, "two repairs have one id")
    return tuple(repairs)


def _iri(text: Any, path: Path, pointer: str) -> IRI:  # noqa: ANN401  JSON
    iri = expand(text) or (IRI(text) if is_iri(text) else None)
    if iri is None:
        raise BadDocument(path.name, f"{text!r} is no IRI", pointer)
    return iri


def corrected(repair: Repair, texts: Iterable[bytes], nodes: Collection[str]) -> list[str]:
    """Give the corrected statements for every place where the defect is.

    Parameters
    ----------
    repair
        The repair.
    texts
        N-Triples: everything that sources say.
    nodes
        IRIs of the nodes that sources describe: the right target has to be one of them, the wrong one none.
    """
    if repair.wrong in nodes or repair.right not in nodes:
        return []
    old = f" {to_sparql(repair.predicate)} {to_sparql(repair.wrong)} .\n"
    new = f" {to_sparql(repair.predicate)} {to_sparql(repair.right)} .\n"
    needle, lines = old.encode(), set()
    for text in texts:
        end = text.find(needle)
        while end >= 0:
            lines.add(text[text.rfind(b"\n", 0, end) + 1 : end].decode() + new)
            end = text.find(needle, end + len(needle))
    return sorted(lines)
