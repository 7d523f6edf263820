"""Finds ``queries/`` and ``ontologies/``: inside the wheel, or beside the package in a checkout."""

from __future__ import annotations

from pathlib import Path

from siibra_kg.errors import DataMissing

__all__ = ["folder"]


def folder(name: str) -> Path:
    """Give the folder of a kind of resource.

    Parameters
    ----------
    name
        ``"queries"`` or ``"ontologies"``.

    Raises
    ------
    DataMissing
        If the installation is incomplete.
    """
    package = Path(__file__).parent
    for place in (package / "_data" / name, package.parent / name):
        if place.is_dir():
            return place
    raise DataMissing(f"the folder {name}/", str(package / "_data" / name), "install siibra-kg again")
