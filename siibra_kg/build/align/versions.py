"""The rule on region versions: links between the regions of two releases, and what was split or merged."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from siibra_kg.build.added import Added, link
from siibra_kg.build.align.history import REASONS, Links, read
from siibra_kg.nt import literal
from siibra_kg.vocab import NAMESPACES, RDF_TYPE, SKG

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from siibra_kg.build.added import Row
    from siibra_kg.build.align.history import History

__all__ = ["region_versions"]

_OWL = NAMESPACES["owl"]
_TREE = "tree"
_CURATED = "curated"


def region_versions(rows: Iterable[Row], base: str) -> Added:
    """Link the regions of releases; rows are those of :func:`siibra_kg.build.align.history.read`."""
    history = read(rows)
    pairs = {(old, new): Links(history, old, new) for old, new in history.pairs()}
    _bridge(pairs)
    lines: list[str] = []
    for links in pairs.values():
        for (old, new), reasons in links.why.items():
            lines += _axiom(old, "otherVersion", new, reasons, base)
            lines += _axiom(new, "otherVersion", old, reasons, base)
    for name, found in (("splitInto", _all(history, pairs, "split")), ("mergedInto", _all(history, pairs, "merged"))):
        for (one, other), reason in sorted(found.items()):
            lines += _axiom(one, name, other, {reason}, base)
    return Added(lines)


def _bridge(pairs: dict[tuple[str, str], Links]) -> None:
    """Link what is the same through a release between two, the weakest reason of either way being the reason."""
    between = sorted((old, mid, new) for old, mid in pairs for middle, new in pairs if middle == mid)
    for old, mid, new in between:
        first, second, both = pairs[old, mid], pairs[mid, new], pairs.get((old, new))
        if both is None:
            continue
        for one, other in sorted(first.forth.items()):
            last = second.forth.get(other)
            if last is not None and one not in both.forth and last not in both.back:
                reasons = (
                    min(first.why[one, other], key=REASONS.index),
                    min(second.why[other, last], key=REASONS.index),
                )
                both.add(one, last, max(reasons, key=REASONS.index))


def _all(history: History, pairs: dict[tuple[str, str], Links], what: str) -> dict[tuple[str, str], str]:
    """Give the splits or merges, curated ones with their halves, then those that the trees show, and the reason."""
    found = dict.fromkeys(_with_halves(history, history.checked[what]), _CURATED)
    for (old, new), links in pairs.items():
        if any((old, mid) in pairs and (mid, new) in pairs for _, mid in pairs):
            continue  # it happened between two releases that follow each other
        for pair in _with_halves(history, links.split() if what == "split" else links.merged()):
            found.setdefault(pair, _TREE)
    return found


def _with_halves(history: History, pairs: Iterable[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    for one, other in pairs:
        if one in history.regions and other in history.regions:
            yield one, other
            for side in ("left", "right"):
                if f"{one}/{side}" in history.regions and f"{other}/{side}" in history.regions:
                    yield f"{one}/{side}", f"{other}/{side}"


def _axiom(one: str, name: str, other: str, reasons: Iterable[str], base: str) -> Iterator[str]:
    said = f"{one}\n{name}\n{other}"
    node = f"{base}mapping/region-version/{hashlib.sha256(said.encode()).hexdigest()[:12]}"
    yield link(one, SKG + name, other)
    yield link(node, RDF_TYPE, _OWL + "Axiom")
    yield link(node, _OWL + "annotatedSource", one)
    yield link(node, _OWL + "annotatedProperty", SKG + name)
    yield link(node, _OWL + "annotatedTarget", other)
    for reason in sorted(reasons, key=[*REASONS, _TREE].index):
        yield f"<{node}> <{SKG}reason> {literal(reason)} .\n"
