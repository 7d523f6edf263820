"""Small corpora for tests of the build: documents in memory, rules over Turtle, answers as plain sets."""

from __future__ import annotations

import json
from contextlib import closing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pyoxigraph as ox

from siibra_kg import resources
from siibra_kg.build import build
from siibra_kg.build.engine import Workbench, to_ntriples
from siibra_kg.build.python_rules import FUNCTIONS
from siibra_kg.build.rules import read_rules
from siibra_kg.build.snapshot import Snapshot, find
from siibra_kg.config import Settings
from siibra_kg.errors import SourceError
from siibra_kg.sources.protocol import Document, SetAside, SourceInfo, content_hash
from siibra_kg.vocab import NAMESPACES, OM, OMI, OMT, PREFIXES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

BASE = "https://w3id.org/siibra-kg/"
HEADER = "".join(f"@prefix {prefix}: <{iri}> .\n" for prefix, iri in NAMESPACES.items()) + f"@base <{BASE}> .\n"

Triples = set[tuple[str, str, str]]


def short(term: ox.NamedNode | ox.Literal | ox.BlankNode) -> str:
    """Write a term shortly: ``om:name``, ``/id/region/x``, or the lexical form of a literal."""
    if isinstance(term, ox.Literal):
        return term.value
    names = {"skg": NAMESPACES["skg"], "om": OM, "omt": OMT, "omi": OMI, "skos": NAMESPACES["skos"]}
    names |= {"dcat": NAMESPACES["dcat"], "rdf": NAMESPACES["rdf"]}
    for prefix, iri in names.items():
        if term.value.startswith(iri):
            return f"{prefix}:{term.value[len(iri) :]}"
    return "/" + term.value[len(BASE) :] if term.value.startswith(BASE) else term.value


def infer(turtle: str) -> dict[str, Triples]:
    """Run all rules over Turtle; gives what each added, by name, and the edges left out as ``cycles``."""
    with closing(Workbench()) as bench:
        return _infer(bench, turtle)


def _infer(bench: Workbench, turtle: str) -> dict[str, Triples]:
    bench.load(to_ntriples("test.ttl", (HEADER + turtle).encode(), "ttl", BASE, BASE + "blank/"))
    out: dict[str, Triples] = {"cycles": set()}
    for rule in read_rules(resources.folder("ontologies") / "rules"):
        if rule.function:
            added = FUNCTIONS[rule.function](bench.rows(rule.query), BASE)
            text = "".join(added.lines).encode()
            out["cycles"] |= {(a.removeprefix(BASE), "", b.removeprefix(BASE)) for a, b in added.cycles}
        else:
            text = bench.construct(rule.query)
        bench.load(text)
        quads = ox.parse(text, ox.RdfFormat.N_TRIPLES)
        out[rule.name] = {(short(q.subject), short(q.predicate), short(q.object)) for q in quads}
    return out


def atlas(name: str, entities: str = "", *versions: str) -> str:
    """Write an atlas with a terminology of entities (``AT_a AT_b``) and atlas versions made by :func:`version`."""
    listed = "".join(f"; om:hasEntity <{OMI}parcellationEntity/{e}>" for e in entities.split())
    return (
        f"<{OMI}anatomicalAtlas/{name}> a omt:AnatomicalAtlas ; om:shortName '{name} Atlas' ;"
        f" om:usedTaxon <{OMI}species/homoSapiens> ; om:hasTerminology <t/{name}> .\n"
        f"<t/{name}> a omt:ParcellationTerminology {listed} .\n" + "".join(versions)
    )


def version(atlas_name: str, name: str, entities: str = "", extra: str = "") -> str:
    """Write an atlas version that lists entity versions."""
    listed = "".join(f"; om:hasEntity <{OMI}parcellationEntityVersion/{e}>" for e in entities.split())
    return (
        f"<{OMI}anatomicalAtlasVersion/{name}> a omt:AnatomicalAtlasVersion ; om:shortName '{atlas_name} Atlas' ;"
        f" om:versionIdentifier '{name.partition('_')[2]}' ; om:isVersionOf <{OMI}anatomicalAtlas/{atlas_name}> ;"
        f" om:hasTerminology <t/{name}> {extra} .\n<t/{name}> a omt:ParcellationTerminologyVersion {listed} .\n"
    )


