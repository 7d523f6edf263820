"""Questions about the real graph: the facts that the tour shows, and that values agree with each other."""

from __future__ import annotations

from operator import attrgetter
from typing import TYPE_CHECKING

import pytest

from siibra_kg.questions import (
    citations,
    hierarchy,
    links,
    lookup,
    maps,
    naming,
    parcellations,
    provenance,
    regions,
    spaces,
    versions,
)
from siibra_kg.questions.ask import Asker
from siibra_kg.resources import folder
from siibra_kg.stores import open_store
from siibra_kg.templates import Catalog
from siibra_kg.terms import IRI

if TYPE_CHECKING:
    from collections.abc import Iterator

    from siibra_kg.build.snapshot import Snapshot
    from siibra_kg.model import Region

pytestmark = pytest.mark.mirror

REGION = "https://w3id.org/siibra-kg/id/region/"


@pytest.fixture(scope="module")
def ask(full_snapshot: Snapshot) -> Iterator[Asker]:
    with open_store(full_snapshot.store_path) as store:
        yield Asker(store, Catalog(folder("queries")))


@pytest.fixture(scope="module")
def hoc1(ask: Asker) -> Region:
    return lookup.region(ask, "hOc1", "julich brain")


def names(found: tuple[Region, ...]) -> list[str]:
    return [region.name for region in found]


def test_hoc1_lies_in_the_occipital_lobe(ask: Asker, hoc1: Region) -> None:
    above = ["occipital cortex", "occipital lobe", "cerebral cortex", "telencephalon", "brain"]
    assert names(hierarchy.ancestors(ask, hoc1)) == above
    assert hoc1.depth == len(above)
    assert hierarchy.parent(ask, hoc1) == hierarchy.ancestors(ask, hoc1)[0]
    assert hierarchy.parent(ask, hierarchy.ancestors(ask, hoc1)[-1]) is None


def test_the_occipital_lobe_has_ten_areas_in_four_cortices(ask: Asker) -> None:
    lobe = lookup.region(ask, "occipital lobe", "julich brain")
    parts = hierarchy.descendants(ask, lobe, hemispheres=False)
    assert len(parts) == 14
    assert names(parts[:4]) == [f"{w}occipital cortex" for w in ("dorsal ", "lateral ", "", "ventral ")]
    assert len(hierarchy.leaves(ask, lobe, hemispheres=False)) == 10
    assert len(hierarchy.leaves(ask, lobe)) == 20
    assert all(half.laterality for half in hierarchy.leaves(ask, lobe))


def test_hemispheres_are_children_of_their_region_and_contralateral_to_each_other(ask: Asker, hoc1: Region) -> None:
    left, right = hierarchy.children(ask, hoc1)
    assert (left.laterality, right.laterality) == ("left", "right")
    assert (left.is_leaf, hoc1.is_leaf, left.entity) == (True, False, hoc1.entity)
    assert hierarchy.contralateral(ask, left) == right
    assert hierarchy.contralateral(ask, right) == left
    assert hierarchy.contralateral(ask, hoc1) is None
    assert hierarchy.siblings(ask, left) == (right,)
    assert hierarchy.leaves(ask, left) == (left,)
    assert hierarchy.parent(ask, left) == hoc1


def test_the_common_ancestor_is_the_nearest_and_there_is_none_between_releases(ask: Asker, hoc1: Region) -> None:
    other = lookup.region(ask, "hOc5", "julich brain")
    shared = hierarchy.common_ancestor(ask, hoc1, other)
    assert shared is not None
    assert shared.name == "occipital lobe"
    assert hierarchy.common_ancestor(ask, hoc1, hoc1) == hoc1
    older = lookup.region(ask, "hOc1", "julich brain 2.9")
    assert hierarchy.common_ancestor(ask, hoc1, older) is None


def test_label_128_of_waxholm_v4(ask: Asker) -> None:
    for release in ("id/release/whssdatlas-v4", "omi:anatomicalAtlasVersion/WHSSDatlas_v4"):
        iri = naming.parcellation(ask, "waxholm v4").iri if release.startswith("id/") else lookup.as_iri(release)
        assert iri is not None
        (region,) = regions.by_label(ask, iri, 128)
        assert (region.name, region.color) == ("dorsal cochlear nucleus, deep core", "#C5EEFF")
    assert regions.by_label(ask, naming.parcellation(ask, "waxholm v4").iri, 100_000) == ()
    assert [r.iri for r in regions.by_color(ask, "#c5eeff", naming.parcellation(ask, "waxholm v4").iri)] == [region.iri]


