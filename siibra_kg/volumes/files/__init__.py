"""Volumes that are whole files: where they are, and how their bytes become arrays."""
