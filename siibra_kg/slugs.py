"""Slugs: the readable, stable and unique last parts of the IRIs that this project coins.

Pure functions on text, below everything else: what reads a source and what infers from it must coin alike.
"""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["slug", "unique_slugs"]

_OTHER = re.compile(r"[^a-z0-9.]+")


def slug(text: str) -> str:
    """Make a slug: lower case, every run of anything but ``a-z 0-9 .`` one hyphen.

    >>> slug("JBA_v3.0.3")
    'jba-v3.0.3'
    """
    made = _OTHER.sub("-", text.lower()).strip("-")
    return made or f"x{hashlib.sha256(text.encode('utf-8', 'surrogatepass')).hexdigest()[:8]}"


def unique_slugs(originals: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Give each key a slug; of those that collide, the second by sorted key gets ``~2``, the third ``~3``.

    Parameters
    ----------
    originals
        Pairs of a key, which is unique, and the text that its slug is made of.

    Examples
    --------
    >>> unique_slugs([("b", "Area 1"), ("a", "area-1")])
    {'a': 'area-1', 'b': 'area-1~2'}
    """
    counts: dict[str, int] = {}
    out: dict[str, str] = {}
    for key, text in sorted(originals):
        made = slug(text)
        counts[made] = counts.get(made, 0) + 1
        out[key] = made if counts[made] == 1 else f"{made}~{counts[made]}"
    return out
