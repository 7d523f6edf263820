"""From what people call a modality to the classes of features that it means.

As in siibra, all words of a text have to be in the name of one class, as parts of it, whatever their case; what is
below this class is meant as well. siibra stops there; here the name of a category, or of its class, is understood too
where no class has such a name: "cellular" is everything cellular. "functional" is a part of the names of two classes
of connectivity, and means those, as in siibra; the category is "FunctionalFeature". An IRI or CURIE means the class
itself and what is below it: "FunctionalConnectivity" fits two classes, ``skg:FunctionalConnectivity`` is one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from siibra_kg.errors import NoSuchName
from siibra_kg.model_features import Modality
from siibra_kg.terms import IRI, expand, local_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from siibra_kg.questions.ask import Asker

__all__ = ["category_of", "modalities", "resolve"]

_CATEGORY = "Feature"


def modalities(ask: Asker) -> tuple[Modality, ...]:
    """Give the classes that features can have, by category and name; those that only sort them are no modality."""
    found: dict[IRI, Modality] = {}
    for row in ask.table("feature/modalities"):
        category = category_of(row.iri, row.category)
        kinds = (*(found[row.iri].kinds if row.iri in found else ()), *((local_name(row.kind),) if row.kind else ()))
        name = local_name(row.iri)
        found[row.iri] = Modality(row.iri, name, category, kinds, row.features, int(row.elements or 0))
    return tuple(sorted((m for m in found.values() if m.category), key=lambda m: (m.category, m.name)))


def category_of(modality: IRI, category: IRI | None) -> str:
    """Give the word for a category class; of a table or an image that is nothing else, "generic" as in siibra."""
    if category is not None:
        return local_name(category).removesuffix(_CATEGORY).lower()
    return "generic" if local_name(modality) in ("Tabular", "Image") else ""


def resolve(spec: object, known: Mapping[str, Modality]) -> frozenset[str]:
    """Give the names of the classes that a modality means.

    Parameters
    ----------
    spec
        ``None`` for all, a :class:`~siibra_kg.model_features.Modality`, the IRI or some words of the name of a class,
        a category, or several of these.
    known
        The modalities by name.

    Raises
    ------
    NoSuchName
        If it means no class; ``close`` has all there are.
    """
    if spec is None:
        return frozenset(known)
    if isinstance(spec, Modality):
        return frozenset({spec.name})
    if isinstance(spec, str):
        iri = spec if isinstance(spec, IRI) else expand(spec)
        found = _class(local_name(iri), known.values()) if iri else _fitting(spec, known.values())
        if not found:
            categories = sorted({m.category for m in known.values()})
            raise NoSuchName(spec, "modality", (*sorted(known), *(f"{c} (category)" for c in categories)))
        return found
    if isinstance(spec, list | tuple | set | frozenset):
        return frozenset(name for one in spec for name in resolve(one, known))
    raise NoSuchName(repr(spec), "modality", sorted(known))


def _class(name: str, known: Iterable[Modality]) -> frozenset[str]:
    """Give the class of a name and those below it; of the class of a category, those in it."""
    category = name.removesuffix(_CATEGORY).lower()
    return frozenset(m.name for m in known if name in (m.name, *m.kinds) or category == m.category)


def _fitting(spec: str, known: Iterable[Modality]) -> frozenset[str]:
    words = spec.lower().split()
    if not words:
        return frozenset()
    known = tuple(known)
    # Every class is below siibra's "Feature".
    found = frozenset(
        m.name
        for m in known
        if any(all(word in own.lower() for word in words) for own in (m.name, *m.kinds, _CATEGORY))
    )
    wanted = spec.strip().lower()
    return found or frozenset(m.name for m in known if wanted in (m.category, m.category + _CATEGORY.lower()))
