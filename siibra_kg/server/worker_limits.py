"""What the operating system holds a worker to: memory, files, no network, no core dumps, no life after its parent's.

Everything here does what it can and says what it did: a limit that a system does not know is no reason not to serve.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from pathlib import Path

__all__ = ["bound_memory", "die_with_parent", "isolate_network", "modest", "resident"]

_PR_SET_PDEATHSIG, _PR_SET_NO_NEW_PRIVS = 1, 38
_CLONE_NEWUSER, _CLONE_NEWNET = 0x10000000, 0x40000000
#: Files that a worker may have open; the engine opens a few dozen.
FILES = 1024
_STATM = "/proc/{pid}/statm"


def isolate_network() -> bool:
    """Enter an empty network namespace (Linux): no address can be reached, loopback neither.

    Needs the right to make one, or else a user namespace of one's own, which many systems grant to everybody. Call it
    while the process has one thread.

    Returns
    -------
    bool
        Whether it worked.
    """
    call = _libc("unshare")
    return call is not None and (call(_CLONE_NEWNET) == 0 or call(_CLONE_NEWUSER | _CLONE_NEWNET) == 0)


def die_with_parent(parent: int) -> None:
    """Have the kernel end this process when its parent ends (Linux), and give up the right to gain rights."""
    call = _libc("prctl")
    if call is not None:
        call(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        call(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    if os.getppid() != parent:  # it went before it was asked to tell
        os._exit(0)


def modest() -> None:
    """Set the limits that do not depend on the graph: no core dumps, few files."""
    import resource  # noqa: PLC0415  not on Windows

    _lower(resource.RLIMIT_CORE, 0)
    _lower(resource.RLIMIT_NOFILE, FILES)


def bound_memory(more: int) -> None:
    """Let this process have so many bytes more than it has now.

    ``RLIMIT_DATA`` counts what a process may write to, not the files that the engine maps, so a large graph does not
    use it up; where an allocation exceeds it the engine ends the process with ``SIGABRT``.
    """
    import resource  # noqa: PLC0415  not on Windows

    _lower(resource.RLIMIT_DATA, _data() + more)


def resident(pid: int | None = None) -> int:
    """Give the bytes of memory that a process occupies; 0 where that cannot be told."""
    try:
        pages = Path(_STATM.format(pid=pid or "self")).read_text("ascii").split()[1]
    except (OSError, IndexError):
        return 0
    return int(pages) * os.sysconf("SC_PAGE_SIZE")


def _data() -> int:
    """Give the bytes that count for ``RLIMIT_DATA``: ``VmData`` of ``/proc``."""
    try:
        lines = Path("/proc/self/status").read_text("ascii").splitlines()
    except OSError:
        return 1 << 28
    return next(int(line.split()[1]) << 10 for line in lines if line.startswith("VmData:"))


def _lower(kind: int, to: int) -> None:
    import resource  # noqa: PLC0415  not on Windows

    _, most = resource.getrlimit(kind)
    wanted = to if most == resource.RLIM_INFINITY else min(to, most)
    try:
        resource.setrlimit(kind, (wanted, wanted))
    except (OSError, ValueError):  # a system that does not know it; the other limits remain
        return


def _libc(name: str) -> ctypes._NamedFuncPointer | None:
    """Find a function of the C library; only on Linux, where these have their meaning."""
    if not sys.platform.startswith("linux"):
        return None
    return getattr(ctypes.CDLL(None, use_errno=True), name, None)
