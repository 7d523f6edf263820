"""The EBRAINS Knowledge Graph, version 3, as a source: what is RELEASED, pulled page by page and kept."""

from __future__ import annotations

from siibra_kg.sources.ebrains_kg.source import EbrainsKG, kg

__all__ = ["EbrainsKG", "kg"]
