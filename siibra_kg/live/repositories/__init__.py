"""Repositories of files, by address or DOI: EBRAINS buckets, Zenodo, DANDI, NeuroVault."""

from siibra_kg.live.repositories.buckets import Buckets
from siibra_kg.live.repositories.finding import repository
from siibra_kg.live.repositories.record import Record, RepositoryFile

__all__ = ["Buckets", "Record", "RepositoryFile", "repository"]
