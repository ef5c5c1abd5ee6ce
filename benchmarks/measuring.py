"""Take every contender through every workload, in turns, round after round."""

import json
import shlex
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks import processes
from benchmarks.contenders import Contender, Start
from benchmarks.goals import OURS
from benchmarks.processes import Broker, StartError
from benchmarks.results import Cell
from benchmarks.workloads import BESIDE_RATE, DELIVERIES, WORKLOADS, Workload

GRACE_SECONDS = 40.0  # after the time to send: for connecting, for what is under way, for giving up
OVERLAP_SECONDS = 0.5  # that whatever goes on beside goes on for longer
LEAST_OF_RATE = 0.9  # of what is to go on beside
TURNS = 3  # in a round, of one load alone and beside others
FAULTS = ("lost", "duplicated", "misordered", "errors")

Say = Callable[[str], None]


class Plan(NamedTuple):
    """How to measure.

    Attributes:
        program: the load generator.
        contenders: whom.
        workloads: in what.
        rounds: how often.
        seconds: how long each run sends.
        warmup_seconds: how much longer, before that, without counting.
        settling_seconds: how long a broker then has to see that the generator's connections are gone.
    """

    program: Path
    contenders: list[Contender]
    workloads: list[Workload]
    rounds: int
    seconds: float
    warmup_seconds: float
    settling_seconds: float = 0.2


class Run(NamedTuple):
    """One run of the load generator.

    Attributes:
        round: its number, from 1.
        contender: name.
        workload: name.
        command: as it could be repeated.
        result: what the generator said; ``failed`` in it if it said nothing.
        rate: messages/s that were asked for, if a rate was worked out.
    """

    round: int
    contender: str
    workload: str
    command: str
    result: Mapping[str, Any]
    rate: float = 0.0


class Entrant:
    """A contender in one round: started once, asleep but for its turns, started anew if it died."""

    def __init__(self, start: Start) -> None:
        self._start = start
        self._running = ExitStack()
        self._broker: Broker | None = None

    @contextmanager
    def turn(self, settling_seconds: float) -> Iterator[Broker]:
        """Let it run for a while, and a little longer.

        Raises:
            StartError: it can't be started.
        """
        broker = self._up()
        processes.wake(broker)
        try:
            yield broker
            time.sleep(settling_seconds)
        finally:
            processes.put_to_sleep(broker)

    def end(self) -> None:
        """Stop it for good."""
        self._running.close()
        self._broker = None

    def _up(self) -> Broker:
        if self._broker is not None and not processes.is_there(self._broker):
            self.end()
        if self._broker is None:
            self._broker = self._running.enter_context(self._start())
        return self._broker


def measure(plan: Plan, say: Say) -> Iterator[Run]:
    """Make all rounds. What a broker can't do is left out, what goes wrong is a result."""
    for number in range(plan.rounds):
        # Nobody is always first: each round begins with the next contender.
        shift = number % len(plan.contenders)
        order = [*plan.contenders[shift:], *plan.contenders[:shift]]
        yield from _round(plan, number + 1, order, say)


def _round(plan: Plan, number: int, order: list[Contender], say: Say) -> Iterator[Run]:
    """Go through the workloads, and in each through the contenders, so that a slow minute hits all alike."""
    entrants = {each.name: Entrant(each.start) for each in order}
    saturated: dict[tuple[str, str], float] = {}
    try:
        for contender in order:
            _warm(plan, contender, entrants[contender.name], say)
        for workload, contender in _in_order(plan.workloads, order):
            rate = saturated.get((contender.name, workload.half_of), 0.0) / 2
            if workload.half_of and not rate:
                continue
            entrant = Entrant(contender.start_crowded) if workload.is_alone else entrants[contender.name]
            run = _run(plan, number, contender, entrant, workload, rate)
            if workload.is_alone:
                entrant.end()
            saturated[contender.name, workload.name] = figure(workload, run.result) or 0.0
            yield run
    finally:
        for entrant in entrants.values():
            entrant.end()


def _in_order(chosen: Sequence[Workload], order: Sequence[Contender]) -> Iterator[tuple[Workload, Contender]]:
    """Give each workload with each contender: several times where one goes on alone and beside others.

    What others cost is a small part of what differs between two moments of a machine. So is what two
    brokers differ in, whose medians therefore are of equally many runs.
    """
    for group in _groups(chosen):
        for turn in range(TURNS if len(group) > 1 else 1):
            ours = [each for each in order if turn == 0 or each.name in OURS]
            for workload in group:
                field = ours if workload.beside else order
                yield from [(workload, contender) for contender in filter(workload.suits, field)]


def _groups(chosen: Sequence[Workload]) -> Iterator[Sequence[Workload]]:
    """Put workloads together with what they are beside others."""
    group: list[Workload] = []
    for workload in chosen:
        if group and not (workload.beside and workload.arguments == group[0].arguments):
            yield group
            group = []
        group.append(workload)
    if group:
        yield group


