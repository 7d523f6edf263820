"""Queries that are made to bring a server down, as data: what each is called and what it says.

A bomb cannot be answered: its answer is an error, or breaks off. A nest is answered up to some depth and refused
beyond. A riddle looks dangerous and has an answer, or a refusal, at once.
"""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["BOMBS", "CHAINS", "NESTS", "RIDDLES", "Bomb", "chain", "nest"]

LONG = 60_000


class Bomb(NamedTuple):
    """A query, and a name for it that tells what it attacks."""

    name: str
    text: str


def _triples(count: int, prefix: str = "v") -> str:
    """Write that many patterns that have nothing in common: their product."""
    return " ".join(f"?{prefix}s{n} ?{prefix}p{n} ?{prefix}o{n} ." for n in range(count))


def count(pattern: str) -> str:
    """Write a query that counts the solutions of a pattern."""
    return f"SELECT (COUNT(*) AS ?n) {{ {pattern} }}"


def _doubling(times: int, expression: str = "CONCAT({0}, {0})") -> str:
    """Bind a string that doubles that many times."""
    steps = (f"BIND({expression.format(f'?d{n}')} AS ?d{n + 1})" for n in range(times))
    return 'BIND("0123456789" AS ?d0) ' + " ".join(steps)


PRODUCT = _triples(6)
NEVER = 'FILTER(CONCAT(STR(?vs0), STR(?vo5)) = "never")'
ANY = "!<urn:x:no>"
GROWING = _doubling(12, 'REPLACE({0}, "[0-9]", "0123456789")')
GRAPHS = " ".join(f"GRAPH ?g{n} {{ ?a{n} ?b{n} ?c{n} }}" for n in range(6))
UNIONS = " ".join(f"{{ ?a{n} ?b ?c }} UNION {{ ?c ?b ?a{n} }}" for n in range(8))
SUBSELECTS = " ".join(f"{{ SELECT ?s{n} ?n {{ ?s{n} ?p ?n }} }}" for n in range(3))
MANY = " ".join(f'"{n}"' for n in range(1500))
VALUES = " ".join(f"VALUES ?m{n} {{ {MANY} }}" for n in range(4))

