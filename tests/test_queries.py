"""Every template answers its examples with the rows that the raw JSON says, computed without RDF."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from conftest import INSTANCES
from golden.expected import GOLDEN
from golden.make_golden import ROWS, ordered, text
from golden.named import stated
from golden.raw import Raw

from siibra_kg.questions.run import check, run
from siibra_kg.resources import folder
from siibra_kg.stores import open_store
from siibra_kg.table import cell_plain
from siibra_kg.templates import Catalog

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from siibra_kg import KnowledgeGraph
    from siibra_kg.build.snapshot import Snapshot
    from siibra_kg.stores import Store
    from siibra_kg.table import Table

CATALOG = Catalog(folder("queries"))
ASKED = [name for name in CATALOG if not name.startswith(("check/", "shape/", "federate/"))]
#: No source that can be had states a homology; made-up statements show the template (test_features_small). What the
#: EBRAINS Knowledge Graph alone states is shown by a stand-in (test_ebrains_datasets).
WITHOUT_DATA = {"feature/of-homologous", "dataset/files", "dataset/unlinked", "dataset/own"}  # own: test_own_data
EXAMPLES = [(name, i) for name in sorted(GOLDEN) for i in range(len(CATALOG[name].examples))]


@pytest.fixture(scope="module")
def store(full_snapshot: Snapshot) -> Iterator[Store]:
    with open_store(full_snapshot.store_path) as found:
        yield found


@pytest.fixture(scope="session")
def raw(mirror: Path) -> Raw:
    return Raw(mirror / INSTANCES)


def cells(table: Table, columns: tuple[str, ...]) -> list[list[Any]]:
    return ordered([tuple(cell_plain(row[c]) for c in columns) for row in table])


@pytest.mark.mirror
@pytest.mark.parametrize(("name", "i"), EXAMPLES, ids=[f"{n}-{i}" for n, i in EXAMPLES])
def test_an_example_has_its_golden_rows(store: Store, raw: Raw, name: str, i: int) -> None:
    columns, function = GOLDEN[name]
    values = CATALOG[name].examples[i]
    expected = ordered(function(raw, **values))
    found = cells(run(store, CATALOG[name], values), columns)
    if name == "map/labels":  # the map's table also has labels that openMINDS has no region for
        found = [row for row in found if row[2] is not None]
    assert found == expected
    assert found, "an example that has no rows shows nothing"


@pytest.mark.mirror
def test_the_committed_golden_rows_are_those_of_the_pinned_archive(raw: Raw) -> None:
    assert text(raw) == ROWS.read_text(encoding="utf-8")


@pytest.mark.mirror
def test_describing_a_node_gives_what_its_document_states_and_which_graph_says_it(store: Store, raw: Raw) -> None:
    node = "https://openminds.om-i.org/instances/nervousSystemStructure/caudate-putamen"
    rows = [row for row in run(store, CATALOG["node/describe"], {"node": node}) if row.direction == "out"]
    said = {(row.property, str(row.value)) for row in rows if row.graph.endswith("/graph/openminds/latest")}
    assert said == stated(raw, node)
    assert {row.property.rpartition("/")[2] for row in rows if "/graph/rule/" in row.graph} == {"nameKey"}


@pytest.mark.mirror
def test_each_class_has_as_many_instances_as_there_are_documents(store: Store, raw: Raw) -> None:
    table = run(store, CATALOG["graph/classes"])
    found = {row.type.rpartition("/")[2]: row.instances for row in table if "openminds" in row.type}
    found["CommonCoordinateFrameworkVersion"] -= 1  # ontologies/maps/mni152-nlin6-asym.ttl
    assert {name: found.get(name) for name in raw.by_type} == {name: len(iris) for name, iris in raw.by_type.items()}
    assert found["AtlasAnnotation"] == 11_220
    assert found["ParcellationTerminologyVersion"] == 53
    instances = table.column("instances")
    assert list(instances) == sorted(instances, reverse=True)
    by_graph = run(store, CATALOG["graph/classes-by-graph"])
    read = [row.instances for row in by_graph if row.type.endswith("/Region") and "/rule/" in row.graph]
    assert sum(read) == next(row.instances for row in table if row.type.endswith("vocab/Region"))


@pytest.mark.mirror
@pytest.mark.parametrize("name", [n for n in ASKED if n not in WITHOUT_DATA])
def test_every_example_of_every_template_has_rows(both: KnowledgeGraph, name: str) -> None:
    for values in CATALOG[name].examples:
        assert len(run(both.store, CATALOG[name], values)) > 0, values


@pytest.mark.mirror
@pytest.mark.parametrize("name", [n for n in ASKED if n.startswith("hierarchy/")])
def test_rows_of_a_walk_come_nearest_first_then_by_name(store: Store, name: str) -> None:
    for values in CATALOG[name].examples:
        rows = [(row.depth, row.name, row.iri) for row in run(store, CATALOG[name], values)]
        assert rows == sorted(rows)


@pytest.mark.mirror
@pytest.mark.parametrize("name", [n for n in ASKED if any(p.type == "iri" for p in CATALOG[n].parameters)])
def test_an_unknown_iri_gives_no_rows_and_no_error(store: Store, name: str) -> None:
    values: dict[str, object] = {}
    for parameter in CATALOG[name].parameters:
        if parameter.type == "iri":
            values[parameter.name] = ["https://example.org/none"] if parameter.many else "https://example.org/none"
        elif parameter.required:
            values[parameter.name] = CATALOG[name].examples[0][parameter.name]
    assert len(run(store, CATALOG[name], values)) == 0


@pytest.mark.mirror
@pytest.mark.parametrize(
    "hostile", ['" } #', "\\", "\n", "'''", "}", "$region", "?x", "é\u0301", "\0", "<a>", "a" * 5000]
)
@pytest.mark.parametrize("name", [n for n in ASKED if any(p.type == "string" for p in CATALOG[n].parameters)])
def test_a_hostile_string_finds_nothing(store: Store, name: str, hostile: str) -> None:
    values: dict[str, object] = {}
    for parameter in CATALOG[name].parameters:
        if parameter.type == "string":
            values[parameter.name] = [hostile] if parameter.many else hostile
        elif parameter.required:
            values[parameter.name] = CATALOG[name].examples[0][parameter.name]
    assert len(run(store, CATALOG[name], values)) == 0


def test_all_templates_follow_the_format_and_parse() -> None:
    check(CATALOG)
    assert len(ASKED) >= 45


def test_golden_rows_name_only_templates_and_columns_that_exist() -> None:
    for name, (columns, _) in GOLDEN.items():
        assert set(columns) <= {c.name for c in CATALOG[name].columns}
    assert json.loads(ROWS.read_text(encoding="utf-8")).keys() == GOLDEN.keys()
