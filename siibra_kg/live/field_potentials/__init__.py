"""Local field potentials of the rat brain: recordings in Waxholm space, in the database of the EBRAINS dataset."""

from siibra_kg.live.field_potentials.database import CITATION, Database
from siibra_kg.live.field_potentials.inside import local_field_potentials
from siibra_kg.live.field_potentials.recordings import LocalFieldPotential, LocalFieldPotentials

__all__ = ["CITATION", "Database", "LocalFieldPotential", "LocalFieldPotentials", "local_field_potentials"]
