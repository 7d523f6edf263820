"""Writing a release: all files into a hidden folder beside the target, then one rename."""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from siibra_kg.build.switch import sync
from siibra_kg.describe.about import about
from siibra_kg.describe.documents import DOCUMENTS, document
from siibra_kg.errors import SiibraKGError
from siibra_kg.questions.ask import Asker
from siibra_kg.questions.sssom_table import sssom
from siibra_kg.release.crate import crate
from siibra_kg.release.dumps import write_dumps
from siibra_kg.release.names import CRATE, MANIFEST, SUMS
from siibra_kg.release.told import pages
from siibra_kg.resources import folder

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from siibra_kg.describe.about import About, Graph

__all__ = ["ReleaseError", "checksums", "export_release", "sums"]

#: Folder of the release -> files below ``ontologies/``.
_ONTOLOGIES = {"ontology": ("*.ttl", "context.jsonld"), "shapes": ("shapes/*.ttl",)}


class ReleaseError(SiibraKGError):
    """A release cannot be written; nothing was left at its place."""

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(path, reason)
        self.path = path
        self.reason = reason

    def __str__(self) -> str:
        return f"release {self.path}: {self.reason}"


def export_release(
    kg: Graph,
    out: Path,
    *,
    url: str = "",
    home: str = "",
    published: str = "",
    extra: Mapping[str, bytes] | None = None,
    progress: Callable[[str, int, int | None], None] = lambda _step, _done, _total: None,
) -> Path:
    """Write a snapshot as a static folder that can be published as it is.

    Parameters
    ----------
    kg
        A graph opened from a snapshot.
    out
        The folder to make; there may be none, or an empty one.
    url
        Address at which the folder will be, for links to the dumps; ``<base_iri>release/<hash>/`` unless told.
    home
        Address of the server that answers queries; the base of minted identifiers unless told.
    published
        Day of publication for the RO-Crate, ISO 8601. Without it, equal snapshots give equal bytes on any day.
    extra
        Further files by name, for instance ``openapi.json``.
    progress
        Called with step, done, total.

    Returns
    -------
    Path
        The folder.

    Raises
    ------
    ReleaseError
        If the graph has no snapshot, something is at ``out`` already, or the folder cannot be written.
    """
    out = Path(out).absolute()
    if kg.snapshot is None:
        raise ReleaseError(str(out), "the graph has no snapshot; open a folder that `siibra-kg build` made")
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise ReleaseError(str(out), "there is something already; name another folder")
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        staging = Path(tempfile.mkdtemp(prefix=f".{out.name}.", dir=out.parent))
        try:
            staging.chmod(0o755)
            _fill(kg, staging, url, home, published, extra or {}, progress)
            sync(staging)
            staging.rename(out)
        finally:
            shutil.rmtree(staging, ignore_errors=True)
    except OSError as error:
        raise ReleaseError(str(out), f"it cannot be written: {error.strerror or error}") from error
    return out


def _fill(  # noqa: PLR0917  the arguments of export_release
    kg: Graph,
    out: Path,
    url: str,
    home: str,
    published: str,
    extra: Mapping[str, bytes],
    progress: Callable[[str, int, int | None], None],
) -> None:
    assert kg.snapshot is not None  # noqa: S101  checked by the only caller
    manifest = kg.snapshot.manifest
    dumps = write_dumps(kg.store, kg.snapshot, out, progress)
    place = url or f"{manifest.base_iri}release/{manifest.short_hash}/"
    known = about(kg, home, dumps, place if place.endswith("/") else place + "/")
    progress("descriptions", 0, 1)
    for name, data in (_files(kg, known) | dict(extra) | {MANIFEST: manifest.to_json()}).items():
        _write(out, name, data)
    for name, data in pages(known, {name: size for name, (size, _) in checksums(out).items()}).items():
        _write(out, name, data)
    progress("descriptions", 1, 1)
    facts = checksums(out)
    _write(out, CRATE, crate(known, facts, published))
    _write(out, SUMS, sums(facts | checksums(out, CRATE)))


def _files(kg: Graph, known: About) -> dict[str, bytes]:
    """Give everything small, by name."""
    found = {
        f"descriptions/{name}.{form}": document(known, kg.templates, name, form)
        for name in DOCUMENTS
        for form in ("ttl", "jsonld")
    }
    found["mappings.sssom.tsv"] = sssom(Asker(kg.store, kg.templates), known.content_hash).encode()
    for target, patterns in _ONTOLOGIES.items():
        for path in sorted(p for pattern in patterns for p in folder("ontologies").glob(pattern)):
            found[f"{target}/{path.name}"] = path.read_bytes()
    for name, template in kg.templates.items():
        found[f"queries/{name}.rq"] = template.text.encode()
    return found


def _write(out: Path, name: str, data: bytes) -> None:
    path = out / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def checksums(place: Path, pattern: str = "**/*") -> dict[str, tuple[int, str]]:
    """Give size and SHA-256 of the files in a folder, by name."""
    found = {}
    for path in sorted(p for p in place.glob(pattern) if p.is_file()):
        digest = hashlib.sha256()
        with path.open("rb") as file:
            while chunk := file.read(1 << 20):
                digest.update(chunk)
        found[path.relative_to(place).as_posix()] = (path.stat().st_size, digest.hexdigest())
    return found


def sums(facts: Mapping[str, tuple[int, str]]) -> bytes:
    """Write checksums as coreutils do, so that ``sha256sum -c`` reads them; sorted by name."""
    return "".join(f"{facts[name][1]}  {name}\n" for name in sorted(facts)).encode()
