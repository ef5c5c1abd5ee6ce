"""What is measured: arguments for the load generator, and how long the run should be."""

from typing import NamedTuple


class Workload(NamedTuple):
    """One line of the table.

    Attributes:
        name: what it is called in the table.
        arguments: for ``stompload``.
        measures: key of the result that counts; a dot goes one level down.
        unit: of that.
        count: messages of each publisher.
        slow_count: the same for a broker that is some fifty times slower; None where count is not the point.
        is_web: over WebSocket.
        is_alone: on a broker started for it, which has no memory left over from other workloads.
    """

    name: str
    arguments: str
    measures: str = "delivered_per_s"
    unit: str = "deliveries/s"
    count: int = 0
    slow_count: int = 0
    is_web: bool = False
    is_alone: bool = False

    def words(self, *, is_slow: bool) -> list[str]:
        """Return the arguments that do not depend on where the broker is."""
        count = self.slow_count if is_slow else self.count
        words = self.arguments.split()
        return [*words, "--count", str(count), "--warmup", str(self._warmup(count))] if count else words

    def _warmup(self, count: int) -> int:
        """Leave a twentieth of the deliveries out."""
        copies = 50 if "--subs 50" in self.arguments else 1
        publishers = 100 if "--pubs 100" in self.arguments else 1
        return count * copies * publishers // 20


_FAN = "--subs 50"
_STORM = "--storm 2000 --hold 2"
_QUEUE = "--queue --dest /queue/bench"

WORKLOADS = (
    Workload("fan-out 1 to 50, equal ids", _FAN, count=200_000, slow_count=3_000),
    Workload("fan-out 1 to 50, different ids", f"{_FAN} --distinct-ids", count=150_000, slow_count=3_000),
    Workload("fan-out, equal ids, WebSocket", _FAN, count=150_000, slow_count=2_000, is_web=True),
    Workload(
        "fan-out, different ids, WebSocket",
        f"{_FAN} --distinct-ids",
        count=100_000,
        slow_count=2_000,
        is_web=True,
    ),
    Workload("queue 1 to 1, auto", _QUEUE, count=500_000, slow_count=60_000),
    Workload("queue, headers that differ", f"{_QUEUE} --unique-header x", count=200_000, slow_count=60_000),
    Workload(
        "queue 1 to 1, individual acks",
        f"{_QUEUE} --ack client-individual --window 100 --sub-header prefetch-count:100",
        count=200_000,
        slow_count=50_000,
    ),
    Workload(
        "100 pairs", "--pubs 100 --subs 100 --dest /topic/p%d", count=5_000, slow_count=300
    ),
    Workload("p99 at 1,000/s", "--rate 1000", "latency_us.p99", "µs", 4_000, 4_000),
    Workload("2,000 idle connections", _STORM, "kb_per_conn", "KB each", is_alone=True),
    Workload("idle connections, WebSocket", _STORM, "kb_per_conn", "KB each", is_web=True, is_alone=True),
)  # fmt: skip
