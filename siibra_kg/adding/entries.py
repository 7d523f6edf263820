"""The parts of a description: texts, numbers, lists and nested keys, each asked for by name; what is left is an error.

YAML is read with every scalar as text: ``NO`` is nitric oxide and no boolean, ``1.10`` a version and no number.
"""

from __future__ import annotations

import difflib
import json
import math
from typing import TYPE_CHECKING, Any

from siibra_kg.data_errors import BadDescription

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

__all__ = ["Entries", "load"]

#: A description is read whole; the largest sensible one, a matrix with 10,000 rows, has some 500 kB.
MAX_BYTES = 4 * 2**20


def load(path: Path) -> Entries:
    """Read ``dataset.yaml`` or JSON.

    Raises
    ------
    BadDescription
        If it is missing, too large, malformed, or no mapping.
    """
    try:
        if path.stat().st_size > MAX_BYTES:
            raise BadDescription(str(path), f"larger than {MAX_BYTES:,} bytes", "it describes data, and holds none")
        text = path.read_text("utf-8-sig")
    except UnicodeDecodeError:
        raise BadDescription(str(path), "it is no text in UTF-8", "save it as UTF-8") from None
    except OSError as error:
        raise BadDescription(str(path), f"it cannot be read: {error.strerror or error}") from error
    value = _json(path, text) if path.suffix in {".json", ".jsonld"} else _yaml(path, text)
    if not isinstance(value, dict):
        raise BadDescription(str(path), "it should be keys with values, such as `name: My data`")
    return Entries(str(path), value)


def _json(path: Path, text: str) -> Any:  # noqa: ANN401  JSON
    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        made = dict(pairs)
        if len(made) < len(pairs):
            keys = [key for key, _ in pairs]
            raise BadDescription(str(path), f"{max(keys, key=keys.count)!r} is there twice")
        return made

    try:
        return json.loads(text, object_pairs_hook=unique)
    except (ValueError, RecursionError) as error:
        raise BadDescription(str(path), f"it is no JSON: {error}") from None


