"""Opening a graph: what is built, what is found, what is refused."""

from __future__ import annotations

import pytest

import siibra_kg
from siibra_kg.config import Settings
from siibra_kg.errors import BadDocument, EndpointError, SnapshotError


@pytest.mark.slow
def test_the_first_open_builds_and_the_second_does_not(tmp_path):
    """With an empty home the embedded metadata become a snapshot, with progress; afterwards it is just opened."""
    settings = Settings(home=tmp_path / "home", cache=tmp_path / "cache", offline=True)
    steps = []
    with siibra_kg.open(settings=settings, progress=lambda step, done, _: steps.append((step, done))) as kg:
        assert kg.region("left amygdala", "AAL1").laterality == "left"
        first = kg.snapshot.path
    assert {step for step, _ in steps} >= {"rules", "write", "switch"}
    steps.clear()
    with siibra_kg.open(settings=settings, progress=lambda step, done, _: steps.append((step, done))) as kg:
        assert kg.snapshot.path == first
    assert not steps


def test_in_memory_gives_the_same_answers(full_snapshot):
    """The compressed graph in memory answers as the store on disk does."""
    with siibra_kg.open(full_snapshot.path) as disk, siibra_kg.open(full_snapshot.path, in_memory=True) as memory:
        ask = ("hierarchy/descendants",)
        region = disk.region("occipital lobe", "julich brain")
        assert disk.query(*ask, region=region).cells == memory.query(*ask, region=region).cells != ()


def test_an_rdf_file_can_be_asked(tmp_path):
    """An RDF file opens in memory and answers SPARQL."""
    (tmp_path / "a.ttl").write_text('<https://x.org/a> <http://www.w3.org/2004/02/skos/core#prefLabel> "a" .')
    with siibra_kg.open(tmp_path / "a.ttl") as kg:
        assert kg.sparql("SELECT ?name { ?s skos:prefLabel ?name }")[0].name.value == "a"


@pytest.mark.parametrize(
    ("place", "error"),
    [("no/such/folder", SnapshotError), (".", SnapshotError), ("http://127.0.0.1:9/sparql", EndpointError)],
)
def test_what_is_no_graph_is_refused(place, error, tmp_path, monkeypatch):
    """A folder without snapshot, nothing at all, a dead address: a typed error that names it."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(error) as caught:
        siibra_kg.open(place).info()
    assert place.strip(".") in str(caught.value)


def test_a_file_of_another_kind_is_refused(tmp_path):
    """A file that is no RDF is named."""
    (tmp_path / "a.txt").write_text("hello")
    with pytest.raises(BadDocument, match=r"a\.txt"):
        siibra_kg.open(tmp_path / "a.txt")


def test_an_iri_of_any_scheme_is_taken_as_it_is(full_snapshot):
    with siibra_kg.open(full_snapshot.path) as kg:
        assert "<urn:x:y>" in kg.explain("node/describe", node=siibra_kg.IRI("urn:x:y"))
        assert len(kg.query("node/describe", node=siibra_kg.IRI("urn:x:y"))) == 0
