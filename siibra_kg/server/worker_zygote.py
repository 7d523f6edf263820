"""The process that workers are forked from: it has imported what they need, opened nothing, and serves nobody.

The front process sends one byte with a descriptor for each worker that it wants, and is told, as lines of JSON, how
each worker ended. When the front process goes, this one ends and all workers with it.
"""

from __future__ import annotations

import array
import os
import select
import signal
import socket
import sys
from contextlib import suppress
from importlib import import_module
from typing import TYPE_CHECKING

import orjson

from siibra_kg.server.worker_limits import die_with_parent, isolate_network, modest

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["main"]

_PATIENCE = 0.3


def main(control: int, network: int, modules: Sequence[str] = ()) -> None:
    """Fork workers until the control socket is closed.

    Parameters
    ----------
    control
        Descriptor of a stream socket to the front process.
    network
        Whether workers may reach others; 0 puts this process and all workers into an empty network namespace.
    modules
        What to import when there is nothing else to do, for the workers that come later.
    """
    for asked in (signal.SIGINT, signal.SIGTERM):  # Ctrl-C, or who ends all processes of a service at once:
        signal.signal(asked, signal.SIG_IGN)  # the front process ends us in good order
    isolated = not network and isolate_network()
    modest()
    import siibra_kg.server.worker  # noqa: F401, PLC0415  after the namespaces, which want one thread

    Zygote(socket.socket(fileno=control), isolated=isolated).run(list(modules))


class Zygote:
    """Forks workers and says how they ended."""

    def __init__(self, control: socket.socket, *, isolated: bool) -> None:
        self._control = control
        self._children: set[int] = set()
        self._wake, self._woken = socket.socketpair()
        self._wake.setblocking(False)
        self._woken.setblocking(False)
        self._control.sendall(orjson.dumps({"isolated": isolated}) + b"\n")

    def run(self, modules: list[str]) -> None:
        """Work until the front process is gone."""
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(self._wake.fileno(), warn_on_full_buffer=False)
        while True:
            ready, _, _ = select.select([self._control, self._woken], [], [], _PATIENCE if modules else None)
            if self._woken in ready:
                with suppress(BlockingIOError):
                    self._woken.recv(4096)
                self._reap()
            if self._control in ready and not self._fork_all():
                break
            if not ready and modules:
                with suppress(Exception):  # the worker that needs it will tell
                    import_module(modules.pop())
                if not modules:
                    self._tell({"loaded": True})
        for pid in self._children:
            os.kill(pid, signal.SIGKILL)
        os._exit(0)

    def _fork_all(self) -> bool:
        """Fork a worker for each descriptor that has come; says whether the front process is there."""
        fds = array.array("i")
        try:
            data, extra, _, _ = self._control.recvmsg(1, socket.CMSG_SPACE(16 * fds.itemsize))
        except ConnectionError:  # the front process was killed and had not read everything
            return False
        for level, kind, part in extra:
            if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
                fds.frombytes(part[: len(part) - len(part) % fds.itemsize])
        for fd in fds:
            self._fork(fd)
        return bool(data)

    def _fork(self, fd: int) -> None:
        me = os.getpid()
        try:
            pid = os.fork()
        except OSError as error:
            sys.stderr.write(f"siibra-kg: no worker could be started: {error.strerror}\n")
            os.close(fd)
            return
        if pid:
            self._children.add(pid)
            os.close(fd)
            return
        status = 70
        try:
            self._become_worker(me)
            from siibra_kg.server.worker import work  # noqa: PLC0415  imported before the fork

            status = work(socket.socket(fileno=fd))
        except ConnectionError:
            status = 0
        except BaseException:  # noqa: BLE001  whatever it is, a child must never go on as the zygote
            import traceback  # noqa: PLC0415

            traceback.print_exc()
        finally:
            sys.stderr.flush()
            os._exit(status)

    def _become_worker(self, parent: int) -> None:
        """Give back what belongs to the zygote."""
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        for end in (self._control, self._wake, self._woken):
            end.close()
        die_with_parent(parent)

    def _reap(self) -> None:
        while self._children:
            try:
                pid, status, usage = os.wait4(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if not pid:
                return
            self._children.discard(pid)
            code = os.waitstatus_to_exitcode(status)
            unit = 1 if sys.platform == "darwin" else 1024
            self._tell({"ended": pid, "code": code, "most": usage.ru_maxrss * unit})

    def _tell(self, message: dict[str, object]) -> None:
        with suppress(OSError):
            self._control.sendall(orjson.dumps(message) + b"\n")
