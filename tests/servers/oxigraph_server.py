"""The Oxigraph server of the package ``oxigraph``, started on loopback over a folder of its own."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from servers import Unavailable, free_port, stop, wait_until_ready

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["oxigraph_server", "oxigraph_writable"]


def _binary() -> str:
    beside = Path(sys.executable).with_name("oxigraph")
    found = str(beside) if beside.is_file() else shutil.which("oxigraph")
    if found is None:
        raise Unavailable("the command `oxigraph` is not installed (pip install 'siibra-kg[test]')")
    return found


@contextmanager
def oxigraph_server(nquads: bytes) -> Iterator[str]:
    """Load quads, serve them, and give the address of the SPARQL endpoint."""
    binary = _binary()
    with tempfile.TemporaryDirectory(prefix="oxigraph-") as folder:
        data = Path(folder, "data.nq")
        data.write_bytes(nquads)
        store = str(Path(folder, "store"))
        load = [binary, "load", "--location", store, "--file", str(data), "--format", "nq"]
        subprocess.run(load, check=True, capture_output=True, timeout=300)
        bind = f"127.0.0.1:{free_port()}"
        serve = [binary, "serve-read-only", "--location", store, "--bind", bind, "--union-default-graph"]
        process = subprocess.Popen(serve, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            wait_until_ready(process, f"http://{bind}/")
            yield f"http://{bind}/query"
        finally:
            stop(process)


@contextmanager
def oxigraph_writable() -> Iterator[str]:
    """Serve an empty store that can be written to, and give the address of its Graph Store."""
    with tempfile.TemporaryDirectory(prefix="oxigraph-") as folder:
        bind = f"127.0.0.1:{free_port()}"
        serve = [_binary(), "serve", "--location", folder, "--bind", bind, "--union-default-graph"]
        process = subprocess.Popen(serve, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            wait_until_ready(process, f"http://{bind}/")
            yield f"http://{bind}/store"
        finally:
            stop(process)
