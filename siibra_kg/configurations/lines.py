"""Statements as N-Triples lines, and the terms that they are made of."""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING
from urllib.parse import quote

import orjson

from siibra_kg.nt import lexical, literal, typed
from siibra_kg.terms import is_iri
from siibra_kg.vocab import RDF_TYPE, XSD

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["TRUE", "Lines", "digest", "double", "integer", "iri_of"]

TRUE = f'"true"^^<{XSD}boolean>'
_WEB = re.compile(r"(?:https?|ftp|file|gs|s3)://[^/?#\s]", re.IGNORECASE)
# What may stand in an IRI besides letters, digits and what quote() never touches.
_KEPT = "%:/?#[]@!$&'()*+,;=~"


class Lines:
    """Collects statements. All terms are N-Triples text: ``<iri>`` or ``"text"``."""

    __slots__ = ("_lines",)

    def __init__(self) -> None:
        self._lines: list[str] = []

    def __len__(self) -> int:
        return len(self._lines)

    def add(self, subject: str, predicate: str, term: str) -> None:
        """Say one thing."""
        self._lines.append(f"{subject} {predicate} {term} .\n")

    def type(self, subject: str, *classes: str) -> None:
        """Say what something is."""
        for name in classes:
            self._lines.append(f"{subject} <{RDF_TYPE}> {name} .\n")

    def text(self, subject: str, predicate: str, text: str) -> None:
        """Say a text, unless it is empty."""
        if text:
            self._lines.append(f"{subject} {predicate} {literal(text)} .\n")

    def links(self, subject: str, predicate: str, terms: Iterable[str]) -> None:
        """Say several things of one kind."""
        for term in terms:
            self._lines.append(f"{subject} {predicate} {term} .\n")

    def bytes(self) -> bytes:
        """Give all lines, each once, sorted."""
        return "".join(sorted(set(self._lines))).encode()


def integer(value: int) -> str:
    """Write an integer."""
    return f'"{value}"^^<{XSD}integer>'


def double(value: float) -> str:
    """Write a double in its shortest form, also where it is a whole number."""
    return typed(lexical(value, XSD + "double"), XSD + "double")


def digest(value: object) -> str:
    """Give 12 hexadecimal digits that stand for a JSON value, whatever the order of its keys."""
    return hashlib.sha256(orjson.dumps(value, option=orjson.OPT_SORT_KEYS)).hexdigest()[:12]


def iri_of(text: str) -> str | None:
    """Give the IRI that a web address means, with what an IRI may not hold percent-encoded; ``None`` if it is none.

    >>> iri_of("https://example.org/a b.nii")
    'https://example.org/a%20b.nii'
    >>> iri_of("./a.nii") is None
    True
    """
    text = text.strip()
    if _WEB.match(text) is None:
        return None
    if is_iri(text):
        return text
    # "%" is kept, so what is encoded already stays as it is; a lone "%" makes it no IRI after all.
    encoded = quote(text, safe=_KEPT)
    return encoded if is_iri(encoded) else None
