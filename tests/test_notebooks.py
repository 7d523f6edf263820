"""The notebooks: they run from top to bottom with no network, and are stored without output."""

from __future__ import annotations

from pathlib import Path

import nbclient
import nbformat
import pytest

NOTEBOOKS = sorted((Path(__file__).parent.parent / "notebooks").glob("*.ipynb"))


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
def test_stored_without_output(path):
    """Outputs belong to the reader's machine, not to the repository."""
    cells = nbformat.read(path, as_version=4).cells
    assert cells
    assert not [c for c in cells if c.get("outputs") or c.get("execution_count")]


@pytest.mark.slow
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
def test_runs_offline(path, both_home, tmp_path, monkeypatch):
    """Each notebook runs against the full graph; its last cell prints something."""
    monkeypatch.setenv("SIIBRA_KG_HOME", str(both_home))
    monkeypatch.setenv("SIIBRA_KG_OFFLINE", "1")
    notebook = nbformat.read(path, as_version=4)
    nbclient.NotebookClient(notebook, timeout=120, resources={"metadata": {"path": str(tmp_path)}}).execute()
    last = [c for c in notebook.cells if c.cell_type == "code"][-1]
    assert last.outputs
