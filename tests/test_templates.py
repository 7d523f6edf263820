"""The template format: what a header may say, what is checked when a file is read, how values are bound."""

from __future__ import annotations

import subprocess
import sys
from decimal import Decimal
from typing import TYPE_CHECKING

import numpy as np
import pytest

from siibra_kg.errors import BadTemplate, NoSuchTemplate, ParameterError, QueryError
from siibra_kg.questions.run import check, run
from siibra_kg.stores import OxigraphStore
from siibra_kg.templates import QUERY_KEYS, Catalog, Parameter, Template, parse_template, read_header
from siibra_kg.terms import IRI

if TYPE_CHECKING:
    from pathlib import Path

A = "https://example.org/a"
GOOD = """\
#+ summary: Regions of some releases: with names
#+ param release: iri* -- the releases
#+ param name: string? -- only this name -- dashes stay
#+ param lang: string = "en -- \\"x\\" = <y>" -- default with everything
#+ param limit: integer = 10
#+ param low: decimal = -1.5
#+ param leaf: boolean = true
#+ column region: iri -- the region
#+ column label: string?
#+ column other: term
#+ example release: <https://example.org/r1> UBERON:0001950
#+ example name: "hOc1 \\u00e9"
#+ example release: <https://example.org/r2>
PREFIX skos: <http://www.w3.org/2004/02/skos/core#>
PREFIX UBERON: <http://purl.obolibrary.org/obo/UBERON_>

# $ignored "in a comment"
SELECT DISTINCT ?region ?label (STR(?x) AS ?other)
WHERE {
  VALUES ?r { $release }
  VALUES ?label { $name }
  ?region skos:inScheme ?r ; skos:prefLabel ?label ; skos:note ?x .
  FILTER(LANG(?label) = $lang && ?x > $low && $leaf && "$name" != '''$release''' && ?x != <https://example.org/$leaf>)
}
ORDER BY ?region
LIMIT $limit
"""


def template(text: str = GOOD, name: str = "some/template") -> Template:
    return parse_template(name, text, f"queries/{name}.rq")


def one(declaration: str, where: str = "?a ?b $x", example: str = "") -> Template:
    head = f"#+ summary: s\n#+ param x: {declaration}\n#+ column a: iri\n{example}"
    return template(f"{head}SELECT DISTINCT ?a WHERE {{ {where} }} ORDER BY ?a")


def test_a_header_is_read_into_values() -> None:
    found = template()
    assert found.summary == "Regions of some releases: with names"
    assert found.parameters == (
        Parameter("release", "iri", many=True, doc="the releases"),
        Parameter("name", "string", optional=True, doc="only this name -- dashes stay"),
        Parameter("lang", "string", default='en -- "x" = <y>', doc="default with everything"),
        Parameter("limit", "integer", default=10),
        Parameter("low", "decimal", default=Decimal("-1.5")),
        Parameter("leaf", "boolean", default=True),
    )
    assert [(c.name, c.type, c.doc) for c in found.columns] == [
        ("region", "iri", "the region"),
        ("label", "string", ""),
        ("other", "term", ""),
    ]
    assert [p.name for p in found.parameters if p.required] == ["release"]
    assert found.form == "SELECT"
    assert found.types == {"region": "iri", "label": "string", "other": "term"}


def test_a_parameter_that_comes_again_starts_the_next_example() -> None:
    first, second = template().examples
    assert first == {
        "release": (IRI("https://example.org/r1"), IRI("http://purl.obolibrary.org/obo/UBERON_0001950")),
        "name": "hOc1 é",
    }
    assert second == {"release": (IRI("https://example.org/r2"),)}


