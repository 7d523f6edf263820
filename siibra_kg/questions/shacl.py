"""The SHACL shapes of ``ontologies/shapes``, run by pySHACL on slices of a graph (extra ``ontology``).

A slice holds what the graph says about all nodes of a type, and the types of what they link to. It is all that the
shapes of a type look at, and keeps the Python graph that pySHACL needs small: the whole graph would take minutes.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pyshacl
import rdflib
from rdflib.namespace import RDF, SH, SKOS

from siibra_kg.questions.run import run
from siibra_kg.resources import folder
from siibra_kg.table import Column, Table
from siibra_kg.terms import IRI, BlankNode, Literal, contract, local_name
from siibra_kg.vocab import OM, OMT, RDF_TYPE, SKG, XSD

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping
    from pathlib import Path

    from siibra_kg.stores.protocol import Store
    from siibra_kg.templates import Catalog

__all__ = ["ShapeResult", "conforms", "validate"]

_SEVERITY = {SH.Violation: "violation", SH.Warning: "finding", SH.Info: "info"}
#: openMINDS nodes are validated as their sources have them, ours with everything that rules added.
_ASSERTED, _ALL = "/graph/(openminds|user)/", "/graph/"
#: Types with fewer nodes than this share a run of pySHACL, each of which has a fixed cost.
_FEW = 1000
_COLUMNS = (
    Column("subject", "iri", "the node"),
    Column("message", "string", "the constraint that it breaks"),
    Column("value", "term", "the value that breaks it"),
)


@dataclass(frozen=True, slots=True)
class ShapeResult:
    """What breaks one shape; the fields are those of a check."""

    name: str
    severity: str
    summary: str
    rows: Table


def shapes_graph() -> rdflib.Graph:
    """Read all shapes."""
    graph = rdflib.Graph()
    for path in sorted((folder("ontologies") / "shapes").glob("*.ttl")):
        graph.parse(data=path.read_bytes(), format="turtle", publicID=path.as_uri())
    return graph


def validate(store: Store, catalog: Catalog, types: Collection[str] | None = None) -> tuple[ShapeResult, ...]:
    """Validate every type that has both a shape and nodes; or only some types.

    Returns
    -------
    tuple of ShapeResult
        One for each shape that something breaks, in order of name; rows in order.
    """
    shapes = shapes_graph()
    found: dict[tuple[str, str, str], set[tuple[Any, ...]]] = defaultdict(set)
    for batch in _batches(store, catalog, shapes, types):
        wanted = _part(shapes, [s for c in batch for s in shapes.subjects(SH.targetClass, rdflib.URIRef(c))])
        data = rdflib.Graph()
        for cls in batch:
            _add_slice(data, store, catalog, cls, _properties(wanted))
        _, report, _ = pyshacl.validate(data, shacl_graph=wanted, inference="none", meta_shacl=False, js=False)
        for shape, row in _results(report, shapes):
            found[shape].add(row)
    return tuple(
        ShapeResult(*shape, Table(_COLUMNS, tuple(sorted(rows, key=lambda r: tuple(map(str, r))))))
        for shape, rows in sorted(found.items())
    )


def conforms(
    turtle: bytes, base: str, shapes: Path, kinds: Mapping[str, Collection[str]]
) -> tuple[tuple[str, str], ...]:
    """Validate a small graph by shapes of its own; gives severity and message of each result, violations first.

    Parameters
    ----------
    turtle
        The graph, with identifiers relative to ``base``.
    shapes
        Turtle file; each shape has a message, before which the label of the node that breaks it is put.
    kinds
        For a class the names of more general ones of ours, which shapes may speak of.
    """
    data, wanted = rdflib.Graph(), rdflib.Graph()
    data.parse(data=turtle, format="turtle", publicID=base)
    wanted.parse(shapes, format="turtle")
    for cls, names in kinds.items():
        for node in list(data.subjects(RDF.type, rdflib.URIRef(cls))):
            for name in names:
                data.add((node, RDF.type, rdflib.URIRef(SKG + name)))
    _, report, _ = pyshacl.validate(data, shacl_graph=wanted, inference="none", meta_shacl=False, js=False)
    found: set[tuple[str, str]] = set()
    for result in report.subjects(RDF.type, SH.ValidationResult):
        node = report.value(result, SH.focusNode)
        label = data.value(node, SKOS.prefLabel) or data.value(node, rdflib.URIRef(OM + "fullName"))
        message = str(report.value(result, SH.resultMessage) or "")
        found.add((_SEVERITY[report.value(result, SH.resultSeverity)], f"{label}: {message}" if label else message))
    return tuple(sorted(found, key=lambda each: (each[0] != "violation", each)))


def _batches(
    store: Store, catalog: Catalog, shapes: rdflib.Graph, types: Collection[str] | None
) -> Iterator[list[IRI]]:
    targets = {str(t) for t in shapes.objects(None, SH.targetClass) if types is None or str(t) in types}
    few: list[IRI] = []
    for cls, number in run(store, catalog["shape/types"]).cells:
        if cls in targets and number < _FEW:
            few.append(cls)
        elif cls in targets:
            yield [cls]
    if few:
        yield few


def _properties(shapes: rdflib.Graph) -> tuple[IRI, ...]:
    """Give the properties that shapes may look at: every name in them that is not SHACL's own."""
    names = {str(t) for triple in shapes for t in triple[2:] if isinstance(t, rdflib.URIRef)}
    return tuple(IRI(n) for n in sorted(names | {RDF_TYPE}) if not n.startswith((str(SH), OMT)))


