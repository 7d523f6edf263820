"""What people write, and the region, parcellation, space or term that they mean."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from siibra_kg.errors import AmbiguousName, NoSuchName
from siibra_kg.questions import lookup, matching, naming, parcellations
from siibra_kg.questions.ask import Asker
from siibra_kg.resources import folder
from siibra_kg.stores import open_store
from siibra_kg.templates import Catalog

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from siibra_kg.build.snapshot import Snapshot

pytestmark = pytest.mark.mirror


@pytest.fixture(scope="module")
def ask(full_snapshot: Snapshot) -> Iterator[Asker]:
    with open_store(full_snapshot.store_path) as store:
        yield Asker(store, Catalog(folder("queries")))


@pytest.mark.parametrize(
    ("spec", "within", "wanted"),
    [
        ("hOc1", "julich brain", "jba-v3.0.3/area-hoc1"),
        ("HOC1", None, "jba-v3.0.3/area-hoc1"),
        ("Area hOc1 (V1, 17, CalcS)", "jba v2.9", "jba-v2.9/area-hoc1"),
        ("hOc1 - left hemisphere", "julich brain", "jba-v3.0.3/area-hoc1/left"),
        ("lh hOc1", "julich brain", "jba-v3.0.3/area-hoc1/left"),
        ("Area hOc1 (V1, 17, CalcS) right", "julich brain", "jba-v3.0.3/area-hoc1/right"),
        ("jba-v3.0.3/area-hoc1", None, "jba-v3.0.3/area-hoc1"),
        ("JBA_v3.0.3-MNI152_Area-hOc1_PM-v4.2", None, "jba-v3.0.3/area-hoc1"),
        ("JBA_Area-hOc1", None, "jba-v3.0.3/area-hoc1"),
        ("occipital lobe", "JBA", "jba-v3.0.3/occipitallobe"),
        ("left amygdala", "AAL1", "aal1-spm12-v4/amyg/left"),
        ("Amygdala_L", "AAL1", "aal1-spm12-v4/amyg/left"),
        ("AMYGD", "AAL1", "aal1-spm12-v4/amyg"),
        ("caudate putamen", None, "whssdatlas-v4/caudateputamen"),
        ("CPu", "waxholm", "whssdatlas-v4/caudateputamen"),
        ("SN-l", "waxholm", "whssdatlas-v4/substantianigralateralpart"),
        ("SN-r", "waxholm", "whssdatlas-v4/substantianigrareticularpart"),
        ("dorsal cochlear nucleus, deep core", "waxholm v4", "whssdatlas-v4/dorsalcochlearnucleusdeepcore"),
    ],
)
def test_a_name_an_id_or_a_synonym_gives_its_region(ask: Asker, spec: str, within: str | None, wanted: str) -> None:
    assert lookup.region(ask, spec, within).iri == f"https://w3id.org/siibra-kg/id/region/{wanted}"


def test_iris_and_curies_of_all_kinds_of_nodes_give_their_region(ask: Asker) -> None:
    hoc1 = lookup.region(ask, "hOc1", "julich brain")
    assert lookup.region(ask, hoc1) is hoc1
    assert lookup.region(ask, str(hoc1.iri)) == hoc1
    version = "https://openminds.om-i.org/instances/parcellationEntityVersion/JBA_v3.0.3-Colin27_Area-hOc1_PM-v4.2"
    assert lookup.region(ask, version) == hoc1
    entity = lookup.region(ask, "omi:parcellationEntity/JBA_Area-hOc1")
    assert entity.iri == hoc1.entity
    assert entity.parcellation is not None
    assert entity.parcellation.version == ""


def test_a_name_in_several_atlases_is_ambiguous_and_lists_them(ask: Asker) -> None:
    with pytest.raises(AmbiguousName) as error:
        lookup.region(ask, "amygdala")
    homes = [c.parcellation.name for c in error.value.candidates]
    assert homes == ["AAL Atlas 1 SPM12, v4", "Automated Segmentation Atlas", "Julich-Brain Atlas v3.0.3"]
    assert "AAL Atlas 1" in str(error.value)


def test_a_part_of_a_name_that_fits_several_regions_is_ambiguous(ask: Asker) -> None:
    with pytest.raises(AmbiguousName) as error:
        lookup.region(ask, "hOc4", "julich brain")
    assert sorted(c.name.split()[1] for c in error.value.candidates) == ["hOc4d", "hOc4la", "hOc4lp", "hOc4v"]


def test_an_unknown_name_comes_with_the_nearest_names(ask: Asker) -> None:
    with pytest.raises(NoSuchName) as error:
        lookup.region(ask, "hippocampsu", "AAL1")
    assert error.value.close[0] == "hippocampus"
    assert error.value.within == "AAL Atlas 1 SPM12, v4"


@pytest.mark.parametrize("spec", ["", " ", "()", "'; } DROP ALL", '" . } #', "\0", "https://example.org/none", "ILX:0"])
def test_what_names_nothing_is_an_error_that_says_so(ask: Asker, spec: str) -> None:
    with pytest.raises(NoSuchName):
        lookup.region(ask, spec, "AAL1")
    assert lookup.find_regions(ask, spec, "AAL1") == ()


@pytest.mark.parametrize("kind", [lookup.region, naming.parcellation, naming.space, naming.term])
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(spec=st.text(st.characters(codec=None)))
def test_whatever_is_asked_the_answer_is_a_value_or_a_named_error(
    ask: Asker, kind: Callable[..., Any], spec: str
) -> None:
    within = ("AAL1",) if kind is lookup.region else ()
    with contextlib.suppress(NoSuchName, AmbiguousName):
        assert kind(ask, spec, *within) is not None


@pytest.mark.parametrize("spec", [5, None, 1.5, ("hOc1",)])
def test_what_is_no_text_names_nothing(ask: Asker, spec: object) -> None:
    for kind in (lookup.region, naming.parcellation, naming.space, naming.atlas, lookup.resolve):
        with pytest.raises(NoSuchName):
            kind(ask, spec)


def test_a_region_without_this_hemisphere_is_not_found(ask: Asker) -> None:
    with pytest.raises(NoSuchName):
        lookup.region(ask, "left occipital lobe", "julich brain")


def test_find_gives_exact_names_first_then_parts_of_names_in_a_stable_order(ask: Asker) -> None:
    found = lookup.find_regions(ask, "thalamus", "waxholm")
    names = [r.name for r in found]
    assert names == [r.name for r in lookup.find_regions(ask, "THALAMUS", "waxholm")]
    exact = [n for n in names if n == "thalamus"]
    assert names[: len(exact)] == exact
    assert len(names) > len(exact)
    assert all("thalam" in n for n in names)


@pytest.mark.parametrize(
    ("spec", "wanted"),
    [
        ("julich brain", "jba-v3.0.3"),
        ("JBA", "jba-v3.0.3"),
        ("jba-v3.0.3", "jba-v3.0.3"),
        ("Julich-Brain Atlas v2.9", "jba-v2.9"),
        ("julich brain 3.0", "jba-v3.0"),
        ("JBA_v2.9-BigBrain", "jba-v2.9"),
        ("omi:anatomicalAtlasVersion/JBA_v2.9-BigBrain", "jba-v2.9"),
        ("omi:anatomicalAtlas/JBA", "jba-v3.0.3"),
        ("waxholm", "whssdatlas-v4"),
        ("waxholm v3", "whssdatlas-v3"),
        ("Waxholm Space Rat Brain Atlas v3.01", "whssdatlas-v3.01"),
        ("allen mouse", "amba-ccfv3-2017"),
        ("AAL1", "aal1-spm12-v4"),
        ("marmoset", "marmosetnma-v1"),
    ],
)
def test_a_parcellation_goes_by_name_id_or_atlas(ask: Asker, spec: str, wanted: str) -> None:
    assert naming.parcellation(ask, spec).id == wanted


def test_an_atlas_without_releases_stands_for_itself(ask: Asker) -> None:
    desikan = naming.parcellation(ask, "DKA")
    assert (desikan.version, desikan.id, desikan.atlas) == ("", "DKA", desikan.iri)
    assert lookup.region(ask, "cuneus cortex", "DKA").id == "DKA_cuneusCortex"


def test_releases_that_are_equally_new_are_ambiguous(ask: Asker) -> None:
    with pytest.raises(AmbiguousName) as error:
        naming.parcellation(ask, "paxinos")
    assert len(error.value.candidates) == 4


def test_words_that_fit_several_atlases_are_ambiguous(ask: Asker) -> None:
    with pytest.raises(AmbiguousName) as error:
        naming.parcellation(ask, "rat brain")
    assert {a.id for a in error.value.candidates} >= {"WHSSDatlas", "PW-RBSC-cor"}


def test_unknown_parcellations_spaces_atlases_and_terms_come_with_near_names(ask: Asker) -> None:
    with pytest.raises(NoSuchName) as error:
        naming.parcellation(ask, "julch brian")
    assert any("Julich" in name for name in error.value.close)
    for kind in (naming.space, naming.atlas, naming.term):
        with pytest.raises(NoSuchName):
            kind(ask, "qqqq")


@pytest.mark.parametrize(
    ("spec", "wanted"),
    [
        ("colin 27", "MNI-Colin27_1998"),  # used by eleven atlas versions; the 2008 version by none
        ("MNI-Colin27_2008", "MNI-Colin27_2008"),
        ("mni 152", "MNI-ICBM152_nonlinear-2009c-asym"),
        ("bigbrain", "BigBrain_2015"),
        ("fsaverage", "fsaverage_7"),
        ("fsaverage 6", "fsaverage_6"),
        ("omi:commonCoordinateFrameworkVersion/WHSSD_v1.01", "WHSSD_v1.01"),
    ],
)
def test_a_space_goes_by_name_and_those_in_use_come_first(ask: Asker, spec: str, wanted: str) -> None:
    assert naming.space(ask, spec).id == wanted


def test_a_name_of_several_used_spaces_is_ambiguous(ask: Asker) -> None:
    with pytest.raises(AmbiguousName):
        naming.space(ask, "mni")


def test_among_some_spaces_the_one_that_fits_is_taken(ask: Asker) -> None:
    old = naming.space(ask, "MNI-Colin27_2008")
    assert naming.space_among(ask, "colin 27", [old.iri]) == old
    assert naming.space_among(ask, "bigbrain", [old.iri]).id == "BigBrain_2015"


def test_resolve_knows_every_kind_of_node(ask: Asker) -> None:
    wanted = {
        "caudate-putamen": "https://openminds.om-i.org/instances/nervousSystemStructure/caudate-putamen",
        "caudate putamen": "https://w3id.org/siibra-kg/id/region/whssdatlas-v4/caudateputamen",
        "waxholm v4": "https://w3id.org/siibra-kg/id/release/whssdatlas-v4",
        "UBERON:0005383": "http://purl.obolibrary.org/obo/UBERON_0005383",
        "bigbrain": "https://openminds.om-i.org/instances/commonCoordinateFrameworkVersion/BigBrain_2015",
    }
    assert {spec: lookup.resolve(ask, spec) for spec in wanted} == wanted
    with pytest.raises(NoSuchName):
        lookup.resolve(ask, "qqqq")


def test_the_releases_of_an_atlas_come_oldest_first(ask: Asker) -> None:
    found = parcellations.parcellations_of(ask, naming.atlas(ask, "julich").iri)
    versions = "v1.13 v1.18 v2.2 v2.4 v2.5 v2.6 v2.9 v3.0 v3.0.1 v3.0.2 v3.0.3"
    assert " ".join(p.version for p in found) == versions


def test_words_count_as_often_as_they_are_said() -> None:
    assert matching.extra_words("julich brain 3.0", "Julich-Brain Atlas v3.0") == 1
    assert matching.extra_words("julich brain 3.0", "Julich-Brain Atlas v3.0.3") == 2
    assert matching.extra_words("colin 27", "MNI Colin27 Average Brain 1998") == 4
    assert matching.extra_words("", "anything") is None
    assert matching.extra_words("v", "v4") is None