def test_binding_replaces_parameters_and_nothing_else() -> None:
    bound = template().bind({"release": [A], "name": "n", "lang": "de", "limit": 3, "low": 0.25, "leaf": False})
    xsd = "http://www.w3.org/2001/XMLSchema#"
    assert f"VALUES ?r {{ <{A}> }}" in bound
    assert 'VALUES ?label { "n" }' in bound
    assert f'LANG(?label) = "de" && ?x > "0.25"^^<{xsd}decimal> && "false"^^<{xsd}boolean>' in bound
    assert "\"$name\" != '''$release''' && ?x != <https://example.org/$leaf>" in bound
    assert bound.endswith("LIMIT 3\n")
    assert '# $ignored "in a comment"' in bound
    assert bound.startswith("PREFIX skos:")  # the header stays at home


def test_an_optional_parameter_that_is_not_given_takes_its_block_along() -> None:
    for values in ({"release": A}, {"release": A, "name": None}):
        bound = template().bind(values)
        assert "VALUES ?label" not in bound
        assert f"VALUES ?r {{ <{A}> }}" in bound


def test_defaults_stand_in_for_what_is_not_given() -> None:
    bound = template().bind({"release": A})
    assert 'LANG(?label) = "en -- \\"x\\" = <y>" && ?x > "-1.5"^^' in bound
    assert bound.endswith("LIMIT 10\n")


class Thing:
    iri = IRI(A)


@pytest.mark.parametrize(
    ("kind", "value", "written"),
    [
        ("iri", A, f"<{A}>"),
        ("iri", IRI(A), f"<{A}>"),
        ("iri", Thing(), f"<{A}>"),
        ("iri", "UBERON:0001950", "<http://purl.obolibrary.org/obo/UBERON_0001950>"),
        ("iri", "urn:uuid:0000", "<urn:uuid:0000>"),
        ("iri", IRI("odd:scheme"), "<odd:scheme>"),
        ("string", "", '""'),
        ("string", A, f'"{A}"'),
        ("string", IRI(A), f'"{A}"'),
        ("string", 'a"b\\c\n', '"a\\"b\\\\c\\n"'),
        ("integer", 10**30, f'"{10**30}"'),
        ("integer", -5, '"-5"'),
        ("integer", np.int64(7), '"7"'),
        ("decimal", 1, '"1"'),
        ("decimal", 1e-7, '"0.0000001"'),
        ("decimal", 1e22, '"10000000000000000000000"'),
        ("decimal", Decimal("1.50"), '"1.50"'),
        ("decimal", np.float64(0.5), '"0.5"'),
        ("boolean", True, '"true"'),
    ],
)
def test_values_of_the_declared_type_are_written_as_terms(kind: str, value: object, written: str) -> None:
    suffix = "" if kind in ("iri", "string") else f"^^<http://www.w3.org/2001/XMLSchema#{kind}>"
    example = {"iri": f"<{A}>", "string": '"s"', "integer": "1", "decimal": "1.5", "boolean": "false"}[kind]
    found = one(kind, example=f"#+ example x: {example}\n").bind({"x": value})
    assert f"{{ ?a ?b {written}{suffix} }}" in found


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        (
            "iri",
            [
                "",
                "hOc1",
                "a b:c",
                "<http://x/>",
                "http://x/ y",
                "http://x/>",
                "x> ?p ?o } DELETE",
                "nope:1",
                5,
                b"http://x",
                [A],
                "http://x/\ud800",
            ],
        ),
        ("string", [5, b"x", ["x"], True, "lone \ud800"]),
        ("integer", [True, 1.0, "1", Decimal(1), [1], np.float64(1)]),
        ("decimal", [True, "1.5", float("nan"), float("inf"), Decimal("NaN"), Decimal("-Infinity"), 1j]),
        ("boolean", [0, 1, "true", [True]]),
    ],
)
def test_values_of_another_type_are_refused(kind: str, values: list[object]) -> None:
    example = {"iri": f"<{A}>", "string": '"s"', "integer": "1", "decimal": "1.5", "boolean": "false"}[kind]
    found = one(kind, example=f"#+ example x: {example}\n")
    for value in values:
        with pytest.raises(ParameterError, match="parameter x: "):
            found.bind({"x": value})


