"""A real ``hoofbeat serve`` in a process of its own, which the tests may kill and start again."""

import os
import re
import select
import subprocess
import sys
import time
from typing import IO

STARTUP_SECONDS = 20.0
END_SECONDS = 20.0
ADDRESS = re.compile(r"http://127\.0\.0\.1:(\d+)")


class Serving:
    """A broker with its chat page, on a port that stays the same when it is restarted."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._port = 0

    @property
    def url(self) -> str:
        """Address of the chat page."""
        return f"http://127.0.0.1:{self._port}/"

    @property
    def is_running(self) -> bool:
        """Whether the process was started and has not ended."""
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Start the broker, and return once it has printed where it listens."""
        listeners = ["--stomp", "127.0.0.1:0", "--http", f"127.0.0.1:{self._port}"]
        self._process = subprocess.Popen(
            [sys.executable, "-m", "hoofbeat", "serve", *listeners],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
        )
        assert self._process.stdout is not None
        self._port = _printed_port(self._process.stdout)

    def kill(self) -> None:
        """End the process at once, without a chance to say goodbye to anybody."""
        if self._process is not None:
            self._process.kill()
        self._reap()

    def stop(self) -> None:
        """Ask the process to end, and wait until it has."""
        if self._process is not None:
            self._process.terminate()
        self._reap()

    def _reap(self) -> None:
        if self._process is None:
            return
        self._process.communicate(timeout=END_SECONDS)
        self._process = None


def _printed_port(output: IO[bytes]) -> int:
    """Read what the broker prints until the chat page's address is in it."""
    printed = b""
    deadline = time.monotonic() + STARTUP_SECONDS
    while not (found := ADDRESS.search(printed.decode(errors="replace"))):
        readable, _, _ = select.select([output], [], [], max(0.0, deadline - time.monotonic()))
        more = os.read(output.fileno(), 65536) if readable else b""
        assert more, f"no address was printed:\n{printed.decode(errors='replace')}"
        printed += more
    return int(found[1])
