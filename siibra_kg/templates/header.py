"""The header of a ``.rq`` file: ``#+ key [name][: type][= default] [-- doc]`` lines, read into values.

Queries and inference rules share this grammar and differ in the keys that they allow.
Header lines are SPARQL comments, and YAML to the tools that know the ``#+`` convention (grlc).
"""

from __future__ import annotations

import keyword
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from siibra_kg.errors import BadTemplate, QueryError, TermError
from siibra_kg.table import Column
from siibra_kg.templates.values import TYPES, Value, read_terms

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["QUERY_KEYS", "Header", "Parameter", "read_header"]

#: Keys of a query template; ``severity`` is for those of ``check/``. A rule allows more (``graph``, ``after``).
QUERY_KEYS = frozenset({"summary", "param", "column", "example", "severity"})
_NAMED = frozenset({"param", "column", "example"})
_LINE = re.compile(r"#\+\s*(?P<key>[a-z]+)(?:[ \t]+(?P<name>\S+?))?[ \t]*:(?:[ \t]+(?P<rest>.*?))?[ \t]*\Z")
_NAME = re.compile(r"[a-z][a-z0-9_]*\Z")
_TYPE = re.compile(r"(?P<type>[a-z]+)(?P<suffix>[?*]?)(?=\s|\Z)")


@dataclass(frozen=True, slots=True)
class Parameter:
    """One declared parameter of a template.

    Parameters
    ----------
    name
        As in ``$name``; also the keyword argument and the option of the command line.
    type
        ``iri``, ``string``, ``integer``, ``decimal`` or ``boolean``.
    many
        Takes one or more values; stands in ``VALUES ?v { $name }``.
    optional
        May be left out: the ``VALUES ?v { $name }`` it stands in is then left out too.
    default
        The value where none is given; ``None`` for none.
    doc
        What it means.
    """

    name: str
    type: str
    many: bool = False
    optional: bool = False
    default: Value | tuple[Value, ...] | None = None
    doc: str = ""

    @property
    def required(self) -> bool:
        """Whether a call must give it."""
        return not self.optional and self.default is None


@dataclass(frozen=True, slots=True)
class Header:
    """What the ``#+`` lines of one file say; ``lines`` gives the line of each entry, for error messages."""

    summary: str
    parameters: tuple[Parameter, ...]
    columns: tuple[Column, ...]
    examples: tuple[Mapping[str, Value | tuple[Value, ...]], ...]
    extra: Mapping[str, str]
    lines: Mapping[str, int]


