"""Count the instructions per message, and refuse a rise: ``make instructions``.

Times differ from run to run by more than most changes are worth; instructions, which valgrind's callgrind
counts, by less than a thousandth. ``benchmarks/instructions.json`` has what they were; with ``--update`` they
are written there. They hold for one version of Python and of the compilers, and are compared with no other.
"""

import json
import os
import platform
import re
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks import counted  # noqa: E402 - the tree is not installed

BASELINE = ROOT / "benchmarks" / "instructions.json"
FOLDER = ROOT / "build" / "instructions"
CORE = ROOT / "build" / "compiled"
SECONDS = 110

RISE = 1.05  # of a workload, beside the baseline
# What may cost how often as much as what: each has its cause in the design, whatever the version.
RATIOS = ((counted.ACK, counted.SEND, 2.0),)

Counts = Mapping[str, float]


class CountError(Exception):
    """Nothing can be counted here; the message says why."""


def machine() -> str:
    """Name what counts depend on, besides our code."""
    compiler = (sysconfig.get_config_var("CC") or "cc").split()[0]
    done = subprocess.run([compiler, "-dumpfullversion"], capture_output=True, text=True, check=False)
    python = f"{platform.python_implementation()} {sys.version_info.major}.{sys.version_info.minor}"
    is_optimized = "--enable-optimizations" in (sysconfig.get_config_var("CONFIG_ARGS") or "")
    by = f"{platform.python_compiler()}, {'' if is_optimized else 'not '}optimized"
    core = f"core by {Path(compiler).name} {done.stdout.strip()}"
    return f"{python} ({by}), {core}, {platform.machine()}"


def valgrind() -> str:
    """Find it.

    Raises:
        CountError: it is not there.
    """
    found = shutil.which("valgrind")
    if found is None:
        raise CountError("valgrind is not installed")
    return found


def library() -> Path:
    """Build what tells callgrind from Python when to count.

    Raises:
        CountError: it can't be built.
    """
    valgrind()  # whose header it needs
    source, target = ROOT / "benchmarks" / "callgrind.c", FOLDER / "callgrind.so"
    FOLDER.mkdir(parents=True, exist_ok=True)
    words = ["cc", "-O2", "-shared", "-fPIC", "-o", str(target), str(source)]
    try:
        subprocess.run(words, check=True, capture_output=True, text=True)
    except FileNotFoundError:
        raise CountError("there is no C compiler") from None
    except subprocess.CalledProcessError as error:
        raise CountError(error.stderr.strip().splitlines()[0]) from None
    return target


def listing(name: str) -> Path:
    """Say where callgrind leaves what it counted of a workload."""
    return FOLDER / f"{slug(name)}.out"


def slug(name: str) -> str:
    """Make a name fit for a file."""
    return re.sub("[^a-z0-9]+", "-", name.lower())


def count(name: str, requests: Path, core: Path = CORE) -> float:
    """Play a workload under callgrind, and return the instructions of each frame or copy in it.

    Raises:
        CountError: it failed, or took too long.
    """
    options = ["--tool=callgrind", "--instr-atstart=no", "--collect-atstart=no"]
    program = [sys.executable, str(ROOT / "benchmarks" / "counted.py"), str(requests), name]
    # Of the surroundings nothing is handed on: their size alone moves the stack.
    surroundings = {"PATH": os.defpath, "PYTHONHASHSEED": "0", "PYTHONPATH": str(core)}
    try:
        done = subprocess.run(
            [valgrind(), *options, f"--callgrind-out-file={listing(name)}", *program],
            env=surroundings,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise CountError(f"{name}: not done after {SECONDS} s") from None
    found = re.search(r"Collected : (\d+)", done.stderr)
    if done.returncode or found is None:
        raise CountError(f"{name}: {done.stderr.strip()[-1000:]}")
    return round(int(found[1]) / (counted.TURNS * counted.WORKLOADS[name].each), 1)


def count_all() -> dict[str, float]:
    """Count every workload; several at a time do not disturb each other.

    Raises:
        CountError: one of them can't be counted.
    """
    requests = library()
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        counts = pool.map(lambda name: count(name, requests), counted.WORKLOADS)
        return dict(zip(counted.WORKLOADS, counts, strict=True))


def faults(counts: Counts, before: Counts | None) -> Iterator[str]:
    """Say what is too much, one line each.

    Args:
        counts: instructions of each workload.
        before: those of the baseline; None where it does not hold.
    """
    for dear, cheap, most in RATIOS:
        if counts[dear] > most * counts[cheap]:
            yield f"{dear!r} costs {counts[dear] / counts[cheap]:.2f} times {cheap!r}, and may {most:g} times"
    if before is None:
        return
    for name in counts.keys() ^ before.keys():
        yield f"{name!r} is in the baseline or counted, not both: update it"
    for name in counts.keys() & before.keys():
        if counts[name] > RISE * before[name]:
            yield f"{name!r} rose by {counts[name] / before[name] - 1:.1%}, more than {RISE - 1:.0%}"


def table(counts: Counts, before: Counts | None) -> Iterator[str]:
    """Write the counts beside those of the baseline."""
    for name, number in counts.items():
        old = (before or {}).get(name)
        yield f"{number:>10,.1f} {'' if not old else f'{number / old - 1:+7.1%}':>8}  {name}"


def is_ci() -> bool:
    """In CI nothing is left out."""
    return os.environ.get("CI", "").lower() in {"1", "true", "yes"}


def main(arguments: Sequence[str]) -> int:
    """Compare with the baseline, or write it; 1 if something is too much."""
    try:
        counts = count_all()
    except CountError as error:
        print(f"instructions: not counted, because {error}", file=sys.stderr)
        return int(is_ci())
    here = machine()
    if "--update" in arguments:
        BASELINE.write_text(json.dumps({"holds_for": here, "each": counts}, indent=2) + "\n", "utf-8")
    baseline = json.loads(BASELINE.read_text("utf-8"))
    before = baseline["each"] if baseline["holds_for"] == here else None
    print(*table(counts, before), sep="\n")
    if before is None:
        print(f"instructions: not compared: the baseline is of {baseline['holds_for']}, not {here}")
    found = sorted(faults(counts, before))
    for fault in found:
        print(f"instructions: {fault}", file=sys.stderr)
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
