"""The W3C's SPARQL test suites: read from their manifests, and results compared by what they mean."""

from __future__ import annotations

import csv
import io
import re
import tarfile
from collections import Counter
from decimal import Decimal
from typing import TYPE_CHECKING, NamedTuple

import pyoxigraph as ox

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

__all__ = ["ARCHIVE", "Case", "Suite", "same"]

ARCHIVE = "github.com/w3c/rdf-tests/archive/ad541a5f0479f0798608c4801369d97b8e08b36f.tar.gz"
ROOT = "https://w3c.github.io/rdf-tests/"
MF, QT = (
    "http://www.w3.org/2001/sw/DataAccess/tests/test-manifest#",
    "http://www.w3.org/2001/sw/DataAccess/tests/test-query#",
)
DAWGT = "http://www.w3.org/2001/sw/DataAccess/tests/test-dawg#"
RS = "http://www.w3.org/2001/sw/DataAccess/tests/result-set#"
RDF, XSD = "http://www.w3.org/1999/02/22-rdf-syntax-ns#", "http://www.w3.org/2001/XMLSchema#"
FORMATS = {
    "ttl": ox.RdfFormat.TURTLE,
    "nt": ox.RdfFormat.N_TRIPLES,
    "rdf": ox.RdfFormat.RDF_XML,
    "trig": ox.RdfFormat.TRIG,
}
RESULTS = {
    "srx": ox.QueryResultsFormat.XML,
    "srj": ox.QueryResultsFormat.JSON,
    "tsv": ox.QueryResultsFormat.TSV,
}
_WHOLE = ("integer", "int", "long", "short", "byte", "nonNegativeInteger", "positiveInteger", "unsignedInt")
_WHOLE += ("unsignedLong", "unsignedShort", "unsignedByte", "nonPositiveInteger", "negativeInteger")
Term = ox.NamedNode | ox.BlankNode | ox.Literal | ox.Triple


class Case(NamedTuple):
    """A test: ``name`` is ``version/folder/fragment``, ``kind`` the name of its class."""

    name: str
    kind: str
    query: str
    data: tuple[str, ...] = ()
    named: tuple[str, ...] = ()
    result: str = ""
    lax: bool = False
    approved: bool = True


class Suite:
    """The files of the suites in memory."""

    def __init__(self, mirror: Path) -> None:
        self.files: dict[str, bytes] = {}
        with tarfile.open(mirror / ARCHIVE, mode="r|gz") as archive:
            for member in archive:
                name = member.name.partition("/")[2]
                stream = (
                    archive.extractfile(member) if name.startswith(("sparql/sparql10/", "sparql/sparql11/")) else None
                )
                if stream is not None:
                    self.files[name] = stream.read()

    def text(self, iri: str) -> str:
        return self.files[iri.removeprefix(ROOT)].decode()

    def triples(self, iri: str) -> list[ox.Triple]:
        """Read a document; its blank nodes have names of their own."""
        data = self.files[iri.removeprefix(ROOT)]
        found = ox.parse(data, FORMATS[iri.rpartition(".")[2]], base_iri=iri, rename_blank_nodes=True, lenient=True)
        return [quad.triple for quad in found]

    def cases(self, manifest: str) -> Iterator[Case]:
        """Give the tests of a manifest, those it includes among them, in order."""
        iri = ROOT + manifest
        graph = Graph(self.triples(iri))
        for included in graph.list(ox.NamedNode(iri), f"{MF}include"):
            yield from self.cases(included.value.removeprefix(ROOT))
        for entry in graph.list(ox.NamedNode(iri), f"{MF}entries"):
            yield _case(graph, entry, manifest)

    def data_files(self) -> Iterator[tuple[str, list[ox.Triple]]]:
        """Give all documents that could be data, by their IRI."""
        for name in sorted(self.files):
            if name.rpartition(".")[2] in ("ttl", "nt", "rdf") and "manifest" not in name and "update" not in name:
                try:
                    yield ROOT + name, self.triples(ROOT + name)
                except (SyntaxError, ValueError):
                    continue


