"""Matrices and time series: a file for each subject or feature, and the list of regions that their rows stand for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from siibra_kg.configurations import words as w
from siibra_kg.configurations.lines import digest, integer, iri_of
from siibra_kg.nt import literal
from siibra_kg.siibra_names import clear_name
from siibra_kg.slugs import unique_slugs

if TYPE_CHECKING:
    from siibra_kg.configurations.known import Known
    from siibra_kg.configurations.lines import Lines
    from siibra_kg.configurations.part import Part

__all__ = ["matrix"]

_ZIP = "siibra/repository/zippedfile/v1.0.0"
# What pandas calls a compression -> its media type.
_PACKED = {"": "", "gzip": "https://www.iana.org/assignments/media-types/application/gzip"}


def matrix(out: Lines, known: Known, node: str, part: Part) -> None:
    """Describe the files, the rows and the dialect of a matrix.

    Raises
    ------
    BadDocument
        If it names no parcellation, or its files are kept or written in a way that is not known.
    """
    out.text(node, w.INDEXED_BY, part.text("files_indexed_by") or "subject")
    _files(out, node, part)
    _rows(out, known, node, part)
    spec = part.part("decoder")
    if spec is not None:
        out.add(node, w.HAS_DIALECT, _dialect(out, known, spec))


def _files(out: Lines, node: str, part: Part) -> None:
    files = part.part("files")
    if files is None:
        raise part.bad("there are no files")
    repository = part.part("repository")
    if repository is not None and repository.text("@type") != _ZIP:
        raise repository.bad(f"the repository {repository.text('@type')!r} is not known", "@type")
    archive = repository.text("url", required=True) if repository is not None else ""
    slugs = unique_slugs((key, key) for key in files.value)
    for key in files.value:
        member = files.text(key, required=True)
        url = iri_of(archive or part.text("base_url") + member)
        if url is None:
            raise files.bad(f"{archive or member!r} is no address", key)
        file = f"{node[:-1]}/file/{slugs[key]}>"
        out.add(node, w.HAS_FILE, file)
        out.type(file, w.FILE)
        out.add(file, w.URL, f"<{url}>")
        out.add(file, w.FILE_ROLE, '"data"')
        out.add(file, w.FILE_INDEX, literal(key))
        if archive:
            out.add(file, w.MEMBER, literal(member))


def _rows(out: Lines, known: Known, node: str, part: Part) -> None:
    names = part.texts("regions")
    spec = part.part("parcellation")
    if spec is None:
        raise part.bad("there is no parcellation that its rows could belong to")
    release = known.releases.get(spec.text("@id"))
    if release is None:
        raise spec.bad(f"there is no parcellation {spec.text('@id')!r}", "@id")
    place = known.node(f"region-list/{digest([release.slug, names])}")
    out.add(node, w.ROW_LIST, place)
    out.type(place, w.LIST)
    out.add(place, w.OF_RELEASE, release.node)
    for number, name in enumerate(names):
        row = f"{place[:-1]}/{number}>"
        out.add(place, w.HAS_ROW, row)
        out.type(row, w.ROW)
        out.add(row, w.POSITION, integer(number))
        out.add(row, w.LABEL, literal(name))
        out.add(row, w.SIIBRA_NAME, literal(clear_name(name)))


def _dialect(out: Lines, known: Known, spec: Part) -> str:
    """Describe how a table is written; gives a node that all features with the same decoder share.

    siibra hands a decoder to pandas.read_csv: header is the number of the line of titles after those skipped,
    index_col false means that no column names the rows.
    """
    kind = spec.text("@type").rpartition("/")[2]
    if kind != "csv":
        raise spec.bad(f"the decoder {spec.text('@type')!r} is not known", "@type")
    packed = spec.text("compression")
    if packed not in _PACKED:
        raise spec.bad(f"the compression {packed!r} is not known", "compression")
    node = known.node(f"dialect/{digest(spec.value)}")
    out.type(node, w.DIALECT)
    out.text(node, w.FORMAT, kind)
    out.text(node, w.DELIMITER, spec.text("delimiter") or ",")
    skipped, titles = spec.whole("skiprows") or 0, _number(spec, "header", 0)
    out.add(node, w.SKIP_ROWS, integer(skipped if titles is None else skipped + titles))
    out.add(node, w.HEADER_ROWS, integer(0 if titles is None else 1))
    index = _number(spec, "index_col", None)
    if index is not None:
        out.add(node, w.INDEX_COLUMN, integer(index))
    if _PACKED[packed]:
        out.add(node, w.COMPRESSED, f"<{_PACKED[packed]}>")
    return node


def _number(spec: Part, key: str, default: int | None) -> int | None:
    """Give a number; ``None`` for null and for false, which both mean that there is none."""
    value = spec.value.get(key, default)
    return None if value is None or value is False else spec.whole(key) if key in spec.value else default
