"""Templates as REST: the rows of Python and of the command line, pages that fit together, errors that say what."""

from __future__ import annotations

import csv
import doctest
import html.parser
import io
import json
import re
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st
from small_atlas import small_store
from typer.testing import CliRunner

from siibra_kg import cli
from siibra_kg.cli import query as cli_query
from siibra_kg.graph import KnowledgeGraph
from siibra_kg.server.api.offered import PAGING, catalog, offered, operation_id
from siibra_kg.server.api.openapi import document, openapi
from siibra_kg.server.api.paging import Page, links
from siibra_kg.server.api.routes import ROUTES, call, docs, templates
from siibra_kg.server.api.rows import rows
from siibra_kg.server.job import Job, Reply, Request, State
from siibra_kg.server.options import ServerOptions
from siibra_kg.server.problem import Refused, problem_of
from siibra_kg.stores.serialise import quads_to_text
from siibra_kg.terms import IRI
from tests.servers.serving import serving

if TYPE_CHECKING:
    from collections.abc import Iterator
    from decimal import Decimal

    from siibra_kg.build.snapshot import Snapshot

OFFERED = [t.name for t in offered()]
URL = "http://127.0.0.1:7687"
FLAGS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
JSON = {"accept": "application/json"}


@pytest.fixture(scope="module")
def kg() -> Iterator[KnowledgeGraph]:
    with KnowledgeGraph(small_store()) as found:
        yield found


