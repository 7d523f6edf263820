"""What was measured where: features and their modalities."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from siibra_kg.facade.base import Base
from siibra_kg.matches import Matches
from siibra_kg.questions import feature_query, lookup

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pandas as pd

    from siibra_kg import model
    from siibra_kg.model_features import Modality
    from siibra_kg.table import Table

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

    def compare(
        self,
        concepts: Iterable[object],
        modality: object = None,
        *,
        value: str = "",
        parcellation: str | model.Parcellation | None = None,
    ) -> pd.DataFrame:
        """Set one measurement in several regions side by side: receptors of areas, profiles over depth.

        Parameters
        ----------
        concepts
            Regions or their names, or features; each has to have one best feature of the modality.
        modality, parcellation
            As of :meth:`feature`.
        value
            The column to take of each table; else its mean, or its only one.

        Returns
        -------
        pandas.DataFrame
            The rows of all tables by the names of the concepts; ``attrs`` as of each table, with a note for what one
            of them has not.

        Raises
        ------
        NoSuchName, AmbiguousName
            If a concept has no such feature, or several equally good ones.
        BadTable
            If units or modalities differ.

        Examples
        --------
        >>> kg.compare(["hOc1", "hOc2"], "receptor fingerprint", parcellation="julich 3.1")  # doctest: +SKIP
        """
        from siibra_kg.features.across import across  # noqa: PLC0415  reads data; most graphs are only asked

        found = {
            str(getattr(one, "name", one)): self.feature(one, modality, parcellation=parcellation) for one in concepts
        }
        return across(found, value)

    def datasets(self, concept: object, *, parcellation: str | model.Parcellation | None = None) -> Table:
        """Give the datasets of the EBRAINS Knowledge Graph about regions, their parts, and the same in other releases.

        Parameters
        ----------
        concept
            A region, its name, or several. They are linked by identifiers, never by name.
        parcellation
            Where names are looked up.

        Returns
        -------
        Table
            As the template ``dataset/of-region`` says: dataset, DOI, relation, which kind of identifier, and the region
            and release that it stands for. Empty in a graph that was built without the source ``kg``.

        Examples
        --------
        >>> kg.datasets("hOc1", parcellation="julich 3.0").to_pandas()  # doctest: +SKIP
        """
        several = concept if isinstance(concept, list | tuple | set | frozenset) else (concept,)
        regions = [lookup.region(self._ask, one, parcellation) for one in several]
        return self._ask.table("dataset/of-region", regions=[region.iri for region in regions])

    def modalities(self) -> tuple[Modality, ...]:
        """The kinds of features, by category, and how many there are of each."""
        return tuple(self._features.modalities.values())
