"""Zenodo: a record by its number, with MD5 and size of each file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from siibra_kg.data_errors import ServiceError
from siibra_kg.live.repositories.record import Record, RepositoryFile
from siibra_kg.web.service import Service

if TYPE_CHECKING:
    from siibra_kg.config import Settings

__all__ = ["BASE", "zenodo"]

BASE = "https://zenodo.org"
NAME = "Zenodo"


def zenodo(number: str, settings: Settings, base: str = BASE) -> Record:
    """Give a record by its number.

    The files of a record never change: a new version has a number of its own. So its description is kept.

    Raises
    ------
    ServiceError
        If there is no such record, or it cannot be had; also if its files are not public.
    """
    service = Service(NAME, settings)
    url = f"{base}/api/records/{number}"
    said = service.get(url, check=_whole)
    about = said["metadata"]
    doi = str(said.get("doi") or about.get("doi") or "")
    title = str(about.get("title") or number)
    # The number of a concept leads to its newest version: files are asked for by the number of that.
    found = str(said.get("id") or number)
    try:
        files = tuple(_file(base, found, one) for one in said["files"])
    except (KeyError, TypeError, ValueError) as error:
        raise ServiceError(NAME, url, f"a file cannot be read: {error!r}") from error
    return Record(
        service, found, title, f"{base}/records/{found}", files, doi, _license(about), _citation(about, title, doi)
    )


def _whole(said: Any) -> None:  # noqa: ANN401  as JSON is
    if not isinstance(said, dict) or not isinstance(said.get("metadata"), dict):
        raise ValueError("its answer is no record")  # noqa: TRY004  what the service did wrong
    if not isinstance(said.get("files"), list):
        raise ValueError("it lists no files: they are not public, or there are none")  # noqa: TRY004  as above


def _file(base: str, number: str, one: dict[str, Any]) -> RepositoryFile:
    name, checksum = str(one["key"]), str(one.get("checksum") or "")
    # The address that ends with the name: the one in "links" ends with "/content", and readers look at suffixes.
    url = f"{base}/records/{number}/files/{quote(name)}?download=1"
    return RepositoryFile(name, url, int(one["size"]), checksum if checksum.startswith("md5:") else "")


def _license(about: dict[str, Any]) -> str:
    told = about.get("license") or ""
    return str(told.get("id", "")) if isinstance(told, dict) else str(told)


def _citation(about: dict[str, Any], title: str, doi: str) -> str:
    who = "; ".join(str(one.get("name", "")) for one in about.get("creators") or [] if isinstance(one, dict))
    year = str(about.get("publication_date") or "")[:4]
    return f"{who or 'N. N.'} ({year or 'n. d.'}): {title}. Zenodo." + (f" https://doi.org/{doi}" if doi else "")
