"""Volumes, where each can be had, and boxes around them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from siibra_kg.configurations import words as w
from siibra_kg.configurations.about import about
from siibra_kg.configurations.lines import double, iri_of
from siibra_kg.nt import literal
from siibra_kg.slugs import slug, unique_slugs

if TYPE_CHECKING:
    from siibra_kg.configurations.known import Known
    from siibra_kg.configurations.lines import Lines
    from siibra_kg.configurations.part import Part

__all__ = ["box", "image", "space_of", "volumes"]


def volumes(out: Lines, known: Known, owner: str, part: Part, *, space: str, kind: str, link: str) -> int:
    """Describe the volumes of a space or a map; gives how many there are.

    Parameters
    ----------
    owner
        The node that has them.
    part
        The document, with the list ``volumes``.
    space
        The node of the space that all of them are in.
    kind
        What they show, or nothing.
    link
        The property from the owner to each of them.

    Raises
    ------
    BadDocument
        If one of them says that it is in another space, has no provider, or an address that is none.
    """
    listed = part.parts("volumes")
    for number, volume in enumerate(listed):
        node = f"{owner[:-1]}/volume/{number}>"
        out.add(owner, link, node)
        image(out, node, volume, space=space, kind=kind)
        own = volume.part("space")
        if own is not None and (found := known.spaces.get(own.text("@id"))) is not None and found.node != space:
            raise volume.bad("the volume is in another space than what it belongs to", "space")
        for predicate, key in ((w.LABEL, "name"), (w.VARIANT, "variant"), (w.FRAGMENT, "fragment")):
            out.text(node, predicate, volume.text(key))
        corners = box(out, known, f"{node[:-1]}/box>", volume)
        if corners:
            out.add(node, w.BOUNDING_BOX, corners)
        about(out, known, node, volume)
    return len(listed)


def image(out: Lines, node: str, part: Part, *, space: str, kind: str) -> None:
    """Describe a volume: its space, its kind, its providers."""
    out.type(node, w.VOLUME)
    out.add(node, w.IN_SPACE, space)
    out.text(node, w.VOLUME_KIND, kind)
    providers = part.part("providers")
    if providers is None:
        raise part.bad("there are no providers")
    for kind_of, value in providers.value.items():
        place = f"{node[:-1]}/{slug(kind_of)}"
        if type(value) is str:
            _provider(out, node, f"{place}>", providers, value, kind=kind_of)
            continue
        fragments = providers.part(kind_of)
        if fragments is None:
            raise providers.bad(f"{kind_of} has no address", kind_of)
        slugs = unique_slugs((name, name) for name in fragments.value)
        for name in fragments.value:
            own = f"{place}/{slugs[name]}>"
            _provider(out, node, own, fragments, fragments.text(name, required=True), kind=kind_of, key=name)
            out.text(own, w.FRAGMENT, name)


def _provider(out: Lines, volume: str, node: str, part: Part, text: str, *, kind: str, key: str = "") -> None:
    address, _, member = text.strip().partition(" ")  # "<url of an archive> <file in it>"
    url = iri_of(address)
    if url is None:
        raise part.bad(f"{address[:80]!r} is no address", key or kind)
    out.add(volume, w.DISTRIBUTES, node)
    out.type(node, w.DISTRIBUTION)
    out.add(node, w.PROVIDER_TYPE, literal(kind))
    out.add(node, w.URL, f"<{url}>")
    out.text(node, w.MEMBER, member.strip())


def box(out: Lines, known: Known, node: str, part: Part) -> str:
    """Describe the box of an object, if it has one; gives its node.

    Raises
    ------
    BadDocument
        If it is not two points, or in a space that is not known.
    """
    spec = part.part("boundingbox")
    if spec is None:
        return ""
    corners = spec.triples("coordinates")
    if len(corners) != 2:
        raise spec.bad(f"a box has two corners, not {len(corners)}", "coordinates")
    out.type(node, w.BOX)
    out.add(node, w.IN_SPACE, space_of(known, spec))
    ends = [*map(min, *corners), *map(max, *corners)]
    for predicate, value in zip(w.CORNERS, ends, strict=True):
        out.add(node, predicate, double(value))
    return node


def space_of(known: Known, part: Part, key: str = "space") -> str:
    """Give the node of the space that an object names.

    Raises
    ------
    BadDocument
        If it names none, or one that has no document.
    """
    spec = part.part(key)
    if spec is None:
        raise part.bad(f"there is no {key}")
    found = known.spaces.get(spec.text("@id", required=True))
    if found is None:
        raise spec.bad(f"there is no space {spec.text('@id')!r}", "@id")
    return found.node
