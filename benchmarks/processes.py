"""A broker's process: started on loopback in a folder of its own, asleep while others are measured, ended."""

import os
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[1]
STARTUP_SECONDS = 60.0
END_SECONDS = 30.0
PATIENCE_SECONDS = 0.1

_PROGRAMS = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin"])


class Broker(NamedTuple):
    """A broker that runs.

    Attributes:
        pid: the process that does the work, whose memory and CPU time are looked at.
        port: for its own protocol over TCP.
        web: port for WebSocket; 0 without.
        command: how it was started, as a reader could repeat it.
    """

    pid: int
    port: int
    web: int
    command: str


class StartError(Exception):
    """A broker can't be started; the message says why."""


def program(name: str) -> str | None:
    """Find a program, also among those that only root has on the path."""
    return shutil.which(name, path=_PROGRAMS)


def debian_version(package: str) -> str:
    """Return the version of an installed package, or a question mark."""
    if shutil.which("dpkg-query") is None:
        return "?"
    done = subprocess.run(
        ["dpkg-query", "--show", "--showformat", "${Version}", package],
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout.strip() or "?"


def free_ports(count: int) -> list[int]:
    """Name ports of the loopback that nobody listened on a moment ago."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


@contextmanager
def place(name: str) -> Iterator[Path]:
    """Make a folder for data and configuration, and remove it in the end."""
    with tempfile.TemporaryDirectory(prefix=f"bench-{name}-", ignore_cleanup_errors=True) as folder:
        yield Path(folder)


@contextmanager
def running(
    words: Sequence[str], folder: Path, *, ports: Sequence[int], environment: Mapping[str, str] | None = None
) -> Iterator[int]:
    """Start a program, wait until all its ports answer, and end what was started with it.

    Yields:
        its process; it leads a group of its own.

    Raises:
        StartError: it ended or did not answer in time; with the end of what it wrote.
    """
    with (folder / "output.log").open("wb") as output:
        process = subprocess.Popen(
            words,
            cwd=folder,
            env={**os.environ, **(environment or {})},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        _wait_for(process, ports, folder)
        yield process.pid
    finally:
        _end(process)


def _wait_for(process: "subprocess.Popen[bytes]", ports: Sequence[int], folder: Path) -> None:
    deadline = time.monotonic() + STARTUP_SECONDS
    while not all(map(_answers, ports)):
        if process.poll() is not None or time.monotonic() > deadline:
            written = (folder / "output.log").read_text(errors="replace").strip()
            raise StartError(f"it did not start: {written[-300:] or 'it said nothing'}")
        time.sleep(PATIENCE_SECONDS)


def _answers(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


def _end(process: "subprocess.Popen[bytes]") -> None:
    """Ask the group to end, awake or asleep; insist if it does not."""
    for number in (signal.SIGTERM, signal.SIGCONT):
        _signal_group(process.pid, number)
    with suppress(subprocess.TimeoutExpired):
        process.wait(END_SECONDS)
    _signal_group(process.pid, signal.SIGKILL)
    process.wait()


def _signal_group(leader: int, number: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.killpg(leader, number)


def put_to_sleep(broker: Broker) -> None:
    """Stop the process where it stands, so that it takes nothing from who is measured."""
    with suppress(ProcessLookupError):
        os.kill(broker.pid, signal.SIGSTOP)


def wake(broker: Broker) -> None:
    """Let the process go on."""
    with suppress(ProcessLookupError):
        os.kill(broker.pid, signal.SIGCONT)


def is_there(broker: Broker) -> bool:
    """Say whether the process still exists."""
    try:
        state = Path(f"/proc/{broker.pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state not in "ZX"


def spoken(words: Sequence[str], names: Mapping[str, str]) -> str:
    """Write a command for readers: what is different every time or on every machine gets a name.

    Args:
        words: the command.
        names: text to look for, and what stands for it; looked for in this order.
    """
    text = shlex.join(words)
    for old, new in {**names, str(ROOT) + "/": "", sys.executable: "python"}.items():
        text = text.replace(old, new)
    return text.replace(".venv/bin/python", "python")
