"""The W3C's query suites, asked over HTTP of a real server with its workers: what passes, and what does not."""

from __future__ import annotations

import http.client
import re
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlencode, urlsplit

import pyoxigraph as ox
import pytest

from tests.servers.serving import serving
from tests.w3c import MF, ROOT, Case, Graph, Suite, same

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = [pytest.mark.mirror, pytest.mark.slow]

EVALUATION = ("sparql/sparql11/manifest-sparql11-query.ttl", "sparql/sparql11/csv-tsv-res/manifest.ttl")
EVALUATION += ("sparql/sparql11/json-res/manifest.ttl", "sparql/sparql10/manifest-evaluation.ttl")
EVALUATED = ("QueryEvaluationTest", "CSVResultFormatTest")
SYNTAX = "sparql/sparql10/manifest-syntax.ttl"
KASEI = "http://kasei.us/2009/09/sparql/data/"
HT, CNT = "http://www.w3.org/2011/http#", "http://www.w3.org/2011/content#"

#: Tests that expect matching by how a number is written. The engine keeps numbers as values and matches by value, which
#: is what SPARQL calls D-entailment ("some systems may match because they do value-based matching", says one of them).
BY_VALUE = {
    "10/open-world/open-eq-01",
    "10/expr-builtin/dawg-str-1",
    "10/expr-builtin/dawg-str-2",
    "10/expr-builtin/sameTerm-simple",
    "10/expr-builtin/sameTerm-eq",
    "10/expr-builtin/sameTerm-not-eq",
    "10/expr-equals/eq-graph-1",
    "10/expr-equals/eq-graph-2",
}
_LANGUAGE = "GROUP_CONCAT keeps a language tag that all have in common, as SPARQL 1.2 drafts say"
_SCOPE = "the engine does not bind the variable of GRAPH before, or inside of, what stands in it"
_ABSENT = "a path of length zero does not match a constant that is not in the graph"
#: Tests of query evaluation that do not pass, and what the engine (pyoxigraph 0.5.13) does there.
MISSES = {
    "11/functions/bnode01": "BNODE of equal texts gives one node for all solutions, not one for each",
    "10/open-world/date-2": "a date without a time zone counts as unequal to one with, instead of as an error",
    "11/aggregates/agg-groupconcat-04": _LANGUAGE,
    "11/aggregates/agg-groupconcat-06": _LANGUAGE,
    "11/aggregates/agg-empty-group-count-graph": _SCOPE,
    "11/bindings/graph": _SCOPE,
    "11/negation/graph-minus": _SCOPE,
    "10/graph/graph-exist": _SCOPE,
    "10/graph/graph-variable-scope": _SCOPE,
    "10/graph/graph-optional": _SCOPE,
    "11/property-path/zero_or_more_set_start": _ABSENT,
    "11/property-path/zero_or_more_set_end": _ABSENT,
    "11/property-path/zero_or_one_set_start": _ABSENT,
    "11/property-path/zero_or_one_set_end": _ABSENT,
    "10/expr-builtin/case-insensitive-booleans": "TRUE and False are read in lower case only",
}
#: Tests of syntax that do not pass, and why.
SYNTAX_MISSES = {
    "10/syntax-sparql3/syn-bad-26": "?x<?a&&?b>?y is read as comparisons, where the longest token would be an IRI",
}
#: Updates that the protocol tests expect to succeed: this server has none, by design.
UPDATES = {
    "update_dataset_default_graph",
    "update_dataset_default_graphs",
    "update_dataset_named_graphs",
    "update_dataset_full",
    "update_post_form",
    "update_post_direct",
    "update_base_uri",
}


class Client:
    """Asks over one connection that is kept."""

    def __init__(self, url: str) -> None:
        self._connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=30)

    def __call__(
        self, method: str, path: str, headers: dict[str, str] | None = None, body: bytes | None = None
    ) -> tuple[int, str, bytes]:
        self._connection.request(method, path, body, headers or {})
        answer = self._connection.getresponse()
        data = answer.read()
        return answer.status, answer.getheader("content-type") or "", data


@pytest.fixture(scope="module")
def suite(mirror: Path) -> Suite:
    return Suite(mirror)


@pytest.fixture(scope="module")
def graphs(suite: Suite) -> dict[str, list[ox.Triple]]:
    """Give all data of the suites by the IRI of its graph; what is empty is no graph."""
    found = dict(suite.data_files())
    protocol = f"{ROOT}sparql/sparql11/protocol/"
    for number in (1, 2, 3):
        found[f"{KASEI}data{number}.rdf"] = found[f"{protocol}data{number}.nt"]
    # Some protocol tests name a graph that no manifest defines, and ask nothing of it.
    found[f"{KASEI}data0.rdf"] = found[f"{protocol}data1.nt"]
    return {iri: triples for iri, triples in found.items() if triples}


