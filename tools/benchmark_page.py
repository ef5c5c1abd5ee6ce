"""Keep the benchmarks' figures, and write the page and the plot from them.

``python tools/benchmark_page.py`` writes both from ``benchmarks/results.json``; ``--check`` only says
whether they are up to date. ``--take build/bench.json`` first puts the figures of that run in its place.
"""

import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks import goals, plot, results  # noqa: E402 - the tree is not installed
from benchmarks.contenders import JAVA_SECONDS  # noqa: E402
from benchmarks.goals import Outcome  # noqa: E402
from benchmarks.measuring import TURNS  # noqa: E402
from benchmarks.results import Cell, Results, shown  # noqa: E402
from benchmarks.workloads import BESIDE_RATE, SATURATED  # noqa: E402

KEPT = ROOT / "benchmarks" / "results.json"
PAGE = ROOT / "docs" / "explanation" / "benchmarks.md"
PLOT = ROOT / "docs" / "images" / "benchmarks.svg"

_INTRODUCTION = """\
# Benchmarks

Hoofbeat beside brokers written in Erlang, Java, Go and C, on one machine, in one run. This page and its
plot are written by `tools/benchmark_page.py` from `benchmarks/results.json`, which is what `make bench`
measured; a figure that nobody measured can't stand here.

"""

_METHOD = """
## How it was measured

- **One load generator for all**, `benchmarks/stompload.c`: one thread, in C, on the loopback. It speaks
  STOMP, STOMP over WebSocket, and the protocols of NATS, Redis and MQTT. It checks that every message
  comes exactly once and in order; what is lost, duplicated, misordered or refused is said with the
  figures.
- **In turns.** A round starts every broker anew, and takes one workload after the other through all of
  them, so that a slow minute of the machine hits all alike. Who is not measured is stopped (`SIGSTOP`).
  Each round begins with another broker. First, uncounted, every broker works for a few seconds, ActiveMQ
  for {java:.0f}: Java compiles what it runs often.
- **As installed.** Hoofbeat runs with its defaults: limits, access rules and checks are on. The peers run
  with Debian's settings, but for ports, folders, a quiet log, and nothing written to the disk by Redis
  and Mosquitto. Only where idle connections are counted does Hoofbeat take in more of them a second than
  usual.
- **Messages** have bodies of 128 bytes, and are not persistent where the workload does not say so; up to
  1,000 are under way. Individual acks have a window of 100. Where headers and sizes differ, one header has
  another value in every frame, and bodies have 20 to 2,000 bytes, evenly spread.
- **Peers without STOMP** have no queues, headers or ids here: one publisher and one subscriber of a topic
  stand for the queue, and where Hoofbeat's ids, headers or sizes differ, the ratio is to their plain
  figure.
- **p99** is the time from the publisher's buffer to the parsed message at the subscriber, at a steady
  rate. Half of the saturated rate is half of what the same broker reached in *{saturated}* in the same
  round.
- **Beside others**: a second load generator sends {rate:,} messages a second to a queue, each with its
  receipt and its acknowledgement, persistent ("durable") or not. The broker and both generators share the
  cores of the machine, so others that are not durable show what any such traffic costs. Hoofbeat takes its
  turns alone and beside them {turns} times a round; what counts is the median of the ratios of turns.
- **Idle KB** is what the resident memory of a fresh broker grew by, divided by 2,000 connections.

Nothing is comparable with figures from another machine, and differences under 20 % are noise. To repeat
it, as root on Debian: `make bench-peers`, then `make bench ARGS="--rounds 5"`. Every single run is kept
in `build/bench.json`, and `python tools/benchmark_page.py --take build/bench.json` writes this page.
"""


def page(found: Results) -> str:
    """Write the whole page."""
    parts = [
        _INTRODUCTION,
        "![A panel of bars per workload](../images/benchmarks.svg)\n",
        *_goals(found),
        *_figures(found),
        *_faults(found),
        _METHOD.format(java=JAVA_SECONDS, saturated=SATURATED, rate=BESIDE_RATE, turns=TURNS),
        *_machine(found),
        *_commands(found),
    ]
    return "".join(parts)


def _goals(found: Results) -> Iterator[str]:
    yield "\n## What we want, and how far it is\n\n"
    yield f"Ratios are the median of {_title(found, goals.headline(found))} to the peer's, of several peers "
    yield "to the best one's;\nto itself, the median of the ratios of each turn. "
    yield "The distance to the aim is negative where it is not reached. "
    yield "With `*`, the load generator had no time left:\nthe ratio may be higher.\n\n"
    yield "| against | workload | must | aim | measured | distance to the aim | |\n"
    yield "|---|---|---|---|---|---|---|\n"
    for outcome in goals.outcomes(found):
        yield f"| {' | '.join(_goal(outcome))} |\n"


