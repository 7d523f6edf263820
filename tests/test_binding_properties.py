"""Property tests: no value, however hostile, changes what a query is, and every value comes back as it went in."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from rdflib.plugins.sparql.algebra import translateQuery
from rdflib.plugins.sparql.parser import parseQuery
from servers.contract_data import HOSTILE
from servers.stores import STORES, opened

from siibra_kg.errors import ParameterError, QueryError
from siibra_kg.questions.run import run
from siibra_kg.sparql import guard, tokenize
from siibra_kg.stores import OxigraphStore, RdflibStore, check_syntax
from siibra_kg.templates import parse_template
from siibra_kg.terms import IRI, Literal, Quad, is_iri, to_sparql

if TYPE_CHECKING:
    from collections.abc import Iterator
    from decimal import Decimal

    from siibra_kg.stores import Store

ECHO = parse_template(
    "echo",
    """#+ summary: Gives back what it was given
#+ param p_text: string
#+ param p_node: iri
#+ param p_whole: integer
#+ param p_number: decimal
#+ param p_truth: boolean
#+ param p_words: string*
#+ column text: string
#+ column node: iri
#+ column whole: integer
#+ column number: decimal
#+ column truth: boolean
#+ column word: string
#+ example p_text: "a"
#+ example p_node: <http://example.org/a>
#+ example p_whole: 1
#+ example p_number: 1.5
#+ example p_truth: true
#+ example p_words: "a" "b"
SELECT DISTINCT ?text ?node ?whole ?number ?truth ?word
WHERE {
  BIND($p_text AS ?text) BIND($p_node AS ?node) BIND($p_whole AS ?whole) BIND($p_number AS ?number)
  BIND($p_truth AS ?truth) VALUES ?word { $p_words }
}
ORDER BY ?word""",
)
# Virtuoso 7 cannot sort rows that hold a decimal constant (SR128), so what runs on every store has none.
WORDS = parse_template(
    "words",
    """#+ summary: Gives back texts and an IRI
#+ param text: string
#+ param node: iri
#+ param words: string*
#+ column t: string
#+ column n: iri
#+ column word: string
#+ example text: "a"
#+ example node: <http://example.org/a>
#+ example words: "a"
SELECT DISTINCT ?t ?n ?word WHERE { BIND($text AS ?t) BIND($node AS ?n) VALUES ?word { $words } } ORDER BY ?word""",
)
SHAPE = parse_template(
    "shape",
    """#+ summary: A value in every kind of place
#+ param text: string
#+ param node: iri
#+ param many: string*
#+ column s: iri
#+ example text: "a"
#+ example node: <http://example.org/a>
#+ example many: "a"
SELECT DISTINCT ?s WHERE { ?s ?p $text ; $node ?o . # $text
  VALUES ?m { $many }
  FILTER(?o != $text && CONTAINS(STR(?o), $text)) OPTIONAL { $node ?q $text } } ORDER BY ?s""",
)

# Characters that quote, escape, end or begin something somewhere, and pieces of escapes.
NASTY = "\\\"'`<>{}()[]|^#?$@%&;,.:*+-/=!_ \t\n\r\x00\x01\x08\x0c\x1b\x7f\x85\xa0uU0027AFaf\u2028\ufeff\ufffdé🧠"
PIECES = (
    '"""',
    "'''",
    "\\u0022",
    "\\U00000022",
    "\\\\",
    '\\"',
    "} }",
    "UNION",
    "SERVICE <http://x/>",
    "#",
    "^^<",
    "@en",
)
texts = st.one_of(
    st.text(alphabet=NASTY, max_size=40),
    st.lists(st.sampled_from(PIECES), max_size=6).map("".join),
    st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=40),
)
iris = (
    st.text(alphabet="abzAZ09-._~!$&'()*+,;=:@/?#[]%é🧠", max_size=30)
    .map(lambda tail: f"http://example.org/{tail}")
    .filter(is_iri)
)
integers = st.integers(min_value=-(10**17), max_value=10**17)
numbers = st.decimals(min_value=-(10**9), max_value=10**9, places=6)


@pytest.fixture(scope="module", params=["oxigraph", "rdflib"])
def store(request: pytest.FixtureRequest) -> Store:
    return OxigraphStore.memory() if request.param == "oxigraph" else RdflibStore()


def echoed(*values: object) -> dict[str, object]:
    return dict(zip((p.name for p in ECHO.parameters), values, strict=True))


@given(
    text=texts,
    node=iris,
    whole=integers,
    number=numbers,
    truth=st.booleans(),
    words=st.lists(texts, min_size=1, max_size=4),
)
@settings(max_examples=250, deadline=None)
def test_every_value_comes_back_equal(
    store: Store, text: str, node: str, whole: int, number: Decimal, truth: bool, words: list[str]
) -> None:
    table = run(store, ECHO, echoed(text, node, whole, number, truth, words))
    assert set(table.column("word")) == set(words)
    assert {row[:5] for row in table.cells} == {(text, IRI(node), whole, float(number), truth)}


