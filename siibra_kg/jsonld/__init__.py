"""JSON-LD of every openMINDS generation becomes N-Triples in the latest vocabulary."""

from __future__ import annotations

from siibra_kg.json_guard import Limits
from siibra_kg.jsonld.converter import Converted, Converter
from siibra_kg.jsonld.tables import Tables
from siibra_kg.jsonld.values import Note

__all__ = ["Converted", "Converter", "Limits", "Note", "Tables"]
