"""A job on its way through the pool, and the lines in which it waits."""

from __future__ import annotations

from collections import OrderedDict, deque
from typing import TYPE_CHECKING

import orjson

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Iterator

    from siibra_kg.server.job import Job
    from siibra_kg.server.pool.answer import Answer, Pieces

__all__ = ["Lines", "Ticket"]

#: How many jobs are remembered for having been slow.
MEMORY = 4096


class Ticket:
    """A job, and who waits for its answer.

    Attributes
    ----------
    text
        What is sent to the worker.
    key
        Stands for the job in what is remembered about it.
    arrived, deadline
        Times of the loop, in seconds. Waiting counts.
    number
        By which its worker knows it.
    started
        When its worker could begin with it.
    tries
        How many workers were lost over it already.
    slow
        Whether it is known to take long: then it may only go where slow jobs may.
    abandoned
        Whether nobody waits any more.
    pieces
        The body, if it comes in pieces.
    """

    __slots__ = (
        "abandoned",
        "arrived",
        "deadline",
        "future",
        "key",
        "number",
        "pieces",
        "slow",
        "started",
        "text",
        "tries",
    )

    def __init__(self, job: Job, loop: asyncio.AbstractEventLoop, timeout: float) -> None:
        text = orjson.dumps((job.kind, job.payload))
        self.key = hash(text)
        self.text = text
        self.number = 0
        self.future: asyncio.Future[Answer] = loop.create_future()
        self.arrived = self.started = loop.time()
        self.deadline = self.arrived + timeout
        self.tries = 0
        self.slow = self.abandoned = False
        self.pieces: Pieces | None = None

    def answer(self, answer: Answer) -> None:
        """Give the answer to whoever waits."""
        if not self.future.done():
            self.future.set_result(answer)

    def fail(self, error: Exception) -> None:
        """Give an error, or break the answer off if it has begun."""
        if self.pieces is not None:
            self.pieces.end(error)
        if not self.future.done():
            self.future.set_exception(error)


class Lines:
    """Two lines, first come first served: one for jobs that are known to take long, one for all others.

    Examples
    --------
    >>> lines = Lines()
    >>> len(lines), lines.next(slow=True)
    (0, None)
    """

    def __init__(self) -> None:
        self._quick: deque[Ticket] = deque()
        self._slow: deque[Ticket] = deque()
        self._known: OrderedDict[int, None] = OrderedDict()

    def __len__(self) -> int:
        return len(self._quick) + len(self._slow)

    def __iter__(self) -> Iterator[Ticket]:
        yield from self._slow
        yield from self._quick

    @property
    def quick(self) -> int:
        """How many wait that are not known to take long."""
        return len(self._quick)

    @property
    def slow(self) -> int:
        """How many wait that are."""
        return len(self._slow)

    def put(self, ticket: Ticket, *, first: bool = False) -> None:
        """Add a job to its line."""
        line = self._slow if ticket.slow else self._quick
        (line.appendleft if first else line.append)(ticket)

    def next(self, *, slow: bool) -> Ticket | None:
        """Take the next job; one that takes long only if there is a place for it, and then before all others."""
        if slow and self._slow:
            return self._slow.popleft()
        return self._quick.popleft() if self._quick else None

    def drop(self, ticket: Ticket) -> bool:
        """Take a job out; says whether it was there."""
        line = self._slow if ticket.slow else self._quick
        try:
            line.remove(ticket)
        except ValueError:
            return False
        return True

    def is_slow(self, key: int) -> bool:
        """Tell whether such a job took long when it was done last."""
        return key in self._known

    def learn(self, key: int, *, slow: bool) -> None:
        """Remember whether a job took long."""
        if slow:
            self._known[key] = None
            self._known.move_to_end(key)
            if len(self._known) > MEMORY:
                self._known.popitem(last=False)
        elif key in self._known:
            del self._known[key]
