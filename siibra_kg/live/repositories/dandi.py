"""DANDI: a version of a dandiset. SHA-256 and address of a file are asked for when it is fetched."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from siibra_kg.data_errors import ServiceError
from siibra_kg.live.repositories.record import Record, RepositoryFile
from siibra_kg.web.service import Service

if TYPE_CHECKING:
    from siibra_kg.config import Settings

__all__ = ["BASE", "dandi"]

BASE = "https://api.dandiarchive.org/api"
NAME = "the DANDI archive"
_PAGE = 1000


def dandi(identifier: str, version: str, settings: Settings, base: str = BASE) -> Record:
    """Give a dandiset.

    Parameters
    ----------
    identifier
        Six digits.
    version
        ``"0.210831.2033"``, ``"draft"``, or nothing for the newest that is published, else the draft.
    settings
        Cache, mirror, timeout, and whether the network may be used.
    base
        Address of the API.
    """
    service = Service(NAME, settings)
    url = f"{base}/dandisets/{identifier}"
    if not version:
        said = service.get(f"{url}/", keep=False, check=_object)
        version = str((said.get("most_recent_published_version") or {}).get("version") or "draft")
    keep = version != "draft"  # a published version never changes
    about = service.get(f"{url}/versions/{version}/", {"format": "json"}, keep=keep, check=_object)
    files: list[RepositoryFile] = []
    page, count = 1, 1
    while len(files) < count:
        asked = {"page_size": str(_PAGE), "page": str(page), "order": "path"}
        said = service.get(f"{url}/versions/{version}/assets/", asked, keep=keep, check=_page)
        count = said["count"]
        if not said["results"] and len(files) < count:
            raise ServiceError(NAME, url, f"it lists {len(files):,} of {count:,} files")
        files += [_file(base, one) for one in said["results"]]
        page += 1
    doi = str(about.get("doi") or "")
    licence = ", ".join(map(str, about.get("license") or []))
    return Record(
        service, f"{identifier}/{version}", str(about.get("name") or identifier),
        str(about.get("url") or url), tuple(files), doi, licence, str(about.get("citation") or ""),
        _Details(service, keep=keep),
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Details:
    service: Service
    keep: bool

    def __call__(self, file: RepositoryFile) -> RepositoryFile:
        """Ask for the SHA-256 of a file, and for the address of its bytes: the one of the API ends with a slash."""
        said = self.service.get(file.url, {"format": "json"}, keep=self.keep, check=_object)
        places = [str(place) for place in said.get("contentUrl") or []]
        url = next((place for place in places if not place.endswith("/")), "")
        if not url:
            raise ServiceError(NAME, file.url, f"{file.name} is no single file", "read it piece by piece, as a Zarr")
        digest = str((said.get("digest") or {}).get("dandi:sha2-256") or "")
        return replace(file, url=url, checksum=f"sha256:{digest}" if digest else "")


def _object(said: Any) -> None:  # noqa: ANN401  as JSON is
    if not isinstance(said, dict):
        raise ValueError("its answer is no description")  # noqa: TRY004  what the service did wrong


def _page(said: Any) -> None:  # noqa: ANN401  as JSON is
    _object(said)
    if not isinstance(said.get("count"), int) or not isinstance(said.get("results"), list):
        raise ValueError("its answer is no list of files")  # noqa: TRY004  as above
    if not all({"path", "asset_id", "size"} <= one.keys() for one in said["results"]):
        raise ValueError("a file has no path, number or size")


def _file(base: str, one: dict[str, Any]) -> RepositoryFile:
    return RepositoryFile(str(one["path"]), f"{base}/assets/{one['asset_id']}/", int(one["size"]))
