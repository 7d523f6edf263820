"""Sections and volumes of interest: their references, boxes and voxels, from a small graph and generated files."""

from __future__ import annotations

import nibabel as nib
import numpy as np
import pytest

import siibra_kg
from siibra_kg.config import Settings
from siibra_kg.errors import AmbiguousName, DataMissing
from siibra_kg.features.images import ImageFeature
from siibra_kg.graph import KnowledgeGraph
from siibra_kg.stores import open_store

BIGBRAIN = "https://openminds.om-i.org/instances/commonCoordinateFrameworkVersion/BigBrain_2015"
HEAD = """
@prefix skg: <https://w3id.org/siibra-kg/vocab/> . @prefix skos: <http://www.w3.org/2004/02/skos/core#> .
@prefix dcat: <http://www.w3.org/ns/dcat#> . @prefix owl: <http://www.w3.org/2002/07/owl#> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
skg:Image rdfs:subClassOf skg:Feature . skg:MacroFeature rdfs:subClassOf skg:FeatureCategory .
skg:MRIVolumeOfInterest rdfs:subClassOf skg:MacroFeature , skg:Image ; rdfs:label "MRIVolumeOfInterest" .
"""
FEATURE = """
<https://example.org/f> a skg:Feature , skg:MRIVolumeOfInterest ; skos:prefLabel "a block" ;
  skg:inSpace <{space}> {more} .
"""
VOLUME = """
<https://example.org/v{n}> a skg:Volume ; skg:volumeKind "voi" ; skg:inSpace <{space}> ;
  skg:boundingBox <https://example.org/box> ;
  dcat:distribution [ a dcat:Distribution ; skg:providerType "nii" ; dcat:downloadURL <{url}> ] .
"""


def graph(tmp_path, urls) -> KnowledgeGraph:
    more = "; skg:hasVolume " + " , ".join(f"<https://example.org/v{n}>" for n in range(len(urls))) if urls else ""
    text = HEAD + FEATURE.format(space=BIGBRAIN, more=more)
    text += "".join(VOLUME.format(n=n, url=url, space=BIGBRAIN) for n, url in enumerate(urls))
    path = tmp_path / "g.ttl"
    path.write_text(text, "utf-8")
    return KnowledgeGraph(open_store(path), settings=Settings(tmp_path, tmp_path / "cache"))


@pytest.fixture
def image(tmp_path):
    array = np.arange(24, dtype=np.int16).reshape(2, 3, 4)
    affine = np.array([[0.5, 0, 0, -1], [0, 0.5, 0, 2], [0, 0, 0.5, 3], [0, 0, 0, 1]])
    path = tmp_path / "block.nii.gz"
    nib.save(nib.Nifti1Image(array, affine), path)
    return path, array, affine


def test_voxels_and_place_are_those_of_the_file(tmp_path, image):
    path, array, affine = image
    feature = graph(tmp_path, [path.as_uri()]).feature("https://example.org/f")
    assert isinstance(feature, ImageFeature)
    volume = feature.data
    np.testing.assert_array_equal(volume.array, array)
    np.testing.assert_allclose(volume.affine, affine)
    assert volume.space == BIGBRAIN
    box = siibra_kg.BoundingBox((-1, 2, 3), (-1, 2.6, 3), BIGBRAIN)  # centres of one corner voxel and its neighbour
    part = feature.fetch(voi=box)
    np.testing.assert_array_equal(part.array.ravel(), [0, 4])


def test_an_image_without_a_volume_and_one_with_two_are_errors_that_say_so(tmp_path, image):
    with pytest.raises(DataMissing, match=r"a block.*the graph names no volume"):
        _ = graph(tmp_path, []).feature("https://example.org/f").data
    with pytest.raises(AmbiguousName) as told:
        _ = graph(tmp_path, [image[0].as_uri()] * 2).feature("https://example.org/f").data
    assert [ref.iri for ref in told.value.candidates] == ["https://example.org/v0", "https://example.org/v1"]


@pytest.mark.mirror
def test_every_image_of_the_configuration_has_one_volume_and_a_way_to_it(both):
    found = [m.feature for space in both.spaces() for m in both.features(space, "image")]
    assert len({f.iri for f in found}) == len(found) == 172  # 145 sections and 27 volumes of interest, siibra.md 1.6
    for feature in found:
        assert isinstance(feature, ImageFeature)
        assert len({ref.iri for ref in feature.volumes}) == 1
        assert feature.volumes[0].space == feature.space
    assert sum(f.boundingbox is not None for f in found) == 19  # documents with a boundingbox
