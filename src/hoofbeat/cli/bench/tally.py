"""What a load test counts while it runs."""

from collections.abc import Callable

from hoofbeat.cli.bench.measures import Histogram

NEVER = 1 << 63  # no clock gets there; it still fits into a stamp


class Tally:
    """Counts of all connections together; deliveries are what subscribers got, or were to get.

    Attributes:
        run: number of this load test, in every stamp.
        since: messages due from then on are measured; all are checked.
        sent: messages.
        measured_sent: those of them that are measured.
        expected: deliveries that ``sent`` must lead to.
        delivered: those of them that came.
        measured: those of them that are measured.
        last: when the last of the measured ones came.
        confirmed: messages that a receipt, their own or a later one, vouches for.
        unanswered: receipts that were asked for and have not come.
        duplicated: deliveries of what had come before.
        misordered: deliveries that came after a later message of their publisher.
        strangers: messages that are not of this load test.
        latencies: of measured deliveries.
        confirmations: of the receipts of measured messages.
        wake: called when something came, or a connection takes more again.
    """

    def __init__(self, run: int) -> None:
        self.run = run
        self.since = NEVER
        self.sent = self.measured_sent = 0
        self.expected = self.delivered = self.measured = 0
        self.last = 0
        self.confirmed = 0
        self.unanswered = 0
        self.duplicated = 0
        self.misordered = 0
        self.strangers = 0
        self.latencies = Histogram()
        self.confirmations = Histogram()
        self.wake: Callable[[], None] = lambda: None

    @property
    def is_settled(self) -> bool:
        """Say whether all that was sent has come, and every receipt too."""
        return self.delivered >= self.expected and not self.unanswered

    @property
    def news(self) -> int:
        """Return a number that grows with whatever comes."""
        return self.delivered + self.confirmed + self.strangers
