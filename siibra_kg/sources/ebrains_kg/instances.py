"""One instance of the Knowledge Graph: its identity, its version, and the document that a build reads."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from siibra_kg.vocab import NAMESPACES, OM

if TYPE_CHECKING:
    from collections.abc import Collection

__all__ = ["LAST_RELEASED", "REVISION", "cleaned", "stamp", "uuid_of"]

_META = "https://core.kg.ebrains.eu/vocab/meta/"
REVISION, LAST_RELEASED = f"{_META}revision", f"{_META}lastReleasedAt"
_INSTANCES = NAMESPACES["kg"]
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\Z")
_IDENTIFIERS = ("http://schema.org/identifier", "https://schema.org/identifier")
_CONTEXT = {"@vocab": OM}


def uuid_of(identifier: object) -> str:
    """Give the UUID of an instance by its id, which is a whole IRI or, on newer servers, the UUID alone; else nothing.

    >>> uuid_of("https://kg.ebrains.eu/api/instances/BD5F91FF-e829-4b85-92eb-fc56991541f1")
    'bd5f91ff-e829-4b85-92eb-fc56991541f1'
    >>> uuid_of("https://example.org/bd5f91ff-e829-4b85-92eb-fc56991541f1")
    ''
    """
    if not isinstance(identifier, str):
        return ""
    text = identifier.removeprefix(_INSTANCES).lower()
    return text if _UUID.match(text) else ""


def stamp(instance: dict[str, Any]) -> str:
    """Give what tells two versions of an instance apart: its revision, else when it was last released, else nothing."""
    for key in (REVISION, LAST_RELEASED):
        if isinstance(value := instance.get(key), str) and value:
            return value
    return ""


def cleaned(instance: dict[str, Any], left_out: Collection[str]) -> dict[str, Any]:
    """Give an instance as a document of a build.

    Its keys are whole IRIs as they are; the context only says so. What it says about its editors, what changes every
    day, what is empty, and its own name among its identifiers, are left out. Keys are sorted: servers answer in any
    order, and the same instance is to be the same bytes.

    Parameters
    ----------
    instance
        As the service gives it; it has to have an id that :func:`uuid_of` reads.
    left_out
        Keys that are not kept.
    """
    own = _INSTANCES + uuid_of(instance["@id"])
    out: dict[str, Any] = {"@context": _CONTEXT, "@id": own}
    for key in sorted(instance):
        value = instance[key]
        if key in left_out or key in ("@id", "@context") or value in (None, [], ""):
            continue
        if key in _IDENTIFIERS:
            names = value if isinstance(value, list) else [value]
            # Numbers and hashes of older databases are no use to anybody; addresses of library terms are.
            value = sorted(
                {n for n in names if isinstance(n, str) and n.startswith("http") and uuid_of(n) != own[-36:]}
            )
            if not value:
                continue
        out[key] = value
    return out
