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
