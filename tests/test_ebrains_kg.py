"""The EBRAINS Knowledge Graph as a source: pages, revisions, failures, against a stand-in with its recorded shapes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import settings as settings_of_hypothesis
from hypothesis import strategies as st

from siibra_kg.config import Settings
from siibra_kg.data_errors import ServiceError
from siibra_kg.errors import NetworkDisabled, SourceError
from siibra_kg.jsonld import Converter
from siibra_kg.sources import resolve
from siibra_kg.sources.ebrains_kg import pull as pulling
from siibra_kg.sources.ebrains_kg.instances import cleaned, uuid_of
from siibra_kg.sources.ebrains_kg.kinds import taken
from siibra_kg.sources.ebrains_kg.shelf import Shelf
from tests.kg_instances import META, NAMESPACE, NEW, dataset, instance, iri, licence, link, many, uid
from tests.servers.kg_stub import Stub, serve

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parent.parent
BASE = "https://w3id.org/siibra-kg/"


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Log in with the token that the stand-in accepts, and never wait."""
    for name in ("KG_TOKEN", "KG_CLIENT_ID", "KG_CLIENT_SECRET", "KG_CLIENT_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("KG_AUTH_TOKEN", "good")
    monkeypatch.setattr("siibra_kg.web.login.chain.kept", lambda *_: None)
    monkeypatch.setattr("siibra_kg.sources.ebrains_kg.service.time.sleep", lambda _: None)


@pytest.fixture
def stub() -> Iterator[Stub]:
    with serve(Stub([licence(), *dataset("one"), *dataset("two")])) as running:
        yield running


def settings(stub: Stub, folder: Path, **more: Any) -> Settings:
    more = {"timeout": 5.0, "ebrains_host": stub.host, **more}
    return Settings(home=folder / "home", cache=folder / "cache", **more)


def pulled(stub: Stub, folder: Path, spec: str = "kg", **more: Any) -> dict[str, dict[str, Any]]:
    """Read the source: documents by path."""
    source = resolve(spec, settings(stub, folder, **more))
    return {d.path: json.loads(d.data) for d in source.documents()}


def paths(instances: list[dict[str, Any]]) -> list[str]:
    return sorted(f"{i['@type'][0].rpartition('/')[2]}/{uuid_of(i['@id'])}.jsonld" for i in instances)


def test_every_instance_comes_once_in_the_order_of_paths(stub: Stub, tmp_path: Path) -> None:
    found = pulled(stub, tmp_path)
    assert list(found) == paths(stub.instances)
    assert all(token not in " ".join(stub.log) for token in ("good", "Bearer"))


def test_what_a_document_says_is_what_the_instance_says_without_its_editors(stub: Stub, tmp_path: Path) -> None:
    name = f"DatasetVersion/{uid('one v1')}.jsonld"
    document = pulled(stub, tmp_path)[name]
    told = Converter(BASE).convert(name, json.dumps(document).encode())
    lines = told.ntriples.decode()
    me = f"<{iri('one v1')}>"
    assert f'{me} <{NEW}props/fullName> "Data of one" .' in lines
    assert f"{me} <{NEW}props/usageCondition> <{iri('cc by')}> ." in lines
    assert f'{me} <{META}revision> "_{uid("one v1")[:6]}---" .' in lines
    assert "cafe" not in lines
    assert "draft" not in lines
    assert "hash" not in lines


def test_the_direct_way_and_a_json_ld_processor_give_the_same_triples() -> None:
    for each in [*dataset("one", link("a", "b")), instance("x", "core/Person", old=True, givenName="A", also=(NEW,))]:
        document = cleaned(each, taken().left_out)
        general = {key: value for key, value in document.items() if key != "@context"}
        direct = Converter(BASE).convert("d", json.dumps(document).encode())
        assert direct.ntriples == Converter(BASE).convert("d", json.dumps(general).encode()).ntriples
        assert direct.ntriples.count(b"\n") > 4


def test_links_that_are_uuids_alone_are_links_to_instances(tmp_path: Path) -> None:
    graphs = []
    for bare in (False, True):
        with serve(Stub([licence(), *dataset("one", link("a", "b"))], bare=bare)) as stub:
            found = pulled(stub, tmp_path / str(bare))
            converter = Converter(BASE)
            graphs.append(sorted(converter.convert(p, json.dumps(d).encode()).ntriples for p, d in found.items()))
    assert graphs[0] == graphs[1]
    assert f"<{NEW}props/studyTarget> <{iri('a')}>".encode() in b"".join(graphs[1])


@pytest.mark.parametrize("cap", [1, 2, 3, 1000])
def test_a_service_that_gives_smaller_pages_than_asked_for_is_read_to_its_end(tmp_path: Path, cap: int) -> None:
    instances = [licence(), *(i for n in range(5) for i in dataset(f"d{n}"))]
    with serve(Stub(instances, cap=cap)) as stub:
        assert list(pulled(stub, tmp_path)) == paths(instances)


def test_a_service_that_refuses_large_pages_is_asked_for_smaller_ones(tmp_path: Path) -> None:
    instances = many(400)
    with serve(Stub(instances, refuses=100)) as stub:
        assert list(pulled(stub, tmp_path)) == paths(instances)
        sizes = [int(line.partition("size=")[2].partition("&")[0]) for line in stub.log if "/instances?" in line]
    assert pulling.PAGE in sizes
    assert sizes.count(pulling.PAGE) <= 7  # once for each type, not for each page


@pytest.mark.parametrize("fault", ["429", "500", "503", "half"])
def test_a_passing_failure_is_tried_again(stub: Stub, tmp_path: Path, fault: str) -> None:
    stub.faults = {"/instances?": (fault, 2)}
    assert list(pulled(stub, tmp_path)) == paths(stub.instances)


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ("429", "answered 429 (tried 4 times)"),
        ("500", "answered 500 (tried 4 times)"),
        ("403", "may not read"),
        ("html", "a web page"),
        ("empty", "an empty page after 0 of 9"),
        ("null", "no data"),
        ("error", "the database is away"),
    ],
)
def test_a_lasting_failure_is_one_sentence_and_leaves_nothing(
    stub: Stub, tmp_path: Path, fault: str, said: str
) -> None:
    stub.faults = {"/instances?": (fault, 1000)}
    with pytest.raises(SourceError) as caught:
        pulled(stub, tmp_path)
    assert said in str(caught.value)
    assert stub.host in str(caught.value) or fault in ("empty", "null")
    assert not list(tmp_path.rglob("*.jsonl"))
    stub.faults = {}
    assert list(pulled(stub, tmp_path)) == paths(stub.instances)