BOMBS = (
    Bomb("count of a cross join", count(PRODUCT)),
    Bomb("rows of a cross join", f"SELECT * {{ {PRODUCT} }}"),
    Bomb("cross join that a filter empties", f"SELECT * {{ {PRODUCT} {NEVER} }}"),
    Bomb("ASK for what no row has", f"ASK {{ {PRODUCT} {NEVER} }}"),
    Bomb("sorted cross join", f"SELECT * {{ {PRODUCT} }} ORDER BY ?vo3 DESC(?vs1) LIMIT 1"),
    Bomb("cross join in random order", f"SELECT * {{ {PRODUCT} }} ORDER BY RAND() LIMIT 1"),
    Bomb("cross join sorted by EXISTS", f"SELECT * {{ {PRODUCT} }} ORDER BY (EXISTS {{ ?vs0 ?x ?vo5 }}) LIMIT 1"),
    Bomb("skipping a million million rows", f"SELECT * {{ {PRODUCT} }} OFFSET 1000000000000 LIMIT 1"),
    Bomb("DISTINCT of a product", f"SELECT (COUNT(*) AS ?n) {{ SELECT DISTINCT ?vs0 ?vs1 ?vs2 ?vo3 {{ {PRODUCT} }} }}"),
    Bomb("REDUCED rows of a product", f"SELECT REDUCED ?vs0 ?vs1 ?vs2 {{ {PRODUCT} }}"),
    Bomb("COUNT DISTINCT of a product", f"SELECT (COUNT(DISTINCT *) AS ?n) {{ {PRODUCT} }}"),
    Bomb("groups of a product", f"SELECT ?vs0 ?vs1 ?vo2 (COUNT(*) AS ?n) {{ {PRODUCT} }} GROUP BY ?vs0 ?vs1 ?vo2"),
    Bomb("HAVING over a product", f"SELECT ?vs0 {{ {PRODUCT} }} GROUP BY ?vs0 HAVING (SUM(STRLEN(STR(?vo1))) < 0)"),
    Bomb("MIN of a product", f"SELECT (MIN(CONCAT(STR(?vs0), STR(?vo1), STR(?vs2))) AS ?m) {{ {PRODUCT} }}"),
    Bomb("distinct UUIDs", f"SELECT DISTINCT ?u {{ {PRODUCT} BIND(UUID() AS ?u) }} ORDER BY ?u"),
    Bomb("GROUP_CONCAT of a product", f"SELECT (GROUP_CONCAT(STR(?vs0)) AS ?t) {{ {PRODUCT} }}"),
    Bomb(
        "GROUP_CONCAT with a long separator",
        f'SELECT (GROUP_CONCAT(STR(?vs0); separator="{"-" * 30_000}") AS ?t) {{ {PRODUCT} }}',
    ),
    Bomb("CONCAT that doubles", f"SELECT (STRLEN(?d45) AS ?n) {{ {_doubling(45)} }}"),
    Bomb("CONCAT that doubles, for each triple", f"SELECT * {{ ?s ?p ?o {_doubling(22)} }} ORDER BY ?d22"),
    Bomb("REPLACE that grows tenfold", f"SELECT (STRLEN(?d12) AS ?n) {{ {GROWING} }}"),
    Bomb("UCASE of what doubles", f"SELECT (STRLEN(?d40) AS ?n) {{ {_doubling(40, 'UCASE(CONCAT({0}, {0}))')} }}"),
    Bomb("hash of what doubles", f"SELECT (SHA512(?d40) AS ?n) {{ {_doubling(40)} }}"),
    Bomb("IRI of what doubles", f'SELECT (IRI(CONCAT("urn:x:", ?d40)) AS ?n) {{ {_doubling(40)} }}'),
    Bomb("IRIs built from a product", f'SELECT DISTINCT (IRI(CONCAT("urn:x:", STRUUID())) AS ?i) {{ {PRODUCT} }}'),
    Bomb("STRDT of a product", f"SELECT DISTINCT (STRDT(STRUUID(), ?vp0) AS ?i) {{ {PRODUCT} FILTER(isIRI(?vp0)) }}"),
    Bomb("CONSTRUCT of a product", f"CONSTRUCT {{ ?vs0 ?vp1 ?vo2 }} WHERE {{ {PRODUCT} }}"),
    Bomb("CONSTRUCT of new blank nodes", f"CONSTRUCT {{ [] ?vp1 [ ?vp0 ?vo2 ] }} WHERE {{ {PRODUCT} }}"),
    Bomb("DESCRIBE of a product", f"DESCRIBE ?vs0 ?vs1 ?vo2 WHERE {{ {PRODUCT} {NEVER} }}"),
    Bomb("OPTIONAL product", count(f"OPTIONAL {{ {_triples(3)} }} OPTIONAL {{ {_triples(3, 'w')} }}")),
    Bomb("MINUS of products", count(f"{_triples(3)} MINUS {{ ?vs0 ?x ?y . {_triples(3, 'w')} }}")),
    Bomb("UNION that doubles", count(UNIONS)),
    Bomb(
        "EXISTS inside EXISTS over products",
        f"SELECT (COUNT(*) AS ?n) {{ {_triples(2)} FILTER NOT EXISTS {{ {_triples(2, 'w')} "
        f"FILTER NOT EXISTS {{ {_triples(2, 'x')} FILTER(CONCAT(STR(?xs0), STR(?vs0)) = STR(?ws0)) }} "
        "FILTER(CONCAT(STR(?ws0), STR(?vs1)) = 'never') } }",
    ),
    Bomb("paths over everything", count(f"?a ({ANY})* ?b . ?b (^{ANY})* ?c . ?d ({ANY})+ ?e")),
    Bomb("paths both ways", count(f"?a ({ANY}|^{ANY})* ?b . ?c ({ANY}|^{ANY})* ?d")),
    Bomb("stars in a row", f"SELECT * {{ ?a ({ANY}|^{ANY})*/({ANY}|^{ANY})*/({ANY}|^{ANY})* ?b }}"),
    Bomb("stars inside stars", count(f"?a ((({ANY}|^{ANY})+/({ANY}|^{ANY})*)+/({ANY})*)+ ?b")),
    Bomb("VALUES crosswise", count(VALUES)),
    Bomb("VALUES beyond any length", f"SELECT * {{ VALUES ?m {{ {MANY * 800} }} }}"),
    Bomb("graphs crosswise", count(GRAPHS)),
    Bomb("REGEX of a product", count(f'{PRODUCT} FILTER(REGEX(CONCAT(STR(?vs0), STR(?vo5)), "(a+)+$x"))')),
    Bomb("subselects crosswise", f"SELECT (SUM(?n) AS ?m) {{ {SUBSELECTS} {PRODUCT} }}"),
    Bomb("a literal beyond any length", f'SELECT ("{"x" * 2_000_000}" AS ?x) {{}}'),
    Bomb("an IRI beyond any length", f"SELECT * {{ <urn:x:{'x' * 2_000_000}> ?p ?o }}"),
    Bomb("a comment beyond any length", f"SELECT * {{ #{'x' * 2_000_000}\n ?s ?p ?o }}"),
    Bomb("prefixes beyond any number", "".join(f"PREFIX p{n}: <urn:x:{n}>\n" for n in range(40_000)) + "ASK {}"),
)  # fmt: skip

