"""All documents of siibra-configurations in, N-Triples out, document by document."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from siibra_kg.configurations.atlases import atlas, space
from siibra_kg.configurations.census import Census, differences
from siibra_kg.configurations.features import Features
from siibra_kg.configurations.known import Known
from siibra_kg.configurations.lines import Lines
from siibra_kg.configurations.maps import parcellation_map
from siibra_kg.configurations.parcellations import parcellation
from siibra_kg.configurations.part import Part
from siibra_kg.configurations.tables import Tables
from siibra_kg.errors import BadDocument
from siibra_kg.json_guard import Limits, has_all_keys, read, read_exact

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

__all__ = ["Configurations", "Converted"]

_ATLAS, _SPACE, _PARCELLATION, _MAP = (
    "juelich/iav/atlas/v1.0.0",
    "siibra/space/v0.0.1",
    "siibra/parcellation/v0.0.1",
    "siibra/map/v0.0.1",
)


_COUNTS = "(counts)"
_KINDS = {list: "a list", str: "a text", int: "a number", float: "a number", bool: "true or false"}


@dataclass(frozen=True, slots=True)
class Converted:
    """What a configuration says.

    Parameters
    ----------
    documents
        Path and N-Triples (sorted, each line once, UTF-8) of each document that could be read, in their order.
        The last one, ``(counts)``, says how often what is in them.
    bad
        The errors of those that could not.
    differences
        What the documents hold and the statements do not; a sentence for each count.
    unknown
        Keys that were not read -> how often they are there.
    """

    documents: tuple[tuple[str, bytes], ...]
    bad: tuple[BadDocument, ...]
    differences: tuple[str, ...] = ()
    unknown: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(slots=True)
class _Documents:
    """The documents by what they are, parsed, and what becomes of each: statements, or the error."""

    by_type: dict[str, list[Part]] = field(default_factory=dict)
    order: list[str] = field(default_factory=list)
    made: dict[str, bytes] = field(default_factory=dict)
    bad: list[BadDocument] = field(default_factory=list)

    @contextmanager
    def setting_aside(self) -> Iterator[None]:
        """Keep the error of a document that turns out to be unusable."""
        try:
            yield
        except BadDocument as error:
            self.bad.append(error)


class Configurations:
    """Turns the documents of siibra-configurations into triples; see ``docs/data-model.md``.

    Parameters
    ----------
    base_iri
        Base of the IRIs that are coined.
    tables
        What siibra's words mean; by default those that come with the package.
    limits
        What a document may measure.

    Notes
    -----
    Documents name each other, so all of them are needed at once. One that cannot be used is set aside with the place
    and the reason; a map or a feature that names it is set aside as well.
    """

    def __init__(self, base_iri: str, tables: Tables | None = None, limits: Limits | None = None) -> None:
        self._base = base_iri
        self._tables = Tables.load() if tables is None else tables
        self._limits = limits or Limits()

    def convert(self, documents: Iterable[tuple[str, bytes]]) -> Converted:
        """Convert all documents of one configuration.

        Parameters
        ----------
        documents
            Path and content of each, sorted by path.
        """
        census = Census(self._base, self._tables.keys)
        found = self._parsed(documents, census)
        names = Known(self._base, self._tables)
        spaces, parcellations = _named(found, _SPACE, names), _named(found, _PARCELLATION, names)
        names.learn(spaces, parcellations)
        features = Features(names, [part for kind in self._tables.features for part in found.by_type.get(kind, ())])
        # What others name comes first: where it turns out to be unusable, they are told that it is not there.
        _describe(found, names, spaces, space, names.spaces)
        _describe(found, names, parcellations, parcellation, names.releases)
        _describe(found, names, _named(found, _MAP), parcellation_map)
        _describe(found, names, features.parts, features.feature)
        _describe(found, names, _named(found, _ATLAS), atlas)
        made = tuple((path, found.made[path]) for path in found.order if path in found.made)
        bad = tuple(sorted(found.bad, key=lambda error: error.path))
        missing = differences(census.counts(), (text for _, text in made))
        return Converted((*made, (_COUNTS, census.lines())), bad, missing, MappingProxyType(census.unknown))

    def _parsed(self, documents: Iterable[tuple[str, bytes]], census: Census) -> _Documents:
        """Parse all documents, and sort them by their type."""
        out = _Documents()
        types = {_ATLAS, _SPACE, _PARCELLATION, _MAP, *self._tables.features}
        for path, data in documents:
            with out.setting_aside():
                part = self._part(path, data)
                census.take(part.value)
                kind = part.text("@type", required=True)
                if kind not in types:
                    raise part.bad(f"the @type {kind!r} is not known", "@type")
                out.order.append(path)
                out.by_type.setdefault(kind, []).append(part)
        return out

    def _part(self, path: str, data: bytes) -> Part:
        value = read(path, data, self._limits)
        if not isinstance(value, dict):
            raise BadDocument(path, f"a document is a JSON object, and this is {_KINDS.get(type(value), 'a value')}")
        if not has_all_keys(data, _keys(value)):
            read_exact(path, data, self._limits)  # refuses a key that occurs twice: a row of an index would be lost
        return Part(path, value)


def _describe(
    found: _Documents,
    names: Known,
    parts: Sequence[Part],
    describe: Callable[[Lines, Known, Part], object],
    nodes: dict[str, Any] | None = None,
) -> None:
    """Describe documents; one that fails is taken out of the nodes that others may name."""
    for part in parts:
        lines = Lines()
        with found.setting_aside():
            describe(lines, names, part)
            found.made[part.path] = lines.bytes()
        if nodes is not None and part.path not in found.made:
            del nodes[part.text("@id")]


def _named(found: _Documents, kind: str, names: Known | None = None) -> list[Part]:
    """Give the documents of a type that can be named; of two with one id the first by path counts.

    Where ``names`` is given, they need a name and a known species as well: others depend on both.
    """
    out: list[Part] = []
    first: dict[str, str] = {}
    for part in found.by_type.get(kind, ()):
        with found.setting_aside():
            identifier = part.text("@id", required=True)
            if identifier in first:
                raise part.bad(f"its @id {identifier!r} is that of {first[identifier]}", "@id")
            if names is not None:
                part.text("name", required=True)
                names.species(part)
            first[identifier] = part.path
            out.append(part)
    return out


def _keys(value: object) -> int:
    """Count the keys of all objects in a parsed document."""
    count, todo = 0, [value]
    while todo:
        item = todo.pop()
        if type(item) is dict:
            count += len(item)
            todo += item.values()
        elif type(item) is list and item and type(item[0]) is not str:
            todo += item
    return count
