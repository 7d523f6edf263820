"""The EBRAINS spatial transform service: points in JSON, in pieces, every answer checked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from siibra_kg.errors import SourceError
from siibra_kg.terms import contract

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from siibra_kg.config import Settings
    from siibra_kg.model_transforms import Transform

__all__ = ["CHUNK", "ask_service"]

#: Points in one request; siibra-python sends as many.
CHUNK = 1000
#: Bytes of an answer for each point: three numbers of 64 bits are at most 75 characters in JSON.
_BYTES_PER_POINT = 200


def ask_service(transform: Transform, points: NDArray[np.float64], settings: Settings) -> NDArray[np.float64]:
    """Have the service transform points, shape (n, 3), mm.

    The first point of each request is sent twice: an answer whose first two points differ is in another order than
    the question.

    Raises
    ------
    NetworkDisabled
        If the network may not be used.
    SourceError
        If the service cannot be asked, its answer has another number of points, another order, or a point that has
        no place in the target space; names that point.
    """
    step = CHUNK - 1
    found = [_ask(transform, points[at : at + step], at, settings) for at in range(0, len(points), step)]
    return np.concatenate(found)


def _ask(transform: Transform, points: NDArray[np.float64], at: int, settings: Settings) -> NDArray[np.float64]:
    from siibra_kg.web.post import post_json  # noqa: PLC0415  needs requests, which takes 100 ms

    url = f"{transform.url.rstrip('/')}/transform-points"
    sent = np.concatenate([points[:1], points])
    question = {
        "source_space": transform.source_key,
        "target_space": transform.target_key,
        "source_points": sent.tolist(),
    }
    answer = post_json(url, question, settings, max_bytes=4096 + _BYTES_PER_POINT * len(sent))
    found = _points(url, answer)
    if len(found) != len(sent):
        raise SourceError(url, f"it answered with {len(found)} points to a question with {len(sent)}")
    wrong = np.flatnonzero(~np.isfinite(found[1:]).all(axis=1))
    if len(wrong):
        place = ", ".join(f"{v:g}" for v in points[wrong[0]])
        more = f" and {len(wrong) - 1} more" if len(wrong) > 1 else ""
        told = f"point {at + int(wrong[0])} ({place}){more} has no place in {contract(transform.target)}"
        raise SourceError(url, told, "leave out points that are not in the brain")
    if not np.allclose(found[0], found[1], rtol=0, atol=1e-6):
        raise SourceError(url, "it answered in another order than it was asked in")
    return found[1:]


def _points(url: str, answer: Any) -> NDArray[np.float64]:  # noqa: ANN401  as JSON is
    said = answer.get("target_points") if isinstance(answer, dict) else None
    if not isinstance(said, list):
        raise SourceError(url, "its answer has no target_points")
    try:
        # null stands for a number that JSON cannot have.
        found = np.array([[np.nan if v is None else v for v in point] for point in said], dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise SourceError(url, "its target_points are not points") from error
    if found.ndim != 2 or found.shape[1] != 3:
        raise SourceError(url, f"its target_points have the shape {found.shape}, not (n, 3)")
    return found