class Graph:
    """Triples of a manifest, to look things up in."""

    def __init__(self, triples: Iterable[ox.Triple]) -> None:
        self._objects: dict[tuple[Term, str], list[Term]] = {}
        for t in triples:
            self._objects.setdefault((t.subject, t.predicate.value), []).append(t.object)

    def all(self, subject: Term, predicate: str) -> list[Term]:
        return self._objects.get((subject, predicate), [])

    def one(self, subject: Term, predicate: str) -> Term | None:
        return next(iter(self.all(subject, predicate)), None)

    def list(self, subject: Term, predicate: str) -> Iterator[Term]:
        for start in self.all(subject, predicate):
            node: Term | None = start
            while node is not None and node.value != f"{RDF}nil":
                yield self._objects[node, f"{RDF}first"][0]
                node = self.one(node, f"{RDF}rest")

    def subjects(self, predicate: str) -> list[Term]:
        return [s for s, p in self._objects if p == predicate]


def _case(graph: Graph, entry: Term, manifest: str) -> Case:
    kinds = [k.value.rpartition("#")[2] for k in graph.all(entry, f"{RDF}type")]
    action = graph.one(entry, f"{MF}action")
    query = graph.one(action, f"{QT}query") or action
    result = graph.one(entry, f"{MF}result")
    lax = graph.one(entry, f"{MF}resultCardinality")
    return Case(
        f"{manifest.split('/')[1].removeprefix('sparql')}/{manifest.split('/')[-2]}/{entry.value.rpartition('#')[2]}",
        kinds[0] if kinds else "",
        query.value,
        tuple(t.value for t in graph.all(action, f"{QT}data")),
        tuple(t.value for t in graph.all(action, f"{QT}graphData")),
        result.value if isinstance(result, ox.NamedNode) else "",
        lax is not None and lax.value.endswith("LaxCardinality"),
        any(approval.value.endswith("#Approved") for approval in graph.all(entry, f"{DAWGT}approval")),
    )


# -- results -----------------------------------------------------------------------------------------------------------

Row = tuple[tuple[str, Term], ...]


def same(suite: Suite, case: Case, media_type: str, body: bytes) -> bool:
    """Tell whether an answer means what a test expects."""
    ending = case.result.rpartition(".")[2]
    if ending == "csv":
        return _csv(body) == _csv(suite.files[case.result.removeprefix(ROOT)])
    if media_type.startswith("application/n-triples"):
        got = [quad.triple for quad in ox.parse(body, ox.RdfFormat.N_TRIPLES)]
        return _canonical(got) == _canonical(suite.triples(case.result))
    actual = _parsed(body, ox.QueryResultsFormat.JSON)
    if ending in RESULTS:
        expected = _parsed(suite.files[case.result.removeprefix(ROOT)], RESULTS[ending])
    else:
        expected, ordered = _from_graph(Graph(suite.triples(case.result)))
        if ordered and isinstance(actual, list):
            return [_comparable(row) for row in actual] == [_comparable(row) for row in expected]
    if isinstance(actual, bool) or isinstance(expected, bool):
        return actual is expected
    if case.lax or re.search(r"\bSELECT\s+DISTINCT\b", suite.text(case.query), re.IGNORECASE):
        # Equal numbers that are written differently are one value to a store of values.
        return set(map(_comparable, actual)) == set(map(_comparable, expected))
    return _matches(actual, expected)


def _parsed(data: bytes, form: ox.QueryResultsFormat) -> list[Row] | bool:
    found = ox.parse_query_results(data, form)
    if isinstance(found, ox.QueryBoolean):
        return bool(found)
    names = [v.value for v in found.variables]
    return [tuple(sorted((n, row[n]) for n in names if row[n] is not None)) for row in found]


