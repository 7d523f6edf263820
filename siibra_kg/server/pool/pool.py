"""The pool of workers: takes jobs, gives answers, keeps to the limits, and is there afterwards.

A job gets the worker that is free; if none is, it waits in a line whose length is bounded. From its arrival it has
``options.timeout`` seconds.

Who takes long must not hold up who does not. A job that has run for :data:`SLOW` seconds needs one of the places for
slow jobs, of which there is one less than there are workers, and goes on with the priority of what runs when nobody
else wants to. If no such place is free, and others wait, the job is ended and waits in a line of its own for such a
place; nothing of its answer has been sent then, because an answer in pieces is held back until its job has a place. A
job like one that was slow goes to that line at once. So one worker at least is always with quick jobs, or at most
:data:`SLOW` seconds away from it.

While all workers are busy, jobs are written ahead to those that have begun their last one a moment ago: such a worker
goes on without being woken up, which costs more than a lookup does. If its job turns out not to be quick, those behind
it are taken back and wait in the line again, at its head.
"""

from __future__ import annotations

import asyncio
import os
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from siibra_kg.server.jobs import JOBS
from siibra_kg.server.pool import verdict
from siibra_kg.server.pool.crew import Crew
from siibra_kg.server.pool.desk import MOMENT, Desk
from siibra_kg.server.pool.place import Place
from siibra_kg.server.pool.priority import restore, used
from siibra_kg.server.pool.ticket import Ticket
from siibra_kg.server.worker_limits import resident

if TYPE_CHECKING:
    from collections.abc import Mapping

    from siibra_kg.config import Settings
    from siibra_kg.server.job import Job
    from siibra_kg.server.options import ServerOptions
    from siibra_kg.server.pool.answer import Answer
    from siibra_kg.server.pool.member import Member
    from siibra_kg.server.pool.parent import Exit

__all__ = ["SLOW", "Pool"]

#: Seconds after which a job counts as slow, and after which a worker whose client is gone is killed.
SLOW, GRACE = 0.05, 0.02
#: The same for a worker that may have to import first what its job needs, and for one that waits more than it works.
COLD = 0.5
#: Seconds before an idle worker warms up.
QUIET = 0.5


