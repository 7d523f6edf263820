"""How much of the processors a worker gets while others want them."""

from __future__ import annotations

import os
import sys
import time
from contextlib import suppress

__all__ = ["lower", "restore", "used"]

#: Niceness where the system has no idle class.
NICE = 19


def lower(pid: int) -> None:
    """Let a process have only what nobody else wants: a neighbour that wakes up goes first, at once."""
    with suppress(OSError):
        if sys.platform.startswith("linux"):
            os.sched_setscheduler(pid, os.SCHED_IDLE, os.sched_param(0))
        else:
            os.setpriority(os.PRIO_PROCESS, pid, NICE)


def restore(pid: int) -> bool:
    """Undo it; says whether the system allows that. Many want a privilege for it (``RLIMIT_NICE``)."""
    try:
        if sys.platform.startswith("linux"):
            os.sched_setscheduler(pid, os.SCHED_OTHER, os.sched_param(0))
        else:
            os.setpriority(os.PRIO_PROCESS, pid, 0)
    except OSError:
        return False
    return True


def used(pid: int) -> float | None:
    """Give the seconds of processor time that a process has had; nothing where that cannot be told."""
    if not sys.platform.startswith("linux"):
        return None
    try:
        return time.clock_gettime((~pid << 3) | 2)  # what clock_getcpuclockid(3) gives
    except OSError:
        return None
