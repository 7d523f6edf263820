"""Sources of metadata: the openMINDS library, folders, archives, single files and addresses."""

from __future__ import annotations

from siibra_kg.sources.protocol import Document, SetAside, Source, SourceInfo
from siibra_kg.sources.specs import default, resolve

__all__ = ["Document", "SetAside", "Source", "SourceInfo", "default", "resolve"]
