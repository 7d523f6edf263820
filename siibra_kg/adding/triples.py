"""What a dataset says, as Turtle with one statement a line: identifiers below the base are relative, names are found.

Everything is about nodes of the dataset's own, and nothing is left to the rules that read names, so that adding it
changes what no other node is; see :mod:`siibra_kg.build.extend`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from siibra_kg.adding.forms import by_suffix
from siibra_kg.configurations import words as w
from siibra_kg.configurations.lines import Lines, double, integer
from siibra_kg.nt import literal
from siibra_kg.slugs import unique_slugs
from siibra_kg.terms import expand, is_iri
from siibra_kg.vocab import NAMESPACES, OM, OMT, SKG, XSD

if TYPE_CHECKING:
    from siibra_kg.adding.description import Description, File
    from siibra_kg.adding.resolving import Resolved
    from siibra_kg.tabular.format import Column, Format

__all__ = ["dataset_node", "feature_nodes", "turtle"]

_CSVW, _TERMS, _DCAT = NAMESPACES["csvw"], NAMESPACES["dcterms"], NAMESPACES["dcat"]
_GZIP = "<https://www.iana.org/assignments/media-types/application/gzip>"
_MATRIX = {"RegionalConnectivity", "RegionalTimeseriesActivity"}


def dataset_node(slug: str) -> str:
    """Give the IRI of a dataset, relative to the base."""
    return f"id/dataset/{slug}"


def feature_nodes(description: Description) -> tuple[str, ...]:
    """Give the IRIs of the features of a dataset, relative to the base, in order."""
    start = f"id/feature/own/{description.slug}"
    several = description.measurements
    if len(several) == 1:
        return (start,)
    slugs = unique_slugs((f"{i:06}", each.name) for i, each in enumerate(several))
    return tuple(f"{start}/{slugs[f'{i:06}']}" for i in range(len(several)))


def turtle(description: Description, measurements: tuple[Resolved, ...], base: str) -> bytes:
    """Write a dataset.

    Parameters
    ----------
    description
        The dataset.
    measurements
        What its texts stand for.
    base
        Of the graph's identifiers.
    """
    out = _Writer(base)
    node = f"<{dataset_node(description.slug)}>"
    out.type(node, f"<{OMT}DatasetVersion>", f"<{SKG}OwnDataset>")
    texts = (
        ("fullName", description.name),
        ("description", description.text),
        ("versionIdentifier", description.version),
    )
    for name, text in texts:
        out.text(node, f"<{OM}{name}>", text)
    out.text(node, w.IDENTIFIER, description.slug)
    out.add(node, f"<{_TERMS}source>", f"<{description.source.as_uri()}>")
    for author in description.authors:
        out.text(node, f"<{_TERMS}creator>", author)
    _rights(out, node, description)
    for place, each in zip(feature_nodes(description), measurements, strict=True):
        feature = f"<{place}>"
        out.add(node, w.HAS_PART, feature)
        _feature(out, feature, each)
        _rights(out, feature, description)
    return out.bytes()


class _Writer(Lines):
    """Lines with identifiers below a base."""

    __slots__ = ("base",)

    def __init__(self, base: str) -> None:
        super().__init__()
        self.base = base

    def iri(self, iri: str) -> str:
        """Write an IRI of the graph; relative below the base."""
        own = self.base + "id/"
        return f"<{iri.removeprefix(self.base)}>" if iri.startswith(own) else f"<{iri}>"


def _rights(out: _Writer, node: str, description: Description) -> None:
    licence = description.license
    if licence:
        spdx = f"https://spdx.org/licenses/{licence}"
        if is_iri(licence) or is_iri(spdx):
            out.add(node, w.LICENSE, f"<{licence if is_iri(licence) else spdx}>")
        else:  # words that are no identifier
            out.text(node, f"<{_TERMS}rights>", licence)
    out.text(node, f"<{_TERMS}bibliographicCitation>", description.citation)
    out.links(node, w.REFERENCES, (f"<{iri}>" for iri in description.references))


def _feature(out: _Writer, node: str, found: Resolved) -> None:
    said = found.said
    out.type(node, w.FEATURE, f"<{found.modality.iri}>")
    out.text(node, w.PREF_LABEL, said.name)
    out.text(node, w.MODALITY, said.modality)
    out.add(node, w.SPECIES, out.iri(found.species))
    for predicate, text in (
        (w.COHORT, said.cohort),
        (w.PARADIGM, said.paradigm),
        (w.RECEPTOR, said.receptor),
        (w.UNIT, said.unit),
        (w.TIMESTEP, said.timestep),
        (w.INDEXED_BY, said.indexed_by),
    ):
        out.text(node, predicate, text)
    for anchor in found.anchors:
        out.add(node, f"<{SKG}anchoredById>", out.iri(anchor))
    _places(out, node, found)
    if found.modality.name == "Image" or "Image" in found.modality.kinds:
        _images(out, node, found)
        return
    _files(out, node, said.files)
    _rows(out, node, found)
    matrix = not _MATRIX.isdisjoint((found.modality.name, *found.modality.kinds))
    written = said.form or by_suffix(said.files, matrix=matrix)
    if written is not None:
        _dialect(out, node, written)
        _schema(out, node, written)


def _places(out: _Writer, node: str, found: Resolved) -> None:
    if found.space is None:
        return
    space = out.iri(found.space)
    out.add(node, w.IN_SPACE, space)
    points = found.said.points
    for number, point in enumerate(points):
        place = f"{node[:-1]}/point{f'/{number}' if len(points) > 1 else ''}>"
        out.add(node, w.LOCATION, place)
        out.type(place, w.POINT)
        out.add(place, w.IN_SPACE, space)
        for predicate, value in zip(w.COORDINATES, point, strict=True):
            out.add(place, predicate, double(value))
    if found.said.box is not None:
        place = f"{node[:-1]}/box>"
        out.add(node, w.LOCATION, place)
        out.type(place, w.BOX)
        out.add(place, w.IN_SPACE, space)
        ends = [*map(min, *found.said.box), *map(max, *found.said.box)]
        for predicate, value in zip(w.CORNERS, ends, strict=True):
            out.add(place, predicate, double(value))


def _images(out: _Writer, node: str, found: Resolved) -> None:
    for number, file in enumerate(found.said.files):
        volume, source = f"{node[:-1]}/volume/{number}>", f"{node[:-1]}/volume/{number}/nii>"
        out.add(node, w.HAS_VOLUME, volume)
        out.type(volume, w.VOLUME)
        out.text(volume, w.VOLUME_KIND, "voi")
        if found.space is not None:
            out.add(volume, w.IN_SPACE, out.iri(found.space))
        out.add(volume, w.DISTRIBUTES, source)
        out.type(source, w.DISTRIBUTION)
        out.text(source, w.PROVIDER_TYPE, "zip/nii" if file.member else "nii")
        out.add(source, w.URL, f"<{file.url}>")
        out.text(source, w.MEMBER, file.member)
        out.text(volume, w.LABEL, file.index)


def _files(out: _Writer, node: str, files: tuple[File, ...]) -> None:
    slugs = unique_slugs((f"{i:06}", file.index or f"{file.role}-{i}") for i, file in enumerate(files))
    for number, file in enumerate(files):
        place = f"{node[:-1]}/file/{slugs[f'{number:06}']}>"
        out.add(node, w.HAS_FILE, place)
        out.type(place, w.FILE)
        out.add(place, w.URL, f"<{file.url}>")
        out.text(place, w.FILE_ROLE, file.role)
        out.text(place, w.FILE_INDEX, file.index)
        out.text(place, w.MEMBER, file.member)
        out.text(place, f"<{SKG}sha256>", file.sha256)
        if file.size:
            out.add(place, f"<{_DCAT}byteSize>", integer(file.size))
        if file.role != "data":
            out.add(place, w.POSITION, integer(number))


def _rows(out: _Writer, node: str, found: Resolved) -> None:
    if not found.said.rows:
        return
    place = f"{node[:-1]}/rows>"
    out.add(node, w.ROW_LIST, place)
    out.type(place, w.LIST)
    for number, (row, regions) in enumerate(zip(found.said.rows, found.rows, strict=True)):
        each = f"{place[:-1]}/{number}>"
        out.add(place, w.HAS_ROW, each)
        out.type(each, w.ROW)
        out.add(each, w.POSITION, integer(number))
        out.text(each, w.LABEL, row.name)
        out.links(each, f"<{SKG}region>", map(out.iri, regions))


def _dialect(out: _Writer, node: str, written: Format) -> None:
    place, dialect = f"{node[:-1]}/dialect>", written.dialect
    out.add(node, w.HAS_DIALECT, place)
    out.type(place, w.DIALECT)
    out.text(place, w.FORMAT, written.kind)
    out.text(place, f"<{SKG}variable>", written.variable)
    if written.kind != "csv":
        return
    out.add(place, w.DELIMITER, literal(dialect.delimiter))
    out.add(place, w.HEADER_ROWS, integer(dialect.header))
    out.add(place, w.SKIP_ROWS, integer(dialect.skip_rows))
    out.text(place, f"<{_CSVW}commentPrefix>", dialect.comment)
    out.text(place, f"<{_CSVW}encoding>", dialect.encoding)
    if dialect.index_column is not None:
        out.add(place, w.INDEX_COLUMN, integer(dialect.index_column))
    if dialect.compression:
        out.add(place, w.COMPRESSED, _GZIP)


def _schema(out: _Writer, node: str, written: Format) -> None:
    if not (written.columns or written.rows or written.columns_are):
        return
    place = f"{node[:-1]}/schema>"
    out.add(node, f"<{_CSVW}tableSchema>", place)
    out.type(place, f"<{_CSVW}Schema>")
    for predicate, curie in (("rowsAre", written.rows), ("columnsAre", written.columns_are)):
        if curie:
            out.add(place, f"<{SKG}{predicate}>", f"<{expand(curie)}>")
    for number, column in enumerate(written.columns):
        _column(out, place, number, column)


def _column(out: _Writer, schema: str, number: int, column: Column) -> None:
    place = f"{schema[:-1]}/{number}>"
    out.add(schema, f"<{_CSVW}column>", place)
    out.type(place, f"<{_CSVW}Column>")
    out.text(place, f"<{_CSVW}name>", column.name)
    out.add(place, w.POSITION, integer(column.position))
    out.add(place, f"<{_CSVW}datatype>", f"<{XSD}{column.datatype}>")
    out.text(place, w.UNIT, column.unit)
    for title in column.titles:
        out.text(place, f"<{_CSVW}title>", title)
    for empty in column.null:
        out.add(place, f"<{_CSVW}null>", literal(empty))
    meaning = expand(column.meaning) if column.meaning else None
    if meaning:
        out.add(place, f"<{_CSVW}propertyUrl>", f"<{meaning}>")
