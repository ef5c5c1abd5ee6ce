"""Latencies, counted rather than kept: what a long test takes up does not grow."""

from collections import Counter
from collections.abc import Iterator, Sequence

PERCENTILES = (50.0, 90.0, 99.0, 99.9)

_FINE_BITS = 7  # 128 steps for each doubling: no value is off by more than 0.8 %
_FINE = 1 << _FINE_BITS


class Histogram:
    """How often each latency was met, in steps of less than one per cent.

    Attributes:
        count: of all that was added.
        least: exact; 0 before the first.
        most: exact.
    """

    def __init__(self) -> None:
        self.count = 0
        self.least = 0
        self.most = 0
        self._sum = 0
        self._steps: Counter[int] = Counter()

    def add(self, nanoseconds: int, times: int = 1) -> None:
        """Count a latency; below zero is taken for zero."""
        value = max(nanoseconds, 0)
        if not self.count or value < self.least:
            self.least = value
        self.most = max(self.most, value)
        self.count += times
        self._sum += value * times
        shift = max(value.bit_length() - _FINE_BITS - 1, 0)
        self._steps[(shift << _FINE_BITS) + (value >> shift)] += times

    def mean(self) -> float:
        """Return the mean, exact; 0.0 of nothing."""
        return self._sum / self.count if self.count else 0.0

    def percentile(self, percent: float) -> int:
        """Return the latency that ``percent`` of all do not exceed, at most one step too high.

        Cost: linear in the steps that were met, a few hundred.
        """
        rank = percent / 100 * self.count
        reached = 0
        for step, times in sorted(self._steps.items()):
            reached += times
            if reached >= rank:
                return min(_top(step), self.most)
        return self.most

    def below(self, bounds: Sequence[int]) -> Iterator[int]:
        """Count what lies between each bound and the one before it; bounds rise.

        A step that a bound cuts counts as below it where its middle is.
        """
        steps = sorted(self._steps.items())
        at = 0
        for bound in bounds:
            times = 0
            while at < len(steps) and (_bottom(steps[at][0]) + _top(steps[at][0])) // 2 <= bound:
                times += steps[at][1]
                at += 1
            yield times


def _bottom(step: int) -> int:
    shift, fine = _parts(step)
    return fine << shift


def _top(step: int) -> int:
    shift, fine = _parts(step)
    return ((fine + 1) << shift) - 1


def _parts(step: int) -> tuple[int, int]:
    """Take a step apart: what its values were shifted by, and what was left of them."""
    shift = max((step >> _FINE_BITS) - 1, 0)
    return shift, step - (shift << _FINE_BITS)
