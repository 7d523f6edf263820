"""Settings: one frozen value, and the only place that reads the environment."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from siibra_kg.errors import SourceError
from siibra_kg.vocab import BASE

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Settings", "secret", "size_in_bytes"]

_EBRAINS, _EBRAINS_PREFIX = "core.kg.ebrains.eu", "v3"
_TRUE = frozenset({"1", "true", "yes", "on"})
_SIZE = re.compile(r"(?P<number>\d+(?:\.\d+)?)\s*(?P<unit>[kmgt]?)(?P<binary>i?)b?", re.IGNORECASE)


def _user_folder(kind: str) -> Path:
    import platformdirs  # noqa: PLC0415  only needed where the environment does not say

    give = platformdirs.user_cache_path if kind == "cache" else platformdirs.user_data_path
    return Path(give("siibra-kg", appauthor=False))


def secret(name: str) -> str:
    """Read a password or token from the environment; empty if it is not there. It is kept in no setting."""
    return os.environ.get(name, "")


def size_in_bytes(name: str, text: str) -> int | None:
    """Read a number of bytes; nothing for an empty text.

    Parameters
    ----------
    name
        What the number is for, in the error message.
    text
        ``20GB`` (powers of 1000), ``20GiB`` (powers of 1024) or ``20000000000``.

    Raises
    ------
    SourceError
        If it is no number of bytes.

    >>> size_in_bytes("the limit", "2 KiB")
    2048
    """
    if not text.strip():
        return None
    match = _SIZE.fullmatch(text.strip())
    if match is None:
        raise SourceError(name, f"{text!r} is no number of bytes", "write for instance 20GB, 512MiB or 2000000")
    power = " kmgt".index(match["unit"].lower() or " ")
    return int(float(match["number"]) * (1024 if match["binary"] else 1000) ** power)


@dataclass(frozen=True, slots=True)
class Settings:
    """Where things are kept and what is allowed.

    Parameters
    ----------
    home
        Folder that holds the snapshots.
    cache
        Folder that holds downloaded files.
    offline
        Refuse every download.
    mirror
        A folder or URL laid out as ``<host>/<path>`` that stands in for the web, or ``None``.
    base_iri
        Base of the identifiers that a build mints.
    timeout
        Seconds that a single network request may take.
    cache_limit
        The most bytes that downloaded volumes may take in the cache, or ``None``. A download that would exceed it is
        refused; nothing is ever removed to make room.
    ebrains_host
        Host of the EBRAINS Knowledge Graph, with its port where it has one.
    ebrains_prefix
        First part of the paths of its interface; the Knowledge Graph keeps the current version and the one before.
    """

    home: Path
    cache: Path
    offline: bool = False
    mirror: str | None = None
    base_iri: str = BASE
    timeout: float = 30.0
    cache_limit: int | None = None
    ebrains_host: str = _EBRAINS
    ebrains_prefix: str = _EBRAINS_PREFIX

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] | None = None) -> Settings:
        """Read the variables ``SIIBRA_KG_...``.

        ``HOME``, ``CACHE``, ``CACHE_LIMIT``, ``OFFLINE``, ``MIRROR``, ``BASE_IRI``, ``EBRAINS_HOST`` and
        ``EBRAINS_PREFIX``.

        Raises
        ------
        SourceError
            If the limit is no number of bytes.

        >>> Settings.from_environment({"SIIBRA_KG_HOME": "/a", "SIIBRA_KG_CACHE": "/b"}).offline
        False
        """
        env = os.environ if environ is None else environ
        home, cache = env.get("SIIBRA_KG_HOME"), env.get("SIIBRA_KG_CACHE")
        return cls(
            home=Path(home).expanduser() if home else _user_folder("data"),
            cache=Path(cache).expanduser() if cache else _user_folder("cache"),
            offline=env.get("SIIBRA_KG_OFFLINE", "").strip().lower() in _TRUE,
            mirror=env.get("SIIBRA_KG_MIRROR") or None,
            base_iri=env.get("SIIBRA_KG_BASE_IRI") or BASE,
            cache_limit=size_in_bytes("SIIBRA_KG_CACHE_LIMIT", env.get("SIIBRA_KG_CACHE_LIMIT", "")),
            ebrains_host=env.get("SIIBRA_KG_EBRAINS_HOST") or _EBRAINS,
            ebrains_prefix=env.get("SIIBRA_KG_EBRAINS_PREFIX") or _EBRAINS_PREFIX,
        )