def test_errors_of_a_call_name_the_template_and_the_parameter() -> None:
    found = template()
    with pytest.raises(ParameterError, match="template some/template, parameter release: is missing"):
        found.bind({})
    with pytest.raises(ParameterError, match="parameter regoin: there is no such parameter; it takes lang, leaf"):
        found.bind({"release": A, "regoin": A})
    with pytest.raises(ParameterError, match="parameter release: is an empty list"):
        found.bind({"release": []})
    with pytest.raises(ParameterError, match="parameter limit: -1 is no number of rows"):
        found.bind({"release": A, "limit": -1})
    with pytest.raises(ParameterError, match=r"parameter release: .*5 is not an absolute IRI"):
        found.bind({"release": [A, 5]})


def test_one_value_is_enough_for_a_parameter_that_takes_many() -> None:
    assert template().bind({"release": A}) == template().bind({"release": (A,)})
    assert f"{{ <{A}> <{A}b> }}" in template().bind({"release": iter([A, A + "b"])})


HEAD = '#+ summary: s\n#+ param x: string\n#+ column a: iri\n#+ example x: "s"\n'
BODY = "SELECT DISTINCT ?a WHERE { ?a ?b $x } ORDER BY ?a"


@pytest.mark.parametrize(
    ("text", "line", "told"),
    [
        (HEAD.replace("#+ summary: s\n", "") + BODY, 1, "there is no summary"),
        (HEAD.replace("summary: s", "summary:") + BODY, 1, "there is no summary"),
        ("#+ summary: t\n" + HEAD + BODY, 2, "summary is declared twice, first in line 1"),
        (HEAD + "#+ param x: iri\n" + BODY, 5, "param x is declared twice"),
        (HEAD + "#+ column a: iri\n" + BODY, 5, "column a is declared twice"),
        (HEAD + "#+ author: me\n" + BODY, 5, "'author' is no key of this header"),
        (HEAD + "#+ param\n" + BODY, 5, "a header line reads"),
        (HEAD + "#+ param: iri\n" + BODY, 5, "write `#\\+ param name"),
        (HEAD + "#+ tag x: y\n" + BODY, 5, "'tag' is no key"),
        (HEAD.replace("param x: string", "param x: text") + BODY, 2, "'text' is no type"),
        (HEAD.replace("param x: string", "param x: string!") + BODY, 2, "declare the type of x"),
        (HEAD.replace("param x: string", "param x: string 5") + BODY, 2, "after the type of x"),
        (HEAD.replace("param x: string", 'param x: string? = "a"') + BODY, 2, "no default: it is optional"),
        (HEAD.replace("param x: string", "param x: integer = 1.5") + BODY, 2, "is not an integer"),
        (HEAD.replace("param x: string", "param x: string = name") + BODY, 2, "write <iri>"),
        (HEAD.replace("param x: string", 'param x: string = "open') + BODY, 2, "x: nothing in SPARQL starts with"),
        (HEAD.replace("param x", "param X").replace("example x", "example X") + BODY, 2, "'X' is no name"),
        (HEAD.replace("param x", "param class").replace("example x", "example class") + BODY, 2, "a word of Python"),
        (HEAD.replace("column a: iri", "column a: list") + BODY, 3, "'list' is no type"),
        (HEAD.replace("column a: iri", "column a: iri*") + BODY, 3, "a column is declared as"),
        (HEAD.replace('#+ example x: "s"\n', "") + BODY, 2, "there is no example"),
        (HEAD.replace("example x", "example y") + BODY, 4, "the example gives y, which is no parameter"),
        (HEAD.replace('"s"', "<http://x/>") + BODY, 4, "is not a string in quotes"),
        (HEAD.replace('"s"', '"s" "t"') + BODY, 4, "x takes one string"),
        (HEAD + "#+ param y: iri\n" + BODY.replace("?b", "$y"), 4, "the example gives no y"),
        (HEAD + BODY.replace("$x", "?c"), 2, "\\$x is declared but not used"),
        (HEAD + BODY.replace("$x", "$y"), 5, "\\$y is used but not declared"),
        (HEAD + BODY.replace("?b", "?x"), 5, "\\$x and \\?x are the same variable"),
        (HEAD + "#+ column c: iri\n" + BODY, 5, "\\?c is not projected"),
        (HEAD + BODY.replace("?a WHERE", "?a ?b WHERE"), 5, "\\?b is projected but not declared"),
        (HEAD + BODY.replace("?a WHERE", "?a (1 AS ?n) WHERE"), 5, "\\?n is projected but not declared"),
        (HEAD + "#+ column b: iri\n" + BODY.replace("?a WHERE", "?b ?a WHERE"), 6, "declared as .* but projected as"),
        (HEAD + BODY.replace("DISTINCT ?a", "*"), 5, "name the columns"),
        (HEAD + BODY.replace("DISTINCT ", ""), 5, "write SELECT DISTINCT, or GROUP BY"),
        (HEAD + BODY.replace(" ORDER BY ?a", ""), 5, "there is no ORDER BY"),
        (HEAD + "SELECT DISTINCT ?a WHERE { { SELECT DISTINCT ?a WHERE { ?a ?b $x } ORDER BY ?a } }", 5, "no ORDER BY"),
        (HEAD + BODY.replace("$x }", "$x\n FILTER NOT EXISTS { ?a a ?c } }"), 6, "write MINUS"),
        (HEAD + BODY.replace("$x }", "$x FILTER(?b = 1 && not\n exists { ?a a ?c }) }"), 5, "write MINUS"),
        (HEAD + "PREFIX om: <http://x/>\n" + BODY, 5, "prefix om: is <https://openminds.om-i.org/props/> here"),
        (HEAD + "PREFIX zz: <http://x/>\n" + BODY, 5, "prefix zz: is not in siibra_kg.vocab"),
        (HEAD + BODY.replace("?b", "om:name"), 5, "prefix om: is not declared; write PREFIX om:"),
        (HEAD + "INSERT DATA { <a:a> <a:b> $x }", 5, "only SELECT, ASK"),
        (HEAD, 1, "the query is empty"),
        (HEAD + BODY + "\n'open", 6, "nothing in SPARQL starts with"),
        (HEAD + "CONSTRUCT { ?a ?b $x } WHERE { ?a ?b $x }", 3, "CONSTRUCT gives no columns"),
        (HEAD.replace("string", "string*") + BODY, 5, "\\$x takes many values: it stands alone in VALUES"),
        (HEAD.replace("string", "string?") + BODY, 5, "\\$x is optional: it stands alone in VALUES"),
        (HEAD.replace("string", "string?") + BODY.replace("?a ?b $x", "VALUES (?b ?c) { (1 $x) }"), 5, "stands alone"),
        (HEAD + BODY + " LIMIT $x", 5, "LIMIT wants an integer, and \\$x is string"),
        (
            HEAD + BODY.replace("{ ?a", "{" * 101 + " ?a").replace("$x }", "$x " + "}" * 101),
            5,
            "more than 100 brackets",
        ),
    ],
)
def test_a_broken_rule_names_file_and_line(text: str, line: int, told: str) -> None:
    with pytest.raises(BadTemplate, match=told) as error:
        template(text)
    assert (error.value.path, error.value.line) == ("queries/some/template.rq", line)
    assert str(error.value).startswith(f"queries/some/template.rq:{line}: ")


