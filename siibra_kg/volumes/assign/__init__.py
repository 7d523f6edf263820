"""Assignment: how points, point clouds and images relate to the regions of a map."""
