"""A dataset as an RO-Crate 1.2: a folder with its files and ``ro-crate-metadata.json`` (https://w3id.org/ro/crate/1.2)."""

from __future__ import annotations

import json
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from siibra_kg.adding.reading import read_description
from siibra_kg.data_errors import CannotWrite
from siibra_kg.slugs import unique_slugs
from siibra_kg.terms import is_iri

if TYPE_CHECKING:
    from siibra_kg.adding.description import Description, File

__all__ = ["METADATA", "write_crate"]

METADATA = "ro-crate-metadata.json"
_PROFILE = "https://w3id.org/ro/crate/1.2"
_TYPES = {
    ".csv": "text/csv", ".tsv": "text/tab-separated-values", ".txt": "text/plain", ".json": "application/json",
    ".gz": "application/gzip", ".zip": "application/zip", ".yaml": "application/yaml", ".jsonld": "application/ld+json",
}  # fmt: skip


def write_crate(dataset: str | Path | Description, out: str | Path, *, published: str = "") -> Path:
    """Write a dataset as an RO-Crate.

    Parameters
    ----------
    dataset
        Folder with a description, as for adding it.
    out
        Folder to make; it must not exist.
    published
        Day of publication, ISO 8601. RO-Crate asks for one; without it the same data gives the same bytes any day.

    Returns
    -------
    pathlib.Path
        The folder: copies of the files and of the description, at their paths, and the metadata. Files at addresses
        are named by these. It can be added again, anywhere.

    Raises
    ------
    CannotWrite
        If there is something at ``out``, or it cannot be written; nothing is left behind.
    BadDescription
        If the description is not right, or its files are not there.
    """
    said = read_description(dataset) if isinstance(dataset, (str, Path)) else dataset
    out = Path(out).expanduser().absolute()
    if out.exists():
        raise CannotWrite(str(out), "there is something already", "name a folder that is not there")
    files = {file.path: file for each in said.measurements for file in each.files if file.path}
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        part = Path(tempfile.mkdtemp(prefix=".", suffix=".part", dir=out.parent))
        try:
            for path in (*files, said.source.name):
                (part / path).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(said.folder / path, part / path)
            (part / METADATA).write_bytes(_metadata(said, files, published))
            part.chmod(0o755)
            part.rename(out)
        finally:
            shutil.rmtree(part, ignore_errors=True)
    except OSError as error:
        raise CannotWrite(str(out), error.strerror or str(error)) from error
    return out


def _metadata(said: Description, files: dict[str, File], published: str) -> bytes:
    web = sorted({file.url for each in said.measurements for file in each.files if not file.path})
    people = unique_slugs((name, name) for name in said.authors)
    licence = (
        said.license if is_iri(said.license) else f"https://spdx.org/licenses/{said.license}" if said.license else ""
    )
    parts = [*sorted(files), said.source.name, *web]
    root: dict[str, Any] = {
        "@id": "./",
        "@type": "Dataset",
        "name": said.name,
        "description": said.text or said.name,
        "identifier": said.slug,
        "version": said.version,
        "datePublished": published,
        "license": {"@id": licence} if licence else None,
        "author": [{"@id": f"#{people[name]}"} for name in said.authors],
        "creditText": said.citation,
        "citation": [{"@id": iri} for iri in said.references],
        "variableMeasured": sorted({each.modality for each in said.measurements}),
        "hasPart": [{"@id": part} for part in parts],
    }
    entities = [
        {"@id": METADATA, "@type": "CreativeWork", "about": {"@id": "./"}, "conformsTo": {"@id": _PROFILE}},
        {key: value for key, value in root.items() if value},
        *([{"@id": licence, "@type": "CreativeWork", "name": said.license, "url": licence}] if licence else []),
        *({"@id": f"#{people[name]}", "@type": "Person", "name": name} for name in said.authors),
        *({"@id": iri, "@type": "ScholarlyArticle", "name": iri, "url": iri} for iri in said.references),
        *(_file(part, files.get(part)) for part in parts),
    ]
    return (
        json.dumps({"@context": f"{_PROFILE}/context", "@graph": entities}, indent=1, ensure_ascii=False) + "\n"
    ).encode()


def _file(name: str, file: File | None) -> dict[str, str]:
    suffix = Path(name.lower()).suffix
    entity = {"@id": name, "@type": "File", "name": name.rpartition("/")[2]}
    if suffix in _TYPES:
        entity["encodingFormat"] = _TYPES[suffix]
    if file is not None:
        entity |= {"contentSize": str(file.size), "sha256": file.sha256}
    return entity