def test_a_template_without_parameters_has_one_empty_example() -> None:
    found = template("#+ summary: s\n#+ column a: iri\nSELECT DISTINCT ?a WHERE { ?a ?b ?c } ORDER BY ?a")
    assert found.examples == ({},)
    assert found.bind({}) == "SELECT DISTINCT ?a WHERE { ?a ?b ?c } ORDER BY ?a"


def test_an_ask_and_a_construct_need_no_columns() -> None:
    head = '#+ summary: s\n#+ param x: string\n#+ example x: "s"\n'
    assert template(head + "ASK { ?a ?b $x }").form == "ASK"
    assert template(head + "CONSTRUCT { ?a ?b $x } WHERE { ?a ?b $x }").form == "CONSTRUCT"
    with pytest.raises(QueryError, match="which has no rows"):
        run(OxigraphStore.memory(), template(head + "ASK { ?a ?b $x }"), {"x": "s"})


def test_more_keys_are_allowed_where_the_caller_says_so() -> None:
    lines = ["#+ summary: A rule", "#+ graph: rule", "#+ after: region, part-of", "CONSTRUCT WHERE { ?a ?b ?c }"]
    header = read_header("rule.rq", lines, QUERY_KEYS | {"graph", "after"})
    assert header.extra == {"graph": "rule", "after": "region, part-of"}
    assert header.lines["after"] == 3
    with pytest.raises(BadTemplate, match="'graph' is no key"):
        read_header("rule.rq", lines)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    queries = tmp_path / "queries"
    (queries / "some").mkdir(parents=True)
    (queries / "some" / "template.rq").write_text(GOOD)
    (queries / "broken.rq").write_text("SELECT")
    (queries / "notes.txt").write_text("no template")
    return queries


