"""Names as people write them: the normalised look-up key, and the hemisphere that a name mentions.

Pure functions on text, below everything else: the build writes the keys into the graph (``skg:nameKey``), the
questions look them up, and both must agree.
"""

from __future__ import annotations

import re
import unicodedata

__all__ = ["key", "split_hemisphere", "tokens"]

_WORDS = re.compile(r"[^\W_]+")
_ASCII_WORDS = re.compile(r"[a-z0-9]+")

# What names a hemisphere, by where it stands. Only the two ends of a name count, so that a real name such as
# "commissure of the left hemisphere's cortex" stays whole. A single letter counts only as a capital after a
# separator or in brackets ("Amygdala_L", "hOc1 (R)"): Waxholm has substantia nigra parts "SN-l" and "SN-r".
_SIDE = r"(?P<side>left|right|lh|rh)"
_HEMISPHERE = r"(?:[\s_.-]*hem(?:i(?:sphere)?)?\b\.?)?"
_BEFORE = re.compile(rf"^\W*{_SIDE}\b{_HEMISPHERE}(?:\s*[-_:,]\s*|[\W_]+)(?:of\s+)?(?=\S)", re.IGNORECASE)
_BEFORE_UNDERSCORE = re.compile(r"^\s*(?P<side>left|right|lh|rh)_+(?=\S)", re.IGNORECASE)
_AFTER = re.compile(rf"[\W_]+(?:in\s+the\s+)?{_SIDE}{_HEMISPHERE}[\W_]*$", re.IGNORECASE)
_LETTER_AFTER = re.compile(r"(?:[_.\-]|\s*[(\[])(?P<side>[LR])[)\]]?\s*$")
_SIDES = {"left": "left", "lh": "left", "l": "left", "right": "right", "rh": "right", "r": "right"}


def key(text: str) -> str:
    """Give the look-up key of a name: case, accents, punctuation and spacing do not count.

    NFKD without combining marks, case-folded, every run of anything but letters and digits one space, trimmed.

    >>> key("Area hOc1 (V1, 17, CalcS)")
    'area hoc1 v1 17 calcs'
    >>> key("JBA_Area-hOc1") == key("jba area HOC1")
    True
    """
    if text.isascii():  # nearly all names, at a fifth of the cost; a test keeps both ways equal
        return " ".join(_ASCII_WORDS.findall(text.lower()))
    return _unicode_key(text)


def _unicode_key(text: str) -> str:
    decomposed = unicodedata.normalize("NFKD", text)
    bare = "".join(c for c in decomposed if not unicodedata.combining(c))
    # Case folding can bring back combining marks (U+0130 gives i + U+0307), and NFKD new case: twice is stable.
    folded = unicodedata.normalize("NFKD", bare.casefold())
    return " ".join(_WORDS.findall("".join(c for c in folded if not unicodedata.combining(c)))).casefold()


def tokens(text: str) -> tuple[str, ...]:
    """Give the words of the key of a name.

    >>> tokens("CA1 (Hippocampus)")
    ('ca1', 'hippocampus')
    """
    return tuple(key(text).split())


def split_hemisphere(text: str) -> tuple[str, str | None]:
    """Take the hemisphere out of a name.

    Understood at either end of the name: ``left``, ``right``, ``lh``, ``rh``, with or without the word hemisphere;
    at the end also ``(L)``, ``_L``, ``-R``, ``.R`` with a capital letter. A name that is nothing but such a word
    ("RH" is also the rhomboid nucleus) is kept whole.

    Parameters
    ----------
    text
        A name as somebody wrote it.

    Returns
    -------
    tuple of str, and str or None
        The key of the name without the hemisphere, and ``"left"``, ``"right"`` or ``None``.

    Examples
    --------
    >>> split_hemisphere("Area hOc1 - left hemisphere")
    ('area hoc1', 'left')
    >>> split_hemisphere("Amygdala_R")
    ('amygdala', 'right')
    >>> split_hemisphere("SN-l")
    ('sn l', None)
    """
    if not text.isascii():  # some symbols are letters as well: a circled one is a word by itself
        text = unicodedata.normalize("NFKC", text)
    lower = text.lower()
    maybe = "left" in lower or "right" in lower or "lh" in lower or "rh" in lower
    # Most names have none of these, and need none of the patterns.
    if not maybe and not text.rstrip().rstrip(")]").endswith(("L", "R")):
        return key(text), None
    return _split(text)


def _split(text: str) -> tuple[str, str | None]:
    for pattern in (_AFTER, _LETTER_AFTER, _BEFORE, _BEFORE_UNDERSCORE):
        found = pattern.search(text)
        rest = key(text[: found.start()] + " " + text[found.end() :]) if found else ""
        # Ignoring case, "i" matches the Turkish letters as well: those are no side.
        side = _SIDES.get(found["side"].lower()) if found else None
        if side and rest:
            return rest, side
    return key(text), None
