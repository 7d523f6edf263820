"""Features with their numbers: one class for each of siibra's kinds; nothing is read before it is asked for."""

from siibra_kg.features.kinds import kind_of
from siibra_kg.features.reader import Reader

__all__ = ["Reader", "kind_of"]
