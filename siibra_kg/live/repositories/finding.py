"""From an address or a DOI, as people paste them, to the files of a repository."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import unquote

from siibra_kg.errors import NoSuchName
from siibra_kg.live.repositories import neurovault
from siibra_kg.live.repositories.buckets import Buckets
from siibra_kg.live.repositories.dandi import dandi
from siibra_kg.live.repositories.zenodo import zenodo

if TYPE_CHECKING:
    from siibra_kg.config import Settings
    from siibra_kg.live.repositories.record import Record
    from siibra_kg.web.service import Login

__all__ = ["repository"]

_DOI = re.compile(r"(?:https?://(?:dx\.)?doi\.org/|doi:\s*)?(?P<doi>10\.\d{4,9}/\S+)", re.IGNORECASE)
_BUCKET = re.compile(
    r"https?://data-proxy\.ebrains\.eu/(?:api/v1/)?(?P<path>(?:public/)?(?:buckets|datasets)/[^/?#]+)/?(?P<prefix>[^?#]*)(?:[?#].*)?"
)
_SHORT = re.compile(r"(?P<path>(?:public/)?(?:buckets|datasets)/[\w.-]+)")
_ZENODO = re.compile(
    r"(?:https?://(?:www\.)?zenodo\.org/(?:api/)?records?/|10\.5281/zenodo\.)(?P<number>\d+)(?:[/?#].*)?", re.IGNORECASE
)
_DANDI = re.compile(
    r"(?:https?://(?:gui\.)?dandiarchive\.org/(?:#/)?dandiset/|https?://identifiers\.org/DANDI:|DANDI:|10\.(?:48324|80507)/dandi\.)"
    r"(?P<number>\d{6})(?:/(?P<version>draft|\d+\.\d+\.\d+))?(?:[/?#].*)?",
    re.IGNORECASE,
)
_NEUROVAULT = re.compile(
    r"https?://(?:www\.)?neurovault\.org/(?:api/)?(?P<kind>collections|images)/(?P<number>\d+)(?:[/?#].*)?"
)


def repository(spec: str, settings: Settings, *, login: Login | None = None) -> Record:
    """Give what a repository lists for an address or a DOI.

    Parameters
    ----------
    spec
        A page or an API address of an EBRAINS data-proxy bucket, Zenodo, DANDI or NeuroVault; a DOI, with or without
        ``https://doi.org/``; ``"buckets/NAME"``.
    settings
        Cache, mirror, timeout, and whether the network may be used.
    login
        Who asks EBRAINS, for buckets that are not public.

    Raises
    ------
    NoSuchName
        If it is none of these.
    ServiceError, NetworkDisabled, LoginNeeded
        If the repository cannot be asked, or does not show it.

    Examples
    --------
    >>> repository("https://zenodo.org/records/3490058", settings).files  # doctest: +SKIP
    """
    text = spec.strip()
    doi = found["doi"].rstrip(".,;") if (found := _DOI.fullmatch(text)) else ""
    text = doi or text
    if found := _BUCKET.fullmatch(text) or _SHORT.fullmatch(text):
        prefix = unquote(found.groupdict().get("prefix") or "")
        return Buckets(settings, login).open(found["path"], prefix)
    if found := _ZENODO.fullmatch(text):
        return zenodo(found["number"], settings)
    if found := _DANDI.fullmatch(text):
        return dandi(found["number"], found["version"] or "", settings)
    if found := _NEUROVAULT.fullmatch(text):
        give = neurovault.image if found["kind"] == "images" else neurovault.collection
        return give(found["number"], settings)
    if doi:
        return neurovault.by_doi(doi, settings)
    known = ("https://data-proxy.ebrains.eu/…", "https://zenodo.org/records/…", "https://dandiarchive.org/dandiset/…",
             "https://neurovault.org/collections/…", "a DOI")  # fmt: skip
    raise NoSuchName(spec, "repository", known)
