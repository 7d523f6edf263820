"""A snapshot as a static release folder, and the check of one: dumps, descriptions, mappings, shapes, RO-Crate."""

from siibra_kg.release.folder import ReleaseError, export_release
from siibra_kg.release.verify import Problem, VerifyReport, verify, verify_release

__all__ = ["Problem", "ReleaseError", "VerifyReport", "export_release", "verify", "verify_release"]
