"""Measure Hoofbeat beside the peers that are installed: ``make bench ARGS="--rounds 3"``.

Every round starts each contender anew, and goes through the workloads with all contenders in turns, the
others asleep meanwhile, so that whatever else the machine does hits all alike. Prints medians and their
spread, and writes everything to ``build/bench.json``. Measures, and judges nothing: it ends well
whatever it finds.
"""

import argparse
import shlex
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from types import FrameType

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks import contenders, goals, machine, measuring, workloads  # noqa: E402 - the tree is not installed
from benchmarks.measuring import Plan, Run  # noqa: E402
from benchmarks.processes import StartError  # noqa: E402
from benchmarks.results import Cell, Entry, Results, shown, to_json  # noqa: E402


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


def field(names: list[str]) -> dict[contenders.Contender, Entry]:
    """Get those ready who are to be measured, and describe them; who can't be is named."""
    ready = {}
    for each in contenders.chosen(names):
        try:
            each.prepare()
            with each.start() as broker:
                ready[each] = Entry(each.name, each.title, each.version(), broker.command)
        except StartError as problem:
            say(f"bench: {each.title} ({each.name}) is left out: {problem}")
    return ready


def gather(plan: Plan, facts: dict[str, str], entries: tuple[Entry, ...], runs: list[Run]) -> Results:
    """Put results together."""
    return Results(
        machine=facts,
        settings={
            "rounds": plan.rounds,
            "seconds": plan.seconds,
            "warmup_seconds": plan.warmup_seconds,
            "command": shlex.join(["python", "benchmarks/run.py", *repeatable(sys.argv[1:])]),
        },
        contenders=entries,
        workloads={each.name: each.unit for each in plan.workloads},
        cells=tuple(measuring.cells(runs)),
    )


def repeatable(arguments: list[str]) -> list[str]:
    """Leave out of the command line where the results go."""
    return [
        word
        for before, word in zip(["", *arguments], arguments, strict=False)
        if "--output" not in (before, word) and not word.startswith("--output=")
    ]


def table(results: Results) -> None:
    """Print medians, least and most behind them, and what went wrong."""
    titles = {each.name: each.title for each in results.contenders}
    for workload, unit in results.workloads.items():
        say(f"\n{workload}, {unit}")
        for cell in results.of(workload):
            if cell.command:
                say(f"  {titles[cell.contender]:32}{_spread(cell):34}{'; '.join(cell.faults)}")


def _spread(cell: Cell) -> str:
    if cell.median is None:
        return "-"
    mark = " (generator busy)" if cell.is_bound_by_generator else ""
    several = f" ({shown(min(cell.numbers))}-{shown(max(cell.numbers))})" if len(cell.numbers) > 1 else ""
    return f"{shown(cell.median):>12}{several}{mark}"


def judge(results: Results) -> None:
    """Print how far we are from what we want."""
    say("\nbeside the peers: must, aim, measured, distance to the aim")
    for each in goals.outcomes(results):
        goal, measured = each.goal, each.measured
        figures = f"{goal.must:>8g}{goal.aim:>8g}{'-' if measured is None else f'{measured:.2f}':>10}"
        far = "" if each.distance is None else f"{each.distance:+.0%}"
        say(f"  {goal.workload:50}{goal.against:16}{figures}{far:>8}  {each.verdict}")


def say(text: str) -> None:
    """Print a line at once."""
    print(text, flush=True)


def told_to_end(_number: int, _frame: FrameType | None) -> None:
    """End as after Ctrl-C: whoever was started is ended first."""
    raise SystemExit(143)


def run_all(plan: Plan) -> tuple[list[Run], bool]:
    """Measure, and say every figure as it comes.

    Returns:
        what was measured, and whether that is all.
    """
    units = {each.name: each for each in plan.workloads}
    runs: list[Run] = []
    try:
        for run in measuring.measure(plan, say):
            runs.append(run)
            number = measuring.figure(units[run.workload], run.result)
            brief = "-" if number is None else f"{shown(number)} {units[run.workload].unit}"
            say(f"{run.round} {run.contender:10} {run.workload:50} {brief} {measuring.faults(run.result)}")
    except (KeyboardInterrupt, SystemExit):
        say("bench: interrupted; what was measured until now is kept")
        return runs, False
    return runs, True


def options() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=4.0, help="of each run that count")
    parser.add_argument("--warmup-seconds", type=float, default=1.0, help="before those")
    parser.add_argument("--only", nargs="*", default=[], help="workloads with one of these in their names")
    names = [each.name for each in contenders.chosen([])]
    parser.add_argument("--contenders", nargs="*", default=[], help=f"some of: {' '.join(names)}")
    parser.add_argument("--output", type=Path, default=ROOT / "build" / "bench.json")
    asked = parser.parse_args()
    known = {name.lower() for name in names}
    if unknown := [name for name in asked.contenders if name.lower() not in known]:
        parser.error(f"not here: {' '.join(unknown)}; there are {' '.join(names)}")
    if asked.only and not workloads.chosen(asked.only):
        parser.error(f"no workload has that in its name: {' '.join(asked.only)}")
    return asked


def main() -> None:
    """Read the options, measure, show, keep."""
    signal.signal(signal.SIGTERM, told_to_end)
    asked = options()
    program = build()
    if program is None:
        say("bench: not run, because there is no C compiler")
        return
    facts = dict(machine.facts())
    those = field(asked.contenders)
    chosen = workloads.chosen(asked.only)
    plan = Plan(program, list(those), chosen, asked.rounds, asked.seconds, asked.warmup_seconds)
    runs, is_whole = run_all(plan) if those else ([], True)
    results = gather(plan, facts, tuple(those.values()), runs)
    if not is_whole:
        results = results._replace(settings={**results.settings, "interrupted": True})
    table(results)
    judge(results)
    asked.output.write_text(to_json(results, [run._asdict() for run in runs]), encoding="utf-8")


if __name__ == "__main__":
    main()
