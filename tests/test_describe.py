"""Descriptions for machines: counts that anybody can count again, RDF that others read, the same bytes every time."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tarfile
from collections import defaultdict
from typing import TYPE_CHECKING

import pytest
import rdflib
import zstandard
from building import OMI, Memory, atlas, built, entity, version
from rdflib.namespace import DCAT, DCTERMS, PROV, RDF, RDFS, SH, VOID, XSD

from siibra_kg import KnowledgeGraph
from siibra_kg import open as open_graph
from siibra_kg.build.statistics import read
from siibra_kg.config import Settings
from siibra_kg.describe.about import About, about, snapshot_dump, statistics
from siibra_kg.describe.documents import DOCUMENTS, document
from siibra_kg.describe.schema_org import schema_org, schema_org_dataset
from siibra_kg.describe.service import service
from siibra_kg.describe.writing import FORMS
from siibra_kg.errors import QueryError
from siibra_kg.server.descriptions import description, dump, service_description, well_known
from siibra_kg.server.job import Request, State
from siibra_kg.server.options import ServerOptions
from siibra_kg.server.problem import Refused
from siibra_kg.stores import check_syntax
from siibra_kg.terms import IRI
from siibra_kg.vocab import BASE, NAMESPACES

if TYPE_CHECKING:
    from siibra_kg.build.snapshot import Snapshot

HOME = "http://127.0.0.1:7687"
HOSTILE = "</script><script>alert(1)</script> \\u0022 \"quoted\" <b> & 'x'"
WHOLE = rdflib.URIRef(f"{BASE}.well-known/void#dataset")
SDNS = rdflib.Namespace("http://www.w3.org/ns/sparql-service-description#")
SCHEMA = rdflib.Namespace("https://schema.org/")
SPDX = rdflib.Namespace("http://spdx.org/rdf/terms#")
SPEX = rdflib.Namespace("https://purl.expasy.org/sparql-examples/ontology#")


def small_source() -> Memory:
    """Give an atlas with a region, a link to UBERON and a name that tries to get out of a page."""
    text = (
        "".join(f"@prefix {p}: <{n}> .\n" for p, n in NAMESPACES.items())
        + f"@base <{BASE}> .\n"
        + atlas("AT", "AT_a AT_b", version("AT", "AT_v1", "AT_a-v1"))
        + entity("AT_a", label="Area a")
        + entity("AT_b", parent="AT_a")
        + f"<{OMI}uberonParcellation/x> a omt:UBERONParcellation ; om:name {json.dumps(HOSTILE)} ;"
        f" om:preferredOntologyIdentifier UBERON:0001950 .\n"
    )
    return Memory({"a.ttl": text.encode()})


@pytest.fixture(scope="module")
def snapshot(tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    return built(tmp_path_factory.mktemp("described"), small_source())


@pytest.fixture(scope="module")
def kg(snapshot: Snapshot):
    with open_graph(snapshot.path) as graph:
        yield graph


@pytest.fixture(scope="module")
def known(kg: KnowledgeGraph, snapshot: Snapshot) -> About:
    return about(kg, HOME, (snapshot_dump(snapshot),))


def parsed(known: About, kg: KnowledgeGraph, name: str, form: str = "ttl") -> rdflib.Graph:
    names = {"ttl": "turtle", "nt": "nt", "jsonld": "json-ld"}
    return rdflib.Graph().parse(data=document(known, kg.templates, name, form), format=names[form])


def number(graph: rdflib.Graph, node: rdflib.term.Node, name: rdflib.URIRef) -> int:
    (value,) = graph.objects(node, name)
    return value.toPython()


# -- counts ------------------------------------------------------------------------------------------------------


class Counted:
    """What plain Python counts in lines of N-Quads."""

    def __init__(self) -> None:
        self.lines = 0
        self.subjects: set[bytes] = set()
        self.objects: set[bytes] = set()
        self.typed: set[bytes] = set()
        self.classes: dict[bytes, set[bytes]] = defaultdict(set)
        self.properties: dict[bytes, list] = defaultdict(lambda: [0, set(), set()])

    def add(self, subject: bytes, name: bytes, value: bytes) -> None:
        self.lines += 1
        if value.startswith(b'"') and value.endswith(
            b"#double>"
        ):  # an engine has one number where a dump has "5.0" and "5.0E0"
            value = repr(float(value.split(b'"')[1])).encode()
        self.subjects.add(subject)
        self.objects.add(value)
        use = self.properties[name]
        use[0] += 1
        use[1].add(subject)
        use[2].add(value)
        if name == b"<http://www.w3.org/1999/02/22-rdf-syntax-ns#type>":
            self.typed.add(subject)
            self.classes[value].add(subject)


def counted(snapshot: Snapshot) -> tuple[Counted, dict[str, Counted]]:
    whole, graphs = Counted(), defaultdict(Counted)
    with snapshot.graph_path.open("rb") as file:
        text = zstandard.ZstdDecompressor().stream_reader(file).read()
    for line in text.split(b"\n")[:-1]:
        subject, name, rest = line.split(b" ", 2)
        value, graph, _ = rest.rsplit(b" ", 2)
        whole.add(subject, name, value)
        graphs[graph[1:-1].decode()].add(subject, name, value)
    return whole, dict(graphs)


def agrees(graph: rdflib.Graph, node: rdflib.URIRef, found: Counted, *, distinct: bool) -> None:
    """Compare everything that VoID says about a dataset with what was counted."""
    expected = (found.lines, len(found.subjects), len(found.objects), len(found.typed))
    names = (VOID.triples, VOID.distinctSubjects, VOID.distinctObjects, VOID.entities)
    assert tuple(number(graph, node, name) for name in names) == expected
    assert number(graph, node, VOID.properties) == len(found.properties)
    assert number(graph, node, VOID.classes) == len(found.classes)
    classes = {
        f"<{graph.value(part, VOID['class'])}>": number(graph, part, VOID.entities)
        for part in graph.objects(node, VOID.classPartition)
    }
    assert classes == {cls.decode(): len(members) for cls, members in found.classes.items()}
    uses = {}
    for part in graph.objects(node, VOID.propertyPartition):
        counts = (VOID.triples, VOID.distinctSubjects, VOID.distinctObjects)[: 3 if distinct else 1]
        use = [number(graph, part, name) for name in counts]
        uses[f"<{graph.value(part, VOID.property)}>"] = use
    assert uses == {
        name.decode(): [n, len(s), len(o)] if distinct else [n] for name, (n, s, o) in found.properties.items()
    }


def void_agrees(snapshot: Snapshot, kg: KnowledgeGraph) -> rdflib.Graph:
    void = parsed(about(kg, HOME), kg, "void", "nt")
    whole, graphs = counted(snapshot)
    agrees(void, WHOLE, whole, distinct=True)
    subsets = {str(g) for g in void.objects(WHOLE, VOID.subset)} - {str(x) for x in void[: RDF.type : VOID.Linkset]}
    assert subsets == set(graphs)
    for name, found in graphs.items():
        agrees(void, rdflib.URIRef(name), found, distinct=False)
    return void


def test_void_counts_what_plain_python_counts(snapshot, kg):
    """All numbers of all datasets, partitions included, are those of the lines of the dump."""
    void = void_agrees(snapshot, kg)
    (linkset,) = [
        s for s in void[: RDF.type : VOID.Linkset]
        if str(void.value(s, VOID.linkPredicate)).endswith("preferredOntologyIdentifier")
    ]  # fmt: skip
    target = void.value(linkset, VOID.objectsTarget)
    assert str(void.value(target, VOID.uriSpace)) == NAMESPACES["UBERON"]
    assert number(void, linkset, VOID.triples) == 1


@pytest.mark.slow
@pytest.mark.mirror
def test_void_counts_the_whole_graph(both_snapshot):
    """The same on real data; links add up to what the mapping graphs and openMINDS state."""
    with open_graph(both_snapshot.path) as kg:
        assert read(both_snapshot.statistics_path, both_snapshot.manifest.content_hash) is not None
        void = void_agrees(both_snapshot, kg)
    predicates = [NAMESPACES["skos"] + f"{w}Match" for w in ("exact", "close", "broad", "narrow", "related")] + [
        NAMESPACES["om"] + n for n in ("preferredOntologyIdentifier", "otherOntologyIdentifier", "ontologyIdentifier")
    ]
    links: dict[str, set[tuple[bytes, bytes]]] = defaultdict(set)
    with both_snapshot.graph_path.open("rb") as file:
        text = zstandard.ZstdDecompressor().stream_reader(file).read()
    for line in text.split(b"\n")[:-1]:
        subject, name, rest = line.split(b" ", 2)
        iri = name[1:-1].decode()
        if iri in predicates and rest.startswith(b"<") and not line.endswith(b"/graph/ontology> ."):
            links[iri].add((subject, rest.split(b" ")[0]))
    told: dict[str, int] = defaultdict(int)
    for linkset in void[: RDF.type : VOID.Linkset]:
        told[str(void.value(linkset, VOID.linkPredicate))] += number(void, linkset, VOID.triples)
    assert told == {name: len(pairs) for name, pairs in links.items()}


def test_a_snapshot_keeps_its_counts(snapshot, kg, tmp_path):
    """What is kept is what would be counted; a missing, damaged or foreign file is counted anew, never believed."""
    kept = read(snapshot.statistics_path, snapshot.manifest.content_hash)
    assert kept is not None
    assert kept == statistics(kg)
    with open_graph(snapshot.graph_path) as unkept:
        assert statistics(unkept) == type(kept)(**{f: getattr(kept, f) for f in kept.__slots__} | {"content_hash": ""})
    data = snapshot.statistics_path.read_bytes()
    assert read(snapshot.statistics_path, "0" * 64) is None
    for damaged in (b"", b"[]", b"{}", data[:-20], data.replace(b'"links"', b'"lynx"', 1)):
        (tmp_path / "x.json").write_bytes(damaged)
        assert read(tmp_path / "x.json", snapshot.manifest.content_hash) is None


def test_statistics_do_not_depend_on_the_build(snapshot, tmp_path):
    again = built(tmp_path, small_source())
    assert again.statistics_path.read_bytes() == snapshot.statistics_path.read_bytes()
    assert again.manifest == snapshot.manifest


# -- documents ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_document_is_the_same_graph_in_every_form(name, kg, known):
    """Turtle, N-Triples and JSON-LD say the same, without a blank node, and every IRI is absolute."""
    turtle, triples, jsonld = (set(parsed(known, kg, name, form)) for form in FORMS)
    assert turtle == triples == jsonld
    assert len(triples) > 50
    nodes = {term for triple in triples for term in triple}
    assert not [n for n in nodes if isinstance(n, rdflib.BNode)]
    assert all("://" in n for n in nodes if isinstance(n, rdflib.URIRef))


def test_documents_do_not_depend_on_the_hash_seed(snapshot):
    code = (
        "import sys, hashlib, siibra_kg; from siibra_kg.describe.about import about, snapshot_dump; "
        "from siibra_kg.describe.documents import DOCUMENTS, document\n"
        "kg = siibra_kg.open(sys.argv[1]); known = about(kg, '', (snapshot_dump(kg.snapshot),))\n"
        "for n in DOCUMENTS:\n"
        "  for f in ('ttl', 'nt', 'jsonld'):\n"
        "    print(n, f, hashlib.sha256(document(known, kg.templates, n, f)).hexdigest())"
    )
    told = {
        subprocess.run(
            [sys.executable, "-c", code, str(snapshot.path)],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(told) == 1


def test_service_description(kg, known, snapshot):
    """One service that answers queries over the union of the named graphs; nothing is offered that is refused."""
    graph = parsed(known, kg, "service-description")
    (node,) = graph[: RDF.type : SDNS.Service]
    assert str(graph.value(node, SDNS.endpoint)) == f"{HOME}/sparql"
    assert set(graph.objects(node, SDNS.supportedLanguage)) == {SDNS.SPARQL11Query}
    assert set(graph.objects(node, SDNS.feature)) == {SDNS.UnionDefaultGraph}
    named = {
        str(graph.value(n, SDNS.name)): number(graph, graph.value(n, SDNS.graph), VOID.triples)
        for n in graph.objects(graph.value(node, SDNS.defaultDataset), SDNS.namedGraph)
    }
    assert named == dict(snapshot.manifest.graphs)
    assert len(service(known)) == len(graph)


def test_dcat(kg, known, snapshot):
    """The dataset has version, licence, contact, page; its dump has the size and checksum of the file."""
    graph = parsed(known, kg, "dcat")
    assert str(graph.value(WHOLE, DCAT.version)) == snapshot.manifest.content_hash
    for name in (DCTERMS.title, DCTERMS.description, DCTERMS.publisher, DCAT.contactPoint, DCAT.landingPage):
        assert graph.value(WHOLE, name) is not None
    (distribution,) = graph.objects(WHOLE, DCAT.distribution)
    data = snapshot.graph_path.read_bytes()
    assert number(graph, distribution, DCAT.byteSize) == len(data)
    import hashlib

    checksum = graph.value(distribution, SPDX.checksum)
    assert str(graph.value(checksum, SPDX.checksumValue)) == hashlib.sha256(data).hexdigest()
    assert graph.value(checksum, SPDX.checksumValue).datatype == XSD.hexBinary
    assert str(graph.value(distribution, DCAT.downloadURL)) == f"{HOME}/dumps/graph.nq.zst"
    assert {str(g) for g in graph.objects(WHOLE, DCTERMS.hasPart)} <= set(snapshot.manifest.graphs)
    licence = graph.value(rdflib.URIRef(f"{BASE}graph/ontology"), DCTERMS.license)
    assert str(licence) == "https://spdx.org/licenses/Apache-2.0"
    endpoints = {str(graph.value(s, DCAT.endpointURL)) for s in graph[: RDF.type : DCAT.DataService]}
    assert endpoints == {f"{HOME}/sparql", f"{HOME}/api"}


@pytest.mark.slow
@pytest.mark.mirror
def test_dcat_says_which_commits_a_graph_comes_from(both_snapshot):
    with open_graph(both_snapshot.path) as kg:
        graph = parsed(about(kg, HOME), kg, "dcat")
    origins = {str(o) for o in graph.objects(WHOLE, PROV.wasDerivedFrom)}
    assert origins == {source.url for source in both_snapshot.manifest.sources}
    revisions = {str(graph.value(rdflib.URIRef(o), rdflib.URIRef(NAMESPACES["pav"] + "version"))) for o in origins}
    assert revisions == {source.revision for source in both_snapshot.manifest.sources}


# -- examples ----------------------------------------------------------------------------------------------------


def test_every_template_is_an_example(kg, known):
    """Question, text with values, keywords, target; the text parses and holds none of the template's parameters."""
    graph = parsed(known, kg, "sparql-examples")
    found = {str(graph.value(s, RDFS.label)): s for s in graph[: RDF.type : SH.SPARQLExecutable]}
    assert set(found) == set(kg.templates)
    for name, node in found.items():
        template = kg.templates[name]
        (text,) = [o for p in (SH.select, SH.ask, SH.construct, SPEX.describe) for o in graph.objects(node, p)]
        assert str(text) == template.bind(template.examples[0] if template.examples else {})
        federated = set(graph.objects(node, SPEX.federatesWith))
        assert bool(federated) == name.startswith("federate/")
        if not federated:
            check_syntax(str(text))
        assert str(graph.value(node, RDFS.comment)) == template.summary
        assert str(graph.value(node, SCHEMA.target)) == f"{HOME}/sparql"
        assert {str(k) for k in graph.objects(node, SCHEMA.keywords)} == set(name.split("/"))
        parameters = sorted(graph.objects(node, SH.parameter), key=lambda p: number(graph, p, SH.order))
        assert [str(graph.value(p, SH.path)).rpartition("#")[2] for p in parameters] == [
            p.name for p in template.parameters
        ]
        for node_of, declared in zip(parameters, template.parameters, strict=True):
            assert (graph.value(node_of, SH.nodeKind) == SH.IRI) == (declared.type == "iri")
            kind = graph.value(node_of, SH.datatype)
            assert kind is None or str(kind) == str(XSD) + declared.type