def entity(name: str, parent: str = "", label: str = "") -> str:
    """Write a ParcellationEntity."""
    up = "".join(f"; om:hasParent <{OMI}parcellationEntity/{p}>" for p in parent.split())
    return f"<{OMI}parcellationEntity/{name}> a omt:ParcellationEntity ; om:name '{label or name}' {up} .\n"


def realised(name: str, of: str = "", parent: str = "", label: str = "", extra: str = "") -> str:
    """Write a ParcellationEntityVersion."""
    up = "".join(f"; om:hasParent <{OMI}parcellationEntity/{p}>" for p in parent.split())
    link = f"; om:isVersionOf <{OMI}parcellationEntity/{of}>" if of else ""
    head = f"<{OMI}parcellationEntityVersion/{name}> a omt:ParcellationEntityVersion ; om:name '{label or name}'"
    return f"{head} {link} {up} {extra} .\n"


def annotated(name: str, sides: str, label: str = "", color: str = "", criteria: str = "") -> str:
    """Write an AtlasAnnotation of an entity version; sides is ``left``, ``right``, ``left right`` or nothing."""
    iri = f"<id/annotation/{name}/{sides.replace(' ', '-') or 'none'}{criteria}>"
    more = "".join(f"; om:laterality <{OMI}laterality/{s}>" for s in sides.split())
    more += f"; om:internalIdentifier '{label}'" if label else ""
    more += f"; om:preferredVisualization [ om:preferredDisplayColor <{OMI}{color}> ]" if color else ""
    return f"<{OMI}parcellationEntityVersion/{name}> om:hasAnnotation {iri} .\n{iri} a omt:AtlasAnnotation {more} .\n"


@dataclass
class Memory:
    """A source in memory: JSON-LD by path; ``broken`` makes it fail after that many documents."""

    documents_by_path: Mapping[str, object]
    name: str = "memory"
    graph: str = "graph/user/memory"
    broken: int | None = None
    aside: tuple[SetAside, ...] = ()
    hashes: list[tuple[str, str]] = field(default_factory=list)

    def documents(self) -> Iterator[Document]:
        for number, (path, content) in enumerate(sorted(self.documents_by_path.items())):
            if self.broken == number:
                raise SourceError(self.name, "it breaks off")
            data = content if isinstance(content, bytes) else json.dumps(content).encode()
            yield Document(path, data, path.rpartition(".")[2])
        if self.broken is not None:
            raise SourceError(self.name, "it breaks off")

    def set_aside(self) -> tuple[SetAside, ...]:
        return self.aside

    def info(self) -> SourceInfo:
        number = len(self.documents_by_path)
        return SourceInfo(self.name, "folder", self.graph, "", "", "", "", content_hash([]), number)


def settings(folder: Path) -> Settings:
    return Settings(home=folder / "home", cache=folder / "cache", offline=True)


def built(folder: Path, *sources: Memory, **options: object) -> Snapshot:
    """Build sources in memory into ``folder/out``."""
    report = build(list(sources), folder / "out", settings=settings(folder), **options)  # type: ignore[arg-type]
    return find(report.path, settings(folder))


def ask(snapshot: Snapshot, query: str) -> list[tuple[str, ...]]:
    """Answer a SELECT over the union of a snapshot's graphs, straight from the engine."""
    store = ox.Store.read_only(str(snapshot.store_path))
    rows = store.query(PREFIXES + query, use_default_graph_as_union=True)
    assert isinstance(rows, ox.QuerySolutions)
    width = range(len(rows.variables))
    return [tuple("" if row[i] is None else short(row[i]) for i in width) for row in rows]
