"""siibra's atlases: what it has of one species, beside openMINDS's atlases across their releases."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from siibra_kg import KnowledgeGraph

pytestmark = pytest.mark.mirror


def test_all_five_are_there_in_siibras_order(both: KnowledgeGraph, configurations: dict[str, Any]) -> None:
    documents = [d for path, d in configurations.items() if path.startswith("atlases/")]
    expected = [d["name"] for d in sorted(documents, key=lambda d: (d["order"], d["name"]))]
    assert len(expected) == 5
    assert [a.name for a in both.atlases()][-5:] == expected
    assert list(both.query("atlas/multilevel").column("name")) == expected


def test_each_has_the_parcellations_and_spaces_that_have_a_document(
    both: KnowledgeGraph, configurations: dict[str, Any]
) -> None:
    ids = {kind: {d["@id"]: d["name"] for path, d in configurations.items() if path.startswith(kind)}
           for kind in ("parcellations/", "spaces/")}  # fmt: skip
    for document in (d for path, d in configurations.items() if path.startswith("atlases/")):
        rows = both.query("atlas/parts", atlas=both.atlas(document["name"]))
        for kind, is_release in (("parcellations/", True), ("spaces/", False)):
            expected = sorted(ids[kind][i] for i in document[kind.rstrip("/")] if i in ids[kind])
            found = sorted(row.name for row in rows if row.is_release is is_release)
            assert len(found) == len(expected)
            assert len(both.atlas(document["name"]).parcellations) == sum(1 for row in rows if row.is_release)


@pytest.mark.parametrize(
    ("spec", "name"),
    [
        ("human", "Multilevel Human Atlas"),
        ("rat", "Waxholm Space atlas of the Sprague Dawley rat brain"),
        ("monkey", "Monkey Atlas"),
        ("marmoset", "Marmoset Atlas"),
        ("julich brain", "Julich-Brain Atlas"),
        ("JBA", "Julich-Brain Atlas"),
        ("Waxholm Space Rat Brain Atlas", "Waxholm Space Rat Brain Atlas"),
    ],
)
def test_a_species_is_siibras_word_for_an_atlas_and_a_whole_name_stays_openminds(
    both: KnowledgeGraph, spec: str, name: str
) -> None:
    assert both.atlas(spec).name == name


def test_julich_brain_3_1_is_among_the_human_parcellations(both: KnowledgeGraph) -> None:
    assert both.parcellation("julich 3.1") in both.atlas("human").parcellations
