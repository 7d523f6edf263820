"""The errors a user can meet: one tree, each error carries its facts and says what to try next."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = [
    "AmbiguousName",
    "BadDocument",
    "BadExpression",
    "BadTemplate",
    "BadVolume",
    "BuildError",
    "DataMissing",
    "EndpointError",
    "GridWarning",
    "LabelMismatch",
    "NetworkDisabled",
    "NoSuchName",
    "NoSuchTemplate",
    "OutsideVolume",
    "ParameterError",
    "QueryError",
    "SiibraKGError",
    "SnapshotError",
    "SourceError",
    "SpaceMismatch",
    "TermError",
    "VolumeWarning",
    "on_one_line",
]


class SiibraKGError(Exception):
    """The root of every error that this package raises on purpose.

    Subclasses keep the facts as attributes and build the sentence in ``__str__``;
    two errors are equal when their type and their facts are.
    """

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and vars(self) == vars(other)

    def __hash__(self) -> int:
        return hash((type(self), self.args))


def _listed(names: Sequence[str], most: int = 8) -> str:
    shown = ", ".join(names[:most])
    rest = len(names) - most
    return f"{shown} and {rest} more" if rest > 0 else shown


def _plural(noun: str) -> str:
    return noun + ("es" if noun.endswith("s") else "s")


class TermError(SiibraKGError, ValueError):
    """A value cannot be an RDF term, for instance an IRI with a space in it."""

    def __init__(self, value: object, expected: str) -> None:
        super().__init__(value, expected)
        self.value = value
        self.expected = expected

    def __str__(self) -> str:
        return f"{self.value!r} is not {self.expected}"


class BadDocument(SiibraKGError, ValueError):
    """A document cannot be read: malformed, too deep, too large, of the wrong shape."""

    def __init__(self, path: str, reason: str, pointer: str = "") -> None:
        super().__init__(path, reason, pointer)
        self.path = path
        self.reason = reason
        self.pointer = pointer

    def __str__(self) -> str:
        where = f"{self.path}{'#' + self.pointer if self.pointer else ''}"
        return on_one_line(f"{where}: {self.reason}")


class SourceError(SiibraKGError):
    """A source of metadata is not there, not complete, or not what its pin says."""

    def __init__(self, source: str, reason: str, hint: str = "") -> None:
        super().__init__(source, reason, hint)
        self.source = source
        self.reason = reason
        self.hint = hint

    def __str__(self) -> str:
        return f"source {self.source}: {self.reason}" + (f"; {self.hint}" if self.hint else "")


class NetworkDisabled(SourceError):
    """Something would have to be downloaded while ``SIIBRA_KG_OFFLINE`` is set."""


class BuildError(SiibraKGError):
    """A build cannot end well; the previous snapshot is untouched."""

    def __init__(self, step: str, reason: str) -> None:
        super().__init__(step, reason)
        self.step = step
        self.reason = reason

    def __str__(self) -> str:
        return f"build stopped at {self.step}: {self.reason}; the previous snapshot is unchanged"


class SnapshotError(SiibraKGError):
    """A folder is not a snapshot, is incomplete, or was written in another format version."""

    def __init__(self, path: str, reason: str, hint: str = "run `siibra-kg build` to make a new one") -> None:
        super().__init__(path, reason, hint)
        self.path = path
        self.reason = reason
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.path}: {self.reason}; {self.hint}"


class QueryError(SiibraKGError):
    """A store refused a SPARQL query or could not finish it."""

    def __init__(self, reason: str, query: str, *, line: int | None = None, column: int | None = None) -> None:
        super().__init__(reason, query, line, column)
        self.reason = reason
        self.query = query
        self.line = line
        self.column = column

    def __str__(self) -> str:
        where = "" if self.line is None else f" at line {self.line}, column {self.column or 1}"
        shown = ""
        if self.line is not None and 0 < self.line <= len(lines := self.query.splitlines()):
            shown = f"\n    {lines[self.line - 1].strip()[:200]}"
        return f"SPARQL query refused{where}: {self.reason}{shown}"


class EndpointError(SiibraKGError):
    """A remote SPARQL endpoint cannot be reached or answered with an error."""

    def __init__(self, url: str, reason: str) -> None:
        super().__init__(url, reason)
        self.url = url
        self.reason = reason

    def __str__(self) -> str:
        return f"SPARQL endpoint {self.url}: {self.reason}; check the address, or work on a local snapshot"


class BadTemplate(SiibraKGError):
    """A ``.rq`` template breaks a rule of the template format; names the file and the line."""

    def __init__(self, path: str, line: int, reason: str) -> None:
        super().__init__(path, line, reason)
        self.path = path
        self.line = line
        self.reason = reason

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.reason}"


class NoSuchTemplate(SiibraKGError, KeyError):
    """No template has this name."""

    def __init__(self, name: str, close: Sequence[str] = ()) -> None:
        super().__init__(name, tuple(close))
        self.name = name
        self.close = tuple(close)

    def __str__(self) -> str:
        near = f"; did you mean {_listed(self.close)}?" if self.close else ""
        return f"there is no template {self.name!r}{near} (list them with `siibra-kg queries`)"


class ParameterError(SiibraKGError, TypeError):
    """A template was called with a missing, unknown or wrongly typed parameter."""

    def __init__(self, template: str, parameter: str, reason: str) -> None:
        super().__init__(template, parameter, reason)
        self.template = template
        self.parameter = parameter
        self.reason = reason

    def __str__(self) -> str:
        return f"template {self.template}, parameter {self.parameter}: {self.reason}"


class NoSuchName(SiibraKGError, LookupError):
    """Nothing in the graph has this name or identifier."""

    def __init__(self, spec: str, kind: str, close: Sequence[str] = (), within: str = "") -> None:
        super().__init__(spec, kind, tuple(close), within)
        self.spec = spec
        self.kind = kind
        self.close = tuple(close)
        self.within = within

    def __str__(self) -> str:
        place = f" in {self.within}" if self.within else ""
        near = f"; nearest: {_listed(self.close)}" if self.close else ""
        return f"no {self.kind} named {self.spec!r}{place}{near}"


class AmbiguousName(SiibraKGError, LookupError):
    """A name stands for several things; ``candidates`` lists them as values, best first."""

    def __init__(self, spec: str, kind: str, candidates: Sequence[object], within: str = "") -> None:
        super().__init__(spec, kind, tuple(candidates), within)
        self.spec = spec
        self.kind = kind
        self.candidates = tuple(candidates)
        self.within = within

    def __str__(self) -> str:
        place = f" in {self.within}" if self.within else ""
        shown = "\n".join(f"    {getattr(c, 'described', c)}" for c in self.candidates[:12])
        rest = len(self.candidates) - 12
        more = f"\n    and {rest} more" if rest > 0 else ""
        return (
            f"{self.spec!r} names {len(self.candidates)} {_plural(self.kind)}{place}; "
            f"say which, by its id or IRI or by naming its parcellation:\n{shown}{more}"
        )


class BadExpression(SiibraKGError, ValueError):
    """What should be a regular expression is none."""

    def __init__(self, spec: str, reason: str) -> None:
        super().__init__(spec, reason)
        self.spec = spec
        self.reason = reason

    def __str__(self) -> str:
        return f"{self.spec!r} is no regular expression: {self.reason}; leave the slashes out to search for words"


class SpaceMismatch(SiibraKGError, ValueError):
    """Two things live in different reference spaces, or in different versions of one."""

    def __init__(self, left: str, right: str, hint: str = "") -> None:
        super().__init__(left, right, hint)
        self.left = left
        self.right = right
        self.hint = hint

    def __str__(self) -> str:
        return f"space {self.left} is not space {self.right}" + (f"; {self.hint}" if self.hint else "")


class LabelMismatch(SiibraKGError, ValueError):
    """A label volume and the graph disagree about which labels exist; ``labels`` names them."""

    def __init__(self, volume: str, reason: str, labels: Sequence[int] = ()) -> None:
        super().__init__(volume, reason, tuple(labels))
        self.volume = volume
        self.reason = reason
        self.labels = tuple(labels)

    def __str__(self) -> str:
        which = f": {_listed([str(v) for v in self.labels], 20)}" if self.labels else ""
        return f"{self.volume}: {self.reason}{which}"


class BadVolume(SiibraKGError, ValueError):
    """A volume file cannot be read, or cannot be trusted: truncated, of another kind, without a place in space."""

    def __init__(self, path: str, reason: str, hint: str = "") -> None:
        super().__init__(path, reason, hint)
        self.path = path
        self.reason = reason
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.path}: {self.reason}" + (f"; {self.hint}" if self.hint else "")


class OutsideVolume(BadVolume):
    """What was asked for lies where a volume has no voxels."""


class VolumeWarning(UserWarning):
    """A volume can be read, but something about it deserves a look."""


class GridWarning(VolumeWarning):
    """The voxel grid of a volume is not one of those known for the space that it is declared to be in."""


class DataMissing(SiibraKGError, FileNotFoundError):
    """A file that the graph names is not on this machine; says where it comes from and where to put it."""

    def __init__(self, what: str, where: str, hint: str) -> None:
        super().__init__(what, where, hint)
        self.what = what
        self.where = where
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.what} is not here ({self.where}); {self.hint}"


def on_one_line(text: str) -> str:
    """Write control characters as escapes: a key of somebody's JSON may hold a line break, or a terminal's codes."""
    return text if text.isprintable() else "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)
