"""The templates as ``sh:SPARQLExecutable`` examples (SHACL 1.0, section 5), in the way of SIB's collections."""

from __future__ import annotations

from typing import TYPE_CHECKING

from siibra_kg.describe.writing import Writer, integer
from siibra_kg.sparql import Kind, tokenize
from siibra_kg.terms import IRI, Literal
from siibra_kg.vocab import NAMESPACES, XSD

if TYPE_CHECKING:
    from collections.abc import Mapping

    from siibra_kg.describe.about import About
    from siibra_kg.templates import Parameter, Template

__all__ = ["examples"]

#: Form of a query -> class of the executable and property of its text. SHACL has no word for DESCRIBE; SIB's has.
_SPEX = "https://purl.expasy.org/sparql-examples/ontology#"
_FORMS = {
    "SELECT": ("sh:SPARQLSelectExecutable", "sh:select"),
    "ASK": ("sh:SPARQLAskExecutable", "sh:ask"),
    "CONSTRUCT": ("sh:SPARQLConstructExecutable", "sh:construct"),
    "DESCRIBE": (_SPEX + "SPARQLDescribeExecutable", _SPEX + "describe"),
}


def examples(about: About, templates: Mapping[str, Template]) -> Writer:
    """Describe every template: its question, its text with the first example's values, its parameters.

    Each is ``<base>.well-known/sparql-examples/<name>``. A parameter is a ``sh:Parameter`` whose ``sh:path`` ends in
    its name, with datatype or node kind, what it means, and an example.
    """
    out = Writer()
    prefixes = out.thing(about.known("sparql-examples#prefixes"), "owl:Ontology")
    for prefix, namespace in NAMESPACES.items():
        declared = out.thing(about.known(f"sparql-examples#prefix-{prefix}"), "sh:PrefixDeclaration")
        out.add(prefixes, "sh:declare", declared)
        out.add(declared, "sh:prefix", Literal(prefix))
        out.add(declared, "sh:namespace", Literal(namespace, XSD + "anyURI"))
    for name, template in templates.items():
        _example(out, about, name, template)
    return out


def _example(out: Writer, about: About, name: str, template: Template) -> None:
    kind, text = _FORMS[template.form]
    node = out.thing(about.known("sparql-examples/" + name), "sh:SPARQLExecutable", kind)
    query = template.bind(template.examples[0] if template.examples else {})
    out.text(node, "rdfs:comment", template.summary, "en")
    out.text(node, "rdfs:label", name)
    out.add(node, "sh:prefixes", about.known("sparql-examples#prefixes"))
    out.add(node, text, Literal(query))
    out.add(node, "schema:keywords", *(Literal(word) for word in name.split("/")))
    out.add(node, "schema:target", about.endpoint)
    out.add(node, _SPEX + "federatesWith", *_services(query))
    for order, parameter in enumerate(template.parameters):
        found = _parameter(out, about, node, parameter)
        out.add(found, "sh:order", integer(order))
        given = template.examples[0].get(parameter.name) if template.examples else None
        for predicate, values in (("sh:defaultValue", parameter.default), ("skos:example", given)):
            for value in values if isinstance(values, tuple) else (values,):
                if value is not None:
                    out.add(found, predicate, _term(value, parameter.type))


def _services(query: str) -> list[IRI]:
    """Give the endpoints that a query calls."""
    words = [t for t in tokenize(query) if t.kind not in (Kind.SPACE, Kind.COMMENT)]
    called = {
        after.text[1:-1]
        for i, word in enumerate(words)
        if word.kind is Kind.WORD and word.text.upper() == "SERVICE"
        for after in words[i + 1 : i + 3]
        if after.kind is Kind.IRI
    }
    return [IRI(iri) for iri in sorted(called)]


def _parameter(out: Writer, about: About, node: IRI, parameter: Parameter) -> IRI:
    found = out.thing(IRI(f"{node}#{parameter.name}"), "sh:Parameter")
    out.add(node, "sh:parameter", found)
    out.add(found, "sh:path", about.known(f"sparql-examples/parameter#{parameter.name}"))
    out.text(found, "sh:name", parameter.name)
    out.text(found, "sh:description", parameter.doc, "en")
    if parameter.type == "iri":
        out.add(found, "sh:nodeKind", IRI(NAMESPACES["sh"] + "IRI"))
    else:
        out.add(found, "sh:datatype", IRI(XSD + parameter.type))
    out.add(found, "sh:optional", Literal("false" if parameter.required else "true", XSD + "boolean"))
    if not parameter.many:
        out.add(found, "sh:maxCount", integer(1))
    return found


def _term(value: object, kind: str) -> IRI | Literal:
    if isinstance(value, IRI):
        return value
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return Literal(text, XSD + kind)
