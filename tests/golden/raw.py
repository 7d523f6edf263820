"""An independent reading of the raw openMINDS JSON: releases, regions, trees, labels, in plain Python.

Golden rows come from here and not from the code under test: no RDF, no SPARQL, nothing of ``siibra_kg``. The
rules are those of ``docs/data-model.md``, written a second time.
"""

from __future__ import annotations

import json
import re
import tarfile
from collections import defaultdict
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

OMI = "https://openminds.om-i.org/instances/"
BASE = "https://w3id.org/siibra-kg/"
#: Dangling parents whose meaning is known (20 Julich-Brain entity versions).
PARENT_REPAIRS = {
    f"{OMI}parcellationEntity/JBA_sublenticularBasalForebrain": f"{OMI}parcellationEntity/JBA_sublenticularPart"
}
ARCHIVES = "github.com/openMetadataInitiative/openMINDS_instances/archive"


@dataclass
class Region:
    """A region of a release, an inner node of its tree, or a version-independent entity."""

    iri: str
    name: str
    parent: str | None = None
    entity: str | None = None
    versions: list[str] = field(default_factory=list)
    sides: tuple[str, ...] = ()


@dataclass
class Release:
    """An atlas release across spaces."""

    iri: str
    slug: str
    atlas: str
    version: str
    versions: list[str]
    regions: dict[str, Region] = field(default_factory=dict)


def slug(text: str) -> str:
    """Lower case; runs of anything but letters, digits and dots become a hyphen."""
    return re.sub(r"[^a-z0-9.]+", "-", text.lower()).strip("-")


def local(iri: str) -> str:
    """The last segment of an IRI."""
    return iri.rsplit("/", 1)[-1]


def ids(value: Any) -> list[str]:
    """The ``@id`` values of a link or a list of links."""
    values = value if isinstance(value, list) else [value] if value else []
    return [v["@id"] for v in values]


def documents(archive: Path) -> Iterator[dict[str, Any]]:
    """The documents of ``instances/latest`` in an archive."""
    with tarfile.open(archive) as tar:
        for member in tar:
            parts = member.name.split("/")
            if member.isfile() and parts[1:3] == ["instances", "latest"]:
                data = tar.extractfile(member)
                assert data is not None
                yield json.load(data)


