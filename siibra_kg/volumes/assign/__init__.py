"""Assignment: how points, point clouds and images relate to the regions of a map."""

from siibra_kg.volumes.assign.assign import assign

__all__ = ["assign"]
