"""What a user says of a dataset: the content of ``dataset.yaml`` or ``dataset.jsonld``, frozen, not yet looked up.

Names of regions, parcellations, spaces and classes are texts here; :mod:`siibra_kg.adding.resolving` finds what they
stand for in a graph.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from siibra_kg.tabular.format import Format

__all__ = ["Description", "File", "Measurement", "Row"]


@dataclass(frozen=True, slots=True)
class File:
    """A file of a measurement: ``skg:DataFile``.

    Parameters
    ----------
    url
        Where it is: an address (``https:``, ``pkg:``), or ``file:`` for one in the folder.
    path
        Its path in the folder, separated by ``/``; empty for an address.
    index
        The subject, or the measured quantity, that it is about; empty where there is one file.
    role
        ``"data"``, ``"segments"`` or ``"layers"``.
    member
        Its path inside the archive that ``url`` names; empty for a file of its own.
    sha256, size
        Of a file in the folder: hexadecimal, and bytes; empty and 0 for an address.
    """

    url: str
    path: str = ""
    index: str = ""
    role: str = "data"
    member: str = ""
    sha256: str = ""
    size: int = 0


@dataclass(frozen=True, slots=True)
class Row:
    """A row (and column) of a matrix: its name in the file, and the regions it stands for; ``None``: the name says."""

    name: str
    regions: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Measurement:
    """What becomes one feature: ``skg:Feature``.

    Parameters
    ----------
    name
        For people.
    modality
        Name of a class, ``"ReceptorDensityFingerprint"``; or any text, with ``kind``.
    kind
        Name of a class where ``modality`` is none: ``"Tabular"``, ``"Image"``.
    regions
        Names or identifiers of the regions that it belongs to.
    parcellation
        Where these regions are; without regions, what the measurement belongs to as a whole.
    space
        Reference space of points, box and image.
    points
        In mm.
    box
        Two corners in mm.
    species
        Needed only where neither parcellation nor space has one.
    cohort, paradigm, receptor, unit, timestep
        As in the graph; texts.
    indexed_by
        What there is a file for each of: ``"subject"`` or ``"feature"`` (a measured quantity).
    files
        At least one.
    rows
        Of a matrix or a time series, in order.
    form
        How the files are written; ``None`` for what their class and suffix say.
    """

    name: str
    modality: str
    kind: str = ""
    regions: tuple[str, ...] = ()
    parcellation: str = ""
    space: str = ""
    points: tuple[tuple[float, float, float], ...] = ()
    box: tuple[tuple[float, float, float], tuple[float, float, float]] | None = None
    species: str = ""
    cohort: str = ""
    paradigm: str = ""
    receptor: str = ""
    unit: str = ""
    timestep: str = ""
    indexed_by: str = ""
    files: tuple[File, ...] = ()
    rows: tuple[Row, ...] = ()
    form: Format | None = None


@dataclass(frozen=True, slots=True)
class Description:
    """A dataset: ``DatasetVersion`` of openMINDS, and the measurements in it.

    Parameters
    ----------
    source
        The file that says so.
    slug
        Short identifier, the last part of its IRI; what it is removed by.
    name, text, version
        For people: ``fullName``, ``description``, ``versionIdentifier``.
    license
        SPDX identifier or address; empty where unknown.
    authors
        Names.
    citation
        How to cite it, as text.
    references
        Addresses of publications; DOIs as ``https://doi.org/...``.
    measurements
        At least one.
    """

    source: Path
    slug: str
    name: str
    text: str = ""
    version: str = ""
    license: str = ""
    authors: tuple[str, ...] = ()
    citation: str = ""
    references: tuple[str, ...] = ()
    measurements: tuple[Measurement, ...] = field(default=())

    @property
    def folder(self) -> Path:
        """The folder of the dataset."""
        return self.source.parent
