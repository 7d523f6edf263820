"""Runs the repairs and the rules over what the sources say."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from siibra_kg.build.python_rules import FUNCTIONS, Added
from siibra_kg.build.repairs import corrected
from siibra_kg.build.report import RepairRecord, RuleRecord
from siibra_kg.errors import BuildError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from siibra_kg.build.repairs import Repair
    from siibra_kg.build.rules import Rule
    from siibra_kg.build.statements import Statements

__all__ = ["infer", "mend"]


def mend(
    statements: Statements, texts: Sequence[bytes], nodes: Collection[str], repairs: Sequence[Repair]
) -> tuple[RepairRecord, ...]:
    """Add the graph of every known repair whose defect is there.

    Parameters
    ----------
    statements
        Holds the asserted statements; the corrected ones are added.
    texts
        The asserted statements as N-Triples.
    nodes
        IRIs of all described nodes.
    repairs
        The known repairs.
    """
    mended: list[RepairRecord] = []
    for repair in repairs:
        added = statements.put_lines(repair.graph, corrected(repair, texts, nodes))
        if added:
            statements.bench.load(added)
        mended.append(RepairRecord(repair.id, repair.what, repair.evidence, added.count(b"\n")))
    return tuple(mended)


def infer(
    statements: Statements, rules: Sequence[Rule], progress: Callable[[str, int, int | None], None]
) -> tuple[tuple[RuleRecord, ...], tuple[tuple[str, str], ...]]:
    """Add the graph of every rule; gives what each added, and the edges that rules left out.

    Parameters
    ----------
    statements
        Holds the statements so far; the inferred ones are added.
    rules
        In the order in which they run.
    progress
        Called with ``"rules"``, rules run, and their number.
    """
    inferred: list[RuleRecord] = []
    cycles: list[tuple[str, str]] = []
    for number, rule in enumerate(rules, start=1):
        start = time.perf_counter()
        text, left_out = _run(statements, rule)
        cycles.extend(left_out)
        statements.bench.keep(rule.name, text)
        seconds = round(time.perf_counter() - start, 4)
        inferred.append(RuleRecord(rule.name, rule.kind, text.count(b"\n"), seconds))
        progress("rules", number, len(rules))
    return tuple(inferred), tuple(sorted(cycles))


def _run(statements: Statements, rule: Rule) -> tuple[bytes, tuple[tuple[str, str], ...]]:
    """Run one rule; gives its statements, and the edges that it left out."""
    bench = statements.bench
    bench.need(rule.after)
    if not rule.function:
        return statements.put(rule.graph, bench.construct(rule.query)), ()
    function = FUNCTIONS.get(rule.function)
    if function is None:
        raise BuildError(f"rule {rule.name}", f"there is no Python function {rule.function!r}")
    added: Added = function(bench.rows(rule.query), statements.base)
    return statements.put_lines(rule.graph, added.lines), added.cycles