#: What opens, what stands innermost, what closes. All are put into ``{ }`` of a SELECT query.
NESTS = {
    "groups": ("{", "?s ?p ?o", "}"),
    "brackets of a filter": ("(", "1", ")"),
    "blank nodes": ("[ <urn:p> ", "1", "]"),
    "collections": ("(", "1", ")"),
    "negations": ("!", "true", ""),
    "signs": ("-", "1", ""),
    "brackets of a path": ("(", "<urn:p>", ")"),
    "stars of a path": ("(", "<urn:p>", ")*"),
    "inverse paths": ("^", "<urn:p>", ""),
    "functions": ("STR(", "?s", ")"),
    "IF": ("IF(true,", "1", ",2)"),
    "EXISTS": ("{ FILTER EXISTS ", "{ ?s ?p ?o }", "}"),
    "OPTIONAL": ("OPTIONAL {", "?s ?p ?o", "}"),
    "MINUS": ("?s ?p ?o MINUS {", "?s ?p ?o", "}"),
    "GRAPH": ("GRAPH ?g {", "?s ?p ?o", "}"),
    "subselects": ("{ SELECT * {", "?s ?p ?o", "} }"),
    "quoted triples": ("<<( ?s ?p ", "?o", ")>>"),
    "opened only": ("{", "", ""),
    "closed only": ("", "", "}"),
    "mixed": ("{(", "", ")}"),
}
_FRAMES = {
    "brackets of a filter": "FILTER({})",
    "blank nodes": "?s ?p {}",
    "collections": "?s ?p {}",
    "negations": "FILTER({})",
    "signs": "FILTER({} < 2)",
    "brackets of a path": "?s {} ?o",
    "stars of a path": "?s {} ?o",
    "inverse paths": "?s {} ?o",
    "functions": '?s ?p ?o FILTER({} = "x")',
    "IF": "FILTER({} = 1)",
    "quoted triples": "?a ?b {}",
}

