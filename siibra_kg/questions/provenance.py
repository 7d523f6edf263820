"""Where the graph comes from, and whom to cite for a thing in it."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from siibra_kg.terms import IRI, contract
from siibra_kg.vocab import NAMESPACES

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from siibra_kg.questions.ask import Asker
    from siibra_kg.table import Row, Table

__all__ = ["Citation", "Info", "Reference", "cite", "info"]

# A DOI as Crossref writes it, in an IRI or in running text; markdown links end it with a bracket.
_DOI = re.compile(r"10\.\d{4,9}/[^\s\"'<>\])]+")
_LINK = re.compile(r"\[([^\]]*)\]\(([^)]*)\)")


@dataclass(frozen=True, slots=True)
class Reference:
    """What one node (an atlas, an atlas version, a space, a volume) says about how to cite it.

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
    """

    about: IRI
    name: str
    licenses: tuple[str, ...] = ()
    texts: tuple[str, ...] = ()
    dois: tuple[str, ...] = ()
    homepage: str = ""


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

    def lines(self) -> tuple[str, ...]:
        """Give the citation as lines of plain text."""
        out: list[str] = []
        for r in self.references:
            out.append(r.name or contract(r.about))
            out += [f"  licence: {x}" for x in r.licenses]
            out += [f"  cite: {_LINK.sub(_plain, text)}" for text in r.texts]
            out += [f"  doi: https://doi.org/{x}" for x in r.dois]
            out += [f"  homepage: {r.homepage}"] if r.homepage else []
        return tuple(out)

    def bibtex(self) -> str:
        """Give one ``@misc`` entry for each DOI; authors and years are not in the graph, the DOI leads to them."""
        names = {doi: r.name for r in reversed(self.references) for doi in reversed(r.dois)}
        entries = (
            f"@misc{{{re.sub('[^a-z0-9]+', '-', doi)},\n  title = {{{{{_braced(names[doi])}}}}},\n"
            f"  doi = {{{doi}}},\n  url = {{https://doi.org/{doi}}}\n}}\n"
            for doi in self.dois
        )
        return "\n".join(entries)

    def __str__(self) -> str:
        return "\n".join(self.lines())

    def _repr_html_(self) -> str:
        return f"<pre>{html.escape(str(self))}</pre>"


def cite(ask: Asker, things: Iterable[IRI]) -> Citation:
    """Give what to cite for nodes: what they, their release, atlas, atlas versions, spaces and volumes say."""
    references: dict[IRI, Reference] = {}
    for thing in dict.fromkeys(things):
        rows: dict[IRI, list[Row]] = {}
        for row in ask.table("node/citation", node=thing):
            rows.setdefault(row.about, []).append(row)
        for about, said in rows.items():
            references.setdefault(about, _reference(about, said))
    return Citation(tuple(references.values()))


def _reference(about: IRI, rows: list[Row]) -> Reference:
    fields: dict[str, list[Row]] = {}
    for row in rows:
        fields.setdefault(row.field, []).append(row)
    texts = tuple(dict.fromkeys(str(row.value) for row in fields.get("cite", ())))
    linked = [str(row.value) for name in ("doi", "publication", "documentation") for row in fields.get(name, ())]
    dois = [match.rstrip(".,;").lower() for text in (*texts, *linked) for match in _DOI.findall(text)]
    homepages = [str(row.value) for row in fields.get("homepage", ())]
    return Reference(
        about,
        next((row.about_name for row in rows if row.about_name), ""),
        tuple(dict.fromkeys(row.value_name or contract(str(row.value)) for row in fields.get("license", ()))),
        texts,
        tuple(dict.fromkeys(dois)),
        homepages[0] if homepages else "",
    )


def _plain(link: re.Match[str]) -> str:
    return f"{link[1]} ({link[2]})"


def _braced(text: str) -> str:
    return re.sub(r"([{}\\&%$#_])", r"\\\1", text)


class _Manifest(Protocol):
    @property
    def short_hash(self) -> str: ...
    @property
    def triples(self) -> int: ...
    @property
    def sources(self) -> tuple[Any, ...]: ...


@dataclass(frozen=True, slots=True)
class Info:
    """What is in a graph.

    Parameters
    ----------
    headline
        One sentence: triples, graphs, sources, and what is missing.
    graphs
        One row for each named graph: title, triples, licence, source, version.
    """

    headline: str
    graphs: Table

    def __str__(self) -> str:
        return f"{self.headline}\n{self.graphs}"

    def _repr_html_(self) -> str:
        return f"<p>{html.escape(self.headline)}</p>{self.graphs._repr_html_()}"


def info(ask: Asker, manifest: _Manifest | None = None) -> Info:
    """Say what is in the graph: sources, versions, licences, triples per graph.

    Parameters
    ----------
    ask
        The graph.
    manifest
        Of the snapshot, where there is one: it also knows which sources were missing.
    """
    graphs = ask.table("graph/sources")
    total = manifest.triples if manifest else sum(row.triples or 0 for row in graphs)
    read = [row for row in graphs if row.source is not None or row.sha256]
    named = ", ".join(_named(row) for row in read)
    headline = f"{total:,} triples in {len(graphs)} graphs" + (f"; read: {named}" if named else "")
    if manifest:
        headline += f"; snapshot {manifest.short_hash}"
        missing = [f"{s.name} ({s.missing})" for s in manifest.sources if s.missing]
        headline += f"; missing: {', '.join(missing)}" if missing else ""
    return Info(headline, graphs)


def _named(row: Row) -> str:
    licence = str(row.license).removeprefix(NAMESPACES["spdx"]).rpartition("/")[2] if row.license else ""
    words = (row.title or contract(row.graph), row.version or "", (row.revision or "")[:10], licence)
    return " ".join(word for word in words if word)
