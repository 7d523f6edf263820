"""The threat model names a test for each threat, and each of these tests exists."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "threat-model.md"
PARTS = ("Threat", "Defence", "Left", "Tests")


class Threat(NamedTuple):
    """A section of the page: its heading, and what it says in each part."""

    heading: str
    parts: dict[str, str]

    @property
    def tests(self) -> list[tuple[str, str]]:
        """File and function of each test."""
        return re.findall(r"`(tests/\w+\.py)::(\w+)`", self.parts["Tests"])


def threats(page: str) -> list[Threat]:
    """Read the sections of the page."""
    out = []
    for section in re.split(
        r"^### ", page.partition("## Threats")[2].partition("## Out of scope")[0], flags=re.MULTILINE
    )[1:]:
        heading, _, body = section.partition("\n")
        pieces = re.split(r"^\*\*(\w+)\.\*\* ", body, flags=re.MULTILINE)
        out.append(Threat(heading, dict(zip(pieces[1::2], pieces[2::2], strict=True))))
    return out


THREATS = threats(PAGE.read_text("utf-8"))


@pytest.mark.parametrize("threat", THREATS, ids=lambda t: t.heading.partition(" ")[0])
def test_each_threat_is_complete_and_its_tests_exist(threat: Threat) -> None:
    assert tuple(threat.parts) == PARTS
    assert all(text.strip() for text in threat.parts.values())
    assert threat.tests
    assert threat.parts["Tests"].count("::") == len(threat.tests), "a test that cannot be read"
    for file, name in threat.tests:
        tree = ast.parse((ROOT / file).read_text("utf-8"))
        names = {node.name for node in tree.body if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))}
        assert name in names, f"{file} has no test {name}"
        assert name.startswith("test_")


def test_threats_are_numbered_in_order() -> None:
    assert [t.heading.partition(" ")[0] for t in THREATS] == [f"T{n + 1}" for n in range(len(THREATS))]
    assert len(THREATS) >= 15


def test_every_attack_belongs_to_a_threat() -> None:
    """A test against the server that defends nothing named here is missing from the page."""
    named = {test for threat in THREATS for test in threat.tests}
    general = {"test_a_malformed_query_is_told_with_line_and_column"}
    for file in ("tests/test_server_attacks.py", "tests/test_server_survives.py"):
        found = re.findall(r"^def (test_\w+)", (ROOT / file).read_text("utf-8"), flags=re.MULTILINE)
        assert found
        assert {(file, name) for name in found if name not in general} <= named
