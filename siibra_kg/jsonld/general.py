"""The way for every JSON-LD document that is not in openMINDS's own plain form: expansion by PyLD.

Expansion settles contexts, aliases, ``@nest``, ``@set``, ``@graph`` and all other syntax. What comes out is brought
to the plain form of :mod:`.emit`, so that both ways end in the same code. The network is never touched.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter, defaultdict
from typing import TYPE_CHECKING, Any

from pyld import jsonld

from siibra_kg.errors import BadDocument
from siibra_kg.vocab import kebab

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

__all__ = ["Loader", "plain_nodes"]

if TYPE_CHECKING:
    Loader = Callable[[str], Any]

_FOLDED = frozenset({"@id", "@type", "@graph", "@included", "@reverse", "@index"})


def plain_nodes(
    path: str, document: object, base_iri: str, contexts: Mapping[str, Any], loader: Loader | None
) -> list[dict[str, Any]]:
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
        URL -> context, for documents that name their context by URL.
    loader
        Asked for contexts that ``contexts`` does not have; gives the context document or raises ``LookupError``.

    Raises
    ------
    BadDocument
        If the document is not valid JSON-LD, or names a context that is not at hand.
    """

    def load(url: str, _options: object) -> dict[str, Any]:
        found = contexts.get(url)
        if found is None and loader is not None:
            found = loader(url)
        if found is None:
            raise BadDocument(path, f"the context {url} is not bundled, and no context is fetched from the network")
        return {"contextUrl": None, "documentUrl": url, "document": found, "contentType": "application/ld+json"}

    local = base_iri + "id/local/"
    try:
        expanded = jsonld.expand(document, {"base": local, "documentLoader": load, "extractAllScripts": False})
    except jsonld.JsonLdError as error:
        cause: BaseException | None = error
        while cause is not None:
            if isinstance(cause, BadDocument):
                raise cause from error
            cause = cause.cause if isinstance(cause, jsonld.JsonLdError) else cause.__cause__
        raise BadDocument(path, f"not JSON-LD: {_sentence(error)}") from error
    nodes = [node for item in expanded for node in _top(item)]
    return _without_blank_ids(nodes, local)


def _sentence(error: jsonld.JsonLdError) -> str:
    return " ".join(str(error.args[0] if error.args else error).split())[:300]


def _top(item: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Give a top-level node, the nodes inside its graph, and the nodes it merely includes."""
    content = item.get("@graph")
    if content is None or len(item) > 1 + ("@id" in item) + ("@index" in item):
        yield _node(item)
    for inner in [*(content or ()), *item.get("@included", ())]:
        yield from _top(inner)


def _node(item: dict[str, Any]) -> dict[str, Any]:
    out: dict[str, Any] = {key: item[key] for key in ("@id", "@type") if key in item}
    for key, values in item.items():
        if key not in _FOLDED:
            out[key] = [_value(value) for value in values]
    for key, values in item.get("@reverse", {}).items():
        out["^" + key] = [_value(value) for value in values]
    return out


def _value(item: Any) -> Any:
    if "@list" in item:
        return {"@list": [_value(member) for member in item["@list"]]}
    if "@value" in item:
        plain = "@type" not in item and "@language" not in item
        return item["@value"] if plain else {k: v for k, v in item.items() if k not in ("@index", "@direction")}
    return _node(item)


def _without_blank_ids(nodes: list[dict[str, Any]], local: str) -> list[dict[str, Any]]:
    return nodes
