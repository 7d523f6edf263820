"""BIDS datasets: species and subjects through bids2openminds, and each image in a standard space as a measurement.

A BIDS file is placed in a brain only by its ``space-`` entity (BIDS 1.10, appendix "Image-Based Coordinate Systems"):
images in a subject's own space belong nowhere in an atlas, and are left out and counted.
"""

from __future__ import annotations

import contextlib
import io
import re
from types import MappingProxyType
from typing import TYPE_CHECKING

from siibra_kg.adding.description import Description, File, Measurement
from siibra_kg.adding.entries import load
from siibra_kg.data_errors import BadDescription
from siibra_kg.errors import DataMissing
from siibra_kg.slugs import slug
from siibra_kg.terms import local_name
from siibra_kg.web.digest import sha256_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

__all__ = ["NAME", "bids_description"]

#: What says that a folder is a BIDS dataset.
NAME = "dataset_description.json"
# BIDS's name of a space -> the reference space that it is. Its "WHS" names no version of Waxholm Space.
_SPACES: Mapping[str, str] = MappingProxyType(
    {
        **{
            f"MNI152NLin2009{version}{short}": f"MNI ICBM152 2009{version} nonlinear {long}"
            for version in "abc"
            for short, long in (("Sym", "symmetric"), ("Asym", "asymmetric"))
        },
        # BIDS writes ASym, fMRIPrep and TemplateFlow Asym.
        **dict.fromkeys(("MNI152NLin6ASym", "MNI152NLin6Asym"), "MNI ICBM152 nonlinear 6th generation asymmetric"),
        "MNI152NLin6Sym": "MNI ICBM152 nonlinear 6th generation symmetric",
        "MNIColin27": "MNI Colin27 Average Brain 1998",
    }
)
# What BIDS calls licences -> SPDX identifiers.
_LICENSES: Mapping[str, str] = MappingProxyType({"CC0": "CC0-1.0", "PDDL": "PDDL-1.0"})
# BIDS's suffix of an image -> the class of features; anything else is an Image.
_CLASSES: Mapping[str, str] = MappingProxyType(
    {
        **dict.fromkeys(("T1w", "T2w", "T2star", "PDw", "FLAIR", "T1map", "T2map"), "MRIVolumeOfInterest"),
        **dict.fromkeys(("bold", "cbv", "sbref", "boldref"), "FMRIVolumeOfInterest"),
        "dwi": "DTIVolumeOfInterest",
    }
)
_IMAGE = re.compile(r"(?:^|_)space-(?P<space>[A-Za-z0-9]+)(?:_.*)?_(?P<suffix>[A-Za-z0-9]+)\.nii(?:\.gz)?\Z")
_DOI = re.compile(r"(?:https?://(?:dx\.)?doi\.org/|doi:)?(10\.\d{4,9}/\S+)\Z", re.IGNORECASE)


def bids_description(folder: Path) -> Description:
    """Describe a BIDS dataset.

    Parameters
    ----------
    folder
        Folder with ``dataset_description.json``; nothing in it is changed.

    Returns
    -------
    Description
        A measurement for each image whose name says a standard space, by path.

    Raises
    ------
    BadDescription
        If it has no such image, or its ``dataset_description.json`` is malformed.
    DataMissing
        If bids2openminds is not installed (extra ``bids``).
    """
    path = folder / NAME
    said = load(path)
    name = said.text("Name", required=True)
    references = [found[1] for text in said.texts("ReferencesAndLinks") if (found := _DOI.match(text))]
    if found := _DOI.match(said.text("DatasetDOI")):
        references.insert(0, found[1])
    measurements = tuple(_measured(folder, _species(folder)))
    if not measurements:
        hint = f"known spaces are {', '.join(sorted(_SPACES))}; any other file needs a dataset.yaml"
        raise BadDescription(str(path), "no image of the dataset says a standard space that the graph knows", hint)
    return Description(
        source=path,
        slug=slug(name).strip("."),
        name=name,
        license=_LICENSES.get(said.text("License"), said.text("License")),
        authors=said.texts("Authors"),
        citation=said.text("HowToAcknowledge"),
        references=tuple(dict.fromkeys(f"https://doi.org/{doi}" for doi in references)),
        measurements=measurements,
    )


def _measured(folder: Path, species: str) -> Iterator[Measurement]:
    root = folder.resolve()
    for path in sorted(root.rglob("*_space-*.nii*")):
        inside = path.relative_to(root)
        found = _IMAGE.search(path.name)
        hidden = any(part.startswith(".") for part in inside.parts)
        if found is None or hidden or found["space"] not in _SPACES or not path.resolve().is_relative_to(root):
            continue
        subject = next((part.removeprefix("sub-") for part in path.name.split("_") if part.startswith("sub-")), "")
        yield Measurement(
            name=path.name.partition(".")[0],
            modality=found["suffix"],
            kind=_CLASSES.get(found["suffix"], "Image"),
            space=_SPACES[found["space"]],
            species=species,
            files=(File(path.as_uri(), inside.as_posix(), subject, "data", "", sha256_of(path), path.stat().st_size),),
        )


def _species(folder: Path) -> str:
    """Ask bids2openminds of which species the participants are; BIDS takes them for humans unless told."""
    try:
        from bids2openminds.converter import convert  # type: ignore[import-untyped]  # noqa: PLC0415  an extra; 1 s
    except ImportError as error:
        hint = "pip install 'siibra-kg[bids]', or write a dataset.yaml"
        raise DataMissing(str(folder), "reading BIDS needs bids2openminds, which is not installed", hint) from error
    try:
        with contextlib.redirect_stdout(io.StringIO()):  # it prints that it has succeeded
            collection = convert(str(folder), quiet=True)
    except Exception as error:  # whatever pybids and pandas raise for a malformed dataset
        raise BadDescription(str(folder), f"bids2openminds cannot read it: {type(error).__name__}: {error}") from error
    found = {
        local_name(str(node.species.id))
        for node in collection
        if type(node).__name__ == "Subject" and getattr(node, "species", None) is not None
    }
    if len(found) > 1:
        raise BadDescription(str(folder), f"its participants are of several species: {', '.join(sorted(found))}")
    return re.sub("([a-z])([A-Z])", r"\1 \2", found.pop()).lower() if found else "homo sapiens"
