"""Features with a file for each subject (or measured quantity): one of them, or the mean of all in one pass."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from siibra_kg.data_errors import BadTable
from siibra_kg.errors import AmbiguousName, DataMissing, NoSuchName
from siibra_kg.features.kept import Kept

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from siibra_kg.features.base import Measured
    from siibra_kg.features.reader import Reader
    from siibra_kg.model_features import DataFile

__all__ = ["averaged", "data_files", "file_of", "numbers_of"]


def data_files(feature: Measured) -> tuple[DataFile, ...]:
    """Give the data files of a feature, by subject.

    Raises
    ------
    DataMissing
        If the graph names none.
    """
    files = tuple(file for file in feature.files if file.role == "data")
    if not files:
        hint = f"`siibra-kg show {feature.iri}` prints what it states"
        raise DataMissing(f"the table of {feature.name}", "the graph names no file of it", hint)
    return files


def file_of(feature: Measured, subject: str | None) -> DataFile:
    """Give the file of a subject; without one, the only file there is.

    Raises
    ------
    NoSuchName
        If there is no such subject; ``close`` has those there are.
    AmbiguousName
        If none is named and there are several.
    """
    files = data_files(feature)
    if subject is None:
        if len(files) > 1:
            raise AmbiguousName(feature.name, "subject", feature.subjects)
        return files[0]
    found = [file for file in files if file.index == subject]
    if not found:
        raise NoSuchName(subject, "subject", feature.subjects[:8], feature.name)
    return found[0]


def numbers_of(
    reader: Reader, feature: Measured, file: DataFile, check: Callable[[NDArray[np.float64], str], NDArray[np.float64]]
) -> tuple[NDArray[np.float64], dict[str, str]]:
    """Read one file.

    Parameters
    ----------
    reader, feature, file
        What to read.
    check
        Gets the numbers as they are in the file, and what errors call it; gives them as they are wanted, or raises
        :class:`~siibra_kg.data_errors.BadTable`.

    Returns
    -------
    tuple of numpy.ndarray and dict
        The numbers, and where they come from.
    """
    from siibra_kg.tabular import read_matrix  # noqa: PLC0415  numpy takes 100 ms

    data, source = reader.content(file)
    name = _called(file)
    return check(read_matrix(data, reader.format(feature, file=file), name=name), name), source


def averaged(
    reader: Reader,
    feature: Measured,
    files: Sequence[DataFile],
    check: Callable[[NDArray[np.float64], str], NDArray[np.float64]],
) -> Kept:
    """Give mean and standard deviation over files; they are computed once and kept in the cache.

    A file that cannot be read is left out and noted.

    Returns
    -------
    Kept
        Arrays ``mean`` and ``std``; the note has ``subjects`` (those that count), ``sources`` and ``notes``.

    Raises
    ------
    BadTable
        If none of the files can be read.
    """
    hashes = {url: reader.file(file).sha256 for url, file in {file.url: file for file in files}.items()}
    formats = [reader.format(feature, file=file) for file in files]
    known = {form: number for number, form in enumerate(dict.fromkeys(formats))}
    written = [(hashes[f.url], f.member, f.index, known[form]) for f, form in zip(files, formats, strict=True)]
    key = ["mean and deviation", len(feature.rows), [asdict(form) for form in known], written]
    return reader.kept(key, lambda: _average(reader, feature, files, check))


def _average(
    reader: Reader,
    feature: Measured,
    files: Sequence[DataFile],
    check: Callable[[NDArray[np.float64], str], NDArray[np.float64]],
) -> Kept:
    from siibra_kg.progress import progress_bar  # noqa: PLC0415
    from siibra_kg.tabular import read_matrix  # noqa: PLC0415
    from siibra_kg.tabular.running import Running  # noqa: PLC0415

    running = Running()
    notes: list[str] = []
    counted: list[str] = []
    sources: dict[tuple[str, str], dict[str, str]] = {}
    with progress_bar() as shown:
        for number, (file, data) in enumerate(_contents(reader, files, notes), start=1):
            name = _called(file)
            try:
                matrix = check(read_matrix(data, reader.format(feature, file=file), name=name), name)
                running.add(matrix, name)
            except BadTable as error:
                notes.append(f"{file.index or name} is left out: {error}")
                continue
            counted.append(file.index)
            sha256 = reader.file(file).sha256
            sources.setdefault((file.url, sha256), {"url": file.url, "member": "", "sha256": sha256})
            shown(f"mean of {feature.name}", number, len(files))
    if not counted:
        raise BadTable(feature.name, "none of its files can be read", notes[0] if notes else "")
    note = {"subjects": counted, "sources": list(sources.values()), "notes": notes}
    return Kept({"mean": running.mean, "std": running.std}, note)


def _contents(reader: Reader, files: Sequence[DataFile], notes: list[str]) -> Iterator[tuple[DataFile, bytes]]:
    """Give the content of each file; an archive is opened once, and one file of it is in memory at a time."""
    from siibra_kg.tabular import members  # noqa: PLC0415

    by_archive: dict[str, list[DataFile]] = {}
    for file in files:
        by_archive.setdefault(file.url if file.member else file.iri, []).append(file)
    for group in by_archive.values():
        if not group[0].member:
            yield group[0], reader.content(group[0])[0]
            continue
        missing: list[str] = []
        by_member: dict[str, list[DataFile]] = {}
        for file in group:
            by_member.setdefault(file.member, []).append(file)
        archive = reader.file(group[0])
        for member, data in members(archive.path, list(by_member), name=group[0].url, missing=missing):
            for file in by_member[member]:  # two subjects may name one member; each of them counts
                yield file, data
        for member in missing:
            names = ", ".join(file.index or member for file in by_member[member])
            notes.append(f"{names} is left out: the archive has no member {member!r}")


def _called(file: DataFile) -> str:
    return f"{file.url}, member {file.member}" if file.member else file.url
