"""Measure the broker, beside RabbitMQ where that is installed: ``make bench ARGS="--rounds 3"``.

Every round starts each broker anew and takes it through all workloads, so that what the machine does
meanwhile falls on all alike. Prints medians and their spread, writes everything to ``build/bench.json``.
Measures, and judges nothing: it ends well whatever it finds.
"""

import argparse
import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks import rabbitmq  # noqa: E402 - the tree is not installed
from benchmarks.workloads import WORKLOADS, Workload  # noqa: E402
from tests.interop.serving import Serving, serving  # noqa: E402

RUN_SECONDS = 90.0
SETTINGS = ("limits.accepts_per_second=100000",)
FAULTS = ("lost", "duplicated", "misordered", "errors")

Result = Mapping[str, Any]


class Contender(NamedTuple):
    """A broker to measure.

    Attributes:
        name: column of the table.
        start: starts it, and stops it in the end.
        path: of its WebSocket.
        is_slow: give it less to do.
    """

    name: str
    start: Callable[[], AbstractContextManager[Serving]]
    path: str
    is_slow: bool = False


def contenders() -> Iterator[Contender]:
    """Name the brokers that this machine has."""
    yield Contender("asyncio", lambda: serving(*SETTINGS, is_plain=True), "/stomp")
    yield Contender("uvloop", lambda: serving(*SETTINGS), "/stomp")
    if rabbitmq.is_installed():
        yield Contender("RabbitMQ", rabbitmq.running, "/ws", is_slow=True)


def build() -> Path | None:
    """Compile the load generator, if there is a compiler."""
    program = ROOT / "build" / "stompload"
    program.parent.mkdir(exist_ok=True)
    compiler = shutil.which("gcc") or shutil.which("cc")
    if compiler is None:
        return None
    source = ROOT / "benchmarks" / "stompload.c"
    subprocess.run([compiler, "-O2", "-o", str(program), str(source), "-lm"], check=True)
    return program


def measure(program: Path, contender: Contender, broker: Serving, workload: Workload) -> Result:
    """Run one workload once; what goes wrong is the result."""
    port = broker.http if workload.is_web else broker.stomp
    words = [
        str(program),
        "--port",
        str(port),
        "--pid",
        str(broker.pid),
        *workload.words(is_slow=contender.is_slow),
    ]
    web = ["--ws", contender.path] if workload.is_web else []
    try:
        done = subprocess.run(
            [*words, *web], capture_output=True, text=True, timeout=RUN_SECONDS, check=False
        )
        result: Result = json.loads(done.stdout.splitlines()[-1])
    except (subprocess.TimeoutExpired, ValueError, IndexError) as problem:
        return {"failed": str(problem)}
    return result


def rounds(program: Path, options: argparse.Namespace) -> Iterator[tuple[str, Workload, Result]]:
    """Take every broker through every workload, again and again."""
    chosen = [each for each in WORKLOADS if options.only in each.name]
    for number in range(options.rounds):
        for contender in contenders():
            if options.brokers and contender.name not in options.brokers:
                continue
            for workload, result in one_round(program, contender, chosen):
                say(f"{number + 1} {contender.name:9} {workload.name:34} {brief(workload, result)}")
                yield contender.name, workload, result


def one_round(
    program: Path, contender: Contender, workloads: list[Workload]
) -> Iterator[tuple[Workload, Result]]:
    """Take one broker through every workload once."""
    for sitting in sittings(workloads):
        try:
            with contender.start() as broker:
                for workload in sitting:
                    yield workload, measure(program, contender, broker, workload)
        except (OSError, AssertionError, subprocess.SubprocessError) as problem:
            say(f"{contender.name}: {problem}")


def sittings(workloads: list[Workload]) -> list[list[Workload]]:
    """Divide workloads into those that share a process of the broker, and those that have it alone."""
    together = [each for each in workloads if not each.is_alone]
    return [*([together] if together else []), *([each] for each in workloads if each.is_alone)]


def figure(workload: Workload, result: Result) -> float | None:
    """Take the number that counts out of a result."""
    found: Any = result
    for key in workload.measures.split("."):
        found = found.get(key) if isinstance(found, Mapping) else None
    return None if found is None else float(found)


def brief(workload: Workload, result: Result) -> str:
    """Say a result in a few words, first of all what went wrong."""
    wrong = [f"{result[key]} {key}" for key in FAULTS if result.get(key)]
    if result.get("error") or result.get("failed"):
        wrong.append(str(result.get("error") or result["failed"]))
    number = figure(workload, result)
    return ", ".join(["-" if number is None else shown(number, workload.unit), *wrong])


def shown(number: float, unit: str) -> str:
    """Write a figure with its unit."""
    return f"{number:,.0f} {unit}" if number >= 100 else f"{number:.1f} {unit}"


def table(results: Mapping[tuple[str, str], list[float]], names: list[str]) -> None:
    """Print medians, and least and most behind them."""
    say("\n" + f"{'':34}" + "".join(f"{name:>34}" for name in names))
    for workload in WORKLOADS:
        cells = [results.get((name, workload.name), []) for name in names]
        if any(cells):
            say(f"{workload.name:34}" + "".join(f"{spread(cell, workload.unit):>34}" for cell in cells))


def spread(numbers: list[float], unit: str) -> str:
    """Write the median, and the least and the most if they differ."""
    if not numbers:
        return "-"
    text = shown(median(numbers), unit)
    return f"{text} ({min(numbers):,.0f}-{max(numbers):,.0f})" if len(numbers) > 1 else text


def say(text: str) -> None:
    """Print a line at once."""
    print(text, flush=True)


def main() -> None:
    """Read the options, measure, show."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", default="", help="workloads with this in their name")
    parser.add_argument("--brokers", nargs="*", help="asyncio, uvloop, RabbitMQ; all that there are")
    options = parser.parse_args()
    program = build()
    if program is None:
        say("bench: not run, because there is no C compiler")
        return
    everything: list[dict[str, Any]] = []
    numbers: dict[tuple[str, str], list[float]] = {}
    for name, workload, result in rounds(program, options):
        everything.append({**result, "broker": name, "workload": workload.name})
        if (number := figure(workload, result)) is not None:
            numbers.setdefault((name, workload.name), []).append(number)
    table(numbers, list(dict.fromkeys(name for name, _ in numbers)))
    (ROOT / "build" / "bench.json").write_text(json.dumps(everything, indent=1) + "\n")


if __name__ == "__main__":
    main()