def _from_graph(graph: Graph) -> tuple[list[Row] | bool, bool]:
    booleans = graph.subjects(f"{RS}boolean")
    if booleans:
        return graph.one(booleans[0], f"{RS}boolean").value == "true", False
    found = []
    for root in graph.subjects(f"{RS}resultVariable"):
        for solution in graph.all(root, f"{RS}solution"):
            index = graph.one(solution, f"{RS}index")
            row = sorted(
                (graph.one(b, f"{RS}variable").value, graph.one(b, f"{RS}value"))
                for b in graph.all(solution, f"{RS}binding")
            )
            found.append((int(index.value) if index is not None else 0, tuple(row)))
    ordered = any(index for index, _ in found)
    return [row for _, row in sorted(found, key=lambda pair: pair[0])], ordered


def _matches(actual: list[Row], expected: list[Row]) -> bool:
    if Counter(map(_comparable, actual)) != Counter(map(_comparable, expected)):
        return False
    if not any(isinstance(t, ox.BlankNode) for row in expected for _, t in row):
        return True
    return _canonical(_as_graph(actual)) == _canonical(_as_graph(expected))


def _as_graph(rows: list[Row]) -> Iterator[ox.Triple]:
    """Write rows as a graph, so that blank nodes are compared as a whole."""
    for row in rows:
        node = ox.BlankNode()
        for name, term in row:
            value = term if isinstance(term, ox.BlankNode) else ox.Literal(repr(_meaning(term)))
            yield ox.Triple(node, ox.NamedNode(f"urn:variable:{name}"), value)


def _comparable(row: Row) -> tuple[tuple[str, object], ...]:
    return tuple((name, _meaning(term)) for name, term in row)


def _meaning(term: Term) -> object:
    """Give what can be compared: numbers by value within their type, blank nodes as such."""
    if isinstance(term, ox.BlankNode):
        return "a blank node"
    if not isinstance(term, ox.Literal):
        return str(term)
    kind = term.datatype.value.removeprefix(XSD)
    try:
        if kind in _WHOLE:  # the engine keeps all of them as integers
            return "integer", int(term.value)
        if kind == "decimal":
            return kind, Decimal(term.value).normalize()
        if kind in ("double", "float"):
            return kind, float(term.value)
    except (ArithmeticError, ValueError):
        pass
    if kind == "boolean":
        return kind, {"0": "false", "1": "true"}.get(term.value, term.value)
    if kind in ("date", "dateTime", "time"):
        return kind, term.value.replace("+00:00", "Z")
    return term.value, kind, (term.language or "").lower()


def _canonical(triples: Iterable[ox.Triple]) -> frozenset[str]:
    out = ox.Dataset(ox.Quad(t.subject, t.predicate, _plain(t.object)) for t in triples)
    out.canonicalize(ox.CanonicalizationAlgorithm.RDFC_1_0)
    return frozenset(map(str, out))


def _plain(term: Term) -> Term:
    return ox.Literal(repr(_meaning(term))) if isinstance(term, ox.Literal) else term


def _csv(data: bytes) -> Counter[tuple[tuple[str, object], ...]]:
    """Read CSV: the order of columns does not matter where a query says ``*``, and types are lost."""
    names, *rows = csv.reader(io.StringIO(data.decode(), newline=""))
    blank: dict[str, str] = {}
    out: Counter[tuple[tuple[str, object], ...]] = Counter()
    for row in rows:
        assert len(row) == len(names)
        out[tuple(sorted((n, _csv_meaning(c, blank)) for n, c in zip(names, row, strict=True)))] += 1
    return out


def _csv_meaning(cell: str, blank: dict[str, str]) -> object:
    if cell.startswith("_:"):
        return blank.setdefault(cell, f"_:{len(blank)}")
    try:
        return repr(float(cell))
    except ValueError:
        return cell
