"""What was measured where: features and their modalities."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from siibra_kg.facade.base import Base
from siibra_kg.matches import Matches
from siibra_kg.questions import feature_query

if TYPE_CHECKING:
    from siibra_kg import model
    from siibra_kg.model_features import Modality

__all__ = ["Measured"]


class Measured(Base):
    """Features by region, parcellation, space and place."""

    def features(
        self,
        concept: object,
        modality: object = None,
        *,
        parcellation: str | model.Parcellation | None = None,
        anchoring: str | None = None,
    ) -> Matches:
        """Give the features that belong to a concept, best matches first; nothing is asked of any network.

        Parameters
        ----------
        concept
            A region, several regions, a parcellation, a space, a :class:`Point`, :class:`PointCloud` or
            :class:`BoundingBox`; or the name of a region (in ``parcellation``), of a parcellation or of a space.
        modality
            Some words of the name of a class (``"receptor fingerprint"``), a category (``"cellular"``), a modality
            of :meth:`modalities`, or several of these; all unless told.
        anchoring
            ``"siibra"`` for siibra's answer alone, ``"curated"`` for what this graph adds; both unless told.

        Raises
        ------
        NoSuchName, AmbiguousName
            If a name means nothing, or several regions; ``close`` and ``candidates`` have what there is.
        """
        return Matches(
            feature_query.query(self._features, concept, modality, parcellation=parcellation, anchoring=anchoring)
        )

    def feature(
        self, spec: object, modality: object = None, *, parcellation: str | model.Parcellation | None = None
    ) -> Any:  # noqa: ANN401  the class depends on the modality: see siibra_kg.features
        """The one feature of this IRI, CURIE or id; or of a concept, where ``modality`` or ``parcellation`` is given.

        Parameters
        ----------
        spec
            A feature, its id or IRI; or a concept as :meth:`features` takes it.
        modality, parcellation
            As of :meth:`features`.

        Returns
        -------
        Feature
            Of the class that its modality has: ``.data`` reads its numbers.

        Raises
        ------
        NoSuchName
            If there is none.
        AmbiguousName
            If several belong to the concept equally well; ``candidates`` has them.

        Examples
        --------
        >>> kg.feature("hOc1", "receptor fingerprint", parcellation="julich 3.1").data  # doctest: +SKIP
        """
        return feature_query.feature(self._features, spec, modality, parcellation=parcellation)

    def modalities(self) -> tuple[Modality, ...]:
        """The kinds of features, by category, and how many there are of each."""
        return tuple(self._features.modalities.values())
