"""Maps: volumes, and the index that says which voxels of which volume mean which region."""

from __future__ import annotations

from typing import TYPE_CHECKING

from siibra_kg.configurations import words as w
from siibra_kg.configurations.about import document
from siibra_kg.configurations.lines import TRUE, digest, integer
from siibra_kg.configurations.volumes import space_of, volumes
from siibra_kg.nt import literal
from siibra_kg.siibra_names import clear_name
from siibra_kg.slugs import slug

if TYPE_CHECKING:
    from collections.abc import Iterator

    from siibra_kg.configurations.known import Known
    from siibra_kg.configurations.lines import Lines
    from siibra_kg.configurations.part import Part

__all__ = ["map_node", "parcellation_map"]

_PREFIX = "siibra-map-v0.0.1_"
# The second name is siibra's spelling.
_INDICES = ("indices", "unmappedIndicies")


def map_node(known: Known, identifier: str) -> str:
    """Give the node of the map with an id of siibra's."""
    return known.node(f"map/{slug(identifier.removeprefix(_PREFIX))}")


def parcellation_map(out: Lines, known: Known, part: Part) -> str:
    """Describe a map with its volumes and its index; gives its node.

    Raises
    ------
    BadDocument
        If its space or parcellation has no document, or a row names a volume that the map has not.
    """
    node = map_node(known, part.text("@id", required=True))
    out.type(node, w.MAP)
    out.text(node, w.LABEL, part.text("name"))
    out.text(node, w.SHORT_NAME, part.text("shortName"))
    out.text(node, w.MODALITY, part.text("modality"))
    document(out, known, node, part)
    if "species" in part.value:
        out.add(node, w.SPECIES, f"<{known.species(part)}>")
    space = space_of(known, part)
    out.add(node, w.IN_SPACE, space)
    out.add(node, w.OF_RELEASE, _release(known, part))
    if part.flag("represented_as_sparsemap"):
        out.add(node, w.SPARSE, TRUE)
    kind = _kind(part)
    out.text(node, w.MAP_KIND, kind)
    count = volumes(out, known, node, part, space=space, kind=kind, link=w.HAS_VOLUME)
    _index(out, node, part, count)
    return node


def _release(known: Known, part: Part) -> str:
    spec = part.part("parcellation")
    if spec is None:
        raise part.bad("there is no parcellation")
    found = known.releases.get(spec.text("@id", required=True))
    if found is None:
        raise spec.bad(f"there is no parcellation {spec.text('@id')!r}", "@id")
    return found.node


def _kind(part: Part) -> str:
    """Tell what kind of map it is as siibra does: labelled if every row has a label, statistical if none has."""
    labelled = {row.whole("label") is not None for _, _, row in _rows(part, "indices")}
    if len(labelled) > 1:
        raise part.bad("some rows have a label and some have none", "indices")
    return {True: "labelled", False: "statistical"}[labelled.pop()] if labelled else ""


def _rows(part: Part, key: str) -> Iterator[tuple[str, int, Part]]:
    """Give the name, the position and the row of each entry of an index."""
    index = part.part(key)
    if index is None:
        return
    for name in index.value:
        for number, row in enumerate(index.parts(name)):
            yield name, number, row


def _index(out: Lines, node: str, part: Part, volumes_of_it: int) -> None:
    prefix = node[:-1]
    seen: dict[str, int] = {}
    for key in _INDICES:
        for name, _, row in _rows(part, key):
            made = digest([key, name, row.value] if key != "indices" else [name, row.value])
            seen[made] = seen.get(made, 0) + 1
            own = f"{prefix}/index/{made}>" if seen[made] == 1 else f"{prefix}/index/{made}~{seen[made]}>"
            out.add(node, w.HAS_INDEX, own)
            out.type(own, w.INDEX)
            out.add(own, w.LABEL, literal(name))
            out.add(own, w.SIIBRA_NAME, literal(clear_name(name)))
            if key != "indices":
                out.add(own, w.UNMAPPED, TRUE)
            for predicate, field in ((w.VOXEL, "label"), (w.VOLUME_INDEX, "volume"), (w.Z_INDEX, "z")):
                value = row.whole(field)
                if value is not None:
                    out.add(own, predicate, integer(value))
            out.text(own, w.FRAGMENT, row.text("fragment"))
            number = row.whole("volume") or 0  # siibra's default
            if number >= volumes_of_it:
                raise row.bad(f"there is no volume {number}, the map has {volumes_of_it}", "volume")
            out.add(own, w.WHICH_VOLUME, f"{prefix}/volume/{number}>")
