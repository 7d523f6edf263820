"""Which workers there are: starts them, replaces those that end, and all of them when another snapshot is there."""

from __future__ import annotations

import asyncio
import sys
from collections import deque
from typing import TYPE_CHECKING, Any

from siibra_kg.errors import SiibraKGError, SnapshotError
from siibra_kg.server.pool.member import Member
from siibra_kg.server.pool.parent import Exit, Parent
from siibra_kg.server.worker_state import Setup

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from siibra_kg.config import Settings
    from siibra_kg.server.options import ServerOptions
    from siibra_kg.server.pool.member import Owner
    from siibra_kg.server.pool.place import Place

__all__ = ["Crew"]

#: Seconds between two looks at the place of the snapshot.
POLL = 1.0
#: Seconds before a worker is started after one could not open the graph: the first time, and at most.
PAUSE, LONGEST_PAUSE = 0.05, 2.0
#: That many crashes within so many seconds are a storm; then workers are started after a pause.
STORM, WITHIN, CALM = 12, 4.0, 0.5
#: Seconds before the spare worker warms up: the first answers want the processors.
LEISURE = 0.5
#: Seconds to wait for the news how a process ended.
NEWS = 1.0


class Crew:
    """The workers of a pool.

    Attributes
    ----------
    members
        All that serve, or will, the content of now.
    idle
        Those that have nothing to do; the one that worked last is the last.
    snapshot, base_iri
        What is served.
    """

    def __init__(
        self, owner: Owner, place: Place, settings: Settings, options: ServerOptions, jobs: Mapping[str, str]
    ) -> None:
        self._owner, self._place = owner, place
        self._settings, self._options, self._jobs = settings, options, jobs
        self.count = options.workers
        self.members: set[Member] = set()
        self.idle: list[Member] = []
        self.snapshot, self.base_iri = "", settings.base_iri
        #: One more that has opened the graph and waits for another's end: nobody waits for a start then.
        self._spare: Member | None = None
        self._next: set[Member] = set()
        self._leaving: set[Member] = set()
        self._path = ""
        self._generation = 0
        self._parent: Parent | None = None
        self._exits: dict[int, Exit] = {}
        self._asked: dict[int, Callable[[Exit | None], None]] = {}
        self._pause = 0.0
        self._crashes: deque[float] = deque(maxlen=STORM)
        self._recruiting = False
        self._watch: asyncio.Task[None] | None = None
        self._first: asyncio.Future[None] | None = None
        self._closed = False

    async def start(self) -> None:
        """Start the workers; returns when the first is ready.

        Raises
        ------
        SnapshotError
            If the graph cannot be opened.
        """
        self._loop = asyncio.get_running_loop()
        self._path = self._place.find()
        self._found_parent()
        self._first = self._loop.create_future()
        self._recruit()
        await self._first
        self._watch = self._loop.create_task(self._watching())

    def _found_parent(self) -> None:
        modules = sorted({name.partition(":")[0] for name in self._jobs.values()})
        # Endpoints that SERVICE may name are asked by the front process: workers never call anybody.
        self._parent = Parent(network=False, modules=modules, ended=self._ended, gone=self._orphaned)

    def workers(self) -> tuple[Member, ...]:
        """Give all workers that serve or finish what they do."""
        return (*self.members, *self._leaving)

    def isolated(self) -> bool:
        """Tell whether workers have no network at all."""
        return self._parent is not None and self._parent.isolated

    # -- coming --------------------------------------------------------------------------------------------------

    def _recruit(self) -> None:
        """Start as many workers as are missing, now or after a pause."""
        self._fill_in()
        if self._closed or self._recruiting or (len(self.members) >= self.count and self._spare is not None):
            return
        now = self._loop.time()
        storm = len(self._crashes) == STORM and now - self._crashes[0] < WITHIN
        pause = max(self._pause, CALM if storm else 0.0)
        if pause:
            self._recruiting = True
            self._loop.call_later(pause, self._recruit_now)
        else:
            self._recruit_now()

    def _warm_spare(self, member: Member) -> None:
        if member is self._spare and member.state == "idle":
            member.start_warming()

    def rests(self, member: Member) -> bool:
        """Tell whether a worker that has warmed up is the spare one; it takes a place if one is empty by now."""
        if member is not self._spare:
            return False
        member.cold = False
        self._fill_in()
        return True

    def _recruit_now(self) -> None:
        self._recruiting = False
        if self._closed:
            return
        while len(self.members) < self.count:
            self.members.add(self._spawn(self._path, self._generation))
        if self._spare is None and self._first is not None and self._first.done() and not self._options.in_memory:
            self._spare = self._spawn(self._path, self._generation)

    def _fill_in(self) -> None:
        """Let the spare worker take a place that is empty."""
        spare = self._spare
        if spare is not None and spare.state == "idle" and len(self.members) < self.count:
            self._spare = None
            self.members.add(spare)
            self.idle.insert(0, spare)

    def _spawn(self, path: str, generation: int) -> Member:
        assert self._parent is not None  # noqa: S101  started before
        member = Member(self._owner, self._loop, self._parent.start(), generation)
        member.cold = not self._parent.loaded
        member.setup(Setup(path, self._settings, self._options, self._jobs).to_json())
        return member

    def ready(self, member: Member, about: dict[str, Any]) -> None:
        """Take in a worker that has opened the graph."""
        self._pause = 0.0
        if member in self._next:
            if all(m.state == "idle" for m in self._next):
                self._adopt(about)
            return
        if not self.snapshot:
            self.snapshot, self.base_iri = member.snapshot, about["base_iri"]
        if member.snapshot != self.snapshot:  # the folder holds another snapshot by now
            self._forget(member)
            self.switch()
            return
        if member is self._spare:
            self._fill_in()
            self._loop.call_later(LEISURE, self._warm_spare, member)
            return
        self.idle.insert(0, member)
        if self._first is not None and not self._first.done():
            self._first.set_result(None)
        if all(m.state != "starting" for m in self.members):
            self._recruit()

    def failed(self, member: Member, reason: str) -> None:
        """Let go of a worker that cannot open the graph."""
        if member in self._next:
            self._say(f"the new snapshot cannot be opened, the old one is served on: {reason}")
            for other in self._next:
                other.kill()
            self._next.clear()
            return
        self._pause = min(max(2 * self._pause, PAUSE), LONGEST_PAUSE)
        if self._first is not None and not self._first.done():
            self._first.set_exception(SnapshotError(self._path, reason, "name a snapshot folder or an RDF file"))
        else:
            self._say(f"a worker cannot open the graph: {reason}")
        self._forget(member)
        self._recruit()

    # -- going ---------------------------------------------------------------------------------------------------

    def _forget(self, member: Member) -> None:
        member.close()
        self._exits.pop(member.pid, None)
        self.members.discard(member)
        self._leaving.discard(member)
        if member is self._spare:
            self._spare = None
        if member in self.idle:
            self.idle.remove(member)

    def kill(self, member: Member) -> None:
        """End a worker and start another."""
        member.kill()
        self._forget(member)
        self._recruit()

    def dismiss(self, member: Member) -> None:
        """Let a worker end after what it does now, and start another."""
        if member.state == "busy":
            member.retiring = True
            self.members.discard(member)
            self._leaving.add(member)
        else:
            self._forget(member)
        self._recruit()

    def lost(self, member: Member, told: Callable[[Exit | None], None] | None) -> None:
        """Note that a worker has ended by itself; ``told`` is called with how, as soon as that is known."""
        exit_ = self._exits.pop(member.pid, None)
        if member in self._next:
            self.failed(member, "its worker ended while opening it")
            return
        if not member.pid:
            self.failed(member, "the worker ended while opening it")
            return
        if told is not None:
            self._crashes.append(self._loop.time())
        self._forget(member)
        if told is not None:
            if exit_ is not None:
                told(exit_)
            else:
                self._asked[member.pid] = told
                self._loop.call_later(NEWS, self._tell, member.pid, None)
        self._recruit()

    def _ended(self, pid: int, exit_: Exit) -> None:
        if pid in self._asked:
            self._tell(pid, exit_)
        elif any(m.pid == pid for m in self.workers()):
            self._exits[pid] = exit_  # its socket will tell

    def _tell(self, pid: int, exit_: Exit | None) -> None:
        told = self._asked.pop(pid, None)
        if told is not None:
            told(exit_)

    def _orphaned(self) -> None:
        """Start another parent: the last one has ended, and all workers with it."""
        if self._closed:
            return
        self._say("the process that starts workers has ended; there is a new one")
        last, self._parent = self._parent, None
        self._found_parent()
        if last is not None:
            self._reaping = self._loop.create_task(last.close())

    # -- another snapshot ----------------------------------------------------------------------------------------

    async def _watching(self) -> None:
        while True:
            await asyncio.sleep(POLL)
            if self._place.changed():
                self.switch()

    def switch(self) -> None:
        """Start workers on what is at the place now; they take over when all of them are ready."""
        try:
            self._next_path = self._place.find()
        except SiibraKGError as error:
            self._say(f"the new snapshot cannot be found, the old one is served on: {error}")
            return
        for member in self._next:
            member.kill()
        self._generation += 1
        self._next = {self._spawn(self._next_path, self._generation) for _ in range(self.count)}

    def _adopt(self, about: dict[str, Any]) -> None:
        """Let the new workers serve; the old ones finish what they do."""
        old, self.members, self._next = self.members, self._next, set()
        self._path, self.snapshot, self.base_iri = self._next_path, about["snapshot"], about["base_iri"]
        self.idle[:0] = self.members
        if self._spare is not None:
            self._forget(self._spare)
        for member in old:
            self.dismiss(member)
        self._owner.changed()

    # -- the end -------------------------------------------------------------------------------------------------

    async def close(self) -> None:
        """End all workers; returns when they are gone."""
        self._closed = True
        if self._watch is not None:
            self._watch.cancel()
        for member in (*self.workers(), *self._next, *([self._spare] if self._spare else [])):
            member.kill()
        self.members.clear()
        self.idle.clear()
        for pid in tuple(self._asked):
            self._tell(pid, None)
        if self._parent is not None:
            await self._parent.close()

    @staticmethod
    def _say(text: str) -> None:
        sys.stderr.write(f"siibra-kg: {text}\n")
        sys.stderr.flush()