def test_the_caudate_putamen_in_uberon_and_interlex(ask: Asker) -> None:
    node = lookup.resolve(ask, "caudate-putamen")
    found = {str(m.object) for m in links.mappings(ask, node)}
    assert {"http://purl.obolibrary.org/obo/UBERON_0005383", "http://uri.interlex.org/base/ilx_0101739"} <= found
    (uberon,) = links.mappings(ask, node, "UBERON")
    assert uberon.predicate.endswith("exactMatch")
    assert uberon.source is not None
    assert uberon.source.endswith("/graph/openminds/latest")
    back = ask.table("link/from-term", term="UBERON:0005383")
    assert node in back.column("iri")


def test_the_terms_of_a_region_come_through_its_entity(ask: Asker) -> None:
    cuneus = lookup.region(ask, "cuneus cortex", "DKA")
    (uberon,) = links.mappings(ask, cuneus.iri, "UBERON")
    assert (uberon.object, uberon.label) == (IRI("http://purl.obolibrary.org/obo/UBERON_0006092"), "cuneus cortex")
    assert uberon.predicate.endswith("relatedMatch")


def test_julich_brain_3_0_3_has_184_entities_in_each_volume_space(ask: Asker) -> None:
    release = naming.parcellation(ask, "jba-v3.0.3")
    rows = {row.space_name: row.entities for row in ask.table("release/spaces", release=release)}
    assert rows == {
        "BigBrain Model 2015": 35,  # 29 that openMINDS lists, and 6 that it has and forgot to list
        "FsAverage Surface Space 7": 140,
        "MNI Colin27 Average Brain 1998": 184,
        "MNI ICBM152 2009c nonlinear asymmetric": 184,
    }
    assert [s.name for s in spaces.of_parcellation(ask, release)] == sorted(rows)


def test_hoc1_exists_in_eleven_releases_oldest_first(ask: Asker, hoc1: Region) -> None:
    found = versions.of_region(ask, hoc1)
    ordered = parcellations.parcellations_of(ask, naming.atlas(ask, "julich").iri)
    assert [v.region.parcellation for v in found] == list(ordered)
    assert [len(v.spaces) for v in found] == [1, 2, 2, 2, 2, 1, 4, 4, 4, 4, 4]
    assert found[-1].region == hoc1
    assert found[-1].spaces == spaces.of_region(ask, hoc1)
    assert "openminds/latest" in found[0].reason
    assert "repair/version-of-stem" in found[-1].reason


def test_the_versions_of_a_hemisphere_are_hemispheres(ask: Asker, hoc1: Region) -> None:
    left = hierarchy.children(ask, hoc1)[0]
    found = versions.of_region(ask, left)
    assert len(found) == 11
    assert {v.region.laterality for v in found} == {"left"}
    assert found[-1].region == left


def test_a_region_without_entity_is_only_the_same_as_itself(ask: Asker) -> None:
    area = lookup.region(ask, "anterolateral visual area", "allen")
    (version,) = versions.of_region(ask, area)
    assert version.region == area
    assert [s.id for s in version.spaces] == ["AMB-CCF_v3"]


def test_changes_name_what_is_new_gone_and_renamed(ask: Asker) -> None:
    old, new = naming.parcellation(ask, "waxholm v3.01"), naming.parcellation(ask, "waxholm v4")
    forth, back = versions.changes(ask, old, new), versions.changes(ask, new, old)
    kinds = [{kind: list(t.column("change")).count(kind) for kind in ("new", "gone", "renamed")} for t in (forth, back)]
    assert (kinds[0]["new"], kinds[0]["gone"]) == (kinds[1]["gone"], kinds[1]["new"])
    assert kinds[0]["renamed"] == kinds[1]["renamed"]
    assert "striatum" in [row.name for row in forth if row.change == "gone"]
    assert len(versions.changes(ask, old, old)) == 0


def test_the_map_of_aal1_has_116_labels_of_which_90_are_regions(ask: Asker) -> None:
    (plain,) = maps.volumes(ask, release=naming.parcellation(ask, "AAL1").iri)
    volume = maps.with_labels(ask, plain)
    assert [entry.label for entry in volume.labels] == list(range(1, 117))
    assert sum(entry.region is not None for entry in volume.labels) == 90
    amygdala = lookup.region(ask, "left amygdala", "AAL1")
    (entry,) = [e for e in volume.labels if e.region == amygdala.iri]
    assert (entry.label, entry.code, entry.laterality) == (41, "4201", "left")
    assert regions.by_label(ask, naming.parcellation(ask, "AAL1").iri, 4201) == (amygdala,)
    (marked,) = maps.of_region(ask, amygdala)
    assert (marked.iri, marked.label, marked.region, marked.url) == (volume.iri, 41, amygdala.iri, volume.url)
    assert maps.of_region(ask, amygdala, kind="statistical") == ()
    lobe = hierarchy.parent(ask, lookup.region(ask, "amygdala", "AAL1"))
    assert lobe is not None
    parts = maps.of_region(ask, lobe, naming.space(ask, "colin 27").iri)
    assert {ref.iri for ref in parts} == {volume.iri}
    assert {ref.region for ref in parts} <= {r.iri for r in hierarchy.descendants(ask, lobe)}
    assert [t.kind for t in maps.templates(ask, volume.space)] == ["template"]


