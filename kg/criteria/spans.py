"""Stretches of a text, for asking fast whether something touches one of them."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable


class Spans:
    """A set of stretches (start, end), the end exclusive."""

    def __init__(self, spans: Iterable[tuple[int, int]]) -> None:
        merged: list[tuple[int, int]] = []
        for start, end in sorted(spans):
            if merged and start <= merged[-1][1]:
                merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
            else:
                merged.append((start, end))
        self._starts = [start for start, _ in merged]
        self._ends = [end for _, end in merged]

    def touch(self, start: int, end: int) -> bool:
        """Whether the stretch overlaps one of the set."""
        place = bisect_left(self._starts, end)
        return place > 0 and self._ends[place - 1] > start
