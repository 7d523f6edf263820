"""The way for every JSON-LD document that is not in openMINDS's own plain form: expansion by PyLD.

Expansion settles contexts, aliases, ``@nest``, ``@set``, ``@graph`` and all other syntax. What comes out is brought
to the plain form of :mod:`.emit`, so that both ways end in the same code. The network is never touched.
"""

from __future__ import annotations

import hashlib
import json
import re
import warnings
from collections import Counter, defaultdict
from typing import TYPE_CHECKING, Any

from pyld import ContextResolver, jsonld

from siibra_kg.errors import BadDocument
from siibra_kg.jsonld.names import segment
from siibra_kg.jsonld.values import Note
from siibra_kg.vocab import XSD, kebab

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

__all__ = ["plain_nodes"]

_UUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\Z")


def plain_nodes(
    path: str,
    document: object,
    base_iri: str,
    contexts: Mapping[str, Any],
    loader: Callable[[str], Any] | None = None,
    *,
    bare_uuids: bool = True,
) -> tuple[list[dict[str, Any]], list[Note]]:
    """Expand a document and give its nodes in plain form, with full IRIs as keys.

    Parameters
    ----------
    path
        For the error.
    document
        Parsed JSON.
    base_iri
        Relative ids are resolved against its ``id/local/``.
    contexts
        URL -> context document, for documents that name their context by URL.
    loader
        Asked for what ``contexts`` does not have; gives a context document, or ``None``.
    bare_uuids
        Give back an id that is a bare UUID as it is, instead of resolving it.

    Returns
    -------
    tuple
        The nodes, and notes on what expansion left out.

    Raises
    ------
    BadDocument
        If the document is not valid JSON-LD, or names a context that is not at hand.
    """
    notes: list[Note] = []

    def load(url: str, _options: object) -> dict[str, Any]:
        found = contexts.get(url)
        if found is None and loader is not None:
            found = loader(url)
        if found is None:
            raise _NotAtHand(url)
        return {"contextUrl": None, "documentUrl": url, "document": found, "contentType": "application/ld+json"}

    def dropped(key: str | None) -> None:
        notes.append(Note("", "undefined-key", f"the context does not define the key {key!r}; it says nothing in RDF"))

    local = base_iri + "id/local/"
    # A resolver of its own: PyLD's default one remembers contexts for the whole process, whoever loaded them.
    options = {"base": local, "documentLoader": load, "contextResolver": ContextResolver({}, load)}
    try:
        with warnings.catch_warnings(record=True) as doubts:
            warnings.simplefilter("always")
            expanded = jsonld.expand(document, options, on_property_dropped=dropped)
    except jsonld.JsonLdError as error:
        raise BadDocument(path, _reason(error)) from error
    except (TypeError, ValueError, AttributeError, KeyError, IndexError, RecursionError) as error:
        # PyLD answers some malformed input with the errors of its own code instead of a JsonLdError.
        raise BadDocument(path, f"not JSON-LD: {type(error).__name__}: {error}") from error
    notes.extend(Note("", "doubtful-context", str(doubt.message)) for doubt in doubts)
    nodes = [node for item in expanded for node in _top(item, notes)]
    _name_blank_nodes(nodes, base_iri)
    _settle_relative_ids(nodes, local, notes, bare_uuids=bare_uuids)
    return nodes, notes


class _NotAtHand(Exception):
    """A context that is neither bundled nor given by the loader."""


def _reason(error: jsonld.JsonLdError) -> str:
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, _NotAtHand):
            return f"the context {cause} is not bundled, and nothing is fetched; put the context into the document"
        cause = cause.__cause__ or cause.__context__
    return f"not JSON-LD: {' '.join(str(error.args[0]).split())[:300]}"


def _top(item: dict[str, Any], notes: list[Note]) -> Iterator[dict[str, Any]]:
    """Give a top-level node, the nodes of its graph, and every node that is merely included somewhere below."""
    aside: list[dict[str, Any]] = []
    if set(item) - {"@graph", "@included", "@index", "@id"} or not set(item) & {"@graph", "@included"}:
        yield _node(item, aside)
    else:
        aside += [*item.get("@graph", ()), *item.get("@included", ())]
    if "@graph" in item and "@id" in item:
        notes.append(Note("", "named-graph", f"the content of the graph {item['@id']} goes into the source's graph"))
    for inner in aside:
        yield from _top(inner, notes)


