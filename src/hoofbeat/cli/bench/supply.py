"""When messages are sent: as fast as they are taken, or to a timetable."""

import asyncio
import math
from collections.abc import Sequence
from time import perf_counter_ns
from typing import Protocol

from hoofbeat.cli.bench.idle import SECOND, Phase
from hoofbeat.cli.bench.parties import Publisher
from hoofbeat.cli.bench.plan import Plan
from hoofbeat.cli.bench.tally import Tally

_CHUNK = 64  # messages of one publisher in one go: half a millisecond, then others have their turn
_BURST = 1000  # messages that are late, in one go


class Supply(Protocol):
    """Has publishers send until there was enough of it, and runs the clock of what is measured.

    Attributes:
        over: set then, or by :meth:`stop`.
    """

    over: asyncio.Event

    @property
    def unsent(self) -> int:
        """Messages that were due and could not be sent."""

    def start(self) -> None:
        """Begin with the warm-up."""

    def stop(self) -> None:
        """Send no more; calling it again does nothing."""


class Window:
    """Keeps a number of messages under way: a new one for each that came."""

    def __init__(self, plan: Plan, publishers: Sequence[Publisher], tally: Tally, phase: Phase) -> None:
        self.over = asyncio.Event()
        self._phase = phase
        self.unsent = 0
        self._plan = plan
        self._publishers = publishers
        self._tally = tally
        self._left: int | None = None  # to be sent; None without end
        self._turn = 0  # whose it is
        self._chunk = min(_CHUNK, max(1, plan.room // 4))
        self._loop = asyncio.get_running_loop()
        self._is_called = False
        tally.wake = self._wake

    def start(self) -> None:
        """Begin with the warm-up."""
        if self._plan.pace.warm_up_seconds:
            self._loop.call_later(self._plan.pace.warm_up_seconds, self._begin)
            self._wake()
        else:
            self._begin()

    def stop(self) -> None:
        """Send no more; calling it again does nothing."""
        self._phase.end()
        self.over.set()

    def _begin(self) -> None:
        if self.over.is_set():
            return
        self._tally.since = perf_counter_ns()
        self._phase.begin(self._tally.since)
        self._left = self._plan.pace.count or None
        if self._plan.pace.seconds:
            self._loop.call_later(self._plan.pace.seconds, self.stop)
        self._wake()

    def _wake(self) -> None:
        """Send in the next turn of the loop: once, whatever comes in this one."""
        if not self._is_called:
            self._is_called = True
            self._loop.call_soon(self._send)

    def _send(self) -> None:
        """Have each publisher send a chunk, in turns, as long as the window has room."""
        self._is_called = False
        publishers, chunk = self._publishers, self._chunk
        for _ in publishers:
            if self.over.is_set() or self._room() < chunk:
                return
            publisher = publishers[self._turn]
            self._turn = (self._turn + 1) % len(publishers)
            if publisher.line.is_paused:
                continue
            size = chunk if self._left is None else min(chunk, self._left)
            publisher.send([perf_counter_ns()] * size)
            if self._left is not None:
                self._left -= size
                if not self._left:
                    self.stop()
        if any(not publisher.line.is_paused for publisher in publishers):
            self._wake()

    def _room(self) -> int:
        """Return how many messages may be sent now."""
        tally = self._tally
        copies = self._publishers[self._turn].copies
        if not copies:  # nobody listens: receipts say what has arrived
            return self._plan.room - (tally.sent - tally.confirmed)
        return self._plan.room - (tally.expected - tally.delivered) // copies


class Timetable:
    """Sends at a rate: message n is due n intervals after the start, whatever became of those before.

    What can't be sent when it is due is sent later, and its latency is measured from when it was
    due: a broker that stands still for a second makes a second's worth of messages late, not one.
    """

    def __init__(self, plan: Plan, publishers: Sequence[Publisher], tally: Tally, phase: Phase) -> None:
        self.over = asyncio.Event()
        self._phase = phase
        self._publishers = publishers
        self._tally = tally
        self._warm_up = math.ceil(plan.pace.warm_up_seconds * plan.pace.rate)
        measured = math.inf if not plan.pace.seconds else max(1, int(plan.pace.seconds * plan.pace.rate))
        self._end = self._warm_up + min(measured, plan.pace.count or math.inf)
        self._interval = SECOND / plan.pace.rate
        self._seconds = plan.pace.seconds
        self._next = 0  # message
        self._waiting: dict[Publisher, list[int]] = {}  # what a paused publisher will have to send
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        tally.wake = self._resume

    @property
    def unsent(self) -> int:
        """Messages that were due and could not be sent."""
        waiting = sum(map(len, self._waiting.values()))
        if not self._phase.ended:
            return waiting
        due = min(self._end, (self._phase.ended - self._start) / self._interval)
        return waiting + max(0, int(due) - self._next)

    def start(self) -> None:
        """Begin with the warm-up."""
        self._start = perf_counter_ns()
        self._tally.since = self._due(self._warm_up)
        self._send()

    def stop(self) -> None:
        """Send no more; calling it again does nothing."""
        self._phase.end()
        self.over.set()
        if self._timer is not None:
            self._timer.cancel()

    def _send(self) -> None:
        """Send what is due, and set the timer for what will be."""
        now = perf_counter_ns()
        if now >= self._tally.since and not self._phase.is_running:
            self._phase.begin(self._tally.since)
            if self._seconds:
                self._loop.call_at(self._time(self._due(self._end)), self.stop)
        due = min(int((now - self._start) / self._interval) + 1, self._next + _BURST, self._end)
        for number in range(self._next, int(due)):
            publisher = self._publishers[number % len(self._publishers)]
            self._waiting.setdefault(publisher, []).append(self._due(number))
        self._next = int(due)
        self._resume()
        if self._next < self._end:
            self._timer = self._loop.call_at(self._time(self._due(self._next)), self._send)

    def _resume(self) -> None:
        """Have publishers send what is waiting, if they may; end it with the last message."""
        if self.over.is_set():
            return
        for publisher in [one for one in self._waiting if not one.line.is_paused]:
            publisher.send(self._waiting.pop(publisher))
        if self._next >= self._end and not self._waiting:
            self.stop()

    def _due(self, number: float) -> int:
        return self._start + int(number * self._interval)

    def _time(self, at: int) -> float:
        """Return an hour of ``perf_counter_ns`` as one of the loop."""
        return self._loop.time() + (at - perf_counter_ns()) / SECOND
