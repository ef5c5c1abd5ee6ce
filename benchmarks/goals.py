"""What Hoofbeat has to reach beside its peers, and how far it is from that."""

from collections.abc import Iterator
from statistics import median
from typing import NamedTuple

from benchmarks.results import Cell, Results
from benchmarks.workloads import BESIDE_DURABLE, FAN, PACED, SATURATED

OURS = ("compiled", "uvloop", "asyncio")  # the one that counts is the first of them that was measured


class Goal(NamedTuple):
    """One thing to reach.

    Attributes:
        workload: in which.
        peers: who is compared with; of several, the best one. Without any, the figure itself counts.
        theirs: the workload of the peers, where it is another one.
        must: the ratio, or the figure in microseconds, that must be reached.
        aim: what we would like to reach.
        own: the workload of ours that is compared with, round by round; it has no peers then.
        is_less_better: the figure is a time.
    """

    workload: str
    peers: tuple[str, ...]
    must: float
    aim: float
    theirs: str = ""
    own: str = ""
    is_less_better: bool = False

    @property
    def against(self) -> str:
        """Name who is compared with."""
        return " and ".join(self.peers) or ("itself, alone" if self.own else "-")

    @property
    def is_ratio(self) -> bool:
        """Say whether anything is compared; else the figure itself counts."""
        return bool(self.peers or self.own)


GOALS = (
    Goal(FAN, ("NATS", "Redis"), 2, 3),
    Goal("fan-out 1 to 50, different ids", ("NATS", "Redis"), 1, 1.5, theirs=FAN),
    Goal("WebSocket 1 to 200", ("RabbitMQ",), 20, 100),
    Goal(SATURATED, ("NATS",), 0.6, 1),
    Goal("queue, headers and sizes differ", ("NATS",), 0.3, 0.6, theirs=SATURATED),
    Goal("queue, individual acks", ("ActiveMQ",), 6, 10),
    Goal("queue, persistent, receipt every 100", ("RabbitMQ", "ActiveMQ"), 3, 5),
    Goal("queue, persistent, receipt for each", ("RabbitMQ", "ActiveMQ"), 3, 5),
    Goal("p99 of receipts, 100 in flight", (), 10_000, 5_000, is_less_better=True),
    Goal("100 pairs", ("NATS",), 0.7, 1),
    Goal(PACED, ("NATS",), 1.2, 1, is_less_better=True),
    Goal("p99 at half of the saturated rate", (), 3000, 1000, is_less_better=True),
    Goal(f"{FAN}, {BESIDE_DURABLE}", (), 0.9, 0.95, own=FAN),
    Goal(f"{SATURATED}, {BESIDE_DURABLE}", (), 0.9, 0.95, own=SATURATED),
    Goal(f"{PACED}, {BESIDE_DURABLE}", (), 2, 1.5, own=PACED, is_less_better=True),
)


class Outcome(NamedTuple):
    """What became of a goal.

    Attributes:
        goal: it.
        peer: who was best of those that are compared with; empty without one.
        ours: our figure, if there is one.
        theirs: the peer's figure, or 1.
        measured: the ratio, or our figure where nobody is compared with; None if something is missing.
        faults: what went wrong in our runs.
        is_bound_by_generator: we may be faster than this.
    """

    goal: Goal
    peer: str = ""
    ours: float | None = None
    theirs: float | None = None
    measured: float | None = None
    faults: tuple[str, ...] = ()
    is_bound_by_generator: bool = False

    @property
    def distance(self) -> float | None:
        """How far beyond the aim it is, as a part of the aim; negative is short of it."""
        if not self.measured:
            return None
        reached = self.measured / self.goal.aim
        return (1 / reached if self.goal.is_less_better else reached) - 1

    @property
    def verdict(self) -> str:
        """Say it in two words."""
        if self.faults:
            return "faulty"
        if self.measured is None:
            return "not measured"
        if _reaches(self.measured, self.goal.aim, self.goal):
            return "aim reached"
        return "must reached" if _reaches(self.measured, self.goal.must, self.goal) else "must missed"


def _reaches(measured: float, mark: float, goal: Goal) -> bool:
    return measured <= mark if goal.is_less_better else measured >= mark


def headline(results: Results) -> str:
    """Name the contender of ours that counts; empty without one."""
    names = [each.name for each in results.contenders]
    return next((name for name in OURS if name in names), "")


def outcomes(results: Results) -> Iterator[Outcome]:
    """Hold the results to every goal."""
    name = headline(results)
    for goal in GOALS:
        cell = results.cell(name, goal.workload)
        if goal.own:
            peer, theirs, measured = "", *_beside(cell, results.cell(name, goal.own))
        else:
            peer, theirs = _best(results, goal) if goal.peers else ("", 1.0)
            measured = cell.median / theirs if cell.median and theirs else None
        yield Outcome(goal, peer, cell.median, theirs, measured, cell.faults, cell.is_bound_by_generator)


def _beside(cell: Cell, alone: Cell) -> tuple[float | None, float | None]:
    """Compare run by run: what follows at once meets the same machine.

    Returns:
        the figure alone, and the ratio to it; None where one is missing.
    """
    if not cell.numbers or len(cell.numbers) != len(alone.numbers) or not all(alone.numbers):
        return alone.median, None
    return alone.median, median(
        [ours / theirs for ours, theirs in zip(cell.numbers, alone.numbers, strict=True)]
    )


def _best(results: Results, goal: Goal) -> tuple[str, float | None]:
    """Find the peer to be measured by: the best one, if all of them were measured."""
    medians = {peer: results.cell(peer, goal.theirs or goal.workload).median for peer in goal.peers}
    found = {peer: number for peer, number in medians.items() if number}
    if len(found) < len(goal.peers):
        return "", None
    choose = min if goal.is_less_better else max
    peer = choose(found, key=lambda name: found[name])
    return peer, found[peer]