def test_a_service_that_hangs_is_given_up(stub: Stub, tmp_path: Path) -> None:
    stub.faults = {"/types": ("hang", 1000)}
    with pytest.raises(SourceError, match=r"no answer within 0\.3 seconds"):
        pulled(stub, tmp_path, timeout=0.3)


def test_a_pull_goes_on_where_it_was_interrupted(tmp_path: Path) -> None:
    instances = [licence(), *(i for n in range(9) for i in dataset(f"d{n}"))]
    with serve(Stub(instances, cap=2, faults={"DatasetVersion&returnEmbedded=true&from=4": ("403", 1)})) as stub:
        with pytest.raises(SourceError):
            pulled(stub, tmp_path)
        before = [line for line in stub.log if "DatasetVersion" in line]
        stub.log.clear()
        assert list(pulled(stub, tmp_path)) == paths(instances)
        after = [line for line in stub.log if "/instances?" in line and "DatasetVersion" in line]
    assert len(before) == 3
    assert [line.partition("from=")[2].partition("&")[0] for line in after] == ["4", "6", "8"]


def test_a_list_that_changes_between_two_pages_is_read_anew(tmp_path: Path) -> None:
    instances = [licence(), *(i for n in range(4) for i in dataset(f"d{n}"))]
    with serve(Stub(instances, cap=2, faults={"DatasetVersion&returnEmbedded=true&from=2": ("403", 1)})) as stub:
        with pytest.raises(SourceError):
            pulled(stub, tmp_path)
        # The first page has two versions, of which one is withdrawn before the next is asked for; another one is new.
        stub.instances = [licence(), *(i for n in (1, 2, 3, 8) for i in dataset(f"d{n}"))]
        stub.pages.clear()
        assert list(pulled(stub, tmp_path)) == paths(stub.instances)
        stub.instances = stub.instances[:-5]


