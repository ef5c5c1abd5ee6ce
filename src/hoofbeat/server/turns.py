"""Turns of the event loop: outboxes are flushed in each, and one timer drives all that is due."""

import time
from asyncio import AbstractEventLoop, TimerHandle
from collections.abc import Callable
from contextlib import suppress
from typing import Final

from hoofbeat.broker.broker import Broker
from hoofbeat.broker.time import Now
from hoofbeat.protocol.outbox import INFINITY

_PRECISION_SECONDS: Final = 0.001  # the timer is not set anew for less
_LOOK_SECONDS: Final = 1.0  # how often the server looks after itself
_FEW_BYTES: Final = 4096  # in a read: where many come, there is something to gather
_ALONE_SECONDS: Final = 0.0002  # since the last flush: a read that comes later is not one of many
# Read for every message where few come: a module's attribute would be looked up each time.
_monotonic: Final = time.monotonic
_epoch_ns: Final = time.time_ns


def read_clocks() -> Now:
    """Return the time."""
    return Now(_monotonic(), _epoch_ns() // 1_000_000)


class Turns:
    """Has the broker flush after a read that comes alone, else at the end of a turn, and do what is due."""

    __slots__ = (
        "_broker",
        "_clock",
        "_fires_at",
        "_flushed_at",
        "_is_woken",
        "_look",
        "_look_at",
        "_loop",
        "_monotonic",
        "_timer",
    )

    _broker: Broker
    _loop: AbstractEventLoop

    def __init__(
        self, clock: Callable[[], Now] = read_clocks, monotonic: Callable[[], float] = _monotonic
    ) -> None:
        """Wait for :meth:`start`; nothing happens before it.

        Args:
            clock: for what is handled.
            monotonic: one half of it, for what comes between.
        """
        self._clock = clock
        self._monotonic = monotonic
        self._is_woken = False
        self._flushed_at = -INFINITY
        self._timer: TimerHandle | None = None
        self._fires_at = INFINITY
        self._look_at = INFINITY

    def start(self, broker: Broker, loop: AbstractEventLoop, look: Callable[[Now], None]) -> None:
        """Drive ``broker`` from now on, and call ``look`` about once a second."""
        self._broker = broker
        self._loop = loop
        self._look = look
        self._look_at = self._clock().monotonic
        self._set_timer(self._look_at)

    def stop(self) -> None:
        """Let the timer rest."""
        self._look_at = INFINITY
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def wake(self) -> None:
        """Flush at the end of this turn; any number of calls in one turn is one flush."""
        if not self._is_woken:
            self._is_woken = True
            self._loop.call_soon(self.flush)

    def answer(self, now: Now, count: int) -> None:
        """Flush what a read brought: at once if it came alone and is small, else at the end of this turn.

        Args:
            now: when it came.
            count: of its octets.

        Where reads follow one another, one flush for all of them costs less; where they do not, a turn more
        is time that somebody waits for.
        """
        is_alone = count <= _FEW_BYTES and now.monotonic - self._flushed_at > _ALONE_SECONDS
        if is_alone and not self._is_woken and not self._broker.sliced:  # they had their share of it
            self._flush_alone()
        else:
            self.wake()

    def _flush_alone(self) -> None:
        try:
            self.flush()
        except Exception as error:  # it would end the connection that was read, which may have no part in it
            self._loop.call_exception_handler({"message": "a flush failed", "exception": error})
            self.wake()

    def post(self, call: Callable[[], None]) -> None:
        """Have ``call`` be made on the loop, from any thread, as a turn of its own."""
        with suppress(RuntimeError):  # the loop is closed, and nobody waits any more
            self._loop.call_soon_threadsafe(self._make, call)

    def _make(self, call: Callable[[], None]) -> None:
        self._broker.clock.now = self._clock()
        self.wake()
        call()

    def flush(self) -> None:
        """Write what waits, and set the timer to what may have become due sooner."""
        self._is_woken = False
        self._broker.flush()
        self._flushed_at = self._monotonic()
        if self._broker.deadline < self._fires_at - _PRECISION_SECONDS:
            self._set_timer(self._broker.deadline)

    def _set_timer(self, at: float) -> None:
        if self._look_at == INFINITY:
            return  # stopped
        if self._timer is not None:
            self._timer.cancel()
        self._fires_at = at
        delay = at - self._monotonic()
        self._timer = self._loop.call_later(max(delay, _PRECISION_SECONDS), self._due)

    def _due(self) -> None:
        now = self._clock()
        self._timer = None
        self._fires_at = deadline = INFINITY
        try:
            if now.monotonic >= self._look_at:
                self._look_at = now.monotonic + _LOOK_SECONDS
                self._look(now)
            deadline = self._broker.advance(now)
        finally:  # whatever goes wrong in one turn, the clock goes on
            self._set_timer(min(deadline, self._look_at))
            self.flush()
