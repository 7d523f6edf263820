"""Reads descriptions: ``dataset.yaml``, or an openMINDS ``DatasetVersion`` as JSON-LD."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from siibra_kg.adding import bids
from siibra_kg.adding.description import Description, Measurement, Row
from siibra_kg.adding.entries import Entries, load
from siibra_kg.adding.files import listed
from siibra_kg.adding.forms import form
from siibra_kg.data_errors import BadDescription
from siibra_kg.slugs import slug
from siibra_kg.terms import is_iri
from siibra_kg.vocab import SKG

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["NAMES", "read_description"]

#: What a description may be called, the first that is there counts.
NAMES = ("dataset.yaml", "dataset.yml", "dataset.jsonld", "dataset.json")
_DATASET = ("name", "id", "description", "version", "license", "authors", "citation", "references", "features")
_TEXTS = ("kind", "parcellation", "space", "species", "cohort", "paradigm", "receptor", "unit", "timestep")
_FEATURE = ("name", "modality", "region", *_TEXTS, "points", "box", "indexed_by", "files", "rows", "format")
_DOI = re.compile(r"(?:https?://(?:dx\.)?doi\.org/|doi:)?(10\.\d{4,9}/\S+)\Z", re.IGNORECASE)
# Key of openMINDS -> ours. What else a DatasetVersion may say is passed over: it says more than a feature needs.
_OPENMINDS = {
    "fullName": "name",
    "shortName": "id",
    "description": "description",
    "versionIdentifier": "version",
    "license": "license",
    "author": "authors",
    "howToCite": "citation",
    "relatedPublication": "references",
    "digitalIdentifier": "references",
}
_OM = re.compile(r"https://openminds\.(?:om-i|ebrains)\.(?:org|eu)/(?:props|vocab)/|^(?:om|openminds|vocab):")
_FEATURES = (SKG + "features", "skg:features", "features")


def read_description(folder: str | Path) -> Description:
    """Read what a folder says of its data.

    Parameters
    ----------
    folder
        Folder with ``dataset.yaml`` or ``dataset.jsonld``, such a file of any name, or a BIDS dataset.

    Returns
    -------
    Description
        Whole and checked for what can be checked without a graph: keys, numbers, and that the files are there.

    Raises
    ------
    BadDescription
        If there is no description, or something in it is not what it should be; names the key.
    """
    path = _find(Path(folder).expanduser().resolve())
    if path.name == bids.NAME:
        return bids.bids_description(path.parent)
    entries = load(path)
    if path.suffix in {".json", ".jsonld"} and ("@type" in entries.value or "@context" in entries.value):
        entries = Entries(str(path), _from_openminds(entries))
    return _description(entries, path)


def _find(path: Path) -> Path:
    if path.is_file():
        return path
    for name in NAMES:
        if (path / name).is_file():
            return path / name
    if not path.exists():
        raise BadDescription(str(path), "there is no such folder or file")
    if (path / bids.NAME).is_file():
        return path / bids.NAME
    hint = f"write {NAMES[0]}; docs/own-data.md has one of five lines"
    raise BadDescription(str(path), f"there is no {' or '.join(NAMES)}", hint)


def _description(entries: Entries, path: Path) -> Description:
    entries.only(*dict.fromkeys((*_DATASET, *_FEATURE)))
    name = entries.text("name", required=True)
    features = list(entries.each("features"))
    if any(isinstance(each, str) for each in features):
        raise entries.bad(
            "features should be a list of keys with values", "each begins with `- modality: ...`", "features"
        )
    parts = [each for each in features if isinstance(each, Entries)]
    return Description(
        source=path,
        slug=_slug(entries, entries.text("id") or name),
        name=name,
        text=entries.text("description"),
        version=entries.text("version"),
        license=entries.text("license"),
        authors=entries.texts("authors"),
        citation=entries.text("citation"),
        references=tuple(_reference(entries, text) for text in entries.texts("references")),
        measurements=tuple(_measurement(_inherited(entries, part), path.parent) for part in parts)
        or (_measurement(entries, path.parent),),
    )


def _slug(entries: Entries, text: str) -> str:
    made = slug(text).strip(".")  # it names a folder as well
    if not made:
        raise entries.bad(f"{text!r} makes no identifier", "letters and digits count", "id")
    return made


def _inherited(whole: Entries, part: Entries) -> Entries:
    """Give a feature of several: what it does not say itself, the dataset says for all."""
    part.only(*_FEATURE)
    common = {key: value for key, value in whole.value.items() if key in _FEATURE and key != "name"}
    return Entries(part.path, {"name": part.value.get("name") or "", **common, **part.value}, part.place)


def _measurement(entries: Entries, folder: Path) -> Measurement:
    modality = entries.text("modality", required=True)
    corners = entries.points("box")
    if corners and len(corners) != 2:
        raise entries.bad(f"a box has two corners, not {len(corners)}", "box: [[-10, -80, -10], [10, -60, 10]]", "box")
    files = listed(entries, folder)
    if not files:
        raise entries.bad("there are no files", "add a line `files: table.csv`")
    indexed_by = entries.text("indexed_by", default="subject" if any(file.index for file in files) else "")
    if indexed_by not in {"", "subject", "feature"}:
        raise entries.bad(f"indexed_by is subject or feature, not {indexed_by!r}", key="indexed_by")
    spec = entries.part("format")
    return Measurement(
        name=entries.text("name") or modality,
        modality=modality,
        regions=entries.texts("region"),
        points=entries.points("points"),
        box=(corners[0], corners[1]) if corners else None,
        indexed_by=indexed_by,
        files=files,
        rows=tuple(_row(entries, each) for each in entries.each("rows")),
        form=form(spec) if spec is not None else None,
        **{key: entries.text(key) for key in _TEXTS},
    )


def _row(entries: Entries, said: str | Entries) -> Row:
    if isinstance(said, str):
        if not said:
            raise entries.bad("a row has no name", key="rows")
        return Row(said)
    said.only("name", "region")
    return Row(said.text("name", required=True), said.texts("region") if "region" in said.value else None)


def _reference(entries: Entries, text: str) -> str:
    found = _DOI.match(text)
    if found:
        return f"https://doi.org/{found[1]}"
    if not is_iri(text):
        raise entries.bad(f"{text!r} is neither a DOI nor an address", "write 10.1000/xyz or https://...", "references")
    return text


def _from_openminds(entries: Entries) -> Mapping[str, Any]:
    """Give the keys of a YAML description for a ``DatasetVersion``; ``features`` has what openMINDS has no words for.

    Raises
    ------
    BadDescription
        If it is something else, or has no ``features``.
    """
    value = entries.value
    if "@graph" in value:
        nodes = (
            [n for n in value["@graph"] if isinstance(n, dict) and _is_dataset(n)]
            if isinstance(value["@graph"], list)
            else []
        )
        if len(nodes) != 1:
            raise entries.bad(f"its graph has {len(nodes)} nodes of type DatasetVersion, and should have one")
        value = {str(key): each for key, each in nodes[0].items()}
    if not _is_dataset(value):
        raise entries.bad(f"its @type is {value.get('@type')!r}, not DatasetVersion of openMINDS", key="@type")
    made: dict[str, Any] = {}
    for key, said in value.items():
        ours = _OPENMINDS.get(_OM.sub("", key))
        if ours is not None:
            texts = [_text_of(entries, key, each) for each in (said if isinstance(said, list) else [said])]
            made.setdefault(ours, []).extend(texts)
    made = {
        key: each if key in {"authors", "references"} else _single(entries, key, each) for key, each in made.items()
    }
    if not made.get("id") and (own := value.get("@id")) and isinstance(own, str):
        made["id"] = own.rstrip("/").rpartition("/")[2]
    features = next((value[key] for key in _FEATURES if key in value), None)
    if features is None:
        hint = 'add "skg:features": [{"modality": ..., "files": ...}] with the keys of dataset.yaml'
        raise entries.bad("it does not say what was measured, where, and in which files", hint)
    made["features"] = features if isinstance(features, list) else [features]
    return made


def _is_dataset(node: Mapping[str, Any]) -> bool:
    kinds = node.get("@type")
    return any(
        str(kind).rstrip("/").endswith("DatasetVersion") for kind in (kinds if isinstance(kinds, list) else [kinds])
    )


def _single(entries: Entries, key: str, values: list[str]) -> str:
    if len(set(values)) > 1:
        raise entries.bad(f"there are several values for {key}: {values[:3]}")
    return values[0] if values else ""


def _text_of(entries: Entries, key: str, value: object) -> str:
    """Give the text of a value, the name of an embedded person, or the address of a linked node."""
    if isinstance(value, str):
        return value
    if isinstance(value, dict):
        named = {_OM.sub("", str(k)): v for k, v in value.items()}
        given, family = named.get("givenName"), named.get("familyName")
        if isinstance(given, str) or isinstance(family, str):
            return " ".join(each for each in (given, family) if isinstance(each, str))
        for name in ("@value", "identifier", "fullName", "shortName", "@id"):
            if isinstance(named.get(name), str):
                return str(named[name])
    raise entries.bad("it is neither a text nor a node with a name or @id", key=key)
