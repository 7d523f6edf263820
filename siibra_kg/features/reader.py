"""Reader: from a feature's files to arrays and frames; knows formats, addresses and what was read before."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from siibra_kg.data_errors import BadTable
from siibra_kg.features.frames import described, warned
from siibra_kg.features.kept import Kept, Memory, on_disk
from siibra_kg.questions import formats, regions
from siibra_kg.tabular.sniff import check_file

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

    import pandas as pd

    from siibra_kg.config import Settings
    from siibra_kg.model import Region
    from siibra_kg.model_features import DataFile, Feature
    from siibra_kg.questions.ask import Asker
    from siibra_kg.tabular import Format
    from siibra_kg.terms import IRI
    from siibra_kg.web.cache import CachedFile

__all__ = ["Reader"]

#: Bytes of tables and arrays that a graph keeps in memory.
_MEMORY = 256 * 2**20


@dataclass(frozen=True, slots=True)
class _Written:
    """What the source writes about a feature's values."""

    unit: str
    timestep: str
    indexed_by: str


class Reader:
    """Reads files of features; for any number of threads.

    Parameters
    ----------
    ask
        The graph that says how they are written.
    settings
        Cache, mirror, and whether the network may be used.
    """

    def __init__(self, ask: Asker, settings: Settings) -> None:
        self.ask = ask
        self.settings = settings
        self._said: dict[IRI, tuple[formats.Said, ...]] = {}
        self._formats: dict[tuple[IRI, str, IRI | None], Format] = {}
        self._described: dict[tuple[IRI, IRI | None], Format] = {}
        self._written: dict[IRI, _Written] = {}
        self._regions: dict[IRI, Region] = {}
        self._files: dict[tuple[Path, int, int], str] = {}
        self._memory = Memory(_MEMORY)

    def format(self, feature: Feature, role: str = "data", file: DataFile | None = None) -> Format:
        """Give how files of a feature are written: as a file says, else its feature, its class, a more general class.

        Parameters
        ----------
        feature
            Of the graph.
        role
            ``"data"``, ``"segments"`` or ``"layers"``; that of ``file`` if one is given.
        file
            One of its files, which may be written in a way of its own.

        Raises
        ------
        BadTable
            If the graph does not say, or says several things.
        """
        key = feature.iri, file.role if file else role, file.iri if file else None
        if key not in self._formats:
            if feature.iri not in self._said:
                self._said[feature.iri] = formats.said(self.ask, feature.iri)
            nodes = formats.choose(feature.iri, self._said[feature.iri], key[1], key[2])
            if nodes not in self._described:
                self._described[nodes] = formats.read(self.ask, *nodes)
            self._formats[key] = self._described[nodes]
        return self._formats[key]

    def unit(self, feature: Feature) -> str:
        """Give the unit of a feature's values as its source writes it; empty where it does not."""
        return self._about(feature).unit

    def timestep(self, feature: Feature) -> str:
        """Give the time between two values of a feature as its source writes it, ``"720 ms"``; empty without one."""
        return self._about(feature).timestep

    def indexed_by(self, feature: Feature) -> str:
        """Say what a feature has a file for each of: ``"subject"``, or ``"feature"`` for quantities; else empty."""
        return self._about(feature).indexed_by

    def _about(self, feature: Feature) -> _Written:
        if feature.iri not in self._written:
            rows = list(self.ask.table("feature/unit", feature=feature.iri))
            said = [{row[name] for row in rows if row[name]} for name in ("unit", "timestep", "indexed_by")]
            for name, several in zip(("units", "time steps", "indices"), said, strict=True):
                if len(several) > 1:
                    raise BadTable(f"feature {feature.iri}", f"the graph states several {name}: {sorted(several)}")
            self._written[feature.iri] = _Written(*("".join(several) for several in said))
        return self._written[feature.iri]

    def file(self, data_file: DataFile) -> CachedFile:
        """Give a file, or the archive that it is in, on this machine: from a package, the cache, or the web.

        What is downloaded is looked at before it is kept: nothing at all, a web page, and an archive that is none are
        no data.

        Raises
        ------
        DataMissing
            If the package that holds it is not installed.
        BadTable
            If what was downloaded cannot be a table, or an archive of tables; nothing is kept. If the graph states the
            SHA-256 of a file on this machine, and it is another one.
        NetworkDisabled, SourceError, BadVolume
            As :func:`siibra_kg.web.cache.cached`.
        """
        from siibra_kg.web.cache import CachedFile, cached  # noqa: PLC0415  loads what downloads need
        from siibra_kg.web.fetch import local_path  # noqa: PLC0415

        url = data_file.url
        here = self._in_package(data_file) if url.startswith("pkg:") else local_path(url)
        wanted = data_file.sha256
        if here is None or not here.is_file():
            archive = bool(data_file.member)
            return cached(url, self.settings, sha256=wanted, check=lambda path: check_file(path, url, archive=archive))
        found = self._sha256(here)
        if wanted and found != wanted:
            hint = "a dataset of your own whose files were changed: run `siibra-kg add` with its folder again"
            raise BadTable(url, f"its content is not what was described: its sha256 is {found}, not {wanted}", hint)
        return CachedFile(here, found, url)

    def _in_package(self, data_file: DataFile) -> Path:
        from siibra_kg.model import VolumeRef  # noqa: PLC0415
        from siibra_kg.volumes.files.packages import locate  # noqa: PLC0415  loads what volumes need

        return locate(VolumeRef(data_file.iri, data_file.iri, "table", "file", data_file.url), self.settings)

    def _sha256(self, path: Path) -> str:
        from siibra_kg.web.digest import sha256_of  # noqa: PLC0415

        state = path.stat()
        key = path, state.st_size, state.st_mtime_ns
        if key not in self._files:
            self._files[key] = sha256_of(path)
        return self._files[key]

    def content(self, data_file: DataFile) -> tuple[bytes, dict[str, str]]:
        """Give the bytes of a file, unpacked from its archive, and where they come from.

        Returns
        -------
        tuple of bytes and dict
            The content as it is in the archive (maybe gzipped), and ``url``, ``member`` and ``sha256`` of the file or
            archive: what frames carry in ``attrs["sources"]``.

        Raises
        ------
        BadTable
            If the archive has no such member, or it is damaged or too large.
        DataMissing, NetworkDisabled, SourceError, BadVolume
            If the file cannot be had.
        """
        from siibra_kg.tabular import members  # noqa: PLC0415
        from siibra_kg.tabular.limits import MAX_BYTES, check_size  # noqa: PLC0415

        file = self.file(data_file)
        source = {"url": data_file.url, "member": data_file.member, "sha256": file.sha256}
        if data_file.member:
            ((_, data),) = members(file.path, [data_file.member], name=data_file.url)
            return data, source
        check_size(data_file.url, file.path.stat().st_size, MAX_BYTES)
        return file.path.read_bytes(), source

    def frame(self, feature: Feature, data_file: DataFile, *, quiet: bool = False) -> pd.DataFrame:
        """Read a file of a feature as the graph says that it is written.

        Parameters
        ----------
        feature
            Of the graph.
        data_file
            One of its files.
        quiet
            Warn of nothing: the caller makes something else of the frame, and warns itself.

        Returns
        -------
        pandas.DataFrame
            A frame of its own, with ``attrs``: ``unit``, ``sources`` and ``notes``, see
            :class:`~siibra_kg.features.base.Measured`. Each note is also a warning.

        Raises
        ------
        BadTable
            If the file is not what its format says, or nothing says how it is written.
        DataMissing, NetworkDisabled, SourceError, BadVolume
            If the file cannot be had.
        """
        written = self.format(feature, file=data_file)
        file = self.file(data_file)
        key = "frame", file.sha256, data_file.member, written
        known = self._memory.get(key)
        if known is None:
            known = self._read(data_file, written)
            self._memory.put(key, known, int(known.memory_usage(deep=True).sum()))
        frame: pd.DataFrame = known.copy()
        source = {"url": data_file.url, "member": data_file.member, "sha256": file.sha256}
        notes = list(known.attrs["notes"])
        unit = _unit(frame, written, self.unit(feature), notes)
        described(frame, unit=unit, sources=[source], notes=notes)
        return frame if quiet else warned(frame, feature.name)

    def _read(self, data_file: DataFile, written: Format) -> pd.DataFrame:
        from siibra_kg.tabular import read_frame  # noqa: PLC0415

        data, source = self.content(data_file)
        name = f"{source['url']}, member {source['member']}" if source["member"] else source["url"]
        return read_frame(data, written, name=name)

    def regions(self, iris: Iterable[IRI]) -> dict[IRI, Region]:
        """Give regions by IRI; what is no region of the graph is left out. Each is asked for once."""
        wanted = list(dict.fromkeys(iris))
        for region in regions.describe(self.ask, [iri for iri in wanted if iri not in self._regions]):
            self._regions[region.iri] = region
        return {iri: self._regions[iri] for iri in wanted if iri in self._regions}

    def labels(self, feature: Feature) -> tuple[tuple[Region | tuple[Region, ...] | str, ...], tuple[str, ...]]:
        """Give what the rows (and of a matrix the columns) of a feature stand for, and notes of what is not resolved.

        A row is a region, a tuple of regions where it stands for several, or the text of the source for none.

        Raises
        ------
        BadTable
            If the graph lacks a row, or has one twice: what comes after it would be called by another's name.
        """
        rows = feature.rows
        if [row.position for row in rows] != list(range(len(rows))):
            raise BadTable(f"feature {feature.iri}", "the positions of its rows in the graph are not 0, 1, 2, …")
        known = self.regions(iri for row in rows for iri in row.regions)
        labels: list[Region | tuple[Region, ...] | str] = []
        notes: list[str] = []
        lost: list[str] = []
        for row in rows:
            found = tuple(known[iri] for iri in row.regions if iri in known)
            labels.append(found[0] if len(found) == 1 else found or row.name)
            if not found:
                lost.append(row.name)
            elif len(found) < len(row.regions):
                said = f"{len(found)} of the {len(row.regions)} regions of {row.name!r} are described in the graph"
                notes.append(f"row {row.position}: {said}")
        if lost:  # a line for each of 400 rows would say less
            shown = ", ".join(map(repr, lost[:4])) + (f" and {len(lost) - 4} more" if len(lost) > 4 else "")
            many = f"{len(lost)} of {len(rows)} rows are" if len(lost) > 1 else f"1 of {len(rows)} rows is"
            notes.append(f"{many} no region of the graph: {shown}")
        return tuple(labels), tuple(notes)

    def kept(self, key: Sequence[Any], make: Callable[[], Kept]) -> Kept:
        """Give what was computed before from the same files, in this process or another, or compute it.

        Parameters
        ----------
        key
            JSON values that say all that the result depends on: what is computed, the SHA-256 of each file with its
            member, and its format (``dataclasses.asdict``).
        make
            Computes it; what it raises is raised here, and nothing is kept.
        """
        text = json.dumps(key, sort_keys=True, ensure_ascii=False, default=asdict)
        found: Kept | None = self._memory.get(text)
        if found is None:
            found = on_disk(self.settings.cache, json.loads(text), make)
            self._memory.put(text, found, found.size)
        return found


def _unit(frame: pd.DataFrame, written: Format, of_feature: str, notes: list[str]) -> str | dict[str, str]:
    """Give the unit: in a column of the file, else by column, else of the feature, else of the format."""
    column = next((c.name for c in written.columns if c.meaning == "skg:unitText"), None)
    told = {column.name: column.unit for column in written.columns if column.unit}
    if column is not None:
        there = sorted({text for text in frame[column] if text})
        if len(there) == 1:
            values = [c.name for c in written.columns if c.datatype != "string" and c.name not in told]
            return {**told, **dict.fromkeys(values, there[0])} if told else there[0]
        notes.append(f"its rows have several units: {', '.join(there)}" if there else "no row says its unit")
    if told:
        return {**told, **({"": of_feature} if of_feature else {})}
    unit = of_feature or written.unit
    if not unit and column is None:
        notes.append("nothing states the unit of its values")
    return unit
