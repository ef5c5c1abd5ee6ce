"""Progress of long work, counted in rows."""

from collections.abc import Callable, Iterable, Iterator
from typing import Final, TypeVar

STEP: Final = 20_000  # rows between two words

Progress = Callable[[int, int], None]
Row = TypeVar("Row")


def pay_no_heed(done: int, total: int) -> None:
    """Do nothing about progress."""


class Meter:
    """Counts rows that are done with, and tells how many of how many it were, now and then."""

    __slots__ = ("_done", "_progress", "_total")

    def __init__(self, total: int = 0, progress: Progress = pay_no_heed) -> None:
        """Start at none of ``total``."""
        self._total = total
        self._progress = progress
        self._done = 0

    def add(self, rows: int) -> None:
        """Count ``rows`` more, and tell."""
        self._done += rows
        self._progress(min(self._done, self._total), self._total)

    def count(self, rows: Iterable[Row]) -> Iterator[Row]:
        """Count rows as they are taken."""
        count = 0
        for row in rows:
            yield row
            count += 1
            if count == STEP:
                self.add(count)
                count = 0
        self.add(count)