def test_a_catalog_lists_without_reading_and_reads_once(folder: Path) -> None:
    catalog = Catalog(folder)
    assert list(catalog) == ["broken", "some/template"]
    assert len(catalog) == 2
    assert "some/template" in catalog
    assert "broken" in catalog
    assert catalog["some/template"] is catalog["some/template"]
    assert catalog["some/template"].path.as_posix() == "queries/some/template.rq"
    assert repr(catalog).endswith("2 templates")
    with pytest.raises(BadTemplate, match=r"queries/broken\.rq:1"):
        catalog["broken"]


def test_an_unknown_template_names_those_that_are_close(folder: Path) -> None:
    with pytest.raises(NoSuchTemplate, match=r"no template 'some/templat'; did you mean some/template\?") as error:
        Catalog(folder)["some/templat"]
    assert error.value.close == ("some/template",)
    assert Catalog(folder).get("nothing") is None


def test_a_file_that_is_no_text_is_a_typed_error(folder: Path) -> None:
    (folder / "broken.rq").write_bytes(b"#+ summary: \xff\n")
    with pytest.raises(BadTemplate, match="is not UTF-8 text"):
        Catalog(folder)["broken"]


def test_checking_a_catalog_parses_every_bound_example(folder: Path) -> None:
    broken = folder / "broken.rq"
    broken.write_text(HEAD + BODY.replace("?a ?b $x", "?a $x"))
    Catalog(folder).check_all()  # the tokens alone are fine
    with pytest.raises(BadTemplate, match=r"queries/broken.rq:5: the example does not parse: expected"):
        check(Catalog(folder))
    broken.unlink()
    check(Catalog(folder))


def test_rows_have_the_declared_columns() -> None:
    store = OxigraphStore.memory()
    store.load(f'<{A}> <{A}p> "s" , "t" .'.encode(), "ttl")
    table = run(store, template(HEAD + BODY), {"x": "s"})
    assert table.names == ("a",)
    assert table.cells == ((A,),)
    assert type(table[0].a) is IRI
    assert '?a ?b "s"' in table.sparql


def test_a_catalog_loads_no_engine() -> None:
    code = (
        "import sys; from siibra_kg.templates import Catalog; from siibra_kg.resources import folder;"
        "len(Catalog(folder('queries')));"
        "print([m for m in ('pyoxigraph', 'rdflib', 'rapidfuzz', 'numpy', 'SPARQLWrapper') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout == "[]\n"
