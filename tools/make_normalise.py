"""Writes ``ontologies/normalise.json`` from the openMINDS schemas and the openMINDS instance library.

    python tools/make_normalise.py SCHEMAS.tar.gz INSTANCES.tar.gz > ontologies/normalise.json

The renames are stated here and checked against the schemas: an old name must be gone from the latest schemas, its new
name must be there, and no name of a generation may be left unexplained. Which library instance became which is
computed: same path where it still exists, else the one with the same ontology identifier.
"""

from __future__ import annotations

import json
import sys
import tarfile
from collections import defaultdict
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PROPERTIES = {
    "coordinateSpace": "coordinateFramework",
    "fullDocumentation": "documentation",
    "interlexIdentifier": "otherOntologyIdentifier",
    "isAlternativeVersionOf": "isVariantOf",
    "isNewVersionOf": "isPrecededBy",
    "knowledgeSpaceLink": "preferredCrossReference",
    "license": "usageCondition",
    "relatedMediaType": "definingSource",
    "relatedUBERONTerm": "relatedInterspeciesAnatomy",
    "usedSpecies": "usedTaxon",
    "versionInnovation": "versionSpecification",
}
INVERSES = {"hasVersion": "isVersionOf"}
TYPES = {
    "BrainAtlas": "AnatomicalAtlas",
    "BrainAtlasVersion": "AnatomicalAtlasVersion",
    "CommonCoordinateSpace": "CommonCoordinateFramework",
    "CommonCoordinateSpaceVersion": "CommonCoordinateFrameworkVersion",
    "CustomCoordinateSpace": "CustomCoordinateFramework",
    "ProductAccessibility": "Accessibility",
    "UBERONParcellation": "NervousSystemStructure",
}
INSTANCE_FOLDERS = {
    "brainAtlas": "anatomicalAtlas",
    "brainAtlasVersion": "anatomicalAtlasVersion",
    "commonCoordinateSpace": "commonCoordinateFramework",
    "commonCoordinateSpaceVersion": "commonCoordinateFrameworkVersion",
    "UBERONParcellation": "nervousSystemStructure",
}
# What the library itself did with these values between v4.0 and v5.0, and one id that the rename of its term changed.
ACCESSIBILITY = {
    "productAccessibility/freeAccess": "accessibilities/directVirtualOpenAccess",
    "productAccessibility/paidAccess": "accessibilities/directPhysicalSingle-paymentModelControlledAccess",
}
# Strings that are IRIs in the library although no schema says so.
IRI_STRINGS = {"definingSource", "otherCrossReference", "otherOntologyIdentifier", "webpage"}
NAMES = [
    "abbreviation",
    "alternateName",
    "correctedName",
    "displayLabel",
    "familyName",
    "fullName",
    "givenName",
    "lookupLabel",
    "majorVersionIdentifier",
    "name",
    "shortName",
    "synonym",
    "versionIdentifier",
]
EMBEDDED = [
    {
        "type": "AtlasAnnotation",
        "property": "hasAnnotation",
        "folder": "annotation",
        "key": ["laterality", "criteriaType"],
    },
    {"type": "ParcellationTerminology", "property": "hasTerminology", "folder": "terminology"},
    {"type": "ParcellationTerminologyVersion", "property": "hasTerminology", "folder": "terminology"},
]
SPLIT = "NervousSystemStructure"
LATEST = "latest"
ROOTS = ("https://openminds.om-i.org/", "https://openminds.ebrains.eu/")


def _json_members(path: str, wanted: Callable[[str], bool]) -> Iterator[tuple[str, Any]]:
    with tarfile.open(path, mode="r|gz") as archive:
        for member in archive:
            name = member.name.partition("/")[2]
            if member.isfile() and wanted(name):
                stream = archive.extractfile(member)
                assert stream is not None
                yield name, json.load(stream)


def _instance_ids(archive: str) -> dict[str, dict[str, str]]:
    """Release -> path below instances/ -> ontology identifier or empty."""
    out: dict[str, dict[str, str]] = defaultdict(dict)
    for name, node in _json_members(archive, lambda n: n.startswith("instances/") and n.endswith(("json", "jsonld"))):
        release = name.split("/")[1]
        out[release][node["@id"].partition("/instances/")[2]] = node.get("preferredOntologyIdentifier") or ""
    return out


def _instances(ids: dict[str, dict[str, str]]) -> dict[str, str]:
    latest = ids[LATEST]
    by_term = {term: path for path, term in sorted(latest.items()) if term}
    moved = dict(ACCESSIBILITY)
    for release in sorted(ids):
        for path, term in ids[release].items():
            folder, slash, rest = path.partition("/")
            usual = INSTANCE_FOLDERS.get(folder, folder) + slash + rest
            if usual not in latest and path not in moved and by_term.get(term):
                moved[path] = by_term[term]
    return dict(sorted(moved.items()))


