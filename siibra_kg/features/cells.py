"""Cell density profiles: segmented cells of a patch of cortex, its layers, and densities by depth."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from siibra_kg.data_errors import BadTable
from siibra_kg.errors import DataMissing
from siibra_kg.features.frames import described, notes_of, only_file, sources_of, warned
from siibra_kg.features.kept import Kept
from siibra_kg.features.profiles import CorticalProfile
from siibra_kg.model_features import DataFile

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

    from siibra_kg.features.base import Measured
    from siibra_kg.features.patch import Patch

__all__ = ["CellDensityProfile", "read_layers"]

# Part of what is kept: another text where the same files give other profiles than before.
_EDITION = "cell-profile-1"
# The longest known line has some hundred points.
_MOST = 4 * 2**20


@dataclass(frozen=True, slots=True, repr=False)
class CellDensityProfile(CorticalProfile):
    """Density of segmented cell bodies along the depth of the cortex, in a patch of a section of BigBrain.

    siibra's class of the same name. Beside the file of cells lie one of layers and seven lines between layers; the
    graph says where (``skg:CompanionFile``). Images have a pixel for each micrometre, y first, the pial surface at
    their top; :mod:`siibra_kg.features.patch` says how they are made and where siibra's differ.
    """

    @property
    def cells(self) -> pd.DataFrame:
        """The cells, in the order of the file.

        ``x`` and ``y`` in pixels of the patch (1 micrometre), ``area`` in square micrometres, ``layer`` (0 above the
        pial surface, 1 to 6, 7 in white matter) and ``label``, the number of the cell.
        """
        return self._reader().frame(self, only_file(self))

    @property
    def layers(self) -> pd.DataFrame:
        """The layers, by number: ``name``, ``area`` in square micrometres, mean ``thickness`` in micrometres."""
        return warned(read_layers(self, self._companions("layers")[0]), self.name)

    @property
    def section(self) -> str:
        """Number of the histological section, as the source writes it; empty where it does not."""
        return self._place("section")

    @property
    def patch(self) -> str:
        """Number of the patch in its section, as the source writes it; empty where it does not."""
        return self._place("patch")

    @property
    def layer_mask(self) -> NDArray[np.uint8]:
        """The layer of each pixel: 0 above the pial surface, 1 to 6, 7 in white matter."""
        return self._patch()[0].layer_mask()

    @property
    def density_image(self) -> NDArray[np.float32]:
        """The density at each pixel, per cube with an edge of 0.1 mm, corrected for shrinkage in the section."""
        return self._patch()[0].density_image()

    @property
    def depth_image(self) -> NDArray[np.float64]:
        """The cortical depth of each pixel, from 0 to 1; ``NaN`` outside the cortex."""
        return self._patch()[0].depth_image(step=1)

    @property
    def boundary_positions(self) -> dict[tuple[int, int], float]:
        """Mean depth of each border between two layers: ``{(0, 1): 0.0, (1, 2): 0.09, ..., (6, 7): 1.0}``."""
        return {(above, above + 1): float(at) for above, at in enumerate(self._profile().arrays["borders"])}

    def read(self) -> pd.DataFrame:
        """As :attr:`data`, without warnings."""
        import pandas as pd  # noqa: PLC0415  takes 300 ms

        kept = self._profile()
        index = pd.Index(kept.arrays["depths"], name="depth")
        frame = pd.DataFrame({"density": kept.arrays["densities"]}, index=index)
        unit = self._reader().unit(self)
        notes = [*kept.note["notes"], *([] if unit else ["nothing states the unit of its values"])]
        return described(frame, unit=unit, sources=kept.note["sources"], notes=notes)

    def _profile(self) -> Kept:
        """Give depths, densities and borders; they are computed once for the same files."""
        reader = self._reader()
        file = only_file(self)
        files = [file, *self._companions("boundary")]
        key = [_EDITION, [reader.file(each).sha256 for each in files], reader.format(self, file=file)]
        return reader.kept(key, self._computed)

    def _computed(self) -> Kept:
        import numpy as np  # noqa: PLC0415  takes 100 ms

        patch, sources = self._patch()
        depths, densities = patch.profile()
        borders = np.array(list(patch.boundary_positions().values()))
        arrays = {"depths": depths, "densities": densities, "borders": borders}
        return Kept(arrays, {"notes": list(patch.notes), "sources": sources})

    def _patch(self) -> tuple[Patch, list[dict[str, str]]]:
        """Read the cells and lines; with the files that they come from."""
        from siibra_kg.features.patch import make_patch  # noqa: PLC0415  takes 200 ms

        reader = self._reader()
        cells = reader.frame(self, only_file(self), quiet=True)
        lines, sources = {}, sources_of(cells)
        for above, file in enumerate(self._companions("boundary")):
            data, source = reader.content(file)
            lines[above] = _points(data, file.url)
            sources.append(source)
        return make_patch(cells["x"].to_numpy(), cells["y"].to_numpy(), lines, sources[0]["url"]), sources

    def _companions(self, role: str) -> list[DataFile]:
        rows = self._reader().ask.table("feature/companions", feature=self.iri)
        files = [DataFile(row.iri, str(row.url), role=role) for row in rows if row.role == role]
        if not files:
            hint = "build the graph again: older ones do not"
            raise DataMissing(f"what lies beside the cells of {self.name}", "the graph does not say where", hint)
        return files

    def _place(self, name: str) -> str:
        rows = self._reader().ask.table("feature/section", feature=self.iri)
        return next((row[name] or "" for row in rows), "")


def read_layers(feature: Measured, file: DataFile) -> pd.DataFrame:
    """Read a file of layers: the index is their number; warns of nothing.

    Raises
    ------
    BadTable
        If a layer is there twice, or an area is no positive number.
    """
    table = feature._reader().frame(feature, file, quiet=True)  # noqa: SLF001  of the same family
    frame = table.set_index("number").rename_axis("layer")
    if frame.index.has_duplicates:
        raise BadTable(file.url, f"layer {frame.index[frame.index.duplicated()][0]} has several rows")
    if not (frame["area"] > 0).all():
        wrong = frame.index[~(frame["area"] > 0)][0]
        raise BadTable(file.url, f"the area of layer {wrong} is {frame['area'][wrong]:g}", "densities divide by it")
    unit = {column: text for column, text in table.attrs["unit"].items() if column}
    return described(frame, unit=unit, sources=sources_of(table), notes=notes_of(table))


def _points(data: bytes, source: str) -> Any:  # noqa: ANN401  what make_patch checks
    """Give the points of a line between layers: JSON with a list ``segments`` of x and y."""
    if len(data) > _MOST:
        raise BadTable(source, f"it has more than {_MOST:,} bytes")
    try:
        said = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise BadTable(source, "it is no JSON", "the server may want a login: open the address in a browser") from error
    if not isinstance(said, dict) or "segments" not in said:
        raise BadTable(source, 'it has no "segments"', "a line between layers is a list of points of this name")
    return said["segments"]
