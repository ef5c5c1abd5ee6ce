"""Every client goes through the steps once, several at a time, each in a process of its own."""

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.interop.matrix import ROWS, STEPS, Row, reasons
from tests.interop.serving import Serving, serving
from tests.needs import why_not

ROOT = Path(__file__).parents[2]
AT_ONCE = 4
ROW_SECONDS = 100.0
SETTINGS = ("broker.heart_beat.send_ms=1000", "broker.heart_beat.expect_ms=1000")
PROGRAMS = {
    "python": [sys.executable, "-m", "tests.interop.clients.run"],
    "node": ["node", "tests/interop/node/run.mjs"],
}
TABLE = pytest.StashKey[dict[Row, Mapping[str, str | None]]]()

Faults = Mapping[str, str | None]


@pytest.fixture(scope="session")
def broker() -> Iterator[Serving]:
    with serving(*SETTINGS) as running:
        yield running


@pytest.fixture(scope="session")
def results(broker: Serving, request: pytest.FixtureRequest) -> Iterator[Mapping[Row, "Future[Faults]"]]:
    """Start every row that a collected test asks for; a test waits for its own."""
    calls = [item.callspec for item in request.session.items if hasattr(item, "callspec")]
    rows = (call.params.get("row") for call in calls)
    wanted = {row for row in rows if isinstance(row, Row)}
    rows = [row for row in ROWS if row in wanted and (row.language != "node" or why_not("node") is None)]
    table = request.config.stash[TABLE] = {}
    with ThreadPoolExecutor(AT_ONCE) as pool:
        yield {row: pool.submit(take_through, row, broker, table) for row in rows}


def take_through(row: Row, broker: Serving, table: dict[Row, Faults]) -> Faults:
    """Run one client; return what went wrong at each step it came to."""
    arguments = [row.client, row.transport, row.version, "127.0.0.1", str(broker.port(row.transport))]
    process = subprocess.run(
        [*PROGRAMS[row.language], *arguments], cwd=ROOT, capture_output=True, text=True, timeout=ROW_SECONDS
    )
    lines = [json.loads(line) for line in process.stdout.splitlines() if line.startswith("{")]
    faults: dict[str, str | None] = {line["step"]: line["fault"] for line in lines}
    if process.returncode:
        faults["the program"] = process.stderr[-2000:]
    table[row] = faults
    return faults


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the matrix."""
    table = terminalreporter.config.stash.get(TABLE, {})
    if not table:
        return
    terminalreporter.section("interop")
    for number, step in enumerate(STEPS):
        terminalreporter.write_line(" " * 24 + "| " * number + step)
    for row in filter(table.__contains__, ROWS):
        faults = table[row]
        marks = ["." if step not in faults else "x" if faults[step] else "+" for step in STEPS]
        terminalreporter.write_line(f"{row!s:23} {' '.join(marks)}")
    terminalreporter.write_line("+ passed, x failed, . the version does not have it:")
    for reason in reasons():
        terminalreporter.write_line(f"  {reason}")
