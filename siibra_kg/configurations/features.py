"""Features: what was measured, where in the brain it belongs, and which files hold it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from siibra_kg.configurations import words as w
from siibra_kg.configurations.about import document
from siibra_kg.configurations.lines import double, integer, iri_of
from siibra_kg.configurations.matrices import matrix
from siibra_kg.configurations.volumes import box, image, space_of
from siibra_kg.nt import literal
from siibra_kg.slugs import unique_slugs
from siibra_kg.vocab import SKG

if TYPE_CHECKING:
    from collections.abc import Iterable

    from siibra_kg.configurations.known import Known
    from siibra_kg.configurations.lines import Lines
    from siibra_kg.configurations.part import Part

__all__ = ["Features"]

_WORDS = re.compile("([a-z])([A-Z])")
# Key of the document -> property of the feature; texts as they are written.
_TEXTS = (
    (w.MODALITY, "modality"),
    (w.COHORT, "cohort"),
    (w.PARADIGM, "paradigm"),
    (w.RECEPTOR, "receptor"),
    (w.UNIT, "unit"),
    (w.TIMESTEP, "timestep"),
    (w.SECTION, "section"),
    (w.PATCH, "patch"),
)


class Features:
    """Describes features; knows the nodes of all of them, so that each has one of its own.

    46 of the pinned configuration's 530 have no id, and one id is there twice: a PLI volume is also the MRI volume
    ``b08a7dbc-…--d3ca8fe622051466a5cde547a11111ca``.
    """

    def __init__(self, known: Known, parts: Iterable[Part]) -> None:
        self.parts = sorted(parts, key=lambda part: part.path)
        # A document that has something else for an id is set aside when its turn comes.
        named = ((part.path, _name(part)) for part in self.parts)
        self._nodes = {path: known.node(f"feature/{made}") for path, made in unique_slugs(named).items()}

    def feature(self, out: Lines, known: Known, part: Part) -> str:
        """Describe a feature; gives its node."""
        node = self._nodes[part.path]
        kind = known.tables.features[part.text("@type")]
        name = kind.name(part.text("modality"))
        if not name:
            raise part.bad(f"no feature of this type has the modality {part.text('modality')!r}", "modality")
        out.type(node, w.FEATURE, f"<{SKG}{name}>")
        document(out, known, node, part)
        for predicate, key in _TEXTS:
            out.text(node, predicate, part.text(key))
        space = _image(out, known, node, part, kind.volume) if kind.shape == "image" else ""
        if kind.shape == "table":
            _files(out, node, part)
        _location(out, known, node, part)
        _anchor(out, known, node, part)
        if kind.shape == "matrix":
            matrix(out, known, node, part)
        species = next((s.species for s in known.spaces.values() if s.node == space), "") if space else ""
        species = species or known.species(part)
        if not species:
            raise part.bad("there is no species")
        out.add(node, w.SPECIES, f"<{species}>")
        out.text(node, w.PREF_LABEL, _label(known, part, name))
        return node


def _name(part: Part) -> str:
    identifier = part.value.get("@id")
    if type(identifier) is str and identifier:
        return identifier
    return part.path.rpartition("/")[2].removesuffix(".json")


def _label(known: Known, part: Part, name: str) -> str:
    """Name a feature for people: siibra itself calls all fingerprints alike."""
    own = part.text("name")
    if own:
        return own
    spec = part.part("parcellation")
    release = known.releases.get(spec.text("@id")) if spec is not None else None
    told = (
        part.text("region") or (release.name if release else ""),
        *(part.text(key) for key in ("receptor", "cohort", "paradigm")),
        *(f"{key} {part.text(key)}" for key in ("section", "patch") if part.text(key)),
    )
    readable = _WORDS.sub(r"\g<1> \g<2>", name)
    return ": ".join(filter(None, (readable, ", ".join(filter(None, told)))))


def _anchor(out: Lines, known: Known, node: str, part: Part) -> None:
    """Say which region or parcellation it belongs to, as it is written.

    Raises
    ------
    BadDocument
        If there is nothing that says where it belongs, or a parcellation without a document.
    """
    region = part.text("region")
    out.text(node, w.ANCHOR_TEXT, region)
    spec = part.part("parcellation")
    if spec is not None:
        identifier = spec.text("@id")
        found = known.releases.get(identifier)
        if found is not None:
            out.add(node, w.ANCHOR_RELEASE, found.node)
        elif identifier:
            raise spec.bad(f"there is no parcellation {identifier!r}", "@id")
        elif not region:
            out.text(node, w.ANCHOR_TEXT, spec.text("name", required=True))
    if spec is None and not region and not {"location", "space"} & part.value.keys():
        raise part.bad("there is no region, parcellation, location or space: it belongs nowhere")


def _image(out: Lines, known: Known, node: str, part: Part, kind: str) -> str:
    """Describe the volume of an image and the box around it; gives the node of its space."""
    space = space_of(known, part)
    volume = f"{node[:-1]}/volume/0>"
    out.add(node, w.IN_SPACE, space)
    out.add(node, w.HAS_VOLUME, volume)
    image(out, volume, part, space=space, kind=kind)
    corners = box(out, known, f"{node[:-1]}/box>", part)
    if corners:
        out.add(node, w.BOUNDING_BOX, corners)
        out.add(volume, w.BOUNDING_BOX, corners)
    return space


def _location(out: Lines, known: Known, node: str, part: Part) -> None:
    spec = part.part("location")
    if spec is None:
        return
    kind = spec.text("@type", required=True)
    if kind == "siibra/location/boundingbox/v0.1":
        place = box(out, known, f"{node[:-1]}/box>", spec)
        if not place:
            raise spec.bad("there is no boundingbox")
        out.add(node, w.LOCATION, place)
        inner = spec.part("boundingbox")
        out.add(node, w.IN_SPACE, space_of(known, inner or spec))
        return
    if kind == "siibra/location/point/v0.1":
        points = {f"{node[:-1]}/point>": spec.triple("coordinate")}
    elif kind == "siibra/location/pointcloud/v0.1":
        points = {f"{node[:-1]}/point/{i}>": point for i, point in enumerate(spec.triples("coordinates"))}
    else:
        raise spec.bad(f"the location {kind!r} is not known", "@type")
    space = space_of(known, spec)
    out.add(node, w.IN_SPACE, space)
    for place, coordinates in points.items():
        out.add(node, w.LOCATION, place)
        out.type(place, w.POINT)
        out.add(place, w.IN_SPACE, space)
        for predicate, value in zip(w.COORDINATES, coordinates, strict=True):
            out.add(place, predicate, double(value))


def _files(out: Lines, node: str, part: Part) -> None:
    """Describe the files of a table: one with all of it, or one of each role for each of several pieces."""
    listed: list[tuple[str, str, int | None, str]] = []
    if "file" in part.value:
        listed.append(("data", "file", None, part.text("file")))
    listed += [
        (role, key, number, address)
        for role, key in (("segments", "segmentfiles"), ("layers", "layerfiles"))
        for number, address in enumerate(part.texts(key))
    ]
    if not listed:
        raise part.bad("there is no file")
    for role, key, number, address in listed:
        url = iri_of(address)
        if url is None:
            raise part.bad(f"{address[:80]!r} is no address", key)
        file = f"{node[:-1]}/file/{'0' if number is None else f'{role}-{number}'}>"
        out.add(node, w.HAS_FILE, file)
        out.type(file, w.FILE)
        out.add(file, w.URL, f"<{url}>")
        out.add(file, w.FILE_ROLE, literal(role))
        if number is not None:
            out.add(file, w.POSITION, integer(number))
