"""Tables of numbers in files: how they are written (CSVW), reading them within limits, adding many of them up."""

from siibra_kg.tabular.format import Column, Dialect, Format
from siibra_kg.tabular.members import members
from siibra_kg.tabular.read import read_frame, read_matrix

__all__ = ["Column", "Dialect", "Format", "members", "read_frame", "read_matrix"]
