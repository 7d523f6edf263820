"""The wheel: built, installed into an empty environment without this checkout, it finds its queries and ontologies."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """Build the wheel once."""
    out = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(out), str(ROOT)]
    subprocess.run(command, check=True, capture_output=True)
    return next(out.glob("*.whl"))


@pytest.mark.slow
def test_the_wheel_holds_every_template_and_ontology(wheel):
    """Whatever lies in queries/ and ontologies/ is in the wheel, and nothing of the tests is."""
    names = set(zipfile.ZipFile(wheel).namelist())
    for folder in ("queries", "ontologies"):
        for path in (ROOT / folder).rglob("*"):
            if path.is_file():
                assert f"siibra_kg/_data/{path.relative_to(ROOT).as_posix()}" in names
    for folder in ("templates", "static"):  # what pages are made of
        files = [p for p in (ROOT / "siibra_kg/server/pages" / folder).rglob("*") if p.is_file()]
        assert {p.relative_to(ROOT).as_posix() for p in files} <= names
        assert files
    assert not [n for n in names if n.startswith("tests/")]
    assert "siibra_kg/py.typed" in names


@pytest.mark.slow
def test_the_installed_wheel_finds_its_resources(wheel, tmp_path):
    """Installed without the checkout on the path, the catalog is complete."""
    site = tmp_path / "site"
    zipfile.ZipFile(wheel).extractall(site)
    code = (
        "import sys; sys.path.insert(0, sys.argv[1]); import siibra_kg; from siibra_kg import resources; "
        "from siibra_kg.templates import Catalog; assert siibra_kg.__file__.startswith(sys.argv[1]); "
        "print(len(Catalog(resources.folder('queries'))))"
    )
    run = subprocess.run(
        [sys.executable, "-P", "-c", code, str(site)]
        if sys.version_info >= (3, 11)
        else [sys.executable, "-c", code, str(site)],
        capture_output=True,
        text=True,
        check=True,
        cwd=tmp_path,
    )
    assert int(run.stdout) == len(list((ROOT / "queries").rglob("*.rq")))