def _yaml(path: Path, text: str) -> Any:  # noqa: ANN401  YAML
    import yaml  # type: ignore[import-untyped]  # noqa: PLC0415  only for who adds data

    class Loader(yaml.BaseLoader):  # type: ignore[misc]  # no stubs
        """As the base loader, every scalar a text, but no key twice and no aliases, which could be a bomb."""

        def compose_node(self, parent: Any, index: Any) -> Any:  # noqa: ANN401
            if self.check_event(yaml.events.AliasEvent):
                event = self.peek_event()
                raise yaml.YAMLError(f"line {event.start_mark.line + 1}: references (*{event.anchor}) are not allowed")
            return super().compose_node(parent, index)

        def construct_mapping(self, node: Any, deep: bool = False) -> Any:  # noqa: ANN401
            keys = [key.value for key, _ in node.value if isinstance(key, yaml.ScalarNode)]
            if len(set(keys)) < len(keys):
                line = node.start_mark.line + 1
                raise yaml.YAMLError(f"{max(keys, key=keys.count)!r} is there twice (mapping at line {line})")
            return super().construct_mapping(node, deep)

    try:
        return yaml.load(text, Loader)  # noqa: S506  a loader of texts, lists and mappings alone
    except (yaml.YAMLError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        where = f"line {mark.line + 1}: " if mark else ""
        reason = getattr(error, "problem", None) or str(error).split("\n", 1)[0]
        raise BadDescription(
            str(path), f"it is no YAML: {where}{reason}", "a text with `: ` or `#` needs quotes"
        ) from None


class Entries:
    """A mapping inside a description, that knows where it stands.

    Parameters
    ----------
    path
        The file.
    value
        What it holds.
    place
        Keys that lead to it, ``"features/0"``; empty for the whole.
    """

    __slots__ = ("path", "place", "value")

    def __init__(self, path: str, value: Mapping[str, Any], place: str = "") -> None:
        self.path = path
        self.value = {str(key): each for key, each in value.items()}
        self.place = place

    def bad(self, reason: str, hint: str = "", key: str = "") -> BadDescription:
        """Make the error for something in here; the caller raises it."""
        return BadDescription(self.path, reason, hint, "/".join(filter(None, (self.place, key))))

    def only(self, *known: str) -> None:
        """Refuse keys that nobody reads: a slip of the pen would be passed over.

        Raises
        ------
        BadDescription
            If there is another key; names the nearest that is known.
        """
        for key in self.value:
            if key not in known:
                near = difflib.get_close_matches(key, known, 1)
                raise self.bad(
                    f"there is no key {key!r}", f"did you mean {near[0]}?" if near else f"known are {', '.join(known)}"
                )

    def text(self, key: str, *, required: bool = False, default: str = "") -> str:
        """Give a text; a number as it is written.

        Raises
        ------
        BadDescription
            If it is a list or mapping; if it is required and not there.
        """
        found = self.value.get(key)
        if found is None or found == "":
            if required:
                raise self.bad(f"there is no {key}", f"add a line `{key}: ...`")
            return default
        return self._scalar(found, key)

    def _scalar(self, value: object, key: str) -> str:
        if isinstance(value, bool) or not isinstance(value, (str, int, float)):
            raise self.bad(f"{key} should be a text, and is {_kind(value)}", key=key)
        return value.strip() if isinstance(value, str) else str(value)

    def texts(self, key: str) -> tuple[str, ...]:
        """Give a list of texts; one text is a list of one."""
        found = self.value.get(key)
        if found is None or found == "":
            return ()
        if isinstance(found, list):
            return tuple(self._scalar(each, f"{key}/{i}") for i, each in enumerate(found))
        return (self._scalar(found, key),)

    def whole(self, key: str) -> int | None:
        """Give a whole number; ``None`` where there is none."""
        text = self.text(key)
        if not text:
            return None
        try:
            return int(text)
        except ValueError:
            raise self.bad(f"{key} should be a whole number, and is {text!r}", key=key) from None

    def points(self, key: str) -> tuple[tuple[float, float, float], ...]:
        """Give points: a list of three numbers each; one point is a list of one.

        Raises
        ------
        BadDescription
            If a point has not three finite numbers.
        """
        found = self.value.get(key)
        if found is None or found == "":
            return ()
        if not isinstance(found, list):
            raise self.bad(f"{key} should be a list of points, such as [[-10, -80, 2]]", key=key)
        several = found if all(isinstance(each, list) for each in found) else [found]
        return tuple(self._point(each, f"{key}/{i}") for i, each in enumerate(several))

    def _point(self, value: object, key: str) -> tuple[float, float, float]:
        hint = "write three numbers in mm, such as [-10, -80, 2]"
        if not isinstance(value, list) or len(value) != 3:
            raise self.bad("a point has three coordinates", hint, key)
        try:
            x, y, z = (float(self._scalar(each, key)) for each in value)
        except ValueError:
            raise self.bad(f"a coordinate is no number: {value}", hint, key) from None
        if not all(map(math.isfinite, (x, y, z))):
            raise self.bad(f"a coordinate is not finite: {value}", hint, key)
        return x, y, z

    def part(self, key: str) -> Entries | None:
        """Give a nested mapping; ``None`` where there is none."""
        found = self.value.get(key)
        if found is None or found == "":
            return None
        if not isinstance(found, dict):
            raise self.bad(f"{key} should be keys with values, and is {_kind(found)}", key=key)
        return self._inner(found, key)

    def each(self, key: str) -> Iterator[str | Entries]:
        """Give the texts and mappings of a list; what is no list is a list of one."""
        found = self.value.get(key)
        if found is None or found == "":
            return
        for i, value in enumerate(found if isinstance(found, list) else [found]):
            place = f"{key}/{i}"
            yield self._inner(value, place) if isinstance(value, dict) else self._scalar(value, place)

    def _inner(self, value: Mapping[str, Any], key: str) -> Entries:
        return Entries(self.path, value, "/".join(filter(None, (self.place, key))))


def _kind(value: object) -> str:
    if value is None:
        return "nothing"
    return {dict: "keys with values", list: "a list", bool: "true or false"}.get(type(value), f"{str(value)[:40]!r}")
