"""RDF/XML is read by a child process that may die; this one never does."""

from __future__ import annotations

import os
import time

import pyoxigraph as ox
import pytest
import rdflib

from siibra_kg.config import Settings
from siibra_kg.errors import BadDocument
from siibra_kg.sources import resolve
from siibra_kg.sources.rdfxml import to_ntriples
from siibra_kg.web.fetch import fetch

RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"


def document(body: str, doctype: str = "") -> bytes:
    head = f'<?xml version="1.0"?>\n{doctype}\n<rdf:RDF xmlns:rdf="{RDF}" xmlns:e="https://e.org/">'
    return f"{head}{body}</rdf:RDF>".encode()


SIMPLE = document('<e:T rdf:about="https://e.org/a"><e:name>é</e:name><e:part rdf:parseType="Resource"/></e:T>')
BAD = document("<e:T>")


def bomb(levels: int = 12) -> bytes:
    """Each entity is ten of the one before: a trillion letters from less than a kilobyte."""
    entities = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, levels))
    doctype = f'<!DOCTYPE rdf:RDF [<!ENTITY e0 "0123456789">{entities}]>'
    return document(f'<e:T rdf:about="https://e.org/a"><e:name>&e{levels - 1};</e:name></e:T>', doctype)


def test_rdf_xml_becomes_ntriples():
    """All triples, with blank nodes numbered in the order of their use, so that the bytes repeat."""
    expected = (
        f"<https://e.org/a> <{RDF}type> <https://e.org/T> .\n"
        '<https://e.org/a> <https://e.org/name> "é" .\n'
        "<https://e.org/a> <https://e.org/part> _:b0 .\n"
    )
    assert to_ntriples("a.rdf", SIMPLE).decode() == expected
    assert to_ntriples("a.rdf", SIMPLE) == to_ntriples("a.rdf", SIMPLE)


def test_entities_of_the_documents_own_dtd_are_expanded():
    """OWL files of the OBO world abbreviate their namespaces so."""
    data = document('<e:T rdf:about="&obo;X_1"/>', '<!DOCTYPE rdf:RDF [<!ENTITY obo "http://obo.org/">]>')
    assert to_ntriples("a.owl", data) == f"<http://obo.org/X_1> <{RDF}type> <https://e.org/T> .\n".encode()


def test_relative_iris_are_resolved_against_the_path():
    """Without a base they would be lost, or depend on the folder of this machine."""
    data = document('<e:T rdf:about="#a"/>')
    expected = f"<https://w3id.org/siibra-kg/id/document/in/my%20a.rdf#a> <{RDF}type> <https://e.org/T> .\n"
    assert to_ntriples("in/my a.rdf", data).decode() == expected


def test_an_entity_bomb_kills_only_the_child():
    """Within seconds, and with an error that names the file and the suspicion."""
    started = time.monotonic()
    with pytest.raises(BadDocument, match=r"bomb\.owl: .*entity bomb") as caught:
        to_ntriples("bomb.owl", bomb(), timeout=20, memory=1 << 28)
    assert time.monotonic() - started < 30
    assert "\n" not in str(caught.value)


def test_many_references_to_one_long_entity_are_bounded():
    """The quadratic kind of bomb needs no nesting."""
    body = "".join(f'<e:T rdf:about="https://e.org/{n}"><e:name>&a;</e:name></e:T>' for n in range(20_000))
    data = document(body, f'<!DOCTYPE rdf:RDF [<!ENTITY a "{"x" * 50_000}">]>')
    with pytest.raises(BadDocument, match="cannot be read within"):
        to_ntriples("bomb.owl", data, timeout=20, memory=1 << 28)


def test_external_entities_are_not_read(tmp_path):
    """A file of this machine must not end up in a graph."""
    (tmp_path / "secret").write_text("hunter2")
    doctype = f'<!DOCTYPE rdf:RDF [<!ENTITY x SYSTEM "{(tmp_path / "secret").as_uri()}">]>'
    data = document('<e:T rdf:about="https://e.org/a"><e:name>&x;</e:name></e:T>', doctype)
    with pytest.raises(BadDocument, match="not valid RDF/XML") as caught:
        to_ntriples("a.owl", data)
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (BAD, "not valid RDF/XML: "),
        (b"<html/>", "the namespace of RDF does not occur"),
        (b"", "the namespace of RDF does not occur"),
        (b"\0\xff" + RDF.encode(), "not valid RDF/XML: "),
        (document('<e:T rdf:about="https://e.org/a b"/>'), "not valid RDF/XML: "),
    ],
)
def test_what_is_no_rdf_xml_says_why(data, reason):
    """In the parser's own words, in one line."""
    with pytest.raises(BadDocument, match=reason) as caught:
        to_ntriples("a.xml", data)
    assert "\n" not in str(caught.value)


def test_a_deep_document_is_bounded():
    """Twenty thousand elements in one another are read, or refused, but never crash this process."""
    depth = 20_000
    body = '<e:p rdf:parseType="Resource">' * depth + "</e:p>" * depth
    try:
        text = to_ntriples("deep.rdf", document(f'<e:T rdf:about="https://e.org/a">{body}</e:T>'), timeout=10)
    except BadDocument as error:
        assert error.path == "deep.rdf"  # noqa: PT017  either outcome is right
    else:
        assert text.count(b"\n") == depth + 1


def test_documents_of_a_source_arrive_converted_or_are_set_aside(tmp_path):
    """The hash is of the bytes in the source, the data are N-Triples, and one bad file does not stop the others."""
    folder = tmp_path / "in"
    folder.mkdir()
    for name, data in {"a.owl": SIMPLE, "b.rdf": BAD, "c.xml": b"<html/>", "d.xml": SIMPLE}.items():
        (folder / name).write_bytes(data)
    source = resolve(folder, Settings(home=tmp_path, cache=tmp_path))
    documents = list(source.documents())
    assert [(d.path, d.format, d.data) for d in documents] == [
        (path, "nt", to_ntriples(path, SIMPLE)) for path in ("a.owl", "d.xml")
    ]
    assert [(item.path, item.reason.partition(":")[0]) for item in source.set_aside()] == [
        ("b.rdf", "not valid RDF/XML"),
        ("c.xml", "not RDF/XML"),
    ]
    assert source.info().documents == 2


BRIDGES = (
    "https://raw.githubusercontent.com/obophenotype/uberon/52817eeaa3b960e923df7a275fa533bdc3bdefe1"
    "/src/ontology/bridge/uberon-bridge-to-{}.owl"
)


@pytest.mark.mirror
@pytest.mark.parametrize("name", ["mba", "hba", "dhba"])
def test_real_ontologies_are_read_as_rdflib_reads_them(name, tmp_path):
    """The three UBERON bridges to Allen atlases: the same graph from another parser."""
    path = fetch(BRIDGES.format(name), Settings.from_environment({**os.environ, "SIIBRA_KG_HOME": str(tmp_path)}))
    text = to_ntriples(path.name, path.read_bytes())
    expected = rdflib.Graph().parse(path, format="xml")
    assert text.count(b"\n") == len(expected) > 9_000
    found = set(ox.parse(text, format=ox.RdfFormat.N_TRIPLES))
    plain = {
        str(s) + str(p) + str(o)
        for s, p, o in expected
        if isinstance(s, rdflib.URIRef) and isinstance(o, rdflib.URIRef)
    }
    ours = {
        t.subject.value + t.predicate.value + t.object.value
        for t in found
        if isinstance(t.subject, ox.NamedNode) and isinstance(t.object, ox.NamedNode)
    }
    assert ours == plain
