"""Triples about a node become one compact JSON-LD document, and nothing of them is lost.

The tree is built here: other nodes are written where the root, or a node already written, links to them. PyLD
compacts it with the bundled context ``ontologies/context.jsonld``. No context is ever fetched.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from typing import TYPE_CHECKING, Any, NoReturn

import pyoxigraph as ox
from pyld import jsonld

from siibra_kg.errors import BadDocument, NetworkDisabled, SiibraKGError, TermError
from siibra_kg.resources import folder
from siibra_kg.terms import IRI, BlankNode, Literal, Triple, is_iri, to_sparql
from siibra_kg.vocab import RDF_TYPE, XSD

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["bundled_context", "compact"]

Node = IRI | BlankNode
Json = dict[str, Any]

#: Integers that every JSON reader keeps exactly, in the one form that JSON-LD gives back: no sign, no leading zero.
_EXACT = 2**53
_INTEGER = re.compile(r"(?:0|-?[1-9][0-9]*)\Z")


def bundled_context() -> Json:
    """Read the bundled context: prefixes, openMINDS names, and the types of their values."""
    document: Json = json.loads((folder("ontologies") / "context.jsonld").read_text(encoding="utf-8"))
    context: Json = document["@context"]
    return context


def compact(triples: Iterable[Triple], root: IRI, *, context: Mapping[str, Any] | None = None) -> Json:
    """Write triples as one compact JSON-LD document that starts at a node.

    Parameters
    ----------
    triples
        Statements about the node and about others. Those that no path of links reaches go to ``@included``.
    root
        The node to start from.
    context
        The context to compact with; the bundled one unless told. It comes back in the document, so that the document
        stands by itself.

    Returns
    -------
    dict
        The document: plain JSON values, ``@context`` first, then ``@id``, ``@type``, and the others by name. The same
        triples give the same document, whatever their order and whatever their blank nodes are called.

    Raises
    ------
    TermError
        If a statement is no RDF: an IRI that is not absolute, a literal where a node must stand.
    NetworkDisabled
        If the context names another context by URL.
    BadDocument
        If the context is none.

    Examples
    --------
    >>> area = IRI("https://openminds.om-i.org/instances/parcellationEntity/JBA_Area-hOc1")
    >>> name = Triple(area, IRI("https://openminds.om-i.org/props/name"), Literal("Area hOc1 (V1, 17, CalcS)"))
    >>> {k: v for k, v in compact([name], area).items() if k != "@context"}
    {'@id': 'omi:parcellationEntity/JBA_Area-hOc1', 'name': 'Area hOc1 (V1, 17, CalcS)'}
    """
    tree = _Tree(_canonical(triples)).document(root)
    used: Any = dict(bundled_context() if context is None else context)
    if clashes := _clashes(tree, used):
        used = [used, clashes]
    try:
        out: Json = jsonld.compact(tree, {"@context": used}, _options())
    except jsonld.JsonLdError as error:
        raise _said_plainly(error, str(root)) from error
    return {"@context": used, **{k: v for k, v in out.items() if k != "@context"}}


def _options() -> Json:
    return {"documentLoader": _refuse, "base": "", "processingMode": "json-ld-1.1", "compactArrays": True}


def _said_plainly(error: BaseException, path: str) -> SiibraKGError:
    """Find the reason below PyLD's errors, each of which wraps the one before."""
    inner: BaseException | None = error
    while inner is not None:
        if isinstance(inner, SiibraKGError):
            return inner
        error, inner = inner, getattr(inner, "cause", None) or inner.__cause__
    return BadDocument(path, f"not JSON-LD: {error}")


def _refuse(url: str, _options: object) -> NoReturn:
    raise NetworkDisabled(url, "a remote JSON-LD context", "write the context into the document: none is fetched")


