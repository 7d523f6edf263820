r"""Recognises what a string really is: an IRI, a date, a number, a citation inside prose, an untidy name.

>>> citations("cite [Amunts et al. (2020)](http://dx.doi.org/10.1126/science.abb4588)")
['https://doi.org/10.1126/science.abb4588']
>>> tidy("supramarginal and\nangular gyri ")
'supramarginal and angular gyri'
>>> date_type("2015-05-01")
'http://www.w3.org/2001/XMLSchema#date'
"""

from __future__ import annotations

import datetime as dt
import re
import unicodedata

from siibra_kg.jsonld.iris import is_web_iri
from siibra_kg.vocab import XSD

__all__ = ["as_number", "citations", "date_type", "tidy"]

_DAY = r"(\d{4})-(\d{2})-(\d{2})"
_TIME = r"(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d+)?"
_ZONE = r"(?:Z|[+-](?:0\d|1[0-3]):[0-5]\d|[+-]14:00)?"
_FORMS = (
    (re.compile(_DAY + r"\Z", re.ASCII), XSD + "date"),
    (re.compile(_DAY + "T" + _TIME + _ZONE + r"\Z", re.ASCII), XSD + "dateTime"),
    (re.compile(_TIME + _ZONE + r"\Z", re.ASCII), XSD + "time"),
)
_NUMBER = re.compile(r"[+-]?(?:\d+|\d*\.\d+(?:[eE][+-]?\d+)?)\Z", re.ASCII)
# A Markdown link; the target may hold balanced parentheses, as old DOIs of Elsevier do.
_LINK = re.compile(r"\]\(\s*(https?://(?:[^\s()]|\([^\s()]*\))+)\s*\)")
_BARE_DOI = re.compile(r"https?://(?:dx\.|www\.)?doi\.org/[^\s\]>\"]+")
_DOI_HOST = re.compile(r"https?://(?:dx\.|www\.)?doi\.org/", re.IGNORECASE)


def tidy(text: str) -> str:
    """Even out a name: runs of white space become one space, ends are trimmed, Unicode form C.

    Form C keeps what form KC would change: "µm", superscripts, ligatures. See docs/decisions/0002-unicode.md.
    """
    if not text.isascii() and not unicodedata.is_normalized("NFC", text):
        text = unicodedata.normalize("NFC", text)
    return " ".join(text.split())


def date_type(text: str) -> str | None:
    """Give the datatype of a day, a moment or a time of day in XML Schema's form; ``None`` if it is neither."""
    for form, datatype in _FORMS:
        match = form.match(text)
        if match is not None:
            return datatype if not match.groups() or _is_day(*map(int, match.groups())) else None
    return None


def _is_day(year: int, month: int, day: int) -> bool:
    try:
        dt.date(year, month, day)
    except ValueError:
        return False
    return True


def as_number(text: str) -> int | float | None:
    """Read a string that holds nothing but a number; ``None`` for any other."""
    if _NUMBER.match(text) is None or len(text) > 40:
        return None
    return float(text) if "." in text else int(text)


def citations(text: str) -> list[str]:
    """Find the IRIs that a text asks to be cited by: Markdown links and bare DOIs, each once, in order.

    DOIs are written as ``https://doi.org/...``, whatever resolver the text names.
    """
    found = _LINK.findall(text)
    found += [_without_punctuation(doi) for doi in _BARE_DOI.findall(_LINK.sub("", text))]
    iris = (_DOI_HOST.sub("https://doi.org/", link) for link in found)
    return [iri for iri in dict.fromkeys(iris) if is_web_iri(iri)]


def _without_punctuation(doi: str) -> str:
    doi = doi.rstrip(".,;:'")
    while doi.endswith(")") and doi.count("(") < doi.count(")"):
        doi = doi[:-1].rstrip(".,;:'")
    return doi
