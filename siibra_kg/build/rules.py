"""Inference rules: named SPARQL files in ``ontologies/rules``, run in order, each into a named graph of its own.

A rule is a ``CONSTRUCT``. Where SPARQL cannot say what has to be said (coining identifiers, folding names, leaving
out the edge that closes a cycle), the file is a ``SELECT`` whose rows a Python function turns into statements; the
header names the function. The number before the name is the order, ``after`` names the rules whose results it reads,
``needs`` a class without which there is nothing to do.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from siibra_kg.errors import BadTemplate, QueryError
from siibra_kg.sparql import query_form
from siibra_kg.templates.header import read_header
from siibra_kg.terms import IRI, expand

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["Rule", "read_rule", "read_rules"]

_KEYS = frozenset({"summary", "graph", "after", "needs", "reason", "python"})
_KINDS = ("rule", "repair", "mapping", "compat", "curated")
_FILE = re.compile(r"(?P<order>\d{2})-(?P<name>[a-z][a-z0-9-]*)\.rq\Z")


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule.

    Parameters
    ----------
    name
        Its name, also the last part of its graph's IRI.
    kind
        ``"rule"`` for inference, ``"repair"`` for the correction of a known defect, ``"mapping"`` for a set of
        mappings, ``"compat"`` and ``"curated"`` for the anchors of features, by name and by identifiers.
    summary
        What it says, in one sentence.
    reason
        Why it may be believed: the evidence for a repair.
    after
        Names of the rules whose results it reads.
    needs
        IRI of a class: the rule is left out where nothing is of this class, for it would add nothing.
    function
        Name of the Python function that turns rows into statements; empty for a CONSTRUCT.
    query
        The SPARQL text.
    """

    name: str
    kind: str
    summary: str
    reason: str
    after: tuple[str, ...]
    needs: str
    function: str
    query: str

    @property
    def graph(self) -> str:
        """IRI of its graph, relative to the base."""
        return f"graph/{self.kind}/{self.name}"


def read_rule(path: Path) -> Rule:
    """Read one rule file.

    Raises
    ------
    BadTemplate
        If the file's name, its header or its query form is not what a rule's has to be.
    """
    text, shown = path.read_text(encoding="utf-8"), path.name
    named = _FILE.match(path.name)
    if named is None:
        raise BadTemplate(shown, 1, "a rule's file is named NN-name.rq")
    header = read_header(shown, text.splitlines(), _KEYS | {"param", "column", "example"})
    extra = header.extra
    kind, function = extra.get("graph", ""), extra.get("python", "")
    if kind not in _KINDS:
        raise BadTemplate(shown, header.lines.get("graph", 1), f"`#+ graph:` is one of {', '.join(_KINDS)}")
    try:
        form = query_form(text)
    except QueryError as error:
        raise BadTemplate(shown, error.line or 1, error.reason) from error
    if form != ("SELECT" if function else "CONSTRUCT"):
        raise BadTemplate(shown, 1, "a rule is a CONSTRUCT, or a SELECT with `#+ python:`")
    needs = extra.get("needs", "")
    needed = expand(needs) if needs else IRI("")
    if needed is None:
        raise BadTemplate(shown, header.lines.get("needs", 1), f"`#+ needs:` is a class, not {needs!r}")
    after = tuple(n.strip() for n in extra.get("after", "").split(",") if n.strip())
    return Rule(named["name"], kind, header.summary, extra.get("reason", ""), after, needed, function, text)


def read_rules(folder: Path) -> tuple[Rule, ...]:
    """Read all rules of a folder, in order.

    Raises
    ------
    BadTemplate
        If a rule is broken, named twice, or reads a rule that does not come before it.
    """
    rules: list[Rule] = []
    for path in sorted(folder.glob("*.rq")):
        rule, known = read_rule(path), {r.name for r in rules}
        if rule.name in known:
            raise BadTemplate(path.name, 1, f"there are two rules named {rule.name}")
        if unknown := [n for n in rule.after if n not in known]:
            raise BadTemplate(path.name, 1, f"`#+ after:` names {unknown[0]}, which is no earlier rule")
        rules.append(rule)
    return tuple(rules)
