"""What a text stands for among siibra's parcellations and spaces: siibra's own rules, without its guesses.

siibra looks a text up in a table: an exact key; else every entry that it matches; else every entry whose key holds
all its words; and of several it takes the last by version or name. An entry matches by key, id or name; a space also
where each word of the text is in its squeezed name; a parcellation also where each word is in its short name, or is
one of the words of its name, a "v" before it or not.

Kept: which entries a text matches. Of several, the newest is taken only where all belong to one family, which are
names that differ by numbers ("julich", "allen", "difumo"); families differ, so "atlas" and "mni" stay ambiguous. A
text without letters and digits names nothing; siibra finds the short name with a hyphen for "-".
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from siibra_kg.siibra_names import clear_name, query_tokens, tokens
from siibra_kg.siibra_names import key as siibra_key

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from siibra_kg.questions.ask import Asker
    from siibra_kg.terms import IRI

__all__ = ["Concept", "exact", "newest", "parcellations", "parcellations_matching", "spaces", "spaces_matching"]

_NUMBERS = re.compile(r"[0-9]+")
_APART = re.compile(r"[ -]")
_LONG_ENOUGH = 8


@dataclass(frozen=True, slots=True)
class Concept:
    """A parcellation or space as siibra knows it; ``version`` has the numbers of its version, none if it has none."""

    iri: IRI
    identifier: str
    name: str
    shortname: str
    version: tuple[int, ...] = ()

    @property
    def key(self) -> str:
        """Upper-case key of the name."""
        return siibra_key(self.name)


def parcellations(ask: Asker) -> tuple[Concept, ...]:
    """Give siibra's parcellations in siibra's order; none where the graph has no siibra-configurations."""
    return _concepts(ask, "release/siibra")


def spaces(ask: Asker) -> tuple[Concept, ...]:
    """Give siibra's spaces in siibra's order; none where the graph has no siibra-configurations."""
    return _concepts(ask, "space/siibra")


def _concepts(ask: Asker, template: str) -> tuple[Concept, ...]:
    known = ask.known.concepts
    if template not in known:
        found: dict[IRI, Concept] = {}
        for row in ask.table(template):
            numbers = tuple(int(n) for n in _NUMBERS.findall(row.as_dict().get("version") or ""))
            found.setdefault(row.iri, Concept(row.iri, row.identifier, row.name, row.short_name or "", numbers))
        known[template] = tuple(found.values())
    return known[template]


def exact(concepts: Iterable[Concept], spec: str) -> tuple[IRI, ...]:
    """Give those that go by exactly this id, the end of it, key, name or short name; case counts in ids only."""
    text = spec.strip()
    low = text.lower()
    # The ends of some ids are too short to be meant: "3", "4", and "mni152" of an atlas.
    end = text if len(text) >= _LONG_ENOUGH else None
    return tuple(
        c.iri
        for c in concepts
        if text in (c.identifier, c.key)
        or end == c.identifier.rpartition("/")[2]
        or low in (c.name.lower(), c.shortname.lower())
    )


def parcellations_matching(concepts: Sequence[Concept], spec: str) -> tuple[Concept, ...]:
    """Give the parcellations that siibra finds for a text, in its order."""
    return _table(concepts, spec, _parcellation_matches)


def spaces_matching(concepts: Sequence[Concept], spec: str) -> tuple[Concept, ...]:
    """Give the spaces that siibra finds for a text, in its order."""
    return _table(concepts, spec, _space_matches)


def _table(concepts: Sequence[Concept], spec: str, matches: Callable[[Concept, str], bool]) -> tuple[Concept, ...]:
    if not any(c.isalnum() for c in spec):
        return ()
    by_key = tuple(c for c in concepts if c.key == spec)
    if by_key:
        return by_key
    found = tuple(c for c in concepts if matches(c, spec))
    return found or tuple(c for c in concepts if all(word.lower() in c.key.lower() for word in spec.split()))


def _parcellation_matches(concept: Concept, spec: str) -> bool:
    low = spec.lower()
    if all(word in concept.shortname.lower() for word in re.split(r"\s+", low)):
        return True
    if low.strip() in (concept.key.lower(), concept.identifier.lower(), concept.name.lower()):
        return True
    wanted, there = query_tokens(spec), set(tokens(concept.name))
    return bool(wanted) and all(word in there or "v" + word in there for word in wanted)


def _space_matches(concept: Concept, spec: str) -> bool:
    if spec in (concept.key, concept.identifier):
        return True
    squeezed = clear_name(concept.name.lower()).replace(" ", "")
    words = _APART.split(spec)
    return all(word.lower() in squeezed for word in words) or spec.replace(" ", "") in squeezed


def newest(found: Sequence[Concept]) -> tuple[Concept, ...]:
    """Give the newest of one family, by version or else by name, as siibra does; all of them, where families differ."""
    families = {_NUMBERS.sub("", concept.name).replace(".", "") for concept in found}
    if len(families) != 1:
        return tuple(found)
    if all(concept.version for concept in found):
        return (max(found, key=lambda c: (c.version, c.name)),)
    return (max(found, key=lambda c: c.name),)