def test_a_second_pull_asks_for_what_has_another_revision_alone(stub: Stub, tmp_path: Path) -> None:
    pulled(stub, tmp_path)
    stub.log.clear()
    assert list(pulled(stub, tmp_path)) == paths(stub.instances)
    assert not [line for line in stub.log if "/instances" in line]
    version = next(i for i in stub.instances if i["@id"] == iri("one v1"))
    version |= {f"{META}revision": "_new", f"{NEW}props/fullName": "Another name"}
    stub.instances = [i for i in stub.instances if i["@id"] != iri("two file")] + dataset("three")[:1]
    stub.log.clear()
    found = pulled(stub, tmp_path)
    assert list(found) == paths(stub.instances)
    assert found[f"DatasetVersion/{uid('one v1')}.jsonld"][f"{NEW}props/fullName"] == "Another name"
    assert [line.split("?")[0] for line in stub.log if "/instances" in line] == ["POST /v3/instancesByIds"]


@given(st.data())
@settings_of_hypothesis(max_examples=20, deadline=None)
def test_a_file_cut_off_at_any_byte_is_never_taken_for_whole(data: st.DataObject) -> None:
    with tempfile.TemporaryDirectory() as folder, serve(Stub([licence(), *dataset("one")])) as stub:
        place = Path(folder)
        first = pulled(stub, place)
        files = sorted(place.rglob("*.jsonl"))
        file = data.draw(st.sampled_from(files))
        whole = file.read_bytes()
        cut = data.draw(st.integers(0, len(whole) - 1))
        file.write_bytes(whole[:cut])
        with pytest.raises(SourceError, match=r"cut off|damaged"):
            pulled(stub, place, offline=True)
        assert pulled(stub, place) == first


@pytest.mark.parametrize("cut", [0, 1, 100, -1, -2, -20])
def test_a_page_cut_off_is_asked_for_again(tmp_path: Path, cut: int) -> None:
    instances = [licence(), *(i for n in range(6) for i in dataset(f"d{n}"))]
    with serve(Stub(instances, cap=2, faults={"DatasetVersion&returnEmbedded=true&from=4": ("403", 1)})) as stub:
        with pytest.raises(SourceError):
            pulled(stub, tmp_path)
        page = sorted(tmp_path.rglob("DatasetVersion.pages/*.jsonl"))[1]
        page.write_bytes(page.read_bytes()[:cut])
        assert list(pulled(stub, tmp_path)) == paths(instances)


def test_a_service_without_queries_is_read_whole_each_time(stub: Stub, tmp_path: Path) -> None:
    stub.queries = False
    pulled(stub, tmp_path)
    stub.instances.append(instance("new", "License", shortName="new"))
    stub.pages.clear()
    assert list(pulled(stub, tmp_path)) == paths(stub.instances)


def test_two_pulls_give_the_same_bytes_and_the_same_description(stub: Stub, tmp_path: Path) -> None:
    infos = []
    for folder in ("a", "b"):
        source = resolve("kg", settings(stub, tmp_path / folder))
        assert len(list(source.documents())) == 11
        infos.append(source.info())
        stub.instances.reverse()
        stub.pages.clear()
    assert infos[0] == infos[1]
    assert infos[0].graph == "graph/kg/released"
    assert infos[0].revision == "2024-03-23T10:09:30.130Z"
    assert infos[0].version == "RELEASED"


