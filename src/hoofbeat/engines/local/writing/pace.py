"""How far apart writes are: each costs the loop time, which others may need more."""

from typing import Final

from hoofbeat.broker.stats import Stats
from hoofbeat.broker.time import Clock
from hoofbeat.protocol.outbox import INFINITY

_LOOK_SECONDS: Final = 0.05  # how often it is seen who else is there
_FEW: Final = 16  # so many changes to one message that is not kept, and it is as if nobody else were there
_REST: Final = 4.0  # times what a write took
_QUICK_SECONDS: Final = 0.0005  # a write where nobody keeps it waiting, about
_MOST_SECONDS: Final = 0.025  # from the beginning of one write to that of the next


class Pace:
    """Says when the next write may begin.

    Where nearly all that comes is kept, that is at once. Beside other traffic a rest follows each
    write, at least four times as long as the write took: the thread that writes needs Python's lock several
    times, and each time the loop stands still until it has it back. The busier the loop is, the
    longer a write takes, and the longer is the rest.

    Attributes:
        next_at: by the monotonic clock.
        is_shared: there is other traffic.
    """

    __slots__ = (
        "_began_at",
        "_changes",
        "_clock",
        "_kept",
        "_look_at",
        "_received",
        "_stats",
        "is_shared",
        "next_at",
    )

    def __init__(self, clock: Clock, stats: Stats) -> None:
        """Go by the broker's clock, and by what it has received."""
        self._clock = clock
        self._stats = stats
        self.next_at = self._began_at = self._look_at = -INFINITY
        self.is_shared = False
        self._received = self._kept = self._changes = 0

    def begin(self, kept: int, changes: int) -> None:
        """Note that a write begins; of messages that were kept, and changes, ever."""
        now = self._began_at = self._clock.now.monotonic
        if now >= self._look_at:
            self._look(kept, changes)
            self._look_at = now + _LOOK_SECONDS
        self.next_at = now + _MOST_SECONDS if self.is_shared else now

    def _look(self, kept: int, changes: int) -> None:
        """See how much came since the last time that is not kept."""
        received = self._stats.messages_received
        others = received - self._received - (kept - self._kept)
        self.is_shared = others * _FEW >= changes - self._changes
        self._received, self._kept, self._changes = received, kept, changes

    def end(self) -> None:
        """Note that the last write is over."""
        now = self._clock.now.monotonic
        took = now - self._began_at
        self.next_at = min(self.next_at, now + _REST * took * max(1.0, took / _QUICK_SECONDS))
