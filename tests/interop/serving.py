"""A real ``hoofbeat serve`` in a process of its own, on ports that were free."""

import os
import re
import select
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, NamedTuple

STARTUP_SECONDS = 20.0
END_SECONDS = 20.0

_ADDRESSES = re.compile(r"stomp +127\.0\.0\.1:(\d+)\s.*ws://127\.0\.0\.1:(\d+)/stomp\s", re.DOTALL)
# Every test process is looked into; what a measurement must not have is left out of a program's start.
_WITHOUT_UVLOOP = "import sys; sys.modules['uvloop'] = None; from hoofbeat.cli.main import main; main()"


class Serving(NamedTuple):
    """A broker that runs.

    Attributes:
        stomp: its port for STOMP over TCP.
        http: its port for pages and WebSocket.
        process: it runs in.
    """

    stomp: int
    http: int
    process: "subprocess.Popen[bytes]"

    @property
    def pid(self) -> int:
        """Return the id of its process."""
        return self.process.pid

    def exit_code(self) -> int:
        """Wait until it has ended by itself, and return with which code."""
        return self.process.wait(END_SECONDS)

    def port(self, transport: str) -> int:
        """Return the port for ``tcp`` or ``websocket``."""
        return self.stomp if transport == "tcp" else self.http

    def resident_bytes(self) -> int:
        """Return how much memory the process has in use."""
        pages = int(Path(f"/proc/{self.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE")

    def forget_peak(self) -> None:
        """Have :meth:`peak_bytes` begin anew."""
        Path(f"/proc/{self.pid}/clear_refs").write_text("5")  # proc(5): the peak of resident memory

    def peak_bytes(self) -> int:
        """Return how much memory the process had in use, at most."""
        lines = Path(f"/proc/{self.pid}/status").read_text().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:")) * 1024


@contextmanager
def serving(
    *settings: str, is_plain: bool = False, under: Sequence[str] = (), errors: IO[bytes] | None = None
) -> Iterator[Serving]:
    """Start a broker, wait until it has said where it listens, and stop it in the end.

    Args:
        settings: ``key=value``, as for ``--set``.
        is_plain: run on asyncio's own event loop, uvloop or not.
        under: a program that runs it, and leaves it the process id.
        errors: gets what it writes to standard error.
    """
    program = ["-c", _WITHOUT_UVLOOP] if is_plain else ["-m", "hoofbeat"]
    options = [word for setting in settings for word in ("--set", setting)]
    process = subprocess.Popen(
        [
            *under,
            sys.executable,
            *program,
            "serve",
            "--stomp",
            "127.0.0.1:0",
            "--http",
            "127.0.0.1:0",
            *options,
        ],
        stdout=subprocess.PIPE,
        stderr=errors or subprocess.STDOUT,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    try:
        yield Serving(*_printed_ports(process), process)
    finally:
        process.terminate()
        try:
            process.communicate(timeout=END_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()


def _printed_ports(process: "subprocess.Popen[bytes]") -> tuple[int, int]:
    """Read what the broker prints until both addresses are in it."""
    assert process.stdout is not None
    printed = ""
    deadline = time.monotonic() + STARTUP_SECONDS
    while not (found := _ADDRESSES.search(printed)):
        readable, _, _ = select.select([process.stdout], [], [], max(0.0, deadline - time.monotonic()))
        more = os.read(process.stdout.fileno(), 65536) if readable else b""
        if not more:
            raise AssertionError(f"no addresses were printed:\n{printed}")
        printed += more.decode(errors="replace")
    return int(found[1]), int(found[2])
