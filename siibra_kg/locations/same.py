"""The one check that two things are in the same reference space, version included."""

from __future__ import annotations

from siibra_kg.errors import SpaceMismatch

__all__ = ["TRANSFORM", "require_same_space", "space_of"]

#: What to do about two spaces; every SpaceMismatch of two things ends with it.
TRANSFORM = (
    "nothing is transformed unless asked: move one of them with `kg.transform(thing, space)`; "
    "`kg.transforms()` lists between which spaces that can be done"
)


def space_of(thing: object) -> str:
    """Give the IRI of the space that something is in; or the name, where it was made with a name only.

    Parameters
    ----------
    thing
        A location, volume, surface, map or reference, which have a ``space``; or a space itself, its IRI or name.

    Examples
    --------
    >>> from siibra_kg.locations import Point
    >>> space_of(Point((0, 0, 0), "big brain"))
    'big brain'
    """
    if not hasattr(thing, "space"):  # a label map has a volume or a surface, which has
        thing = getattr(thing, "volume", getattr(thing, "surface", thing))
    space = getattr(thing, "space", thing)
    return str(getattr(space, "iri", space))


def require_same_space(one: object, other: object, hint: str = "") -> str:
    """Refuse two things that are in different spaces, or in different versions of one; give their space.

    Parameters
    ----------
    one, other
        As for :func:`space_of`.
    hint
        What was to be done with them, in front of how to bring them together.

    Returns
    -------
    str
        The IRI of the space.

    Raises
    ------
    SpaceMismatch
        Names both spaces.

    Examples
    --------
    >>> require_same_space("https://example.org/space", "https://example.org/space")
    'https://example.org/space'
    """
    here, there = space_of(one), space_of(other)
    if here == there:
        return here
    # A name and an IRI may mean one space, but only the graph knows.
    names = [s for s in (here, there) if "://" not in s] if ("://" in here) != ("://" in there) else []
    named = f"{names[0]!r} is a name: use `kg.space({names[0]!r})`, in case it is the same space; " if names else ""
    raise SpaceMismatch(here, there, f"{hint + '; ' if hint else ''}{named}{TRANSFORM}")
