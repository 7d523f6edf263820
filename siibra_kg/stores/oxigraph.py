"""The embedded default: Oxigraph in memory, or on disk and read-only, through pyoxigraph. Its only home."""

from __future__ import annotations

import re
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyoxigraph as ox

from siibra_kg.errors import BadDocument, QueryError, SnapshotError
from siibra_kg.sparql import guard
from siibra_kg.stores.cells import BAD_TEXT, FROM_TEXT, mismatch, wanted_types
from siibra_kg.stores.native import FORMATS, from_native, to_native, to_native_quad
from siibra_kg.stores.protocol import Solutions
from siibra_kg.terms import IRI, Quad, Triple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from typing_extensions import Self

__all__ = ["UNDECLARED", "OxigraphStore", "check_syntax", "query_errors", "to_native"]

#: Why a query is refused that uses a prefix it does not declare.
UNDECLARED = "the prefix is not declared"
_WHERE = re.compile(r"error at (\d+):(\d+): (?:expected )?(.*)", re.DOTALL)


class OxigraphStore:
    """A store inside this process. Queries see the union of all graphs.

    Make one with :meth:`memory`, :meth:`open` or :meth:`from_quads_file`; it is also a context manager.

    Examples
    --------
    >>> store = OxigraphStore.memory()
    >>> store.load(b'<https://example.org/a> <https://example.org/p> "1" .', "nt")
    >>> store.ask('ASK { ?s ?p "1" }')
    True
    """

    def __init__(self, native: ox.Store, name: str, *, network: bool = False) -> None:
        self._native: ox.Store | None = native
        self._name = name
        self._network = network

    @classmethod
    def memory(cls, *, network: bool = False) -> OxigraphStore:
        """Make an empty store in memory; ``network`` allows ``SERVICE``, which calls other machines."""
        return cls(ox.Store(), "memory", network=network)

    @classmethod
    def open(cls, path: str | Path, *, read_only: bool = True, network: bool = False) -> OxigraphStore:
        """Open a store on disk: read-only beside any number of readers, or for writing (made if missing).

        Raises
        ------
        SnapshotError
            If there is no store, it cannot be read, or another process holds it for writing.
        """
        if read_only and not (Path(path) / "CURRENT").is_file():
            raise SnapshotError(str(path), "there is no Oxigraph store in this folder")
        try:
            native = ox.Store.read_only(str(path)) if read_only else ox.Store(str(path))
        except OSError as error:
            locked = "another process holds it for writing" if "lock" in str(error).lower() else str(error)
            raise SnapshotError(str(path), locked) from error
        return cls(native, str(path), network=network)

    @classmethod
    def from_quads_file(cls, path: str | Path, *, network: bool = False) -> OxigraphStore:
        """Load an RDF file (``.nq``, ``.nt``, ``.trig``, ``.ttl``, each also ``.zst``) into memory.

        Raises
        ------
        BadDocument
            If the file is missing, of another kind, or malformed.
        """
        path = Path(path)
        suffixes = [s.lstrip(".") for s in path.suffixes[-2:]]
        packed = suffixes[-1:] == ["zst"]
        kind = suffixes[-2 if packed else -1] if len(suffixes) > packed else ""
        if kind not in FORMATS:
            raise BadDocument(str(path), f"is none of {', '.join(FORMATS)} (each also .zst)")
        try:
            data = path.read_bytes()
        except OSError as error:
            raise BadDocument(str(path), f"cannot be read: {error.strerror}") from error
        store = cls.memory(network=network)
        store.load(_unpacked(path, data) if packed else data, kind, base_iri=path.absolute().as_uri())
        return store

    @property
    def native(self) -> ox.Store:
        """The pyoxigraph store, for what this class does not do; an error once closed."""
        if self._native is None:
            raise RuntimeError(f"the store {self._name} is closed")
        return self._native

    def _query(self, query: str) -> Any:  # noqa: ANN401  three kinds of result
        guard(query, service=self._network)
        with query_errors(query):
            return self.native.query(query, use_default_graph_as_union=True)

    def select(self, query: str, types: Mapping[str, str] | None = None) -> Solutions:
        """Run a SELECT; see :class:`~siibra_kg.stores.protocol.Solutions`.

        Raises
        ------
        QueryError
            If the text is refused, is no SELECT, or a cell is not of its declared type.
        """
        found = self._query(query)
        if not isinstance(found, ox.QuerySolutions):
            raise QueryError("this is no SELECT query", query)
        names = tuple(v.value for v in found.variables)
        return Solutions(names, _rows(found, names, wanted_types(names, types), query))

    def ask(self, query: str) -> bool:
        """Run an ASK."""
        found = self._query(query)
        if not isinstance(found, ox.QueryBoolean):
            raise QueryError("this is no ASK query", query)
        return bool(found)

    def construct(self, query: str) -> Iterator[Triple]:
        """Run a CONSTRUCT or DESCRIBE; each triple once, in the order of first appearance."""
        found = self._query(query)
        if not isinstance(found, ox.QueryTriples):
            raise QueryError("this is no CONSTRUCT or DESCRIBE query", query)
        return self._triples(found, query)

    @staticmethod
    def _triples(found: ox.QueryTriples, query: str) -> Iterator[Triple]:
        # Oxigraph gives a triple once per solution: 388 for the 204 of one atlas.
        with query_errors(query):
            for t in dict.fromkeys(found):
                yield Triple(from_native(t.subject), IRI(t.predicate.value), from_native(t.object))  # type: ignore[arg-type]

    def load(self, data: bytes, format: str, graph: IRI | None = None, base_iri: str | None = None) -> None:  # noqa: A002
        """Load RDF text (``nt``, ``nq``, ``ttl``, ``trig``) into a named graph, or as the quads say.

        Raises
        ------
        BadDocument
            With the parser's line and column; nothing is loaded then.
        """
        to_graph = None if graph is None else ox.NamedNode(graph)
        try:
            self.native.bulk_load(data, format=FORMATS[format], base_iri=base_iri, to_graph=to_graph)
        except (SyntaxError, ValueError) as error:
            raise BadDocument(base_iri or f"{format} text", str(error)) from error

    def add(self, quads: Iterable[Quad]) -> int:
        """Add quads; gives how many were new."""
        native = self.native
        before = len(native)
        native.bulk_extend(to_native_quad(quad) for quad in quads)
        return len(native) - before

    def remove_graph(self, graph: IRI) -> None:
        """Remove a named graph and all its quads."""
        self.native.remove_graph(ox.NamedNode(graph))

    def quads(self) -> Iterator[Quad]:
        """Give every quad, in the store's own order."""
        for q in self.native.quads_for_pattern(None, None, None, None):
            graph = IRI(q.graph_name.value) if isinstance(q.graph_name, ox.NamedNode) else None
            yield Quad(from_native(q.subject), IRI(q.predicate.value), from_native(q.object), graph)  # type: ignore[arg-type]

    def __len__(self) -> int:
        return len(self.native)

    def close(self) -> None:
        """Let go of the files; using the store afterwards is an error."""
        self._native = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        state = "closed" if self._native is None else f"{len(self):,} quads"
        return f"<OxigraphStore {self._name}: {state}>"


