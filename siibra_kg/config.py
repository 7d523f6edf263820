"""Settings: one frozen value, and the only place that reads the environment."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from siibra_kg.vocab import BASE

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Settings"]

_TRUE = frozenset({"1", "true", "yes", "on"})


def _user_folder(kind: str) -> Path:
    import platformdirs  # noqa: PLC0415  only needed where the environment does not say

    give = platformdirs.user_cache_path if kind == "cache" else platformdirs.user_data_path
    return Path(give("siibra-kg", appauthor=False))


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
    """

    home: Path
    cache: Path
    offline: bool = False
    mirror: str | None = None
    base_iri: str = BASE
    timeout: float = 30.0

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] | None = None) -> Settings:
        """Read ``SIIBRA_KG_HOME``, ``_CACHE``, ``_OFFLINE``, ``_MIRROR`` and ``_BASE_IRI``.

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
        )
