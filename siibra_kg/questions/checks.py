"""Checks of a graph: every template of ``queries/check``, and on demand the SHACL shapes.

Two kinds of result are kept apart. A *violation* breaks something that a build of this project promises (a region in
two releases, a hole in the closure); there must be none. A *finding* is a defect of a source (a link to a document
that does not exist); it is reported with its count and does not make a check fail, because nobody here can mend it.
What is only worth knowing is an *info*.
"""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass
from typing import TYPE_CHECKING

from siibra_kg.errors import BadTemplate, DataMissing
from siibra_kg.questions.run import run
from siibra_kg.table import Column, Table

if TYPE_CHECKING:
    from collections.abc import Iterable

    from siibra_kg.stores.protocol import Store
    from siibra_kg.templates import Catalog

__all__ = ["SEVERITIES", "CheckReport", "CheckResult", "run_checks"]

#: From bad to harmless; reports list them in this order.
SEVERITIES = ("violation", "finding", "info")
_FOLDER = "check/"


@dataclass(frozen=True, slots=True)
class CheckResult:
    """What one check found.

    Parameters
    ----------
    name
        Of the template without its folder, or ``shacl/`` and the name of a shape.
    severity
        ``violation``, ``finding`` or ``info``.
    summary
        What the check looks for.
    rows
        What it found, one row each; ``subject`` and ``message`` are always there. Empty: the check passed.
    """

    name: str
    severity: str
    summary: str
    rows: Table

    @property
    def count(self) -> int:
        """How many it found."""
        return len(self.rows)

    def __str__(self) -> str:
        return f"{self.severity} {self.name}: {self.count}"


@dataclass(frozen=True, slots=True)
class CheckReport:
    """The results of all checks, worst first, then by name."""

    results: tuple[CheckResult, ...]

    def __getitem__(self, name: str) -> CheckResult:
        for result in self.results:
            if result.name == name:
                return result
        raise KeyError(f"no check {name!r}; there are {', '.join(r.name for r in self.results)}")

    def _number(self, severity: str) -> int:
        return sum(r.count for r in self.results if r.severity == severity)

    @property
    def violations(self) -> int:
        """How many times something that a build promises is not so."""
        return self._number("violation")

    @property
    def ok(self) -> bool:
        """Whether there is no violation."""
        return not self.violations

    @property
    def summary(self) -> Table:
        """One row for each check, also for those that found nothing."""
        columns = (
            Column("severity", "string", "violation, finding or info"),
            Column("check", "string", "name of the check"),
            Column("count", "integer", "how many it found"),
            Column("summary", "string", "what it looks for"),
        )
        return Table(columns, tuple((r.severity, r.name, r.count, r.summary) for r in self.results))

    @property
    def findings(self) -> Table:
        """One row for everything that was found."""
        columns = (
            Column("severity", "string", "violation, finding or info"),
            Column("check", "string", "name of the check"),
            Column("subject", "iri", "the node it is about"),
            Column("message", "string", "what is wrong"),
        )
        cells = tuple((r.severity, r.name, row["subject"], row["message"]) for r in self.results for row in r.rows)
        return Table(columns, cells)

    @property
    def headline(self) -> str:
        """The report in one sentence."""
        violations, findings = self._number("violation"), self._number("finding")
        state = "no violation" if not violations else f"{violations:,} violation{'s' if violations > 1 else ''}"
        return f"{len(self.results)} checks: {state}; {findings:,} known or new defects of the sources"

    def __str__(self) -> str:
        return f"{self.headline}\n{self.summary}"


def run_checks(store: Store, catalog: Catalog, *, shacl: bool = False) -> CheckReport:
    """Run every check that there is.

    Parameters
    ----------
    store
        Any store. Checks of the sources look into the named graphs that hold them.
    catalog
        The templates; those below ``check/`` that state a severity are checks.
    shacl
        Also validate with pySHACL the shapes of ``ontologies/shapes``; takes about two minutes for all of openMINDS.

    Raises
    ------
    BadTemplate
        If a check states an unknown severity or lacks the columns ``subject`` and ``message``.
    DataMissing
        If ``shacl`` is wanted and pySHACL is not installed.
    QueryError
        If the store refuses a query.

    Examples
    --------
    >>> from siibra_kg.resources import folder
    >>> from siibra_kg.stores import open_store
    >>> from siibra_kg.templates import Catalog
    >>> run_checks(open_store("memory:"), Catalog(folder("queries"))).violations
    0
    """
    results = [*_run_queries(store, catalog)]
    if shacl:
        if importlib.util.find_spec("pyshacl") is None:
            raise DataMissing("the package pyshacl", "extra `ontology`", "pip install 'siibra-kg[ontology]'")
        from siibra_kg.questions.shacl import validate  # noqa: PLC0415  rdflib and pySHACL, for those who ask

        results += [CheckResult(f"shacl/{s.name}", s.severity, s.summary, s.rows) for s in validate(store, catalog)]
    return CheckReport(tuple(sorted(results, key=lambda r: (SEVERITIES.index(r.severity), r.name))))


def _run_queries(store: Store, catalog: Catalog) -> Iterable[CheckResult]:
    for name in catalog:
        if not name.startswith(_FOLDER):
            continue
        template = catalog[name]
        severity = template.extra.get("severity")
        if severity not in SEVERITIES:
            raise BadTemplate(str(template.path), 1, f"a check states `#+ severity:` as one of {', '.join(SEVERITIES)}")
        if [c.name for c in template.columns[:2]] != ["subject", "message"]:
            raise BadTemplate(str(template.path), 1, "the first columns of a check are subject and message")
        yield CheckResult(name.removeprefix(_FOLDER), severity, template.summary, run(store, template))
