"""What is measured: arguments for the load generator, and which of its figures counts."""

from typing import NamedTuple

from benchmarks.contenders import ACKS, DISK, HEADERS, IDS, WEB, Contender

DELIVERIES, MICROSECONDS, KILOBYTES = "deliveries/s", "µs", "KB"


class Workload(NamedTuple):
    """One line of the table.

    Attributes:
        name: what it is called in options and results.
        arguments: for ``stompload``; ``{prefetch}`` is a header and ``{rate}`` a number.
        measures: key of the result that counts; a dot goes one level down.
        unit: of that.
        needs: what a broker must be able to do, or it is left out.
        half_of: the workload whose rate, halved, is ``{rate}``.
        beside: arguments for a second load generator, at work all the while; what it measures does not count.
        is_alone: on a broker started for it, which has no memory left over from other workloads.
    """

    name: str
    arguments: str
    measures: str = "delivered_per_s"
    unit: str = DELIVERIES
    needs: frozenset[str] = frozenset()
    half_of: str = ""
    beside: str = ""
    is_alone: bool = False

    @property
    def is_web(self) -> bool:
        """Say whether it goes over WebSocket."""
        return WEB in self.needs

    def suits(self, contender: Contender) -> bool:
        """Say whether the broker can do it."""
        return self.needs <= contender.can


def _queue(name: str, more: str = "") -> str:
    return f"--queue --dest /queue/{name} {more}".strip()


# The generator makes bodies no shorter than 20 bytes: run, publisher and number stand in them.
_DIFFERENT = "--unique-header x --size 20:2000"
_ACKS = "--ack client-individual --window 100 --sub-header {prefetch}"
# Each message is on the disk, or acknowledged, before its receipt; 1,000 may wait for theirs.
_SETTLED = "--ack client-individual --window 2000 --sub-header {prefetch}"
_KEPT = f"--header persistent:true {_SETTLED}"
_STORM = "--storm 2000 --hold 2"

FAN, SATURATED, PACED = "fan-out 1 to 50, equal ids", "queue 1 to 1, auto", "p99 at 1,000/s"
P99 = ("latency_us.p99", MICROSECONDS)

# What goes on beside: each message with its receipt and its acknowledgement.
BESIDE_RATE = 2000
_OTHERS = f"--receipt-every 1 --receipt-window 2000 --rate {BESIDE_RATE}"
_PLAIN, _DURABLE = _queue("plain", f"{_SETTLED} {_OTHERS}"), _queue("durable", f"{_KEPT} {_OTHERS}")
BESIDE_PLAIN, BESIDE_DURABLE = "beside 2,000 others/s", "beside 2,000 durable/s"


def _both(
    name: str, arguments: str, measures: str = "delivered_per_s", unit: str = DELIVERIES
) -> "list[Workload]":
    """Return a workload beside others that are not durable, and beside others that are."""
    needs = frozenset({ACKS, DISK})
    return [
        Workload(f"{name}, {said}", arguments, measures, unit, needs=needs, beside=beside)
        for said, beside in ((BESIDE_PLAIN, _PLAIN), (BESIDE_DURABLE, _DURABLE))
    ]


WORKLOADS = (
    Workload(FAN, "--subs 50"),
    *_both(FAN, "--subs 50"),
    Workload("fan-out 1 to 50, different ids", "--subs 50 --distinct-ids", needs=frozenset({IDS})),
    Workload("WebSocket 1 to 200", "--subs 200", needs=frozenset({WEB})),
    Workload(SATURATED, _queue("auto")),
    *_both(SATURATED, _queue("auto")),
    Workload("queue, headers and sizes differ", _queue("differ", _DIFFERENT), needs=frozenset({HEADERS})),
    Workload("queue, individual acks", _queue("acks", _ACKS), needs=frozenset({ACKS})),
    Workload(
        "queue, persistent, receipt every 100",
        _queue("kept", f"{_KEPT} --receipt-every 100 --receipt-window 10"),
        needs=frozenset({ACKS, DISK}),
    ),
    Workload(
        "queue, persistent, receipt for each",
        _queue("each", f"{_KEPT} --receipt-every 1 --receipt-window 1000"),
        needs=frozenset({ACKS, DISK}),
    ),
    Workload(
        "p99 of receipts, 100 in flight",
        _queue("hundred", f"{_KEPT} --receipt-every 1 --receipt-window 100"),
        "receipt_us.p99",
        MICROSECONDS,
        needs=frozenset({ACKS, DISK}),
    ),
    Workload("100 pairs", "--pubs 100 --subs 100 --dest /topic/p%d"),
    Workload(PACED, "--rate 1000", *P99),
    *_both(PACED, "--rate 1000", *P99),
    Workload(
        "p99 at half of the saturated rate",
        _queue("half", "--rate {rate}"),
        *P99,
        half_of=SATURATED,
    ),
    Workload("idle connection", _STORM, "kb_per_conn", KILOBYTES, is_alone=True),
    Workload(
        "idle connection, WebSocket", _STORM, "kb_per_conn", KILOBYTES, needs=frozenset({WEB}), is_alone=True
    ),
)


def chosen(words: list[str]) -> list[Workload]:
    """Return the workloads with one of these in their names and those they build on, or all without any."""
    found = [each for each in WORKLOADS if not words or any(word in each.name for word in words)]
    names = {each.name for each in found} | {each.half_of for each in found}
    return [each for each in WORKLOADS if each.name in names]
