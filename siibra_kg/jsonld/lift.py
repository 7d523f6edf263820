"""Gives strings their type: IRIs that are written as strings, dates, citations inside prose, and tidy names.

>>> citations("cite [Amunts et al. (2020)](https://doi.org/10.1126/science.abb4588)")
['https://doi.org/10.1126/science.abb4588']
>>> tidy("angular\\ngyri ")
'angular gyri'
"""

from __future__ import annotations

import datetime
import re
import unicodedata

from siibra_kg.terms import is_iri

__all__ = ["citations", "is_date", "is_web_iri", "tidy"]

_DATE = re.compile(r"(\d{4})-(\d{2})-(\d{2})\Z")
_WEB = re.compile(r"https?://[^/?#\s]", re.IGNORECASE)
# A Markdown link; the target may hold balanced parentheses, as old Elsevier DOIs do.
_LINK = re.compile(r"\]\(\s*(https?://(?:[^\s()]|\([^\s()]*\))+)\s*\)")
_BARE_DOI = re.compile(r"https?://(?:dx\.)?doi\.org/[^\s\]>\"]+")
_DOI_HOST = re.compile(r"https?://(?:dx\.|www\.)?doi\.org/", re.IGNORECASE)


def tidy(text: str) -> str:
    """Even out a name: runs of white space become one space, ends are trimmed, Unicode form C.

    Form C keeps what form KC would change: "µm", superscripts, ligatures. See docs/decisions/0002-unicode.md.
    """
    if not text.isascii() and not unicodedata.is_normalized("NFC", text):
        text = unicodedata.normalize("NFC", text)
    return " ".join(text.split())


def is_web_iri(text: str) -> bool:
    """Tell whether a string is an absolute http or https IRI."""
    return _WEB.match(text) is not None and is_iri(text)


def is_date(text: str) -> bool:
    """Tell whether a string is a day of the calendar in the form of ``xsd:date``, without a time zone."""
    if (match := _DATE.match(text)) is None:
        return False
    year, month, day = map(int, match.groups())
    try:
        datetime.date(year, month, day)
    except ValueError:
        return False
    return True


def citations(text: str) -> list[str]:
    """Find the IRIs that a text asks to be cited by: Markdown links and bare DOIs, each once, in order.

    DOIs are written as ``https://doi.org/...`` whatever resolver the text names.
    """
    found = _LINK.findall(text)
    found += [_trim(doi) for doi in _BARE_DOI.findall(_LINK.sub("", text))]
    iris = (_DOI_HOST.sub("https://doi.org/", link) for link in found)
    return [iri for iri in dict.fromkeys(iris) if is_web_iri(iri)]


def _trim(doi: str) -> str:
    doi = doi.rstrip(".,;:'")
    while doi.endswith(")") and doi.count("(") < doi.count(")"):
        doi = doi[:-1].rstrip(".,;:'")
    return doi
