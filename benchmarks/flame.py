"""Show where the time goes: ``make profile``.

Two views of the compiled core, in ``build/profile``: a flame graph, for which py-spy watches a broker under a
load; and a list of the functions that cost most in a workload without a network, for which callgrind counts
instructions.
"""

import argparse
import re
import shlex
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks import counted, instructions, processes  # noqa: E402 - the tree is not installed
from benchmarks.instructions import CountError, slug  # noqa: E402
from benchmarks.processes import StartError  # noqa: E402
from benchmarks.run import build  # noqa: E402
from benchmarks.workloads import SATURATED, WORKLOADS, Workload  # noqa: E402

FOLDER = ROOT / "build" / "profile"
SECONDS = 5
SAMPLES = 500  # a second
SHOWN = 25  # lines; all of them are in the file
PREFETCH, PACED = "prefetch-count:100", 1000  # where a workload asks for them

# Of callgrind_annotate: instructions, their share, the file, the function, the object.
LINE = re.compile(r"^ *([\d,]+) \( *[\d.]+%\)  [^:\n]*:(.+?)(?: \[[^\]]*\])?$", re.MULTILINE)


class ProfileError(Exception):
    """It can't be shown here; the message says why."""


def flame(workload: Workload) -> Path:
    """Put a load on a broker, and draw what it does meanwhile.

    Raises:
        ProfileError: something for it is missing, or failed.
        StartError: the broker does not start.
    """
    generator = build()
    if generator is None:
        raise ProfileError("there is no C compiler")
    picture = FOLDER / f"{slug(workload.name)}.svg"
    with processes.place("profile") as folder:
        stomp, web = processes.free_ports(2)
        listen = ["--stomp", f"127.0.0.1:{stomp}", "--http", f"127.0.0.1:{web}"]
        words = [sys.executable, "-m", "hoofbeat", "serve", *listen]
        core = {"PYTHONPATH": str(instructions.CORE)}
        with processes.running(words, folder, ports=[stomp, web], environment=core) as pid:
            way = ["--port", str(web), "--ws", "/stomp"] if workload.is_web else ["--port", str(stomp)]
            asked = shlex.split(workload.arguments.format(prefetch=PREFETCH, rate=PACED))
            length = ["--count", "1000000000", "--seconds", str(2 * SECONDS)]
            with subprocess.Popen([str(generator), *way, *asked, *length], stdout=subprocess.DEVNULL) as load:
                try:
                    record(pid, picture)
                finally:
                    load.terminate()
    return picture


def record(pid: int, picture: Path) -> None:
    """Watch a process for some seconds, C functions too.

    Raises:
        ProfileError: it can't be watched.
    """
    spy = Path(sys.executable).with_name("py-spy")
    options = ["--native", "--rate", str(SAMPLES), "--duration", str(SECONDS), "--format", "flamegraph"]
    words = [str(spy), "record", *options, "--output", str(picture), "--pid", str(pid)]
    try:
        done = subprocess.run(words, capture_output=True, text=True, timeout=SECONDS + 60, check=False)
    except FileNotFoundError:
        raise ProfileError("py-spy is not installed") from None
    except subprocess.TimeoutExpired:
        raise ProfileError("py-spy took too long") from None
    if done.returncode:
        raise ProfileError(f"py-spy: {done.stderr.strip().splitlines()[-1:]}")


def list_functions(name: str) -> Path:
    """Count the instructions of a workload, function by function.

    Raises:
        CountError: it can't be counted here.
    """
    each = instructions.count(name, instructions.library())
    frames = counted.TURNS * counted.WORKLOADS[name].each
    own, whole = annotated(name), annotated(name, "--inclusive=yes")
    lines = [f"{each:,.1f} instructions: {name}", "", "     own  with callees"]
    lines += [
        f"{number / frames:>8,.1f}  {whole.get(function, number) / frames:>12,.1f}  {function}"
        for function, number in own.most_common()
    ]
    text = FOLDER / f"{slug(name)}.txt"
    text.write_text("\n".join(lines) + "\n", "utf-8")
    return text


def annotated(name: str, *options: str) -> Counter[str]:
    """Read what callgrind counted: instructions by function."""
    words = ["callgrind_annotate", "--threshold=99", *options, str(instructions.listing(name))]
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    return functions(done.stdout)


def functions(listing: str) -> Counter[str]:
    """Take functions and their instructions out of a listing; of the files they stand in, nothing."""
    found: Counter[str] = Counter()
    for number, function in LINE.findall(listing):
        found[function] += int(number.replace(",", ""))
    return found


def chosen(part: str, names: Iterable[str]) -> str:
    """Return the first name that contains a part.

    Raises:
        ProfileError: none does.
    """
    for name in names:
        if part in name:
            return name
    raise ProfileError(f"no workload has {part!r} in its name: {', '.join(names)}")


def main() -> int:
    """Make both, and show the beginning of the list; 1 if one of them can't be made."""
    parser = argparse.ArgumentParser(description="Show where the time goes.")
    parser.add_argument("--load", default=SATURATED, help="part of the name of a workload of make bench")
    parser.add_argument("--count", default=counted.SAME, help="part of the name of one of make instructions")
    asked = parser.parse_args()
    FOLDER.mkdir(parents=True, exist_ok=True)
    by_name = {each.name: each for each in WORKLOADS}
    code = 0
    try:
        print(flame(by_name[chosen(asked.load, by_name)]))
    except (ProfileError, StartError) as problem:
        print(f"profile: no flame graph, because {problem}", file=sys.stderr)
        code = 1
    try:
        functions = list_functions(chosen(asked.count, counted.WORKLOADS))
        print(functions, *functions.read_text("utf-8").splitlines()[:SHOWN], sep="\n")
    except (ProfileError, CountError) as problem:
        print(f"profile: no list of functions, because {problem}", file=sys.stderr)
        code = 1
    return code


if __name__ == "__main__":
    sys.exit(main())