def test_other_stages_have_graphs_of_their_own(stub: Stub, tmp_path: Path) -> None:
    source = resolve("kg@in_progress", settings(stub, tmp_path))
    list(source.documents())
    assert source.info().graph == "graph/kg/in-progress"
    assert all("stage=IN_PROGRESS" in line for line in stub.log)


def test_a_type_of_too_many_instances_waits_to_be_asked_for(
    stub: Stub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    few = type(taken())(taken().names, 1, taken().left_out)
    monkeypatch.setattr("siibra_kg.sources.ebrains_kg.source.taken", lambda: few)
    source = resolve("kg+File", settings(stub, tmp_path))
    kinds = {d.path.partition("/")[0] for d in source.documents()}
    assert kinds == {"File", "License"}
    assert "kg+DatasetVersion" in next(s.reason for s in source.set_aside() if s.path == "DatasetVersion")


def test_an_instance_without_identity_is_set_aside(stub: Stub, tmp_path: Path) -> None:
    stub.instances += [
        {"@id": "https://example.org/x", "@type": [f"{NEW}types/License"]},
        {"@type": [f"{NEW}types/DOI"]},
    ]
    source = resolve("kg", settings(stub, tmp_path))
    assert len(list(source.documents())) == 11
    assert len(source.set_aside()) == 2


def test_without_the_network_an_earlier_pull_serves(stub: Stub, tmp_path: Path) -> None:
    with pytest.raises(NetworkDisabled, match="SIIBRA_KG_OFFLINE"):
        pulled(stub, tmp_path, offline=True)
    first = pulled(stub, tmp_path)
    stub.log.clear()
    assert pulled(stub, tmp_path, offline=True) == first
    folder = next(tmp_path.rglob("index.json")).parent
    assert pulled(stub, tmp_path / "other", spec=f"kg={folder}", offline=True) == first
    assert not stub.log
    mirrored = tmp_path / "mirror" / stub.host.replace(":", "_") / "v3"
    mirrored.mkdir(parents=True)
    folder.rename(mirrored / "RELEASED")
    assert pulled(stub, tmp_path / "third", mirror=str(tmp_path / "mirror")) == first
    assert not stub.log
    with pytest.raises(NetworkDisabled, match="SIIBRA_KG_MIRROR"):
        pulled(stub, tmp_path / "fourth", mirror=str(tmp_path), ebrains_host="core.kg.ebrains.eu")
    assert pulled(stub, tmp_path / "fifth", mirror=str(tmp_path)) == first  # this machine is not the web


@pytest.mark.parametrize("spec", ["kg@PUBLISHED", "kg+Nothing", "kg@", "kg="])
def test_an_unknown_form_is_refused_with_those_that_there_are(spec: str, tmp_path: Path) -> None:
    with pytest.raises(SourceError):
        list(resolve(spec, Settings(home=tmp_path, cache=tmp_path)).documents())


@pytest.mark.parametrize("host", ["localhost@evil.org", "a b", "evil.org/x", "", "http://evil.org", "localhost:x"])
def test_a_host_that_is_none_is_refused(host: str, tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="EBRAINS_HOST"):
        list(resolve("kg", Settings(home=tmp_path, cache=tmp_path, ebrains_host=host)).documents())


def test_a_wrong_prefix_is_named(stub: Stub, tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="SIIBRA_KG_EBRAINS_PREFIX"):
        pulled(stub, tmp_path, ebrains_prefix="v9")


def test_the_real_client_and_ours_see_the_same_instances(stub: Stub, tmp_path: Path) -> None:
    from kg_core.kg import kg

    for bare in (False, True):
        stub.bare, stub.cap = bare, 2
        stub.pages.clear()
        ours = pulled(stub, tmp_path / str(bare))
        client = kg(host=stub.host).with_token("good").build()
        for kind in ("DatasetVersion", "Dataset", "DOI", "File", "FileRepository", "License"):
            theirs = list(client.instances.list(f"{NEW}types/{kind}").items())
            here = {path: document for path, document in ours.items() if path.startswith(f"{kind}/")}
            assert [f"{kind}/{i.uuid}.jsonld" for i in sorted(theirs, key=lambda i: str(i.uuid))] == list(here)
            for each in theirs:
                assert cleaned(dict(each), taken().left_out) == here[f"{kind}/{each.uuid}.jsonld"]
                again = client.instances.get_by_id(each.uuid).data
                assert again is not None
                assert cleaned(dict(again), taken().left_out) == here[f"{kind}/{each.uuid}.jsonld"]


def test_the_real_client_understands_our_query(stub: Stub) -> None:
    from kg_core.kg import kg

    client = kg(host=stub.host).with_token("good").build()
    body = pulling._question(pulling.Kind(f"{NEW}types/Dataset"))
    rows = list(client.queries.test_query(body).items())
    assert {row["id"] for row in rows} == {iri("one"), iri("two")}
    assert all(row["revision"].startswith("_") for row in rows)
    assert NAMESPACE


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 9) | st.text(max_size=8) | st.just(iri("a")),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["@id", "@type", "data", "total", "from", "id", "revision", pulling._IDENTIFIER]),
            inner,
            max_size=5,
        )
    ),
    max_leaves=12,
)


