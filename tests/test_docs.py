"""The documentation runs: every Python block, every console session, in README.md and docs/."""

from __future__ import annotations

import doctest
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
FENCE = re.compile(r"^```(?P<kind>[\w-]*)[^\n]*\n(?P<body>.*?)^```$", re.MULTILINE | re.DOTALL)
CHECKER = doctest.OutputChecker()
FLAGS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


def blocks(page: Path, kind: str) -> list[tuple[int, str]]:
    """Give the fenced blocks of one kind with the line they start at."""
    text = page.read_text("utf-8")
    return [(text[: m.start()].count("\n") + 2, m["body"]) for m in FENCE.finditer(text) if m["kind"] == kind]


def pages(kind: str) -> list[Path]:
    return [p for p in PAGES if blocks(p, kind)]


@pytest.fixture
def workplace(both_home, tmp_path, monkeypatch):
    """An empty folder in which the newest snapshot is the full one, and the network is off."""
    monkeypatch.setenv("SIIBRA_KG_HOME", str(both_home))
    monkeypatch.setenv("SIIBRA_KG_OFFLINE", "1")
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("page", pages("python"), ids=lambda p: p.name)
def test_python_blocks_run(page, workplace):
    """All Python blocks of a page run, one after the other, in one namespace."""
    space: dict[str, object] = {"__name__": "__docs__"}
    for line, body in blocks(page, "python"):
        exec(compile("\n" * (line - 1) + body, str(page), "exec"), space)
    assert space.keys() > {"__name__"}
    assert workplace.is_dir()


def sessions(body: str) -> list[tuple[str, str]]:
    """Split a console block into commands and what they print."""
    parts = re.split(r"^\$ ", body, flags=re.MULTILINE)[1:]
    return [(p.partition("\n")[0], p.partition("\n")[2]) for p in parts]


@pytest.mark.parametrize("page", pages("console"), ids=lambda p: p.name)
def test_console_sessions_print_what_they_say(page, workplace):
    """Commands of our own in console blocks print (on stdout) what the page says; `...` stands for anything."""
    ran = 0
    for line, body in blocks(page, "console"):
        for command, expected in sessions(body):
            words = shlex.split(command.partition(" | ")[0])
            if words[0] != "siibra-kg":
                continue
            run = subprocess.run(
                [sys.executable, "-m", "siibra_kg", *words[1:]],
                capture_output=True,
                text=True,
                cwd=workplace,
                env={**os.environ, "PYTHONPATH": str(ROOT)},
                check=False,
            )
            assert run.returncode in (0, 1), run.stderr
            got = run.stdout
            if " | head -" in command:
                got = "\n".join(got.splitlines()[: int(command.rsplit("-", 1)[1])]) + "\n"
            if expected.strip():
                assert CHECKER.check_output(expected, got, FLAGS), f"{page.name}:{line}: $ {command}\n{got}{run.stderr}"
            ran += 1
    assert ran


def test_links_between_pages_lead_somewhere():
    """A relative link in README or docs names a file that exists."""
    for page in PAGES:
        for target in re.findall(r"\]\((?!https?:|#|mailto:)([^)#\s]+)", page.read_text("utf-8")):
            assert (page.parent / target).exists(), f"{page.name} links to {target}"


def test_every_command_and_template_folder_is_documented():
    """Every command of the command line appears in README or docs."""
    from siibra_kg.cli import app

    text = "\n".join(p.read_text("utf-8") for p in PAGES)
    for command in app.registered_commands:
        name = command.name or command.callback.__name__
        assert f"siibra-kg {name}" in text, name
