"""A template: SPARQL text cut at its parameters once, joined with checked and escaped terms at every call."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from siibra_kg.errors import ParameterError, TermError
from siibra_kg.templates.values import checked, to_term

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from siibra_kg.table import Column
    from siibra_kg.templates.header import Parameter
    from siibra_kg.templates.values import Value

__all__ = ["Segment", "Template"]


@dataclass(frozen=True, slots=True)
class Segment:
    """A piece of a template: text that is kept, then perhaps a parameter.

    Parameters
    ----------
    text
        SPARQL text before the parameter.
    parameter
        Name of the parameter, or ``None`` for the last piece.
    bare
        Written as a plain number, as ``LIMIT`` and ``OFFSET`` want it.
    before, after
        For an optional parameter: the ``VALUES ?v {`` and ``}`` around it, which go when no value is given.
    """

    text: str
    parameter: str | None = None
    bare: bool = False
    before: str = ""
    after: str = ""


@dataclass(frozen=True, slots=True)
class Template:
    """A named query with typed parameters and columns; made by a :class:`~siibra_kg.templates.Catalog`.

    Parameters
    ----------
    name
        Path in the catalog without ``.rq``: ``"hierarchy/descendants"``.
    path
        The file.
    summary
        One sentence: what the query answers.
    parameters
        In the order of declaration.
    columns
        Of the answer, in the order of projection; empty unless the form is SELECT.
    examples
        Sets of values that make sense on real data; at least one.
    text
        The file as it is, header included.
    form
        ``SELECT``, ``ASK``, ``CONSTRUCT`` or ``DESCRIBE``.
    extra
        Other keys of the header, for files that are not queries of the catalog.
    """

    name: str
    path: Path
    summary: str
    parameters: tuple[Parameter, ...]
    columns: tuple[Column, ...]
    examples: tuple[Mapping[str, Value | tuple[Value, ...]], ...]
    text: str = field(repr=False)
    form: str
    extra: Mapping[str, str] = field(default_factory=dict, repr=False)
    segments: tuple[Segment, ...] = field(default=(), repr=False, compare=False)
    types: Mapping[str, str] = field(default_factory=dict, repr=False, compare=False)

    def bind(self, values: Mapping[str, object]) -> str:
        r"""Give the SPARQL text, without the header, with every parameter replaced by a value.

        Parameters
        ----------
        values
            Python values by name of parameter; ``None`` for an optional parameter is the same as leaving it out.

        Raises
        ------
        ParameterError
            If a parameter is unknown, missing or of the wrong type.

        Examples
        --------
        >>> from siibra_kg.templates import parse_template
        >>> text = '''#+ summary: What has this name?
        ... #+ param name: string
        ... #+ column node: iri
        ... #+ example name: "hOc1"
        ... PREFIX om: <https://openminds.om-i.org/props/>
        ... SELECT ?node WHERE { ?node om:name $name } ORDER BY ?node'''
        >>> template = parse_template("by_name", text)
        >>> print(template.bind({"name": 'x" } #'}))
        PREFIX om: <https://openminds.om-i.org/props/>
        SELECT ?node WHERE { ?node om:name "x\" } #" } ORDER BY ?node
        """
        terms = self._terms(values)
        parts: list[str] = []
        for segment in self.segments:
            parts.append(segment.text)
            if segment.parameter is None:
                continue
            written = terms[segment.parameter]
            if written is None:
                continue
            parts += (segment.before, self._bare(segment.parameter, values) if segment.bare else written, segment.after)
        return "".join(parts)

    def _terms(self, values: Mapping[str, object]) -> dict[str, str | None]:
        known = {p.name for p in self.parameters}
        for name in values:
            if name not in known:
                there = f"it takes {', '.join(sorted(known))}" if known else "it takes none"
                raise ParameterError(self.name, name, f"there is no such parameter; {there}")
        return {p.name: self._term(p, values.get(p.name)) for p in self.parameters}

    def _term(self, parameter: Parameter, value: object) -> str | None:
        if value is None:
            value = parameter.default
        if value is None:
            if parameter.optional:
                return None
            raise ParameterError(self.name, parameter.name, f"is missing; it wants {_wanted(parameter)}")
        if not parameter.many:
            return self._written(parameter, value)
        if isinstance(value, str) or not hasattr(value, "__iter__"):
            value = (value,)
        terms = [self._written(parameter, v) for v in value]
        if not terms:
            raise ParameterError(self.name, parameter.name, f"is an empty list; it wants {_wanted(parameter)}")
        return " ".join(terms)

    def _written(self, parameter: Parameter, value: object) -> str:
        try:
            return to_term(checked(value, parameter.type), parameter.type)
        except TermError as error:
            reason = f"{str(error)[:300]}; it wants {_wanted(parameter)}"
            raise ParameterError(self.name, parameter.name, reason) from error

    def _bare(self, name: str, values: Mapping[str, object]) -> str:
        value = values.get(name)
        if value is None:
            value = next(p.default for p in self.parameters if p.name == name)
        number = checked(value, "integer")
        if not isinstance(number, int) or number < 0:
            raise ParameterError(self.name, name, f"{number} is no number of rows; it wants zero or more")
        return str(number)


_ARTICLE = {"iri": "an IRI or CURIE", "integer": "an integer", "boolean": "True or False"}


def _wanted(parameter: Parameter) -> str:
    one = _ARTICLE.get(parameter.type, f"a {parameter.type}")
    return f"one or more values, each {one}" if parameter.many else one
