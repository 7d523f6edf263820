"""Label maps as tables, tables as volumes: what labels mean, the look-up table of BIDS, values painted on regions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from siibra_kg.errors import BadVolume, LabelMismatch
from siibra_kg.table import Column, Table
from siibra_kg.volumes.labels.lookup import Labelled
from siibra_kg.volumes.options import MAX_BYTES
from siibra_kg.volumes.volume import Volume

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import pandas as pd
    from numpy.typing import NDArray

__all__ = ["LABEL_COLUMNS", "Painted", "Tabled", "painted"]


class Tabled(Labelled):
    """Tables of labels, whatever they are labels of."""

    def _region_rows(self, sizes: list[float]) -> list[tuple[Any, ...]]:
        """Give a row for every label that is declared or present; sizes are of those that are present."""
        present = self.index.labels.tolist()
        there = dict(zip(present, zip(self.index.counts.tolist(), sizes, strict=True), strict=True))
        entries = self._named(sorted({*present, *(e.label for e in self.labels)}))
        return [
            (e.label, e.region, e.name or None, e.color, e.laterality, *there.get(e.label, (0, 0.0))) for e in entries
        ]

    def to_BIDS_lookup_table(self, path: str | Path | None = None) -> pd.DataFrame:  # noqa: N802  siibra's name
        """Give the look-up table of a discrete segmentation as BIDS has it: ``index``, ``name``, ``color``.

        Parameters
        ----------
        path
            A ``.tsv`` file to write; what is unknown is written as ``n/a``, which BIDS asks for.

        Returns
        -------
        pandas.DataFrame
            A row for every label that is declared or present, ascending. A label without a name is called by its
            number, since a name is required.

        Raises
        ------
        BadVolume
            If the file has another ending, or cannot be written.

        References
        ----------
        BIDS 1.10, Imaging derivatives, "Discrete segmentations".
        """
        import pandas as pd  # noqa: PLC0415  takes long to load

        present = self.index.labels.tolist()
        entries = self._named(sorted({*present, *(e.label for e in self.labels)}))
        frame: pd.DataFrame = pd.DataFrame(
            {
                "index": [e.label for e in entries],
                "name": [e.name or f"label {e.label}" for e in entries],
                "color": [e.color for e in entries],
            }
        )
        if path is not None:
            if not str(path).endswith(".tsv"):
                raise BadVolume(str(path), "look-up tables of BIDS are .tsv files")
            try:
                frame.to_csv(path, sep="\t", index=False, na_rep="n/a", lineterminator="\n")
            except OSError as error:
                raise BadVolume(str(path), f"cannot be written: {error.strerror or error}") from error
        return frame

    def _painted(self, values: Mapping[Any, float] | pd.Series | pd.DataFrame) -> dict[int, float]:
        """Give the value of each label that was given one."""
        found: dict[int, float] = {}
        for spec, value in painted(values, str(self)).items():
            for label in self._labels(spec):
                if label in found and found[label] != value and not np.isnan([found[label], value]).all():
                    reason = f"{spec!r} gives a second value, {value!r}, after {found[label]!r}"
                    raise LabelMismatch(str(self), reason, [label])
                found[label] = value
        if not found:
            raise LabelMismatch(str(self), "no value was given")
        return found


class Painted(Tabled):
    """Values on the regions of a label map; see :class:`~siibra_kg.volumes.labels.map.LabelMap`."""

    volume: Volume

    @property
    def regions(self) -> Table:
        """What every label means, declared or present, its voxels and its volume in cubic mm; ascending."""
        sizes = (self.index.counts * self.volume.voxel_volume).tolist()
        return Table((*LABEL_COLUMNS, *_SIZES), tuple(self._region_rows(sizes)))

    def colorize(
        self,
        values: Mapping[Any, float] | pd.Series | pd.DataFrame,
        background: float = np.nan,
        *,
        max_bytes: int = MAX_BYTES,
    ) -> Volume:
        """Paint a value on each region.

        Parameters
        ----------
        values
            The value of each region, which is named by its IRI, its whole name or a label; of a data frame the
            index, or its column ``label``, ``region`` or ``name``, names regions, and one other column has numbers.
        background
            The value of all other voxels.
        max_bytes
            Refuse to make a larger array.

        Returns
        -------
        Volume
            A statistical volume of 64-bit floats on the grid of the map.

        Raises
        ------
        LabelMismatch
            If one of the regions is not in the map, or has two values.
        BadVolume
            If values are no numbers, or the array would be too large.
        """
        found = self._painted(values)
        if self.volume.array.size * 8 > max_bytes:
            need = self.volume.array.size * 8
            raise BadVolume(str(self), f"values take {need:,} bytes, more than the {max_bytes:,} allowed")
        out: NDArray[np.float64] = np.full(self.volume.shape, background, np.float64, order="F")
        flat = out.reshape(-1, order="F")
        for label, value in found.items():
            flat[self.index.voxels_of(label)] = value
        whole = self.volume
        step = f"values of {len(found)} labels, {background} elsewhere"
        name = whole.parcellation or whole.name
        return Volume(
            out,
            whole.affine,
            whole.space,
            whole.space_name,
            "statistical",
            f"values on {name}",
            whole.parcellation,
            whole.provenance.then(step),
        )


def painted(values: Mapping[Any, float] | pd.Series | pd.DataFrame, what: str) -> dict[Any, float]:
    """Give values by what names their regions, from a mapping, a series or a data frame.

    Raises
    ------
    BadVolume
        If they are no numbers, or it is not clear which column has them.
    """
    pairs = _frame_pairs(values, what) if hasattr(values, "columns") else list(values.items())  # type: ignore[arg-type]
    found: dict[Any, float] = {}
    for spec, value in pairs:
        try:
            found[spec] = float(value)
        except (TypeError, ValueError) as error:  # noqa: PERF203  a few hundred values
            raise BadVolume(what, f"the value {value!r} of {spec!r} is no number") from error
    if len(found) < len(pairs):
        raise BadVolume(what, "a region is named twice")
    return found


def _frame_pairs(frame: pd.DataFrame, what: str) -> list[tuple[Any, Any]]:
    named = [n for n in ("label", "region", "name") if n in frame.columns]
    numbers = [n for n in frame.columns if n not in named and frame[n].dtype.kind in "iufb"]
    if len(numbers) != 1:
        told = ", ".join(map(str, numbers)) or "none"
        raise BadVolume(what, f"a table has to have one column of values, this one has {told}", "choose one column")
    keys = frame[named[0]].tolist() if named else frame.index.tolist()
    return list(zip(keys, frame[numbers[0]].tolist(), strict=True))


LABEL_COLUMNS = (
    Column("label", "integer", "its number"),
    Column("region", "iri", "the region that it stands for"),
    Column("name", "string", "its name"),
    Column("color", "string", "#RRGGBB"),
    Column("laterality", "string", "left or right"),
)
_SIZES = (
    Column("voxels", "integer", "how many voxels have the label"),
    Column("volume", "decimal", "cubic mm"),
)
