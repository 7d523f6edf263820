"""Virtuoso 7 (Debian package ``virtuoso-opensource-7``), started on loopback over a folder of its own."""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
from collections import defaultdict
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from servers import Unavailable, free_port, stop, wait_until_ready

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["virtuoso_server"]

# ResultSetMaxRows: Debian's own file says 10,000, and longer answers are cut off without a word.
_SETTINGS = """\
[Database]
DatabaseFile = {folder}/virtuoso.db
ErrorLogFile = {folder}/virtuoso.log
LockFile = {folder}/virtuoso.lck
TransactionFile = {folder}/virtuoso.trx
xa_persistent_file = {folder}/virtuoso.pxa
ErrorLogLevel = 7
FileExtend = 200
MaxCheckpointRemap = 2000
Striping = 0
TempStorage = TempDatabase

[TempDatabase]
DatabaseFile = {folder}/virtuoso-temp.db
TransactionFile = {folder}/virtuoso-temp.trx
MaxCheckpointRemap = 2000
Striping = 0

[Parameters]
ServerPort = 127.0.0.1:{sql}
DisableUnixSocket = 1
MaxClientConnections = 10
CheckpointInterval = 60
CaseMode = 2
DirsAllowed = {folder}
NumberOfBuffers = 40000
MaxDirtyBuffers = 30000
SchedulerInterval = 10

[HTTPServer]
ServerPort = 127.0.0.1:{http}
ServerRoot = {folder}
MaxClientConnections = 10
EnabledGzipContent = 0

[Client]
SQL_QUERY_TIMEOUT = 0
SQL_TXN_TIMEOUT = 0

[SPARQL]
ResultSetMaxRows = {rows}
MaxQueryExecutionTime = 60
DefaultQuery = SELECT * WHERE {{ ?s ?p ?o }} LIMIT 1
"""
_QUAD = re.compile(rb"(.*) <([^<>]*)> \.\Z")


def _write_graphs(nquads: bytes, folder: Path) -> None:
    """Write one N-Triples file per named graph, each beside a file with the name of its graph."""
    graphs: dict[bytes, list[bytes]] = defaultdict(list)
    for line in filter(None, nquads.split(b"\n")):
        found = _QUAD.match(line)
        if found is None:
            raise ValueError(f"no quad in a named graph: {line[:200]!r}")
        graphs[found[2]].append(found[1] + b" .")
    for i, (graph, lines) in enumerate(sorted(graphs.items())):
        folder.joinpath(f"g{i}.nt").write_bytes(b"\n".join(lines) + b"\n")
        folder.joinpath(f"g{i}.nt.graph").write_bytes(graph + b"\n")


def _sql(port: int, *commands: str) -> None:
    for command in commands:
        call = ["isql-vt", f"127.0.0.1:{port}", "dba", "dba", f"EXEC={command}"]
        done = subprocess.run(call, check=False, capture_output=True, timeout=600)
        if done.returncode or b"*** Error" in done.stderr + done.stdout:
            raise Unavailable(f"Virtuoso refused {command}: {(done.stderr + done.stdout).decode()[:500]}")


@contextmanager
def virtuoso_server(nquads: bytes, *, max_rows: int = 2_000_000) -> Iterator[str]:
    """Load quads of named graphs, serve them, and give the address of the SPARQL endpoint."""
    if shutil.which("virtuoso-t") is None or shutil.which("isql-vt") is None:
        raise Unavailable("Virtuoso is not installed (python tests/servers/ensure_servers.py, or apt-get install it)")
    with tempfile.TemporaryDirectory(prefix="virtuoso-") as name:
        folder, sql, http = Path(name), free_port(), free_port()
        settings = folder / "virtuoso.ini"
        settings.write_text(_SETTINGS.format(folder=folder, sql=sql, http=http, rows=max_rows))
        process = subprocess.Popen(
            ["virtuoso-t", "+foreground", "+configfile", str(settings)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd=folder,
        )
        try:
            wait_until_ready(process, f"http://127.0.0.1:{http}/sparql?query=ASK%7B%7D")
            data = folder / "data"
            data.mkdir()
            _write_graphs(nquads, data)
            _sql(sql, f"ld_dir_all('{data}', '*.nt', NULL)", "rdf_loader_run()", "checkpoint")
            failed = "SELECT ll_file, ll_error FROM DB.DBA.LOAD_LIST WHERE ll_error IS NOT NULL"
            call = ["isql-vt", f"127.0.0.1:{sql}", "dba", "dba", "BANNER=OFF", "VERBOSE=OFF", f"EXEC={failed}"]
            told = subprocess.run(call, check=True, capture_output=True, timeout=60).stdout
            if b".nt" in told:
                raise Unavailable(f"Virtuoso did not load everything: {told.decode()[:500]}")
            yield f"http://127.0.0.1:{http}/sparql"
        finally:
            stop(process)
