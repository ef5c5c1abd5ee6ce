"""A broker as its users start it: the command, in a process of its own."""

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import NamedTuple

SECONDS = 20.0


class Served(NamedTuple):
    """A running ``hoofbeat serve``.

    Attributes:
        process: its process.
        lines: what it printed at its start.
    """

    process: subprocess.Popen[str]
    lines: list[str]

    def address(self, label: str) -> str:
        """Return what was printed behind a label."""
        (found,) = (text for name, text in map(str.split, self.lines) if name == label)
        return found


def environment(more: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return our own environment, without the variables that configure a broker."""
    kept = {name: text for name, text in os.environ.items() if not name.startswith("HOOFBEAT_")}
    return {**kept, **(more or {})}


def start(*arguments: str, more: Mapping[str, str] | None = None) -> subprocess.Popen[str]:
    """Start a command of ours."""
    return subprocess.Popen(
        [sys.executable, "-m", "hoofbeat", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(more),
    )


def end(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    """Wait for a command; return its exit code, and what it wrote that was not read yet."""
    try:
        out, err = process.communicate(timeout=SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        raise
    return process.returncode, out, err


@contextmanager
def serving(*arguments: str, lines: int) -> Iterator[Served]:
    """Start a broker and wait until it has printed ``lines`` addresses; end it by SIGTERM."""
    process = start("serve", *arguments)
    try:
        assert process.stdout is not None
        printed = [line for _ in range(lines) if (line := process.stdout.readline())]
        if len(printed) < lines:
            raise AssertionError(end(process))
        yield Served(process, printed)
    finally:
        process.terminate()
        end(process)
