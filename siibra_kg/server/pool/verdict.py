"""Why a job ended without an answer, in words and as a status code."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

from siibra_kg.server.problem import Refused

if TYPE_CHECKING:
    from siibra_kg.server.options import ServerOptions
    from siibra_kg.server.pool.parent import Exit
    from siibra_kg.server.pool.ticket import Ticket

__all__ = ["broken", "closing", "crowded", "lost", "out_of_time", "too_slow"]

_AGAIN = (("Retry-After", "1"),)
#: Signals that a process gets for what it did itself. Any other came from outside.
_OWN = frozenset({signal.SIGSEGV, signal.SIGBUS, signal.SIGFPE, signal.SIGILL, signal.SIGTRAP, signal.SIGSYS})


def crowded(waiting: int) -> Refused:
    """Too many wait already."""
    return Refused(503, "overloaded", f"{waiting} requests wait already; come back in a moment", _AGAIN)


def closing() -> Refused:
    """The server ends."""
    return Refused(503, "overloaded", "the server is ending", _AGAIN)


def too_slow() -> Refused:
    """No place for another job that takes long."""
    detail = "this request takes long, and as many of that kind as may run at once do so already; come back later"
    return Refused(503, "overloaded", detail, (("Retry-After", "5"),))


def broken() -> Refused:
    """The worker is gone and a part of the answer is sent."""
    return Refused(503, "worker-lost", "the process that answered was ended from outside", _AGAIN)


def out_of_time(ticket: Ticket, timeout: float) -> Refused:
    """The time is over: the job's own fault if it ran for at least half of it, else that of the others."""
    waited = ticket.started - ticket.arrived
    if waited > timeout / 2:
        return Refused(503, "overloaded", f"no worker was free for {waited:.1f} seconds; come back later", _AGAIN)
    detail = f"the answer takes more than {timeout:g} seconds; ask for less, or download the graph and ask it there"
    return Refused(504, "time-limit", detail, limit=timeout)


def lost(ticket: Ticket, exit_: Exit | None, idle: int, options: ServerOptions) -> Refused | None:
    """Judge a worker that ended in the middle of a job; ``None`` if the job may be done again.

    ``SIGABRT`` is how the engine ends where an allocation fails. A signal that a process earns by itself, as
    ``SIGSEGV`` for a stack that overflows, would come again if the job did, so it is not done again. Any other signal
    came from outside: from the system if memory grew much, else from a person or a script; then the job is innocent
    and is done again, as often as there are workers: all of them may be gone, and the front process not know it yet.
    """
    grew = exit_ is not None and exit_.most - idle > options.memory // 2
    if exit_ is not None and (exit_.code == -signal.SIGABRT or (exit_.code == -signal.SIGKILL and grew)):
        detail = f"the answer needs more than {options.memory >> 20:,} MiB of memory; ask for less"
        return Refused(422, "memory-limit", detail, limit=options.memory)
    outside = exit_ is not None and exit_.code < 0 and -exit_.code not in _OWN
    if outside and ticket.tries < options.workers:
        return None
    told = (
        "was ended from outside, again and again"
        if outside
        else "ended unexpectedly over this request, which is not tried again"
    )
    return Refused(503, "worker-lost", f"the process that answered {told}", _AGAIN)
