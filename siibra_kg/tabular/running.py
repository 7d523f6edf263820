"""Mean and standard deviation of many matrices, one after the other, in the memory of three."""

from __future__ import annotations

from typing import TYPE_CHECKING

from siibra_kg.data_errors import BadTable

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["Running"]


class Running:
    """Adds up matrices of one shape.

    The recurrence of Welford (1962), Technometrics 4(3), 419-420, https://doi.org/10.2307/1266577: it does not subtract
    large sums from each other, so that the deviation of nearly equal values is right. A cell that is ``NaN`` in one
    matrix is ``NaN`` in the result.

    Examples
    --------
    >>> import numpy as np
    >>> running = Running()
    >>> for matrix in (np.array([[1.0, 2.0]]), np.array([[3.0, 2.0]])):
    ...     running.add(matrix, "a subject")
    >>> running.count, running.mean.tolist(), running.std.tolist()
    (2, [[2.0, 2.0]], [[1.0, 0.0]])
    """

    def __init__(self) -> None:
        self.count = 0
        self._mean: NDArray[np.float64] | None = None
        self._squares: NDArray[np.float64] | None = None

    def add(self, matrix: NDArray[np.float64], name: str) -> None:
        """Add one matrix.

        Parameters
        ----------
        matrix
            float64, of the same shape as those before.
        name
            What an error calls it.

        Raises
        ------
        BadTable
            If its shape is another one.
        """
        self.count += 1
        if self._mean is None or self._squares is None:
            self._mean, self._squares = matrix.copy(), matrix * 0.0  # NaN stays NaN
            return
        if matrix.shape != self._mean.shape:
            self.count -= 1
            said, wanted = (" x ".join(map(str, shape)) for shape in (matrix.shape, self._mean.shape))
            raise BadTable(name, f"it has {said} cells, those before have {wanted}")
        apart = matrix - self._mean
        self._mean += apart / self.count
        apart *= matrix - self._mean
        self._squares += apart

    @property
    def mean(self) -> NDArray[np.float64]:
        """The mean of each cell."""
        mean: NDArray[np.float64] = self._some()[0].copy()
        return mean

    @property
    def std(self) -> NDArray[np.float64]:
        """The standard deviation of each cell over what was added (divided by their number, as numpy and siibra do)."""
        import numpy as np  # noqa: PLC0415  takes 100 ms

        return np.sqrt(self._some()[1] / self.count)

    def _some(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        if self._mean is None or self._squares is None:
            raise BadTable("the mean", "there is nothing to add up")
        return self._mean, self._squares
