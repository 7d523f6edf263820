"""Tells which texts are IRIs to the reader that loads them, since one bad line would stop a whole bulk load.

:func:`siibra_kg.terms.is_iri` says the same without an engine, for terms of any origin; here the text goes straight to
Oxigraph, so Oxigraph itself is asked, and the two can never drift apart for a build.

>>> is_absolute_iri("https://example.org/a%20(b)")
True
>>> is_absolute_iri("https://example.org/a#b#c")
False
"""

from __future__ import annotations

import re

from pyoxigraph import NamedNode

__all__ = ["is_absolute_iri", "is_web_iri"]

_WEB = re.compile(r"https?://[^/?#\s]", re.IGNORECASE)


def is_absolute_iri(text: str) -> bool:
    """Tell whether a text is an absolute IRI that every RDF reader accepts."""
    try:
        NamedNode(text)
    except ValueError:  # a lone surrogate is one as well
        return False
    return True


def is_web_iri(text: str) -> bool:
    """Tell whether a text is an absolute http or https IRI."""
    return _WEB.match(text) is not None and is_absolute_iri(text)
