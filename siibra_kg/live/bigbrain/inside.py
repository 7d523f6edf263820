"""Which vertices of BigBrain's cortex belong to a place, and the profiles there."""

from __future__ import annotations

import warnings
from hashlib import sha256
from typing import TYPE_CHECKING

import numpy as np

from siibra_kg.data_errors import TableWarning
from siibra_kg.errors import TermError
from siibra_kg.live.bigbrain.cortex import Cortex
from siibra_kg.live.bigbrain.one import BIGBRAIN
from siibra_kg.live.bigbrain.profiles import BigBrainIntensityProfiles
from siibra_kg.locations import BoundingBox, Point, PointCloud
from siibra_kg.locations.inside import in_box, in_volume
from siibra_kg.locations.same import require_same_space
from siibra_kg.model import Region
from siibra_kg.questions import naming
from siibra_kg.terms import IRI

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from numpy.typing import NDArray
    from typing_extensions import Unpack

    from siibra_kg.config import Settings
    from siibra_kg.questions.ask import Asker
    from siibra_kg.volumes import Volume
    from siibra_kg.volumes.options import FetchKeywords

__all__ = ["bigbrain_profiles"]

_WHERE = "a region, a box, a point, points, or None for the whole cortex"


def bigbrain_profiles(
    ask: Asker | None,
    settings: Settings,
    where: Region | BoundingBox | Point | PointCloud | None,
    *,
    hemispheres: str | Iterable[str] = ("left", "right"),
    within_mm: float = 2.0,
    cortex: Cortex | None = None,
    kind: str = "labelled",
    spec: str | None = None,
    threshold: float = 0.0,
    **options: Unpack[FetchKeywords],
) -> BigBrainIntensityProfiles:
    """Give the staining intensities of BigBrain along the depth of the cortex, at the vertices that belong to a place.

    Parameters
    ----------
    ask, settings
        The graph, for names of spaces; cache, mirror, and whether the network may be used.
    where
        A region, whose mask in BigBrain is taken; a box; a point, for the nearest vertex; points, for the nearest
        vertex of each; ``None`` for the whole cortex. Locations have to be in BigBrain.
    hemispheres
        Which to look at. Files of a hemisphere without any vertex there are not fetched, except its surface.
    within_mm
        How far from a point its nearest vertex may be; one that is farther is left out, with a note.
    cortex
        What reads the files; several calls with the same one read them once.
    kind, spec, threshold, **options
        Of the mask; see :meth:`~siibra_kg.model.Region.mask`.

    Returns
    -------
    BigBrainIntensityProfiles
        Without any profile where no vertex is there; its notes say so.

    Raises
    ------
    DataMissing
        If no map shows the region in BigBrain: nothing is transformed silently.
    SpaceMismatch
        If a location is in another space.
    NetworkDisabled, ServiceError
        If a file has to be fetched and cannot be.
    BadTable
        If a file is not what it should be.
    """
    cortex = cortex or Cortex(settings)
    asked = (hemispheres,) if isinstance(hemispheres, str) else tuple(hemispheres)
    sides = tuple(dict.fromkeys(asked))
    for side in sides:
        cortex.source(side)
    place = _in_bigbrain(ask, where)
    mask_options = {"kind": kind, "spec": spec, "threshold": threshold, **options}
    rows, notes = _rows(place, cortex, sides, within_mm, mask_options)
    found = []
    for side in sides:
        if not len(rows[side]):
            continue
        kept, values, more = cortex.chosen(side, rows[side])
        notes += more
        found.append((side, kept, values))
    name = _said(place)
    if not sum(len(kept) for _, kept, _ in found):
        notes.append(f"no vertex of the cortex lies in {name or 'any place'} in BigBrain")
    notes = list(dict.fromkeys(notes))
    for note in notes:
        warnings.warn(note, TableWarning, stacklevel=2)
    region = place.iri if isinstance(place, Region) else None
    iri = _iri(settings, _asked(place), sides, within_mm, sorted(map(str, mask_options.items())))
    return BigBrainIntensityProfiles.of(cortex, found, iri=iri, anchor=name, region=region, notes=notes)


def _in_bigbrain(
    ask: Asker | None, where: Region | BoundingBox | Point | PointCloud | None
) -> Region | BoundingBox | Point | PointCloud | None:
    """Refuse what is no place, or a place in another space."""
    if where is None or isinstance(where, Region):
        return where
    if not isinstance(where, BoundingBox | Point | PointCloud):
        raise TermError(where, _WHERE)
    space = naming.space(ask, where.space).iri if ask is not None else where.space
    require_same_space(space, BIGBRAIN, "profiles of BigBrain lie in BigBrain")
    return where


def _said(where: Region | BoundingBox | Point | PointCloud | None) -> str:
    if isinstance(where, BoundingBox):
        return f"the box from {where.minimum} to {where.maximum} mm"
    if isinstance(where, Point):
        return f"{where.coordinate} mm"
    if isinstance(where, PointCloud):
        return f"{len(where):,} points around {where.centroid.coordinate} mm"
    return where.name if where is not None else ""


def _asked(where: Region | BoundingBox | Point | PointCloud | None) -> object:
    """Give what tells a place from others, for its identifier."""
    if isinstance(where, Region | None):
        return where and where.iri
    return (where.minimum, where.maximum) if isinstance(where, BoundingBox) else np.asarray(where).tolist()


def _rows(
    where: Region | BoundingBox | Point | PointCloud | None,
    cortex: Cortex,
    sides: tuple[str, ...],
    within_mm: float,
    mask: Mapping[str, object],
) -> tuple[dict[str, NDArray[np.intp]], list[str]]:
    """Give the rows of the vertices of each hemisphere that belong to a place."""
    points = {side: cortex.points(side) for side in sides}
    if isinstance(where, Point | PointCloud):
        return _nearest(np.atleast_2d(np.asarray(where, np.float64)), points, within_mm)
    voxels: Volume | None = where.mask(BIGBRAIN, **mask) if isinstance(where, Region) else None
    found = {}
    for side, places in points.items():
        cloud = PointCloud(places, BIGBRAIN)
        if isinstance(where, BoundingBox):
            found[side] = in_box(cloud, where)
        else:
            found[side] = np.arange(len(places)) if voxels is None else in_volume(cloud, voxels)
    return found, []


def _nearest(
    wanted: NDArray[np.float64], points: Mapping[str, NDArray[np.float64]], within_mm: float
) -> tuple[dict[str, NDArray[np.intp]], list[str]]:
    """Give the vertex nearest to each point; the one of the hemisphere that is nearer."""
    from scipy.spatial import KDTree  # noqa: PLC0415  takes 100 ms

    sides = list(points)
    apart, at = np.stack([KDTree(points[side]).query(wanted) for side in sides], axis=1)
    best = apart.argmin(axis=0)
    near = apart.min(axis=0) <= within_mm
    far = [(point, apart[:, i].min()) for i, point in enumerate(wanted.tolist()) if not near[i]]
    notes = [f"{tuple(point)}: the nearest vertex is {mm:.2f} mm away, and is left out" for point, mm in far]
    rows = {side: np.unique(at[n, (best == n) & near].astype(np.intp)) for n, side in enumerate(sides)}
    return rows, notes


def _iri(settings: Settings, *asked: object) -> IRI:
    """Give the same name to the same question, on every machine."""
    told = sha256("\n".join(map(str, asked)).encode()).hexdigest()[:16]
    return IRI(f"{settings.base_iri}id/feature/bigbrain-profiles-{told}")
