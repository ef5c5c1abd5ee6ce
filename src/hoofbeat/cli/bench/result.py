"""What a load test found."""

from dataclasses import dataclass
from typing import NamedTuple

from hoofbeat import __version__
from hoofbeat.cli.bench.idle import SECOND
from hoofbeat.cli.bench.measures import PERCENTILES, Histogram
from hoofbeat.cli.bench.plan import Kind, Plan
from hoofbeat.cli.bench.tally import Tally

_ENOUGH_SECONDS = 0.5  # to say how busy we were


class Server(NamedTuple):
    """The broker, as it introduced itself.

    Attributes:
        address: where it was reached.
        name: its ``server`` header; empty if it sent none.
        version: of STOMP.
    """

    address: str
    name: str
    version: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """One load test, done.

    Attributes:
        plan: what was to be done.
        server: to whom.
        tally: what was counted.
        measured_seconds: from the end of the warm-up to the last message.
        busy: the share of that in which our own process worked.
        missing: deliveries that did not come.
        unsent: messages that were due and could not be sent.
        unvouched: where nobody listens, messages after the last receipt, if the goodbye got none.
        rates: deliveries a second, tick by tick.
        is_interrupted: somebody pressed Ctrl-C.
        is_cut: it ended before what was missing had had its time.
        fault: why it ended before its time; empty if nothing went wrong.
    """

    plan: Plan
    server: Server
    tally: Tally
    measured_seconds: float
    busy: float
    missing: int
    unsent: int
    unvouched: int
    rates: list[float]
    is_interrupted: bool
    is_cut: bool
    fault: str

    @property
    def lost(self) -> int:
        """Deliveries that did not come though there was time."""
        return 0 if self.is_cut else self.missing

    @property
    def unanswered(self) -> int:
        """Receipts that did not come though there was time."""
        return 0 if self.is_cut else self.tally.unanswered

    @property
    def is_good(self) -> bool:
        """Say whether every message came once and in order, and nothing else went wrong."""
        tally = self.tally
        faults = self.lost + self.unanswered + tally.duplicated + tally.misordered
        return not faults and not self.fault

    @property
    def sending_seconds(self) -> float:
        """How long it took to send what was measured; to a timetable, with the interval after the last."""
        by_timetable = self.tally.measured_sent / self.plan.pace.rate if self.plan.pace.rate else 0.0
        return max(self.measured_seconds, by_timetable)

    @property
    def receiving_seconds(self) -> float:
        """How long it took until the last measured delivery, or to send, if that took longer."""
        return max(self.sending_seconds, (self.tally.last - self.tally.since) / SECOND)

    @property
    def sent_per_second(self) -> float:
        """Messages."""
        return _per(self.tally.measured_sent, self.sending_seconds)

    @property
    def received_per_second(self) -> float:
        """Deliveries."""
        return _per(self.tally.measured, self.receiving_seconds)

    def hints(self) -> list[str]:
        """Say what might explain the result, a sentence each."""
        plan, tally = self.plan, self.tally
        hints: list[str] = []
        if self.is_interrupted:
            hints.append("interrupted before its time")
        if self.is_cut and self.missing:
            hints.append(f"{self.missing:,} messages had not come when it ended")
        if not plan.subscribers and plan.kind is Kind.QUEUE:
            hints.append("nobody took the messages: they stay in the queue, until it is full")
        if not plan.subscribers and self.unvouched:
            hints.append(f"no receipt says whether the last {self.unvouched:,} messages arrived")
        if tally.strangers:
            hints.append(f"{tally.strangers:,} messages of others were in the way; they are not counted")
        if self.unsent:
            hints.append(f"{self.unsent:,} messages were due and could not be sent: the rate was too high")
        if self.busy > 0.9 and self.measured_seconds >= _ENOUGH_SECONDS:
            hints.append(
                f"bench itself was at work {min(self.busy, 1):.0%} of the time: the broker may be faster"
            )
        if tally.duplicated and plan.kind is Kind.QUEUE and plan.subscribers > 1:
            hints.append("does every subscriber get a copy there? then say --kind topic")
        if self.lost and plan.kind is Kind.TOPIC and plan.subscribers > 1:
            hints.append("does only one subscriber get each message there? then say --kind queue")
        return hints

    def as_dict(self) -> dict[str, object]:
        """Return all of it for JSON; times of latencies are microseconds."""
        plan, tally = self.plan, self.tally
        return {
            "hoofbeat": __version__,
            "broker": self.server._asdict(),
            "destination": plan.destination,
            "kind": plan.kind.value,
            "publishers": plan.publishers,
            "subscribers": plan.subscribers,
            "size": plan.size,
            "rate": plan.pace.rate or None,
            "window": None if plan.pace.rate else plan.room,
            "ack": plan.ack.value,
            "receipts_every": plan.receipts_every,
            "seconds": round(self.sending_seconds, 6),
            "sent": tally.measured_sent,
            "received": tally.measured,
            "sent_per_second": round(self.sent_per_second, 1),
            "received_per_second": round(self.received_per_second, 1),
            "latency_us": _latencies(tally.latencies),
            "receipt_latency_us": _latencies(tally.confirmations),
            "checked": tally.sent,
            "lost": self.lost,
            "duplicated": tally.duplicated,
            "misordered": tally.misordered,
            "receipts_missing": self.unanswered,
            "strangers": tally.strangers,
            "unsent": self.unsent,
            "busy": round(self.busy, 3),
            "interrupted": self.is_interrupted,
            "fault": self.fault or None,
            "good": self.is_good,
        }


def _per(count: int, seconds: float) -> float:
    return count / seconds if seconds else 0.0


def _latencies(histogram: Histogram) -> dict[str, float] | None:
    if not histogram.count:
        return None
    marks = {f"p{percent:g}": histogram.percentile(percent) for percent in PERCENTILES}
    values = {"min": histogram.least, "mean": histogram.mean(), **marks, "max": histogram.most}
    return {name: round(value / 1000, 1) for name, value in values.items()}