def test_listing_a_parcellation_and_describing_its_regions_agree(ask: Asker) -> None:
    release = naming.parcellation(ask, "waxholm v4")
    listed = regions.of_parcellation(ask, release)
    described = regions.describe(ask, (r.iri for r in listed))
    facts = attrgetter("iri", "name", "parcellation", "laterality", "color", "depth", "is_leaf", "entity")
    assert [facts(r) for r in listed] == [facts(r) for r in described]
    assert len(listed) == 739
    assert len(regions.of_parcellation(ask, release, hemispheres=False)) == 295


def test_describe_keeps_the_order_and_leaves_out_what_is_no_region(ask: Asker, hoc1: Region) -> None:
    unknown = IRI("https://example.org/none")
    parent = hierarchy.parent(ask, hoc1)
    assert parent is not None
    assert regions.describe(ask, [hoc1.iri, unknown, parent.iri, hoc1.iri]) == (hoc1, parent)
    assert regions.describe(ask, []) == ()


def test_every_parcellation_has_its_atlas_species_and_licence_where_stated(ask: Asker) -> None:
    found = {p.id: p for p in parcellations.parcellations(ask)}
    assert len(found) == 36  # 34 releases, and two atlases without any
    assert found["jba-v3.0.3"].license == "CC-BY-NC-SA-4.0"
    assert found["whssdatlas-v4"].species == "Rattus norvegicus"
    assert found["amba-ccfv3-2017"].license == ""
    assert {p.id for p in found.values() if not p.version} == {"AsegAtlas", "DKA"}
    assert len(parcellations.atlases(ask)) == 13
    assert len(spaces.spaces(ask)) == 32 + 1  # and that of FSL, ontologies/maps/mni152-nlin6-asym.ttl


def test_a_tree_is_drawn_with_children_by_name(ask: Asker) -> None:
    lobe = lookup.region(ask, "occipital lobe", "julich brain")
    assert list(hierarchy.draw(ask, lobe.iri, depth=1)) == [
        "occipital lobe",
        "├── dorsal occipital cortex",
        "│   └── … 3 parts",
        "├── lateral occipital cortex",
        "│   └── … 3 parts",
        "├── occipital cortex",
        "│   └── … 2 parts",
        "└── ventral occipital cortex",
        "    └── … 2 parts",
    ]
    whole = list(hierarchy.draw(ask, naming.parcellation(ask, "AAL1").iri))
    assert len(whole) == 53
    assert whole[0] == "brain"
    assert list(hierarchy.draw(ask, lobe.iri, depth=0)) == ["occipital lobe", "└── … 4 parts"]


def test_a_region_is_cited_through_its_release_and_atlas(ask: Asker) -> None:
    cited = citations.cite(ask, [lookup.region(ask, "caudate putamen", "waxholm v4").iri])
    assert cited.licenses == ("CC-BY-4.0",)
    assert "10.1016/j.neuroimage.2014.04.001" in cited.dois
    assert all(doi.startswith("10.") and doi[-1] not in ".,;)" for doi in cited.dois)
    assert "  licence: CC-BY-4.0" in cited.lines()
    assert cited.bibtex().count("@misc{") == len(cited.dois)
    assert len(citations.cite(ask, [])) == 0


def test_info_names_what_was_read_and_under_which_licence(ask: Asker) -> None:
    about = provenance.info(ask)
    assert "openminds" in about.headline
    assert "MIT" in about.headline
    assert len(about.graphs) > 20
    assert str(about).startswith(about.headline)


def test_every_derived_triple_names_its_rule(ask: Asker, hoc1: Region) -> None:
    (row,) = ask.table("node/provenance", subject=hoc1.iri, predicate="skg:partOf")
    assert row.graph.endswith("/graph/rule/part-of")
    assert row.summary
    version = "omi:parcellationEntityVersion/JBA_v3.0.3-MNI152_Area-hOc1_PM-v4.2"
    (row,) = ask.table("node/provenance", subject=version, predicate="om:isVersionOf")
    assert row.graph.endswith("/graph/repair/version-of-stem")
    (row,) = ask.table("node/provenance", subject=version, predicate="om:hasParent")
    assert row.graph.endswith("/graph/openminds/latest")
    assert row.rule is None
