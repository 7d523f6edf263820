"""A function over all blocks of a volume: one after the other, in threads, or on a cluster, with the same result.

The memory that this takes is that of the blocks that are worked on, whatever the size of the volume. Partial results
are put together in an order that depends on the blocks alone: first those of a few neighbouring blocks, from the left
to the right, which is one task; then those of the tasks, from the left to the right. So sums of floating-point numbers
are equal to the last bit, whoever computes them.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from functools import reduce as fold
from itertools import islice
from typing import TYPE_CHECKING, Any, TypeVar

from siibra_kg.errors import BadVolume
from siibra_kg.locations.same import require_same_space
from siibra_kg.volumes.chunks.chunked import ChunkedVolume
from siibra_kg.volumes.place import moved, shift_between

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from siibra_kg.volumes.place import Block
    from siibra_kg.volumes.volume import Volume

__all__ = ["Piece", "map_blocks"]

T = TypeVar("T")
#: Blocks of a task: enough that the reading of an ``info`` file by a worker does not matter.
_TASK = 8
#: Tasks that are handed out at a time; their results are small, but there is no end to how many there may be.
_AHEAD = 32


@dataclass(frozen=True, slots=True, eq=False)
class Piece:
    """One block of a volume, as a function over blocks gets it.

    Parameters
    ----------
    array
        Its voxels; do not write to it.
    labels
        Those of the volume of labels, where there is one.
    start
        The index in the volume of its first voxel.
    affine
        4x4: indices of the block to mm.
    """

    array: NDArray[Any]
    labels: NDArray[Any] | None
    start: tuple[int, int, int]
    affine: NDArray[np.float64]


def map_blocks(
    fn: Callable[[Piece], T],
    volume: Volume | ChunkedVolume,
    *,
    block: int = 128,
    reduce: Callable[[T, T], T] | None = None,
    executor: Any = None,  # noqa: ANN401  whatever has submit: the standard library's executors, dask's client
    labels: Volume | ChunkedVolume | None = None,
) -> Any:  # noqa: ANN401  T with reduce, else a list of T
    """Apply a function to all blocks of a volume.

    Parameters
    ----------
    fn
        Called with each :class:`Piece`. For processes and clusters it has to be picklable: a function of a module.
    volume
        In memory, or a handle. Other processes get the handle, never voxels; a volume in memory is for threads.
    block
        Voxels along each axis, rounded up to whole chunks.
    reduce
        Puts two results together; it has to be associative. Without it all results are given, in the order of
        :meth:`ChunkedVolume.blocks`.
    executor
        A :class:`concurrent.futures.Executor`, a ``dask.distributed.Client``, or nothing to work here.
    labels
        A volume on the same grid, in the same space, of which each piece has the block too.

    Returns
    -------
    object
        The result of ``reduce``, or a list.

    Raises
    ------
    BadVolume
        If the labels lie on another grid.
    SpaceMismatch
        If they are in another space.

    Examples
    --------
    >>> import numpy as np
    >>> from siibra_kg.terms import IRI
    >>> from siibra_kg.volumes import Volume
    >>> volume = Volume(np.ones((30, 40, 50)), np.eye(4), IRI("https://example.org/space"))
    >>> map_blocks(lambda piece: piece.array.sum(), volume, block=16, reduce=lambda a, b: a + b).item()
    60000.0
    """
    handle = ChunkedVolume.of(volume)
    marks = None if labels is None else ChunkedVolume.of(labels)
    if marks is not None:
        _check_grids(handle, marks)
    for sent in (handle, marks):
        if sent is not None and not sent.portable and hasattr(executor, "get_executor"):
            hint = "give a ChunkedVolume of its reference, which workers open themselves"
            raise BadVolume(sent.name, "is in memory, and is not sent to a cluster", hint)
    results = _results(_Job(fn, handle, marks, reduce), _tasks(handle.blocks(block)), executor)
    if reduce is None:
        return [result for part in results for result in part]
    return fold(reduce, (part[0] for part in results))


def _check_grids(handle: ChunkedVolume, marks: ChunkedVolume) -> None:
    require_same_space(handle, marks)
    shift = shift_between(handle.affine, marks.affine)
    if handle.shape != marks.shape or shift is None or shift.any():
        reason = f"its grid of {marks.shape} voxels is not that of {handle.name}, which has {handle.shape}"
        raise BadVolume(marks.name, reason, "resample one of them first")


def _tasks(blocks: Iterator[Block]) -> Iterator[list[Block]]:
    while some := list(islice(blocks, _TASK)):
        yield some


@dataclass(frozen=True, slots=True, eq=False)
class _Job:
    """What all tasks have in common; it travels to workers."""

    fn: Callable[[Piece], Any]
    handle: ChunkedVolume
    marks: ChunkedVolume | None
    reduce: Callable[[Any, Any], Any] | None

    def __call__(self, task: Sequence[Block]) -> list[Any]:
        """Do one task: the function on some blocks, and their results put together if they can be."""
        results: list[Any] = []
        for one in task:
            (a, b), (c, d), (e, f) = one
            start, stop = (a, c, e), (b, d, f)
            marked = None if self.marks is None else self.marks.block(start, stop)
            array = self.handle.block(start, stop)
            result = self.fn(Piece(array, marked, start, moved(self.handle.affine, start)))
            results = [self.reduce(results[0], result)] if results and self.reduce is not None else [*results, result]
        return results


def _results(job: _Job, tasks: Iterator[list[Block]], executor: Any) -> Iterator[list[Any]]:  # noqa: ANN401
    """Give the results of the tasks in their order."""
    if executor is None:
        yield from map(job, tasks)
        return
    # A dask client names a task after its arguments, and gives an old result for an old name; its executor does not.
    submit = executor.get_executor().submit if hasattr(executor, "get_executor") else executor.submit
    waiting: deque[Any] = deque()
    try:
        for task in tasks:
            waiting.append(submit(job, task))
            if len(waiting) >= _AHEAD:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        for future in waiting:
            future.cancel()