def _split(moved: dict[str, str]) -> dict[str, str]:
    """Folder of an instance -> its type, for the terms that left the type UBERONParcellation for another."""
    folders = {new.partition("/")[0] for old, new in moved.items() if old.startswith("UBERONParcellation/")}
    return {folder: folder[0].upper() + folder[1:] for folder in sorted(folders)}


def _lift(schemas: str) -> dict[str, list[str]]:
    """Say which strings are IRIs, dates or numbers by the schemas, over all generations."""
    seen: dict[str, set[str]] = defaultdict(set)
    for name, schema in _json_members(schemas, lambda n: n.startswith("schemas/") and n.endswith(".schema.omi.json")):
        for iri, facts in (schema.get("properties") or {}).items():
            items = facts.get("items") or {}
            formats = facts.get("_formats") or items.get("_formats") or []
            kind = items.get("type") if facts.get("type") == "array" else facts.get("type")
            if {"number", "integer"} & {kind}:
                formats = ["number"]
            if formats or (kind == "string" and name.startswith(f"schemas/{LATEST}/")):
                seen[iri.rpartition("/")[2]] |= set(formats) or {"string"}
    for name in IRI_STRINGS:
        seen[name] = {"iri"}
    always = {name for name, kinds in seen.items() if kinds == {"iri"}}
    return {
        "name": NAMES,
        "iri": sorted({PROPERTIES.get(name, name) for name in always}),
        "iri where it is one": [
            *sorted(name for name, kinds in seen.items() if "iri" in kinds and name not in always),
            "http://schema.org/identifier",
            "https://schema.org/identifier",
        ],
        "date": sorted(name for name, kinds in seen.items() if kinds <= {"date", "date-time", "time"}),
        "number": sorted(name for name, kinds in seen.items() if kinds == {"number"}),
        "citation": ["howToCite"],
    }


def _checked(old: dict[str, str], gone: set[str], here: set[str]) -> dict[str, str]:
    for name, new in old.items():
        assert name in gone, f"{name} is not gone"
        assert new in here, f"{new} is not in the latest schemas"
    return dict(sorted(old.items()))


def main(schemas: str, instances: str) -> None:
    """Print the tables."""
    vocab = dict(_json_members(schemas, lambda n: n in {"vocab/properties.json", "vocab/types.json"}))
    properties, types = vocab["vocab/properties.json"], vocab["vocab/types.json"]
    now = {name for name, facts in properties.items() if LATEST in facts["usedIn"]}
    types_now = {name for name, facts in types.items() if LATEST in facts["isPartOfVersion"]}
    early = {name for name, facts in types.items() if set(facts["isPartOfVersion"]) <= {"v1.0", "v2.0"}}
    renamed = {**PROPERTIES, **INVERSES}
    moved = _instances(_instance_ids(instances))
    table = {
        "about": "Every name that the normaliser knows. Written by tools/make_normalise.py; local names unless an IRI.",
        "namespaces": {
            "properties": [ROOTS[0] + "props/", ROOTS[1] + "vocab/"],
            "types": [
                ROOTS[0] + "types/",
                *sorted(
                    {space["namespace"] for f in types.values() for space in f["hasNamespace"]} - {ROOTS[0] + "types/"}
                ),
            ],
            "instances": [ROOTS[0] + "instances/", ROOTS[1] + "instances/"],
        },
        "rename": {
            "properties": _checked(PROPERTIES, set(properties) - now, now),
            "inverses": _checked(INVERSES, set(properties) - now, now),
            "types": _checked(TYPES, set(types) - types_now, types_now),
            "split types": {SPLIT: _split(moved)},
            "instance folders": INSTANCE_FOLDERS,
            "instances": moved,
        },
        "lift": _lift(schemas),
        "embedded": EMBEDDED,
        "contexts": {
            ROOTS[0] + "props/": {"@context": {"@vocab": ROOTS[0] + "props/"}},
            ROOTS[1] + "vocab/": {"@context": {"@vocab": ROOTS[1] + "vocab/"}},
        },
        "known": {
            "properties": sorted(set(properties) | {"application"}),
            "obsolete properties": sorted(set(properties) - now - set(renamed)),
            "types": sorted(types),
            "obsolete types": sorted(set(types) - types_now - set(TYPES) - early),
            "types of versions 1 and 2 only": sorted(early),
        },
    }
    print(json.dumps(table, indent=1, ensure_ascii=False))


if __name__ == "__main__":
    main(*sys.argv[1:])