def check_syntax(query: str) -> None:
    """Tell whether a text is a SPARQL query, without data.

    Raises
    ------
    QueryError
        With line and column, if it is not.
    """
    guard(query)  # an ASK is evaluated at once, so a SERVICE in it would be called
    with query_errors(query):
        ox.Store().query(query)


@contextmanager
def query_errors(query: str) -> Iterator[None]:
    """Turn the engine's errors into ours."""
    try:
        yield
    except SyntaxError as error:
        found = _WHERE.match(str(error))
        if found is None:
            raise QueryError(str(error), query) from error
        expected = re.split(r", (?=\[)", " ".join(found[3].split()))[0][:300]
        reason = UNDECLARED if "Prefix not found" in expected else f"expected {expected}"
        raise QueryError(reason, query, line=int(found[1]), column=int(found[2])) from error
    except (ValueError, OSError) as error:
        raise QueryError(str(error), query) from error
    except RuntimeError as error:
        if "custom function" not in str(error):
            raise
        raise QueryError(str(error), query) from error


def _rows(
    found: ox.QuerySolutions, names: tuple[str, ...], kinds: tuple[str, ...], query: str
) -> Iterator[tuple[Any, ...]]:
    """Convert solutions row by row, as they come: a row is still in the processor's cache then.

    Converting thousands of rows column by column saves decisions, and took 1.2 to 1.5 times as long.
    """
    converters = [_cell(name, kind, query) for name, kind in zip(names, kinds, strict=True)]
    with query_errors(query):
        for row in found:
            yield tuple([convert(cell) for convert, cell in zip(converters, row, strict=False)])


def _cell(name: str, kind: str, query: str) -> Callable[[Any], Any]:
    """Choose, once per column, how its cells become Python values."""
    if kind == "term":
        return lambda cell: None if cell is None else from_native(cell)
    make = FROM_TEXT[kind]
    node = ox.NamedNode if kind == "iri" else ox.Literal

    def convert(cell: Any) -> Any:  # noqa: ANN401
        if type(cell) is node:
            try:
                return make(cell.value)
            except BAD_TEXT as error:
                raise mismatch(name, kind, cell.value, query) from error
        if cell is None:
            return None
        if kind == "iri" and isinstance(cell, ox.BlankNode):
            return from_native(cell)
        raise mismatch(name, kind, cell, query)

    return convert


def _unpacked(path: Path, data: bytes) -> bytes:
    import zstandard  # noqa: PLC0415  only for packed files

    try:
        with zstandard.ZstdDecompressor().stream_reader(data) as reader:
            return reader.read()
    except zstandard.ZstdError as error:
        raise BadDocument(str(path), f"is not zstandard data: {error}") from error
