"""How the files of a feature are written and what their columns mean, as the graph says it in CSVW."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from siibra_kg.data_errors import BadTable
from siibra_kg.tabular.format import Column, Dialect, Format
from siibra_kg.terms import BlankNode, contract, local_name

if TYPE_CHECKING:
    from siibra_kg.questions.ask import Asker
    from siibra_kg.table import Row
    from siibra_kg.terms import IRI

__all__ = ["Said", "choose", "read", "said"]

_KINDS = {"file": 0, "feature": 1, "class": 2}
_DATATYPES = {
    "integer": "integer",
    **dict.fromkeys(("double", "float", "decimal", "number"), "double"),
    **dict.fromkeys(("int", "long", "nonNegativeInteger", "positiveInteger"), "integer"),
}
_HINT = "state csvw:dialect (csvw:delimiter, csvw:headerRowCount) of the feature or its file; docs/tables.md says how"


@dataclass(frozen=True, slots=True)
class Said:
    """A statement of how files are written (a dialect), or what is in them (a schema).

    Parameters
    ----------
    part
        ``"dialect"`` or ``"schema"``.
    node
        ``csvw:Dialect`` or ``csvw:Schema``.
    of
        The file, feature or class that it is said of.
    kind
        ``"file"``, ``"feature"`` or ``"class"``.
    role
        The role of the files that it is for; empty for all.
    above
        How many classes are above this class.
    """

    part: str
    node: IRI
    of: IRI
    kind: str
    role: str
    above: int

    @property
    def rank(self) -> tuple[int, int, bool]:
        """What goes first: a file, its feature, its class, more general ones; of each what is for the role alone."""
        return _KINDS[self.kind], -self.above, not self.role


def said(ask: Asker, feature: IRI) -> tuple[Said, ...]:
    """Give all that is said of the formats of a feature's files, what goes first first."""
    rows = ask.table("feature/format", feature=feature)
    found = (Said(row.part, row.node, row.said_of, row.kind, row.role or "", row.above) for row in rows)
    return tuple(sorted(found, key=lambda each: (each.part, each.rank, each.of, each.node)))


def choose(feature: IRI, statements: tuple[Said, ...], role: str, file: IRI | None) -> tuple[IRI, IRI | None]:
    """Give dialect and schema of the files of a role, or of one file.

    Raises
    ------
    BadTable
        If nothing says how they are written, or several statements that go first say different things.
    """
    dialect = _first(feature, statements, "dialect", role, file)
    if dialect is None:
        what = f"file {file}" if file else f"feature {feature}"
        raise BadTable(what, f"nothing says how its files of the role {role!r} are written", _HINT)
    return dialect, _first(feature, statements, "schema", role, file)


def _first(feature: IRI, statements: tuple[Said, ...], part: str, role: str, file: IRI | None) -> IRI | None:
    fitting = [
        each
        for each in statements
        if each.part == part and each.role in {"", role} and (each.kind != "file" or each.of == file)
    ]
    best = [each for each in fitting if each.rank == fitting[0].rank]
    nodes = sorted({each.node for each in best})
    if len(nodes) > 1:
        both = " and ".join(f"<{node}>" for node in nodes[:2])
        raise BadTable(f"feature {feature}", f"{both} are both its {part}", "state one of them")
    if nodes and isinstance(nodes[0], BlankNode):
        raise BadTable(
            f"feature {feature}", f"its {part} is a blank node, which cannot be asked about", "give it an IRI"
        )
    return nodes[0] if nodes else None


def read(ask: Asker, dialect: IRI, schema: IRI | None) -> Format:
    """Give the format that a dialect and a schema make.

    Raises
    ------
    BadTable
        If the graph does not describe one of them, or contradicts itself.
    """
    written = _one(dialect, list(ask.table("feature/dialect", dialect=dialect)))
    packed = local_name(written.compression) if written.compression else ""
    rows = list(ask.table("feature/columns", schema=schema)) if schema is not None else []
    means = rows[0] if rows else None
    return Format(
        Dialect(
            delimiter=written.delimiter or ",",
            # CSVW: one line of titles unless told otherwise.
            header=1 if written.header is None else written.header,
            skip_rows=written.skip_rows or 0,
            comment=written.comment or "",
            index_column=written.index_column,
            encoding=written.encoding or "utf-8",
            compression="gzip" if packed in {"gzip", "x-gzip"} else packed,
        ),
        _columns(rows, schema),
        kind=written.kind or "csv",
        rows=contract(means.rows) if means is not None and means.rows else "",
        columns_are=contract(means["columns"]) if means is not None and means["columns"] else "",
        unit=(means.unit or "") if means is not None else "",
        variable=written.variable or "",
    )


def _one(node: IRI, rows: list[Row]) -> Row:
    if len(rows) == 1:
        return rows[0]
    reason = "the graph does not describe it" if not rows else "the graph says several things of how it is written"
    raise BadTable(f"dialect {node}", reason, _HINT)


def _columns(rows: list[Row], schema: IRI | None) -> tuple[Column, ...]:
    """Put the rows about each column together."""
    about: dict[IRI, list[Row]] = {}
    for row in rows:
        if row.iri is not None:
            about.setdefault(row.iri, []).append(row)
    columns = [_column(iri, several) for iri, several in about.items()]
    columns.sort(key=lambda column: (column.position < 0, column.position))
    names = [column.name for column in columns]
    if len(set(names)) < len(names):
        raise BadTable(f"schema {schema}", f"several columns are called {max(names, key=names.count)!r}")
    return tuple(columns)


def _column(iri: IRI, rows: list[Row]) -> Column:
    facts = {(row.name, row.position, row.datatype, str(row.meaning or ""), row.column_unit or "") for row in rows}
    if len(facts) > 1:
        raise BadTable(f"column {iri}", "the graph says several things of it")
    ((name, position, datatype, meaning, unit),) = facts
    return Column(
        name,
        position,
        titles=tuple(sorted({row.title for row in rows if row.title})),
        datatype=_DATATYPES.get(local_name(datatype), "string") if datatype else "string",
        meaning=contract(meaning) if meaning else "",
        unit=unit,
        null=tuple(sorted({row.empty for row in rows if row.empty is not None})) or ("",),
    )