class Pool(Desk):
    """Workers for one graph.

    Parameters
    ----------
    place
        Snapshot folder or RDF file; ``None`` for the newest snapshot.
    settings
        Where snapshots are.
    options
        Limits.
    jobs
        Kinds of jobs: name -> ``module:function``.

    Raises
    ------
    SnapshotError
        If the place is on another machine.

    Examples
    --------
    >>> async def ask(place, settings, options, job):               # doctest: +SKIP
    ...     pool = Pool(place, settings, options)
    ...     await pool.start()
    ...     answer = await pool.run(job)
    ...     await pool.close()
    ...     return answer.body
    """

    def __init__(
        self, place: str | None, settings: Settings, options: ServerOptions, *, jobs: Mapping[str, str] = JOBS
    ) -> None:
        options = replace(options, workers=options.workers or max(3, (os.cpu_count() or 1) + 1))
        super().__init__(options)
        self._crew = Crew(self, Place(place, settings), settings, options, jobs)
        self._warming: Member | None = None

    async def start(self) -> None:
        """Start the workers; returns when the first is ready.

        Raises
        ------
        SnapshotError
            If the graph cannot be opened.
        """
        self._loop = asyncio.get_running_loop()
        try:
            await self._crew.start()
        except BaseException:
            await self.close()
            raise

    @property
    def snapshot(self) -> str:
        """Hash of the content that is served; empty before the start."""
        return self._crew.snapshot

    @property
    def base_iri(self) -> str:
        """What minted identifiers start with."""
        return self._crew.base_iri

    # -- jobs ----------------------------------------------------------------------------------------------------

    async def run(self, job: Job) -> Answer:
        """Do a job. If the task that waits is cancelled, its worker is freed or killed.

        Raises
        ------
        Refused
            503 where too many wait or a worker was lost, 504 where the time is over, 422 where memory is.
        """
        ticket = Ticket(job, self._loop, self._options.timeout)
        self._admit(ticket)
        try:
            return await ticket.future
        except asyncio.CancelledError:
            self.abandon(ticket)
            raise

    def _admit(self, ticket: Ticket) -> None:
        """Start a job, or let it wait, or refuse it."""
        if self._closed:
            raise verdict.closing()
        lines, idle = self._lines, self._crew.idle
        ticket.slow = lines.is_slow(ticket.key)
        if not lines and not ticket.slow:
            member = idle.pop() if idle else self._brisk(ticket.arrived)
            if member is not None:
                self._start(member, ticket)
                return
        if len(lines) >= self._options.queue and not idle:
            raise verdict.crowded(len(lines))
        if ticket.slow and self._too_many_slow():
            raise verdict.too_slow()
        lines.put(ticket)
        self._pump()
        self._tick_soon()

    def abandon(self, ticket: Ticket) -> None:
        """Stop doing a job that nobody waits for: at once if it has run for a while, else soon."""
        ticket.abandoned = True
        if not self._lines.drop(ticket):
            for member in self._crew.workers():
                if member.ticket is ticket and self._loop.time() - ticket.started > GRACE:
                    self._end(member)
                    return

    # -- what workers tell ---------------------------------------------------------------------------------------

    def begun(self, member: Member) -> bool:
        """Let an answer in pieces go out if its job may be slow; else it is held back, and can be done again."""
        self._take_back(member)
        if not member.slot and self._slot_free():
            self._give_slot(member)
        return member.slot

    def ready(self, member: Member, about: dict[str, Any]) -> None:
        """Use a worker that has opened the graph."""
        self._crew.ready(member, about)
        self._pump()
        if not self._warming:
            self._loop.call_later(QUIET, self._warm_one)

    def failed(self, member: Member, reason: str) -> None:
        """Do without a worker that cannot open the graph."""
        self._crew.failed(member, reason)

    def changed(self) -> None:
        """Go on with workers that have opened another snapshot."""
        self._pump()

    def free(self, member: Member, ticket: Ticket | None) -> None:
        """Use a worker that has done a job."""
        if ticket is not None and (member.slot or ticket.slow):
            self._lines.learn(ticket.key, slow=self._loop.time() - ticket.started > SLOW)
        self._take_slot(member)
        if member.state == "busy":  # it goes on with what was written ahead
            if self._lines:
                self._pump()
            return
        if self._crew.rests(member):
            self._pump()
            return
        if member is self._warming:
            self._warming, member.cold = None, False
            self._loop.call_later(QUIET, self._warm_one)
        worn = False
        if member.low:
            member.low = False
            grown = resident(member.pid) - member.idle_size > self._options.memory // 4
            worn = not restore(member.pid) or grown
        if member.retiring or worn:
            self._crew.dismiss(member)
        else:
            self._crew.idle.append(member)
        if self._lines:
            self._pump()

    def lost(self, member: Member) -> None:
        """Judge a job whose worker is gone."""
        ticket = self._bereave(member)
        sent = ticket is not None and ticket.pieces is not None and ticket.future.done()

        def told(exit_: Exit | None) -> None:
            assert ticket is not None  # noqa: S101  asked only with one
            error = verdict.lost(ticket, exit_, member.idle_size, self._options)
            if error is None and not sent and not ticket.abandoned:
                ticket.tries, ticket.pieces = ticket.tries + 1, None
                self._lines.put(ticket, first=True)
                self._pump()
                self._tick_soon()
            else:
                ticket.fail(error or verdict.broken())

        self._crew.lost(member, None if ticket is None else told)
        self._pump()
        self._tick_soon()

    def _bereave(self, member: Member) -> Ticket | None:
        """Take from a worker that ends what it has; gives what it was at."""
        self._take_back(member)
        self._take_slot(member)
        if member is self._warming:
            self._warming = None
        return member.tickets.popleft() if member.tickets else None

    def _end(self, member: Member, error: Exception | None = None) -> None:
        """Kill a worker; its job gets an error, if any is given."""
        ticket = self._bereave(member)
        self._crew.kill(member)
        if ticket is not None and error is not None:
            ticket.fail(error)
        self._pump()

    # -- the clock -----------------------------------------------------------------------------------------------

    def _tick(self) -> None:
        """Look at what runs and what waits."""
        self._ticking = False
        now = self._loop.time()
        busy = [m for m in self._crew.workers() if m.state == "busy"]
        for member in busy:
            if member.ticket is not None:
                self._look(member, member.ticket, now)
            elif member.owed and now - member.alone > SLOW:  # it is at a job that another worker does by now
                self._end(member)
        for ticket in [t for t in self._lines if now >= t.deadline]:
            self._lines.drop(ticket)
            ticket.started = now
            ticket.fail(verdict.out_of_time(ticket, self._options.timeout))
        if busy or self._lines:
            self._tick_soon()

    def _look(self, member: Member, ticket: Ticket, now: float) -> None:
        """Decide what becomes of a job that runs."""
        age = now - ticket.started
        if member.looked[0] != ticket.number:
            member.looked = (ticket.number, used(member.pid))
        if age > MOMENT and len(member.tickets) > 1:
            self._take_back(member)
            self._pump()
        if now >= ticket.deadline:
            self._lines.learn(ticket.key, slow=True)
            self._end(member, verdict.out_of_time(ticket, self._options.timeout))
        elif ticket.abandoned and age > GRACE:
            self._end(member)
        elif age > SLOW and self._is_slow(member, age):
            if not member.slot and self._slot_free():
                self._give_slot(member)
                member.release()
            if member.slot:
                self._lower(member)
            elif self._lines:
                self._evict(member, ticket)

    @staticmethod
    def _is_slow(member: Member, age: float) -> bool:
        """Tell a job that takes long from one whose worker is not let to the processors on a busy machine."""
        before, had = member.looked[1], used(member.pid)
        worked = had is None or before is None or had - before > SLOW / 2
        return age > COLD or (worked and not member.cold)

    def _evict(self, member: Member, ticket: Ticket) -> None:
        """End a slow job that holds up others; it waits for a place where slow jobs may be."""
        self._lines.learn(ticket.key, slow=True)
        ticket.slow, ticket.pieces = True, None
        self._end(member)
        if self._too_many_slow():
            ticket.fail(verdict.too_slow())
        else:
            self._lines.put(ticket)

    # -- for later -----------------------------------------------------------------------------------------------

    def _warm_one(self) -> None:
        """Let a worker that has nothing to do prepare for jobs to come; one at a time."""
        cold = next((m for m in self._crew.idle if not m.warm), None)
        if self._closed or self._warming is not None or cold is None:
            return
        if self._lines or len(self._crew.idle) < len(self._crew.members):
            self._loop.call_later(QUIET, self._warm_one)
            return
        self._crew.idle.remove(cold)
        self._warming = cold
        cold.start_warming()

    def info(self) -> dict[str, Any]:
        """Describe the state: snapshot, workers, how many wait."""
        workers = [
            {
                "pid": m.pid,
                "state": m.state,
                "slow": m.slot,
                "warm": not m.cold,
                "resident": resident(m.pid) if m.pid else 0,
                "jobs": m.done,
            }
            for m in sorted(self._crew.workers(), key=lambda m: m.pid)
        ]
        return {
            "snapshot": self.snapshot,
            "base_iri": self.base_iri,
            "isolated": self._crew.isolated(),
            "waiting": len(self._lines),
            "workers": workers,
        }

    async def close(self) -> None:
        """End all workers; whoever waits is told."""
        self._closed = True
        for ticket in [*self._lines, *(t for m in self._crew.workers() for t in m.tickets)]:
            self._lines.drop(ticket)
            ticket.fail(verdict.closing())
        await self._crew.close()