@pytest.fixture(scope="module")
def state(kg: KnowledgeGraph) -> State:
    return State(kg, ServerOptions(), "0")


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server on the small graph, in a process of its own."""
    path = tmp_path_factory.mktemp("rest") / "small.nq"
    with small_store() as store:
        path.write_bytes(quads_to_text(store.quads()))
    with serving(path) as server:
        yield server.url


def texts(values: Any) -> list[tuple[str, str]]:
    """Write values of Python as parameters of an address."""
    every = [(k, v) for k, value in values.items() for v in (value if isinstance(value, tuple | list) else (value,))]
    return [(name, str(one).lower() if isinstance(one, bool) else str(one)) for name, one in every]


def asked(state: State, path: str, *pairs: tuple[str, str], **more: Any) -> Reply:
    """Ask as the front process and a worker do together, errors included."""
    request = Request("GET", path, tuple(pairs), **{"headers": JSON, "options": state.options, **more})
    try:
        job = next(r.handler for r in ROUTES if r.path == path or r.path.startswith("/api/{"))(request)
        assert isinstance(job, Job)
        json.dumps(dict(job.payload))  # only what JSON can hold goes to a worker
        return (openapi if job.kind == "openapi" else rows)(state, job.payload)
    except Refused as error:
        return problem_of(error)


def answer(state: State, path: str, *pairs: tuple[str, str], **more: Any) -> dict[str, Any]:
    reply = asked(state, path, *pairs, **more)
    assert reply.status == 200, reply.body
    found = json.loads(reply.body)
    assert isinstance(found, dict)
    return found


def refused(reply: Reply, status: int) -> dict[str, Any]:
    assert (reply.status, reply.media_type) == (status, "application/problem+json"), reply.body
    found = json.loads(reply.body)
    assert isinstance(found, dict)
    return found


def linked(reply: Reply) -> dict[str, str]:
    header = dict(reply.headers)["Link"]
    return {rel: url for url, rel in re.findall(r'<([^>]*)>; rel="([^"]*)"', header)}


def follow(state: State, url: str) -> Reply:
    parts = urlsplit(url)
    return asked(state, parts.path, *parse_qsl(parts.query, keep_blank_values=True))


# -- the same rows everywhere -----------------------------------------------------------------------------------------


def test_every_template_gives_the_rows_of_python_and_of_the_command_line(
    state: State, kg: KnowledgeGraph, monkeypatch: pytest.MonkeyPatch
) -> None:
    @contextmanager
    def opened(place: object) -> Iterator[KnowledgeGraph]:
        yield kg

    monkeypatch.setattr(cli_query, "open_graph", opened)
    with_rows = 0
    for name in OFFERED:
        for values in catalog()[name].examples:
            table = kg.query(name, **values)
            pairs = texts(values)
            found = answer(state, f"/api/{name}", *pairs)
            assert found["rows"] == table.to_dicts(), name
            assert found["sparql"] == table.sparql
            assert asked(state, f"/api/{name}.csv", *pairs).body == table.to_csv().encode()
            assert asked(state, f"/api/{name}.tsv", *pairs).body == table.to_tsv().encode()
            assert asked(state, f"/api/{name}.rq", *pairs).body == kg.explain(name, **values).encode()
            with_rows += len(table) > 0
            if values is not catalog()[name].examples[0] or (name.startswith("check/") and not len(table)):
                continue  # the command line takes 40 ms a call
            if "graph" in values:
                continue  # there --graph says which graph is opened
            words = [word for key, text in pairs for word in (f"--{key}", text)]
            printed = CliRunner().invoke(cli.app, ["query", name, *words, "--format", "json"])
            assert json.loads(printed.stdout) == found["rows"], (name, printed.output)
    assert with_rows >= 20


@pytest.mark.mirror
def test_a_sample_of_templates_gives_the_same_rows_on_the_whole_graph(both: KnowledgeGraph) -> None:
    state = State(both, ServerOptions(), "0")
    schemas = answers_by_name(document(URL, state.options))
    for name in [n for n in OFFERED if not n.startswith(("check/", "describe/", "shape/", "graph/"))][::3]:
        for values in catalog()[name].examples:
            table = both.query(name, **values)
            found = answer(state, f"/api/{name}", *texts(values))
            assert found["rows"] == table.to_dicts(), name
            schemas[name].validate(found)
    for name, values in (
        ("hierarchy/descendants", {"region": "hOc1"}),
        ("feature/list", {}),
        ("release/spaces", {"release": "julich brain 3.0.3"}),
        ("map/of-region", {"region": "hOc1 left"}),
    ):
        table = both.query(name, **values)
        assert len(table) > 0
        assert answer(state, f"/api/{name}", *texts(values))["rows"] == table.to_dicts()


@pytest.mark.mirror
def test_names_that_stand_for_nothing_or_for_several_things(both: KnowledgeGraph) -> None:
    state = State(both, ServerOptions(), "0")
    told = refused(asked(state, "/api/hierarchy/descendants", ("region", "Postcentral gyrus")), 422)
    assert told["type"].endswith("/ambiguous-name")
    assert told["parameter"] == "region"
    assert {c["iri"].rpartition("/id/region/")[2] for c in told["candidates"]} == {
        "aal1-spm12-v4/post",
        "jba-v3.1/postcentral-gyrus",
    }
    for candidate in told["candidates"]:
        assert answer(state, "/api/hierarchy/descendants", ("region", candidate["iri"]))["total"] > 0
    told = refused(asked(state, "/api/hierarchy/descendants", ("region", "hOc1x")), 422)
    assert told["type"].endswith("/no-such-name")
    assert told["expected"] == "the name of a region, an IRI, or a CURIE"


# -- paging -----------------------------------------------------------------------------------------------------------


def test_pages_lead_from_one_to_the_next_and_are_the_whole(state: State, kg: KnowledgeGraph) -> None:
    name = "graph/classes"
    whole = kg.query(name).to_dicts()
    for path in (f"/api/{name}", f"/api/{name}.csv"):
        reply, got, pages = asked(state, path, ("limit", "2")), [], 0
        while True:
            pages += 1
            body = reply.body
            assert isinstance(body, bytes)
            read = csv.DictReader(io.StringIO(body.decode())) if path.endswith("csv") else json.loads(body)["rows"]
            got += list(read)
            assert dict(reply.headers)["X-Total-Count"] == str(len(whole))
            if "next" not in linked(reply):
                break
            reply = follow(state, linked(reply)["next"])
        assert [row[next(iter(row))] for row in got] == [str(row[next(iter(row))]) for row in whole]
        assert pages == (len(whole) + 1) // 2 > 1
        assert "prev" in linked(reply)


@given(st.integers(0, 30), st.integers(0, 40), st.integers(0, 40))
def test_links_stay_within_the_answer_and_cover_it(limit: int, offset: int, total: int) -> None:
    shown = max(0, min(limit, total - offset))
    found = links(Page(limit, offset), shown, total)
    assert ("next" in found) == (limit > 0 and offset + limit < total)
    assert ("prev" in found) == (limit > 0 and offset > 0)
    if "last" in found:
        assert found["last"].offset < total <= found["last"].offset + limit


def test_a_template_with_limit_and_offset_of_its_own_pages_in_the_engine(state: State, kg: KnowledgeGraph) -> None:
    table = kg.query("node/in", node=IRI("urn:t:R"))
    assert len(table) > 3
    node = ("node", "<urn:t:R>")
    first = answer(state, "/api/node/in", node, ("limit", "2"))
    assert "LIMIT 2 OFFSET 0" in first["sparql"]
    assert first["total"] is None
    assert first["rows"] == kg.query("node/in", node=IRI("urn:t:R"), limit=2).to_dicts()
    got, reply = list(first["rows"]), asked(state, "/api/node/in", node, ("limit", "2"))
    while "next" in linked(reply):
        reply = follow(state, linked(reply)["next"])
        got += json.loads(reply.body)["rows"]  # type: ignore[arg-type]
    assert got == table.to_dicts()


def test_an_answer_above_the_limit_is_refused_and_can_be_had_in_pages(kg: KnowledgeGraph) -> None:
    name = "graph/classes"
    number = len(kg.query(name))
    assert number >= 4
    state = State(kg, ServerOptions(max_rows=3), "0")
    told = refused(asked(state, f"/api/{name}"), 422)
    assert told["type"].endswith("/row-limit")
    assert told["limit"] == 3
    assert refused(asked(state, f"/api/{name}", ("limit", "4")), 422)["parameter"] == "limit"
    got = []
    for offset in range(0, number, 3):
        page = answer(state, f"/api/{name}", ("limit", "3"), ("offset", str(offset)))
        assert page["total"] == number
        got += page["rows"]
    assert got == kg.query(name).to_dicts()


def test_the_rows_of_an_answer_are_kept_for_its_next_page(kg: KnowledgeGraph, monkeypatch: pytest.MonkeyPatch) -> None:
    state = State(kg, ServerOptions(), "0")
    answer(state, "/api/graph/classes", ("limit", "2"))
    monkeypatch.setattr(kg, "store", None)
    assert len(answer(state, "/api/graph/classes", ("limit", "2"), ("offset", "2"))["rows"]) == 2


# -- what is refused --------------------------------------------------------------------------------------------------

DESCENDANTS, POINT = "/api/hierarchy/descendants", "/api/feature/at-point"


@pytest.mark.parametrize(
    ("path", "pairs", "parameter", "words"),
    [
        (DESCENDANTS, [], "region", "is missing; it wants the name of a region"),
        (DESCENDANTS, [("region", "")], "region", "is not the name of a region"),
        (DESCENDANTS, [("region", "<urn:t:r>"), ("region", "<urn:t:r>")], "region", "it takes one"),
        (DESCENDANTS, [("region", "<urn:t:r>"), ("side", "left")], "side", "it takes region, hemispheres"),
        (DESCENDANTS, [("region", "<urn:t:r>"), ("hemispheres", "yes")], "hemispheres", "'yes' is not true or false"),
        (DESCENDANTS, [("region", "<urn:t:r>"), ("hemispheres", "")], "hemispheres", "is not true or false"),
        (DESCENDANTS, [("region", "\ud800")], "region", "is not"),
        (DESCENDANTS, [("region", "<urn:t:r>"), ("limit", "-1")], "limit", "from 0 to 100000"),
        (DESCENDANTS, [("region", "<urn:t:r>"), ("limit", "1e3")], "limit", "is not a number of rows"),
        (DESCENDANTS, [("region", "<urn:t:r>"), ("limit", "١")], "limit", "is not a number of rows"),
        (DESCENDANTS, [("region", "<urn:t:r>"), ("limit", "1"), ("limit", "2")], "limit", "2 values"),
        (DESCENDANTS, [("region", "<urn:t:r>"), ("offset", "9" * 40)], "offset", "is not a number of rows"),
        ("/api/region/by-label", [("release", "urn:t:R"), ("label", "1.0")], "label", "'1.0' is not an integer"),
        ("/api/region/by-label", [("release", "urn:t:R"), ("label", "9" * 19)], "label", "is not an integer"),
        ("/api/region/by-label", [("release", "urn:t:R"), ("label", "1_0")], "label", "is not an integer"),
        ("/api/atlas/list", [("x", "1")], "x", "it takes none"),
        *((POINT, [("space", "urn:t:S"), ("x", x), ("y", "0"), ("z", "0")], "x", "is not a number")
          for x in ("nan", "inf", "1e99", "1,5", "", "0x1", "1" * 60)),
    ],
)  # fmt: skip
def test_a_parameter_that_is_wrong_is_named(
    state: State, path: str, pairs: list[tuple[str, str]], parameter: str, words: str
) -> None:
    told = refused(asked(state, path, *pairs), 422)
    assert told["parameter"] == parameter
    assert words in told["detail"]
    if parameter not in PAGING:
        assert {p["name"] for p in told["parameters"]} == {p.name for p in catalog()[path[5:]].parameters}


def test_an_unknown_template_names_the_nearest_and_none_that_calls_others(state: State) -> None:
    told = refused(asked(state, "/api/hierarchy/descendant"), 404)
    assert told["nearest"][0] == "hierarchy/descendants"
    refused(asked(state, "/api/" + "x" * 5000), 404)
    refused(asked(state, "/api/../check/blank-node"), 404)
    for name in catalog():
        if name.startswith("federate/"):
            assert all(not n.startswith("federate/") for n in refused(asked(state, f"/api/{name}"), 404)["nearest"])


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b"{", "application/json", 400),
        (b"[1]", "application/json", 400),
        (b"[" * 100_000, "application/json", 400),
        (b"\xff", "application/json", 400),
        (b"region=hOc1", "application/x-www-form-urlencoded", 415),
        (b"{}", "", 415),
        (b'{"region": 1}', "application/json", 422),
        (b'{"region": null}', "application/json", 422),
        (b'{"region": ["<urn:t:r>"]}', "application/json", 422),
        (b'{"region": "<urn:t:r>", "hemispheres": "true"}', "application/json", 422),
        (b'{"region": "<urn:t:r>", "limit": true}', "application/json", 422),
        (b'{"region": "<urn:t:r>", "limit": null}', "application/json", 422),
        (b'{"region": "<urn:t:r>", "format": {}}', "application/json", 406),
    ],
)
def test_a_body_that_is_wrong_is_refused(state: State, body: bytes, kind: str, status: int) -> None:
    headers = {**JSON, "content-type": kind}
    request = Request("POST", DESCENDANTS, (), headers, body)
    with pytest.raises(Refused) as error:
        call(request)
    assert error.value.status == status


def test_a_body_gives_what_the_address_gives(state: State) -> None:
    body = b'{"region": "<urn:t:r>", "hemispheres": true, "limit": 1.0}'
    request = Request("POST", DESCENDANTS, (), {**JSON, "content-type": "application/json; charset=utf-8"}, body)
    job = call(request)
    found = json.loads(rows(state, job.payload).body)  # type: ignore[arg-type]
    assert found == answer(state, DESCENDANTS, ("region", "<urn:t:r>"), ("hemispheres", "true"), ("limit", "1"))
    assert len(found["rows"]) == 1


def test_forms_are_chosen_by_suffix_then_format_then_accept(state: State) -> None:
    path = "/api/atlas/list"
    kinds = {
        (path, "*/*", ""): "application/json",
        (path, "text/csv", ""): "text/csv; charset=utf-8",
        (path, "text/csv;q=0.1, text/tab-separated-values", ""): "text/tab-separated-values; charset=utf-8",
        (path, "text/html,application/xhtml+xml,*/*;q=0.8", ""): "text/html; charset=utf-8",
        (path, "text/html", "csv"): "text/csv; charset=utf-8",
        (path + ".rq", "text/html", "csv"): "application/sparql-query; charset=utf-8",
    }
    for (where, accept, form), kind in kinds.items():
        pairs = [("format", form)] if form else []
        assert asked(state, where, *pairs, headers={"accept": accept}).media_type == kind
    told = refused(asked(state, path, headers={"accept": "image/png"}), 406)
    assert "application/json" in told["available"]
    refused(asked(state, path, ("format", "xlsx")), 406)
    etags = {call(Request("GET", path, (("format", f),))).etag for f in ("json", "csv", "tsv", "rq", "html")}
    assert len(etags) == 5


# -- pages ------------------------------------------------------------------------------------------------------------


class Shown(html.parser.HTMLParser):
    """What stands on a page: links, form fields, text; and what must not: scripts in the page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.fields: dict[str, list[str]] = {}
        self.scripts = 0
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        if tag == "a":
            self.links.append(found.get("href") or "")
        if tag in ("input", "select"):
            self.fields.setdefault(found.get("name") or "", []).append(found.get("value") or "")
        self.scripts += tag == "script" and "src" not in found


