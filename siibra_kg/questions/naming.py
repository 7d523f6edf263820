"""From what people write to atlases, parcellations, spaces and controlled terms.

Case, accents, punctuation and spacing do not count, and letters and digits part (``mni152`` is ``MNI 152``).

- An **atlas** goes by its names, abbreviation or id, or by some words of them (``julich brain``, ``waxholm``).
- A **parcellation** goes by the name or id of a release (``jba-v3.0.3``, ``Julich-Brain Atlas v3.0.3``), or of one of
  its AnatomicalAtlasVersions (``JBA_v3.0.3-MNI152``). The name of an atlas means its newest release: the one that no
  other follows (``dcat:previousVersion``). An atlas without any release stands for itself, with version "". Else some
  words of a release's name (``waxholm v4``); where several fit and a number was said, the one with the fewest words
  that were not said, so that ``julich brain 3.0`` is v3.0 and not v3.0.3.
- A **space** goes by the names or ids of its version or its framework, or some words of them. Where several fit, those
  that some release uses come first: ``colin 27`` is MNI-Colin27_1998, which eleven atlas versions use, and not
  MNI-Colin27_2008, which none does. Then, if a number was said, the fewest words that were not said.
- A **controlled term** goes by its name or a synonym; a NervousSystemStructure comes before other terms of that name.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from siibra_kg.errors import AmbiguousName, NoSuchName
from siibra_kg.model import Atlas, Parcellation, Space
from siibra_kg.names import key
from siibra_kg.questions import matching, parcellations, siibra_tables, spaces
from siibra_kg.terms import IRI, expand, is_iri, local_name
from siibra_kg.vocab import NAMESPACES, OMT

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from siibra_kg.questions.ask import Asker
    from siibra_kg.table import Row, Table

_UUID = re.compile(r"(?:.*/)?([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})", re.IGNORECASE)

#: Kinds of nodes of the first EBRAINS Knowledge Graph that parcellations, regions and spaces are.
_OLD_KINDS = ("parcellationregion", "parcellationatlas", "referencespace")

__all__ = [
    "as_text",
    "atlas",
    "ebrains_instances",
    "ebrains_uuid",
    "parcellation",
    "space",
    "space_among",
    "term",
    "terms",
]


def as_text(spec: object, kind: str) -> str:
    """Give a spec as text that a query can hold; values of the model by their IRI.

    Raises
    ------
    NoSuchName
        If it is no text, or text with a lone surrogate, which no RDF literal can hold.
    """
    text = getattr(spec, "iri", spec)
    if not isinstance(text, str) or any("\ud800" <= c <= "\udfff" for c in text):
        raise NoSuchName(repr(spec), kind)
    return text


def atlas(ask: Asker, spec: Atlas | str) -> Atlas:
    """Give the one atlas that a name, id, CURIE or IRI stands for.

    Raises
    ------
    NoSuchName, AmbiguousName
        As :func:`siibra_kg.questions.lookup.region` does.
    """
    if isinstance(spec, Atlas):
        return spec
    spec = as_text(spec, "atlas")
    everything = {a.iri: a for a in parcellations.atlases(ask)}
    hits = _multilevel_hits(ask, spec) or _atlas_hits(ask, spec)
    if not hits:
        raise NoSuchName(spec, "atlas", matching.nearest(spec, {key(a.name): a.name for a in everything.values()}))
    if len(hits) > 1:
        raise AmbiguousName(spec, "atlas", [everything[iri] for iri in hits])
    return everything[hits[0]]


def parcellation(ask: Asker, spec: Parcellation | str) -> Parcellation:
    """Give the one parcellation that a name, id, CURIE or IRI stands for; of an atlas, the newest release.

    Raises
    ------
    NoSuchName, AmbiguousName
        As :func:`siibra_kg.questions.lookup.region` does.
    """
    if isinstance(spec, Parcellation):
        return spec
    spec = as_text(spec, "parcellation")
    iri = _iri(spec)
    found = _release_hits(ask, spec, iri) or _siibra_release(ask, spec, iri)
    if not found:
        owners = _atlas_hits(ask, spec)
        if len(owners) == 1:
            return parcellations.newest(ask, owners[0], spec)
        found = _fitting(spec, _release_names(ask)) if iri is None and not (owners and not _numbered(spec)) else ()
        if not found and owners:
            raise AmbiguousName(spec, "atlas", [a for a in parcellations.atlases(ask) if a.iri in owners])
    if not found:
        known = {key(p.name): p.name for p in parcellations.parcellations(ask)}
        raise NoSuchName(spec, "parcellation", matching.nearest(spec, known))
    values = sorted(parcellations.by_iri(ask, found).values(), key=_by_name)
    if len(values) > 1:
        raise AmbiguousName(spec, "parcellation", values)
    return values[0]


def space(ask: Asker, spec: Space | str) -> Space:
    """Give the one space that a name, id, CURIE or IRI stands for.

    Raises
    ------
    NoSuchName, AmbiguousName
        As :func:`siibra_kg.questions.lookup.region` does.
    """
    if isinstance(spec, Space):
        return spec
    return _space(ask, spec, {row.iri: row for row in ask.table("space/list")})


def space_among(ask: Asker, spec: Space | str, among: Collection[IRI]) -> Space:
    """Give the space that a spec stands for, those of ``among`` before all others.

    So "colin 27" is the version in which a map exists, even where another version fits the words better.
    """
    if isinstance(spec, Space):
        return spec
    rows = {row.iri: row for row in ask.table("space/list")}
    try:
        return _space(ask, spec, {iri: row for iri, row in rows.items() if iri in among})
    except NoSuchName:
        return _space(ask, spec, rows)


def _space(ask: Asker, spec: str, rows: Mapping[IRI, Row]) -> Space:
    spec = as_text(spec, "space")
    iri = _iri(spec)
    if iri is not None:
        hits: Sequence[IRI] = [iri] if iri in rows else []
    else:
        exact = ask.table("space/by-key", keys=(key(spec),)).column("iri") if key(spec) else ()
        said = [i for i in _siibra_space(ask, spec) if i in rows]
        hits = sorted(i for i in set(exact) if i in rows) or (said if len(said) == 1 else [])
        if not hits:
            names = {i: _said(row, "name", "full_name", "abbreviation") for i, row in rows.items()}
            used = {i: n for i, n in names.items() if rows[i].used}
            hits = _fitting(spec, used) or _fitting(spec, names) or said
    if len(hits) > 1:
        hits = [i for i in hits if rows[i].used] or hits
    if not hits:
        raise NoSuchName(spec, "space", matching.nearest(spec, {key(r.name): r.name for r in rows.values()}))
    if len(hits) > 1:
        raise AmbiguousName(spec, "space", [spaces.from_row(rows[i], ask.view) for i in hits])
    return spaces.from_row(rows[hits[0]], ask.view)


def term(ask: Asker, spec: str) -> IRI:
    """Give the one controlled term, such as a NervousSystemStructure, that a name, CURIE or IRI stands for.

    Raises
    ------
    NoSuchName, AmbiguousName
        As :func:`siibra_kg.questions.lookup.region` does.
    """
    spec = as_text(spec, "controlled term")
    iri = _iri(spec)
    if iri is not None:
        return iri
    found = terms(ask, spec, exact=True) or terms(ask, spec)
    if not found:
        raise NoSuchName(spec, "controlled term")
    if len(found) > 1:
        raise AmbiguousName(spec, "controlled term", found)
    return found[0]


def terms(ask: Asker, spec: str, *, exact: bool = False) -> tuple[IRI, ...]:
    """Give the controlled terms of a name, structures of the nervous system before all others.

    Parameters
    ----------
    ask
        The graph.
    spec
        Name, synonym or id.
    exact
        Only preferred names, exactly as written.
    """
    rows: list[Row] = list(ask.table("link/terminology-by-name", text=spec))
    if exact:
        rows = [row for row in rows if row.name == spec]
    elif key(spec) not in ("", spec):
        rows += ask.table("link/terminology-by-name", text=key(spec))
    structures = [row.iri for row in rows if row.type == OMT + "NervousSystemStructure"]
    return tuple(sorted(set(structures or (row.iri for row in rows))))


def _by_name(found: Parcellation) -> tuple[str, IRI]:
    return found.name, found.iri


def _iri(spec: str) -> IRI | None:
    if isinstance(spec, IRI):
        return spec
    return expand(spec) or (IRI(spec) if "://" in spec and is_iri(spec) else None)


def _atlas_hits(ask: Asker, spec: str) -> tuple[IRI, ...]:
    """Give the atlases that a spec may mean: by IRI, by key, by some words."""
    rows = ask.table("atlas/list")
    iri = _iri(spec)
    if iri is not None:
        return tuple(row.iri for row in rows if row.iri == iri)
    exact = ask.table("atlas/by-key", keys=(key(spec),)).column("iri") if key(spec) else ()
    if exact:
        return tuple(sorted(set(exact)))
    names = {row.iri: _said(row, "name", "full_name", "abbreviation") for row in rows}
    return tuple(
        sorted(i for i, texts in names.items() if any(matching.extra_words(spec, text) is not None for text in texts))
    )


def _multilevel_hits(ask: Asker, spec: str) -> tuple[IRI, ...]:
    """Give the one of siibra's atlases that a spec means: by IRI, by name, or by words that no other of them has.

    The whole name of an atlas of openMINDS stays its own: "Waxholm Space Rat Brain Atlas" is that, "rat" is siibra's.
    """
    iri, wanted = _iri(spec), key(spec)
    rows = parcellations.multilevel(ask)
    if iri is not None or not wanted:
        return tuple(row.iri for row in rows if row.iri == iri)
    whole = tuple(row.iri for row in rows if key(row.name) == wanted)
    if whole or len(ask.table("atlas/by-key", keys=(wanted,))):
        return whole
    some = tuple(row.iri for row in rows if matching.extra_words(spec, row.name) is not None)
    return some if len(some) == 1 else ()


def _release_hits(ask: Asker, spec: str, iri: IRI | None) -> tuple[IRI, ...]:
    """Give the releases of which a spec is an IRI, a whole name or an id; an id of an atlas is none."""
    if iri is not None:
        rows: Table = ask.table("release/by-node", node=iri)
        return tuple(sorted(set(rows.column("iri"))))
    wanted = key(spec)
    rows = ask.table("release/by-key", keys=(wanted,)) if wanted else ask.table("release/by-key", keys=("",))
    found = set(rows.column("iri"))
    own = {row.iri for row in rows if wanted in (key(row.name), key(local_name(row.iri)))}
    # An abbreviation such as "JBA" is a key of every release of the atlas: that is the atlas, not a release.
    return tuple(sorted(own or (found if len(found) == 1 and not _is_atlas(ask, wanted) else ())))


def _siibra_release(ask: Asker, spec: str, iri: IRI | None) -> tuple[IRI, ...]:
    """Give the releases that siibra means: by id, EBRAINS id, key or name, else by words, of one family the newest."""
    known = siibra_tables.parcellations(ask)
    # Some of siibra's ids are IRIs, of things that are no parcellation: https://identifiers.org/neurovault.image:1702
    found = siibra_tables.exact(known, spec)
    uuid = ebrains_uuid(spec)
    if not found and uuid and known:
        rows = ask.table("release/by-ebrains", instances=ebrains_instances(uuid, known[0].iri))
        found = tuple(sorted(set(rows.column("iri"))))
    if found or iri is not None:
        return found
    return tuple(c.iri for c in siibra_tables.newest(siibra_tables.parcellations_matching(known, spec)))


def _siibra_space(ask: Asker, spec: str) -> tuple[IRI, ...]:
    """Give the spaces that siibra means; it would choose among several by the alphabet."""
    known = siibra_tables.spaces(ask)
    return siibra_tables.exact(known, spec) or tuple(c.iri for c in siibra_tables.spaces_matching(known, spec))


def ebrains_uuid(spec: str) -> str:
    """Give the UUID that a text is, or an IRI or id ends in; nothing if there is none."""
    found = _UUID.fullmatch(spec.strip())
    return found[1].lower() if found else ""


def ebrains_instances(uuid: str, near: IRI) -> tuple[IRI, ...]:
    """Give the nodes of the EBRAINS Knowledge Graph, of its versions 3 and 1, that a UUID may stand for.

    ``near`` is a node whose IRI begins with the base of this graph.
    """
    base = near.partition("id/")[0]
    old = (IRI(f"{base}id/minds/{kind}/{uuid}") for kind in _OLD_KINDS)
    return (IRI(f"{NAMESPACES['kg']}{uuid}"), *old)


def _is_atlas(ask: Asker, wanted: str) -> bool:
    return len(ask.table("atlas/by-key", keys=(wanted,))) > 0


def _release_names(ask: Asker) -> Mapping[IRI, tuple[str, ...]]:
    names: dict[IRI, tuple[str, ...]] = {}
    for row in ask.table("release/list"):
        names[row.iri] = (row.name, local_name(row.iri), f"{local_name(row.atlas or '')} {row.version or ''}")
    return names


def _said(row: Row, *columns: str) -> tuple[str, ...]:
    return (*(row[c] for c in columns if row[c]), local_name(row.iri))


def _numbered(spec: str) -> bool:
    return any(word.isdigit() for word in matching.words(spec))


def _fitting(spec: str, names: Mapping[IRI, tuple[str, ...]]) -> tuple[IRI, ...]:
    """Give those that have all words of a spec in one name; of a spec with a number, those with the fewest others."""
    scores: dict[IRI, int] = {}
    for iri, texts in names.items():
        found = [n for n in (matching.extra_words(spec, text) for text in texts) if n is not None]
        if found:
            scores[iri] = min(found)
    most = min(scores.values(), default=0) if _numbered(spec) else max(scores.values(), default=0)
    return tuple(sorted(iri for iri, score in scores.items() if score <= most))
