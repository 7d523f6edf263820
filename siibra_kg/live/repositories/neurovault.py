"""NeuroVault: a collection by its number or by the DOI of its article, or one image. It gives no checksums."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from siibra_kg.data_errors import ServiceError
from siibra_kg.errors import NoSuchName
from siibra_kg.live.repositories.record import Record, RepositoryFile
from siibra_kg.web.service import Service

if TYPE_CHECKING:
    from siibra_kg.config import Settings

__all__ = ["BASE", "by_doi", "collection", "image"]

BASE = "https://neurovault.org"
NAME = "NeuroVault"
_PAGE = 100
_LICENSE = "CC0-1.0"  # of all that is public there, https://neurovault.org/FAQ


def collection(number: str, settings: Settings, base: str = BASE) -> Record:
    """Give the images of a collection."""
    service = Service(NAME, settings)
    url = f"{base}/api/collections/{number}/"
    about = service.get(url, {"format": "json"}, keep=False, check=_object)
    images: list[dict[str, Any]] = []
    count = 1
    while len(images) < count:
        asked = {"limit": str(_PAGE), "offset": str(len(images)), "format": "json"}
        said = service.get(f"{url}images/", asked, keep=False, check=_page)
        count = said["count"]
        if not said["results"] and len(images) < count:
            raise ServiceError(NAME, url, f"it lists {len(images):,} of {count:,} images")
        images += said["results"]
    doi = str(about.get("DOI") or "")
    title = str(about.get("name") or number)
    citation = f"{about.get('authors') or title}. NeuroVault collection {number}, {base}/collections/{number}/"
    citation += f". https://doi.org/{doi}" if doi else ""
    files = tuple(_file(service, one) for one in images)
    return Record(service, number, title, f"{base}/collections/{number}/", files, doi, _LICENSE, citation)


def image(number: str, settings: Settings, base: str = BASE) -> Record:
    """Give one image."""
    service = Service(NAME, settings)
    about = service.get(f"{base}/api/images/{number}/", {"format": "json"}, keep=False, check=_object)
    url = f"{base}/images/{number}/"
    title = str(about.get("name") or number)
    return Record(
        service,
        number,
        title,
        url,
        (_file(service, about),),
        "",
        _LICENSE,
        f"{title}. NeuroVault image {number}, {url}",
    )


def by_doi(doi: str, settings: Settings, base: str = BASE) -> Record:
    """Give the collection that names the DOI of its article.

    Raises
    ------
    NoSuchName
        If no collection or more than one does.
    """
    service = Service(NAME, settings)
    said = service.get(f"{base}/api/collections/", {"DOI": doi, "format": "json"}, keep=False, check=_page)
    found = [str(one.get("id")) for one in said["results"] if str(one.get("DOI") or "").lower() == doi.lower()]
    if len(found) != 1:
        raise NoSuchName(
            doi, "record", [f"{base}/collections/{number}/" for number in found], "Zenodo, DANDI or NeuroVault"
        )
    return collection(found[0], settings, base)


def _object(said: Any) -> None:  # noqa: ANN401  as JSON is
    if not isinstance(said, dict):
        raise ValueError("its answer is no description")  # noqa: TRY004  what the service did wrong


def _page(said: Any) -> None:  # noqa: ANN401  as JSON is
    _object(said)
    if not isinstance(said.get("count"), int) or not isinstance(said.get("results"), list):
        raise ValueError("its answer is no list")  # noqa: TRY004  as above


def _file(service: Service, one: dict[str, Any]) -> RepositoryFile:
    url = str(one.get("file") or "")
    if not url:
        raise ServiceError(service.name, str(one.get("url") or ""), "an image has no file")
    size = one.get("file_size")
    return RepositoryFile(url.rpartition("/")[2], url, int(size) if isinstance(size, int) and size > 0 else None)
