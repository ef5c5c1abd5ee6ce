"""When this process has nothing to do, how exactly it wakes, and how long it has been at work."""

import select
import selectors
from collections.abc import Callable
from time import perf_counter_ns

SECOND = 1_000_000_000


class IdleSelector(selectors.DefaultSelector):
    """A selector that counts how long it waits, and that wakes when it was asked to.

    Epoll and poll round what they are asked for up to a millisecond, which would be measured as
    latency wherever messages are sent to a timetable.

    Attributes:
        idle: nanoseconds spent waiting so far.
    """

    def __init__(self) -> None:
        super().__init__()
        self.idle = 0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """Wait for something to happen, at most ``timeout`` seconds."""
        if timeout is not None and timeout <= 0.0:
            return super().select(timeout)
        began = perf_counter_ns()
        select.select([self], [], [], timeout)
        self.idle += perf_counter_ns() - began
        return super().select(0.0)


class Phase:
    """How long messages have been measured, and how busy this process was meanwhile.

    Attributes:
        began: when, in nanoseconds of ``perf_counter_ns``; 0 before that.
        ended: likewise.
    """

    def __init__(self, idle: Callable[[], int]) -> None:
        """Ask ``idle`` how many nanoseconds were spent waiting so far."""
        self.began = self.ended = 0
        self._idle = idle
        self._idle_before = self._idle_meanwhile = 0

    def begin(self, at: int) -> None:
        """Start the clock; ``at`` may lie a little in the past."""
        self.began = at
        self._idle_before = self._idle()

    def end(self) -> None:
        """Stop the clock, if it runs."""
        if self.is_running:
            self.ended = perf_counter_ns()
            self._idle_meanwhile = self._idle() - self._idle_before

    @property
    def is_running(self) -> bool:
        """Say whether it is measured now."""
        return bool(self.began) and not self.ended

    @property
    def seconds(self) -> float:
        """How long it has been, or was."""
        return ((self.ended or perf_counter_ns()) - self.began) / SECOND if self.began else 0.0

    @property
    def busy(self) -> float:
        """The share of it in which this process did not wait; near 1 it is the limit itself."""
        if self.ended <= self.began:
            return 0.0
        return max(0.0, 1.0 - self._idle_meanwhile / (self.ended - self.began))
