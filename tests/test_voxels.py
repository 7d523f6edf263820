"""From the graph to voxels, with the real index of siibra's maps and files of our own in the place of the web.

The files are made here, so every voxel is known: each label that the graph declares for a file has its own voxels, on
the left or on the right. They lie in a folder laid out as a mirror, where the real files would be.
"""

from __future__ import annotations

from contextlib import closing, contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

import nibabel as nib
import numpy as np
import pytest

import siibra_kg
from siibra_kg import voxels
from siibra_kg.errors import AmbiguousName, DataMissing, SpaceMismatch
from siibra_kg.questions import map_entries, maps
from siibra_kg.volumes import FetchOptions, LabelMap, SurfaceLabelMap
from siibra_kg.web.fetch import place_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SHAPE = (20, 30, 10)
AFFINE = np.diag([2.0, 2, 2, 1])
AFFINE[:3, 3] = -19, -29, -9  # x = 0 between the two middle voxels


@contextmanager
def with_web(both, web: Path, cache: Path) -> Iterator[siibra_kg.KnowledgeGraph]:
    """Open the graph of both sources with a mirror and a cache of our own."""
    settings = replace(both.settings, mirror=str(web), cache=cache, offline=False)
    with closing(siibra_kg.KnowledgeGraph(both.store, settings=settings, snapshot=both.snapshot)) as kg:
        kg.close = lambda: None  # the store belongs to all tests
        yield kg


def put(web: Path, url: str, image: nib.Nifti1Image) -> None:
    place = web / place_of(url)
    place.parent.mkdir(parents=True, exist_ok=True)
    nib.save(image, place)