class _Tree:
    """Nests nodes: each is written once, where it is first met, and named everywhere else."""

    def __init__(self, triples: list[Triple]) -> None:
        self._about: dict[Node, dict[IRI, list[Any]]] = defaultdict(lambda: defaultdict(list))
        for subject, predicate, value in triples:
            self._about[subject][predicate].append(value)
        self._done: set[Node] = set()

    def document(self, root: IRI) -> Json:
        """Give the expanded document of a root, with what it does not reach under ``@included``."""
        out = self._nested(root)
        rest = [self._nested(node) for node in sorted(self._about, key=_order) if node not in self._done]
        return {**out, "@included": rest} if rest else out

    def _nested(self, root: Node) -> Json:
        # Breadth first and with a list, not a call for each level: a chain of 5,000 nodes must not end the process.
        top: Json = {"@id": _id(root)}
        self._done.add(root)
        waiting = [(root, top)]
        for node, out in waiting:
            for predicate, values in self._about.get(node, {}).items():
                for value in values:
                    if predicate == RDF_TYPE and not isinstance(value, Literal):
                        out.setdefault("@type", []).append(_id(value))
                        continue
                    item = _literal(value) if isinstance(value, Literal) else {"@id": _id(value)}
                    out.setdefault(str(predicate), []).append(item)
                    if isinstance(value, IRI | BlankNode) and value in self._about and value not in self._done:
                        self._done.add(value)
                        waiting.append((value, item))
        return top


def _id(node: Node) -> str:
    return f"_:{node}" if isinstance(node, BlankNode) else str(node)


def _order(term: IRI | BlankNode | Literal) -> tuple[int, str]:
    return (0 if isinstance(term, IRI) else 1 if isinstance(term, BlankNode) else 2, to_sparql(term))


def _literal(value: Literal) -> Json:
    """Write a literal as a JSON-LD value object; numbers and truth values natively where nothing is lost."""
    if value.language is not None:
        return {"@value": value.value, "@language": value.language}
    if value.datatype == XSD + "string":
        return {"@value": value.value}
    if value.datatype == XSD + "boolean" and value.value in ("true", "false"):
        return {"@value": value.value == "true"}
    if value.datatype == XSD + "integer" and _INTEGER.match(value.value) and abs(int(value.value)) < _EXACT:
        return {"@value": int(value.value)}
    return {"@value": value.value, "@type": value.datatype}


def _canonical(triples: Iterable[Triple]) -> list[Triple]:
    """Check the triples, name blank nodes by the shape of the graph, and sort."""
    found = set(triples)
    for triple in found:
        if any(isinstance(term, Literal) for term in triple[:2]):
            raise TermError(triple[:2], "a node and a property: a literal stands at the end of a statement")
        for term in triple:
            to_sparql(term)
    if any(isinstance(term, BlankNode) for triple in found for term in triple):
        found = _renamed(found)
    return sorted(found, key=lambda t: (_order(t.subject), t.predicate, _order(t.object)))


def _renamed(triples: set[Triple]) -> set[Triple]:
    """Name blank nodes by RDFC-1.0. Not with PyLD, whose N-Quads reader (3.3.0) leaves escapes as they are."""
    text = "".join(f"{to_sparql(s)} {to_sparql(p)} {to_sparql(o)} .\n" for s, p, o in triples)
    dataset = ox.Dataset(ox.parse(text.encode(), ox.RdfFormat.N_TRIPLES, lenient=True))
    dataset.canonicalize(ox.CanonicalizationAlgorithm.RDFC_1_0)
    return {Triple(_node(q.subject), IRI(q.predicate.value), _term(q.object)) for q in dataset}


def _node(term: Any) -> Node:  # noqa: ANN401  the engine's terms
    return BlankNode(term.value) if isinstance(term, ox.BlankNode) else IRI(term.value)


def _term(term: Any) -> Node | Literal:  # noqa: ANN401  the engine's terms
    return Literal(term.value, term.datatype.value, term.language) if isinstance(term, ox.Literal) else _node(term)


def _clashes(tree: Json, context: Mapping[str, Any]) -> dict[str, None]:
    """Find prefixes that are also the scheme of an IRI in the document, as in ``doi:10.1``, and take them out."""
    schemes: set[str] = set()
    waiting: list[Any] = [tree]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            for key, below in value.items():
                schemes.add(key.partition(":")[0])
                waiting.append(below)
        elif isinstance(value, list):
            waiting += value
        elif isinstance(value, str) and is_iri(value):
            schemes.add(value.partition(":")[0])
    return {s: None for s in sorted(schemes) if s in context}