@pytest.mark.mirror
def test_examples_look_like_those_of_sib(mirror, kg, known):
    """Every property that nearly all of SIB's examples have, ours have too, with the same kind of value."""
    (archive,) = (mirror / "github.com/sib-swiss/sparql-examples/archive").glob("*.tar.gz")
    uses: dict[rdflib.URIRef, int] = defaultdict(int)
    total = 0
    with tarfile.open(archive, mode="r|gz") as tar:
        for member in tar:
            if "/examples/UniProt/" in member.name and member.name.endswith(".ttl") and "prefixes" not in member.name:
                graph = rdflib.Graph().parse(data=tar.extractfile(member).read(), format="turtle")
                for node in graph[: RDF.type : SH.SPARQLExecutable]:
                    total += 1
                    for name in set(graph.predicates(node)):
                        uses[name] += 1
    assert total > 50
    expected = {name for name, times in uses.items() if times > 0.9 * total}
    assert {SH.select, SH.prefixes, SCHEMA.target} <= expected
    ours = parsed(known, kg, "sparql-examples")
    for node in ours[: RDF.type : SH.SPARQLSelectExecutable]:
        assert expected <= set(ours.predicates(node))
    (prefixes,) = set(ours.objects(None, SH.prefixes))
    declared = {
        str(ours.value(d, SH.prefix)): str(ours.value(d, SH.namespace)) for d in ours.objects(prefixes, SH.declare)
    }
    assert declared == dict(NAMESPACES)


