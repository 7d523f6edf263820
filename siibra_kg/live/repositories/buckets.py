"""Buckets of EBRAINS: the data-proxy lists objects page by page and gives each by a redirect to its storage."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from siibra_kg.data_errors import ServiceError
from siibra_kg.live.repositories.record import Record, RepositoryFile
from siibra_kg.web.service import Service

if TYPE_CHECKING:
    from siibra_kg.config import Settings
    from siibra_kg.web.service import Login

__all__ = ["BASE", "Buckets"]

BASE = "https://data-proxy.ebrains.eu/api/v1"
NAME = "the EBRAINS data-proxy"
_LOGIN = "set KG_AUTH_TOKEN to a token of an account that may read it; see docs/ebrains-kg.md"
_LIMIT = 1000
_MD5 = re.compile(r"[0-9a-fA-F]{32}")
#: From this size on objects are stored in segments, and what is listed is no checksum of their bytes (OpenStack Swift).
_SEGMENTED = 5 * 2**30


@dataclass(frozen=True, slots=True)
class Buckets:
    """The data-proxy.

    Parameters
    ----------
    settings
        Cache, mirror, timeout, and whether the network may be used.
    login
        Who asks, for what is not public.
    base
        Address of the API.
    """

    settings: Settings
    login: Login | None = None
    base: str = BASE

    def open(self, path: str, prefix: str = "") -> Record:
        """List a bucket.

        Parameters
        ----------
        path
            As in its address: ``"buckets/d-…"``, ``"public/buckets/d-…"``, ``"datasets/…"``.
        prefix
            Only objects whose names begin with it.
        """
        service = Service(NAME, self.settings, hint="try again later", login=self.login, login_hint=_LOGIN)
        url = f"{self.base}/{quote(path, safe='/')}"
        files: list[RepositoryFile] = []
        marker = ""
        while True:
            asked = (
                {"limit": str(_LIMIT)} | ({"prefix": prefix} if prefix else {}) | ({"marker": marker} if marker else {})
            )
            objects = service.get(url, asked, keep=False, check=_listed)["objects"]
            if not objects:
                break
            last = str(objects[-1]["name"])
            if last <= marker:
                reason = f"its pages do not proceed: after {marker!r} comes {last!r}"
                raise ServiceError(NAME, url, reason)
            files += [_file(url, one) for one in objects]
            marker = last
        name = path.rpartition("/")[2]
        return Record(service, name, name, url, tuple(files))


def _listed(said: Any) -> None:  # noqa: ANN401  as JSON is
    objects = said.get("objects") if isinstance(said, dict) else None
    if not isinstance(objects, list):
        raise ValueError("its answer is no list of objects")  # noqa: TRY004  what the service did wrong
    if not all(isinstance(one, dict) and one.get("name") and isinstance(one.get("bytes"), int) for one in objects):
        raise ValueError("an object has no name or no size")


def _file(url: str, one: dict[str, Any]) -> RepositoryFile:
    told = str(one.get("hash") or "")
    checksum = f"md5:{told.lower()}" if _MD5.fullmatch(told) and one["bytes"] < _SEGMENTED else ""
    return RepositoryFile(str(one["name"]), f"{url}/{quote(str(one['name']))}", one["bytes"], checksum)
