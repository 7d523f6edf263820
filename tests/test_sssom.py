"""Mappings as rows of the graph, as values of the model, and as a table that the tools of SSSOM accept."""

from __future__ import annotations

import csv
import hashlib
import os
import re
import subprocess
from collections import Counter
from typing import TYPE_CHECKING

import pytest
from building import BASE, Memory, ask, built
from oracle.ensure_sssom import Missing, ensure

import siibra_kg
from siibra_kg.build.align.mapping_rows import MappingAxiom, mappings, row_lines
from siibra_kg.build.rules import read_rules
from siibra_kg.resources import folder
from siibra_kg.sssom import read_mappings
from siibra_kg.vocab import NAMESPACES

if TYPE_CHECKING:
    from pathlib import Path

    from siibra_kg import KnowledgeGraph
    from siibra_kg.build.snapshot import Snapshot

CURATED = sorted((folder("ontologies") / "mappings").glob("*.sssom.tsv"))
EXACT = NAMESPACES["skos"] + "exactMatch"
LEXICAL = NAMESPACES["semapv"] + "LexicalMatching"
A, B = "https://example.org/a", "https://example.org/b"


@pytest.fixture(scope="session")
def sssom() -> Path:
    """Give the validator of the standard; without it tests skip on a desk and fail in CI."""
    try:
        return ensure()
    except Missing as error:
        reason = f"the tools of SSSOM cannot be had, tests with them CANNOT RUN: {error}"
        if os.environ.get("CI", "").lower() == "true":
            pytest.fail(reason)
        pytest.skip(reason)


def complaints(sssom: Path, table: Path) -> str:
    """Give what the validator has against a table."""
    done = subprocess.run([sssom, "validate", table], capture_output=True, text=True, check=False)
    return done.stderr[-2000:] if done.returncode else ""


def rows_of(text: str) -> list[dict[str, str]]:
    """Read a table with Python's own reader."""
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    return list(csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE))


def test_a_row_is_an_axiom_and_the_triple_itself() -> None:
    row = MappingAxiom(A, EXACT, B, LEXICAL, 0.95, "tool", "https://example.org/source", 'a "quoted"\tcomment')
    lines = row_lines("set", [row, row], BASE)
    said = f"{A}\n{EXACT}\n{B}\n{LEXICAL}\n9.5E-1\ntool\nhttps://example.org/source\n{row.comment}"
    node = f"<{BASE}mapping/set/{hashlib.sha256(said.encode()).hexdigest()[:12]}>"
    assert lines[0] == f"<{A}> <{EXACT}> <{B}> .\n"
    assert all(line.startswith(node) for line in lines[1:])
    assert len(lines) == 10
    assert f'{node} <{NAMESPACES["rdfs"]}comment> "a \\"quoted\\"\\tcomment" .\n' in lines
    double = NAMESPACES["xsd"] + "double"
    assert f'{node} <{NAMESPACES["sssom"]}confidence> "9.5E-1"^^<{double}> .\n' in lines


def test_a_row_says_nothing_of_what_is_not_stated_and_every_difference_is_another_row() -> None:
    plain = MappingAxiom(A, EXACT, B, LEXICAL)
    assert len(row_lines("set", [plain], BASE)) == 6
    others = [plain, MappingAxiom(A, EXACT, B, LEXICAL, 1), MappingAxiom(A, EXACT, B, LEXICAL, None, "1")]
    assert len({row.iri("set", BASE) for row in others}) == 3


def test_a_rule_may_leave_out_what_it_does_not_know_but_not_the_mapping_itself() -> None:
    full = ("s", A, EXACT, B, LEXICAL, "0.5", "tool", None, None)
    lacking = [(*full[:i], None, *full[i + 1 :]) for i in range(5)]
    assert mappings([full, *lacking], BASE).lines == row_lines(
        "s", [MappingAxiom(A, EXACT, B, LEXICAL, 0.5, "tool")], BASE
    )


def test_no_curated_table_has_the_name_of_a_rule_that_makes_one() -> None:
    """Both would be the same named graph, and the one put last would be all of it."""
    made = {rule.name for rule in read_rules(folder("ontologies") / "rules") if rule.kind == "mapping"}
    assert not made & {path.name.removesuffix(".sssom.tsv") for path in CURATED}
    assert len(CURATED) >= 4


@pytest.mark.parametrize("path", CURATED, ids=lambda path: path.name)
def test_a_curated_table_has_evidence_on_every_row_and_no_row_twice(path: Path) -> None:
    rows = read_mappings(path)
    assert rows
    assert all(row.cells.get("comment") and row.confidence is not None for row in rows)
    assert {row.justification.rpartition("/")[2] for row in rows} == {"ManualMappingCuration"}
    said = Counter((row.subject, row.predicate, row.object) for row in rows)
    assert [row for row, count in said.items() if count > 1] == []


@pytest.mark.mirror
@pytest.mark.slow
@pytest.mark.parametrize("path", CURATED, ids=lambda path: path.name)
def test_the_tools_accept_every_curated_table(sssom: Path, path: Path) -> None:
    assert complaints(sssom, path) == ""


def test_without_siibra_there_are_no_mapping_graphs(tmp_path: Path) -> None:
    term = {"@id": "https://openminds.om-i.org/instances/species/homoSapiens", "@type": "omt:Species"}
    found = built(tmp_path, Memory({"a.jsonld": {"@context": {"omt": NAMESPACES["omt"]}, **term}}))
    assert ask(found, "SELECT DISTINCT ?g WHERE { GRAPH ?g { ?s ?p ?o } FILTER(CONTAINS(STR(?g), '/mapping/')) }") == []


