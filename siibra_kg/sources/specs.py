"""From what a user names to a source."""

from __future__ import annotations

import re
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from siibra_kg import resources
from siibra_kg.errors import SourceError
from siibra_kg.sources.archive import ArchiveSource, Selection
from siibra_kg.sources.either import FirstOf
from siibra_kg.sources.files import FileSource, FolderSource
from siibra_kg.sources.formats import ARCHIVES, FORMATS, file_format, stem
from siibra_kg.sources.openminds_package import OpenMindsPackage, installed_version
from siibra_kg.sources.own import own, own_source
from siibra_kg.sources.pins import COMMIT, CONTENT, GENERATIONS, LICENSE, URL
from siibra_kg.sources.protocol import SourceInfo, slug
from siibra_kg.sources.siibra_configurations import is_checkout, siibra
from siibra_kg.sources.unpack import unpack
from siibra_kg.version import __version__
from siibra_kg.web.fetch import fetch, local_path, place_of

if TYPE_CHECKING:
    from siibra_kg.config import Settings
    from siibra_kg.progress import Progress
    from siibra_kg.sources.protocol import Source

__all__ = ["default", "resolve"]


def default(settings: Settings) -> tuple[Source, ...]:
    """Give the sources of a build that names none: openMINDS, siibra-configurations, and the user's own datasets."""
    return (resolve("openminds", settings), resolve("siibra", settings), *own(settings.home))


def resolve(  # noqa: C901, PLR0911  one return for each form of a name
    spec: str | Path, settings: Settings, *, progress: Progress | None = None
) -> Source:
    """Find the source that a user means. Nothing is read or fetched before its documents are asked for.

    Parameters
    ----------
    spec
        ``"openminds"`` (the package where it is installed, else the pinned archive), ``"openminds-package"``,
        ``"openminds-archive"`` or ``"openminds-archive@v4.0"``; ``"siibra"`` (the pinned commit of
        siibra-configurations), ``"siibra@<commit or tag>"``, ``"siibra=<checkout or archive of one>"``; ``"kg"`` (what
        the EBRAINS Knowledge Graph has released), ``"kg@IN_PROGRESS"``, ``"kg=<earlier pull>"``; ``"examples"`` (real
        measurements whose files are in Python packages); ``"own=<id>"`` (a dataset that was added); a file, folder or
        archive; or an http(s) address of a file or archive.
    settings
        Cache, mirror, timeout, offline.
    progress
        Called while something is downloaded.

    Raises
    ------
    SourceError
        If there is no such source.
    """
    text = str(spec)
    if not text:
        raise SourceError("''", "an empty name", "give a file, folder, archive or address, or openminds or siibra")
    if isinstance(spec, str):
        name, _, generation = text.partition("@")
        if name == "openminds-archive":
            return _pinned(generation or "latest", settings, progress)
        if text == "openminds-package":
            return OpenMindsPackage()
        if text == "openminds":
            archive = _pinned("latest", settings, progress)
            return FirstOf(text, (OpenMindsPackage(), archive)) if installed_version() else archive
        if re.match("siibra(?:[@=]|$)", text):
            return siibra(text, partial(_fetch_archive, settings=settings, progress=progress))
        if text == "examples":
            return _examples()
        if text.startswith("own="):
            return own_source(settings.home, text.removeprefix("own="))
        if re.match("kg(?:[@=+]|$)", text):
            from siibra_kg.sources.ebrains_kg import kg  # noqa: PLC0415  it brings the web along

            return kg(text, settings, progress=progress)
        if "://" in text or text.startswith("file:"):
            return _address(text, settings, progress)
    return _path(Path(text).expanduser(), text)


def _examples() -> FolderSource:
    """Give the descriptions that this project ships; they need no network, and the files of the packages only later."""
    about = SourceInfo("examples", "folder", "graph/examples", "", __version__, "", "Apache-2.0", "", 0)
    return FolderSource(about, resources.folder("ontologies") / "examples", label="examples")


def _pinned(generation: str, settings: Settings, progress: Progress | None) -> ArchiveSource:
    if generation not in CONTENT:
        hint = f"it has {', '.join(GENERATIONS)}"
        raise SourceError(f"openminds-archive@{generation}", "the pinned archive has no such generation", hint)
    documents, sha256 = CONTENT[generation]
    about = SourceInfo(
        name="openminds" if generation == "latest" else f"openminds-{generation}",
        kind="archive",
        graph=f"graph/openminds/{generation}",
        version=generation,
        revision=COMMIT,
        url=URL,
        license=LICENSE,
        sha256=sha256,
        documents=documents,
    )
    # One real document of the archive is a ".json" among 17,431 ".jsonld" (defect D19).
    selection = Selection(below=f"instances/{generation}/", suffixes=(".jsonld", ".json"), top=True)
    locate = partial(_fetch_archive, URL, settings, progress)
    return ArchiveSource(about, locate, selection, label="openminds-archive")


def _address(url: str, settings: Settings, progress: Progress | None) -> Source:
    if (local := local_path(url)) is not None:
        return _path(local, url)
    name = place_of(url).rpartition("/")[2]
    if name.lower().endswith(ARCHIVES):
        return ArchiveSource(_about(name, "archive", url), partial(_fetch_archive, url, settings, progress), label=url)
    if file_format(name):
        return FileSource(_about(name, "file", url), partial(fetch, url, settings, progress=progress), name, label=url)
    raise SourceError(url, "its last part has no known suffix", _known())


def _path(path: Path, spec: str) -> Source:
    if path.is_dir():
        if is_checkout(path):
            raise SourceError(spec, "a checkout of siibra-configurations, not openMINDS JSON-LD", f"give siibra={spec}")
        return FolderSource(_about(path.resolve().name, "folder"), path, label=spec)
    if not path.exists():
        names = "openminds, openminds-package, openminds-archive, siibra, kg or examples"
        hint = f"give a file, folder, archive or http(s) address, {names}"
        raise SourceError(spec, "there is no such file or folder", hint)
    if path.name.lower().endswith(ARCHIVES):
        return ArchiveSource(_about(path.name, "archive"), lambda: path, label=spec)
    if file_format(path.name):
        return FileSource(_about(path.name, "file"), lambda: path, path.name, label=spec)
    raise SourceError(spec, "a file with no known suffix", _known())


def _about(name: str, kind: str, url: str = "") -> SourceInfo:
    """Describe a source of the user's; its licence is not known."""
    short = slug(name if kind == "folder" else stem(name))
    return SourceInfo(short, kind, f"graph/user/{short}", "", "", url, "", "", 0)


def _fetch_archive(url: str, settings: Settings, progress: Progress | None) -> Path:
    def check(path: Path) -> None:
        for _ in unpack(path, lambda _: False, name=url.partition("?")[0]):
            pass

    return fetch(url, settings, check=check, progress=progress)


def _known() -> str:
    return f"known are {', '.join((*FORMATS, *ARCHIVES))}"