# -- schema.org --------------------------------------------------------------------------------------------------


def test_schema_org_of_a_hostile_name(kg):
    """Whatever a name holds is a JSON string, the same each time."""
    found = schema_org(kg, IRI(f"{OMI}uberonParcellation/x"), f"{HOME}/page")
    assert found["name"] == HOSTILE
    assert found["@type"] == "DefinedTerm"
    assert found["url"] == f"{HOME}/page"
    assert json.loads(json.dumps(found)) == found
    unknown = schema_org(kg, IRI("https://example.org/none"))
    assert unknown["name"] == "none"


def test_schema_org_of_the_whole(known, snapshot):
    found = schema_org_dataset(known)
    assert found["@type"] == "Dataset"
    assert found["version"] == snapshot.manifest.content_hash
    assert 50 < len(found["description"]) < 5000  # what search engines for datasets accept
    assert found["distribution"][0]["contentUrl"] == f"{HOME}/dumps/graph.nq.zst"


@pytest.mark.slow
@pytest.mark.mirror
def test_schema_org_of_real_nodes(both_snapshot):
    with open_graph(both_snapshot.path) as kg:
        region = schema_org(kg, IRI(f"{BASE}id/region/aal1-spm12-v4/amyg/left"))
        parcellation = schema_org(kg, IRI(f"{BASE}id/release/jba-v3.0.3"))
    assert region["@type"] == "AnatomicalStructure"
    assert region["subjectOf"] == [{"@id": f"{BASE}id/release/aal1-spm12-v4"}]
    assert parcellation["@type"] == "Dataset"
    assert parcellation["license"]
    assert parcellation["citation"]


