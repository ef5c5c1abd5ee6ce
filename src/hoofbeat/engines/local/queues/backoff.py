"""How long a message that was refused waits for its next attempt."""

from math import log

from hoofbeat.config import QueueConfig


def pause(config: QueueConfig, deliveries: int) -> float:
    """Return how many seconds to wait after so many deliveries in vain, at least one.

    The pause grows from one to the next, up to its bound; it is never shorter than the first.
    """
    first, multiplier = config.redelivery_delay_seconds, config.redelivery_multiplier
    most = config.redelivery_most_seconds
    if first <= 0.0 or multiplier <= 1.0 or first >= most:
        return first
    if (deliveries - 1) * log(multiplier) >= log(most / first):  # a power might be too large for a float
        return most
    return min(most, first * multiplier ** (deliveries - 1))
