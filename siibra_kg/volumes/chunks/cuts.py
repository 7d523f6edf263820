"""Cutting a span of indices at the multiples of a step."""

from __future__ import annotations

from itertools import pairwise

__all__ = ["cuts"]


def cuts(span: tuple[int, int], step: int) -> list[tuple[int, int]]:
    """Cut a span where chunks have their borders.

    >>> cuts((10, 200), 64)
    [(10, 64), (64, 128), (128, 192), (192, 200)]
    """
    low, high = span
    return list(pairwise([low, *range((low // step + 1) * step, high, step), high]))