def algebra(query: str) -> str:
    """Give rdflib's reading of a query, without the terms in it."""

    def names(node: object) -> object:
        if isinstance(node, dict):
            return (getattr(node, "name", ""), [(key, names(node[key])) for key in sorted(node) if key != "_vars"])
        if isinstance(node, list | tuple):
            return [names(item) for item in node]
        return type(node).__name__

    return repr(names(translateQuery(parseQuery(query)).algebra))


PLAIN = SHAPE.bind({"text": "a", "node": "http://example.org/a", "many": "a"})
PLAIN_TOKENS = [t.kind for t in tokenize(PLAIN)]
PLAIN_ALGEBRA = algebra(PLAIN)


@given(text=texts, node=iris, many=texts)
@settings(max_examples=400, deadline=None)
def test_no_value_changes_the_tokens_of_a_query(text: str, node: str, many: str) -> None:
    bound = SHAPE.bind({"text": text, "node": node, "many": many})
    assert [t.kind for t in tokenize(bound)] == PLAIN_TOKENS
    guard(bound)
    check_syntax(bound)


@given(text=texts, node=iris, many=texts)
@settings(max_examples=100, deadline=None)
@example(text="\\u0022 } #", node="http://example.org/'#", many="\\u0022")
def test_no_value_changes_the_algebra_of_a_query(text: str, node: str, many: str) -> None:
    """What rdflib's parser makes of the query is the same tree, whatever the values are."""
    assert algebra(SHAPE.bind({"text": text, "node": node, "many": many})) == PLAIN_ALGEBRA


@given(text=st.text(alphabet=NASTY + "abc:", max_size=30))
@settings(max_examples=400, deadline=None)
def test_what_is_no_iri_is_refused_and_never_repaired(text: str) -> None:
    """What is accepted is in the query as it was given, and engines accept it too."""
    iri = f"http://example.org/{text}"
    try:
        bound = SHAPE.bind({"text": "a", "node": iri, "many": "a"})
    except ParameterError:
        with pytest.raises(QueryError):
            check_syntax(f"SELECT (<{iri}> AS ?x) WHERE {{ }}")
    else:
        assert [t.kind for t in tokenize(bound)] == PLAIN_TOKENS
        assert f"<{iri}>" in bound
        check_syntax(bound)


@given(text=st.text(max_size=200))
@settings(max_examples=500, deadline=None)
def test_tokens_are_the_text_or_an_error(text: str) -> None:
    """The tokenizer loses nothing, and does not loop, whatever it is given."""
    tokens: list[str] = []
    try:
        tokens.extend(t.text for t in tokenize(text))
    except QueryError as error:
        refused = error
        assert text.startswith("".join(tokens))
        assert refused.line == "".join(tokens).count("\n") + 1
    else:
        assert "".join(tokens) == text


PARTS = ("{", "}", "(", ")", "<", ">", "?a", "<?b#>", "'", '"', "#", "\n", " ", "SERVICE", "<http://x/>", ".", "||")


@given(parts=st.lists(st.sampled_from(PARTS), max_size=40).map("".join))
@settings(max_examples=500, deadline=None)
def test_what_the_guard_lets_pass_is_harmless_to_the_engine(parts: str) -> None:
    """Either the guard or the engine refuses, or the engine answers; it never reaches for another machine."""
    memory = OxigraphStore.memory()
    query = f"SELECT ?a WHERE {{ {parts} }}"
    reached = False
    try:
        list(memory.select(query).rows)
    except QueryError as error:
        reached = isinstance(error.__cause__, OSError)  # what pyoxigraph raises when a call fails
    assert not reached


@pytest.fixture(scope="module", params=STORES)
def any_store(request: pytest.FixtureRequest) -> Iterator[Store]:
    with opened(request.param, b"<http://x/a> <http://x/p> <http://x/b> <http://x/g> .\n") as found:
        yield found


@pytest.mark.filterwarnings("ignore:Dataset.(default_context|contexts):DeprecationWarning")
def test_hostile_strings_come_back_through_templates_from_every_store(any_store: Store) -> None:
    for text in (t for t in HOSTILE if len(t) < 1000):  # Virtuoso 7 cannot sort rows of more than 4 kB (SR319)
        table = run(any_store, WORDS, {"text": text, "node": "http://example.org/a,b", "words": [text, "x"]})
        assert {row[:2] for row in table.cells} == {(text, "http://example.org/a,b")}
        assert set(table.column("word")) == {text, "x"}


@given(text=texts, language=st.sampled_from([None, "en", "de"]))
@settings(max_examples=150, deadline=None)
def test_stored_literals_come_back_equal(text: str, language: str | None) -> None:
    for memory in (OxigraphStore.memory(), RdflibStore()):
        literal = Literal(text, language=language)
        quad = Quad(IRI("http://x/a"), IRI("http://x/p"), literal, IRI("http://x/g"))
        memory.add([quad])
        memory.load(f"<http://x/b> <http://x/p> {to_sparql(literal)} .".encode(), "nt", IRI("http://x/g"))
        assert {q.object for q in memory.quads()} == {literal}
