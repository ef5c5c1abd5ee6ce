"""What a load test shows: in any width, with or without Unicode, while it runs and in the end."""

import os
import pty
import re
import signal
import subprocess
import sys
from time import perf_counter_ns
from typing import Any

import pytest
from rich.cells import cell_len

from hoofbeat.cli.bench import figures, report
from hoofbeat.cli.bench.figures import Glyphs
from hoofbeat.cli.bench.idle import SECOND, IdleSelector, Phase
from hoofbeat.cli.bench.line import Target
from hoofbeat.cli.bench.live import picture
from hoofbeat.cli.bench.load import Load
from hoofbeat.cli.bench.plan import Kind, Pace, Plan
from hoofbeat.cli.bench.result import Result, Server
from hoofbeat.cli.bench.supply import Window
from hoofbeat.cli.bench.tally import Tally
from hoofbeat.cli.endpoint import Endpoint
from hoofbeat.cli.listen import Ack
from hoofbeat.cli.login import Broker
from tests.cli.served import SECONDS, environment, serving

MS = 1_000_000


def result_of(tally: Tally | None = None, plan: Plan | None = None, **more: Any) -> Result:
    """Make a result in which nothing went wrong, but for ``more``."""
    if tally is None:
        tally = Tally(1)
        tally.since = 0
        tally.sent = tally.measured_sent = tally.delivered = tally.measured = 1000
        tally.last = 2 * SECOND
        for number in range(1000):
            tally.latencies.add((number + 1) * MS // 10)
    given: dict[str, Any] = {
        "plan": plan or Plan(destination="/queue/a", kind=Kind.QUEUE),
        "server": Server("127.0.0.1:61613", "name\x1b[2J", "1.2"),
        "tally": tally,
        "measured_seconds": 2.0,
        "busy": 0.5,
        "missing": 0,
        "unsent": 0,
        "unvouched": 0,
        "rates": [100.0, 500.0, 250.0],
        "is_interrupted": False,
        "is_cut": False,
        "fault": "",
    }
    return Result(**{**given, **more})


def shown(result: Result, width: int = 80, *, is_plain: bool = False) -> str:
    lines = [line.plain for line in report.lines(result, Glyphs(is_plain), width)]
    return "\n".join(lines)


def test_a_result_is_shown_whole() -> None:
    text = shown(result_of())
    for part in (
        "  1 publisher → /queue/a → 1 subscriber",
        "  128 bytes, up to 1,000 under way",
        "  127.0.0.1:61613, name\\x1b[2J, STOMP 1.2",
        "  sent              500/s     64.0 kB/s           1,000 in 2.00 s",
        "▂█▅",
        "  latency      50.1 ms   90.2 ms   99.1 ms    100 ms    100 ms",
        "    ≤ 50 ms ████████████████████████                   30.0%",
        "   ≤ 100 ms ████████████████████████████████████████   50.0% p50 p90 p99 p99.9",
        "  ✓ 1,000 messages came once and in order",
    ):
        assert part.rstrip() in text
    assert "\x1b" not in text


def test_no_line_ends_in_spaces(capsys: pytest.CaptureFixture[str]) -> None:
    report.show(result_of())
    printed = capsys.readouterr().out.splitlines()
    assert [line for line in printed if line != line.rstrip()] == []
    assert "✓ 1,000 messages came once and in order" in printed[-2]


@pytest.mark.parametrize("width", [30, 40, 60, 61, 62, 79, 80, 100])
@pytest.mark.parametrize("is_plain", [True, False])
def test_no_figure_is_wider_than_the_terminal(width: int, is_plain: bool) -> None:
    text = shown(result_of(), width, is_plain=is_plain)
    figures = text.split("STOMP 1.2\n")[1].split("came once")[0].splitlines()[:-1]
    assert max(map(cell_len, figures)) <= width
    assert "p99.9" in text
    assert text.isascii() is is_plain


@pytest.mark.parametrize("is_plain", [True, False])
def test_whatever_went_wrong_is_said(is_plain: bool) -> None:
    tally = Tally(1)
    tally.duplicated, tally.misordered, tally.unanswered = 2, 3, 1
    text = shown(result_of(tally, missing=1234, fault="refused:\nslow"), is_plain=is_plain)
    mark = "fault:" if is_plain else "✗"
    said = ("1,234 lost", "2 duplicated", "3 misordered", "1 receipt missing", "refused:\\nslow")
    for fault in said:
        assert f"  {mark} {fault}\n" in text
    assert "in order" not in text


@pytest.mark.parametrize("wrong", ["missing", "fault", "duplicated", "misordered", "unanswered", ""])
def test_each_fault_alone_is_enough(wrong: str) -> None:
    tally = Tally(1)
    more: dict[str, Any] = {}
    if wrong in {"missing", "fault"}:
        more[wrong] = "x" if wrong == "fault" else 1
    elif wrong:
        setattr(tally, wrong, 1)
    assert result_of(tally, **more).is_good is not bool(wrong)


def test_the_manner_is_said() -> None:
    plan = Plan(
        destination="/topic/a",
        kind=Kind.TOPIC,
        subscribers=0,
        ack=Ack.CLIENT,
        receipts_every=1,
        pace=Pace(rate=1234567.5),
    )
    text = shown(result_of(plan=plan))
    assert "1 publisher → /topic/a\n  128 bytes, every message with a receipt, 1,234,567.5 a second\n" in text
    assert "received" not in text
    assert "✓ 1,000 messages arrived, by their receipts" in text


@pytest.mark.parametrize(
    ("more", "hint"),
    [
        ({"busy": 0.95}, "bench itself was at work 95% of the time: the broker may be faster"),
        ({"is_interrupted": True, "is_cut": True}, "interrupted before its time"),
        ({"is_cut": True, "missing": 5}, "5 messages had not come when it ended"),
        ({"unsent": 5000}, "5,000 messages were due and could not be sent: the rate was too high"),
        (
            {"plan": Plan(destination="a", kind=Kind.QUEUE, subscribers=0)},
            "nobody took the messages: they stay in the queue, until it is full",
        ),
    ],
)
def test_what_may_explain_it_is_said(more: dict[str, Any], hint: str) -> None:
    result = result_of(**more)
    assert result.hints() == [hint]
    assert f"  ! {hint}\n" in shown(result)
    assert result.is_good


def test_a_short_test_says_nothing_of_being_busy() -> None:
    assert result_of(busy=1.0, measured_seconds=0.1).hints() == []


def test_json_has_all_of_it() -> None:
    found = result_of(fault="x", missing=3).as_dict()
    assert found["latency_us"] == {
        "min": 100.0,
        "mean": 50050.0,
        "p50": pytest.approx(50_000, rel=0.01),
        "p90": pytest.approx(90_000, rel=0.01),
        "p99": pytest.approx(99_000, rel=0.01),
        "p99.9": pytest.approx(99_900, rel=0.01),
        "max": 100_000.0,
    }
    assert (found["receipt_latency_us"], found["lost"], found["good"], found["fault"]) == (
        None,
        3,
        False,
        "x",
    )
    assert (found["received_per_second"], found["broker"]) == (
        500.0,
        {"address": "127.0.0.1:61613", "name": "name\x1b[2J", "version": "1.2"},
    )


def test_nothing_measured_is_nothing_a_second() -> None:
    result = result_of(Tally(1), measured_seconds=0.0)
    assert (result.sent_per_second, result.received_per_second) == (0.0, 0.0)
    assert "≤" not in shown(result)


@pytest.mark.parametrize(
    ("nanoseconds", "text"),
    [
        (0, "0 ns"),
        (999, "999 ns"),
        (999.6, "1.00 µs"),
        (1234, "1.23 µs"),
        (12_345, "12.3 µs"),
        (99_951, "100 µs"),
        (999_499, "999 µs"),
        (9_995_000, "10.0 ms"),
        (61 * SECOND, "61.0 s"),
    ],
)
def test_a_duration_has_three_digits(nanoseconds: float, text: str) -> None:
    assert figures.duration(nanoseconds) == text


def test_a_volume_has_three_digits() -> None:
    assert [figures.volume(octets) for octets in (0, 999, 1000, 12_345_678, 5e9)] == [
        "0 B",
        "999 B",
        "1.00 kB",
        "12.3 MB",
        "5.00 GB",
    ]


@pytest.mark.parametrize(
    ("least", "most", "found"),
    [
        (150_000, 900_000, ["200 µs", "300 µs", "500 µs", "700 µs", "1 ms"]),
        (1_000, 900_000_000, ["1 µs", "10 µs", "100 µs", "1 ms", "10 ms", "100 ms", "1 s"]),
        (0, 50, ["100 ns"]),
        (10**14, 10**14, ["7000 s"]),
    ],
)
def test_rows_are_round_and_not_too_many(least: int, most: int, found: list[str]) -> None:
    assert [figures.round_duration(bound) for bound in figures.bounds(least, most)] == found


def test_bars_and_curves_show_what_is_there() -> None:
    glyphs, plain = Glyphs(False), Glyphs(True)
    assert [glyphs.bar(share, 4) for share in (0, 0.001, 0.5, 0.53, 1)] == ["", "▏", "██", "██▏", "████"]
    assert [plain.bar(share, 4) for share in (0, 0.001, 0.5, 1)] == ["", "#", "##", "####"]
    assert glyphs.curve([0, 0, 4, 4, 8, 8], 3) == "▁▅█"
    assert glyphs.curve([0.0, 0.0], 9) == "▁▁"
    assert glyphs.curve([], 9) == plain.curve([1.0], 9) == ""


def load_of(pace: Pace, subscribers: int = 1) -> Load:
    plan = Plan(destination="/queue/a", kind=Kind.QUEUE, pace=pace, subscribers=subscribers)
    return Load(plan, Target(Broker(Endpoint("a", 1), {}, "")), Phase(lambda: 0))


async def test_where_it_stands_is_shown() -> None:
    load = load_of(Pace(count=1000, seconds=10.0))
    assert picture(load, Glyphs(False)).plain == f"  connecting {'━' * 30}  0 of 2\n"
    load.supply = Window(load.plan, [], load.tally, load.phase)
    assert picture(load, Glyphs(True)).plain == f"  warming up {'=' * 30}  1 s\n"
    load.phase.begin(1)  # long ago
    load.tally.measured_sent = 500
    load.rates = [1000.0, 2000.0]
    load.tally.latencies.add(MS)
    first, second = picture(load, Glyphs(False)).plain.split("\n")
    assert re.fullmatch(f"  measuring  {'━' * 30}  [0-9,.]+ of 10 s", first)
    assert second == f"  2,000/s    {'▅█':<30}  p50 1.00 ms  p99 1.00 ms"
    load.supply.stop()
    assert "waiting" in picture(load, Glyphs(False)).plain


async def test_a_count_is_shown_where_there_is_no_time() -> None:
    load = load_of(Pace(count=1000, seconds=0.0), subscribers=0)
    load.supply = Window(load.plan, [], load.tally, load.phase)
    load.phase.begin(1)
    load.tally.measured_sent = 500
    assert picture(load, Glyphs(False)).plain.endswith("  500 of 1,000\n")


def test_idling_is_no_work() -> None:
    selector = IdleSelector()
    phase = Phase(lambda: selector.idle)
    assert (phase.seconds, phase.busy) == (0.0, 0.0)
    phase.end()
    assert not phase.ended
    phase.begin(perf_counter_ns())
    assert selector.select(0.02) == selector.select(0.0) == []
    phase.end()
    assert phase.seconds >= 0.02
    assert phase.busy < 0.5
    selector.close()


def bench_at_a_terminal(terminal: str, *options: str) -> tuple[int, subprocess.Popen[bytes]]:
    """Start a command whose standard error is a terminal; return our end of that, and the command."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "hoofbeat", "bench", "--warm-up", "0", "--rate", "500", *options],
        stdout=subprocess.PIPE,
        stderr=theirs,
        env=environment({"TERM": terminal, "COLUMNS": "80"}),
    )
    os.close(theirs)
    return ours, process


def test_a_terminal_shows_how_far_it_is_and_then_the_result() -> None:
    with serving("--stomp", "127.0.0.1:0", "--http", "", lines=1) as running:
        url = f"stomp://{running.address('stomp')}"
        terminal, process = bench_at_a_terminal("xterm", "--url", url, "--seconds", "30")
        seen = b""
        while b"p99" not in seen:
            seen += os.read(terminal, 4096)
        process.send_signal(signal.SIGTERM)
        out, _ = process.communicate(timeout=SECONDS)
        os.close(terminal)
    assert b"measuring" in seen
    assert process.returncode == 0
    assert "! interrupted before its time" in out.decode()


def test_a_terminal_that_can_do_nothing_shows_nothing() -> None:
    with serving("--stomp", "127.0.0.1:0", "--http", "", lines=1) as running:
        url = f"stomp://{running.address('stomp')}"
        terminal, process = bench_at_a_terminal("dumb", "--url", url, "--count", "10")
        out, _ = process.communicate(timeout=SECONDS)
        with pytest.raises(OSError, match="Input/output error"):  # nothing was written before it was closed
            os.read(terminal, 4096)
        os.close(terminal)
    assert process.returncode == 0
    assert "10 messages came" in out.decode()
