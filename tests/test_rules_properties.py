"""Properties of what rules compute in Python, on graphs that nobody thought of; SPARQL is the judge where it can be."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pyoxigraph as ox
from building import HEADER
from hypothesis import given
from hypothesis import strategies as st

from siibra_kg.build.coin import slug, unique_slugs
from siibra_kg.build.engine import to_ntriples
from siibra_kg.build.python_rules import Added, closure, depth, part_of
from siibra_kg.build.statements import Statements
from siibra_kg.vocab import SKG

Edge = tuple[str, str]
nodes = st.integers(0, 9).map(lambda i: f"x:{i}")
edges = st.lists(st.tuples(nodes, nodes), max_size=25)


def links(added: Added) -> set[Edge]:
    quads = ox.parse("".join(added.lines), ox.RdfFormat.N_TRIPLES)
    return {(q.subject.value, q.object.value) for q in quads}


def reaches(graph: set[Edge], start: str, goal: str) -> bool:
    seen, todo = set(), [start]
    while todo:
        here = todo.pop()
        for a, b in graph:
            if a == here and b not in seen:
                seen.add(b)
                todo.append(b)
    return goal in seen


@given(edges)
def test_part_of_has_no_cycle_and_leaves_out_only_edges_that_close_one(given_edges: list[Edge]) -> None:
    added = part_of(given_edges, "")
    kept, left_out = links(added), set(added.cycles)
    assert kept | left_out == set(given_edges)
    assert not kept & left_out
    assert not any(reaches(kept, a, a) for a, _ in kept)
    assert all(a == b or reaches(kept, b, a) for a, b in left_out)


@given(edges, st.randoms(use_true_random=False))
def test_the_order_of_rows_does_not_count(given_edges: list[Edge], chance: object) -> None:
    mixed = [*given_edges, *given_edges[:3]]
    chance.shuffle(mixed)  # type: ignore[attr-defined]
    assert part_of(mixed, "") == part_of(given_edges, "")


@given(edges)
def test_closure_is_the_property_path_and_depth_its_count(given_edges: list[Edge]) -> None:
    direct = sorted(links(part_of(given_edges, "")))
    store = ox.Store()
    for a, b in direct:
        store.add(ox.Quad(ox.NamedNode(a), ox.NamedNode(SKG + "partOf"), ox.NamedNode(b)))
    rows = store.query(f"SELECT DISTINCT ?a ?b WHERE {{ ?a <{SKG}partOf>+ ?b }}")
    expected = {(row["a"].value, row["b"].value) for row in rows}
    assert links(closure(direct, "")) == expected
    all_nodes = {n for edge in given_edges for n in edge}
    counts = {(n, str(sum(a == n for a, _ in expected))) for n in all_nodes}
    assert links(depth([*direct, *((n, None) for n in all_nodes)], "")) == counts


@given(st.dictionaries(st.text(max_size=6), st.text(alphabet="aAbB -_1é皮", max_size=5), max_size=12))
def test_slugs_are_unique_and_safe(originals: dict[str, str]) -> None:
    made = unique_slugs(originals.items())
    assert set(made) == set(originals)
    assert len(set(made.values())) == len(made)
    for key, name in made.items():
        base, _, number = name.partition("~")
        assert base == slug(originals[key])
        assert base.strip("abcdefghijklmnopqrstuvwxyz0123456789.-") == ""
        assert not number or int(number) >= 2


words = st.text(alphabet=st.characters(codec="utf-8"), max_size=20)


@given(st.lists(st.tuples(st.sampled_from("abc"), words, st.booleans()), max_size=8))
def test_blank_nodes_become_iris_whatever_literals_look_like(statements: list[tuple[str, str, bool]]) -> None:
    """Literals may hold what looks like a blank node or like the end of a line."""
    triples = []
    for name, text, link in statements:
        value = ox.BlankNode((text and "t") or "u") if link else ox.Literal(f"_:{name} . \n{text} _:x .")
        triples.append(ox.Triple(ox.BlankNode(name), ox.NamedNode("x:p"), value))
    text = ox.serialize(triples, format=ox.RdfFormat.N_TRIPLES)
    made = list(ox.parse(to_ntriples("a.nt", text, "nt", "x:", "x:blank/"), ox.RdfFormat.N_TRIPLES))
    assert all(isinstance(t, ox.NamedNode) for q in made for t in (q.subject, q.predicate))
    assert [q.object for q in made if isinstance(q.object, ox.Literal)] == [
        t.object for t in triples if isinstance(t.object, ox.Literal)
    ]
    assert len({q.subject for q in made}) == len({t.subject for t in triples})


class _Disk:
    """Collects what would be loaded."""

    def __init__(self) -> None:
        self.quads = b""

    def add(self, nquads: bytes) -> None:
        self.quads += nquads


@given(st.lists(words, max_size=8))
def test_the_graph_name_goes_to_the_end_of_every_line_and_nowhere_else(texts: list[str]) -> None:
    triples = [ox.Triple(ox.NamedNode("x:s"), ox.NamedNode("x:p"), ox.Literal(f"{t} .\n<x:g> .")) for t in texts]
    disk = _Disk()
    with tempfile.TemporaryDirectory() as work:
        spill = Path(work, "spill")
        statements = Statements("x:", None, disk, spill)  # type: ignore[arg-type]
        try:
            statements.put("g", ox.serialize(triples, format=ox.RdfFormat.N_TRIPLES)).result()
            statements._load()
            assert b"".join(statements._kept()) == disk.quads
        finally:
            statements.close()
        assert not spill.exists()
    found = set(ox.parse(disk.quads, ox.RdfFormat.N_QUADS))
    assert found == {ox.Quad(t.subject, t.predicate, t.object, ox.NamedNode("x:g")) for t in triples}


def test_the_example_of_the_header_is_turtle() -> None:
    assert list(ox.parse(HEADER + "<a> skg:partOf <b> .", ox.RdfFormat.TURTLE))