def page(reply: Reply) -> tuple[str, Shown]:
    assert isinstance(reply.body, bytes)
    assert reply.media_type == "text/html; charset=utf-8"
    assert "script-src 'self'" in dict(reply.headers)["Content-Security-Policy"]
    text = reply.body.decode()
    return text, Shown(text)


BROWSER = {"accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


def test_a_form_asks_and_shows_the_answer_without_scripts(state: State) -> None:
    _, empty = page(asked(state, DESCENDANTS, headers=BROWSER))
    assert {"region", "hemispheres", "limit", "format"} <= empty.fields.keys()
    # What a browser sends: every field, also the empty ones.
    pairs = [("region", "<urn:t:r>"), ("hemispheres", ""), ("limit", "1"), ("format", "html")]
    text, shown = page(asked(state, DESCENDANTS, *pairs))
    assert shown.fields["region"] == ["<urn:t:r>"]
    assert "r left" in text
    assert "r right" not in text
    assert f"{URL}/api/hierarchy/descendants.html?region=%3Curn%3At%3Ar%3E&limit=1&offset=1" in shown.links
    assert "/api/hierarchy/descendants.csv?region=%3Curn%3At%3Ar%3E" in shown.links
    assert shown.scripts == 0


def test_what_is_wrong_is_told_on_the_page_and_written_as_text(state: State) -> None:
    hostile = '"><script>alert(1)</script>'
    reply = asked(state, DESCENDANTS, ("region", hostile), headers=BROWSER)
    text, shown = page(reply)
    assert reply.status == 422
    assert "<script>alert" not in text
    assert shown.scripts == 0
    assert shown.fields["region"] == [hostile]
    assert asked(state, DESCENDANTS, ("x", "1"), headers=BROWSER).status == 422


def test_every_template_has_a_form_and_is_on_the_list_and_in_the_documentation(state: State) -> None:
    for handler, path in ((templates, "/api"), (docs, "/api/docs")):
        job = handler(Request("GET", path, (), BROWSER))
        _, shown = page(openapi(state, job.payload))
        wanted = {f"/api/{n}" for n in OFFERED}
        assert wanted <= {link.partition("?")[0].removesuffix(".html") for link in shown.links}
    for name in OFFERED:
        _, shown = page(asked(state, f"/api/{name}.html"))
        assert {p.name for p in catalog()[name].parameters} - set(PAGING) <= shown.fields.keys(), name


# -- OpenAPI ----------------------------------------------------------------------------------------------------------


def references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"]
        for one in value.values():
            yield from references(one)
    elif isinstance(value, list):
        for one in value:
            yield from references(one)


def answers_by_name(whole: dict[str, Any]) -> dict[str, jsonschema.Draft202012Validator]:
    """Give what validates the JSON answers of each template."""
    found = {}
    for name in OFFERED:
        content = whole["components"]["responses"][operation_id(name)]["content"]
        schema = {**content["application/json"]["schema"], "components": whole["components"]}
        found[name] = jsonschema.Draft202012Validator(schema)
    return found


@pytest.fixture(scope="module")
def whole() -> dict[str, Any]:
    found = json.loads(json.dumps(document(URL, ServerOptions())))
    assert isinstance(found, dict)
    return found


def test_the_openapi_document_is_whole(whole: dict[str, Any]) -> None:
    assert whole["openapi"] == "3.1.0"
    assert set(whole["paths"]) == {"/api", *(f"/api/{name}" for name in OFFERED)}
    for reference in references(whole):
        at: Any = whole
        for step in reference.removeprefix("#/").split("/"):
            at = at[step]
    operations = [operation for path in whole["paths"].values() for operation in path.values()]
    names = [operation["operationId"] for operation in operations]
    assert len(set(names)) == len(names)
    assert all(name.isidentifier() for name in names)
    tags = {tag["name"] for tag in whole["tags"]}
    assert {tag for operation in operations for tag in operation.get("tags", [])} == tags
    for name, path in whole["paths"].items():
        if name == "/api":
            continue
        parameters = path["get"]["parameters"]
        assert all("$ref" in p or (p["in"] == "query" and p["schema"]) for p in parameters)
        jsonschema.Draft202012Validator.check_schema(
            path["post"]["requestBody"]["content"]["application/json"]["schema"]
        )
        template = catalog()[name.removeprefix("/api/")]
        body = path["post"]["requestBody"]["content"]["application/json"]
        required = {p["name"] for p in parameters if p.get("required")}
        assert required == {p.name for p in template.parameters if p.required}
        assert required == set(body["schema"].get("required", []))
        validator = jsonschema.Draft202012Validator({**body["schema"], "components": whole["components"]})
        for example in body["examples"].values():
            validator.validate(example["value"])
    for schema in whole["components"]["schemas"].values():
        jsonschema.Draft202012Validator.check_schema(schema)


def test_answers_and_problems_are_what_the_document_says(state: State, whole: dict[str, Any]) -> None:
    for name, validator in answers_by_name(whole).items():
        for values in catalog()[name].examples:
            validator.validate(answer(state, f"/api/{name}", *texts(values)))
    problem = jsonschema.Draft202012Validator(whole["components"]["schemas"]["Problem"])
    for pairs in ([], [("region", "nobody")], [("x", "1")], [("region", "<urn:t:r>"), ("limit", "x")]):
        problem.validate(refused(asked(state, DESCENDANTS, *pairs), 422))


def test_paging_parameters_mean_the_same_everywhere() -> None:
    for name in OFFERED:
        own = {p.name: p for p in catalog()[name].parameters if p.name in PAGING}
        assert set(own) in (set(), {"limit", "offset"}), name
        assert all(p.type == "integer" and not p.required for p in own.values())


@given(st.decimals(-(10**12), 10**12, places=6))
def test_a_decimal_of_an_address_is_the_number_of_python(number: Decimal) -> None:
    template = catalog()["feature/at-point"]
    from siibra_kg.server.api.values import from_pairs, python_values

    read = python_values(template, from_pairs(template, [("space", "urn:t:S"), *((k, str(number)) for k in "xyz")]))
    if "E" not in str(number):
        assert read["x"] == number


# -- over HTTP --------------------------------------------------------------------------------------------------------

CHECKS = (
    "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance,"
    "negative_data_rejection"
)


def schemathesis(served: str, folder: Path, *options: str) -> None:
    """Let schemathesis ask a server; the same requests each time."""
    tool = Path(sys.executable).with_name("schemathesis")
    command = [tool, "run", f"{served}/openapi.json", "--checks", CHECKS, "--seed", "1", "--no-color", *options]
    done = subprocess.run(command, capture_output=True, text=True, cwd=folder, check=False, timeout=1500)
    assert done.returncode == 0, done.stdout[-5000:] + done.stderr[-2000:]
    assert "0 generated" not in done.stdout


@pytest.mark.server
@pytest.mark.slow
def test_schemathesis_finds_nothing(served: str, tmp_path: Path) -> None:
    # One template for each kind of parameter: name, boolean, many, integer, decimal, optional, own paging.
    some = "hierarchy/descendants|region/by-(key|label)|feature/at-point|node/in"
    where = ("--include-path-regex", f"^/api/({some})$")
    schemathesis(served, tmp_path, *where, "--phases", "examples,coverage,fuzzing", "--max-examples", "3")


@pytest.mark.server
@pytest.mark.long
def test_schemathesis_finds_nothing_in_any_template(served: str, tmp_path: Path) -> None:
    schemathesis(served, tmp_path, "--phases", "examples,coverage,fuzzing", "--max-examples", "20")


# -- the documentation ------------------------------------------------------------------------------------------------

DOCS = Path(__file__).parent.parent / "docs" / "rest.md"


@pytest.mark.mirror
@pytest.mark.server
def test_the_examples_of_the_documentation_run(both_snapshot: Snapshot) -> None:
    fenced = re.compile(r"^```(sh|py)\n(.*?)^```\n(?:```text\n(.*?)^```$)?", re.MULTILINE | re.DOTALL)
    blocks = fenced.findall(DOCS.read_text("utf-8"))
    assert {kind for kind, _, _ in blocks} == {"sh", "py"}
    with serving(both_snapshot.path) as server:
        for kind, text, expected in blocks:
            code = text.replace("http://127.0.0.1:7687", server.url)
            if kind == "py":
                exec(compile(code, str(DOCS), "exec"), {})
                continue
            done = subprocess.run(["bash", "-c", code], capture_output=True, text=True, check=True)
            assert doctest.OutputChecker().check_output(expected, done.stdout + "\n", FLAGS), (code, done.stdout)