def _warm(plan: Plan, contender: Contender, entrant: Entrant, say: Say) -> None:
    """Have a broker work at what it will be measured in, uncounted: Java compiles what it runs often."""
    mine = [each for each in plan.workloads if each.suits(contender) and each.unit == DELIVERIES]
    if not mine:
        return
    length = plan._replace(seconds=contender.warm_seconds / len(mine), warmup_seconds=0.0)
    for workload in mine:
        run = _run(length, 0, contender, entrant, workload, 0.0)
        if wrong := faults(run.result):
            say(f"0 {contender.name:10} {workload.name:34} {wrong}")


def _run(
    plan: Plan, number: int, contender: Contender, entrant: Entrant, workload: Workload, rate: float
) -> Run:
    """Run one workload once."""
    words: list[str] = []
    try:
        with entrant.turn(plan.settling_seconds) as broker:
            words = _words(plan, contender, broker, workload, rate)
            with _others(plan, contender, broker, workload) as others:
                result = _load(words, GRACE_SECONDS + plan.seconds + plan.warmup_seconds)
            result = {**result, **others}
            port = str(broker.web if workload.is_web else broker.port)
            names = {str(plan.program): "stompload", f"--pid {broker.pid} ": "--pid PID ", port: "PORT"}
    except (StartError, OSError) as problem:
        return Run(number, contender.name, workload.name, "", {"failed": str(problem)})
    return Run(number, contender.name, workload.name, processes.spoken(words, names), result, rate)


def _words(plan: Plan, contender: Contender, broker: Broker, workload: Workload, rate: float) -> list[str]:
    """Put the generator's command together."""
    port = broker.web if workload.is_web else broker.port
    asked = workload.arguments.format(prefetch=contender.prefetch, rate=round(rate))
    length = f"--seconds {plan.seconds:g} --warmup-seconds {plan.warmup_seconds:g}"
    return [
        str(plan.program),
        *f"--port {port} --pid {broker.pid}".split(),
        *contender.arguments,
        *(["--ws", contender.path] if workload.is_web else []),
        *shlex.split(asked),
        *([] if "--storm" in asked else length.split()),
    ]


@contextmanager
def _others(
    plan: Plan, contender: Contender, broker: Broker, workload: Workload
) -> Iterator[dict[str, Mapping[str, Any]]]:
    """Have a second generator work meanwhile, if the workload wants one; its result is there in the end."""
    found: dict[str, Mapping[str, Any]] = {}
    if not workload.beside:
        yield found
        return
    seconds = plan.warmup_seconds + plan.seconds + OVERLAP_SECONDS
    words = _words(
        plan._replace(seconds=seconds, warmup_seconds=0.0),
        contender,
        broker,
        workload._replace(arguments=workload.beside),
        0.0,
    )
    with ThreadPoolExecutor() as pool:
        other = pool.submit(_load, words, GRACE_SECONDS + seconds)
        yield found
        found["beside"] = other.result()


def _load(words: list[str], seconds: float) -> Mapping[str, Any]:
    try:
        done = subprocess.run(words, capture_output=True, text=True, timeout=seconds, check=False)
    except subprocess.TimeoutExpired:
        return {"failed": f"not done after {seconds:.0f} s"}
    try:
        result: Mapping[str, Any] = json.loads(done.stdout.splitlines()[-1])
    except (ValueError, IndexError):
        return {"failed": done.stderr.strip() or "the generator said nothing"}
    return result


def figure(workload: Workload, result: Mapping[str, Any]) -> float | None:
    """Take the number that counts out of a result."""
    found: Any = result
    for key in workload.measures.split("."):
        found = found.get(key) if isinstance(found, Mapping) else None
    return None if found is None else float(found)


def faults(result: Mapping[str, Any]) -> str:
    """Say what went wrong; nothing if nothing did."""
    wrong = [f"{result[key]:,} {key}" for key in FAULTS if result.get(key)]
    said = result.get("failed") or result.get("error")
    others = result.get("beside")
    if others and (found := faults(others)):
        wrong.append(f"beside it: {found}")
    elif others and others["sent_per_s"] < LEAST_OF_RATE * BESIDE_RATE:
        wrong.append(f"beside it: only {others['sent_per_s']:,} messages/s")
    return ", ".join([*wrong, *([str(said)] if said else [])])


def cells(runs: list[Run]) -> Iterator[Cell]:
    """Gather the runs of each contender in each workload."""
    for workload in WORKLOADS:
        mine = [run for run in runs if run.workload == workload.name]
        for name in dict.fromkeys(run.contender for run in mine):
            yield _cell(workload, [run for run in mine if run.contender == name])


def _cell(workload: Workload, runs: list[Run]) -> Cell:
    numbers = [figure(workload, run.result) for run in runs]
    busy = [run.result for run in runs if run.result.get("seconds") and "gen_cpu_s" in run.result]
    return Cell(
        contender=runs[0].contender,
        workload=workload.name,
        command=runs[-1].command,
        numbers=tuple(number for number in numbers if number is not None),
        generator=tuple(round(result["gen_cpu_s"] / result["seconds"], 2) for result in busy),
        rates=tuple(round(run.rate) for run in runs if run.rate),
        faults=tuple(f"round {run.round}: {wrong}" for run in runs if (wrong := faults(run.result))),
    )
