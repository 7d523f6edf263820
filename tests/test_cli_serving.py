"""The command line of serving, releasing, pushing and joining: what it says, and its exit codes."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from siibra_kg.resources import folder
from siibra_kg.templates import Catalog
from tests.building import built
from tests.test_describe import small_source

if TYPE_CHECKING:
    from pathlib import Path

    from siibra_kg.build.snapshot import Snapshot


@pytest.fixture(scope="module")
def snapshot(tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    return built(tmp_path_factory.mktemp("small"), small_source())


@pytest.fixture
def cli(snapshot: Snapshot, tmp_path: Path):
    """Run ``siibra-kg`` offline in an empty folder, without any snapshot of its own."""

    def run(*words: object, **environment: str) -> subprocess.CompletedProcess[str]:
        env = {**os.environ, "SIIBRA_KG_HOME": str(tmp_path / "home"), "SIIBRA_KG_OFFLINE": "1", **environment}
        command = [sys.executable, "-m", "siibra_kg", *map(str, words)]
        done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, env=env, check=False, timeout=60)
        assert "Traceback" not in done.stderr, done.stderr
        return done

    return run


def test_a_release_is_written_and_verified(cli, snapshot, tmp_path):
    """What `export --release` writes, `verify` confirms, until a byte changes."""
    done = cli("export", "--release", "out", "--graph", snapshot.path)
    assert (done.returncode, done.stdout) == (0, "out\n"), done.stderr
    assert (tmp_path / "out" / "openapi.json").stat().st_size > 1000
    good = cli("verify", "out")
    assert good.returncode == 0
    assert "is whole" in good.stderr
    license_ = tmp_path / "out" / "LICENSES.md"
    license_.write_bytes(license_.read_bytes()[:-1])
    bad = cli("verify", "out")
    assert bad.returncode == 1
    assert "LICENSES.md" in bad.stderr


def test_a_snapshot_is_verified(cli, snapshot):
    assert cli("verify", snapshot.path).returncode == 0


def test_export_takes_a_format_or_a_release(cli, snapshot):
    for words in ((), ("--format", "nq", "--release", "out")):
        done = cli("export", *words, "--graph", snapshot.path)
        assert done.returncode == 2
        assert "--release DIR" in done.stderr


def test_serve_refuses_what_it_cannot_do(cli, snapshot, tmp_path):
    """A size that is none, a remote endpoint, a folder without a snapshot: one sentence, exit code 2."""
    for words, said in (
        (("--memory", "much"), "much"),
        (("--max-bytes", "0"), "--max-bytes takes a size"),
        (("--graph", "https://example.org/sparql"), "https://example.org/sparql"),
        (("--graph", tmp_path), str(tmp_path)),
        (("--graph", tmp_path / "none"), "there is no such file or folder"),
    ):
        done = cli("serve", "--port", 0, *(("--graph", snapshot.path) if "--graph" not in words else ()), *words)
        assert done.returncode == 2, (words, done.stderr)
        assert said in done.stderr.replace("\n", ""), (words, done.stderr)


def test_push_says_what_cannot_be_reached(cli, snapshot):
    """Nothing listens on port 1 of loopback."""
    done = cli("push", "http://127.0.0.1:1/store", "--graph", snapshot.path)
    assert done.returncode == 2
    assert "http://127.0.0.1:1/" in done.stderr


def test_a_federated_query_needs_an_endpoint_and_the_network(cli, snapshot):
    """Without an endpoint it says how; offline it names the setting that forbids it."""
    region = "https://example.org/region"
    none = cli("query", "federate/terms-above", "--region", region, "--graph", snapshot.path)
    assert none.returncode == 2
    assert "--endpoint" in none.stderr
    there = cli(
        "explain", "federate/terms-above", "--region", region, "--endpoint", "ubergraph", "--graph", snapshot.path
    )
    assert there.returncode == 0, there.stderr
    assert "SERVICE <https://ubergraph.apps.renci.org/sparql>" in there.stdout


def test_no_template_takes_a_parameter_that_the_command_line_takes_itself():
    """`siibra-kg query NAME --graph X` would open X."""
    taken = {"graph", "format", "help"}
    catalog = Catalog(folder("queries"))
    assert not [name for name, template in catalog.items() if taken & {p.name for p in template.parameters}]
