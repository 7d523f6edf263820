"""siibra-configurations become N-Triples: atlases, spaces, parcellations, maps and features."""

from __future__ import annotations

from siibra_kg.configurations.converter import Configurations, Converted

__all__ = ["Configurations", "Converted"]
