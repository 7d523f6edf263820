"""Golden rows of look-ups by name, synonym and key, and of nodes as such."""

from __future__ import annotations

import re
from typing import Any

from golden.expected import PROPS, Rows, golden
from golden.raw import OMI, Raw, Release, ids, local

LABELS = ("name", "alternateName", "abbreviation")
TITLES = ("shortName", "fullName", "abbreviation")


def values(node: dict[str, Any], *names: str) -> set[str]:
    """The strings of some properties of a node, white space tidied."""
    found = (node.get(name) or [] for name in names)
    return {" ".join(text.split()) for value in found for text in (value if isinstance(value, list) else [value])}


def keyed(text: str) -> str:
    """Lower case, everything but letters and digits one space; enough for the ASCII names of the examples."""
    return re.sub("[^a-z0-9]+", " ", text.lower()).strip()


def every(raw: Raw) -> list[tuple[Release, Any]]:
    """All regions of all releases."""
    return [(release, region) for release in raw.releases.values() for region in release.regions.values()]


def synonyms(raw: Raw, region: Any) -> set[str]:
    """What the entity versions of a region, or the entity of a context region, are called beside its own name."""
    stated = [values(raw.nodes[v], *LABELS, "correctedName") for v in region.versions]
    context = [values(raw.nodes[region.entity], "alternateName", "abbreviation")] if not region.versions else []
    return set().union(*stated, *context) - {region.name}


def atlas_of(entity: str) -> str:
    return f"{OMI}anatomicalAtlas/{local(entity).split('_')[0]}"


@golden("region/by-synonym", "iri", "name", "parcellation")
def by_synonym(raw: Raw, synonym: str) -> Rows:
    found: Rows = [(r.iri, r.name, home.iri) for home, r in every(raw) if synonym in synonyms(raw, r)]
    for iri, entity in raw.entities.items():
        if synonym in values(raw.nodes[iri], "alternateName", "abbreviation"):
            found.append((iri, entity.name, atlas_of(iri)))
    return found


@golden("region/by-key", "key", "iri", "name", "parcellation")
def by_key(raw: Raw, keys: tuple[str, ...]) -> Rows:
    found: Rows = []
    for home, r in every(raw):
        of_entity = values(raw.nodes[r.entity], *LABELS, "lookupLabel") if r.entity else set()
        there = {keyed(text) for text in {r.name, *synonyms(raw, r), *of_entity}}
        found += [(key, r.iri, r.name, home.iri) for key in keys if key in there]
    for iri, entity in raw.entities.items():
        there = {keyed(text) for text in values(raw.nodes[iri], *LABELS, "lookupLabel")}
        found += [(key, iri, entity.name, atlas_of(iri)) for key in keys if key in there]
    return found


@golden("atlas/by-key", "key", "iri")
def atlas_by_key(raw: Raw, keys: tuple[str, ...]) -> Rows:
    nodes = [
        (iri, {keyed(t) for t in (*values(raw.nodes[iri], *TITLES), local(iri))})
        for iri in raw.by_type["AnatomicalAtlas"]
    ]
    return [(key, iri) for key in keys for iri, there in nodes if key in there]


@golden("release/by-key", "key", "iri")
def release_by_key(raw: Raw, keys: tuple[str, ...]) -> Rows:
    known = [(r.iri, {keyed(t) for t in (r.slug, *map(local, r.versions))}) for r in raw.releases.values()]
    return [(key, iri) for key in keys for iri, there in known if key in there]


@golden("space/by-key", "key", "iri")
def space_by_key(raw: Raw, keys: tuple[str, ...]) -> Rows:
    found: Rows = []
    for iri in raw.by_type["CommonCoordinateFrameworkVersion"]:
        named = (iri, *ids(raw.nodes[iri]["isVersionOf"]))
        there = {keyed(t) for n in named for t in (*values(raw.nodes[n], *TITLES), local(n))}
        found += [(key, iri) for key in keys if key in there]
    return found


def stated(raw: Raw, node: str) -> set[tuple[str, str]]:
    """Property and value of a node that embeds no other, as openMINDS states them."""
    found = {("http://www.w3.org/1999/02/22-rdf-syntax-ns#type", raw.nodes[node]["@type"])}
    for name, value in raw.nodes[node].items():
        for one in [] if name.startswith("@") or value is None else value if isinstance(value, list) else [value]:
            found.add((PROPS + name, one["@id"] if isinstance(one, dict) else one))
    return found
