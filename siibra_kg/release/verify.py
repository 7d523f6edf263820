"""Checking a release, or a snapshot: every file there, of the right content, none too many, and counts that agree."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from siibra_kg.build.manifest import Manifest
from siibra_kg.build.snapshot import find
from siibra_kg.errors import SiibraKGError, SnapshotError
from siibra_kg.release.crate import files_of
from siibra_kg.release.dumps import quads_of
from siibra_kg.release.folder import checksums
from siibra_kg.release.names import CRATE, DUMP, MANIFEST, SUMS, VOID
from siibra_kg.stores import open_store
from siibra_kg.terms import Literal
from siibra_kg.vocab import NAMESPACES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from siibra_kg.config import Settings

__all__ = ["Problem", "VerifyReport", "verify", "verify_release"]

_LINE = re.compile(r"(?P<hash>[0-9a-f]{64})  (?P<name>[^\r\n\\]+)")


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """A file, and what is wrong with it."""

    file: str
    reason: str

    def __str__(self) -> str:
        return f"{self.file}: {self.reason}"


@dataclass(frozen=True, slots=True)
class VerifyReport:
    """What a check found.

    Parameters
    ----------
    path
        The folder.
    kind
        ``release`` or ``snapshot``.
    content_hash
        What the manifest names; empty if it cannot be read.
    files
        How many files were read.
    size
        Bytes of all of them.
    problems
        In order of file; empty if all is well.
    """

    path: str
    kind: str
    content_hash: str
    files: int
    size: int
    problems: tuple[Problem, ...]

    @property
    def ok(self) -> bool:
        """Whether all is well."""
        return not self.problems

    def __str__(self) -> str:
        count = f"{self.files:,} files, {self.size:,} bytes"
        if self.ok:
            return f"{self.path}: {self.kind} {self.content_hash[:16]} is whole: {count}"
        told = "".join(f"\n  {problem}" for problem in self.problems)
        return f"{self.path}: {self.kind} is damaged ({len(self.problems):,} problems in {count}){told}"


def verify(path: Path, settings: Settings) -> VerifyReport:
    """Check a folder: a release if it has a list of checksums, a snapshot otherwise.

    Parameters
    ----------
    path
        The folder.
    settings
        For finding a snapshot.

    Raises
    ------
    SnapshotError
        If it is neither a release nor a snapshot.
    """
    if (path / SUMS).exists() or (path / CRATE).exists():
        return verify_release(path)
    snapshot = find(path, settings)
    problems: list[Problem] = []
    try:
        snapshot.verify()
    except SnapshotError as error:
        problems.append(Problem(snapshot.graph_path.name, error.reason))
    manifest = snapshot.manifest
    return VerifyReport(str(path), "snapshot", manifest.content_hash, 1, manifest.graph_bytes, tuple(problems))


def verify_release(
    path: Path, progress: Callable[[str, int, int | None], None] = lambda _step, _done, _total: None
) -> VerifyReport:
    """Check a release folder.

    All files are read. The list of checksums has to be exactly what they give, so that the change of any byte of any
    file, a missing file and one too many are found. If that is so, the contents have to agree: the content hash of the
    dump with the manifest, the crate with the files, the counts of VoID and of the manifest with the lines of the dump.

    Raises
    ------
    SnapshotError
        If there is no such folder.
    """
    if not path.is_dir():
        raise SnapshotError(str(path), "there is no such folder", "name the folder of a release")
    progress("checksums", 0, 2)
    odd = [p for p in sorted(path.rglob("*")) if p.is_symlink() or not (p.is_file() or p.is_dir())]
    problems = [Problem(p.relative_to(path).as_posix(), "is no plain file") for p in odd]
    facts = checksums(path)
    problems += _compare(path, facts)
    content_hash = ""
    progress("checksums", 1, 2)
    try:
        manifest = Manifest.read(path / MANIFEST)
        content_hash = manifest.content_hash
        if not problems:
            problems += [*_crate(path, facts), *_counts(path, manifest)]
    except SiibraKGError as error:
        problems.append(Problem(MANIFEST, str(error)))
    progress("checksums", 2, 2)
    size = sum(size for size, _ in facts.values())
    return VerifyReport(str(path), "release", content_hash, len(facts), size, tuple(sorted(problems)))


def _compare(path: Path, facts: Mapping[str, tuple[int, str]]) -> Iterator[Problem]:
    """Compare the files with the list of checksums."""
    try:
        text = (path / SUMS).read_bytes().decode()
    except (OSError, UnicodeDecodeError) as error:
        yield Problem(SUMS, f"cannot be read: {error}")
        return
    told: dict[str, str] = {}
    lines = text.split("\n")
    if lines.pop():
        yield Problem(SUMS, "does not end with a line break")
    for number, line in enumerate(lines, start=1):
        match = _LINE.fullmatch(line)
        if match is None or match["name"] in told:
            yield Problem(SUMS, f"line {number} is no checksum of a file")
        else:
            told[match["name"]] = match["hash"]
    if list(told) != sorted(told):
        yield Problem(SUMS, "is not in order")
    there = facts.keys() - {SUMS}
    yield from (Problem(name, "is missing") for name in sorted(told.keys() - there))
    yield from (Problem(name, "does not belong here") for name in sorted(there - told.keys()))
    for name in sorted(there & told.keys()):
        if facts[name][1] != told[name]:
            yield Problem(name, "is not what it was: its checksum differs")


def _crate(path: Path, facts: Mapping[str, tuple[int, str]]) -> Iterator[Problem]:
    try:
        listed = files_of((path / CRATE).read_bytes())
    except (OSError, ValueError, KeyError, TypeError) as error:
        yield Problem(CRATE, f"is no RO-Crate: {error!r}")
        return
    for name in sorted(listed.keys() ^ (facts.keys() - {CRATE})):
        yield Problem(CRATE, f"{'lists' if name in listed else 'does not list'} {name}")
    for name, told in sorted(listed.items()):
        if told is not None and name in facts and told != facts[name]:
            yield Problem(CRATE, f"says something else about the size or checksum of {name}")


def _counts(path: Path, manifest: Manifest) -> Iterator[Problem]:
    """Compare the dump with the manifest and with VoID."""
    lines: Counter[str] = Counter()
    digest = hashlib.sha256()
    try:
        with quads_of(path / DUMP) as quads:
            for line in quads:
                digest.update(line)
                lines[line.rsplit(b" ", 2)[-2][1:-1].decode()] += 1
    except Exception as error:  # noqa: BLE001  whatever the decompressor finds wrong
        yield Problem(DUMP, f"cannot be read: {error!r}")
        return
    if digest.hexdigest() != manifest.content_hash:
        yield Problem(DUMP, f"its content is not {manifest.content_hash}, which the manifest names")
    if lines != Counter(manifest.graphs) or sum(lines.values()) != manifest.triples:
        yield Problem(MANIFEST, f"counts something else than the lines of {DUMP}")
    told = _void(path)
    whole = told.pop(f"{manifest.base_iri}.well-known/void#dataset", None)
    if whole != sum(lines.values()) or {graph: told.get(graph) for graph in lines} != lines:
        yield Problem(VOID, f"counts something else than the lines of {DUMP}")


def _void(path: Path) -> dict[str, int]:
    """Give the counts of all datasets that VoID describes."""
    store = open_store(path / VOID)
    try:
        wanted = NAMESPACES["void"] + "triples"
        quads = store.quads()  # type: ignore[attr-defined]  # a file is opened in memory, which is writable
        return {
            str(q.subject): int(q.object.value)
            for q in quads
            if q.predicate == wanted and isinstance(q.object, Literal)
        }
    finally:
        store.close()
