"""Atlases and spaces."""

from __future__ import annotations

from typing import TYPE_CHECKING

from siibra_kg.configurations import words as w
from siibra_kg.configurations.about import document
from siibra_kg.configurations.volumes import volumes
from siibra_kg.nt import number
from siibra_kg.slugs import slug

if TYPE_CHECKING:
    from siibra_kg.configurations.known import Known
    from siibra_kg.configurations.lines import Lines
    from siibra_kg.configurations.part import Part

__all__ = ["atlas", "space"]


def atlas(out: Lines, known: Known, part: Part) -> str:
    """Describe an atlas: the parcellations and spaces of one species; gives its node.

    One that it lists without a document of its own is kept as a text: human.json lists the parcellation
    ``…/d41d8cd98f00b204e9800998ecf8427e``, and d41d8… is the MD5 of nothing.
    """
    name = part.text("name", required=True)
    node = known.node(f"siibra/atlas/{slug(name)}")
    out.type(node, w.ATLAS)
    out.text(node, w.PREF_LABEL, name)
    document(out, known, node, part)
    _species(out, known, node, part)
    order = part.number("order")
    if order is not None:
        out.add(node, w.ORDER, number(order))
    for key, all_of_them in (("spaces", known.spaces), ("parcellations", known.releases)):
        for identifier in part.texts(key):
            found = all_of_them.get(identifier)
            if found is None:
                out.text(node, w.UNRESOLVED, identifier)
            else:
                out.add(node, w.HAS_PART, found.node)
    return node


def space(out: Lines, known: Known, part: Part) -> str:
    """Describe a space with its templates; gives its node."""
    name = part.text("name", required=True)
    node = known.spaces[part.text("@id")].node
    out.type(node, w.SPACE)
    out.text(node, w.SIIBRA_NAME, name)
    out.text(node, w.SHORT_NAME, part.text("shortName"))
    out.text(node, w.MODALITY, part.text("modality"))
    document(out, known, node, part)
    _species(out, known, node, part)
    volumes(out, known, node, part, space=node, kind="template", link=w.HAS_TEMPLATE)
    return node


def _species(out: Lines, known: Known, node: str, part: Part) -> None:
    species = known.species(part)
    if species:
        out.add(node, w.SPECIES, f"<{species}>")