@pytest.fixture(scope="module")
def ask(graphs: dict[str, list[ox.Triple]], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    path = tmp_path_factory.mktemp("w3c") / "suites.nq"
    with path.open("wb") as out:
        quads = (ox.Quad(*triple, ox.NamedNode(iri)) for iri, triples in graphs.items() for triple in triples)
        ox.serialize(quads, out, ox.RdfFormat.N_QUADS)
    with serving(path, "--workers", "2") as server:
        yield Client(server.url)


def evaluated(suite: Suite, ask: Client, graphs: dict[str, list[ox.Triple]], case: Case) -> bool:
    """Run a test of query evaluation; tells whether it passes."""
    text = suite.text(case.query)
    dataset = []
    if not re.search(r"\bFROM\b", text, re.IGNORECASE):  # what the request says would go before it
        dataset = [("default-graph-uri", iri) for iri in case.data if iri in graphs]
        dataset += [("named-graph-uri", iri) for iri in case.named if iri in graphs]
        if not dataset:  # the data is empty: a graph that the query cannot see will do
            dataset = [("named-graph-uri", f"{KASEI}data0.rdf")]
    form = {"csv": "text/csv", "tsv": "text/tab-separated-values"}.get(case.result.rpartition(".")[2])
    accept = form or "application/sparql-results+json, application/n-triples"
    text = f"BASE <{case.query}>\n{text}"
    headers = {"Accept": accept, "Content-Type": "application/sparql-query"}
    status, kind, body = ask("POST", "/sparql?" + urlencode(dataset), headers, text.encode())
    if status != 200:
        return False
    if form == "text/tab-separated-values":
        found = ox.parse_query_results(body, ox.QueryResultsFormat.TSV)
        body, kind = found.serialize(format=ox.QueryResultsFormat.JSON), "application/sparql-results+json"
    return same(suite, case, kind, body)


def test_queries_are_evaluated_as_the_suites_say(suite, ask, graphs) -> None:
    cases = [c for manifest in EVALUATION for c in suite.cases(manifest) if c.kind in EVALUATED]
    cases = [case for case in cases if case.name not in BY_VALUE]
    missed = {case.name for case in cases if not evaluated(suite, ask, graphs, case)}
    assert missed == set(MISSES)
    for version in ("11", "10"):
        for approved in (True, False):
            names = [c.name for c in cases if c.name.startswith(version) and c.approved is approved]
            passed = len(names) - len(missed.intersection(names))
            assert passed >= 0.99 * len(names) or not approved
            what = "approved" if approved else "not approved"
            assert stated(f"Query evaluation, SPARQL 1.{version[1]}, {what}") == (len(names), passed)


def test_matching_by_value_is_the_only_reason_for_what_is_left_out(suite, ask, graphs) -> None:
    cases = [c for manifest in EVALUATION for c in suite.cases(manifest) if c.name in BY_VALUE]
    assert {case.name for case in cases} == BY_VALUE
    assert not any(evaluated(suite, ask, graphs, case) for case in cases)


def test_what_is_no_query_is_refused_with_a_place(suite, ask) -> None:
    cases = [c for manifest in (*EVALUATION, SYNTAX) for c in suite.cases(manifest) if "Syntax" in c.kind]
    missed = set()
    for case in cases:
        text = f"BASE <{case.query}>\n{suite.text(case.query)}"
        small = "/sparql?" + urlencode({"default-graph-uri": f"{KASEI}data0.rdf"})
        status, _, body = ask("POST", small, {"Content-Type": "application/sparql-query"}, text.encode())
        bad = "Negative" in case.kind
        # A function that nobody has defined is known to be one only after parsing.
        parsed = status == 200 or (status == 400 and b"custom function" in body)
        right = status == 400 and b'"line":' in body if bad else parsed
        if not right:
            missed.add(case.name)
    assert missed == set(SYNTAX_MISSES)
    assert len(missed) <= 0.01 * len(cases)
    assert stated("Syntax") == (len(cases), len(cases) - len(missed))


def protocol_cases(
    suite: Suite,
) -> Iterator[tuple[str, list[tuple[str, str, dict[str, str], bytes | None, set[str], str]]]]:
    """Read the requests of the protocol tests, and what is expected of each, from their manifest."""
    iri = f"{ROOT}sparql/sparql11/protocol/manifest.ttl"
    graph = Graph(suite.triples(iri))
    for entry in graph.list(ox.NamedNode(iri), f"{MF}entries"):
        requests = []
        for node in graph.list(graph.one(entry, f"{MF}action"), f"{HT}requests"):
            fields = {
                graph.one(h, f"{HT}fieldName").value: graph.one(h, f"{HT}fieldValue").value
                for h in graph.list(node, f"{HT}headers")
            }
            content = graph.one(node, f"{HT}body")
            body = None
            if content is not None:
                encoding = graph.one(content, f"{CNT}characterEncoding")
                chars = graph.one(content, f"{CNT}chars").value
                body = chars.encode(encoding.value if encoding is not None else "utf-8")
            response = graph.one(node, f"{HT}resp")
            statuses = {s.value[-3] for s in graph.all(response, f"{MF}expectedStatus")}
            boolean = graph.one(response, f"{MF}expectedBoolean")
            path = graph.one(node, f"{HT}absolutePath").value.replace("/sparql/", "/sparql")
            method = graph.one(node, f"{HT}methodName").value
            requests.append((method, path, fields, body, statuses, boolean.value if boolean is not None else ""))
        yield entry.value.rpartition("#")[2], requests


def test_the_protocol_is_kept(suite, ask) -> None:
    missed, count = set(), 0
    for name, requests in protocol_cases(suite):
        count += 1
        for method, path, fields, body, statuses, boolean in requests:
            status, kind, data = ask(method, path, fields, body)
            right = str(status)[0] in statuses
            if right and boolean:
                right = kind.startswith("application/sparql-results+json") and (b"true" in data) == (boolean == "true")
            if not right:
                missed.add(name)
    assert missed == UPDATES
    assert stated("Protocol") == (count, count - len(missed))


def stated(row: str) -> tuple[int, int]:
    """Give what the documentation says: how many tests there are, and how many pass."""
    text = Path(__file__).parent.parent.joinpath("docs", "conformance.md").read_text("utf-8")
    found = re.search(rf"^\| {row}[^|]*\| (\d+) \| (\d+) \|", text, re.MULTILINE)
    assert found is not None, f"docs/conformance.md has no row {row!r}"
    return int(found[1]), int(found[2])
