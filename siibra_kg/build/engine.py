"""The workbench of a build: an in-memory store that rules query, and the statements of each named graph as text.

The only module of the build that knows pyoxigraph. Statements travel as N-Triples bytes, one statement a line,
because the engine writes and reads such text many times faster than Python objects.
The store holds everything in its default graph: which named graph a statement belongs to is known from where it
came, and queries over one graph are faster than over the union of many.
"""

from __future__ import annotations

import re
import shutil
from concurrent.futures import ThreadPoolExecutor, wait
from typing import TYPE_CHECKING

import pyoxigraph as ox

from siibra_kg.errors import BadDocument, BuildError
from siibra_kg.vocab import NAMESPACES

if TYPE_CHECKING:
    from collections.abc import Iterator
    from concurrent.futures import Future
    from pathlib import Path

__all__ = ["DiskStore", "Workbench", "to_ntriples"]

_FORMATS = {
    "nt": ox.RdfFormat.N_TRIPLES,
    "nq": ox.RdfFormat.N_QUADS,
    "ttl": ox.RdfFormat.TURTLE,
    "trig": ox.RdfFormat.TRIG,
}
# A blank node at either end of an N-Triples line. No literal can look like one: it ends in a quote, an IRI or a tag.
_BLANK_SUBJECT = re.compile(rb"^_:(\S+) ", re.MULTILINE)
_BLANK_OBJECT = re.compile(rb" _:(\S+) \.$", re.MULTILINE)


class Workbench:
    """Holds the statements of a build while rules add to them. Loading goes on in the background until a query."""

    def __init__(self) -> None:
        self._store = ox.Store()
        self._pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix="siibra-kg-load")
        self._loads: list[Future[None]] = []

    def load(self, ntriples: bytes) -> None:
        """Make statements visible to every later query."""
        self._loads.append(self._pool.submit(self._load, ntriples))

    def _load(self, ntriples: bytes) -> None:
        self._store.bulk_load(ntriples, ox.RdfFormat.N_TRIPLES, lenient=True)

    def _query(self, query: str) -> ox.QuerySolutions | ox.QueryBoolean | ox.QueryTriples:
        self._await_loads()
        return self._store.query(query)

    def _await_loads(self) -> None:
        for load in self._loads:
            load.result()
        self._loads.clear()

    def restart(self) -> None:
        """Forget everything that was loaded."""
        _drop(self._loads)
        self._store = ox.Store()

    def close(self) -> None:
        """Stop loading."""
        self._pool.shutdown(wait=True, cancel_futures=True)

    def has_class(self, iri: str) -> bool:
        """Tell whether anything is of a class."""
        self._await_loads()
        found = self._store.quads_for_pattern(None, ox.NamedNode(NAMESPACES["rdf"] + "type"), ox.NamedNode(iri), None)
        return next(found, None) is not None

    def construct(self, query: str) -> bytes:
        """Run a CONSTRUCT; gives N-Triples lines, possibly repeated."""
        found = self._query(query)
        if not isinstance(found, ox.QueryTriples):
            raise BuildError("rules", "a rule has to be a CONSTRUCT, or a SELECT with a Python function")
        return found.serialize(format=ox.RdfFormat.N_TRIPLES) or b""

    def rows(self, query: str) -> Iterator[tuple[str | None, ...]]:
        """Run a SELECT; gives IRIs and lexical forms as text."""
        found = self._query(query)
        if not isinstance(found, ox.QuerySolutions):
            raise BuildError("rules", "a rule with a Python function has to be a SELECT")
        width = range(len(found.variables))
        for row in found:
            yield tuple(None if (cell := row[i]) is None else cell.value for i in width)


def to_ntriples(path: str, data: bytes, form: str, base_iri: str, blank: str) -> bytes:
    """Read RDF text into N-Triples; named graphs inside the document are dropped, blank nodes get IRIs.

    Parameters
    ----------
    path
        For error messages.
    data
        The document.
    form
        ``"ttl"``, ``"nt"``, ``"nq"`` or ``"trig"``.
    base_iri
        Base of relative IRIs.
    blank
        Beginning of the IRIs that blank nodes get; their number in order of appearance follows, so that the
        same document always gives the same IRIs.

    Raises
    ------
    BadDocument
        If the document is malformed, with the position that the parser names.
    """
    try:
        quads = ox.parse(data, _FORMATS[form], base_iri=base_iri)
        text = ox.serialize((q.triple for q in quads), format=ox.RdfFormat.N_TRIPLES) or b""
    except (SyntaxError, ValueError) as error:
        raise BadDocument(path, str(error).split("\n", 1)[0][:300]) from error
    numbers: dict[bytes, int] = {}

    def name(found: re.Match[bytes]) -> bytes:
        return f"<{blank}{numbers.setdefault(found[1], len(numbers) + 1)}>".encode()

    if b"_:" in text:
        text = _BLANK_SUBJECT.sub(lambda m: name(m) + b" ", text)
        text = _BLANK_OBJECT.sub(lambda m: b" " + name(m) + b" .", text)
    return text


class DiskStore:
    """Writes the on-disk store in the background; the engine works outside of Python's lock meanwhile.

    Parameters
    ----------
    path
        Folder to make.

    Raises
    ------
    OSError
        If it cannot be written; also from :meth:`finish`, for what went wrong in the background.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._store: ox.Store | None = ox.Store(str(path))
        # One at a time: a load needs some 200 bytes of memory a quad, and the rules keep another core busy.
        self._pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix="siibra-kg-store")
        self._jobs: list[Future[None]] = []

    def add(self, nquads: bytes) -> None:
        """Queue N-Quads."""
        self._jobs.append(self._pool.submit(self._load, nquads))

    def _load(self, nquads: bytes) -> None:
        if self._store is not None:
            self._store.bulk_load(nquads, ox.RdfFormat.N_QUADS, lenient=True)

    def restart(self) -> None:
        """Drop what is queued, delete what was written, and begin anew."""
        _drop(self._jobs)
        self._store = None  # the engine closes its files with the last reference
        shutil.rmtree(self._path)
        self._store = ox.Store(str(self._path))

    def finish(self) -> None:
        """Wait for everything, and close the store."""
        try:
            self._pool.shutdown(wait=True)
            for job in self._jobs:
                job.result()
            if self._store is not None:
                # One file for each index, not dozens: up to two seconds, and the largest query of maps went from 470
                # to 210 ms.
                self._store.optimize()
                self._store.flush()
        finally:
            self.close()

    def close(self) -> None:
        """Drop what is queued and close the store; nothing that was written counts."""
        self._pool.shutdown(wait=True, cancel_futures=True)
        self._jobs.clear()
        self._store = None


def _drop(jobs: list[Future[None]]) -> None:
    """Cancel what has not begun, wait for what has, and forget how it ended."""
    for job in jobs:
        job.cancel()
    wait(jobs)
    jobs.clear()
