"""What every document may say, whatever it is about: publications, EBRAINS ids, description, prerelease."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from siibra_kg.configurations import words as w
from siibra_kg.configurations.lines import TRUE, digest, iri_of
from siibra_kg.slugs import slug
from siibra_kg.vocab import NAMESPACES, OMT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from siibra_kg.configurations.known import Known
    from siibra_kg.configurations.lines import Lines
    from siibra_kg.configurations.part import Part

__all__ = ["about", "document", "ebrains"]

_DOI = re.compile(r"https?://(?:dx\.|www\.)?doi\.org/", re.IGNORECASE)
_ID = re.compile(r"[0-9A-Za-z][0-9A-Za-z_.-]*\Z")
_TYPE = re.compile(r"[A-Za-z]+\Z")


def document(out: Lines, known: Known, node: str, part: Part) -> None:
    """Say of the node of a document where it is defined, and all that :func:`about` says."""
    out.text(node, w.DEFINED_IN, part.path)
    out.text(node, w.KIND, part.text("@type"))
    out.text(node, w.IDENTIFIER, part.text("@id"))
    about(out, known, node, part)


def about(out: Lines, known: Known, node: str, part: Part) -> None:
    """Say description, publications, EBRAINS ids and prerelease."""
    value = part.value
    if "description" in value:
        out.text(node, w.DESCRIPTION, part.text("description").strip())
    if "ebrains" in value:
        ebrains(out, known, node, part)
    if "publications" in value:
        for publication in part.parts("publications"):
            out.add(node, w.REFERENCES, _publication(out, known, publication))
    if part.flag("prerelease"):
        out.add(node, w.PRERELEASE, TRUE)


def ebrains(out: Lines, known: Known, node: str, part: Part) -> None:
    """Link what the EBRAINS Knowledge Graph, or its predecessor, has the same thing under."""
    ids = part.part("ebrains")
    if ids is None:
        return
    for kind in ids.value:
        for identifier in _identifiers(ids, kind):
            if kind.startswith("openminds/") and _TYPE.match(kind, 10):
                instance = f"<{NAMESPACES['kg']}{identifier}>"
                out.type(instance, f"<{OMT}{kind[10:]}>")
            elif kind.startswith("minds/core/"):
                instance = known.node(f"minds/{slug(kind.split('/')[2])}/{identifier}")
            else:
                raise ids.bad(f"{kind!r} is no kind of EBRAINS id that is known", kind)
            out.add(node, w.EBRAINS, instance)


def _identifiers(ids: Part, kind: str) -> Iterator[str]:
    several = ids.texts(kind) if type(ids.value[kind]) is list else [ids.text(kind)]
    for identifier in several:
        if not identifier:
            continue
        if _ID.match(identifier) is None:
            raise ids.bad(f"{identifier!r} is no EBRAINS id", kind)
        yield identifier


def _publication(out: Lines, known: Known, part: Part) -> str:
    """Describe a publication; gives its node: its DOI or address, else one made of what is said of it."""
    url = iri_of(_DOI.sub("https://doi.org/", part.text("url").strip()))
    node = f"<{url}>" if url else known.node(f"publication/{digest(part.value)}")
    out.type(node, w.ARTICLE)
    for predicate, key in (
        (w.NAME, "name"),
        (w.CITATION, "citation"),
        (w.LICENSE, "license"),
        (w.DESCRIPTION, "description"),
    ):
        out.text(node, predicate, part.text(key).strip())
    # One text: statements have no order, and that of authors counts.
    out.text(node, w.AUTHOR, "; ".join(name.strip() for name in part.texts("authors")))
    return node
