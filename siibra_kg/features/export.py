"""Features to take away: a CSV file, or an archive with data, description, licence and citation."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from siibra_kg.data_errors import CannotWrite
from siibra_kg.errors import AmbiguousName
from siibra_kg.export import write_text
from siibra_kg.questions.citations import cite
from siibra_kg.slugs import unique_slugs
from siibra_kg.terms import contract
from siibra_kg.version import __version__

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    import pandas as pd

    from siibra_kg.features.base import Measured

__all__ = ["csv_text", "to_csv", "to_zip", "zip_bytes"]

#: The first moment that a ZIP archive can name: members have no time of their own, so equal data is equal bytes.
_EPOCH = (1980, 1, 1, 0, 0, 0)
_NO_LICENCE = """No licence is stated for these data.

Without one nothing but private use is sure to be allowed; ask those who are named in CITATION.txt.
"""


def to_csv(feature: Measured, path: str | Path) -> Path:
    """Write the data of a feature as a CSV file (RFC 4180, UTF-8, a header line).

    Regions are written by name, several joined by `` + ``; missing values are empty cells.

    Raises
    ------
    CannotWrite
        If its data is no table, or the file cannot be written.
    """
    path = Path(path)
    text = csv_text(_frame(feature, feature.data))
    try:
        write_text(text, path)
    except OSError as error:
        raise CannotWrite(str(path), error.strerror or str(error)) from error
    return path


def to_zip(feature: Measured, path: str | Path) -> Path:
    """Write an archive with a feature's data and all that is needed to use it; equal data gives equal bytes.

    It has ``data.csv`` (or ``data.nii.gz``; with ``std.csv`` where it is a mean over subjects; ``data/<subject>.csv``
    where subjects have no mean), ``README.md``, ``LICENSE.txt``, ``CITATION.txt``, ``CITATION.bib`` where
    publications are known, ``sources.json`` (address, member and SHA-256 of each file that was read), and of a matrix
    ``rows.csv``, which gives the IRIs of the regions of each row.

    Raises
    ------
    CannotWrite
        If the file cannot be written; what was there before is left as it was.
    """
    path = Path(path)
    packed = zip_bytes(feature)
    part = path.with_name(f".{path.name}.part")
    try:
        try:
            part.write_bytes(packed)
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)
    except OSError as error:
        raise CannotWrite(str(path), error.strerror or str(error)) from error
    return path


def csv_text(frame: pd.DataFrame) -> str:
    """Give a frame as CSV; values with a name, such as regions, are written by it."""
    shown = frame.copy()
    shown.index = frame.index.map(_named) if frame.index.nlevels == 1 else frame.index
    shown.columns = frame.columns.map(_named) if frame.columns.nlevels == 1 else frame.columns
    shown.index.names = frame.index.names
    for position, kind in enumerate(frame.dtypes):
        if kind.kind == "O":
            shown.isetitem(position, frame.iloc[:, position].map(_named))
    index = frame.index.nlevels > 1 or frame.index.name is not None or str(frame.index.dtype) != "int64"
    text: str = shown.to_csv(index=index, lineterminator="\n")
    return text


def zip_bytes(feature: Measured) -> bytes:
    """Give the archive that :func:`to_zip` writes."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, data in sorted(_members(feature)):
            entry = zipfile.ZipInfo(name, _EPOCH)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.create_system = 3  # else it is that of the machine
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, data)
    return out.getvalue()


def _members(feature: Measured) -> Iterator[tuple[str, bytes]]:
    tables = _tables(feature)
    data = next(iter(tables.values()))
    facts = data.attrs if hasattr(data, "attrs") else _of_image(data)
    for name, table in tables.items():
        if hasattr(table, "to_csv"):
            yield f"{name}.csv", csv_text(table).encode()
        else:
            yield f"{name}.nii.gz", _image(feature, table)
    facts = {**facts, "sources": _sources(facts, tables.values())}
    if feature.view is not None and (rows := feature.rows):
        lines = ["position,name,region"]
        lines += [f'{r.position},"{_doubled(r.name)}",{" ".join(r.regions)}' for r in rows]
        yield "rows.csv", ("\n".join(lines) + "\n").encode()
    licences, citation, bibtex = _credits(feature)
    yield "README.md", _readme(feature, data, facts).encode()
    yield "LICENSE.txt", ("\n".join(licences) + "\n" if licences else _NO_LICENCE).encode()
    yield "CITATION.txt", (citation + "\n").encode()
    if bibtex:
        yield "CITATION.bib", bibtex.encode()
    yield "sources.json", (json.dumps(facts.get("sources", []), indent=1, ensure_ascii=False) + "\n").encode()


