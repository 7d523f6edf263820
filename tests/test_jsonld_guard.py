"""Bad input: every document either converts or raises BadDocument with a place and a reason."""

from __future__ import annotations

import json
import time

import pyoxigraph as ox
import pytest
from documents import BASE, CONTEXT, document
from hypothesis import given, settings
from hypothesis import strategies as st

from siibra_kg import json_guard
from siibra_kg.errors import BadDocument
from siibra_kg.jsonld import Converter, Limits
from siibra_kg.vocab import OM, OMI, OMT


def refused(data: bytes, **limits: int) -> BadDocument:
    with pytest.raises(BadDocument) as caught:
        Converter(BASE, limits=Limits(**limits)).convert("d/x.jsonld", data)
    assert caught.value.path == "d/x.jsonld"
    return caught.value


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"   ",
        b"{",
        b'{"a": 1,}',
        b"{'a': 1}",
        b'{"a": NaN}',
        b'{"a": Infinity}',
        b'{"a": 1e999}',
        b'{"a": 01}',
        b'{"a": "\\ud800"}',
        b'{"a": "\xff"}',
        b'{"a": "b}',
        b'{"a": 1} {"b": 2}',
        b"\x00",
        '{"a": 1}'.encode("utf-16"),
    ],
)
def test_malformed_json_is_refused_with_line_and_column(data):
    error = refused(data)
    assert "not JSON" in error.reason
    assert error.pointer.startswith("line ")


def test_the_place_of_a_syntax_error_is_exact():
    assert refused(b'{\n  "a": 1,\n  "b": oops\n}').pointer == "line 3, column 8"


@pytest.mark.parametrize("data", [b"5", b'"text"', b"null", b"true", b'["a", 1]'])
def test_what_is_neither_object_nor_array_of_objects_is_refused_or_says_nothing(data):
    """An array of texts is valid JSON-LD that says nothing."""
    if data.startswith(b"["):
        result = Converter(BASE).convert("x", data)
        assert result.ntriples == b""
        assert [n.code for n in result.notes] == ["says-nothing"]
    else:
        assert "object" in refused(data).reason


@pytest.mark.parametrize("shape", ["list", "object", "mixed"])
def test_five_thousand_levels_are_refused_before_any_parser_sees_them(shape):
    """Oxigraph's JSON-LD parser dies natively of this document, so it must never reach one."""
    opening, closing = {"list": ("[", "]"), "object": ('{"a":', "}"), "mixed": ('[{"a":', "}]")}[shape]
    data = (opening * 5_000 + "1" + closing * 5_000).encode()
    error = refused(data)
    assert "nested deeper than 100 levels" in error.reason
    assert error.pointer.startswith("line 1, column ")


def test_brackets_inside_strings_are_not_nesting():
    data = json.dumps(document(description="[{" * 500 + '\\"[' + "\\")).encode()
    assert Converter(BASE).convert("x", data).nodes == (OMI + "thing/x",)


@pytest.mark.parametrize("direct", [True, False])
def test_the_deepest_nesting_that_is_allowed_converts(direct):
    """Both ways reach the limit without meeting Python's own."""
    key = "hasPart" if direct else OM + "hasPart"
    value: object = {"@type": OMT + "Dataset"}
    for _ in range(97):
        value = {"@type": OMT + "Dataset", key: value}
    content = {"@id": OMI + "thing/x", key: value}
    if direct:
        content["@context"] = CONTEXT
    result = Converter(BASE).convert("x", json.dumps(content).encode())
    assert result.ntriples.count(b"hasPart>") == 98 or result.ntriples.count(b"/props/hasPart> ") == 98


def test_a_document_above_the_size_limit_is_refused_unread():
    assert "bytes" in refused(b"x" * 101, document=100).reason


def test_a_huge_literal_is_refused_with_its_place():
    data = json.dumps(document(usedTaxon={"@id": OMI + "a"}, synonym=["a", "b" * 2_000])).encode()
    assert refused(data, literal=1_000).pointer == "/synonym/1"


def test_a_key_that_occurs_twice_is_refused():
    """The parser would keep the last one without a word."""
    data = b'{"@context": {"@vocab": "%s"}, "@id": "a:a", "name": "one", "name": "two"}' % OM.encode()
    assert "'name' occurs twice" in refused(data).reason
    assert "'x:n' occurs twice" in refused(b'{"@id": "a:a", "x:n": 1, "x:n": 2}').reason


def test_the_mark_of_a_key_inside_a_string_is_no_key():
    data = json.dumps(document(description='{"name": "a", "name": "b"}', keyword='a":')).encode()
    assert Converter(BASE).convert("x", data).nodes == (OMI + "thing/x",)


def test_a_byte_order_mark_and_white_space_do_no_harm():
    data = json.dumps(document(name="a")).encode()
    spaced = b"\xef\xbb\xbf\r\n" + json.dumps(document(name="a"), indent=3).replace('":', '" :').encode() + b"\n"
    assert Converter(BASE).convert("x", spaced) == Converter(BASE).convert("x", data)