def _add_slice(data: rdflib.Graph, store: Store, catalog: Catalog, cls: IRI, properties: tuple[IRI, ...]) -> None:
    graphs = _ASSERTED if cls.startswith(OMT) else _ALL
    known: dict[Any, rdflib.term.Identifier] = {}

    def term(value: IRI | BlankNode | Literal) -> rdflib.term.Identifier:
        return known.get(value) or known.setdefault(value, _to_rdflib(value))

    wanted = {"type": cls, "properties": properties, "graphs": graphs}
    for subject, prop, value, kind in run(store, catalog["shape/nodes"], wanted).cells:
        data.add((term(subject), term(prop), term(value)))
        if kind is not None:
            data.add((term(value), RDF.type, term(kind)))
    if cls == OMT + "AnatomicalAtlasVersion":
        for row in run(store, catalog["shape/labels"]):
            version, annotation = _to_rdflib(row.version), _to_rdflib(row.annotation)
            data.add((_to_rdflib(row.terminology), rdflib.URIRef(OM + "hasEntity"), version))
            data.add((version, RDF.type, rdflib.URIRef(OMT + "ParcellationEntityVersion")))
            data.add((version, rdflib.URIRef(OM + "hasAnnotation"), annotation))
            data.add((annotation, rdflib.URIRef(SKG + "label"), rdflib.Literal(row.label)))
            for name, value in (("laterality", row.side), ("criteriaType", row.criteria)):
                if value is not None:
                    data.add((annotation, rdflib.URIRef(OM + name), _to_rdflib(value)))


def _part(graph: rdflib.Graph, roots: list[rdflib.term.Node]) -> rdflib.Graph:
    """Give what a shapes graph says about some shapes and about all that they name."""
    out, waiting = rdflib.Graph(), [*roots]
    done: set[rdflib.term.Node] = set()
    while waiting:
        node = waiting.pop()
        if node not in done:
            done.add(node)
            for triple in graph.triples((node, None, None)):
                out.add(triple)
                waiting.append(triple[2])
    return out


def _results(report: Any, shapes: rdflib.Graph) -> Iterator[tuple[tuple[str, str, str], tuple[Any, ...]]]:  # noqa: ANN401
    for result in report.subjects(RDF.type, SH.ValidationResult):
        source = report.value(result, SH.sourceConstraint) or report.value(result, SH.sourceShape)
        component = local_name(str(report.value(result, SH.sourceConstraintComponent)))
        path = shapes.value(source, SH.path)
        where = f" of {contract(str(path))}" if isinstance(path, rdflib.URIRef) else ""
        summary = str(shapes.value(source, SH.message) or f"Shape {local_name(str(source))} of the openMINDS schemas")
        severity = _SEVERITY[report.value(result, SH.resultSeverity)]
        message = f"{component.removesuffix('ConstraintComponent')}{where}"
        value = report.value(result, SH.value)
        cells = (
            _from_rdflib(report.value(result, SH.focusNode)),
            message,
            None if value is None else _from_rdflib(value),
        )
        yield (local_name(str(source)), severity, summary), cells


def _to_rdflib(term: IRI | BlankNode | Literal) -> rdflib.term.Identifier:
    if isinstance(term, Literal):
        # To rdflib "a" and "a"^^xsd:string differ, and shapes written in Turtle hold the first.
        plain = term.language or term.datatype == XSD + "string"
        datatype = None if plain else rdflib.URIRef(term.datatype)
        return rdflib.Literal(term.value, lang=term.language, datatype=datatype, normalize=False)
    return rdflib.BNode(term) if isinstance(term, BlankNode) else rdflib.URIRef(term)


def _from_rdflib(term: Any) -> IRI | BlankNode | Literal:  # noqa: ANN401
    if isinstance(term, rdflib.Literal):
        return Literal(str(term), str(term.datatype or rdflib.XSD.string), term.language)
    return BlankNode(term) if isinstance(term, rdflib.BNode) else IRI(term)
