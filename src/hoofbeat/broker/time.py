"""The time, which always comes in as an argument."""

from typing import NamedTuple


class Now(NamedTuple):
    """One reading of two clocks.

    Attributes:
        monotonic: seconds, for intervals and deadlines.
        epoch_ms: milliseconds since 1970, for what is stored or stands on the wire.
    """

    monotonic: float
    epoch_ms: int


class Clock:
    """The latest reading that came in: what the parts of one broker go by.

    Attributes:
        now: set on entry to the broker, and read by whoever needs the time below it.
    """

    __slots__ = ("now",)

    def __init__(self, now: Now) -> None:
        """Start with one reading."""
        self.now = now
