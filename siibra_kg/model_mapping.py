"""Mappings: terms of other vocabularies for things of this graph, with what they rest on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from siibra_kg.terms import contract

if TYPE_CHECKING:
    from siibra_kg.terms import IRI

__all__ = ["Mapping"]


@dataclass(frozen=True, slots=True, repr=False)
class Mapping:
    """A term of another vocabulary for a thing of ours; the fields are SSSOM's.

    Parameters
    ----------
    subject
        ``subject_id``.
    predicate
        ``predicate_id``: a SKOS mapping property.
    object
        ``object_id``.
    label
        ``object_label``.
    justification
        ``mapping_justification``: a ``semapv`` term.
    confidence
        Between 0 and 1; ``None`` where nobody states one.
    source
        Where the statement comes from: the IRI of a mapping set, an ontology, or a named graph.
    """

    subject: IRI
    predicate: IRI
    object: IRI
    label: str = ""
    justification: IRI | None = None
    confidence: float | None = None
    source: IRI | None = None

    def __str__(self) -> str:
        return f"{contract(self.predicate)} {contract(self.object)}" + (f" ({self.label})" if self.label else "")

    def __repr__(self) -> str:
        return f"<Mapping {contract(self.subject)} {self}>"
