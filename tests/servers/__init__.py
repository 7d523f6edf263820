"""Real SPARQL servers on loopback for the tests: the Oxigraph server and Virtuoso 7."""

from __future__ import annotations

import os
import socket
import subprocess
import time
import urllib.error
import urllib.request

__all__ = ["Unavailable", "free_port", "in_ci", "stop", "wait_until_ready"]


class Unavailable(Exception):
    """A server cannot be had on this machine; the message says why."""


def in_ci() -> bool:
    """Tell whether a missing server is a failure instead of a skip."""
    return os.environ.get("CI", "").lower() in ("1", "true", "yes")


def free_port() -> int:
    """Give a port of loopback that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def wait_until_ready(process: subprocess.Popen[bytes], url: str, seconds: float = 60.0) -> None:
    """Wait until a server answers at an address, or has ended, or time is up."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise Unavailable(f"{process.args!r} ended with status {process.returncode}")
        try:
            with urllib.request.urlopen(url, timeout=2):
                return
        except urllib.error.HTTPError:
            return
        except OSError:
            time.sleep(0.1)
    raise Unavailable(f"{url} did not answer within {seconds:g} seconds")


def stop(process: subprocess.Popen[bytes]) -> None:
    """End a server that was started here."""
    process.terminate()
    try:
        process.wait(timeout=20)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
