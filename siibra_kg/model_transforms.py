"""Transform: a way from the coordinates of one reference space to those of another, as the graph or a user states it.

A transform is a description. What it does to points and images is in :mod:`siibra_kg.volumes.transforms`.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from siibra_kg.errors import AmbiguousName, DataMissing, SpaceMismatch, TermError
from siibra_kg.locations import space_of
from siibra_kg.terms import IRI, contract

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import ArrayLike

    from siibra_kg.model import Space

__all__ = ["METHODS", "Transform", "choose"]

#: How a transform can be made: by a service on the web, a matrix, nothing to do, a file with displacements.
METHODS = ("service", "affine", "identity", "warp")


@dataclass(frozen=True, slots=True, repr=False)
class Transform:
    """A way from one reference space to another, for points: it takes a point of ``source`` to one of ``target``.

    Parameters
    ----------
    iri
        ``skg:Transform`` node; of a user's own transform ``urn:sha256:`` and the checksum of what it consists of.
    source, target
        IRIs of the two spaces, version included.
    method
        ``"service"``, ``"affine"``, ``"identity"`` or ``"warp"``.
    name
        For people.
    source_name, target_name
        Of the spaces, for people.
    matrix
        Of an affine: 16 numbers, row by row, mm of the source to mm of the target.
    url
        Of a service.
    source_key, target_key
        What the service calls the two spaces.
    path
        Of a warp: the file with the displacements.
    error_median, error_p95
        How far from the right place its results are, in mm: half of them, and 95 % of them, are nearer.
    error_note
        How that was measured, or why it is not known.
    apart_median, apart_p95
        How far apart the two spaces are, in mm: what is left undone by not transforming.
    apart_note
        How that was measured.
    references
        Publications and documentation.
    """

    iri: IRI
    source: IRI
    target: IRI
    method: str
    name: str = field(default="", compare=False)
    source_name: str = field(default="", compare=False)
    target_name: str = field(default="", compare=False)
    matrix: tuple[float, ...] = ()
    url: str = ""
    source_key: str = ""
    target_key: str = ""
    path: Path | None = None
    error_median: float | None = field(default=None, compare=False)
    error_p95: float | None = field(default=None, compare=False)
    error_note: str = field(default="", compare=False)
    apart_median: float | None = field(default=None, compare=False)
    apart_p95: float | None = field(default=None, compare=False)
    apart_note: str = field(default="", compare=False)
    references: tuple[str, ...] = field(default=(), compare=False)

    def __post_init__(self) -> None:
        if self.method not in METHODS:
            raise TermError(self.method, f"a method of a transform, one of {', '.join(METHODS)}")
        if (self.method == "affine") != bool(self.matrix) or len(self.matrix) not in {0, 16}:
            raise TermError(self.matrix, "the 16 numbers of an affine, and of an affine only")
        if (self.method == "service") != bool(self.url):
            raise TermError(self.url, "the address of a service, and of a service only")
        if (self.method == "warp") != (self.path is not None):
            raise TermError(self.path, "the file of a warp, and of a warp only")

    @classmethod
    def affine(cls, matrix: ArrayLike, source: Space | str, target: Space | str, *, name: str = "") -> Transform:
        """Make a transform of a matrix of your own.

        Parameters
        ----------
        matrix
            4x4: mm of the source to mm of the target.
        source, target
            The two spaces, or their IRIs. Nobody can check that the matrix leads from one to the other.

        Examples
        --------
        >>> flip = [[-1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]]
        >>> Transform.affine(flip, "urn:s:left", "urn:s:right")
        <Transform affine from urn:s:left to urn:s:right>
        """
        from siibra_kg.locations import arrays  # noqa: PLC0415  loads numpy

        numbers = tuple(arrays.affine(matrix).ravel().tolist())
        said = ("affine", space_of(source), space_of(target), *map(repr, numbers))
        return cls(_named(said), IRI(said[1]), IRI(said[2]), "affine", name, matrix=numbers)

    @classmethod
    def identity(cls, source: Space | str, target: Space | str, *, name: str = "") -> Transform:
        """State that two spaces have the same coordinates, for instance two releases of one template."""
        said = ("identity", space_of(source), space_of(target))
        return cls(_named(said), IRI(said[1]), IRI(said[2]), "identity", name, error_median=0.0, error_p95=0.0)

    @classmethod
    def warp(cls, path: str | Path, source: Space | str, target: Space | str, *, name: str = "") -> Transform:
        """Make a transform of a displacement field of your own, in the form of ITK and ANTs.

        Parameters
        ----------
        path
            A NIfTI file of five dimensions (x, y, z, 1, 3): for each voxel of a grid in the source space the way in mm
            to the point of the target space.
        source
            The space of the grid. ANTs' ``…1Warp.nii.gz``, which brings an image from the moving to the fixed space,
            takes points the other way: its source is the fixed space, its target the moving one.
        target
            The space that the displacements lead to.

        Raises
        ------
        DataMissing
            If there is no such file.
        """
        file = Path(path).expanduser().absolute()
        if not file.is_file():
            raise DataMissing(file.name, str(file), "give the path of a displacement field")
        said = ("warp", space_of(source), space_of(target), _sha256(file))
        return cls(_named(said), IRI(said[1]), IRI(said[2]), "warp", name or file.name, path=file)

    @property
    def id(self) -> str:
        """The short identifier."""
        return self.iri.partition("/id/transform/")[2] or contract(self.iri)

    @property
    def inverse(self) -> Transform:
        """The way back, of an affine or an identity.

        Raises
        ------
        TermError
            Of a service or a warp: the way back is another transform, with errors of its own.
        """
        if self.method == "identity":
            return Transform.identity(self.target, self.source, name=self._inverse_name())
        if self.method != "affine":
            raise TermError(self.iri, "a transform with an exact way back; only those of a matrix have one")
        from siibra_kg.locations import arrays  # noqa: PLC0415  loads numpy

        back = arrays.inverse(arrays.square(self.matrix))
        return Transform.affine(back, self.target, self.source, name=self._inverse_name())

    def _inverse_name(self) -> str:
        return f"inverse of {self.name or self.id}"

    def __str__(self) -> str:
        there = f"from {self.source_name or contract(self.source)} to {self.target_name or contract(self.target)}"
        return f"{self.method} {there} <{self.id}>"

    def __repr__(self) -> str:
        called = f" {self.name!r}" if self.name else ""
        return f"<Transform {self.method}{called} from {contract(self.source)} to {contract(self.target)}>"


def choose(
    known: Iterable[Transform],
    source: str,
    target: str,
    by: Transform | str | None = None,
    what: str = "this",
    *,
    image: bool = False,
) -> Transform:
    """Give the transform that leads from one space to another.

    Parameters
    ----------
    known
        All that there are; a user's own are given as ``by``.
    source, target
        IRIs.
    by
        The transform to take, or its IRI, id or method.
    what
        Is to be transformed, for messages.
    image
        For an image, which no service takes, and for which a transform from the target to the source serves too.

    Raises
    ------
    AmbiguousName
        If several lead there.
    DataMissing
        If none does; lists the spaces that can be reached.
    SpaceMismatch
        If the one that was given leads elsewhere.
    """
    ends = [(source, target), (target, source)] if image else [(source, target)]
    if isinstance(by, Transform):
        if (by.source, by.target) not in ends:
            raise SpaceMismatch(f"{by.source} -> {by.target}", f"{source} -> {target}", "the transform leads elsewhere")
        return by
    able = [t for t in known if not (image and t.method == "service")]
    some = able if by is None else [t for t in able if by in {str(t.iri), t.id, t.method}]
    # The first end that has any: an affine and its inverse, both in the graph, are one way.
    fitting = next((found for end in ends if (found := [t for t in some if (t.source, t.target) == end])), [])
    if len(fitting) > 1:
        raise AmbiguousName(f"{contract(source)} to {contract(target)}", "transform", fitting)
    if not fitting:
        raise DataMissing(_way(source, target, by), f"for {what}", _reachable(able, source))
    return fitting[0]


def _way(source: str, target: str, by: str | None) -> str:
    named = f" {by!r}" if by else ""
    return f"a transform{named} from {contract(source)} to {contract(target)}"


def _reachable(known: Sequence[Transform], source: str) -> str:
    ends = sorted({t.target_name or contract(t.target) for t in known if t.source == source})
    own = "give one of your own: `by=Transform.affine(...)` or `by=Transform.warp(...)`"
    return f"from there {' and '.join(ends)} can be reached; or {own}" if ends else f"nothing leads from there; {own}"


def _named(parts: Iterable[str]) -> IRI:
    return IRI("urn:sha256:" + hashlib.sha256("\n".join(parts).encode()).hexdigest())


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()
