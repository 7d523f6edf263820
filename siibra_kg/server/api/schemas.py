"""JSON Schemas of what goes in and out of a template (JSON Schema 2020-12, as OpenAPI 3.1 takes it)."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from siibra_kg.server.api.offered import expected, pages_itself
from siibra_kg.server.api.values import MOST
from siibra_kg.terms import IRI, contract

if TYPE_CHECKING:
    from siibra_kg.table import Column
    from siibra_kg.templates import Parameter, Template

__all__ = ["answer_schema", "body_schema", "example_values", "parameter_schema", "problem_schema"]

_TYPES: dict[str, dict[str, Any]] = {
    "iri": {"type": "string", "minLength": 1, "pattern": r"\S"},
    "string": {"type": "string"},
    "integer": {"type": "integer", "minimum": -MOST, "maximum": MOST},
    "decimal": {"type": "number", "exclusiveMinimum": -1e18, "exclusiveMaximum": 1e18},
    "boolean": {"type": "boolean"},
}
#: A cell is null where the answer has no value for it. IRIs are absolute; whether all are well-formed is up to sources.
_CELLS = {
    "iri": ["string", "null"],
    "string": ["string", "null"],
    "integer": ["integer", "null"],
    "decimal": ["number", "null"],
    "boolean": ["boolean", "null"],
    "term": ["string", "null"],
}


def plain(value: object) -> Any:  # noqa: ANN401  what JSON can hold
    """Write a value of a header for JSON: IRIs as CURIEs where there is one."""
    if isinstance(value, IRI):
        return contract(value)
    if isinstance(value, tuple):
        return [plain(v) for v in value]
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    return value


def example_values(template: Template) -> list[dict[str, Any]]:
    """Give the examples of a header as JSON objects of parameters."""
    return [{name: plain(value) for name, value in example.items()} for example in template.examples]


def parameter_schema(parameter: Parameter) -> dict[str, Any]:
    """Give the schema of a parameter; its default is what the header says."""
    schema = dict(_TYPES[parameter.type])
    if parameter.many:
        schema = {"type": "array", "items": schema, "minItems": 1}
    if parameter.default is not None:
        schema["default"] = plain(parameter.default)
    return schema


def described(parameter: Parameter) -> str:
    """Say what a parameter means and what it takes."""
    takes = f"Takes {expected(parameter)}{'; may be repeated' if parameter.many else ''}."
    return f"{parameter.doc[:1].upper()}{parameter.doc[1:]}. {takes}" if parameter.doc else takes


def body_schema(template: Template) -> dict[str, Any]:
    """Give the schema of the JSON object that a call by POST has."""
    own = ("limit", "offset") if pages_itself(template) else ()
    properties = {
        p.name: {**parameter_schema(p), "description": described(p)} for p in template.parameters if p.name not in own
    }
    properties["limit"] = {"$ref": "#/components/schemas/Limit"}
    properties["offset"] = {"$ref": "#/components/schemas/Offset"}
    properties["format"] = {"$ref": "#/components/schemas/Format"}
    required = [p.name for p in template.parameters if p.required]
    schema: dict[str, Any] = {"type": "object", "properties": properties, "additionalProperties": False}
    return {**schema, "required": required} if required else schema


def answer_schema(template: Template) -> dict[str, Any]:
    """Give the schema of an answer in JSON."""
    row = {
        "type": "object",
        "properties": {c.name: _cell(c) for c in template.columns},
        "required": [c.name for c in template.columns],
        "additionalProperties": False,
    }
    return {
        "allOf": [{"$ref": "#/components/schemas/Answer"}],
        "properties": {"rows": {"type": "array", "items": row}},
    }


def _cell(column: Column) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": _CELLS[column.type]}
    return {**schema, "description": column.doc} if column.doc else schema


def problem_schema() -> dict[str, Any]:
    """Give the schema of RFC 9457, with the members that errors of parameters add."""
    text, texts = {"type": "string"}, {"type": "array", "items": {"type": "string"}}
    properties: dict[str, Any] = {
        "type": {"type": "string", "format": "uri"},
        "title": text,
        "status": {"type": "integer"},
        "detail": text,
        "parameter": {**text, "description": "the parameter at fault"},
        "expected": {**text, "description": "what it takes"},
        "parameters": {"type": "array", "items": {"type": "object"}, "description": "all parameters of the template"},
        "nearest": {**texts, "description": "names that are like the one that is unknown"},
        "candidates": {
            "type": "array",
            "items": {"type": "object", "properties": {"name": text, "iri": text}},
            "description": "what an ambiguous name may stand for",
        },
    }
    return {"type": "object", "properties": properties, "required": ["type", "title", "status", "detail"]}


def answer_base() -> dict[str, Any]:
    """Give the schema of what all answers have in common."""
    column = {"type": "object", "properties": {"name": {"type": "string"}, "type": {"enum": list(_CELLS)}}}
    properties: dict[str, Any] = {
        "template": {"type": "string"},
        "columns": {"type": "array", "items": {**column, "required": ["name", "type"]}},
        "total": {"type": ["integer", "null"], "description": "rows of the whole answer, where that is known"},
        "limit": {"type": ["integer", "null"]},
        "offset": {"type": "integer"},
        "next": {"type": ["string", "null"], "description": "address of the next page, if there is one"},
        "sparql": {"type": "string", "description": "the exact query that gave the rows"},
        "rows": {"type": "array"},
    }
    return {"type": "object", "properties": properties, "required": list(properties)}
