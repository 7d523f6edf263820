"""Regions of Julich-Brain and of Allen, joined with a real SPARQL server that holds UBERON's bridges and NIF's graphs.

What is expected is read from the files: the XML of the bridges, the lines of the OBO files, the Turtle of NIF.
"""

from __future__ import annotations

import json
import re
import sys
import xml.etree.ElementTree as ET
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import rdflib

from siibra_kg.config import Settings
from siibra_kg.federation import Endpoint, FederatedTable, Federation, federate
from siibra_kg.stores import OxigraphStore
from siibra_kg.vocab import NAMESPACES
from tests.servers.foreign import RAW, foreign_nquads, obo_iri, obo_terms

sys.path.insert(0, str(Path(__file__).parent))
from servers.oxigraph_server import oxigraph_server

if TYPE_CHECKING:
    from collections.abc import Iterator

    from siibra_kg import KnowledgeGraph

pytestmark = [pytest.mark.mirror, pytest.mark.server, pytest.mark.slow]

UBERON, STRUCTURE, MBAO = (NAMESPACES[p] for p in ("UBERON", "structure", "mbao"))
RDF, OWL, OBO = (f"{{{NAMESPACES[p]}}}" for p in ("rdf", "owl", "obo"))
NIF = "SciCrunch/NIF-Ontology/47d56fc9f7e2d540691f0f57fd67197dc25f2009/ttl/generated"
#: Structures with terms of UBERON: in the bridges by atlas, and in NIF.
COUNTS = {"mbao": 554, "hbao": 569, "dhbao": 751, "structure": 527}
SETTINGS = Settings(home=Path("home"), cache=Path("cache"))


@pytest.fixture(scope="module")
def url(mirror: Path) -> Iterator[str]:
    with oxigraph_server(foreign_nquads(mirror)) as address:
        yield address


@pytest.fixture(scope="module")
def kg(both: KnowledgeGraph, url: str) -> Federation:
    there = Endpoint(url, allow_private=True, timeout=60)
    return federate(both.store, both.templates, {"there": there}, SETTINGS, resolved=both._resolved)


class Files:
    """What the files say: terms of structures, wholes of structures, names of structures."""

    def __init__(self, mirror: Path) -> None:
        self.terms: dict[str, set[str]] = defaultdict(set)
        self.wholes: dict[str, set[str]] = defaultdict(set)
        self.names: dict[str, set[str]] = defaultdict(set)
        for path in sorted((mirror / RAW).rglob("*.owl")):
            for cls in ET.parse(path).getroot().iter(OWL + "Class"):
                iri = cls.get(RDF + "about")
                for collection in cls.findall(f"{OWL}equivalentClass/{OWL}Class/{OWL}intersectionOf"):
                    first = collection[0].get(RDF + "about") or ""
                    if iri and first.startswith(UBERON):
                        self.terms[iri].add(first)
                self.names[iri or ""] |= {e.text or "" for e in cls.findall(OBO + "IAO_0000589")}
        for path in sorted((mirror / RAW).rglob("*.obo")):
            for curie, (name, wholes) in obo_terms(path).items():
                self.names[obo_iri(curie)].add(name)
                self.wholes[obo_iri(curie)] |= set(map(obo_iri, wholes))
        for path in sorted((mirror / RAW / NIF).rglob("*.ttl")):
            graph = rdflib.Graph().parse(path)
            for s, o in graph.subject_objects(rdflib.URIRef("http://uri.interlex.org/base/delineates")):
                self.terms[str(s)].add(str(o))
            for s, o in graph.subject_objects(rdflib.SKOS.prefLabel):
                self.names[str(s)].add(str(o))
            for s, r in graph.subject_objects(rdflib.RDFS.subClassOf):
                self.wholes[str(s)] |= {str(w) for w in graph.objects(r, rdflib.OWL.someValuesFrom)}

    def above(self, structure: str) -> set[str]:
        found: set[str] = set()
        todo = [structure]
        while todo:
            new = self.wholes[todo.pop()] - found
            found |= new
            todo += new
        return found

    def mapped(self, term: str) -> set[str]:
        return {s for s, terms in self.terms.items() if term in terms}


