"""A folder of ``.rq`` files as a mapping from names to templates; each file is read when it is first asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from siibra_kg.errors import BadTemplate, NoSuchTemplate, QueryError
from siibra_kg.templates.binding import Template
from siibra_kg.templates.header import QUERY_KEYS
from siibra_kg.templates.parse import body_start, parse_template

__all__ = ["Catalog"]


class Catalog(Mapping[str, Template]):
    """The templates of a folder, by their path below it without ``.rq``, in alphabetical order.

    Parameters
    ----------
    folder
        For instance ``siibra_kg.resources.folder("queries")``.
    keys
        Header keys that are allowed; rules allow more than queries.

    Examples
    --------
    >>> from siibra_kg.resources import folder
    >>> catalog = Catalog(folder("queries"))
    >>> catalog["no/such"]
    Traceback (most recent call last):
        ...
    siibra_kg.errors.NoSuchTemplate: there is no template 'no/such' (list them with `siibra-kg queries`)
    """

    def __init__(self, folder: str | Path, *, keys: frozenset[str] = QUERY_KEYS) -> None:
        self.folder = Path(folder)
        self._keys = keys
        self._files: dict[str, Path] | None = None
        self._loaded: dict[str, Template] = {}

    def _paths(self) -> dict[str, Path]:
        if self._files is None:
            found = sorted(self.folder.rglob("*.rq"))
            self._files = {path.relative_to(self.folder).with_suffix("").as_posix(): path for path in found}
        return self._files

    def __getitem__(self, name: str) -> Template:
        template = self._loaded.get(name)
        if template is None:
            path = self._paths().get(name)
            if path is None:
                raise NoSuchTemplate(name, self._close(name))
            template = self._loaded[name] = self._read(name, path)
        return template

    def _read(self, name: str, path: Path) -> Template:
        shown = path.relative_to(self.folder.parent)
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError as error:
            raise BadTemplate(str(shown), 1, f"is not UTF-8 text: {error.reason}") from error
        return parse_template(name, text, shown, keys=self._keys)

    def _close(self, name: str) -> tuple[str, ...]:
        from rapidfuzz import process  # noqa: PLC0415  only needed to help after a mistake

        return tuple(match for match, _, _ in process.extract(name, list(self._paths()), limit=3, score_cutoff=60))

    def __iter__(self) -> Iterator[str]:
        return iter(self._paths())

    def __len__(self) -> int:
        return len(self._paths())

    def __contains__(self, name: object) -> bool:
        return name in self._paths()

    def __repr__(self) -> str:
        return f"Catalog({str(self.folder)!r}): {len(self)} templates"

    def check_all(self, parse: Callable[[str], object] | None = None) -> None:
        """Read every template and bind every example.

        Parameters
        ----------
        parse
            What decides whether a text is SPARQL, raising :class:`QueryError` if not; for instance
            ``siibra_kg.stores.check_syntax``. Without it only what the tokens tell is checked.

        Raises
        ------
        BadTemplate
            At the first template that breaks a rule.
        """
        for template in self.values():
            for values in template.examples:
                text = template.bind(values)
                if parse is None:
                    continue
                try:
                    parse(text)
                except QueryError as error:
                    reason = f"the example does not parse: {error.reason}"
                    header = template.text.count("\n", 0, body_start(template.text))
                    raise BadTemplate(str(template.path), header + (error.line or 1), reason) from error
