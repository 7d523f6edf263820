"""The process that reads the openMINDS package: a script, started with ``python -I``; it imports nothing of siibra_kg.

Importing ``openminds.latest`` takes 0.4 s, or five seconds and 500 MB where its byte code is not cached; this way
neither the time of a query nor the memory of a build pays for it. Standard output gets one line for each instance,
``<path> TAB <JSON-LD> NEWLINE``, sorted by path, and at last the line ``TAB <number of instances>``.

The package's own ``to_jsonld`` is not used: by default it writes linked nodes out in full, and 31 instances end in a
RecursionError, because 28 versions of the Julich-Brain atlas and 2 of the Allen mouse framework name each other in
``isVariantOf`` and one more leads to them. Here a link is written as a link. Embedded annotations are raw
dictionaries with a null for every empty property; nulls say nothing in JSON-LD and are left out.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
from typing import Any

_CONTEXT = {"@vocab": "https://openminds.om-i.org/props/"}
_IDS = "https://openminds.om-i.org/instances/"
_DEEPEST = 20  # embedded nodes in embedded nodes; the library has two levels


def main() -> int:
    """Write every instance of every type that the package registers as ``latest``."""
    job = json.loads(sys.argv[1])
    sys.path[:] = [*sys.path, *(entry for entry in job["path"] if entry and entry not in sys.path)]
    # Whatever the package may print must not end up between the documents.
    with os.fdopen(os.dup(1), "wb") as out:
        os.dup2(2, 1)
        importlib.import_module("openminds.latest")
        base = importlib.import_module("openminds.base")
        types = importlib.import_module("openminds.registry").registry["types"]["latest"]
        lines: dict[str, str] = {}
        for cls in types.values():
            for instance in cls.instances() if hasattr(cls, "instances") else ():
                document = {"@context": _CONTEXT, **_node(instance, base, 0)}
                path = f"instances/latest/{document['@id'].removeprefix(_IDS)}.jsonld"
                text = json.dumps(document, ensure_ascii=False, sort_keys=True, allow_nan=False)
                if lines.setdefault(path, text) != text:
                    sys.stderr.write(f"two instances have the id {document['@id']}\n")
                    return 1
        for path in sorted(lines):
            out.write(f"{path}\t{lines[path]}\n".encode())
        out.write(f"\t{len(lines)}\n".encode())
    return 0


def _node(node: Any, base: Any, depth: int) -> dict[str, Any]:  # noqa: ANN401  classes of another package
    given: dict[str, Any] = {"@type": node.type_}
    if getattr(node, "id", None):
        given["@id"] = node.id
    for member in type(node).properties:
        value = _value(getattr(node, member.name), base, depth)
        if value is not None:
            given[member.path] = value
    return given


def _value(value: Any, base: Any, depth: int) -> Any:  # noqa: ANN401
    if depth > _DEEPEST:
        raise RecursionError(f"nodes embedded more than {_DEEPEST} deep")
    if isinstance(value, list | tuple):
        items = [_value(item, base, depth + 1) for item in value]
        return [item for item in items if item is not None] or None
    if isinstance(value, dict):
        pairs = {key: _value(item, base, depth + 1) for key, item in value.items()}
        return {key: item for key, item in pairs.items() if item is not None}
    if isinstance(value, base.Node):
        # Only what can be named is a link; everything else is part of this document.
        return {"@id": value.id} if getattr(value, "id", None) else _node(value, base, depth + 1)
    return {"@id": value.identifier} if isinstance(value, base.Link) else _scalar(value, base)


def _scalar(value: Any, base: Any) -> Any:  # noqa: ANN401
    if value is None or isinstance(value, str | bool | int | float):
        return value
    if isinstance(value, base.IRI):
        return value.value
    if hasattr(value, "isoformat"):  # a date
        return value.isoformat()
    raise TypeError(f"a {type(value).__name__} cannot be written as JSON-LD")


if __name__ == "__main__":
    sys.exit(main())