@given(st.lists(JSON, min_size=1, max_size=6))
@settings_of_hypothesis(max_examples=80, deadline=None)
def test_whatever_json_a_service_answers_is_instances_or_one_sentence(answers: list[Any]) -> None:
    told = [a if isinstance(a, dict) and "data" in a else {"data": [a], "total": 1, "from": 0} for a in answers]
    kinds = {"data": [{pulling._IDENTIFIER: f"{NEW}types/License"}], "total": 1, "from": 0}

    class Anything:
        def get(self, path: str, **_: str) -> dict[str, Any]:
            return kinds if path == "types" else told.pop(0) if len(told) > 1 else told[0]

        def post(self, path: str, _body: object, **_: str) -> dict[str, Any]:
            return self.get(path)

    with tempfile.TemporaryDirectory() as folder:
        shelf = Shelf(Path(folder))
        for _ in range(2):
            with suppress(ServiceError):
                pulling.Pull(Anything(), shelf, taken()).run()  # type: ignore[arg-type]
                assert all(uuid_of(json.loads(text)["@id"]) == uuid for uuid, text in shelf.instances("License"))


def test_the_command_builds_a_graph_of_it(stub: Stub, tmp_path: Path) -> None:
    environment = {"HOME": str(tmp_path), "PATH": os.environ["PATH"], "KG_AUTH_TOKEN": "good", "PYTHONPATH": str(ROOT)}
    environment |= {"SIIBRA_KG_EBRAINS_HOST": stub.host, "SIIBRA_KG_HOME": str(tmp_path / "home")}
    environment |= {"SIIBRA_KG_CACHE": str(tmp_path / "cache")}

    def run(*words: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "siibra_kg", *words]
        return subprocess.run(command, capture_output=True, text=True, env=environment, check=False, cwd=tmp_path)

    built = run("build", "--source", "kg")
    assert built.returncode == 0, built.stderr
    listed = run("query", "dataset/list", "--format", "csv")
    assert "Data of one,one,v1,2024-03-23" in listed.stdout
    del environment["KG_AUTH_TOKEN"]
    refused = run("build", "--source", "kg")
    assert refused.returncode == 2
    assert "set KG_AUTH_TOKEN" in refused.stderr
    assert "Traceback" not in refused.stderr
    assert run("query", "dataset/list", "--format", "csv").stdout == listed.stdout  # the graph before is as it was