def _goal(outcome: Outcome) -> Iterator[str]:
    goal = outcome.goal
    yield goal.against
    yield goal.workload + (f" (theirs: {goal.theirs})" if goal.theirs else "")
    yield _mark(outcome, goal.must)
    yield _mark(outcome, goal.aim)
    measured = "-" if outcome.measured is None else _mark(outcome, outcome.measured, digits=2)
    bound = "\\*" if outcome.is_bound_by_generator else ""
    yield f"**{measured}**{bound}" + (f" ({outcome.peer})" if len(goal.peers) > 1 and outcome.peer else "")
    yield "-" if outcome.distance is None else f"{outcome.distance:+.0%}"
    yield outcome.verdict


def _mark(outcome: Outcome, number: float, *, digits: int = 0) -> str:
    """Write a ratio, or a time."""
    unit, scale = ("×", 1) if outcome.goal.is_ratio else (" ms", 1000)  # noqa: RUF001 - a ratio's own sign
    return f"{number / scale:.{digits}f}{unit}" if digits else f"{number / scale:g}{unit}"


def _figures(found: Results) -> Iterator[str]:
    rounds = int(found.settings["rounds"])
    seconds = f"{found.settings['seconds']:g} s"
    yield f"\n## Figures\n\nMedians of {rounds} rounds" if rounds > 1 else "\n## Figures\n\nOne round"
    yield f", {seconds} a run" + (", with half of the way from least to most. " if rounds > 1 else ". ")
    if found.settings.get("interrupted"):
        yield "The run was interrupted: what would have come last is missing. "
    yield "Empty: the broker can't do it.\n"
    yield "`*`: the load generator had no time left, so the broker may be faster.\n\n"
    yield f"| | {' | '.join(each.title for each in found.contenders)} |\n"
    yield f"|---|{'---:|' * len(found.contenders)}\n"
    for workload, unit in found.workloads.items():
        if any(cell.numbers or cell.faults for cell in found.of(workload)):
            yield f"| {workload}, {unit} | {' | '.join(map(_figure, found.of(workload)))} |\n"


def _figure(cell: Cell) -> str:
    if cell.median is None:
        return "fails" if cell.faults else ""
    text = shown(cell.median) + ("*" if cell.is_bound_by_generator else "") + (" !" if cell.faults else "")
    if len(cell.numbers) > 1:
        text += f" ±{cell.spread:.0%}"
    if cell.rates:
        text += f" at {sorted(cell.rates)[len(cell.rates) // 2]:,}/s"
    return text


def _faults(found: Results) -> Iterator[str]:
    faulty = [cell for cell in found.cells if cell.faults]
    if not faulty:
        runs = sum(len(cell.numbers) for cell in found.cells)
        yield f"\nIn all {runs} runs nothing was lost, duplicated, misordered or refused.\n"
        return
    yield "\nWhat went wrong, marked `!` above:\n\n"
    for cell in faulty:
        yield f"- {_title(found, cell.contender)}, {cell.workload}: {'; '.join(cell.faults)}\n"


def _title(found: Results, name: str) -> str:
    return next((each.title for each in found.contenders if each.name == name), name)


def _machine(found: Results) -> Iterator[str]:
    yield "\n## The machine\n\n| | |\n|---|---|\n"
    for name, fact in found.machine.items():
        yield f"| {name} | {fact} |\n"
    yield "\n| broker | version | started by |\n|---|---|---|\n"
    for each in found.contenders:
        yield f"| {each.title} | {each.version} | `{each.command}` |\n"


def _commands(found: Results) -> Iterator[str]:
    """Show how the load was made: of each workload the first command; the others differ in the protocol."""
    yield f"\n## The commands\n\nThe run: `{found.settings['command']}`. The load on "
    yield f"{_title(found, goals.headline(found))} (`PORT` and `PID` are the broker's):\n\n"
    for workload in found.workloads:
        commands = [cell.command for cell in found.of(workload) if cell.command]
        if commands:
            yield f"- {workload}: `{commands[0]}`\n"


def main(arguments: list[str]) -> int:
    """Write page and plot, or with ``--check`` compare them; ``--take FILE`` takes in a run first."""
    if "--take" in arguments:
        taken = results.read(Path(arguments[arguments.index("--take") + 1]))
        KEPT.write_text(results.to_json(taken), encoding="utf-8")
    found = results.read(KEPT)
    stale = []
    for path, text in ((PAGE, page(found)), (PLOT, plot.svg(found))):
        if "--check" not in arguments:
            path.write_text(text, encoding="utf-8")
        elif not path.exists() or path.read_text(encoding="utf-8") != text:
            stale.append(str(path.relative_to(ROOT)))
    if "--check" in arguments:
        print(f"{', '.join(stale)}: run tools/benchmark_page.py" if stale else "the page is up to date")
    return int(bool(stale))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