@dataclass(slots=True)
class _Reader:
    """Collects entries while the lines go by."""

    path: str
    keys: frozenset[str]
    extra: dict[str, str]
    parameters: dict[str, Parameter]
    columns: dict[str, Column]
    examples: list[tuple[int, str, str]]
    lines: dict[str, int]

    def line(self, number: int, text: str) -> None:
        """Read one ``#+`` line."""
        found = _LINE.match(text)
        if found is None:
            raise BadTemplate(self.path, number, "a header line reads `#+ key [name]: text`")
        key, name, rest = found["key"], found["name"], found["rest"] or ""
        if key not in self.keys:
            known = ", ".join(sorted(self.keys))
            raise BadTemplate(self.path, number, f"{key!r} is no key of this header; there are {known}")
        if (name is not None) != (key in _NAMED):
            wanted = f"`#+ {key} name: ...`" if key in _NAMED else f"`#+ {key}: ...`"
            raise BadTemplate(self.path, number, f"write {wanted}")
        if key == "example":
            self.examples.append((number, name, rest))
            return
        entry = f"{key} {name}" if name else key
        if entry in self.lines:
            raise BadTemplate(self.path, number, f"{entry} is declared twice, first in line {self.lines[entry]}")
        self.lines[entry] = number
        if key == "param":
            self.parameters[name] = self.parameter(number, name, rest)
        elif key == "column":
            self.columns[name] = self.column(number, name, rest)
        else:
            self.extra[key] = rest

    def declaration(self, number: int, name: str, rest: str) -> tuple[re.Match[str], str, str]:
        """Split ``type[suffix] [= default] [-- doc]`` into the type, the default's text and the documentation."""
        if not _NAME.match(name):
            raise BadTemplate(self.path, number, f"{name!r} is no name: lower case letters, digits and _")
        found = _TYPE.match(rest)
        if found is None:
            raise BadTemplate(self.path, number, f"declare the type of {name}: one of {', '.join(TYPES)}")
        default, doc = _split_doc(rest[found.end() :])
        return found, default, doc

    def parameter(self, number: int, name: str, rest: str) -> Parameter:
        """Read the declaration of a parameter."""
        found, text, doc = self.declaration(number, name, rest)
        kind, many = found["type"], found["suffix"] == "*"
        if keyword.iskeyword(name):
            raise BadTemplate(self.path, number, f"{name!r} is a word of Python, so it cannot be a keyword argument")
        if kind not in TYPES:
            raise BadTemplate(self.path, number, f"{kind!r} is no type; there are {', '.join(TYPES)}")
        default = None
        if text:
            if not text.startswith("=") or found["suffix"] == "?":
                expected = "`= value` or `-- documentation`" if found["suffix"] != "?" else "no default: it is optional"
                raise BadTemplate(self.path, number, f"after the type of {name} comes {expected}")
            default = self.values(number, name, text[1:], kind, many=many)
        return Parameter(name, kind, many, found["suffix"] == "?", default, doc)

    def column(self, number: int, name: str, rest: str) -> Column:
        """Read the declaration of a column; ``?`` says that cells may be empty."""
        found, text, doc = self.declaration(number, name, rest)
        if found["type"] not in (*TYPES, "term"):
            raise BadTemplate(self.path, number, f"{found['type']!r} is no type; there are {', '.join(TYPES)}, term")
        if text or found["suffix"] == "*":
            raise BadTemplate(self.path, number, f"a column is declared as `#+ column {name}: type[?] [-- doc]`")
        return Column(name, found["type"], doc)

    def values(self, number: int, name: str, text: str, kind: str, *, many: bool) -> Value | tuple[Value, ...]:
        """Read the value or the values of a default or of an example."""
        try:
            values = read_terms(text, kind)
        except (TermError, QueryError) as error:
            reason = error.reason if isinstance(error, QueryError) else str(error)
            raise BadTemplate(self.path, number, f"{name}: {reason}") from error
        if not values or (len(values) > 1 and not many):
            raise BadTemplate(self.path, number, f"{name} takes {'at least ' if many else ''}one {kind}")
        return values if many else values[0]

    def grouped_examples(self) -> tuple[dict[str, Value | tuple[Value, ...]], ...]:
        """Group example lines: a parameter that comes again starts the next example."""
        groups: list[dict[str, Value | tuple[Value, ...]]] = []
        starts: list[int] = []
        for number, name, text in self.examples:
            parameter = self.parameters.get(name)
            if parameter is None:
                raise BadTemplate(self.path, number, f"the example gives {name}, which is no parameter")
            if not groups or name in groups[-1]:
                groups.append({})
                starts.append(number)
            groups[-1][name] = self.values(number, name, text, parameter.type, many=parameter.many)
        if not self.parameters:
            return ({},)
        required = [p.name for p in self.parameters.values() if p.required]
        if not groups and not required:
            return ({},)
        if not groups:
            line = self.lines[f"param {required[0]}"]
            raise BadTemplate(self.path, line, "there is no example; write `#+ example name: value`")
        for start, group in zip(starts, groups, strict=True):
            missing = [name for name in required if name not in group]
            if missing:
                raise BadTemplate(self.path, start, f"the example gives no {', '.join(missing)}")
        return tuple(groups)


def _split_doc(text: str) -> tuple[str, str]:
    """Split at the first ``--`` outside of quotes and angle brackets."""
    found = re.match(r"""((?:"(?:[^"\\]|\\.)*"|<[^>]*>|(?!--)[^"<])*)(?:--\s*(.*))?\Z""", text.strip())
    return (found[1].strip(), (found[2] or "").strip()) if found else (text.strip(), "")


def read_header(path: str, lines: Iterable[str], keys: frozenset[str] = QUERY_KEYS) -> Header:
    """Read the ``#+`` lines of a file; other lines are passed over.

    Parameters
    ----------
    path
        Name of the file, for error messages.
    lines
        The lines of the file.
    keys
        The keys that are allowed. Those beyond :data:`QUERY_KEYS` take plain text and come back in ``extra``.

    Raises
    ------
    BadTemplate
        With file and line, where the grammar is broken or the summary is missing.
    """
    reader = _Reader(path, keys, {}, {}, {}, [], {})
    for number, text in enumerate(lines, start=1):
        if text.startswith("#+"):
            reader.line(number, text)
    summary = reader.extra.pop("summary", "")
    if not summary:
        raise BadTemplate(path, reader.lines.get("summary", 1), "there is no summary; write `#+ summary: ...`")
    return Header(
        summary,
        tuple(reader.parameters.values()),
        tuple(reader.columns.values()),
        reader.grouped_examples(),
        reader.extra,
        reader.lines,
    )