def _node(item: dict[str, Any], aside: list[dict[str, Any]]) -> dict[str, Any]:
    aside += [*item.get("@graph", ()), *item.get("@included", ())]
    out: dict[str, Any] = {key: item[key] for key in ("@id", "@type") if key in item}
    for key, values in item.items():
        if not key.startswith("@"):  # PyLD lets misplaced keywords through, with content that was not expanded
            out[key] = [_value(value, aside) for value in values]
    for key, values in item.get("@reverse", {}).items():
        out["^" + key] = [_value(value, aside) for value in values]
    return out


def _value(item: dict[str, Any], aside: list[dict[str, Any]]) -> Any:  # noqa: ANN401  JSON
    if "@list" in item:
        return {"@list": [_value(member, aside) for member in item["@list"]]}
    if "@value" not in item:
        return _node(item, aside)
    kept = {key: value for key, value in item.items() if key not in ("@index", "@direction")}
    plain = len(kept) == 1 or (kept.get("@type") == XSD + "string" and len(kept) == 2)
    return kept["@value"] if plain else kept


def _objects(items: Iterable[Any]) -> Iterator[dict[str, Any]]:
    """Walk all nodes and links."""
    todo = list(items)
    while todo:
        item = todo.pop()
        if isinstance(item, dict):
            if "@value" not in item:
                yield item
                todo.extend(value for key, value in item.items() if key not in ("@id", "@type"))
        elif isinstance(item, list):
            todo.extend(item)


def _name_blank_nodes(nodes: list[dict[str, Any]], base_iri: str) -> None:
    """Turn blank node labels, which mean nothing outside the document, into names made of content.

    A label that occurs once is as good as none. A label that links several places gets an IRI from all that the
    document says of its node; only labels whose nodes say the same are told apart by the order of the labels.
    """
    found = [item for item in _objects(nodes) if str(item.get("@id", "")).startswith("_:")]
    count = Counter(item["@id"] for item in found)
    said: dict[str, list[str]] = defaultdict(list)
    word: dict[str, str] = {}
    for item in found:
        label = item["@id"]
        if count[label] == 1:
            continue
        said[label].append(_masked(item))
        kinds = item.get("@type", ())
        word[label] = min([word.get(label, "~"), *(kebab(segment(kind)) for kind in kinds)])
    names: dict[str, str] = {}
    taken: Counter[str] = Counter()
    for label in sorted(said):
        digest = hashlib.sha256("\n".join(sorted(said[label])).encode()).hexdigest()[:12]
        stem = f"{base_iri}id/{word[label] if word[label] != '~' else 'node'}/{digest}"
        taken[stem] += 1
        names[label] = stem if taken[stem] == 1 else f"{stem}~{taken[stem]}"
    for item in found:
        if item["@id"] in names:
            item["@id"] = names[item["@id"]]
        else:
            del item["@id"]


def _masked(item: dict[str, Any]) -> str:
    text = json.dumps(item, sort_keys=True, ensure_ascii=False)
    return re.sub(r'"@id": "_:[^"]*"', '"@id": "_:"', text)


def _settle_relative_ids(nodes: list[dict[str, Any]], local: str, notes: list[Note], *, bare_uuids: bool) -> None:
    """Give back what was a bare UUID, as newer EBRAINS servers write links; say which other ids were relative."""
    relative = set()
    for item in _objects(nodes):
        identifier = item.get("@id")
        if isinstance(identifier, str) and identifier.startswith(local):
            rest = identifier[len(local) :]
            if bare_uuids and _UUID.match(rest):
                item["@id"] = rest
            else:
                relative.add(identifier)
    notes.extend(
        Note("", "relative-id", f"the id is relative to no known place; it is read as {identifier}")
        for identifier in sorted(relative)
    )
