"""The tree of a release that siibra has one for: siibra's, completed by what only openMINDS realises."""

from __future__ import annotations

from typing import TYPE_CHECKING

from siibra_kg.build.added import Added, link
from siibra_kg.vocab import SKG

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from siibra_kg.build.added import Row

__all__ = ["siibra_tree"]


def siibra_tree(rows: Iterable[Row], base: str) -> Added:  # noqa: ARG001  all rules are called alike
    """Link parts to wholes; rows are ``kind, part, whole``.

    ``siibra``: two regions, or one without whole, of siibra's tree. ``openminds``: two regions of openMINDS's tree of
    such a release. ``realised``: a region, or hemisphere, that openMINDS realises there. ``half``: such a hemisphere.
    A hemisphere at the top of siibra's tree is part of its region, where only openMINDS has that: siibra's list of
    fibre bundles is flat.
    """
    configured: dict[str, str | None] = {}
    above: dict[str, set[str]] = {}
    realised: set[str] = set()
    halves: set[str] = set()
    for kind, part, whole, *_ in rows:
        if part is None:
            continue
        if kind == "siibra":
            configured[part] = whole if whole is not None else configured.get(part)
        elif kind == "openminds" and whole is not None:
            above.setdefault(part, set()).add(whole)
        elif kind in ("realised", "half"):
            realised.add(part)
            halves |= {part} if kind == "half" else set()
    lines = [link(part, SKG + "partOf", whole) for part, whole in configured.items() if whole is not None]
    kept = configured.keys() | realised
    loose = {half for half in halves if half in configured and configured[half] is None}
    for part in (realised - configured.keys()) | loose:
        whole = _nearest(part, above, kept)
        if whole is not None and not (part in loose and whole in configured):
            lines.append(link(part, SKG + "partOf", whole))
    return Added(lines)


def _nearest(part: str, above: Mapping[str, Collection[str]], kept: Collection[str]) -> str | None:
    """Give the first region up the tree of openMINDS that is in the joint tree; the first by IRI of equals.

    What is between them is in no release of siibra's and in no volume: it stays in the tree of openMINDS alone.
    The tree of openMINDS has no cycle, the one of siibra is a tree, and nothing of siibra's is put below a region
    that only openMINDS has: so the joint tree has no cycle.
    """
    seen, level = {part}, sorted(above.get(part, ()))
    while level:
        for whole in level:
            if whole in kept:
                return whole
        seen |= set(level)
        level = sorted({up for whole in level for up in above.get(whole, ())} - seen)
    return None
