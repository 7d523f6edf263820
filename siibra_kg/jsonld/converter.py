"""One document in, N-Triples out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from siibra_kg.errors import BadDocument
from siibra_kg.json_guard import Limits, has_all_keys, read, read_exact
from siibra_kg.jsonld.emit import Emitter
from siibra_kg.jsonld.names import Exotic, Links, Names
from siibra_kg.jsonld.tables import Tables

if TYPE_CHECKING:
    from collections.abc import Callable

    from siibra_kg.jsonld.values import Note

__all__ = ["Converted", "Converter"]


@dataclass(frozen=True, slots=True)
class Converted:
    """What a document says.

    Parameters
    ----------
    ntriples
        N-Triples lines, sorted, each once; UTF-8.
    nodes
        IRIs of the top-level nodes that the document describes, in its order.
    notes
        What was done to single values, and what a reader should know.
    """

    ntriples: bytes
    nodes: tuple[str, ...]
    notes: tuple[Note, ...]


class Converter:
    """Turns JSON-LD documents of every openMINDS generation into typed triples of the latest vocabulary.

    Parameters
    ----------
    base_iri
        Base of the IRIs that embedded nodes get.
    tables
        The names; by default those of ``ontologies/normalise.json``.
    loader
        Gives the content of a context that a document names by URL, or ``None``. Without it only the contexts of
        the tables are known; nothing is ever fetched.
    limits
        What a document may measure.

    Notes
    -----
    A converter remembers the names that it has met, which makes it fast; make one for each build. What it gives for
    a document does not depend on the documents before. It is not meant to be shared between threads.

    Examples
    --------
    >>> data = b'{"@id": "https://example.org/a", "https://example.org/p": 1}'
    >>> print(Converter("https://w3id.org/siibra-kg/").convert("a.jsonld", data).ntriples.decode(), end="")
    <https://example.org/a> <https://example.org/p> "1"^^<http://www.w3.org/2001/XMLSchema#integer> .
    """

    def __init__(
        self,
        base_iri: str,
        tables: Tables | None = None,
        loader: Callable[[str], Any] | None = None,
        limits: Limits | None = None,
    ) -> None:
        self._base = base_iri
        self._tables = Tables.load() if tables is None else tables
        self._loader = loader
        self._limits = limits or Limits()
        self._emitters: dict[tuple[str | None, bool], Emitter] = {}
        self._links = {lift: Links(self._tables, raw=not lift) for lift in (True, False)}

    def convert(self, path: str, data: bytes, *, lift: bool = True) -> Converted:
        """Convert one document.

        Parameters
        ----------
        path
            Name of the document, for errors.
        data
            JSON-LD, UTF-8.
        lift
            ``False`` gives the triples as JSON-LD defines them, only with IRIs for the nodes without an id:
            no name is changed, no string typed, nothing cleaned.

        Raises
        ------
        BadDocument
            If the document cannot be read as JSON-LD; names the place.
        """
        parts = _parts(read(path, data, self._limits))
        vocab = self._plain_vocab(parts)
        if vocab is not None:
            try:
                emitter = self._emitter(path, vocab, lift=lift)
                nodes = [emitter.top(part.node, part.pointer) for part in parts]
            except Exotic:
                pass  # the general way starts from the beginning
            else:
                if not has_all_keys(data, emitter.keys + sum(part.keys for part in parts)):
                    read_exact(path, data, self._limits)
                return _finished(emitter, nodes)
        return self._convert_general(path, data, lift=lift)

    def _plain_vocab(self, parts: list[_Part]) -> str | None:
        """Give the vocabulary that all parts of a document share in openMINDS's own form, else ``None``."""
        vocabs = {part.vocab for part in parts}
        vocab = vocabs.pop() if len(vocabs) == 1 else None
        return vocab if vocab in self._tables.property_namespaces else None

    def _convert_general(self, path: str, data: bytes, *, lift: bool) -> Converted:
        from siibra_kg.jsonld.general import plain_nodes  # noqa: PLC0415  PyLD takes 0.1 s and few documents need it

        document = read_exact(path, data, self._limits)
        if not isinstance(document, (dict, list)):
            found = type(document).__name__
            raise BadDocument(path, f"a document is a JSON object or an array of objects, and this is a {found}")
        contexts = self._tables.contexts
        nodes, notes = plain_nodes(path, document, self._base, contexts, self._loader, bare_uuids=lift)
        emitter = self._emitter(path, None, lift=lift)
        emitter.values.notes.extend(notes)
        return _finished(emitter, [emitter.top(node, f"/{i}") for i, node in enumerate(nodes)])

    def _emitter(self, path: str, vocab: str | None, *, lift: bool) -> Emitter:
        emitter = self._emitters.get((vocab, lift))
        if emitter is None:
            names = Names(vocab, self._tables, raw=not lift)
            emitter = Emitter(names, self._links[lift], self._base, self._tables)
            self._emitters[vocab, lift] = emitter
        emitter.start(path)
        return emitter


class _Part(NamedTuple):
    """A top-level node without its context, the vocabulary that the context sets, and the keys around the node."""

    node: dict[str, Any]
    vocab: str | None
    pointer: str
    keys: int


def _parts(document: Any) -> list[_Part]:  # noqa: ANN401  JSON
    """Take a document of the plain form apart: a single node, an array of nodes, or a context with a graph.

    What has another form gives no part, or a part without vocabulary.
    """
    if type(document) is list and all(type(node) is dict for node in document):
        return [_Part(node, _vocab(node), f"/{i}", 2) for i, node in enumerate(document)]
    if type(document) is not dict:
        return []
    nodes = document.get("@graph")
    if type(nodes) is list and document.keys() == {"@context", "@graph"} and all(type(node) is dict for node in nodes):
        vocab = _vocab(document)
        return [_Part(node, vocab, f"/@graph/{i}", 0 if i else 3) for i, node in enumerate(nodes)]
    return [_Part(document, _vocab(document), "", 2)]


def _vocab(node: dict[str, Any]) -> str | None:
    """Take the context off a node and give its vocabulary, if that is all that it says."""
    context = node.pop("@context", None)
    vocab = context.get("@vocab") if type(context) is dict and len(context) == 1 else None
    return vocab if type(vocab) is str else None


def _finished(emitter: Emitter, nodes: list[str]) -> Converted:
    if not emitter.lines:
        emitter.values.note("", "says-nothing", "the document holds no statement")
        nodes = []
    return Converted("".join(sorted(set(emitter.lines))).encode(), tuple(nodes), tuple(emitter.values.notes))
