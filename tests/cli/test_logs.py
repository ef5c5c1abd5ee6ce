"""Lines of the log, as they are written."""

import io
import logging
import re
import sys
from collections.abc import Iterator

import pytest

from hoofbeat.cli import logs
from hoofbeat.config import LogLevel


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
def _quiet() -> Iterator[None]:
    """Leave the loggers as they were."""
    root, ours = logging.getLogger(), logging.getLogger(logs.ROOT)
    handlers, levels = root.handlers[:], (root.level, ours.level)
    yield
    root.handlers[:] = handlers
    root.setLevel(levels[0])
    ours.setLevel(levels[1])


def written(level: int, message: str, stream: io.StringIO, error: BaseException | None = None) -> str:
    """Format one record; its time is cut off."""
    info = (type(error), error, None) if error else None
    record = logging.LogRecord("hoofbeat.server", level, "", 0, message, (), info)
    return logs.LineFormatter(stream).format(record)


def test_an_event_is_one_line_with_its_time() -> None:
    line = written(logging.INFO, "= draining", io.StringIO())
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d = draining", line)


def test_nothing_in_it_is_obeyed_by_a_terminal_or_taken_for_a_line_of_its_own() -> None:
    assert written(logging.INFO, "! a\n= b\x1b[2J", io.StringIO()).endswith("! a\\n= b\\x1b[2J")


def test_a_terminal_gets_colours_for_what_matters(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("NO_COLOR", "TERM"):
        monkeypatch.delenv(name, raising=False)
    lines = [written(level, "x", Terminal()) for level in (logging.INFO, logging.WARNING, logging.ERROR)]
    assert [line.rpartition("\x1b[0m ")[2] for line in lines[:1]] == ["x"]
    assert lines[1].endswith("\x1b[33mx\x1b[0m")
    assert lines[2].endswith("\x1b[31mx\x1b[0m")
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b" not in written(logging.ERROR, "x", Terminal())


def test_a_fault_of_ours_has_its_traceback_below() -> None:
    assert written(logging.ERROR, "x", io.StringIO(), ValueError("why")).endswith(" x\nValueError: why")


@pytest.mark.usefixtures("_quiet")
def test_libraries_speak_only_where_it_matters(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stderr", stream)
    logs.start(LogLevel.DEBUG)
    for name in ("hoofbeat.server", "asyncio"):
        logging.getLogger(name).info("info of %s", name)
        logging.getLogger(name).warning("warning of %s", name)
    lines = [line.split(" ", 2)[2] for line in stream.getvalue().splitlines()]
    assert lines == ["info of hoofbeat.server", "warning of hoofbeat.server", "warning of asyncio"]


@pytest.mark.usefixtures("_quiet")
def test_ours_is_heard_from_its_level_on(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stderr", stream)
    logs.start(LogLevel.ERROR)
    logging.getLogger("hoofbeat.server").warning("warning")
    logging.getLogger("hoofbeat.server").error("error")
    assert [line.split(" ", 2)[2] for line in stream.getvalue().splitlines()] == ["error"]
