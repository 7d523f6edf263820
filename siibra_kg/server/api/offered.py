"""Which templates are offered over HTTP, and what they are called there."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from siibra_kg import resources
from siibra_kg.errors import NoSuchTemplate
from siibra_kg.graph import ROLES
from siibra_kg.server.problem import Refused
from siibra_kg.templates import Catalog

if TYPE_CHECKING:
    from collections.abc import Iterator

    from siibra_kg.templates import Parameter, Template

__all__ = ["PAGING", "catalog", "expected", "offered", "operation_id", "pages_itself", "template_named"]

#: Parameters of every address: they say which rows and in which form, not what is asked.
PAGING = ("limit", "offset", "format")

#: Folders that are not offered. Federated templates call other servers, and whoever asks here must not choose whom
#: this machine calls; ``siibra-kg`` and ``kg.federate`` run them where the asker is.
_ELSEWHERE = ("federate/",)
_LONGEST_NAME = 200
_KINDS = {"integer": "an integer", "decimal": "a number", "boolean": "true or false", "string": "a string"}


@cache
def catalog() -> Catalog:
    """Give the templates; files do not change while a server runs."""
    return Catalog(resources.folder("queries"))


def offered() -> Iterator[Template]:
    """Give the templates that have an address, in alphabetical order."""
    templates = catalog()
    return (templates[name] for name in templates if not name.startswith(_ELSEWHERE))


def template_named(name: str) -> Template:
    """Give an offered template.

    Raises
    ------
    Refused
        With status 404 and the nearest names, if there is none.
    """
    templates = catalog()
    if name in templates and not name.startswith(_ELSEWHERE):
        return templates[name]
    shown = name[:_LONGEST_NAME]
    near = [n for n in _nearest(shown) if not n.startswith(_ELSEWHERE)]
    hint = f"; did you mean {', '.join(near)}?" if near else ""
    raise Refused(404, "no-such-template", f"there is no template {shown!r} here{hint} (/api lists them)", nearest=near)


def _nearest(name: str) -> tuple[str, ...]:
    try:
        catalog()[name]
    except NoSuchTemplate as error:
        return error.close
    return ()


def pages_itself(template: Template) -> bool:
    """Tell whether a template has ``limit`` and ``offset`` of its own: then the engine leaves out the other rows."""
    return {"limit", "offset"} <= {p.name for p in template.parameters}


def operation_id(name: str) -> str:
    """Give the name of a template as program code can have it.

    >>> operation_id("hierarchy/path-to-root")
    'hierarchy_path_to_root'
    """
    return name.replace("/", "_").replace("-", "_")


def expected(parameter: Parameter) -> str:
    """Say what a parameter takes.

    >>> expected(template_named("hierarchy/descendants").parameters[0])
    'the name of a region, an IRI, or a CURIE'
    """
    if parameter.type != "iri":
        return _KINDS[parameter.type]
    kind = ROLES[parameter.name].__name__ if parameter.name in ROLES else "node"
    return f"the name of {'an' if kind[0] in 'aeiou' else 'a'} {kind}, an IRI, or a CURIE"