# -- over HTTP, without HTTP -------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def state(kg: KnowledgeGraph, snapshot: Snapshot) -> State:
    return State(kg, ServerOptions(), snapshot.manifest.content_hash)


@pytest.mark.parametrize("name", DOCUMENTS)
@pytest.mark.parametrize("accept", ["text/turtle", "application/ld+json", "application/n-triples"])
def test_well_known_addresses_answer(name, accept, state, kg, known):
    job = well_known(Request("GET", f"/.well-known/{name}", headers={"accept": accept}))
    reply = description(state, job.payload)
    assert reply.media_type.partition(";")[0] == accept
    form = next(f for f, kind in FORMS.items() if kind == accept)
    assert reply.body == document(known, kg.templates, name, form)
    assert ("Vary", "Accept") in reply.headers
    elsewhere = well_known(
        Request("GET", f"/.well-known/{name}", headers={"accept": accept}, base_url="https://example.org")
    )
    assert job.etag.startswith(f"{name}.{form}.")
    assert job.etag != elsewhere.etag


def test_a_suffix_chooses_and_what_is_not_there_is_told():
    assert well_known(Request("GET", "/.well-known/void.nt")).payload["form"] == "nt"
    assert well_known(Request("GET", "/.well-known/void", (("format", "jsonld"),))).payload["form"] == "jsonld"
    assert well_known(Request("GET", "/.well-known/sparql-examples/node/names")).payload["name"] == "sparql-examples"
    for path, headers, status in (
        ("/.well-known/security.txt", {}, 404),
        ("/.well-known/../../etc/passwd", {}, 404),
        ("/.well-known/void.exe", {}, 404),
        ("/.well-known/void", {"accept": "image/png"}, 406),
    ):
        with pytest.raises(Refused) as told:
            well_known(Request("GET", path, headers=headers))
        assert told.value.status == status
    with pytest.raises(Refused) as told:
        service_description(Request("GET", "/sparql", headers={"accept": "image/png"}))
    assert told.value.status == 406


