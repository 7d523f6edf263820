"""Which worker gets which job, and when: idle ones first, then those that will be free in a moment."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

from siibra_kg.server.pool.priority import lower
from siibra_kg.server.pool.ticket import Lines, Ticket

if TYPE_CHECKING:
    import asyncio

    from siibra_kg.server.options import ServerOptions
    from siibra_kg.server.pool.crew import Crew
    from siibra_kg.server.pool.member import Member

__all__ = ["MOMENT", "Desk"]

#: Jobs that one worker may have, and the seconds in which the first of them has to have begun for another to follow.
AHEAD, MOMENT = 4, 0.002
#: Seconds between two looks at what runs.
TICK = 0.025


class Desk(ABC):
    """Gives waiting jobs to workers. :class:`~siibra_kg.server.pool.pool.Pool` says what else may happen to them."""

    _crew: Crew
    _loop: asyncio.AbstractEventLoop

    def __init__(self, options: ServerOptions) -> None:
        self._options = options
        self._lines = Lines()
        self._slots = 0
        self._ticking = self._closed = False

    def _brisk(self, now: float) -> Member | None:
        """Find a busy worker to which another job can be written ahead: the one with the least to do."""
        best, least = None, AHEAD
        for member in self._crew.members:
            tickets = member.tickets
            if (
                tickets
                and len(tickets) < least
                and not (member.slot or member.owed)
                and now - tickets[0].started < MOMENT
            ):
                best, least = member, len(tickets)
        return best

    def _too_many_slow(self) -> bool:
        return self._lines.slow >= max(1, self._options.queue // 2)

    def _start(self, member: Member, ticket: Ticket) -> None:
        if ticket.slow:
            self._give_slot(member)
        ticket.started = self._loop.time()
        member.start(ticket)
        if not self._ticking:
            self._tick_soon()

    def _pump(self) -> None:
        """Give waiting jobs to idle workers, and write some ahead to others."""
        idle, lines = self._crew.idle, self._lines
        while idle and lines:
            ticket = lines.next(slow=self._slot_free())
            if ticket is None:
                return
            self._start(idle.pop(), ticket)
        if lines.quick:
            now = self._loop.time()
            while lines.quick and (member := self._brisk(now)) is not None:
                ticket = lines.next(slow=False)
                assert ticket is not None  # noqa: S101  there are some
                self._start(member, ticket)

    def _take_back(self, member: Member) -> None:
        """Let what is written ahead to a worker wait for another one."""
        for ticket in reversed(member.take_back()):
            if not ticket.abandoned:
                self._lines.put(ticket, first=True)

    def _slot_free(self) -> bool:
        return self._slots < max(1, len(self._crew.members) - 1)

    def _give_slot(self, member: Member) -> None:
        member.slot = True
        self._slots += 1

    def _take_slot(self, member: Member) -> None:
        if member.slot:
            member.slot = False
            self._slots -= 1

    def _lower(self, member: Member) -> None:
        if not member.low and member.pid:
            member.low = True
            lower(member.pid)

    # -- the clock -----------------------------------------------------------------------------------------------

    def _tick_soon(self) -> None:
        if not self._ticking and not self._closed:
            self._ticking = True
            self._loop.call_later(TICK, self._tick)

    @abstractmethod
    def _tick(self) -> None:
        """Look at what runs and what waits."""
