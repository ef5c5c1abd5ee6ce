"""The time, which always comes in as an argument."""


class Now:
    """One reading of two clocks. Never changed; one is made for each read (decision 0019).

    Attributes:
        monotonic: seconds, for intervals and deadlines.
        epoch_ms: milliseconds since 1970, for what is stored or stands on the wire.
    """

    __slots__ = ("epoch_ms", "monotonic")

    def __init__(self, monotonic: float, epoch_ms: int) -> None:
        """Keep both."""
        self.monotonic = monotonic
        self.epoch_ms = epoch_ms


class Clock:
    """The latest reading that came in: what the parts of one broker go by.

    Attributes:
        now: set on entry to the broker, and read by whoever needs the time below it.
    """

    __slots__ = ("now",)

    def __init__(self, now: Now) -> None:
        """Start with one reading."""
        self.now = now