@pytest.fixture(scope="module")
def files(mirror: Path) -> Files:
    return Files(mirror)


@pytest.fixture(scope="module")
def anatomy(library: dict[str, dict[str, bytes]]) -> dict[str, set[str]]:
    """The UBERON terms of openMINDS by lower-case name and synonym, from its documents."""
    found: dict[str, set[str]] = defaultdict(set)
    for data in library["latest"].values():
        node = json.loads(data)
        term = str(node.get("preferredOntologyIdentifier") or "")
        synonyms = node.get("synonym") or []
        for name in (node.get("name"), *([synonyms] if isinstance(synonyms, str) else synonyms)):
            if term.startswith(UBERON) and name:
                found[name.lower()].add(term)
    return found


REGIONS = (
    ("primary visual area", "allen 2017"),
    ("hOc1", "julich 3.1"),
    ("frontal lobe", "julich 3.1"),
)


@pytest.fixture(scope="module", params=REGIONS, ids=lambda p: p[0])
def keys(
    request: pytest.FixtureRequest, both: KnowledgeGraph, anatomy: dict[str, set[str]]
) -> tuple[str, dict[str, set[str]]]:
    """A region and what it is known by: its structure, and terms with its name or that of what is above it."""
    region = both.region(*request.param)
    found: dict[str, set[str]] = defaultdict(set)
    for node in (region, *region.ancestors):
        for term in anatomy.get(node.name.lower(), ()):
            found[term].add(node.iri)
    for mapping in region.mappings():
        if mapping.object.startswith(STRUCTURE):
            label = mapping.object.removeprefix(STRUCTURE)
            found[STRUCTURE + label].add(region.iri)
            found[MBAO + label].add(region.iri)
    assert found
    return region.iri, found


def test_the_terms_of_a_region(kg: Federation, files: Files, keys: tuple[str, dict[str, set[str]]]) -> None:
    region, known = keys
    expected = {
        (term, via, structure)
        for key, vias in known.items()
        for structure in (files.mapped(key) if key.startswith(UBERON) else {key})
        for term in ({key} if key.startswith(UBERON) else files.terms[key])
        for via in vias
    }
    found = kg.query("federate/uberon-terms", region=region)
    assert {(row.term, row.via, row.structure) for row in found} == expected
    assert expected
    assert found.calls[0].endpoint == kg.url()


def test_the_terms_above_a_region(kg: Federation, files: Files, keys: tuple[str, dict[str, set[str]]]) -> None:
    region, known = keys
    expected = {
        (term, upper, via)
        for key, vias in known.items()
        for start in (files.mapped(key) if key.startswith(UBERON) else {key})
        for upper in files.above(start)
        for term in files.terms[upper]
        for via in vias
    }
    found = kg.query("federate/terms-above", region=region)
    assert {(row.term, row.structure, row.via) for row in found} == expected
    assert expected
    assert all(row.label in files.names[row.structure] for row in found)


def test_what_else_is_mapped(kg: Federation, files: Files, keys: tuple[str, dict[str, set[str]]]) -> None:
    region, known = keys
    expected = {
        (structure, name, term, via)
        for key, vias in known.items()
        for term in ({key} if key.startswith(UBERON) else files.terms[key])
        for structure in files.mapped(term)
        for name in files.names[structure] or {None}
        for via in vias
    }
    found = kg.query("federate/also-mapped", region=region)
    assert set(found.cells) == expected
    assert len(expected) >= 2


