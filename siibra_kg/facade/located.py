"""From places to regions and back: assignment, sampling, and transformations from one space to another."""

from __future__ import annotations

from dataclasses import is_dataclass, replace
from typing import TYPE_CHECKING, Any, TypeVar

from siibra_kg.facade.imaged import Imaged
from siibra_kg.locations import require_same_space, space_of
from siibra_kg.model_transforms import choose
from siibra_kg.questions import transforms

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray
    from typing_extensions import Unpack

    from siibra_kg import model
    from siibra_kg.locations import BoundingBox, Point, PointCloud
    from siibra_kg.model_transforms import Transform
    from siibra_kg.table import Table
    from siibra_kg.volumes import Volume
    from siibra_kg.volumes.options import FetchKeywords

__all__ = ["Located"]

Placed = TypeVar("Placed")


class Located(Imaged):
    """Points, clouds, boxes and images in reference spaces; the name of a space is looked up, nothing is guessed."""

    def assign(
        self,
        query: Point | PointCloud | Volume | NDArray[Any],
        parcellation: str | model.Parcellation,
        space: str | model.Space | None = None,
        *,
        kind: str = "labelled",
        spec: str | None = None,
        minsize_voxel: int = 1,
        lower_threshold: float = 0.0,
        split_components: bool = True,
        max_distance_mm: float = 5.0,
        **options: Unpack[FetchKeywords],
    ) -> pd.DataFrame:
        """Tell which regions of a parcellation points or an image lie in, and how well they fit.

        Parameters
        ----------
        query
            A point, a point cloud, an image or mask; or coordinates in mm, shape (n, 3), of ``space``.
        parcellation
            The release whose map is asked, or its name.
        space
            The space of coordinates that are given as an array. Everything else knows its space, and this has to be
            the same.
        kind, spec
            Which map; see :meth:`map`.
        minsize_voxel, lower_threshold, split_components, max_distance_mm
            See :func:`siibra_kg.volumes.assign.assign`.
        **options
            How to fetch the map.

        Returns
        -------
        pandas.DataFrame
            siibra's columns; a point outside of every region, or of the map, has a row that says so.

        Raises
        ------
        SpaceMismatch
            If the query is in another space than the map: transform it first.
        """
        from siibra_kg.volumes.assign import assign  # noqa: PLC0415  numpy takes 100 ms

        home = self._home(query, space)
        placed = self.placed(query) if hasattr(query, "space") else query
        found = self.map(parcellation, home, kind, spec, **options)
        return assign(
            found,
            placed,
            minsize_voxel=minsize_voxel,
            lower_threshold=lower_threshold,
            split_components=split_components,
            space=home.iri,
            max_distance_mm=max_distance_mm,
        )

    def _home(self, query: object, space: str | model.Space | None) -> model.Space:
        """Give the space that a query is in: its own, else the one that was said."""
        from siibra_kg.errors import TermError  # noqa: PLC0415

        said = None if space is None else self.space(space)
        if hasattr(query, "space"):
            home = self.space(query.space)
            if said is not None:
                require_same_space(home, said, "the query is not in the space that was said")
            return home
        if said is None:
            raise TermError(type(query).__name__, "a query that knows its space; say `space=` for bare coordinates")
        return said

    def placed(self, thing: Any) -> Any:  # noqa: ANN401  whatever it is, with its space looked up
        """Give a location whose space is the one that its name means."""
        from siibra_kg.locations import PointCloud  # noqa: PLC0415

        if not hasattr(thing, "space"):
            return thing  # a label map, whose volume knows its space
        home = self.space(thing.space).iri
        if isinstance(thing, PointCloud):
            return PointCloud(thing.array, home, sigma_mm=thing.sigma_mm, labels=thing.labels)
        return replace(thing, space=home) if is_dataclass(thing) and not isinstance(thing, type) else thing

    def transforms(
        self, source: str | model.Space | None = None, target: str | model.Space | None = None
    ) -> tuple[Transform, ...]:
        """Give the transforms between reference spaces that the graph describes; nothing applies one by itself."""
        ends = [None if end is None else self.space(end).iri for end in (source, target)]
        return transforms.transforms(self._ask, *ends)

    def transform(
        self,
        thing: Placed,
        space: str | model.Space,
        *,
        by: Transform | str | None = None,
        grid: Volume | None = None,
    ) -> Placed:
        """Take something to another reference space, because you asked for it.

        Parameters
        ----------
        thing
            A point, cloud, box, surface, volume or label map.
        space
            Where to; or the name of the space. What is there already is given back as it is.
        by
            Where several transforms lead there: the one to take, or its id or method. A transform of your own, for
            instance :meth:`Transform.warp <siibra_kg.model_transforms.Transform.warp>` with a file of yours; for an
            image also one from the other space to that of the image, as registration programs write it.
        grid
            For a volume: any volume in the other space, whose voxel grid the result gets; its template unless told.

        Raises
        ------
        DataMissing
            If no transform leads there; lists where one does.
        AmbiguousName
            If several do.
        SourceError
            If a service has to be asked and fails; :class:`NetworkDisabled` if it may not be asked.
        """
        from siibra_kg.volumes import LabelMap, Volume  # noqa: PLC0415  numpy and nibabel take 150 ms
        from siibra_kg.volumes.transforms import apply  # noqa: PLC0415

        placed, home = self.placed(thing), self.space(space)
        here, image = space_of(placed), isinstance(thing, Volume | LabelMap)
        if here == home.iri:
            return placed  # type: ignore[no-any-return]
        way = choose(self.transforms(), here, home.iri, by, type(thing).__name__, image=image)
        if grid is None and image:
            template = self.template(home)
            grid = template if isinstance(template, Volume) else None  # a mesh has no voxels; apply says so
        return apply(way, placed, self.settings, grid=grid)  # type: ignore[no-any-return]

    def sample_locations(
        self,
        region: str | model.Region,
        space: str | model.Space | None = None,
        n: int = 100,
        *,
        seed: int,
        kind: str = "labelled",
        spec: str | None = None,
        **options: Unpack[FetchKeywords],
    ) -> PointCloud:
        """Draw points from a region: the same for the same seed.

        Parameters
        ----------
        region, space
            As of :meth:`mask`.
        n
            How many.
        seed
            A number; there is no default, so that nobody publishes points that cannot be drawn again.
        kind
            ``"labelled"`` for a density that grows with the square of the distance to the border, ``"statistical"``
            for one that follows the map.
        """
        from siibra_kg.volumes.sampling import sample_volume  # noqa: PLC0415

        found = self.region(region)
        if kind.lower() == "statistical":
            volume = self.regional_map(found, space, spec, **options)
        else:
            volume = self.mask(found, space, spec=spec, **options)
        return sample_volume(volume, n, seed=seed)

    def spatial_properties(
        self, region: str | model.Region, space: str | model.Space | None = None, **options: Unpack[FetchKeywords]
    ) -> Table:
        """Give centroid (mm), volume (mm³) and box (mm) of each connected component of a region, largest first.

        :meth:`LabelMap.spatial_properties <siibra_kg.volumes.LabelMap.spatial_properties>` has the columns, and gives
        them for all regions of a map at once.
        """
        from siibra_kg.model import LabelEntry  # noqa: PLC0415
        from siibra_kg.volumes import LabelMap  # noqa: PLC0415  numpy and nibabel take 150 ms

        found = self.region(region)
        entry = LabelEntry(1, found.iri, found.name, found.color, found.laterality)
        return LabelMap(self.mask(found, space, **options), (entry,)).spatial_properties()

    def box(self, region: str | model.Region, space: str | model.Space | None = None) -> BoundingBox:
        """Give the smallest box around a region, in mm."""
        from siibra_kg.locations import BoundingBox  # noqa: PLC0415

        volume = self.mask(region, space)
        low, high = volume.bounding_box().tolist()
        return BoundingBox(tuple(low), tuple(high), volume.space)
