"""A pull: all instances of the wanted types, once; afterwards only those that have another revision."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import orjson

from siibra_kg.data_errors import ServiceError
from siibra_kg.sources.ebrains_kg.instances import LAST_RELEASED, REVISION, cleaned, uuid_of
from siibra_kg.sources.ebrains_kg.kinds import Kind
from siibra_kg.sources.ebrains_kg.listing import Moved, listed
from siibra_kg.sources.ebrains_kg.service import NAME, BadRequest

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator

    from siibra_kg.sources.ebrains_kg.kinds import Taken
    from siibra_kg.sources.ebrains_kg.service import Service
    from siibra_kg.sources.ebrains_kg.shelf import Shelf

__all__ = ["PAGE", "Pull"]

#: Instances of a page. A DatasetVersion has some 10 kB.
PAGE = 500
_TYPES = 1000
_ROWS = 2000
_BATCH = 200
_ATTEMPTS = 3
_IDENTIFIER = "http://schema.org/identifier"
_OCCURRENCES = "https://core.kg.ebrains.eu/vocab/meta/occurrences"
_QUERY = "https://schema.hbp.eu/myQuery/"
_GROWN = 0.5  # share of changed instances from which a whole pull is less work


@dataclass(slots=True)
class Pull:
    """Brings a shelf up to date.

    Parameters
    ----------
    service
        Where to ask.
    shelf
        Where to keep what comes.
    taken
        What is wanted.
    whatever
        Local names of types that are wanted however many instances there are.
    progress
        Called with the name of a type, how many instances have come, and how many there are.
    size
        Instances of a page.
    """

    service: Service
    shelf: Shelf
    taken: Taken
    whatever: Collection[str] = ()
    progress: Callable[[str, int, int | None], None] = lambda _name, _done, _total: None
    size: int = PAGE
    #: What could not be used, and why: path, reason.
    aside: list[tuple[str, str]] = field(default_factory=list)

    def run(self) -> dict[str, int]:
        """Pull; gives the types with the number of instances of each.

        Raises
        ------
        ServiceError
            If the service does not answer, or not as it should. What has arrived stays.
        LoginNeeded
            If it accepts no token.
        """
        found: dict[str, int] = {}
        for kind in self._kinds():
            if kind.number > self.taken.most and kind.name not in self.whatever:
                reason = f"{kind.number:,} instances, more than {self.taken.most:,}; to have them say kg+{kind.name}"
                self.aside.append((kind.name, reason))
                continue
            found[kind.name] = self._refresh(kind) if self.shelf.has(kind.name) else self._whole(kind)
        self.shelf.close_pull(found)
        return found

    def _kinds(self) -> list[Kind]:
        """Ask which types there are; gives those that are wanted, in the order in which they are wanted."""

        def ask(start: int, size: int) -> dict[str, Any]:
            return self.service.get("types", **_paging(start, size))

        there: dict[str, Kind] = {}
        for item in self._pages(ask, "types", _TYPES):
            iri, number = item.get(_IDENTIFIER), item.get(_OCCURRENCES)
            if isinstance(iri, str):
                kind = Kind(iri, number if isinstance(number, int) else -1)
                there.setdefault(kind.name, kind)
        wanted = [there[name] for name in self.taken.names if name in there]
        if not wanted:
            reason = f"it lists {len(there)} types, and none of openMINDS"
            raise ServiceError(NAME, "types", reason, "check the host, the stage and the account")
        return wanted

    def _pages(self, ask: Callable[[int, int], dict[str, Any]], what: str, size: int) -> Iterator[dict[str, Any]]:
        try:
            for page in listed(ask, what, size):
                yield from (item for item in page.items if isinstance(item, dict))
        except Moved:
            moved = True
        else:
            moved = False
        if moved:
            raise ServiceError(NAME, what, "the list changed while it was read", "try again")

    # -- everything ----------------------------------------------------------------------------------------------------

    def _whole(self, kind: Kind) -> int:
        """Pull all instances of a type, going on where an earlier pull was interrupted."""
        resumed = bool(self.shelf.pages(kind.name))
        for _ in range(_ATTEMPTS):
            try:
                documents = self._all_pages(kind)
            except Moved:
                self.shelf.drop_pages(kind.name)
                resumed = False
                continue
            self.shelf.put(kind.name, documents)
            self.shelf.drop_pages(kind.name)
            # Between the two parts of an interrupted pull the graph may have changed without changing in size.
            return self._refresh(kind) if resumed else len(documents)
        raise ServiceError(NAME, kind.name, f"the list changed {_ATTEMPTS} times while it was read", "try again later")

    def _all_pages(self, kind: Kind) -> dict[str, bytes]:
        def ask(start: int, size: int) -> dict[str, Any]:
            return self.service.get("instances", type=kind.iri, returnEmbedded="true", **_paging(start, size))

        documents: dict[str, bytes] = {}
        start = lines = 0
        for page in self.shelf.pages(kind.name).values():
            arrived = page.documents()
            documents.update(arrived)
            start, lines = start + page.number, lines + len(arrived)
        for listing in listed(ask, kind.name, self.size, start):
            made = list(self._documents(kind.name, listing.items, listing.start))
            self.shelf.add_page(kind.name, listing.start, len(listing.items), [text for _, text in made])
            documents.update(made)
            lines += len(made)
            self.progress(kind.name, listing.start + len(listing.items), listing.total)
        if lines != len(documents):  # one instance on two pages, so another one on none
            raise Moved
        return documents

    def _documents(self, name: str, items: Iterable[object], start: int) -> Iterator[tuple[str, bytes]]:
        for number, item in enumerate(items, start):
            uuid = uuid_of(item.get("@id")) if isinstance(item, dict) else ""
            if isinstance(item, dict) and uuid:
                yield uuid, orjson.dumps(cleaned(item, self.taken.left_out))
            else:
                self.aside.append((f"{name}/{number}", "an instance without an id of the Knowledge Graph"))

    # -- what changed --------------------------------------------------------------------------------------------------

    def _refresh(self, kind: Kind) -> int:
        """Pull the instances of a type that have another revision than those that are here."""
        known, now = self.shelf.stamps(kind.name), self._revisions(kind)
        other = [] if now is None else sorted(uuid for uuid, made in now.items() if known.get(uuid) != made)
        if now is None or len(other) > max(self.size, _GROWN * len(now)):
            self.shelf.drop_pages(kind.name)
            return self._whole(kind)
        documents: dict[str, bytes] = {}
        for begin in range(0, len(other), _BATCH):
            documents.update(self._by_id(kind, other[begin : begin + _BATCH]))
            self.progress(kind.name, min(begin + _BATCH, len(other)), len(other))
        gone = known.keys() - now.keys()
        return self.shelf.changed(kind.name, documents, gone) if documents or gone else len(known)

    def _revisions(self, kind: Kind) -> dict[str, str] | None:
        """Ask for id and revision of each instance of a type; ``None`` where the service does not tell."""
        body = _question(kind)

        def ask(start: int, size: int) -> dict[str, Any]:
            return self.service.post("queries", body, **_paging(start, size))

        found: dict[str, str] = {}
        rows = 0
        try:
            for page in listed(ask, kind.name, _ROWS):
                rows += len(page.items)
                for row in page.items:
                    uuid = uuid_of(row.get("id")) if isinstance(row, dict) else ""
                    revision = (row.get("revision") or row.get("lastReleasedAt")) if uuid else ""
                    if not isinstance(revision, str) or not revision:
                        return None
                    found[uuid] = revision
        except (Moved, BadRequest):
            return None
        return found if rows == len(found) else None

    def _by_id(self, kind: Kind, uuids: list[str]) -> dict[str, bytes]:
        told = self.service.post("instancesByIds", uuids, returnEmbedded="true")["data"]
        out: dict[str, bytes] = {}
        for uuid in uuids:
            answer = told.get(uuid) if isinstance(told, dict) else None
            item = answer.get("data") if isinstance(answer, dict) else None
            if not isinstance(item, dict) or uuid_of(item.get("@id")) != uuid:
                reason = f"it lists {uuid} and does not give it"
                raise ServiceError(NAME, kind.name, reason, "try again; it may just have been withdrawn")
            out[uuid] = orjson.dumps(cleaned(item, self.taken.left_out))
        return out


def _paging(start: int, size: int) -> dict[str, str]:
    return {"from": str(start), "size": str(size), "returnTotalResults": "true"}


def _question(kind: Kind) -> dict[str, Any]:
    """Write a query of the Knowledge Graph for identity and version, which are a hundredth of the instances."""
    names = (("id", "@id"), ("revision", REVISION), ("lastReleasedAt", LAST_RELEASED))
    link = {"@type": "@id"}
    return {
        "@context": {
            "@vocab": "https://core.kg.ebrains.eu/vocab/query/",
            "query": _QUERY,
            "propertyName": {"@id": "propertyName", **link},
            "path": {"@id": "path", **link},
        },
        "meta": {"type": kind.iri, "responseVocab": _QUERY},
        "structure": [{"propertyName": f"query:{name}", "path": path} for name, path in names],
    }
