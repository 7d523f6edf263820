"""What every map can be asked: which regions something lies in, and for points of a region."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import ArrayLike

    from siibra_kg.locations import Point, PointCloud
    from siibra_kg.model import Space
    from siibra_kg.terms import IRI
    from siibra_kg.volumes.volume import Volume

__all__ = ["Asked", "Sampled"]


class Asked:
    """Assignment to the regions of a map."""

    __slots__ = ()

    def assign(
        self,
        query: Point | PointCloud | Volume | ArrayLike,
        *,
        minsize_voxel: int = 1,
        lower_threshold: float = 0.0,
        split_components: bool = True,
        space: Space | str | None = None,
    ) -> pd.DataFrame:
        """Tell which regions points lie in, or how an image compares with each region.

        The parameters, the columns and the errors are those of :func:`siibra_kg.volumes.assign.assign`.
        """
        from siibra_kg.volumes.assign import assign  # noqa: PLC0415  it reads all kinds of maps, this one too

        mine: Any = self
        return assign(
            mine,
            query,
            minsize_voxel=minsize_voxel,
            lower_threshold=lower_threshold,
            split_components=split_components,
            space=space,
        )


class Sampled:
    """Points of the regions of a map."""

    __slots__ = ()

    def sample_locations(self, region: IRI | str | int, n: int, seed: int, *, centres: bool = False) -> PointCloud:
        """Draw points from a region: the same for the same seed; see :mod:`siibra_kg.volumes.sampling`."""
        from siibra_kg.volumes.sampling import sample_locations  # noqa: PLC0415

        mine: Any = self
        return sample_locations(mine, region, n, seed, centres=centres)