def test_the_dump_is_the_snapshots_file(state, snapshot):
    import io

    reply = description(state, dump(Request("GET", "/dumps/graph.nq.zst")).payload)
    out = io.BytesIO()
    assert callable(reply.body)
    reply.body(out)
    assert out.getvalue() == snapshot.graph_path.read_bytes()
    for name in ("manifest.json", "../manifest.json", ""):
        with pytest.raises(Refused) as told:
            description(state, {"dump": name})
        assert told.value.status == 404
    with pytest.raises(Refused) as told:
        description(State(state.kg, ServerOptions(max_bytes=10)), {"dump": "graph.nq.zst"})
    assert told.value.status == 422


def test_a_graph_without_a_snapshot_is_described_too(tmp_path):
    """An RDF file has counts and no version; a store that cannot count says so."""
    path = tmp_path / "x.nq"
    path.write_text(f"<urn:a> <urn:p> <urn:b> <{BASE}graph/x> .\n")
    with open_graph(path, settings=Settings(tmp_path, tmp_path)) as kg:
        void = parsed(about(kg), kg, "void")
        assert number(void, WHOLE, VOID.triples) == 1
        assert number(void, WHOLE, VOID.entities) == 0

    class Broken:
        def select(self, query, types=None):
            raise QueryError("no", query)

    with pytest.raises(QueryError):
        about(KnowledgeGraph(Broken(), settings=Settings(tmp_path, tmp_path)))
