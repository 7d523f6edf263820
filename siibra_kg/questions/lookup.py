"""From what people write to what the graph holds: regions by name, id or IRI.

The rules, in the order in which they are tried:

1. A value of the model stands for itself; an IRI or CURIE for the node that it names, so for instance a
   ParcellationEntityVersion for the region that it realises; ``jba-v3.0.3/area-hoc1`` (the end of a region's IRI) too.
2. A name without a parcellation is searched in the newest release of each atlas; with one, in that release alone. An
   unversioned parcellation name means the newest release (:mod:`siibra_kg.questions.naming`).
3. In a release that siibra has a tree of, siibra's rules come first (:mod:`siibra_kg.questions.siibra_lookup`): the
   region that siibra gives for a text is given here; where siibra cannot decide, its candidates are those of
   :class:`~siibra_kg.errors.AmbiguousName`, unless the text is the whole name of one region.
4. Case, accents, punctuation and spacing do not count. A hemisphere word at either end (``left hOc1``, ``Amygdala_L``)
   selects the hemisphere node, unless the whole text is itself a name.
5. An exact name beats an id, an id beats a synonym or abbreviation, a synonym beats part of a name: all words of the
   spec are words of the name (``hoc1`` for "Area hOc1 (V1, 17, CalcS)"). Then what others call it
   (:mod:`siibra_kg.questions.synonyms`), last beginnings of words.
6. The best kind of hit decides. If it has one region, that is the answer; if several, they are the candidates of
   :class:`~siibra_kg.errors.AmbiguousName`. :func:`find_regions` gives the hits of all kinds, best first.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from siibra_kg.errors import AmbiguousName, BadExpression, NoSuchName
from siibra_kg.model import Parcellation, Region
from siibra_kg.questions import naming, parcellations, region_index, region_search, regions, siibra_lookup, synonyms
from siibra_kg.questions.region_search import BEGINNINGS, ID, NAME, SYNONYM
from siibra_kg.siibra_names import query_tokens
from siibra_kg.terms import IRI, expand, is_iri, local_name

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from siibra_kg.questions.ask import Asker

__all__ = ["as_iri", "by_role", "find_regions", "region", "resolve"]

#: How people write an expression: ``/hoc[12]/i``.
_EXPRESSION = re.compile(r"^/(?P<expression>.+)/(?P<flags>[a-zA-Z]*)$", re.DOTALL)


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
        raise NoSuchName(spec, "region", region_search.nearest(ask, spec, homes), within)
    if len(found) > 1:
        raise AmbiguousName(spec, "region", found, within)
    return found[0]


def find_regions(
    ask: Asker, spec: Region | str | re.Pattern[str], parcellation: Parcellation | str | None = None
) -> tuple[Region, ...]:
    """Give all regions that a text may stand for, best first; nothing if none fits.

    The order is that of rules 3 and 5, then by name of the parcellation, name and IRI. An expression, compiled or
    written ``/hoc[12]/i``, is searched in names and in siibra's keys of them.

    Raises
    ------
    BadExpression
        If an expression is none.
    """
    if isinstance(spec, Region):
        return (spec,)
    homes = _homes(ask, parcellation)
    if isinstance(spec, re.Pattern):
        return _expressed(ask, spec, homes)
    spec = naming.as_text(spec, "region")
    expression = _EXPRESSION.match(spec)
    if expression is not None:
        return _expressed(ask, _compiled(spec, expression), homes)
    hits = _direct(ask, spec, homes)
    first: tuple[IRI, ...] = ()
    if not hits:
        index = region_index.index(ask, homes)
        first = siibra_lookup.matching(index, spec) if index is not None else ()
        hits = {**region_search.partial(ask, spec, homes), **region_search.named(ask, spec, homes)}
        if not hits and not first:
            hits = _called_so_elsewhere(ask, spec, homes)
    places = {iri: place for place, iri in enumerate(first)}
    found = _sorted(_described(ask, sorted({*hits, *first}), homes))
    # Whole names before everything, also before what siibra takes for a better fit.
    return tuple(
        sorted(found, key=lambda r: (hits.get(r.iri) != NAME, places.get(r.iri, len(places)), hits.get(r.iri, 0)))
    )


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
        raise NoSuchName(spec, "node", region_search.nearest(ask, spec, homes))
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
    if isinstance(spec, Parcellation):
        return (spec,)
    known = ask.known
    if spec is not None:
        text = naming.as_text(spec, "parcellation")
        if text not in known.parcellations:
            known.parcellations[text] = naming.parcellation(ask, text)
        return (known.parcellations[text],)
    known.homes = known.homes or parcellations.newest_of_all(ask)
    return known.homes


def _best(ask: Asker, spec: str, homes: Sequence[Parcellation]) -> list[Region]:
    """Give the regions of the best kind of hit, in a stable order."""
    index = region_index.index(ask, homes) if as_iri(spec) is None else None
    chosen = siibra_lookup.choose(index, spec) if index is not None else ()
    if index is not None and len(chosen) == 1:
        return index.regions(chosen)
    if index is not None and chosen:
        hits = region_search.named(ask, spec, homes)
        names = [iri for iri, kind in hits.items() if kind == NAME]
        return index.regions(names if len(names) == 1 else chosen)
    hits = _direct(ask, spec, homes) or region_search.named(ask, spec, homes)
    if len(homes) > 1 and ID <= min(hits.values(), default=NAME) <= SYNONYM:
        # What one atlas has for an id, another has for a synonym or in brackets: V1 of AAL, "hOc1 (V1, 17, CalcS)".
        others = region_search.partial(ask, spec, homes)
        hits = dict.fromkeys((*hits, *(iri for iri, kind in others.items() if kind == SYNONYM)), SYNONYM)
    if not hits:
        hits = region_search.partial(ask, spec, homes)
        if min(hits.values(), default=BEGINNINGS) == BEGINNINGS:
            hits = _called_so_elsewhere(ask, spec, homes) or hits
    best = min(hits.values(), default=NAME)
    return _sorted(_described(ask, sorted(iri for iri, kind in hits.items() if kind == best), homes))


def _called_so_elsewhere(ask: Asker, spec: str, homes: Sequence[Parcellation]) -> dict[IRI, int]:
    if len(homes) != 1 or not query_tokens(spec):  # "hemisphere" and "both" alone say nothing
        return {}
    return synonyms.by_brodmann(ask, spec, homes[0]) or synonyms.by_synonym(ask, spec, homes[0])


def _direct(ask: Asker, spec: str, homes: Sequence[Parcellation]) -> dict[IRI, int]:
    """Rule 1: IRIs, CURIEs, ids of openMINDS and EBRAINS, and ends of region IRIs."""
    iri = as_iri(spec)
    if iri is not None:
        return _of_node(ask, iri, homes)
    if "/" in spec:
        # A release's IRI tells the base under which this graph mints its own.
        path = f"{_minted(homes).partition('id/release/')[0]}id/region/{spec}"
        if is_iri(path) and regions.describe(ask, (IRI(path),)):
            return {IRI(path): NAME}
    if naming.ebrains_uuid(spec):
        return _of_uuid(ask, naming.ebrains_uuid(spec), homes)
    if any(c.isspace() for c in spec.strip()):  # no id of openMINDS has a space
        return {}
    # The id of an entity is a key of all its regions and found as one; the id of a version names one region.
    rows = [row for row in ask.table("region/by-id", id=spec) if row.node != row.iri]
    return {row.iri: ID for row in rows} if len({row.iri for row in rows}) == 1 else {}


def _minted(homes: Sequence[Parcellation]) -> IRI:
    """Give an IRI that begins with the base of this graph, if any does."""
    return next((home.iri for home in homes if "id/release/" in home.iri), homes[0].iri if homes else IRI("urn:none"))


def _of_node(ask: Asker, iri: IRI, homes: Sequence[Parcellation]) -> dict[IRI, int]:
    """Give the region that a node is, or stands for in the releases that are asked."""
    if regions.describe(ask, (iri,)):
        return {iri: NAME}
    rows = [row for row in ask.table("region/by-id", id=local_name(iri)) if row.node == iri]
    found = {row.iri: NAME for row in (*rows, *ask.table("region/of-siibra", node=iri))}
    if not found and naming.ebrains_uuid(iri):
        found = _of_uuid(ask, naming.ebrains_uuid(iri), homes)
    return found or (synonyms.of_term(ask, iri, homes[0]) if len(homes) == 1 else {})


def _of_uuid(ask: Asker, uuid: str, homes: Sequence[Parcellation]) -> dict[IRI, int]:
    """Give the regions with an id of the EBRAINS Knowledge Graph, those of the releases that are asked first."""
    if not homes:
        return {}
    rows = ask.table("region/by-ebrains", instances=naming.ebrains_instances(uuid, _minted(homes)))
    here = {home.iri for home in homes}
    return {row.iri: ID for row in rows if row.parcellation in here} or {row.iri: ID for row in rows}


def _expressed(ask: Asker, pattern: re.Pattern[str], homes: Sequence[Parcellation]) -> tuple[Region, ...]:
    found: list[Region] = []
    for home, index in zip(homes, region_index.indexes(ask, homes), strict=True):
        if index is not None:
            found += index.regions(siibra_lookup.matching_expression(index, pattern))
        else:
            names = region_search.names(ask, home)
            found += _sorted(regions.describe(ask, sorted({iri for iri, name in names if pattern.search(name)})))
    return tuple(found)


def _compiled(spec: str, written: re.Match[str]) -> re.Pattern[str]:
    flags = f"(?{written['flags']})" if written["flags"] else ""
    try:
        return re.compile(flags + written["expression"])
    except re.error as error:
        raise BadExpression(spec, str(error)) from error


def _described(ask: Asker, iris: Sequence[IRI], homes: Sequence[Parcellation]) -> Iterable[Region]:
    """Give regions as values; those of an indexed release without asking the store."""
    index = region_index.index(ask, homes)
    if index is None:
        return regions.describe(ask, iris)
    here = index.regions(iris)
    return (*here, *regions.describe(ask, (iri for iri in iris if iri not in index.rows)))


def _sorted(found: Iterable[Region]) -> list[Region]:
    return sorted(found, key=lambda r: (r.parcellation.name if r.parcellation else "", r.name, r.iri))
