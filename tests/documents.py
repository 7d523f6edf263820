"""Small openMINDS documents made by hand, and their conversion read back with an independent parser."""

from __future__ import annotations

import json

import pyoxigraph as ox

from siibra_kg.jsonld import Converted, Converter
from siibra_kg.vocab import OM, OMI, OMT

BASE = "https://w3id.org/siibra-kg/"
CONTEXT = {"@vocab": OM}
RDF_TYPE = "http://www.w3.org/1999/02/22-rdf-syntax-ns#type"


def document(**content: object) -> dict[str, object]:
    return {"@context": CONTEXT, "@id": OMI + "thing/x", "@type": OMT + "Dataset", **content}


def convert(content: object, **options: bool) -> Converted:
    return Converter(BASE).convert("x.jsonld", json.dumps(content).encode(), **options)


def triples(content: object, **options: bool) -> set[tuple[str, str, str]]:
    """Read what the converter wrote with an independent parser."""
    data = convert(content, **options).ntriples
    return {(q.subject.value, q.predicate.value, str(q.object)) for q in ox.parse(data, format=ox.RdfFormat.N_TRIPLES)}


def objects(content: object, local: str, **options: bool) -> set[str]:
    return {o for _, p, o in triples(content, **options) if p == OM + local}


def annotation(side: str, **more: object) -> dict[str, object]:
    sides = side.split("+") if side else []
    return {
        "@type": OMT + "AtlasAnnotation",
        "laterality": [{"@id": OMI + "laterality/" + s} for s in sides],
        **more,
    }


def pev(*annotations: dict[str, object]) -> dict[str, object]:
    return {
        "@context": CONTEXT,
        "@id": OMI + "parcellationEntityVersion/A_v1_x",
        "@type": OMT + "ParcellationEntityVersion",
        "hasAnnotation": list(annotations),
    }


def notes(content: object) -> set[tuple[str, str]]:
    """Give pointer and code of every note."""
    return {(note.pointer, note.code) for note in convert(content).notes}