@pytest.fixture(scope="module")
def table(both: KnowledgeGraph, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("sssom") / "all.sssom.tsv"
    both.export("sssom", out)
    return out


@pytest.mark.mirror
@pytest.mark.long
def test_the_tools_accept_the_export_and_refuse_it_broken(sssom: Path, table: Path, tmp_path: Path) -> None:
    assert complaints(sssom, table) == ""
    text = table.read_text("utf-8")
    for name, wrong in {
        "justification": text.replace("semapv:LexicalMatching", "semapv:Guess"),
        "prefix": text.replace("#  skgi: ", "#  other: "),
    }.items():
        broken = tmp_path / f"{name}.sssom.tsv"
        broken.write_text(wrong, "utf-8")
        assert complaints(sssom, broken) != "", name


@pytest.mark.mirror
def test_the_export_has_every_row_of_the_graph_once(both: KnowledgeGraph, table: Path) -> None:
    text = table.read_text("utf-8")
    rows = rows_of(text)
    assert len({tuple(row.values()) for row in rows}) == len(rows)
    # Counted with SPARQL of its own: rows of mapping sets, and what openMINDS states with its own properties.
    count = "SELECT (COUNT(DISTINCT ?row) AS ?n) { ?row sssom:mapping_justification ?j }"
    (axioms,) = both.sparql(count).column("n")
    stated = both.sparql(
        "SELECT DISTINCT ?s ?p ?o { VALUES ?p { om:preferredOntologyIdentifier om:otherOntologyIdentifier"
        " om:ontologyIdentifier om:relatedInterspeciesAnatomy } ?s ?p ?o FILTER(ISIRI(?o)) }"
    )
    assert len([r for r in rows if not r["comment"].startswith("stated by ")]) == int(str(axioms))
    assert len([r for r in rows if r["comment"].startswith("stated by ")]) == len(stated)
    assert sum(r["object_id"].startswith("UBERON:") for r in rows if r["subject_id"].startswith("omi:nervous")) == 2592


@pytest.mark.mirror
def test_every_cell_of_the_export_can_be_read_back(both: KnowledgeGraph, table: Path) -> None:
    rows = read_mappings(table)
    known = {(row.subject, row.predicate, row.object) for row in rows}
    for path in CURATED:
        assert {(row.subject, row.predicate, row.object) for row in read_mappings(path)} <= known, path.name
    for row in rows:
        assert row.confidence is None or 0 <= row.confidence <= 1
        assert set(row.cells) >= {"mapping_source", "mapping_justification"}
    generated = [row for row in rows if row.cells["mapping_justification"] == "semapv:LexicalMatching"]
    assert generated
    assert all(row.cells.get("mapping_tool") and row.confidence is not None for row in generated)
    labelled = sum("subject_label" in row.cells for row in rows)
    assert labelled / len(rows) > 0.95


@pytest.mark.mirror
def test_the_header_of_the_export_is_complete(both: KnowledgeGraph, table: Path) -> None:
    head = [line for line in table.read_text("utf-8").splitlines() if line.startswith("#")]
    keys = {line[1:].partition(":")[0] for line in head if not line.startswith("#  ")}
    assert keys >= {"curie_map", "mapping_set_id", "mapping_set_version", "mapping_set_title", "license"}
    # One licence does not hold for all: openMINDS is MIT, the curated tables are Apache-2.0, siibra has none.
    assert "#license: https://w3id.org/sssom/license/unspecified" in head
    licences = Counter(row["license"] for row in rows_of(table.read_text("utf-8")))
    assert set(licences) == {"", "https://spdx.org/licenses/Apache-2.0", "https://spdx.org/licenses/MIT"}
    assert both.snapshot is not None
    assert f"#mapping_set_version: {both.snapshot.manifest.content_hash}" in head


@pytest.mark.mirror
def test_rows_of_openminds_have_its_licence_and_what_a_repair_states_has_none(
    full_snapshot: Snapshot, tmp_path: Path
) -> None:
    with siibra_kg.open(full_snapshot.path) as kg:
        kg.export("sssom", tmp_path / "out.tsv")
    text = (tmp_path / "out.tsv").read_text("utf-8")
    licences = {row["mapping_source"]: row["license"] for row in rows_of(text)}
    assert licences == {
        "skgg:openminds/latest": "https://spdx.org/licenses/MIT",
        "skgg:repair/cerebrospinal-fluid-class": "",
    }
    assert re.search(r"^#  ns\d+: ", text, re.MULTILINE), "openMINDS has terms in namespaces without a prefix"


@pytest.mark.mirror
def test_a_mapping_says_how_it_was_found_and_how_sure_it_is(both: KnowledgeGraph) -> None:
    area = both.region("primary visual area", "allen 2017")
    (structure,) = area.mappings("MBA")
    assert structure.object == "http://purl.obolibrary.org/obo/MBA_385"
    assert (structure.predicate, structure.justification, structure.confidence) == (EXACT, LEXICAL, 1.0)
    (page,) = area.mappings("structure")
    assert page.object == "http://api.brain-map.org/api/v2/data/Structure/385"
    left = both.region(area.iri + "/left")
    assert left.mappings("MBA")[0].object == structure.object
    (stated,) = both.region("left cuneus", "desikan").mappings("UBERON")
    assert stated.object == "http://purl.obolibrary.org/obo/UBERON_0006092"
    assert (stated.confidence, stated.justification) == (None, NAMESPACES["semapv"] + "UnspecifiedMatching")