def _tables(feature: Measured) -> dict[str, Any]:
    """Give what an archive holds: the data, with the deviation where it is a mean; or that of each subject."""
    try:
        data = feature.data
    except AmbiguousName:  # signals of several subjects, say, have no mean
        read = next((getattr(feature, n) for n in ("series", "matrix", "table") if hasattr(feature, n)), None)
        if read is None or not feature.subjects:
            raise
        return {f"data/{unique}": read(one) for one, unique in unique_slugs((s, s) for s in feature.subjects).items()}
    averaged = hasattr(data, "attrs") and data.attrs.get("subjects")
    return {"data": data, "std": feature.std} if averaged and hasattr(feature, "std") else {"data": data}


def _sources(facts: Mapping[str, Any], tables: Iterable[Any]) -> list[dict[str, str]]:
    """Give the sources of all tables, each once."""
    told = [source for table in tables for source in getattr(table, "attrs", facts).get("sources", [])]
    return list({tuple(sorted(source.items())): source for source in told}.values())


def _credits(feature: Measured) -> tuple[list[str], str, str]:
    """Give licences, citation and BibTeX: those that the feature itself has (of a service), else the graph's."""
    own = str(getattr(feature, "citation", "") or "")
    if own or feature.view is None:
        licence = str(getattr(feature, "license", "") or "")
        return ([licence] if licence else []), own or f"{feature.name} <{feature.iri}>", ""
    said = cite(feature.view.reader.ask, [feature.iri])
    return list(said.licenses), str(said) or f"{feature.name} <{feature.iri}>", said.bibtex()


def _readme(feature: Measured, data: Any, facts: Mapping[str, Any]) -> str:  # noqa: ANN401
    known = {k: v for k, v in feature._facts().items() if v not in {None, ""} and k != "name"}  # noqa: SLF001  its own package
    unit = facts.get("unit", "")
    lines = [f"# {feature.name}", "", *(f"- {key}: {value}" for key, value in known.items())]
    if isinstance(unit, dict):
        lines += ["- units: " + ", ".join(f"{k or 'else'}: {v}" for k, v in unit.items() if v)]
    else:
        lines += [f"- unit: {unit or 'not stated'}"]
    lines += [f"- shape: {' x '.join(map(str, data.shape))}"] if hasattr(data, "shape") else []
    lines += ["", "## Files", "`data` has the numbers; `sources.json` says what they were read from.", ""]
    for source in facts.get("sources", []):
        member = f", member `{source['member']}`" if source.get("member") else ""
        lines += [f"- <{source.get('url', '')}>{member}, SHA-256 `{source.get('sha256') or 'not known'}`"]
    if facts.get("notes"):
        lines += ["", "## What could not be read or resolved", *(f"- {note}" for note in facts["notes"])]
    said = f"Written by siibra_kg {__version__} from the feature `{contract(feature.iri)}`."
    return "\n".join([*lines, "", "Cite it as `CITATION.txt` says; `LICENSE.txt` says what is allowed.", "", said, ""])


def _of_image(volume: Any) -> dict[str, Any]:  # noqa: ANN401
    made = volume.provenance
    return {"sources": [{"url": made.url, "member": "", "sha256": getattr(made, "sha256", "")}], "notes": []}


def _image(feature: Measured, volume: Any) -> bytes:  # noqa: ANN401
    if not hasattr(volume, "to_nibabel"):
        raise CannotWrite(feature.name, "its data is neither a table nor an image")
    from siibra_kg.volumes.files.nifti_write import encode  # noqa: PLC0415  loads nibabel

    return encode(volume.to_nibabel(), gzipped=True)


def _frame(feature: Measured, data: Any) -> pd.DataFrame:  # noqa: ANN401
    if not hasattr(data, "to_csv"):
        raise CannotWrite(feature.name, "its data is no table", "feature.data.save('image.nii.gz') writes an image")
    return data  # type: ignore[no-any-return]


def _named(value: object) -> object:
    if isinstance(value, tuple) and any(hasattr(part, "iri") for part in value):
        return " + ".join(str(_named(part)) for part in value)
    return getattr(value, "name", value) if hasattr(value, "iri") else value


def _doubled(text: str) -> str:
    return text.replace('"', '""')