def test_the_primary_visual_area(kg: Federation, both: KnowledgeGraph) -> None:
    """One that everybody can look up: VISp is UBERON's primary visual cortex, below the visual cortex."""
    found = kg.query("federate/uberon-terms", region=both.region("primary visual area", "allen 2017").iri)
    assert {(r.term, r.term_name) for r in found if r.structure.endswith("385")} == {
        (UBERON + "0002436", "primary visual cortex")
    }
    above = kg.query("federate/terms-above", region=both.region("primary visual area", "allen 2017"))
    assert (UBERON + "0000411", "visual cortex") in {(r.term, r.term_name) for r in above}


@pytest.mark.parametrize("name", ["Hippocampal Formation", "brain (human)", "primary visual area", "no such name"])
def test_structures_of_other_atlases_by_name(kg: Federation, files: Files, name: str) -> None:
    """Allen's human and developing human atlases are not in this graph; their structures are found there by name."""
    expected = {
        (structure, label, term)
        for structure, labels in files.names.items()
        for label in labels
        if label.lower() == name.lower()
        for term in files.terms[structure]
    }
    found = kg.query("federate/structures-named", name=name)
    assert {(row.structure, row.label, row.term) for row in found} == expected
    assert bool(expected) == (name != "no such name")


@pytest.mark.parametrize("name", ["uberon-terms", "also-mapped"])
def test_the_engine_that_calls_the_server_itself_gives_the_same(
    kg: Federation, both: KnowledgeGraph, name: str
) -> None:
    """Oxigraph's own SERVICE on what the graph here says of one region and of openMINDS' terms."""
    region = both.region("hippocampal formation", "allen 2017").iri
    engine = OxigraphStore.memory(network=True)
    om = NAMESPACES["om"]
    text = (
        f"CONSTRUCT {{ ?s ?p ?o }} WHERE {{ {{ ?s <{om}preferredOntologyIdentifier> ?o . ?s ?p ?o }} UNION "
        f"{{ ?s <{om}preferredOntologyIdentifier> ?t ; <{om}name> ?o . BIND(<{om}name> AS ?p) }} UNION "
        f"{{ ?s <{om}preferredOntologyIdentifier> ?t ; <{om}synonym> ?o . BIND(<{om}synonym> AS ?p) }} UNION "
        f"{{ BIND(<{region}> AS ?s) ?s ?p ?o }} UNION "
        f"{{ <{region}> skos:broaderTransitive ?s . BIND(skos:prefLabel AS ?p) ?s ?p ?o }} }}"
    )
    engine.add((*triple, None) for triple in _quads(both, text))
    template = both.templates[f"federate/{name}"]
    expected = engine.select(template.bind({"region": region, "endpoint": kg.url()}), template.types)
    found = kg.query(f"federate/{name}", region=region)
    assert isinstance(found, FederatedTable)
    assert list(found.cells) == list(expected.rows)
    assert len(found) > 3


def _quads(both: KnowledgeGraph, text: str) -> Iterator[tuple[object, ...]]:
    yield from both.store.construct(f"PREFIX skos: <{NAMESPACES['skos']}> {text}")


def test_what_is_there(files: Files) -> None:
    """The counts that docs/federation.md states."""
    known = [structure for structure, terms in files.terms.items() if terms]
    by_prefix = {p: sum(s.startswith(NAMESPACES[p]) for s in known) for p in COUNTS}
    assert by_prefix == COUNTS
    page = (Path(__file__).parent.parent / "docs" / "federation.md").read_text("utf-8")
    for count in (*COUNTS.values(), len(set.union(*files.terms.values()))):
        assert f"{count:,}" in page


def test_the_examples_of_the_page_run(both: KnowledgeGraph, url: str) -> None:
    page = (Path(__file__).parent.parent / "docs" / "federation.md").read_text("utf-8")
    blocks = re.findall(r"^```py\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    assert len(blocks) >= 3
    space: dict[str, object] = {"kg": both}
    for block in blocks:
        exec(block.replace("http://127.0.0.1:7878/query", url), space)
