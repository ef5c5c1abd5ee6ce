"""Hoofbeat itself, three times: compiled, as plain Python, and on asyncio's own event loop."""

import hashlib
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import metadata, util

from benchmarks import processes
from benchmarks.processes import ROOT, Broker, StartError

# What is measured is a copy, so that it stays the same while somebody works on the source.
COPIES = ROOT / "build" / "bench"
COMPILE_SECONDS = 900.0

# Nothing is measured with a setting changed, but for this: 2,000 connections are opened at once.
_MANY = ("--set", "limits.accepts_per_second=100000")
_COMMAND = "hoofbeat serve --stomp 127.0.0.1:PORT --http 127.0.0.1:PORT --data DIR"
_WITHOUT_UVLOOP = "import sys; sys.modules['uvloop'] = None; from hoofbeat.cli.main import main; main()"


def has_uvloop() -> bool:
    """Say whether uvloop is installed."""
    return util.find_spec("uvloop") is not None


def copy_plain() -> None:
    """Copy the package as it is."""
    target = COPIES / "plain" / "hoofbeat"
    shutil.rmtree(target, ignore_errors=True)
    leave_out = shutil.ignore_patterns("__pycache__", "*.so")
    shutil.copytree(ROOT / "src" / "hoofbeat", target, ignore=leave_out)


def copy_compiled() -> None:
    """Make a compiled copy, unless there is one of the same source.

    Raises:
        StartError: it can't be compiled here.
    """
    target, stamp = COPIES / "compiled", COPIES / "compiled.digest"
    digest = _digest()
    if stamp.exists() and stamp.read_text() == digest and any(target.rglob("*.so")):
        return
    stamp.unlink(missing_ok=True)
    COPIES.mkdir(parents=True, exist_ok=True)
    try:
        done = subprocess.run(
            [sys.executable, str(ROOT / "tools" / "compile.py"), str(target)],
            capture_output=True,
            text=True,
            timeout=COMPILE_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise StartError("the compiler took too long") from None
    if done.returncode:
        lines = (done.stderr or done.stdout).strip().splitlines()
        raise StartError(lines[-1] if lines else "the compiler failed")
    stamp.write_text(digest)


def _digest() -> str:
    """Sum up the source and what it is compiled with."""
    files = [*(ROOT / "src").rglob("*.py*"), ROOT / "tools" / "compile.py"]
    sums = hashlib.sha256(sys.version.encode())
    for path in sorted(path for path in files if path.suffix != ".pyc"):
        sums.update(str(path.relative_to(ROOT)).encode() + path.read_bytes())
    return sums.hexdigest()


def version(*, is_compiled: bool, has_uvloop: bool) -> str:
    """Name the versions that matter."""
    core = "compiled by mypyc" if is_compiled else "plain Python"
    loop = f"uvloop {metadata.version('uvloop')}" if has_uvloop else "asyncio"
    python = ".".join(map(str, sys.version_info[:3]))
    return f"{metadata.version('hoofbeat')}, {core}, Python {python}, {loop}"


@contextmanager
def start(copy: str, *, is_asyncio: bool = False, is_crowded: bool = False) -> Iterator[Broker]:
    """Start a broker with the settings of a default installation and a disk, and stop it in the end.

    Args:
        copy: ``plain`` or ``compiled``.
        is_asyncio: leave uvloop aside.
        is_crowded: take connections in as fast as they come.
    """
    with processes.place("hoofbeat") as place:
        stomp, web = processes.free_ports(2)
        program = ["-c", _WITHOUT_UVLOOP] if is_asyncio else ["-m", "hoofbeat"]
        listen = [
            "--stomp",
            f"127.0.0.1:{stomp}",
            "--http",
            f"127.0.0.1:{web}",
            "--data",
            str(place / "data"),
        ]
        words = [sys.executable, *program, "serve", *listen, *(_MANY if is_crowded else ())]
        path = {"PYTHONPATH": str(COPIES / copy), "PYTHONUNBUFFERED": "1"}
        with processes.running(words, place, ports=[stomp, web], environment=path) as pid:
            yield Broker(pid, stomp, web, _COMMAND + (", without uvloop" if is_asyncio else ""))
