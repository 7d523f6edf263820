"""Fixtures that many tests share: the mirror of real upstream data, and what is in its archives."""

from __future__ import annotations

import json
import os
import tarfile
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import hypothesis
import pytest
from filelock import FileLock

import siibra_kg
from siibra_kg import KnowledgeGraph
from siibra_kg.build import build
from siibra_kg.build.snapshot import CURRENT, Snapshot, find
from siibra_kg.config import Settings
from siibra_kg.errors import BuildError
from tests.oracle.ensure_siibra import Missing, ensure
from tests.oracle.peer import Peer

if TYPE_CHECKING:
    from collections.abc import Iterator

# The same examples each time, so that what passes here passes in CI; `make explore` looks for others.
hypothesis.settings.register_profile("same", derandomize=True)
hypothesis.settings.register_profile("explore", max_examples=1000, deadline=None)
hypothesis.settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "same"))

COMMIT = "bfffe07fddb4cd4907027d9cdf61fb8cfb27385f"
SIIBRA_COMMIT = "7e3999e272562a619bad2d52ed99c56afe24a2ea"
INSTANCES = f"github.com/openMetadataInitiative/openMINDS_instances/archive/{COMMIT}.tar.gz"


@pytest.fixture(scope="session")
def mirror() -> Path:
    """Give the folder that stands in for the web; without it the test is skipped on a desk and fails in CI."""
    where = os.environ.get("SIIBRA_KG_MIRROR")
    if not where:
        reason = "SIIBRA_KG_MIRROR is not set: tests on real upstream data CANNOT RUN"
        if os.environ.get("CI", "").lower() == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    folder = Path(where)
    if not folder.is_dir():
        pytest.fail(f"SIIBRA_KG_MIRROR names {where}, which is not a folder")
    return folder


@pytest.fixture(scope="session")
def library(mirror: Path) -> dict[str, dict[str, bytes]]:
    """Give the openMINDS instance library: release -> path below it -> document."""
    out: dict[str, dict[str, bytes]] = defaultdict(dict)
    with tarfile.open(mirror / INSTANCES, mode="r|gz") as archive:
        for member in archive:
            parts = member.name.split("/", 3)
            if member.isfile() and len(parts) == 4 and parts[1] == "instances":
                stream = archive.extractfile(member)
                assert stream is not None
                out[parts[2]][parts[3]] = stream.read()
    return dict(out)


@pytest.fixture(scope="session")
def full_snapshot(tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    """Build the whole openMINDS library from the pinned archive, once for all tests; nobody may change it.

    The archive comes from ``SIIBRA_KG_MIRROR`` or, without one, from its public address; where neither can be had the
    tests on it are skipped on a desk and fail in CI.
    """
    return _built(_shared(tmp_path_factory) / "full", {"openminds-archive": "openminds"})


@pytest.fixture(scope="session")
def both_snapshot(tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    """Build openMINDS and siibra-configurations, as users do, once for all tests; nobody may change it."""
    return _built(_shared(tmp_path_factory) / "both", {"openminds-archive": "openminds", "siibra": "siibra"})


def _shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a folder that the processes of one test run have in common."""
    base = tmp_path_factory.getbasetemp()
    return base.parent if "PYTEST_XDIST_WORKER" in os.environ else base


def _built(folder: Path, sources: dict[str, str]) -> Snapshot:
    """Build a snapshot, or wait for the process that is building it."""
    mirror = os.environ.get("SIIBRA_KG_MIRROR")
    settings = Settings(home=folder / "home", cache=folder / "cache", mirror=mirror)
    try:
        folder.mkdir(exist_ok=True)
        with FileLock(folder / "building.lock"):
            if (settings.home / CURRENT).exists():
                return find(None, settings)
            report = build(list(sources), settings=settings, require=list(sources.values()))
    except BuildError as error:
        reason = f"the pinned archives cannot be had, tests on the whole graph CANNOT RUN: {error}"
        if mirror or os.environ.get("CI", "").lower() == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    return find(report.path, settings)


@pytest.fixture(scope="session")
def both_home(both_snapshot: Snapshot) -> Path:
    """Give the folder that ``SIIBRA_KG_HOME`` has to name so that the snapshot of both sources is the newest one."""
    return both_snapshot.path.parent.parent


@pytest.fixture(scope="session")
def both(both_snapshot: Snapshot) -> Iterator[KnowledgeGraph]:
    """Open the graph of both sources, once for all tests."""
    with siibra_kg.open(both_snapshot.path) as kg:
        yield kg


@pytest.fixture(scope="session")
def configurations(mirror: Path) -> dict[str, Any]:
    """Give siibra-configurations as parsed JSON: path below the checkout -> document."""
    archive = mirror / f"github.com/FZJ-INM1-BDA/siibra-configurations/archive/{SIIBRA_COMMIT}.tar.gz"
    with tarfile.open(archive, mode="r:gz") as members:
        return {
            member.name.partition("/")[2]: json.load(stream)
            for member in members
            if member.name.endswith(".json") and (stream := members.extractfile(member)) is not None
        }


@pytest.fixture(scope="session")
def peer() -> Iterator[Peer]:
    """Give siibra-python, running in an environment of its own; without it tests skip on a desk and fail in CI."""
    yield from _running()


@pytest.fixture(scope="module")
def own_peer() -> Iterator[Peer]:
    """Give a siibra-python of the module's own: maps that it is given become parcellations that others would find."""
    yield from _running()


def _running() -> Iterator[Peer]:
    try:
        oracle = ensure()
    except Missing as error:
        reason = f"siibra-python cannot be had, tests beside it CANNOT RUN: {error}"
        if os.environ.get("CI", "").lower() == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    with Peer(oracle) as running:
        yield running


@pytest.fixture(scope="session")
def snapshot_home(full_snapshot: Snapshot) -> Path:
    """Give the folder that ``SIIBRA_KG_HOME`` has to name so that the full snapshot is the newest one."""
    return full_snapshot.path.parent.parent