def test_an_endless_string_is_refused_in_linear_time():
    """Each quote of it could be the beginning of another string; the scan must not try them all."""
    data = b"[" * 101 + b'"' + b'\\"' * 1_000_000
    start = time.process_time()
    refused(data)
    assert time.process_time() - start < 2.0


def test_an_integer_with_thousands_of_digits_is_refused():
    assert "not JSON" in refused(b'{"@id": "a:a", "a:b": ' + b"9" * 5_000 + b"}").reason


def test_no_context_is_fetched_from_the_network(socket_disabled):
    error = refused(b'{"@context": "https://example.org/context.jsonld", "@id": "a:a", "name": "x"}')
    assert "https://example.org/context.jsonld" in error.reason
    assert "nothing is fetched" in error.reason


def test_a_loader_may_give_a_context_and_no_other_converter_remembers_it():
    """PyLD's own cache would keep it for the whole process."""
    url = "https://example.org/given.jsonld"
    data = json.dumps({"@context": url, "@id": "a:a", "title": "x"}).encode()
    context = {"@context": {"title": "http://purl.org/dc/terms/title"}}
    given_ = Converter(BASE, loader=lambda asked: context if asked == url else None)
    assert given_.convert("x", data).ntriples == b'<a:a> <http://purl.org/dc/terms/title> "x" .\n'
    with pytest.raises(BadDocument, match="not bundled"):
        Converter(BASE).convert("x", data)


@pytest.mark.parametrize(
    "content",
    [
        {"@context": 5, "a:b": 1},
        {"@context": {"@vocab": 5}, "a": 1},
        {"@context": {"@version": 2}, "a": 1},
        {"@id": 5, "a:b": 1},
        {"@id": "a:a", "@type": [5]},
        {"@id": "a:a", "a:b": {"@value": {"c": 1}}},
        {"@id": "a:a", "a:b": {"@value": "x", "@language": 5}},
        {"@id": "a:a", "@reverse": 5},
        {"@id": "a:a", "@included": "text"},
        {"@context": {"a": {"@id": "b"}, "b": {"@id": "a"}}, "a": 1},
    ],
)
def test_invalid_json_ld_is_refused_with_a_reason(content):
    assert refused(json.dumps(content).encode()).reason


_names = st.sampled_from(
    [
        "@id",
        "@type",
        "@context",
        "@value",
        "@language",
        "@list",
        "@set",
        "@graph",
        "@reverse",
        "@index",
        "@nest",
        "@included",
        "@json",
        "@vocab",
        "@none",
        "name",
        "hasVersion",
        "laterality",
        "hasAnnotation",
        "releaseDate",
        "value",
        "internalIdentifier",
        "license",
        "",
        " ",
        "a b",
        "_:p",
        "x:y",
        "http://schema.org/identifier",
        OM + "name",
        "é",
        "^",
    ]
) | st.text(max_size=4)
_texts = st.sampled_from(
    [
        "_:b",
        "_:c",
        OMI + "laterality/left",
        OMT + "AtlasAnnotation",
        OMT + "BrainAtlas",
        "x:y",
        "rel/ative",
        "",
        "@id",
        "http://e/a b",
        "2020-01-01",
        "7",
        "en",
        "https://openminds.ebrains.eu/vocab/",
        OM,
        "#",
        "//",
        "?",
        "bad\x00",
    ]
) | st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | _texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_names, inner, max_size=4),
    max_leaves=12,
)


@settings(max_examples=600, deadline=None)
@given(_json, st.booleans(), st.booleans())
def test_any_json_converts_to_valid_triples_or_is_refused(content, direct, lift):
    """Whatever comes, the answer is BadDocument or N-Triples that an independent parser accepts."""
    if direct and isinstance(content, dict):
        content = {**content, "@context": CONTEXT}
    data = json.dumps(content).encode()
    try:
        result = Converter(BASE).convert("x", data, lift=lift)
    except BadDocument:
        pass
    else:
        for quad in ox.parse(result.ntriples, format=ox.RdfFormat.N_TRIPLES):
            assert not isinstance(quad.subject, ox.BlankNode)
            assert not isinstance(quad.object, ox.BlankNode)


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=60) | st.text(alphabet='{}[]":,\\ @idtype01.-en', max_size=60).map(str.encode))
def test_any_bytes_convert_or_are_refused(data):
    try:
        result = Converter(BASE).convert("x", data)
    except BadDocument:
        pass
    else:
        assert isinstance(result.ntriples, bytes)


NESTED = st.recursive(
    st.sampled_from(["a", "[[[", "}", '{"', "\\", 1, None]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("a[]{}"), inner, max_size=3),
    max_leaves=12,
)


@given(NESTED, st.integers(1, 8), st.integers(0, 200))
def test_the_quick_look_at_depth_never_lets_a_deep_document_pass(value, limit, end):
    """Whole documents and such that are cut short: what is plainly shallow is shallow."""
    data = json.dumps(value).encode()[: end or None]
    if json_guard._plainly_shallow(data, limit):
        assert json_guard._too_deep(data, limit) is None
