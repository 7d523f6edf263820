"""Gene expressions as a feature: what was measured of genes in the tissue samples of a region."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from siibra_kg.errors import TermError
from siibra_kg.features.base import Measured
from siibra_kg.locations import PointCloud

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from siibra_kg.live.allen.samples import Donor, Sample
    from siibra_kg.live.allen.vocabulary import Gene
    from siibra_kg.model_features import DataFile, MatrixRow
    from siibra_kg.terms import IRI
    from siibra_kg.volumes.pictures.plot_canvas import Picture

__all__ = ["CITATION", "TERMS_OF_USE", "GeneExpressions", "words"]

CITATION = (
    "Hawrylycz MJ et al. (2012): An anatomically comprehensive atlas of the adult human brain transcriptome. "
    "Nature 489, 391-399. https://doi.org/10.1038/nature11405. Allen Human Brain Atlas, https://human.brain-map.org"
)
TERMS_OF_USE = "https://alleninstitute.org/legal/terms-use/"
#: What the places of samples are worth, in mm: siibra's figure, and that of the article.
PRECISION_MM = 2.0
_UNITS = (
    ("level", "log2 intensity"),
    ("zscore", "standard deviations"),
    ("age", "years"),
    ("mni_xyz", "mm"),
)
_COLUMNS = ("level", "zscore", "gene", "race", "gender", "age", "mni_xyz", "sample", "probe_id", "donor_name")


@dataclass(frozen=True, slots=True, repr=False)
class GeneExpressions(Measured):
    """Microarray expression of genes in the tissue samples of a region: siibra's ``GeneExpressions``.

    Parameters
    ----------
    genes
        That were asked for.
    region
        IRI of the region, or nothing.
    coordinates
        ``"allen"`` or ``"corrected"``: how samples were placed.
    samples
        Those inside the region.
    donors
        Who gave them.
    citation
        How to cite the data.
    license
        Address of the terms of use.
    """

    genes: tuple[Gene, ...] = ()
    region: IRI | None = field(default=None, compare=False)
    coordinates: str = field(default="allen", compare=False)
    samples: tuple[Sample, ...] = field(default=(), compare=False)
    donors: tuple[Donor, ...] = field(default=(), compare=False)
    citation: str = field(default=CITATION, compare=False)
    license: str = field(default=TERMS_OF_USE, compare=False)
    notes: tuple[str, ...] = field(default=(), compare=False)
    sources: tuple[Mapping[str, str], ...] = field(default=(), compare=False)
    _places: Any = field(default=None, compare=False)
    _probes: Any = field(default=None, compare=False)
    _levels: Any = field(default=None, compare=False)
    _zscores: Any = field(default=None, compare=False)

    @property
    def data(self) -> pd.DataFrame:
        """A row for each sample in the region and each probe of the genes; the columns are siibra's.

        ``level`` (normalised, log2), ``zscore`` (over the samples of the survey), ``gene``, ``race``, ``gender``,
        ``age`` in years, ``mni_xyz`` in mm, ``sample`` (its number among the donor's), ``probe_id``, ``donor_name``.
        ``attrs`` has ``space``, ``coordinates``, ``unit``, ``sources``, ``notes``, ``citation`` and ``license``.
        """
        probes, count = len(self._levels), len(self.samples)
        of = np.repeat(np.arange(count), probes)  # row -> sample: samples outside, probes inside, as siibra has them
        donor = {one.id: one for one in self.donors}
        who = [donor[sample.donor] for sample in self.samples]
        xyz = np.empty(count, object)
        xyz[:] = list(map(tuple, self._places.tolist()))
        columns = {
            "level": self._levels.T.ravel(),
            "zscore": self._zscores.T.ravel(),
            "gene": np.tile(self._probes["gene"], count),
            "race": words([one.race for one in who])[of],
            "gender": words([one.gender for one in who])[of],
            "age": np.array([one.age for one in who], np.int64)[of],
            "mni_xyz": xyz[of],
            "sample": np.array([sample.index for sample in self.samples], np.int64)[of],
            "probe_id": np.tile(self._probes["probe"], count),
            "donor_name": words([one.name for one in who])[of],
        }
        frame: pd.DataFrame = pd.DataFrame({name: columns[name] for name in _COLUMNS})
        frame.attrs |= {
            "unit": dict(_UNITS),
            "space": str(self.space),
            "coordinates": self.coordinates,
            "sources": [dict(one) for one in self.sources],
            "notes": list(self.notes),
            "citation": self.citation,
            "license": self.license,
        }
        return frame

    @property
    def files(self) -> tuple[DataFile, ...]:
        """None: its numbers come from a service; ``data.attrs["sources"]`` says what was asked."""
        return ()

    @property
    def rows(self) -> tuple[MatrixRow, ...]:
        """None: it is no matrix of regions."""
        return ()

    @property
    def unit(self) -> dict[str, str]:
        """Of the columns that have one."""
        return dict(_UNITS)

    @property
    def points(self) -> PointCloud | None:
        """The places of the samples, with siibra's uncertainty of 2 mm; ``None`` where there are none."""
        if not self.samples:
            return None
        labels = [(sample.donor, sample.index) for sample in self.samples]
        return PointCloud(self._places, str(self.space), PRECISION_MM, labels)

    def matrix(self, column: str = "level") -> pd.DataFrame:
        """Give samples by genes: the mean over the probes of each gene.

        Parameters
        ----------
        column
            ``"level"`` or ``"zscore"``.
        """
        if column not in {"level", "zscore"}:
            raise TermError(column, "'level' or 'zscore'")
        values = self._levels if column == "level" else self._zscores
        of = self._probes["gene"]
        shown = [gene.symbol for gene in self.genes if (of == gene.symbol).any()]
        means = {symbol: values[of == symbol].mean(axis=0) for symbol in shown}
        name = {one.id: one.name for one in self.donors}
        numbers = np.array([sample.index for sample in self.samples], np.int64)
        index = [words([name[sample.donor] for sample in self.samples]), numbers]
        found: pd.DataFrame = pd.DataFrame(means, pd.MultiIndex.from_arrays(index, names=["donor_name", "sample"]))
        return found

    def plot(self, out: str | Path | None = None, column: str = "zscore") -> Picture:
        """Draw a box for each gene with the values of all samples and probes."""
        from siibra_kg.features.plots import plot_box  # noqa: PLC0415  loads matplotlib

        groups = {str(name): part[column].to_numpy() for name, part in self.data.groupby("gene", sort=False)}
        return plot_box(groups, out, title=self.name, below=f"{len(self.samples)} samples", unit=dict(_UNITS)[column])

    def _facts(self) -> dict[str, object]:
        return {
            **super(GeneExpressions, self)._facts(),
            "genes": ", ".join(gene.symbol for gene in self.genes[:8]) + (" …" if len(self.genes) > 8 else ""),
            "samples": len(self.samples),
        }


def words(texts: Sequence[str]) -> NDArray[Any]:
    """Give texts as an array of Python objects, which take part in numpy's indexing."""
    found = np.empty(len(texts), object)
    found[:] = texts
    return found
