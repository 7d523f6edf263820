"""Whom to cite: DOIs, licences, authors and datasets behind nodes and behind whole result sets, against the JSON."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from siibra_kg.questions.citations import Citation, Publication, Reference
from siibra_kg.terms import IRI

if TYPE_CHECKING:
    from siibra_kg import KnowledgeGraph

ENTRY = re.compile(r"^@misc\{([a-z0-9-]+),\n(.*?)\n\}\n$", re.DOTALL)


def test_an_entry_escapes_what_bibtex_takes_for_its_own() -> None:
    one = Publication("https://doi.org/10.1/A.b", "10.1/a.b", "50% of {CA1} & more", "T_1 #2", ("Ada L.", "Zoë M."))
    made = ENTRY.match(one.bibtex())
    assert made is not None
    assert made[1] == "10-1-a-b"
    assert r"title = {{50\% of \{CA1\} \& more}}" in made[2]
    assert r"note = {T\_1 \#2}" in made[2]
    assert "author = {Ada L. and Zoë M.}" in made[2]


def test_a_publication_of_which_only_the_doi_is_known_has_no_title_that_is_not_its_own() -> None:
    known = Publication("https://doi.org/10.1/x", "10.1/x")
    text = Citation((Reference(IRI("urn:a"), "An atlas", dois=("10.1/x",), publications=(known,)),)).bibtex()
    assert "title" not in text
    assert "note = {reference of An atlas}" in text


def test_two_references_to_one_publication_are_one_entry() -> None:
    known = Publication("https://doi.org/10.1/x", "10.1/x", "T")
    references = (
        Reference(IRI("urn:a"), "A", publications=(known,)),
        Reference(IRI("urn:b"), "B", publications=(known,)),
    )
    assert Citation(references).bibtex().count("@misc") == 1


@pytest.mark.mirror
def test_a_space_is_cited_with_the_publications_of_its_document(
    both: KnowledgeGraph, configurations: dict[str, Any]
) -> None:
    document = configurations["spaces/bigbrain_2015.json"]
    cited = both.cite(both.space("big brain"))
    texts = {p.text for p in cited.publications}
    assert {" ".join(p["citation"].split()) for p in document["publications"]} <= {" ".join(t.split()) for t in texts}
    assert "10.1126/science.1235381" in cited.dois


@pytest.mark.mirror
def test_authors_keep_their_order(both: KnowledgeGraph, configurations: dict[str, Any]) -> None:
    document = configurations["spaces/fsaverage.json"]
    (named,) = [p for p in document["publications"] if p.get("authors")][:1]
    (found,) = [p for p in both.cite(both.space("fsaverage")).publications if p.title == named["name"]]
    assert list(found.authors) == named["authors"]
    assert " and ".join(named["authors"]) in found.bibtex()


@pytest.mark.mirror
def test_a_result_set_is_cited_as_its_nodes_are(both: KnowledgeGraph) -> None:
    rows = both.query("feature/list").head(400)
    cited = both.cite(rows)
    assert len(cited.references) >= 100
    datasets = {d for r in cited for d in r.datasets}
    one_by_one = {d for iri in rows.column("iri")[:20] for r in both.cite(iri) for d in r.datasets}
    assert one_by_one
    assert one_by_one <= datasets


@pytest.mark.mirror
def test_matches_are_cited_through_their_features(both: KnowledgeGraph, configurations: dict[str, Any]) -> None:
    (match,) = both.features(both.region("hOc1", "julich 3.1"), "receptor fingerprint", anchoring="siibra")
    known = siibra_id(both, match.feature.iri)
    (document,) = [d for d in configurations.values() if d.get("@id") == known]
    assert {
        f"https://kg.ebrains.eu/api/instances/{u}"
        for k, u in document["ebrains"].items()
        if k.startswith("openminds/Dataset")
    } == {str(d) for r in both.cite(match) for d in r.datasets}
    assert both.cite([match, match]).references == both.cite(match).references


def siibra_id(kg: KnowledgeGraph, iri: IRI) -> str:
    """Give the id that siibra has for a node."""
    rows = kg.query("node/describe", node=iri)
    return next(str(row.value) for row in rows if row.property.endswith("/terms/identifier"))
