"""Counts what the documents hold, by other code than that which converts them, so that nothing is lost unseen.

The counts are written into the graph: a check compares it with them later (``queries/check/count-differs.rq``). A
document that was set aside counts as well, and so shows up as a difference.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from siibra_kg.configurations import words as w
from siibra_kg.configurations.lines import Lines, integer
from siibra_kg.nt import literal
from siibra_kg.slugs import slug
from siibra_kg.vocab import OMT, RDF_TYPE

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

__all__ = ["Census", "Count", "differences"]

_TYPE = f"<{RDF_TYPE}>"
# The lists and the single texts that name files of a feature.
_FILES, _FILE = ("segmentfiles", "layerfiles"), "file"
# The keys of these objects are names, kinds or subjects.
_BY_NAME = frozenset({"ebrains", "files", "indices", "providers", "unmappedIndicies"})


@dataclass(frozen=True, slots=True)
class Count:
    """How often something is there.

    Parameters
    ----------
    what
        What is counted, for people.
    number
        How often the documents have it.
    property, value
        Which statements say it: the predicate, and the object if that counts, as N-Triples terms.
    target
        The class, or the beginning of the IRIs, that the objects of these statements have; empty if any.
    """

    what: str
    number: int
    property: str
    value: str = ""
    target: str = ""


class Census:
    """Counts while documents pass.

    Parameters
    ----------
    base_iri
        Base of the IRIs that are coined.
    keys
        The keys that are read; others are counted in ``unknown``.
    """

    def __init__(self, base_iri: str, keys: Collection[str] = ()) -> None:
        self._keys = frozenset(keys)
        self.unknown: Counter[str] = Counter()
        self._minds = f"{base_iri}id/minds/"
        self._node = f"{base_iri}id/count/"
        self._types: Counter[str] = Counter()
        self._things: Counter[str] = Counter()
        self._providers: Counter[str] = Counter()
        self._ebrains: Counter[str] = Counter()
        self._lists: set[tuple[str, ...]] = set()

    def take(self, document: Mapping[str, Any]) -> None:
        """Count what a parsed document holds; whatever its shape."""
        kind = document.get("@type")
        self._types[kind if isinstance(kind, str) else ""] += 1
        for named, item in _objects(document):
            self._object(item)
            if named:
                self.unknown.update(item.keys() - self._keys)
        if kind == "siibra/parcellation/v0.0.1":
            self._things["regions"] += _tree(document.get("regions"))
        rows = document.get("regions")
        if "files" in document and isinstance(rows, list) and isinstance(document.get("parcellation"), dict):
            self._lists.add((str(document["parcellation"].get("@id")), *map(str, rows)))
        for key in ("indices", "unmappedIndicies"):
            index = document.get(key)
            listed = index.values() if isinstance(index, dict) else ()
            self._things[key] += sum(len(rows) for rows in listed if isinstance(rows, list))

    def _object(self, item: Mapping[str, Any]) -> None:
        things = self._things
        things["volumes"] += item.get("@type") == "siibra/volume/v0.0.1" or (
            "providers" in item and "modality" in item  # an image has its own
        )
        things["boxes"] += isinstance(item.get("boundingbox"), dict)
        providers = item.get("providers")
        for kind, place in providers.items() if isinstance(providers, dict) else ():
            self._providers[kind] += len(place) if isinstance(place, dict) else 1
        ids = item.get("ebrains")
        for kind, found in ids.items() if isinstance(ids, dict) else ():
            self._ebrains[kind] += len(set(map(str, found))) if isinstance(found, list) else 1
        location = item.get("location")
        if isinstance(location, dict):
            points = location.get("coordinates")
            things["points"] += len(points) if isinstance(points, list) else "coordinate" in location
        files = item.get("files")
        things["files"] += len(files) if isinstance(files, dict) else 0
        things["files"] += sum(len(item[key]) for key in _FILES if isinstance(item.get(key), list)) + (_FILE in item)

    def counts(self) -> tuple[Count, ...]:
        """Give all counts, sorted by what they count."""
        things = self._things
        out = [Count(f"documents {kind}", number, w.KIND, literal(kind)) for kind, number in self._types.items()]
        out += [
            Count("region nodes", things["regions"], _TYPE, w.REGION),
            Count("volumes", things["volumes"], _TYPE, w.VOLUME),
            Count("boxes", things["boxes"], _TYPE, w.BOX),
            Count("points", things["points"], _TYPE, w.POINT),
            Count("index rows", things["indices"] + things["unmappedIndicies"], w.HAS_INDEX),
            Count("index rows without region", things["unmappedIndicies"], w.UNMAPPED),
            Count("files of features", things["files"], w.HAS_FILE),
            Count("rows of matrices", sum(len(rows) - 1 for rows in self._lists), w.HAS_ROW),
        ]
        out += [
            Count(f"providers {kind}", number, w.PROVIDER_TYPE, literal(kind))
            for kind, number in self._providers.items()
        ]
        out += [
            Count(f"EBRAINS ids {kind}", number, w.EBRAINS, target=self._target(kind))
            for kind, number in self._ebrains.items()
        ]
        return tuple(sorted((count for count in out if count.number), key=lambda count: count.what))

    def _target(self, kind: str) -> str:
        if kind.startswith("openminds/"):
            return f"<{OMT}{kind.removeprefix('openminds/')}>"
        return f"{self._minds}{slug(kind.removeprefix('minds/core/').partition('/')[0])}/"

    def lines(self) -> bytes:
        """Write all counts as N-Triples."""
        out = Lines()
        for count in self.counts():
            node = f"<{self._node}{slug(count.what)}>"
            out.type(node, w.COUNT)
            out.text(node, w.LABEL, count.what)
            out.add(node, w.DECLARED, integer(count.number))
            out.add(node, w.COUNTS_PROPERTY, count.property)
            if count.value:
                out.add(node, w.COUNTS_VALUE, count.value)
            if count.target.startswith("<"):
                out.add(node, w.COUNTS_TARGET, count.target)
            elif count.target:
                out.text(node, w.COUNTS_BELOW, count.target)
        return out.bytes()


def _objects(document: Mapping[str, Any]) -> Iterator[tuple[bool, Mapping[str, Any]]]:
    """Give all objects in a document, itself first; and whether its keys are words of siibra's, not names of things."""
    todo: list[tuple[bool, Any]] = [(True, document)]
    while todo:
        named, item = todo.pop()
        if isinstance(item, dict):
            yield named, item
            # Below "providers" are kinds, and fragments below these; below an index names, and rows below these.
            todo += ((key not in _BY_NAME and (named or isinstance(value, list)), value) for key, value in item.items())
        elif isinstance(item, list) and item and isinstance(item[0], (dict, list)):
            todo += ((named, member) for member in item)


