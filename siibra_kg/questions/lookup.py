"""From what people write to what the graph holds: regions by name, id or IRI.

The rules, in the order in which they are tried:

1. A value of the model stands for itself; an IRI or CURIE for the node that it names, so for instance a
   ParcellationEntityVersion for the region that it realises; ``jba-v3.0.3/area-hoc1`` (the end of a region's IRI) too.
2. A name without a parcellation is searched in the newest release of each atlas; with one, in that release alone. An
   unversioned parcellation name means the newest release (:mod:`siibra_kg.questions.naming`).
3. Case, accents, punctuation and spacing do not count. A hemisphere word at either end (``left hOc1``, ``Amygdala_L``)
   selects the hemisphere node, unless the whole text is itself a name.
4. An exact name beats an id, an id beats a synonym or abbreviation, a synonym beats part of a name: all words of the
   spec are words of the name (``hoc1`` for "Area hOc1 (V1, 17, CalcS)"), or beginnings of them.
5. The best kind of hit decides. If it has one region, that is the answer; if several, they are the candidates of
   :class:`~siibra_kg.errors.AmbiguousName`. :func:`find_regions` gives the hits of all kinds, best first.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from siibra_kg.errors import AmbiguousName, NoSuchName
from siibra_kg.model import Parcellation, Region
from siibra_kg.names import key, split_hemisphere, tokens
from siibra_kg.questions import matching, naming, parcellations, regions
from siibra_kg.terms import IRI, expand, is_iri, local_name

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from siibra_kg.questions.ask import Asker
    from siibra_kg.table import Row

__all__ = ["as_iri", "by_role", "find_regions", "region", "resolve"]

# Kinds of hits, best first.
_NAME, _ID, _SYNONYM, _WORDS, _BEGINNINGS = range(5)


def region(ask: Asker, spec: Region | str, parcellation: Parcellation | str | None = None) -> Region:
    """Give the one region that a name, id, CURIE or IRI stands for.

    Parameters
    ----------
    ask
        The graph.
    spec
        See the rules of this module.
    parcellation
        Where to look; all atlases in their newest release unless told.

    Raises
    ------
    NoSuchName
        If nothing fits; ``close`` has the nearest names.
    AmbiguousName
        If the best kind of hit has several regions; ``candidates`` has them.
    """
    if isinstance(spec, Region):
        return spec
    spec = naming.as_text(spec, "region")
    homes = _homes(ask, parcellation)
    found = _best(ask, spec, homes)
    within = homes[0].name if parcellation is not None else ""
    if not found:
        raise NoSuchName(spec, "region", _nearest(ask, spec, homes), within)
    if len(found) > 1:
        raise AmbiguousName(spec, "region", found, within)
    return found[0]


def find_regions(ask: Asker, spec: Region | str, parcellation: Parcellation | str | None = None) -> tuple[Region, ...]:
    """Give all regions that a text may stand for, best first; nothing if none fits.

    The order is that of rule 4, then by name of the parcellation, name and IRI.
    """
    if isinstance(spec, Region):
        return (spec,)
    spec = naming.as_text(spec, "region")
    homes = _homes(ask, parcellation)
    hits = _direct(ask, spec, homes)
    if not hits:
        hits = {**_partial(ask, spec, homes), **_named(ask, spec, homes)}
    found = _sorted(regions.describe(ask, sorted(hits)))
    return tuple(sorted(found, key=lambda r: hits[r.iri]))


def resolve(ask: Asker, spec: object) -> IRI:
    """Give the node that a spec stands for, whatever it is.

    An IRI or CURIE stands for itself. Then a controlled term with exactly this name, unless a region is called so too
    ("caudate-putamen" is the term, "caudate putamen" a region of Waxholm); then a region, a parcellation, a space, an
    atlas; last a controlled term by synonym or key.
    """
    if not isinstance(spec, str):
        iri = getattr(spec, "iri", None)
        if isinstance(iri, IRI):
            return iri
        raise NoSuchName(repr(spec), "node")
    spec = naming.as_text(spec, "node")
    direct = as_iri(spec)
    if direct is not None:
        return direct
    if not ask.table("region/by-name", name=spec):
        exact = naming.terms(ask, spec, exact=True)
        if len(exact) == 1:
            return exact[0]
    homes = _homes(ask, None)
    found = _best(ask, spec, homes)
    if len(found) > 1:
        raise AmbiguousName(spec, "region", found)
    if found:
        return found[0].iri
    kinds = (naming.parcellation, naming.space, naming.atlas, naming.term)
    other = next((iri for iri in (_tried(ask, spec, kind) for kind in kinds) if iri is not None), None)
    if other is None:
        raise NoSuchName(spec, "node", _nearest(ask, spec, homes))
    return other


def _tried(ask: Asker, spec: str, kind: Callable[[Asker, str], Any]) -> IRI | None:
    try:
        found = kind(ask, spec)
    except NoSuchName:
        return None
    return found if isinstance(found, IRI) else IRI(found.iri)


def by_role(ask: Asker, parameter: str, spec: str) -> IRI:
    """Give the node that a name stands for as the value of a parameter of a template.

    ``release``, ``old``, ``new`` and ``parcellations`` take the name of a parcellation, ``atlas`` of an atlas,
    ``space`` of a space, ``region``, ``a``, ``b`` and ``regions`` of a region, ``root`` of a parcellation or a region;
    any other parameter takes whatever :func:`resolve` knows.
    """
    if parameter in ("release", "releases", "old", "new", "parcellations"):
        return naming.parcellation(ask, spec).iri
    if parameter == "atlas":
        return naming.atlas(ask, spec).iri
    if parameter == "space":
        return naming.space(ask, spec).iri
    if parameter in ("region", "regions", "a", "b"):
        return region(ask, spec).iri
    if parameter == "root":
        return _tried(ask, spec, naming.parcellation) or region(ask, spec).iri
    return resolve(ask, spec)


def as_iri(spec: str) -> IRI | None:
    """Give the IRI that a text is, as IRI or CURIE; ``None`` if it is neither."""
    if isinstance(spec, IRI):
        return spec
    expanded = expand(spec)
    if expanded is not None:
        return expanded
    return IRI(spec) if "://" in spec and is_iri(spec) else None


def _homes(ask: Asker, spec: Parcellation | str | None) -> tuple[Parcellation, ...]:
    if spec is not None:
        return (naming.parcellation(ask, spec),)
    return tuple(p for row in ask.table("atlas/list") for p in parcellations.heads(ask, row.iri))


def _best(ask: Asker, spec: str, homes: Sequence[Parcellation]) -> list[Region]:
    """Give the regions of the best kind of hit, in a stable order."""
    hits = _direct(ask, spec, homes) or _named(ask, spec, homes) or _partial(ask, spec, homes)
    best = min(hits.values(), default=_NAME)
    return _sorted(regions.describe(ask, sorted(iri for iri, kind in hits.items() if kind == best)))


def _direct(ask: Asker, spec: str, homes: Sequence[Parcellation]) -> dict[IRI, int]:
    """Rule 1: IRIs, CURIEs, openMINDS ids and ends of region IRIs."""
    iri = as_iri(spec)
    if iri is not None:
        if regions.describe(ask, (iri,)):
            return {iri: _NAME}
        rows = [row for row in ask.table("region/by-id", id=local_name(iri)) if row.node == iri]
        return {row.iri: _NAME for row in rows}
    if "/" in spec:
        # A release's IRI tells the base under which this graph mints its own.
        bases = {h.iri.partition("id/release/")[0] for h in homes if "id/release/" in h.iri}
        for base in sorted(bases):
            path = f"{base}id/region/{spec}"
            if is_iri(path) and regions.describe(ask, (IRI(path),)):
                return {IRI(path): _NAME}
    # The id of an entity is a key of all its regions and found as one; the id of a version names one region.
    rows = [row for row in ask.table("region/by-id", id=spec) if row.node != row.iri]
    return {row.iri: _ID for row in rows} if len({row.iri for row in rows}) == 1 else {}


def _named(ask: Asker, spec: str, homes: Sequence[Parcellation]) -> dict[IRI, int]:
    """Rules 3 and 4: whole names, ids, synonyms; with a hemisphere, the hemispheres of those."""
    whole = key(spec)
    hits = _by_key(ask, whole, homes)
    base, side = split_hemisphere(spec)
    return hits if hits or side is None else _sided(ask, _by_key(ask, base, homes), side)


def _by_key(ask: Asker, wanted: str, homes: Sequence[Parcellation]) -> dict[IRI, int]:
    if not wanted:
        return {}
    return _hits(ask.table("region/by-key", keys=(wanted,)), homes, lambda row: _kind(row, wanted))


def _partial(ask: Asker, spec: str, homes: Sequence[Parcellation]) -> dict[IRI, int]:
    """Rule 4, the end of it: all words of the spec are in a name, whole or as beginnings."""
    base, side = split_hemisphere(spec)
    wanted = tokens(base)
    if not wanted:
        return {}
    longest = max(wanted, key=lambda word: (len(word), word))

    def kind(row: Row) -> int | None:
        there = row.key.split()
        if set(wanted) <= set(there):
            return _WORDS
        return _BEGINNINGS if matching.begins(wanted, there) else None

    # Inside one parcellation its own keys are fewer than all keys with this part: 25 ms against 80 on disk.
    if len(homes) == 1:
        rows = ask.table("region/names", parcellations=(homes[0].iri,))
    else:
        rows = ask.table("region/by-part", part=longest)
    hits = _hits(rows, homes, kind)
    return hits if side is None else _sided(ask, hits, side)


def _hits(rows: Iterable[Row], homes: Sequence[Parcellation], kind: Callable[[Row], int | None]) -> dict[IRI, int]:
    here = {home.iri for home in homes}
    hits: dict[IRI, int] = {}
    for row in rows:
        found = kind(row) if row.parcellation in here else None
        if found is not None:
            hits[row.iri] = min(found, hits.get(row.iri, found))
    return hits


def _kind(row: Row, wanted: str) -> int:
    if key(row.name) == wanted:
        return _NAME
    name = local_name(row.iri)
    return _ID if wanted in (key(name), key(name.partition("_")[2])) else _SYNONYM


def _sided(ask: Asker, hits: dict[IRI, int], side: str) -> dict[IRI, int]:
    """Go from regions to their hemispheres; regions without this hemisphere are left out."""
    found: dict[IRI, int] = {}
    for iri, kind in hits.items():
        parts = ask.table("region/hemispheres", region=iri)
        found.update({part.iri: kind for part in parts if part.laterality == side})
    return found


def _sorted(found: Iterable[Region]) -> list[Region]:
    return sorted(found, key=lambda r: (r.parcellation.name if r.parcellation else "", r.name, r.iri))


def _nearest(ask: Asker, spec: str, homes: Sequence[Parcellation]) -> tuple[str, ...]:
    """Give the names nearest to a spec; of releases that are equally new, only the first is searched."""
    base = split_hemisphere(spec)[0]
    first = {home.atlas: home.iri for home in reversed(homes)}
    if not base or not first:
        return ()
    names = {row.key: row.name for row in ask.table("region/names", parcellations=sorted(first.values()))}
    return matching.nearest(base, names)
