"""PointCloud: points of one space, as tuples or as an array, with an uncertainty and a label each."""

from __future__ import annotations

from importlib.util import find_spec
from numbers import Integral
from typing import TYPE_CHECKING, Any, NoReturn, overload

from siibra_kg.errors import DataMissing, TermError
from siibra_kg.locations.point import Point, sigma, triple
from siibra_kg.locations.same import require_same_space

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Iterator, Sequence

    import numpy as np
    from numpy.typing import ArrayLike, NDArray

    from siibra_kg.locations.box import BoundingBox
    from siibra_kg.locations.point import Triple
    from siibra_kg.model import Space

__all__ = ["PointCloud"]


class PointCloud:
    """Points of one space; their order is kept, and does not count in :func:`~siibra_kg.locations.relation`. Frozen.

    Parameters
    ----------
    coordinates
        Tuples of x, y, z in mm, or an array of shape (n, 3). An array is copied once and stays an array.
    space
        As of :class:`~siibra_kg.locations.Point`.
    sigma_mm
        Standard deviation of the positions in mm: one for all points, or one for each.
    labels
        One for each point, or none; they take no part in comparison.

    Raises
    ------
    TermError
        If there is no point, one is not three finite numbers, or there are more or fewer uncertainties or labels.

    Examples
    --------
    >>> cloud = PointCloud(((0, 0, 0), (2, 4, 6)), "MNI152", sigma_mm=(1, 2), labels=("a", "b"))
    >>> cloud.centroid.coordinate, cloud[1]
    ((1.0, 2.0, 3.0), Point(coordinate=(2.0, 4.0, 6.0), space='MNI152', sigma_mm=2.0, label='b'))
    """

    __slots__ = ("_array", "_sigma", "_tuples", "labels", "space")

    space: Space | str
    labels: tuple[Hashable, ...] | None
    _array: NDArray[np.float64] | None
    _tuples: tuple[Triple, ...] | None
    _sigma: float | NDArray[np.float64]

    def __init__(
        self,
        coordinates: Iterable[Iterable[float]] | NDArray[Any],
        space: Space | str,
        sigma_mm: float | Sequence[float] | NDArray[Any] = 0.0,
        labels: Sequence[Hashable] | NDArray[Any] | None = None,
    ) -> None:
        array, tuples = None, None
        if hasattr(coordinates, "__array__"):
            from siibra_kg.locations import arrays  # noqa: PLC0415  loads numpy, which the caller has

            array = arrays.numbers(coordinates)  # type: ignore[arg-type]
        else:
            tuples = tuple(map(triple, coordinates))
            if not tuples:
                raise TermError(tuples, "one point or more")
        count = len(tuples if tuples is not None else array)  # type: ignore[arg-type]
        if labels is not None:
            labels = tuple(labels.tolist() if hasattr(labels, "tolist") else labels)
            if len(labels) != count:
                raise TermError(f"{len(labels)} labels", f"one for each of {count} points")
        for name, value in (
            ("_array", array),
            ("_tuples", tuples),
            ("_sigma", _sigmas(sigma_mm, count)),
            ("space", space),
            ("labels", labels),
        ):
            object.__setattr__(self, name, value)

    @classmethod
    def of(cls, points: Iterable[Point], labels: Sequence[Hashable] | None = None) -> PointCloud:
        """Make a cloud of points of one space, with their uncertainties and, where no other are given, labels.

        Raises
        ------
        SpaceMismatch
            If the points are in different spaces.
        """
        some = list(points)
        if not some:
            raise TermError((), "one point or more")
        for point in some[1:]:
            require_same_space(some[0], point)
        if labels is None and any(p.label is not None for p in some):
            labels = [p.label for p in some]
        return cls([p.coordinate for p in some], some[0].space, [p.sigma_mm for p in some], labels)

    @property
    def coordinates(self) -> tuple[Triple, ...]:
        """The coordinates as tuples; made of the array on first use."""
        if self._tuples is None:
            object.__setattr__(self, "_tuples", tuple(map(tuple, self.array.tolist())))
        return self._tuples  # type: ignore[return-value]

    @property
    def array(self) -> NDArray[np.float64]:
        """The coordinates as a read-only array, shape (n, 3), mm; made of the tuples on first use."""
        if self._array is None:
            from siibra_kg.locations import arrays  # noqa: PLC0415  loads numpy

            object.__setattr__(self, "_array", arrays.numbers(self._tuples))  # type: ignore[arg-type]
        return self._array  # type: ignore[return-value]

    @property
    def sigma_mm(self) -> float | NDArray[np.float64]:
        """The standard deviation of the positions: a number where it is the same for all, else one for each."""
        return self._sigma

    @property
    def sigmas(self) -> NDArray[np.float64]:
        """The standard deviation of each position in mm, shape (n,), read-only."""
        import numpy as np  # noqa: PLC0415  only who asks for an array needs it

        return np.broadcast_to(np.asarray(self._sigma, np.float64), (len(self),))

    @property
    def box(self) -> BoundingBox:
        """The smallest box that has all points; as uncertain as the most uncertain of the points that span it."""
        from siibra_kg.locations.box import BoundingBox  # noqa: PLC0415  boxes know clouds

        if self._array is None and isinstance(self._sigma, float):  # no array library for a few points
            xs, ys, zs = zip(*self.coordinates, strict=True)
            return BoundingBox((min(xs), min(ys), min(zs)), (max(xs), max(ys), max(zs)), self.space, self._sigma)
        array = self.array
        spanning = [*array.argmin(axis=0), *array.argmax(axis=0)]
        low, high = array.min(axis=0).tolist(), array.max(axis=0).tolist()
        return BoundingBox(low, high, self.space, float(self.sigmas[spanning].max()))

    boundingbox = box

    @property
    def centroid(self) -> Point:
        """The mean position; its uncertainty is that of a mean of independent positions, sqrt(sum(sigma**2)) / n."""
        spread = float((self.sigmas**2).sum() ** 0.5) / len(self)
        return Point(tuple(self.array.mean(axis=0).tolist()), self.space, spread)

    def transformed(self, affine: ArrayLike, space: Space | str) -> PointCloud:
        """Give where an affine (4x4, mm to mm) takes the points; see :meth:`Point.transformed`."""
        from siibra_kg.locations import arrays  # noqa: PLC0415  loads numpy

        matrix = arrays.affine(affine)
        spread = self._sigma * arrays.scale(matrix)
        return PointCloud(arrays.moved(self.array, matrix), space, spread, self.labels)

    def intersection(self, other: object) -> PointCloud | None:
        """Give the points that are in a point, cloud, box or volume; see :func:`siibra_kg.locations.intersection`."""
        from siibra_kg.locations.relation import of_cloud  # noqa: PLC0415  which knows clouds

        return of_cloud(self, other)

    def find_clusters(self, min_fraction: float = 1 / 200, max_fraction: float = 1 / 8) -> PointCloud:
        """Give the same points, labelled by cluster (HDBSCAN of scikit-learn); -1 is noise.

        Parameters
        ----------
        min_fraction, max_fraction
            The smallest and the largest cluster, as fractions of all points; a cluster has two points at least.

        Raises
        ------
        DataMissing
            If scikit-learn is not installed.
        """
        if find_spec("sklearn") is None:
            raise DataMissing("scikit-learn, which finds clusters,", "not installed", "pip install scikit-learn")
        from sklearn.cluster import HDBSCAN  # type: ignore[import-untyped]  # noqa: PLC0415  nobody else needs it

        least, most = max(2, int(len(self) * min_fraction)), max(2, int(len(self) * max_fraction))
        found = HDBSCAN(min_cluster_size=least, max_cluster_size=most, copy=True).fit_predict(self.array)
        return PointCloud(self.array, self.space, self._sigma, found)

    def __len__(self) -> int:
        return len(self._tuples if self._tuples is not None else self.array)

    def __iter__(self) -> Iterator[Point]:
        return map(self._at, range(len(self)))

    @overload
    def __getitem__(self, index: int) -> Point: ...
    @overload
    def __getitem__(self, index: slice | Sequence[int] | NDArray[Any]) -> PointCloud: ...
    def __getitem__(self, index: Any) -> Point | PointCloud:
        """Give a point; or, for a slice, numbers of points or an array of booleans, a cloud of some of them."""
        if isinstance(index, Integral):
            return self._at(range(len(self))[int(index)])
        import numpy as np  # noqa: PLC0415  as above

        rows = np.arange(len(self))[index if isinstance(index, slice) else np.asarray(index)]
        spread = self._sigma if isinstance(self._sigma, float) else self._sigma[rows]
        labels = None if self.labels is None else [self.labels[row] for row in rows.tolist()]
        return PointCloud(self.array[rows], self.space, spread, labels)

    def _at(self, row: int) -> Point:
        place = self._tuples[row] if self._tuples is not None else tuple(self.array[row].tolist())
        spread = self._sigma if isinstance(self._sigma, float) else float(self._sigma[row])
        return Point(place, self.space, spread, None if self.labels is None else self.labels[row])

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:  # noqa: ANN401
        import numpy as np  # noqa: PLC0415  as above

        return np.array(self.array, dtype) if copy or dtype else self.array

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, PointCloud):
            return NotImplemented
        if self is other:
            return True
        if len(self) != len(other) or self.space != other.space:
            return False
        if self._tuples is not None and other._tuples is not None:
            same = self._tuples == other._tuples
        else:
            same = bool((self.array == other.array).all())
        return same and bool(
            (self.sigmas == other.sigmas).all() if self._mixed or other._mixed else self._sigma == other._sigma
        )

    @property
    def _mixed(self) -> bool:
        return not isinstance(self._sigma, float)

    def __hash__(self) -> int:
        return hash((len(self), self._at(0).coordinate, self._at(len(self) - 1).coordinate, self.space))

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError(f"cannot assign to {name!r}: a PointCloud is frozen")

    def __delattr__(self, name: str) -> NoReturn:
        raise AttributeError(f"cannot delete {name!r}: a PointCloud is frozen")

    def __reduce__(self) -> tuple[type[PointCloud], tuple[object, ...]]:
        given = self._array if self._array is not None else self._tuples
        return PointCloud, (given, self.space, self._sigma, self.labels)

    def __repr__(self) -> str:
        more = (
            ""
            if self._sigma == 0.0 and not self._mixed
            else ", sigma_mm=" + ("one each" if self._mixed else str(self._sigma))
        )
        more += "" if self.labels is None else ", labels"
        return f"<PointCloud of {len(self)} point{'s' if len(self) != 1 else ''} in {self.space}{more}>"


def _sigmas(values: float | Sequence[float] | NDArray[Any], count: int) -> float | NDArray[np.float64]:
    if isinstance(values, float | int):
        return sigma(values)
    from siibra_kg.locations import arrays  # noqa: PLC0415  loads numpy

    return arrays.sigmas(values, count)
