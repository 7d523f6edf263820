"""RO-Crate 1.2 metadata of a release: every file with its type, size and checksum (https://w3id.org/ro/crate/1.2)."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from siibra_kg.describe.dcat import DESCRIPTION, KEYWORDS, TITLE
from siibra_kg.release.names import CRATE, SUMS, media_type

if TYPE_CHECKING:
    from collections.abc import Mapping

    from siibra_kg.describe.about import About

__all__ = ["crate", "files_of"]

_PROFILE = "https://w3id.org/ro/crate/1.2"
_AUTHOR = "https://w3id.org/siibra-kg/"


def crate(about: About, files: Mapping[str, tuple[int, str]], published: str = "") -> bytes:
    """Write ``ro-crate-metadata.json``.

    Parameters
    ----------
    about
        The graph.
    files
        Size and SHA-256 by name, of all files but this one and the list of checksums.
    published
        Day of publication, ISO 8601. RO-Crate asks for one; without it the same snapshot gives the same bytes any day.
    """
    names = sorted([*files, SUMS])
    licences = sorted({str(row.license) for row in about.graphs if row.license})
    origins = sorted({str(row.source) for row in about.graphs if row.source})
    root: dict[str, Any] = {
        "@id": "./",
        "@type": "Dataset",
        "name": TITLE,
        "description": DESCRIPTION,
        "identifier": about.content_hash,
        "version": about.content_hash,
        "keywords": list(KEYWORDS),
        "url": about.home + "/",
        "license": [{"@id": licence} for licence in licences],
        "author": {"@id": _AUTHOR},
        "publisher": {"@id": _AUTHOR},
        "isBasedOn": [{"@id": origin} for origin in origins],
        "hasPart": [{"@id": name} for name in names],
    }
    if published:
        root["datePublished"] = published
    about_crate = {"@id": CRATE, "@type": "CreativeWork", "about": {"@id": "./"}, "conformsTo": {"@id": _PROFILE}}
    entities = [
        about_crate,
        {key: value for key, value in root.items() if value},
        {"@id": _AUTHOR, "@type": "Organization", "name": "The siibra_kg developers", "url": _AUTHOR},
        *({"@id": x, "@type": "CreativeWork", "name": x.rpartition("/")[2], "url": x} for x in licences),
        *({"@id": x, "@type": "CreativeWork", "name": x, "url": x} for x in origins if x not in licences),
        *(_file(name, files.get(name)) for name in names),
    ]
    document = {"@context": f"{_PROFILE}/context", "@graph": entities}
    return (json.dumps(document, indent=1, ensure_ascii=False) + "\n").encode()


def _file(name: str, facts: tuple[int, str] | None) -> dict[str, str]:
    entity = {"@id": name, "@type": "File", "name": name.rpartition("/")[2], "encodingFormat": media_type(name)}
    if facts is not None:  # the list of checksums has that of this document, and cannot have its own
        entity |= {"contentSize": str(facts[0]), "sha256": facts[1]}
    return entity


def files_of(document: bytes) -> dict[str, tuple[int, str] | None]:
    """Give the files that a crate lists, with size and checksum where it has them.

    Raises
    ------
    ValueError, KeyError, TypeError
        If it is no crate.
    """
    entities = {entity["@id"]: entity for entity in json.loads(document)["@graph"]}
    found: dict[str, tuple[int, str] | None] = {}
    for part in entities["./"]["hasPart"]:
        entity = entities[part["@id"]]
        found[part["@id"]] = (int(entity["contentSize"]), entity["sha256"]) if "sha256" in entity else None
    return found