def made(labels: list[int], left: bool | None) -> np.ndarray:
    """Give each label two voxels: on the left, on the right, or one on each side."""
    array = np.zeros(SHAPE, np.uint16)
    places = [(x, y, z) for z in range(SHAPE[2]) for y in range(SHAPE[1]) for x in range(0, SHAPE[0] // 2, 2)]
    for label, (x, y, z) in zip(labels, places, strict=False):
        if left is not False:
            array[x, y, z] = label
        if left is not True:
            array[SHAPE[0] - 1 - x, y, z] = label
    return array


@pytest.fixture(scope="module")
def web(both, tmp_path_factory):
    """Write the labelled maps of Julich-Brain 3.1 and 1.18 in Colin 27: a file for each hemisphere."""
    folder = tmp_path_factory.mktemp("web")
    for release in ("julich 3.1", "julich 1.18"):
        found = voxels.find_map(both._ask, both.parcellation(release), "colin 27")
        refs = [ref for ref in maps.volumes(both._ask, map=found.iri) if ref.provider == "nii"]
        for ref in refs:
            labels = [e.label for e in maps.labels(both._ask, found.iri, ref.iri, ref.fragment)]
            assert len(labels) > 80
            array = made(labels, "left" in ref.fragment)
            put(folder, ref.url, nib.Nifti1Image(array, AFFINE))
    return folder


@pytest.fixture
def kg(both, web, tmp_path):
    with with_web(both, web, tmp_path / "cache") as graph:
        yield graph


def test_hemispheres_with_the_same_labels_become_one_map(kg):
    """Label 8 is one region on the left and another on the right: the joined map keeps both, in their places."""
    found = voxels.find_map(kg._ask, kg.parcellation("julich 3.1"), "colin 27")
    parts = {
        ref.fragment: maps.labels(kg._ask, found.iri, ref.iri, ref.fragment)
        for ref in maps.volumes(kg._ask, map=found.iri)
    }
    left, right = ({e.label: e.region for e in parts[f"{side} hemisphere"]} for side in ("left", "right"))
    assert any(left[v] != right[v] for v in left.keys() & right.keys())
    read = kg.map("julich 3.1", "colin 27", format="nii")
    assert isinstance(read, LabelMap)
    assert {e.region for e in read.labels} == {*left.values(), *right.values()}
    assert len(read.labels) == len(left) + len(right) == 414
    for old, side in ((left, slice(0, SHAPE[0] // 2)), (right, slice(SHAPE[0] // 2, None))):
        original = made(list(old), old is left)
        meaning = {e.label: e.region for e in read.labels}
        got, want = read.volume.array[side], original[side]
        assert {(old[w], meaning[g]) for g, w in zip(got[got > 0].tolist(), want[want > 0].tolist(), strict=True)} == {
            (r, r) for r in old.values()
        }


def test_a_region_needs_only_the_files_that_show_it(both, web, tmp_path):
    """With one hemisphere's file gone, the other hemisphere can still be had; the whole region cannot."""
    found = voxels.find_map(both._ask, both.parcellation("julich 3.1"), "colin 27")
    refs = [
        r for r in maps.volumes(both._ask, map=found.iri) if r.provider == "nii" and r.fragment == "left hemisphere"
    ]
    put(tmp_path / "half", refs[0].url, nib.load(web / place_of(refs[0].url)))
    with with_web(both, tmp_path / "half", tmp_path / "cache") as kg:
        hoc1 = kg.region("Area hOc1 (V1, 17, CalcS) left", "julich 3.1")
        mask = hoc1.mask("colin 27")
        assert mask.array.sum() == 1
        assert mask.centroid()[0] < 0
        assert mask.provenance.url == refs[0].url
        with pytest.raises(DataMissing, match="_rh_Colin27"):
            kg.region("Area hOc1 (V1, 17, CalcS)", "julich 3.1").mask("colin 27")


def test_an_inner_region_is_the_union_of_its_parts(kg):
    """The mask of the occipital lobe has exactly the voxels of the labels below it."""
    lobe = kg.region("occipital lobe", "julich 3.1")
    below = {r.iri for r in lobe.descendants}
    read = kg.map("julich 3.1", "colin 27", format="nii")
    expected = np.isin(read.volume.array, [e.label for e in read.labels if e.region in below])
    mask = lobe.mask("colin 27", format="nii")
    assert expected.sum() > 10
    assert np.array_equal(mask.array != 0, expected)
    assert not [step for step in mask.provenance.derivation if "does not show" in step]


def test_every_entry_of_a_region_is_used(kg):
    """CM of Julich-Brain 1.18 has three labels (siibra uses all three as well)."""
    cm = kg.region("CM (Amygdala) left", "julich 1.18")
    found = voxels.find_map(kg._ask, cm.parcellation, "colin 27")
    labels = {ref.label for ref in map_entries.entries(kg._ask, found) if ref.region == cm.iri}
    assert len(labels) == 3
    assert cm.mask("colin 27", format="nii").array.sum() == 3


def test_what_the_map_does_not_show_is_named(kg, configurations):
    """Leaves of siibra's tree that have no index in the map of fsaverage, and no node above them has one."""
    tree = configurations["parcellations/julichbrain_v3_1.json"]["regions"]
    shown = set(configurations["maps/fsaverage-jba31-labelled.json"]["indices"])

    def missing(nodes, covered=False):
        for node in nodes:
            here = covered or node["name"] in shown
            if "children" in node:
                yield from missing(node["children"], here)
            elif not here:
                yield node["name"]

    names = [row.name for row in unmapped(kg, "fsaverage-jba31-labelled")]
    assert len(names) == len(list(missing(tree))) > 50
    assert not unmapped(kg, "mni152-jba31-labelled")


def unmapped(kg, name):
    """Ask for the parts of every root that a map does not show."""
    found = kg.parcellation("julich 3.1")
    where = f"https://w3id.org/siibra-kg/id/map/{name}"
    roots = [region for region in found.regions if region.parent is None]
    return [row for root in roots for row in kg.query("map/unmapped-parts", region=root, map=where)]


def test_a_region_without_a_map_in_a_space_says_where_it_has_one(kg):
    hoc1 = kg.region("Area hOc1 (V1, 17, CalcS) left", "julich 3.1")
    with pytest.raises(DataMissing, match=r"maps of this kind there are.*colin27-jba31-labelled"):
        hoc1.mask("bigbrain")
    with pytest.raises(AmbiguousName, match="207"):
        hoc1.regional_map("mni152")


def test_a_file_that_the_mirror_lacks_is_named(kg):
    with pytest.raises(DataMissing, match=r"data-proxy\.ebrains\.eu"):
        kg.map("julich 3.1", "mni152", format="nii")


def test_statistical_maps_of_regions(both, web, tmp_path):
    """The regional map of a whole area is the greater of its halves; its mask is what is above the threshold."""
    found = voxels.find_map(both._ask, both.parcellation("julich 3.1"), "colin 27", "statistical", "207")
    area = both.region("Area hOc1 (V1, 17, CalcS)", "julich 3.1")
    shown = map_entries.parts_shown(both._ask, area, found)
    refs = [ref for ref in map_entries.entries(both._ask, found) if ref.region in shown]
    assert len(refs) == 2
    rng = np.random.default_rng(7)
    images = [rng.random(SHAPE, np.float32) for _ in refs]
    for ref, image in zip(refs, images, strict=True):
        put(tmp_path / "web", ref.url, nib.Nifti1Image(image, AFFINE))
    with with_web(both, tmp_path / "web", tmp_path / "cache") as kg:
        area = kg.region(area.iri)
        got = area.regional_map("colin 27", spec="207")
        assert np.array_equal(got.array, np.maximum(*images))
        mask = area.mask("colin 27", kind="statistical", spec="207", threshold=0.5)
        assert np.array_equal(mask.array != 0, np.maximum(*images) > 0.5)


def test_surfaces_are_maps_too(both, tmp_path):
    """Labels of two hemispheres that use the same numbers, on the vertices of fsaverage."""
    found = voxels.find_map(both._ask, both.parcellation("julich 3.1"), "fsaverage")
    for ref in maps.volumes(both._ask, map=found.iri):
        labels = sorted(e.label for e in maps.labels(both._ask, found.iri, ref.iri, ref.fragment))
        per_vertex = np.resize(np.array([0, *labels], np.int32), 1000)
        array = nib.gifti.GiftiDataArray(per_vertex, intent="NIFTI_INTENT_LABEL", datatype="NIFTI_TYPE_INT32")
        put(tmp_path / "web", ref.url, nib.gifti.GiftiImage(darrays=[array]))
    with with_web(both, tmp_path / "web", tmp_path / "cache") as kg:
        read = kg.map("julich 3.1", "fsaverage")
        assert isinstance(read, SurfaceLabelMap)
        assert read.surface.size == 2000
        assert len(read.labels) == 292
        left = kg.region("Area hOc1 (V1, 17, CalcS) left", "julich 3.1")
        assert set(np.flatnonzero(read.vertices_of(left)) < 1000) == {True}


def test_points_are_assigned_in_their_own_space(kg):
    """A point in another space than the map's is refused, and the error says how to transform it."""
    read = kg.map("AAL1", "colin 27")
    from siibra_kg.volumes.assign import assign

    with pytest.raises(SpaceMismatch, match=r"kg\.transform"):
        assign(read, siibra_kg.Point((0, 0, 0), kg.space("mni152").iri))
    rows = kg.assign(siibra_kg.Point((-30, -20, 50), "colin 27"), "AAL1")
    assert list(rows["region"]) == ["precentral gyrus left"]
    with pytest.raises(DataMissing, match="maps of this kind"):
        kg.assign(siibra_kg.Point((-30, -20, 50), "mni152"), "AAL1")


def test_keywords_are_the_fields_of_the_options():
    """The keywords of the methods of a graph and the fields of FetchOptions are the same."""
    from siibra_kg.volumes.options import FetchKeywords

    assert FetchKeywords.__annotations__.keys() == FetchOptions.__dataclass_fields__.keys()
