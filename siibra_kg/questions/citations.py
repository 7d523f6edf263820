"""Whom to cite for a thing in the graph, or for a whole result set: references, DOIs, licences, authors, BibTeX."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from siibra_kg.table import Row, Table
from siibra_kg.terms import IRI, contract

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from siibra_kg.questions.ask import Asker

__all__ = ["Citation", "Publication", "Reference", "cite", "nodes"]

# A DOI as Crossref writes it, in an IRI or in running text; markdown links end it with a bracket.
_DOI = re.compile(r"10\.\d{4,9}/[^\s\"'<>\])]+")
_LINK = re.compile(r"\[([^\]]*)\]\(([^)]*)\)")
# How many nodes one query asks about: the text of a query stays well below what stores accept.
_CHUNK = 200


@dataclass(frozen=True, slots=True)
class Publication:
    """What the graph knows of one publication: ``schema:ScholarlyArticle``.

    Parameters
    ----------
    url
        Its IRI: a DOI link, or another address.
    doi
        In lower case, without ``https://doi.org/``; empty if it has none.
    title, text
        Its title, and the citation as a reference list would write it; empty where unknown.
    authors
        In their order.
    """

    url: str
    doi: str = ""
    title: str = ""
    text: str = ""
    authors: tuple[str, ...] = ()

    def bibtex(self, named_by: str = "") -> str:
        """Give an ``@misc`` entry; the year and the journal are not in the graph as such, the DOI leads to them.

        Parameters
        ----------
        named_by
            Whose reference it is: the note of an entry of which the graph knows neither title nor text.
        """
        known = self.text or self.title
        fields = {
            "author": " and ".join(_braced(author) for author in self.authors),
            "title": f"{{{_braced(self.title)}}}" if self.title else "",
            "doi": self.doi,
            "url": self.url,
            "note": _braced(self.text if known else f"reference of {named_by}" if named_by else ""),
        }
        lines = ",\n".join(f"  {name} = {{{value}}}" for name, value in fields.items() if value)
        key = re.sub(r"[^a-z0-9]+", "-", (self.doi or self.url.partition("://")[2]).lower()).strip("-")
        return f"@misc{{{key},\n{lines}\n}}\n"


@dataclass(frozen=True, slots=True)
class Reference:
    """What one node (an atlas, a release, a space, a volume, a feature) says about how to cite it.

    Parameters
    ----------
    about, name
        The node.
    licenses
        Short names, or IRIs where they have none.
    texts
        How to cite it, in its own words (markdown).
    dois
        In lower case, without ``https://doi.org/``, in the order in which they appear.
    homepage
        Of the node, if any.
    datasets
        IRIs of its datasets in the EBRAINS Knowledge Graph.
    publications
        What the graph knows about those it names: each DOI of ``dois`` is one of them.
    """

    about: IRI
    name: str
    licenses: tuple[str, ...] = ()
    texts: tuple[str, ...] = ()
    dois: tuple[str, ...] = ()
    homepage: str = ""
    datasets: tuple[IRI, ...] = ()
    publications: tuple[Publication, ...] = ()


@dataclass(frozen=True, slots=True)
class Citation:
    """Everything to cite for some things; iterates over its :class:`Reference` values."""

    references: tuple[Reference, ...]

    def __iter__(self) -> Iterator[Reference]:
        return iter(self.references)

    def __len__(self) -> int:
        return len(self.references)

    @property
    def licenses(self) -> tuple[str, ...]:
        """All licences, each once."""
        return tuple(dict.fromkeys(x for r in self.references for x in r.licenses))

    @property
    def dois(self) -> tuple[str, ...]:
        """All DOIs, each once."""
        return tuple(dict.fromkeys(x for r in self.references for x in r.dois))

    @property
    def authors(self) -> tuple[str, ...]:
        """All authors that the graph knows of these publications, each once, in the order of the references."""
        return tuple(dict.fromkeys(x for p in self.publications for x in p.authors))

    @property
    def publications(self) -> tuple[Publication, ...]:
        """All publications, each once."""
        return tuple(dict.fromkeys(p for r in self.references for p in r.publications))

    def lines(self) -> tuple[str, ...]:
        """Give the citation as lines of plain text."""
        out: list[str] = []
        for r in self.references:
            out.append(r.name or contract(r.about))
            out += [f"  licence: {x}" for x in r.licenses]
            out += [f"  cite: {_LINK.sub(_plain, text)}" for text in r.texts]
            out += [f"  publication: {p.text or p.title}" for p in r.publications if p.text or p.title]
            out += [f"  doi: https://doi.org/{x}" for x in r.dois]
            out += [f"  dataset: {x}" for x in r.datasets]
            out += [f"  homepage: {r.homepage}"] if r.homepage else []
        return tuple(out)

    def bibtex(self) -> str:
        """Give one ``@misc`` entry for each publication, with authors and title where the graph knows them."""
        names = {p.url: r.name for r in reversed(self.references) for p in reversed(r.publications)}
        entries: dict[str, str] = {}
        for publication in self.publications:
            entries.setdefault(publication.doi or publication.url, publication.bibtex(names[publication.url]))
        return "\n".join(entries.values())

    def __str__(self) -> str:
        return "\n".join(self.lines())

    def _repr_html_(self) -> str:
        return f"<pre>{html.escape(str(self))}</pre>"


def cite(ask: Asker, things: Iterable[IRI]) -> Citation:
    """Give what to cite for nodes: what they, their release, atlas, atlas versions, spaces and volumes say.

    Parameters
    ----------
    ask
        The graph.
    things
        Nodes of any kind; references come in their order.
    """
    wanted = tuple(dict.fromkeys(things))
    said: dict[IRI, dict[IRI, list[Row]]] = {}
    for start in range(0, len(wanted), _CHUNK):
        for row in ask.table("node/citation", nodes=wanted[start : start + _CHUNK]):
            said.setdefault(row.node, {}).setdefault(row.about, []).append(row)
    about = {one: rows for thing in wanted for one, rows in said.get(thing, {}).items()}
    known = _publications(ask, (IRI(str(r.value)) for rows in about.values() for r in rows if r.field == "publication"))
    return Citation(tuple(_reference(one, rows, known) for one, rows in about.items()))


def nodes(thing: object, resolve: Callable[[object], IRI]) -> Iterator[IRI]:
    """Give the nodes that a thing stands for: those in a result set, of matches, of many things, or its own.

    Parameters
    ----------
    thing
        A value with an ``iri``, a name, a :class:`~siibra_kg.table.Table` or a row of one, a match of a feature, or
        several of these.
    resolve
        Gives the node that a name or value stands for.
    """
    if isinstance(thing, Table | Row):
        cells = thing if isinstance(thing, Row) else (cell for row in thing for cell in row)
        yield from dict.fromkeys(cell for cell in cells if isinstance(cell, IRI))
    elif isinstance(thing, tuple | list):
        for one in thing:
            yield from nodes(one, resolve)
    else:
        yield resolve(getattr(thing, "feature", thing))


def _publications(ask: Asker, named: Iterable[IRI]) -> dict[str, Publication]:
    """Give what the graph knows, by IRI. Files that name the same publication may say more or less: most counts."""
    found: dict[str, Publication] = {}
    wanted = tuple(dict.fromkeys(iri for iri in named if iri.startswith(("http://", "https://"))))
    for start in range(0, len(wanted), _CHUNK):
        for row in ask.table("node/publications", publication=wanted[start : start + _CHUNK]):
            authors = tuple(filter(None, (a.strip() for a in (row.authors or "").split("; "))))
            one = Publication(row.iri, _doi(row.iri), row.title or "", row.text or "", authors)
            if len(str(one)) > len(str(found.get(row.iri, ""))):
                found[row.iri] = one
    return found


def _reference(about: IRI, rows: list[Row], known: dict[str, Publication]) -> Reference:
    fields: dict[str, list[Row]] = {}
    for row in rows:
        fields.setdefault(row.field, []).append(row)
    texts = tuple(dict.fromkeys(str(row.value) for row in fields.get("cite", ())))
    linked = [str(row.value) for name in ("doi", "publication", "documentation") for row in fields.get(name, ())]
    dois = tuple(dict.fromkeys(m.rstrip(".,;").lower() for text in (*texts, *linked) for m in _DOI.findall(text)))
    named = [known.get(link, Publication(link, _doi(link))) for link in linked if _doi(link) or link in known]
    named += [Publication(f"https://doi.org/{doi}", doi) for doi in dois]
    publications: dict[str, Publication] = {}
    for one in named:
        publications.setdefault(one.doi or one.url, one)
    homepages = [str(row.value) for row in fields.get("homepage", ())]
    return Reference(
        about,
        next((row.about_name for row in rows if row.about_name), ""),
        tuple(dict.fromkeys(row.value_name or contract(str(row.value)) for row in fields.get("license", ()))),
        texts,
        dois,
        homepages[0] if homepages else "",
        tuple(dict.fromkeys(IRI(str(row.value)) for row in fields.get("dataset", ()))),
        tuple(publications.values()),
    )


def _doi(text: str) -> str:
    found = _DOI.search(text)
    return found[0].rstrip(".,;").lower() if found else ""


def _plain(link: re.Match[str]) -> str:
    return f"{link[1]} ({link[2]})"


def _braced(text: str) -> str:
    return re.sub(r"([{}\\&%$#_])", r"\\\1", text)
