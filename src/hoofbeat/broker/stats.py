"""What has happened, counted."""

from typing import Final

COPIES_A_TERM: Final = 4  # one header or literal of a selector takes as long as so many copies of a message
COPIES_A_PUT: Final = 4  # and so does a message that is kept for one durable subscription


class Stats:
    """Counters of one broker; they only grow.

    Attributes:
        messages_received: taken in by SEND.
        messages_delivered: copies handed over.
        messages_acknowledged: settled by ACK.
        messages_redelivered: handed over again.
        messages_dropped: given up without a dead letter.
        messages_duplicated: sent again under an id that was known, and dropped.
        messages_dead_lettered: given up, with one.
        messages_put: copies kept for durable subscriptions.
        patterns_searched: looked through to find who hears a topic that was not met lately.
        terms_compared: headers and literals that selectors looked at.
        slow_consumers: sessions closed because they read too slowly.
        sessions_opened: since the start.
    """

    __slots__ = (
        "messages_acknowledged",
        "messages_dead_lettered",
        "messages_delivered",
        "messages_dropped",
        "messages_duplicated",
        "messages_put",
        "messages_received",
        "messages_redelivered",
        "patterns_searched",
        "sessions_opened",
        "slow_consumers",
        "terms_compared",
    )

    def __init__(self) -> None:
        """Start at zero."""
        self.messages_received = 0
        self.messages_delivered = 0
        self.messages_acknowledged = 0
        self.messages_redelivered = 0
        self.messages_dropped = 0
        self.messages_duplicated = 0
        self.messages_dead_lettered = 0
        self.messages_put = 0
        self.patterns_searched = 0
        self.terms_compared = 0
        self.slow_consumers = 0
        self.sessions_opened = 0

    @property
    def effort(self) -> int:
        """Return what was done on senders' behalf, of which each session has its share in a turn."""
        done = self.messages_delivered + self.patterns_searched
        return done + COPIES_A_TERM * self.terms_compared + COPIES_A_PUT * self.messages_put