def _tree(regions: object) -> int:
    todo = list(regions) if isinstance(regions, list) else []
    count = 0
    while todo:
        region = todo.pop()
        count += 1
        children = region.get("children") if isinstance(region, dict) else None
        todo += children if isinstance(children, list) else []
    return count


def differences(counts: Iterable[Count], texts: Iterable[bytes]) -> tuple[str, ...]:
    """Tell which counts the statements made of the documents do not reach, or go beyond; a sentence each.

    Parameters
    ----------
    counts
        What the documents hold.
    texts
        The statements, N-Triples.
    """
    wanted = tuple(counts)
    found = _found(texts, {count.property.encode() for count in wanted})
    out = []
    for count in wanted:
        number = found[count.property.encode(), (count.target or count.value).encode()]
        if number != count.number:
            out.append(f"{count.what}: the documents have {count.number:,}, {number:,} were loaded")
    return tuple(out)


def _found(texts: Iterable[bytes], properties: set[bytes]) -> Counter[tuple[bytes, bytes]]:
    """Count the statements with each of these properties: all, by object, and by what kind of thing the object is."""
    kinds: dict[bytes, set[bytes]] = {}
    seen: set[tuple[bytes, bytes, bytes]] = set()
    openminds = f"<{OMT}".encode()
    for text in texts:
        for line in text.split(b" .\n"):
            subject, _, rest = line.partition(b" ")
            predicate, _, term = rest.partition(b" ")
            if predicate in properties:
                seen.add((subject, predicate, term))
                if term.startswith(openminds):
                    kinds.setdefault(subject, set()).add(term)
    found: Counter[tuple[bytes, bytes]] = Counter()
    ebrains = w.EBRAINS.encode()
    for _, predicate, term in seen:
        found[predicate, b""] += 1
        found[predicate, term] += 1
        if predicate == ebrains:
            for kind in kinds.get(term) or (term[1:].rpartition(b"/")[0] + b"/",):
                found[predicate, kind] += 1
    return found
