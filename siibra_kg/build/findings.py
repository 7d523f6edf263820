"""Looks over what the sources say: which links lead nowhere."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from siibra_kg.build.report import Dangling
from siibra_kg.vocab import OMI

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from siibra_kg.build.repairs import Repair

__all__ = ["dangling", "described"]

_EXAMPLES = 5
_SUBJECT = re.compile(rb"^<([^>]*)> ", re.MULTILINE)
# A line whose object is a library instance: predicate, object.
_LINK = re.compile(rb"> <([^>]*)> <(" + re.escape(OMI.encode()) + rb"[^>]*)> \.$", re.MULTILINE)


def described(texts: Iterable[bytes]) -> set[str]:
    """Give the IRIs of all subjects of N-Triples texts."""
    found: set[bytes] = set()
    for text in texts:
        found.update(_SUBJECT.findall(text))
    return {iri.decode() for iri in found}


def dangling(texts: Iterable[bytes], nodes: Collection[str], repairs: Iterable[Repair]) -> tuple[Dangling, ...]:
    """Group the links to openMINDS library instances that no source describes.

    Parameters
    ----------
    texts
        N-Triples.
    nodes
        IRIs of all described nodes.
    repairs
        The known repairs.

    Returns
    -------
    tuple of Dangling
        By property and class of the target, as its IRI names it.
    """
    mended = {(str(r.predicate), str(r.wrong)) for r in repairs if r.right in nodes}
    groups: dict[tuple[str, str], dict[str, int]] = {}
    for text in texts:
        for raw_predicate, raw_target in _LINK.findall(text):
            target = raw_target.decode()
            if target in nodes:
                continue
            key = (raw_predicate.decode(), target[len(OMI) :].partition("/")[0])
            group = groups.setdefault(key, {})
            group[target] = group.get(target, 0) + 1
    return tuple(
        Dangling(
            predicate,
            kind,
            sum(group.values()),
            len(group),
            sum(count for target, count in group.items() if (predicate, target) in mended),
            tuple(sorted(group)[:_EXAMPLES]),
        )
        for (predicate, kind), group in sorted(groups.items())
    )
