"""Names as siibra-python 1.0.1 sees them: the key, the cleaned name and the words that a query is compared with.

Pure functions on text, below everything else: the reader of its configurations stores them, the questions compare
with them. They say what siibra does, also where another choice would be better: parity depends on it.

>>> key("Area hOc1 (V1, 17, CalcS) left")
'AREA_HOC1_V1_17_CALCS_LEFT'
>>> clear_name("Area hOc1 (V1, 17, CalcS) - left hemisphere")
'Area hOc1 (V1, 17, CalcS) left'
>>> tokens("Area hOc1 (V1, 17, CalcS) - left hemisphere")
('area', 'hoc1', 'v1', '17', 'calcs', 'left')
"""

from __future__ import annotations

import re

__all__ = ["clear_name", "key", "query_tokens", "tokens"]

# In this order, wherever they stand: "both" is taken out of the middle of a word as well.
_REMOVED = ("hemisphere", " -", "-brain", "both", "Both")
_REPLACED = (("ctx-lh-", "left "), ("ctx-rh-", "right "))
_SPACES = re.compile(" +")
_BETWEEN_WORDS = re.compile(r"[^a-zA-Z0-9.\-]")
# Nearly all names are ASCII with nothing to take out: for them there are shorter ways. A test keeps both equal.
_RUNS = re.compile(r"[A-Z0-9]+")
_WORDS = re.compile(r"[a-z0-9.\-]+")
_FILLING = re.compile(r"hemisphere| -|-brain|[bB]oth|ctx-[lr]h-|^ | $|  ")


def key(name: str) -> str:
    """Give the key of a name: upper case, every run of what is neither letter nor digit one underscore.

    Letters and digits are Unicode's; an underscore at an end is gone before runs are joined, as in siibra.

    >>> key("4th ventricle (α)")
    '4TH_VENTRICLE_Α'
    """
    if name.isascii():
        return "_".join(_RUNS.findall(name.upper()))
    return _SPACES.sub("_", "".join([c if c.isalnum() else " " for c in name]).upper().strip())


def clear_name(name: str) -> str:
    """Give a name without what siibra takes for filling: applied to region names and to the names of a map's index.

    The case of letters counts; only spaces are evened out, not tabs or line ends.

    >>> clear_name("ctx-lh-bankssts"), clear_name("Both  hemispheres")
    ('left bankssts', 's')
    """
    if _FILLING.search(name) is None:
        return name
    for word in _REMOVED:
        name = name.replace(word, "")
    for prefix, word in _REPLACED:
        name = name.replace(prefix, word)
    return " ".join([word for word in name.split(" ") if word])


def tokens(name: str) -> tuple[str, ...]:
    """Give the words of a region's name that siibra compares with those of a query, in order, repeated as they are.

    The name is lowered before it is cleaned, so that "Both" and "both" fare alike; anything but ASCII letters,
    digits, points and hyphens is between words. For the words of a query see :func:`query_tokens`.
    """
    cleared = clear_name(name.lower())
    if cleared.isascii():
        return tuple(_WORDS.findall(cleared))
    return tuple(word for word in _BETWEEN_WORDS.split(cleared) if word)


def query_tokens(spec: str) -> tuple[str, ...]:
    """Give the words of a query, lower case: it is cleaned as it is written, and lowered word by word.

    siibra lowers and trims a query before all else but cleans the original, so "HEMISPHERE" stays a word of a query.

    >>> query_tokens("Left HEMISPHERE"), query_tokens("left hemisphere")
    (('left', 'hemisphere'), ('left',))
    """
    return tuple(word.lower() for word in _BETWEEN_WORDS.split(clear_name(spec)) if word)
