"""Runs the repairs and the rules over what the sources say."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from siibra_kg.build.python_rules import FUNCTIONS
from siibra_kg.build.repairs import corrected
from siibra_kg.build.report import RepairRecord, RuleRecord
from siibra_kg.errors import BuildError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence
    from concurrent.futures import Future

    from siibra_kg.build.python_rules import Added
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
        added = corrected(repair, texts, nodes)
        statements.bench.load("".join(added).encode())
        statements.put_lines(repair.graph, added).result()
        mended.append(RepairRecord(repair.id, repair.what, repair.evidence, len(added)))
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
    wanted = {name for rule in rules for name in rule.after}
    done: list[tuple[Rule, float, Future[None]]] = []
    cycles: list[tuple[str, str]] = []
    for number, rule in enumerate(rules, start=1):
        start = time.perf_counter()
        made = _run(statements, rule)
        if rule.name in wanted:  # nobody pays for loading what nobody reads
            statements.bench.load(made if isinstance(made, bytes) else "".join(made.lines).encode())
        if isinstance(made, bytes):
            kept = statements.put(rule.graph, made)
        else:
            kept = statements.put_lines(rule.graph, made.lines)
            cycles += made.cycles
        done.append((rule, round(time.perf_counter() - start, 4), kept))
        progress("rules", number, len(rules))
    for _, _, kept in done:
        kept.result()
    records = (RuleRecord(rule.name, rule.kind, statements.counts.get(rule.graph, 0), took) for rule, took, _ in done)
    return tuple(records), tuple(sorted(cycles))


def _run(statements: Statements, rule: Rule) -> bytes | Added:
    """Run one rule; gives its statements as text, or as lines where a Python function made them."""
    if rule.needs and not statements.bench.has_class(rule.needs):
        return b""
    if not rule.function:
        return statements.bench.construct(rule.query)
    function = FUNCTIONS.get(rule.function)
    if function is None:
        raise BuildError(f"rule {rule.name}", f"there is no Python function {rule.function!r}")
    return function(statements.bench.rows(rule.query), statements.base)
