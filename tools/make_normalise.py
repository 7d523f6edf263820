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
from typing import Any

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
IRI_STRINGS = [
    "definingSource",
    "homepage",
    "legalCode",
    "ontologyIdentifier",
    "otherCrossReference",
    "otherOntologyIdentifier",
    "preferredCrossReference",
    "preferredOntologyIdentifier",
    "webpage",
]
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
LATEST = "latest"
ROOTS = ("https://openminds.om-i.org/", "https://openminds.ebrains.eu/")


def _json_members(path: str, wanted: Any) -> Any:
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
    # A property that a format or a date is asked of, by name of the schema's own field.
    dates = {n for n, f in properties.items() if (f.get("asString") or {}).get("formatting") == "date"}
    renamed = {**PROPERTIES, **INVERSES}
    print(f"{len(now)} properties, {len(types_now)} types, {len(dates)} dates", file=sys.stderr)
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
            "instance folders": INSTANCE_FOLDERS,
            "instances": _instances(_instance_ids(instances)),
        },
        "lift": {"iri": IRI_STRINGS, "date": ["releaseDate"], "citation": ["howToCite"]},
        "clean": {"names": NAMES},
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
