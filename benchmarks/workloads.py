"""What is measured: arguments for the load generator, and how long the run should be."""

from typing import NamedTuple


class Messages(NamedTuple):
    """How many each publisher sends, so that a run takes seconds.

    Attributes:
        usual: for a fast broker; 0 where nothing is sent.
        slow: for one that is some fifty times slower.
    """

    usual: int = 0
    slow: int = 0


class Workload(NamedTuple):
    """One line of the table.

    Attributes:
        name: what it is called in the table.
        arguments: for ``stompload``.
        messages: how long it is.
        measures: key of the result that counts; a dot goes one level down.
        unit: of that.
        is_web: over WebSocket.
        is_alone: on a broker started for it, which has no memory left over from other workloads.
    """

    name: str
    arguments: str
    messages: Messages = Messages()
    measures: str = "delivered_per_s"
    unit: str = "deliveries/s"
    is_web: bool = False
    is_alone: bool = False

    def words(self, *, is_slow: bool) -> list[str]:
        """Return the arguments that do not depend on where the broker is."""
        messages = self.messages.slow if is_slow else self.messages.usual
        length = ["--count", str(messages), "--warmup", str(self._warmup(messages))] if messages else []
        return [*self.arguments.split(), *length]

    def _warmup(self, messages: int) -> int:
        """Leave a twentieth of the deliveries out."""
        copies = 50 if "--subs 50" in self.arguments else 1
        publishers = 100 if "--pubs 100" in self.arguments else 1
        return messages * copies * publishers // 20


_FAN = "--subs 50"
_STORM = "--storm 2000 --hold 2"
_QUEUE = "--queue --dest /queue/bench"
_CREDIT = "--ack client-individual --window 100 --sub-header prefetch-count:100"

WORKLOADS = (
    Workload("fan-out 1 to 50, equal ids", _FAN, Messages(200_000, 3_000)),
    Workload("fan-out 1 to 50, different ids", f"{_FAN} --distinct-ids", Messages(150_000, 3_000)),
    Workload("fan-out, equal ids, WebSocket", _FAN, Messages(150_000, 2_000), is_web=True),
    Workload(
        "fan-out, different ids, WebSocket", f"{_FAN} --distinct-ids", Messages(100_000, 2_000), is_web=True
    ),
    Workload("queue 1 to 1, auto", _QUEUE, Messages(500_000, 60_000)),
    Workload("queue, headers that differ", f"{_QUEUE} --unique-header x", Messages(200_000, 60_000)),
    Workload("queue 1 to 1, individual acks", f"{_QUEUE} {_CREDIT}", Messages(200_000, 50_000)),
    Workload("100 pairs", "--pubs 100 --subs 100 --dest /topic/p%d", Messages(5_000, 300)),
    Workload("p99 at 1,000/s", "--rate 1000", Messages(4_000, 4_000), "latency_us.p99", "µs"),
    Workload("2,000 idle connections", _STORM, measures="kb_per_conn", unit="KB each", is_alone=True),
    Workload(
        "idle connections, WebSocket",
        _STORM,
        measures="kb_per_conn",
        unit="KB each",
        is_web=True,
        is_alone=True,
    ),
)
