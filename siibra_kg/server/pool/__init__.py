"""Workers as the front process sees them: give one a job, get an answer or a :class:`Refused` in time."""

from siibra_kg.server.pool.answer import Answer
from siibra_kg.server.pool.pool import Pool

__all__ = ["Answer", "Pool"]
