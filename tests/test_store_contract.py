"""One contract, every store: what each of them must answer to the same questions over the same quads."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from servers.contract_data import EX, GRAPHS, HOSTILE, ITEMS, QUADS
from servers.stores import STORES, opened

from siibra_kg.errors import QueryError
from siibra_kg.stores import EndpointStore, OxigraphStore, RdflibStore
from siibra_kg.terms import IRI, BlankNode, Literal, to_sparql
from siibra_kg.vocab import XSD

if TYPE_CHECKING:
    from collections.abc import Iterator

    from siibra_kg.stores import Store

# rdflib's own code calls what rdflib has deprecated.
pytestmark = pytest.mark.filterwarnings("ignore:Dataset.(default_context|contexts):DeprecationWarning")

PREFIX = f"PREFIX ex: <{EX}>\n"


@pytest.fixture(scope="module", params=STORES)
def store(request: pytest.FixtureRequest) -> Iterator[Store]:
    with opened(request.param, QUADS) as found:
        yield found


def rows(store: Store, query: str, **types: str) -> list[tuple[object, ...]]:
    return list(store.select(PREFIX + query, types).rows)


def test_variables_come_in_the_order_of_projection(store: Store) -> None:
    found = store.select(PREFIX + "SELECT ?z ?a ?m WHERE { ?z ex:partOf ?a ; ex:name ?m }")
    assert found.variables == ("z", "a", "m")
    assert {len(row) for row in found.rows} == {3}


def test_cells_are_converted_by_declared_type(store: Store) -> None:
    query = """SELECT DISTINCT ?region ?name ?label ?size ?mean ?leaf ?none WHERE {
        ?region ex:name ?name ; ex:label ?label ; ex:size ?size ; ex:mean ?mean ; ex:leaf ?leaf .
        OPTIONAL { ?region ex:nothing ?none } } ORDER BY ?region"""
    types = ["iri", "string", "integer", "decimal", "decimal", "boolean", "string"]
    columns = ["region", "name", "label", "size", "mean", "leaf", "none"]
    (row,) = rows(store, query, **dict(zip(columns, types, strict=True)))
    assert row == (f"{EX}region/a", "alpha", 7, 2.25, 0.1, True, None)
    assert [type(cell) for cell in row] == [IRI, str, int, float, float, bool, type(None)]


def test_computed_values_are_converted_too(store: Store) -> None:
    query = """SELECT (COUNT(DISTINCT ?s) AS ?n) (SUM(?v) AS ?total) (AVG(?v) AS ?mean) (MAX(?v) > 5 AS ?big)
        WHERE { ?s ex:label ?v }"""
    assert rows(store, query, n="integer", total="integer", mean="decimal", big="boolean") == [(2, 17, 8.5, True)]


def test_cells_without_a_declared_type_are_terms(store: Store) -> None:
    (row,) = rows(
        store, "SELECT ?b ?l ?d ?w ?i WHERE { ?a ex:partOf ?b ; ex:label ?l ; ex:born ?d ; ex:shape ?w ; ex:link ?i }"
    )
    assert row == (
        IRI(f"{EX}region/b"),
        Literal("7", XSD + "integer"),
        Literal("2020-02-29", XSD + "date"),
        Literal("POINT(1 2)", EX + "wkt"),
        IRI(f"{EX}6,7-dinitro;x='1'/é"),
    )
    assert type(row[0]) is IRI


def test_languages_are_kept(store: Store) -> None:
    found = {cell for (cell,) in rows(store, "SELECT DISTINCT ?t WHERE { ?a ex:title ?t }")}
    assert found == {Literal("region", language="en"), Literal("région", language="fr")}
    assert rows(store, 'SELECT DISTINCT ?t WHERE { ?a ex:title ?t FILTER(LANG(?t) = "fr") }', t="string") == [
        ("région",)
    ]


def test_a_blank_node_is_one_node_within_an_answer(store: Store) -> None:
    ((first, second),) = rows(store, 'SELECT ?x ?y WHERE { ?a ex:criteria ?x . ?y ex:name "blank" }', x="iri")
    assert isinstance(first, BlankNode)
    assert isinstance(second, BlankNode)
    assert first == second


def test_a_cell_of_another_type_than_declared_is_an_error(store: Store) -> None:
    for variable, kind in (("name", "iri"), ("name", "integer"), ("name", "boolean"), ("b", "string")):
        with pytest.raises(QueryError, match=f"column {variable} is declared {kind}"):
            rows(store, "SELECT ?name ?b WHERE { ?a ex:name ?name ; ex:partOf ?b }", **{variable: kind})


def test_an_answer_without_rows_still_has_variables(store: Store) -> None:
    found = store.select(PREFIX + "SELECT ?a ?b WHERE { ?a ex:nothing ?b }", {"a": "iri"})
    assert found.variables == ("a", "b")
    assert list(found.rows) == []


def test_a_long_answer_is_whole_and_in_order(store: Store) -> None:
    found = rows(store, "SELECT ?item ?n WHERE { ?item ex:number ?n } ORDER BY ?n", item="iri", n="integer")
    assert found == [(f"{EX}item/{i}", i) for i in range(ITEMS)]


def test_rows_are_ordered(store: Store) -> None:
    query = (
        "SELECT DISTINCT ?name ?parent WHERE { ?a ex:name ?name FILTER(isIRI(?a)) OPTIONAL { ?a ex:partOf ?parent } }"
    )
    by_name = rows(store, f"{query} ORDER BY ?name", name="string", parent="iri")
    assert by_name == [("Beta", f"{EX}region/c"), ("alpha", f"{EX}region/b"), ("gamma", None)]
    by_parent = rows(store, f"{query} ORDER BY ?parent ?name", name="string")
    assert [row[0] for row in by_parent] == ["gamma", "alpha", "Beta"]  # unbound comes first


def test_queries_see_the_union_of_the_graphs(store: Store) -> None:
    path = (
        "SELECT DISTINCT ?top ?name WHERE { ?a ex:name 'alpha' ; ex:partOf+ ?top . ?top ex:name ?name } ORDER BY ?name"
    )
    assert rows(store, path, top="iri", name="string") == [(f"{EX}region/b", "Beta"), (f"{EX}region/c", "gamma")]


def test_distinct_and_counts_do_not_see_a_triple_of_two_graphs_twice(store: Store) -> None:
    assert rows(store, "SELECT DISTINCT ?a WHERE { ?a ex:name 'alpha' }", a="iri") == [(f"{EX}region/a",)]
    assert rows(store, "SELECT (COUNT(DISTINCT ?a) AS ?n) WHERE { ?a ex:name 'alpha' }", n="integer") == [(1,)]


def test_graph_gives_the_names_of_graphs(store: Store) -> None:
    query = "SELECT DISTINCT ?g WHERE { GRAPH ?g { ?a ex:name 'alpha' } } ORDER BY ?g"
    assert rows(store, query, g="iri") == [(GRAPHS[0],), (GRAPHS[1],)]
    within = f"SELECT DISTINCT ?name WHERE {{ GRAPH <{GRAPHS[1]}> {{ ?a ex:name ?name }} }} ORDER BY ?name"
    assert rows(store, within, name="string") == [("Beta",), ("alpha",), ("gamma",)]


def test_ask(store: Store) -> None:
    assert store.ask(PREFIX + "ASK { ?a ex:name 'Beta' }") is True
    assert store.ask(PREFIX + "ASK { ?a ex:name 'delta' }") is False


def test_construct_gives_each_triple_once(store: Store) -> None:
    query = """CONSTRUCT { ?a ex:named ?name . ?a a ex:Thing } WHERE { ?a ex:name ?name ; ?p ?o FILTER(isIRI(?a)) }"""
    found = list(store.construct(PREFIX + query))
    assert len(found) == len(set(found)) == 6
    assert {t.object for t in found if t.predicate == f"{EX}named"} == {Literal(x) for x in ("alpha", "Beta", "gamma")}


def test_describe_gives_what_is_said_about_a_node(store: Store) -> None:
    found = set(store.construct(f"DESCRIBE <{EX}region/b>"))
    assert (IRI(f"{EX}region/b"), IRI(f"{EX}label"), Literal("10", XSD + "integer")) in found


def test_stored_strings_come_back_as_they_are(store: Store) -> None:
    found = dict(rows(store, "SELECT ?s ?text WHERE { ?s ex:text ?text }", s="iri", text="string"))
    assert found == {f"{EX}hostile/{i}": text for i, text in enumerate(HOSTILE)}


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_strings_in_a_query_come_back_as_they_are(store: Store, text: str) -> None:
    term = to_sparql(Literal(text))
    assert rows(store, f"SELECT ({term} AS ?t) WHERE {{ }}", t="string") == [(text,)]
    assert rows(store, f"SELECT DISTINCT ?s WHERE {{ ?s ex:text {term} }}", s="iri") == [
        (f"{EX}hostile/{HOSTILE.index(text)}",)
    ]


def test_a_syntax_error_says_where(store: Store) -> None:
    with pytest.raises(QueryError) as error:
        store.select("SELECT ?a WHERE {\n  ?a <http://example.org/p> }\nORDER BY ?a")
    assert error.value.line in (1, 2, 3)  # rdflib names the outermost rule
    assert "SPARQL query refused at line" in str(error.value)


def test_an_undeclared_prefix_is_an_error(store: Store) -> None:
    with pytest.raises(QueryError):
        list(store.select("SELECT ?a WHERE { ?a nowhere:p ?b }").rows)


@pytest.mark.parametrize(
    ("method", "query"),
    [
        ("select", "ASK { ?s ?p ?o }"),
        ("ask", "SELECT ?s WHERE { ?s ?p ?o } LIMIT 1"),
        ("construct", "SELECT ?s WHERE { ?s ?p ?o } LIMIT 1"),
        ("select", "CONSTRUCT { ?s ?p ?o } WHERE { ?s ?p ?o } LIMIT 1"),
    ],
)
def test_a_query_of_another_form_is_an_error(store: Store, method: str, query: str) -> None:
    with pytest.raises(QueryError):
        getattr(store, method)(query)


@pytest.mark.parametrize(
    "update",
    [
        f"INSERT DATA {{ <{EX}new> <{EX}name> 'new' }}",
        "DELETE WHERE { ?s ?p ?o }",
        "CLEAR ALL",
        f"LOAD <{EX}data.ttl>",
        f"PREFIX ex: <{EX}> # SELECT\nDROP ALL",
    ],
)
def test_updates_are_refused_and_change_nothing(store: Store, update: str) -> None:
    for method in (store.select, store.ask, store.construct):
        with pytest.raises(QueryError):
            method(update)
    assert store.ask(PREFIX + "ASK { ?a ex:name 'gamma' }")
    assert not store.ask(PREFIX + "ASK { ?a ex:name 'new' }")


@pytest.mark.parametrize(
    "query",
    [
        "SELECT * WHERE " + "{" * 5000 + "}" * 5000,
        "SELECT * WHERE { FILTER(" + "(" * 5000 + "1" + ")" * 5000 + ") }",
        "SELECT * WHERE { " + "{} UNION " * 20_000 + "{} }",
        "SELECT * WHERE { FILTER(" + "1 + " * 20_000 + "1 = 1) }",
        "SELECT * WHERE { ?a ?b (" + "1 " * 20_000 + ") }",
    ],
    ids=["groups", "brackets", "union", "sum", "collection"],
)
def test_what_would_crash_an_engine_is_refused_before(store: Store, query: str) -> None:
    with pytest.raises(QueryError, match="more than"):
        store.select(query)
    assert store.ask("ASK { ?s ?p ?o }")


def test_a_closed_store_says_so(store: Store) -> None:
    empty = {EndpointStore: lambda: EndpointStore("http://127.0.0.1:9/"), OxigraphStore: OxigraphStore.memory}
    other = empty.get(type(store), RdflibStore)()
    other.close()
    for ask in (other.select, other.ask, other.construct):
        with pytest.raises(RuntimeError, match="closed"):
            ask("SELECT ?s WHERE { ?s ?p ?o }")
    assert "closed" in repr(other)
