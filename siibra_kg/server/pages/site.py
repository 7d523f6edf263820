"""Addresses: where this server shows a node of the graph, and which IRIs a page may link to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote, urlencode, urlsplit

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from siibra_kg.server.job import State

__all__ = ["MINTED", "PATH", "Site"]

#: What follows the base of minted identifiers; each is a route of its own.
MINTED = ("id", "graph", "vocab", "mapping", "ontology")

#: A page links to nodes with these schemes. What is written with any other, ``javascript:`` for one, is shown as text.
_LINKED = ("http://", "https://", "urn:", "doi:")
#: Characters that stand for themselves in a path.
PATH = "/:@!$&'()*+,;=~-._"


@dataclass(frozen=True, slots=True)
class Site:
    """This server, as the public knows it.

    Parameters
    ----------
    base_url
        Address of this server, without ``/`` at its end.
    base_iri
        What minted identifiers start with; ends with ``/``.

    Examples
    --------
    >>> site = Site("http://127.0.0.1:7687", "https://w3id.org/siibra-kg/")
    >>> site.href("https://w3id.org/siibra-kg/id/release/jba-v3.1")
    '/id/release/jba-v3.1'
    >>> site.href("http://purl.obolibrary.org/obo/UBERON_0002436")
    '/resource?iri=http%3A%2F%2Fpurl.obolibrary.org%2Fobo%2FUBERON_0002436'
    >>> site.href("javascript:alert(1)"), site.outside("javascript:alert(1)")
    ('', '')
    """

    base_url: str
    base_iri: str

    @classmethod
    def of(cls, state: State, payload: Mapping[str, Any]) -> Site:
        """Give the site that a job is done for."""
        snapshot = state.kg.snapshot
        base = snapshot.manifest.base_iri if snapshot else state.kg.settings.base_iri
        return cls(str(payload.get("base_url", "")).rstrip("/"), base)

    @property
    def root(self) -> str:
        """The path below which this server is; empty unless it stands behind a proxy that gives it one."""
        return urlsplit(self.base_url).path.rstrip("/")

    def path(self, iri: str) -> str | None:
        """Give the path of a minted IRI; ``None`` for others, and for those that a browser would change."""
        rest = iri.removeprefix(self.base_iri)
        if rest == iri or rest.partition("/")[0] not in MINTED or "/" not in rest:
            return None
        # "." and ".." never reach a server, and "//" at the wrong place would name another one.
        if any(part in (".", "..") for part in rest.split("/")):
            return None
        return "/" + quote(rest, safe=PATH)

    def href(self, iri: str) -> str:
        """Give where this server shows a node, to link to from a page; empty where there must be no link."""
        path = self.path(iri)
        if path is not None:
            return self.root + path
        return self.link("/resource", iri=iri) if iri.lower().startswith(_LINKED) else ""

    def url(self, iri: str) -> str:
        """Give the full address at which this server shows a node."""
        path = self.path(iri)
        return self.base_url + (path if path is not None else "/resource?" + urlencode({"iri": iri}))

    def link(self, to: str, /, **query: object) -> str:
        """Give the path of a page of this server, with parameters; those that are ``None`` or empty are left out."""
        given = {k: str(v) for k, v in query.items() if v not in (None, "")}
        return self.root + to + ("?" + urlencode(given) if given else "")

    @staticmethod
    def outside(iri: str) -> str:
        """Give the address of a thing elsewhere on the web; empty if it has none that is safe to follow.

        >>> Site.outside("doi:10.1126/science.abb4588")
        'https://doi.org/10.1126/science.abb4588'
        """
        lower = iri.lower()
        if lower.startswith("doi:"):
            return "https://doi.org/" + quote(iri[4:], safe="/():;.-_")
        return iri if lower.startswith(("http://", "https://")) else ""