class Raw:
    """All documents by IRI and type, and what follows from them."""

    def __init__(self, archive: Path) -> None:
        self.nodes = {d["@id"]: d for d in documents(archive)}
        self.by_type: dict[str, list[str]] = defaultdict(list)
        for iri in sorted(self.nodes):
            self.by_type[local(self.nodes[iri]["@type"])].append(iri)
        self.entities = {i: self._entity(i) for i in self.by_type["ParcellationEntity"]}
        self.releases = {r.slug: r for r in self._releases()}
        for release in self.releases.values():
            self._fill(release)

    def _entity(self, iri: str) -> Region:
        node = self.nodes[iri]
        parents = [p for p in ids(node.get("hasParent")) if p in self.nodes]
        return Region(iri, " ".join(node["name"].split()), parents[0] if parents else None, iri)

    def _releases(self) -> Iterator[Release]:
        seen: set[str] = set()
        versions = self.by_type["AnatomicalAtlasVersion"]
        for first in versions:
            if first in seen:
                continue
            clique = sorted({first, *ids(self.nodes[first].get("isVariantOf"))})
            seen.update(clique)
            node = self.nodes[first]
            (atlas,), major = ids(node["isVersionOf"]), node.get("majorVersionIdentifier")
            others = {
                self.nodes[v].get("majorVersionIdentifier")
                for v in versions
                if v not in clique and ids(self.nodes[v]["isVersionOf"]) == [atlas]
            }
            shared = not major or major in others
            short = slug(local(first) if shared else f"{local(atlas)}-{major}")
            version = node["versionIdentifier"] if shared else major
            yield Release(f"{BASE}id/release/{short}", short, atlas, version, clique)

    def entity_of(self, pev: str, release: Release) -> str | None:
        """The entity that a version belongs to: stated, or recovered from its id or name (Julich-Brain)."""
        stated = ids(self.nodes[pev].get("isVersionOf"))
        if stated:
            return stated[0]
        atlas = local(release.atlas)
        prefix = next(local(v) for v in release.versions if local(pev).startswith(local(v) + "_"))
        stem = re.sub(r"_PM-v[\d.]+$", "", local(pev)[len(prefix) + 1 :])
        candidate = f"{OMI}parcellationEntity/{atlas}_{stem}"
        corrected = self.nodes[pev].get("correctedName")
        if candidate in self.entities and corrected in (None, self.entities[candidate].name):
            return candidate
        named = [e for e in self._entities_of(atlas) if self.entities[e].name == (corrected or self.nodes[pev]["name"])]
        return named[0] if len(named) == 1 else None

    @cache  # noqa: B019  one Raw per test run
    def _entities_of(self, atlas: str) -> tuple[str, ...]:
        return tuple(e for e in self.entities if local(e).startswith(atlas + "_"))

    def members(self, aav: str) -> list[str]:
        """The entity versions that an atlas version lists and that exist, and those that only their id puts there."""
        listed = {p for p in ids((self.nodes[aav].get("hasTerminology") or {}).get("hasEntity")) if p in self.nodes}
        return sorted(listed | {p for p in self._unlisted() if local(p).startswith(local(aav) + "_")})

    @cache  # noqa: B019  one Raw per test run
    def _unlisted(self) -> tuple[str, ...]:
        versions = self.by_type["AnatomicalAtlasVersion"]
        listed = {p for v in versions for p in ids((self.nodes[v].get("hasTerminology") or {}).get("hasEntity"))}
        return tuple(p for p in self.by_type["ParcellationEntityVersion"] if p not in listed)

    def _fill(self, release: Release) -> None:
        parents: dict[str, str | None] = {}
        for aav in release.versions:
            for pev in self.members(aav):
                node, entity = self.nodes[pev], self.entity_of(pev, release)
                prefix = local(release.atlas) if entity else local(aav)
                iri = self._iri(release, local(entity or pev)[len(prefix) + 1 :])
                name = " ".join(node["name"].split())
                region = release.regions.setdefault(iri, Region(iri, name, None, entity))
                if region.name != name and entity:
                    same = self.entities[entity].name
                    region.name = same if same in (name, region.name) else min(name, region.name)
                region.versions.append(pev)
                region.sides = tuple(sorted({*region.sides, *self._sides(pev)}))
                up = [PARENT_REPAIRS.get(p, p) for p in ids(node.get("hasParent"))]
                parents.setdefault(iri, up[0] if up else None)
        for iri, entity in parents.items():
            release.regions[iri].parent = self._climb(release, entity)

    def _climb(self, release: Release, entity: str | None) -> str | None:
        """The region for a parent entity; makes context regions up to the root."""
        if entity is None or entity not in self.entities:
            return None
        for region in release.regions.values():
            if region.entity == entity:
                return region.iri
        source = self.entities[entity]
        iri = self._iri(release, local(entity)[len(local(release.atlas)) + 1 :])
        release.regions[iri] = Region(iri, source.name, None, entity)
        release.regions[iri].parent = self._climb(release, source.parent)
        return iri

    @staticmethod
    def _iri(release: Release, rest: str) -> str:
        return f"{BASE}id/region/{release.slug}/{slug(rest)}"

    def annotations(self, pev: str) -> list[dict[str, Any]]:
        """The annotations of an entity version, flat: label, colour, sides, criteria."""
        out = []
        for a in self.nodes[pev].get("hasAnnotation") or []:
            colour = ids((a.get("preferredVisualization") or {}).get("preferredDisplayColor"))
            out.append(
                {
                    "label": int(a["internalIdentifier"]) if a.get("internalIdentifier") else None,
                    "color": colour[0].rsplit("/", 1)[-1].upper() if colour else None,
                    "sides": sorted(local(s) for s in ids(a.get("laterality"))),
                    "criteria": local(ids(a["criteriaType"])[0]) if a.get("criteriaType") else None,
                }
            )
        return out

    def _sides(self, pev: str) -> list[str]:
        return sorted({s for a in self.annotations(pev) for s in a["sides"]})

    def path(self, tree: dict[str, Region], iri: str) -> list[Region]:
        """A node, its parent, and so on to the root."""
        out: list[Region] = []
        node: str | None = iri
        while node is not None:
            out.append(tree[node])
            node = tree[node].parent
        return out

    def below(self, tree: dict[str, Region], iri: str) -> list[tuple[int, Region]]:
        """Everything below a node with its distance, nearest first, then by name."""
        out = []
        for region in tree.values():
            path = [r.iri for r in self.path(tree, region.iri)]
            if iri in path[1:]:
                out.append((path.index(iri), region))
        return sorted(out, key=lambda item: (item[0], item[1].name, item[1].iri))