#: What is repeated in a row: engines hold it as a tree as deep as the row is long.
CHAINS = {
    "OPTIONAL": "OPTIONAL { ?s ?p ?o }",
    "UNION": "{ ?s ?p ?o } UNION",
    "MINUS": "?s ?p ?o MINUS { ?s ?p ?o }",
    "FILTER": "FILTER(?s != 1)",
    "or": "|| ?s = 1",
    "and": "&& ?s = 1",
    "plus": "+ 1",
    "comma": ", 1",
    "path": "/<urn:p>",
    "alternative": "|<urn:p>",
    "triples": "?s ?p ?o .",
    "objects": ", ?o",
    "members": "1",
    "BIND": "BIND(1 AS ?x)",
}
_CHAINED = {
    "UNION": "{} {{ ?s ?p ?o }}",
    "or": "?s ?p ?o FILTER(?s = 1 {})",
    "and": "?s ?p ?o FILTER(?s = 1 {})",
    "plus": "FILTER(1 {} = 2)",
    "comma": "FILTER(1 IN (1 {}))",
    "path": "?s <urn:p>{} ?o",
    "alternative": "?s <urn:p>{} ?o",
    "objects": "?s ?p ?o {}",
    "members": "?s ?p ( {} )",
}


def nest(kind: str, depth: int) -> str:
    """Write a query with things inside each other, so deep."""
    opening, inside, closing = NESTS[kind]
    body = opening * depth + inside + closing * depth
    return "SELECT * {" + _FRAMES.get(kind, "{}").format(body) + "}"


def chain(kind: str, length: int) -> str:
    """Write a query with things in a row, so many."""
    return "SELECT * {" + _CHAINED.get(kind, "{}").format(" ".join([CHAINS[kind]] * length)) + "}"


RIDDLES = (
    Bomb("a regular expression for backtracking", f'SELECT (REGEX("{"a" * 5000}", "^(a*)*(a|aa)+$b") AS ?x) {{}}'),
    Bomb("a regular expression that explodes", 'SELECT (REGEX("a", "((((a{200}){200}){200}){200}){200}") AS ?x) {}'),
    Bomb("a literal of 60 KB", f'SELECT (STRLEN("{"x" * LONG}") AS ?n) {{}}'),
    Bomb("a prefix of 50 KB", f"PREFIX {'p' * 25_000}: <urn:x:{'q' * 25_000}>\nASK {{ ?s {'p' * 10_000}:a ?o }}"),
    Bomb("braces hidden in a string", f'SELECT ("{"{" * 50_000}" AS ?x) {{}}'),
    Bomb("braces hidden in a long string", f"SELECT ('''{'{' * 25_000}\n'\"''{'(' * 25_000}''' AS ?x) {{}}"),
    Bomb("braces hidden in a comment", f"SELECT * {{ # {'{' * 50_000}\n }}"),
    Bomb("braces hidden in an IRI", f"ASK {{ <urn:x:{'(' * 50_000}> ?p ?o }}"),
    Bomb("a comment that ends the line before", "SELECT * { ?s ?p <urn:a#b> # SERVICE <http://127.0.0.1/>\r }"),
    Bomb("a number of 50,000 digits", f"SELECT ({'9' * 50_000} + 1 AS ?x) {{}}"),
    Bomb("a decimal of 50,000 digits", f"SELECT (1.{'3' * 50_000} * 2 AS ?x) {{}}"),
    Bomb("a LIMIT beyond 64 bits", f"SELECT * {{ ?s ?p ?o }} LIMIT {'9' * 30}"),
    Bomb("8,000 variables", f"SELECT {' '.join(f'?v{n}' for n in range(8000))} {{}}"),
    Bomb("VALUES of 50 KB", f"SELECT * {{ VALUES ?m {{ {MANY * 4} }} }}"),
    Bomb("a thousand empty groups", f"SELECT * {{ {'{} ' * 1000} }}"),
    Bomb("strings without end", '"' * 60_001),
    Bomb("nothing but signs", "<" * 60_000),
    Bomb("NUL and other controls", "SELECT * { ?s ?p \"\x00\x01\x7f\" }"),
    Bomb("escapes of surrogates", r'SELECT ("\uD800\uDFFF" AS ?x) {}'),
    Bomb("an escape beyond Unicode", r'SELECT ("\U00110000" AS ?x) {}'),
    Bomb("right to left", "SELECT * { ?s ?p \"\u202e}{ LAD\" }"),
)  # fmt: skip
