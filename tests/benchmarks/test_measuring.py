"""Rounds, with a load generator and brokers that only pretend."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import pytest

from benchmarks import measuring, workloads
from benchmarks.contenders import ACKS, DISK, HEADERS, IDS, WEB, Contender, chosen
from benchmarks.measuring import TURNS, Plan, Run
from benchmarks.processes import Broker, StartError
from benchmarks.workloads import BESIDE_DURABLE, BESIDE_PLAIN, SATURATED, WORKLOADS, Workload

RESULT = (
    '{"delivered_per_s": 1000, "latency_us": {"p99": 5}, "kb_per_conn": 2.5, "seconds": 2, "gen_cpu_s": 1,'
    ' "sent_per_s": 2000}'
)
EVERYTHING = frozenset({IDS, HEADERS, ACKS, WEB})
HALF = "p99 at half of the saturated rate"


@contextmanager
def started() -> Iterator[Broker]:
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    try:
        yield Broker(process.pid, 4711, 4712, "pretend --port PORT")
    finally:
        process.kill()
        process.communicate()


def unable() -> AbstractContextManager[Broker]:
    raise StartError("it did not start")


def contender(name: str, can: frozenset[str] = EVERYTHING, start: Any = started) -> Contender:
    return Contender(name, name, lambda: "1.0", start, start, can=can, path="/ws")


def said(text: str) -> None:
    raise AssertionError(text)


@pytest.fixture
def program(tmp_path: Path) -> Path:
    pretended = tmp_path / "stompload"
    pretended.write_text(f"#!/bin/sh\necho '{RESULT}'\n")
    pretended.chmod(0o755)
    return pretended


def measured(program: Path, *field: Contender, only: str, rounds: int = 1) -> list[Run]:
    plan = Plan(program, list(field), workloads.chosen([only]), rounds, 1.0, 0.5, settling_seconds=0.0)
    return list(
        measuring.measure(plan, said if started in {each.start for each in field} else lambda _: None)
    )


def test_every_workload_goes_through_all_contenders_and_every_round_begins_with_another(
    program: Path,
) -> None:
    runs = measured(program, contender("a"), contender("b"), only="idle", rounds=2)
    plain, web = (each.name for each in workloads.chosen(["idle"]))
    assert [(run.round, run.workload, run.contender) for run in runs] == [
        *((1, plain, "a"), (1, plain, "b"), (1, web, "a"), (1, web, "b")),
        *((2, plain, "b"), (2, plain, "a"), (2, web, "b"), (2, web, "a")),
    ]


def test_all_are_measured_several_times_alone_and_only_ours_beside_others(program: Path) -> None:
    field = [contender("compiled", EVERYTHING | {DISK}), contender("peer", EVERYTHING | {DISK})]
    runs = measured(program, *field, only=SATURATED)
    ours = [run.workload for run in runs if run.contender == "compiled"]
    group = [SATURATED, f"{SATURATED}, {BESIDE_PLAIN}", f"{SATURATED}, {BESIDE_DURABLE}"]
    assert ours == group * TURNS
    assert [run.workload for run in runs if run.contender == "peer"] == [*group, *group[:1] * (TURNS - 1)]


def test_what_a_contender_cannot_do_is_left_out(program: Path) -> None:
    runs = measured(program, contender("a"), contender("b", can=frozenset()), only="idle")
    assert [run.contender for run in runs] == ["a", "b", "a"]


def test_half_of_the_rate_is_that_of_the_same_contender_in_the_same_round(program: Path) -> None:
    saturated, half = measured(program, contender("a"), only=HALF)
    assert (saturated.workload, saturated.rate) == (SATURATED, 0)
    assert (half.workload, half.rate) == (HALF, 500)
    assert "--rate 500 " in half.command


def test_a_command_names_ports_and_processes_by_what_they_are(program: Path) -> None:
    (run,) = measured(program, contender("a"), only="WebSocket 1")
    expected = "stompload --port PORT --pid PID --ws /ws --subs 200 --seconds 1 --warmup-seconds 0.5"
    assert run.command == expected


def test_idle_connections_are_counted_on_a_broker_of_their_own(program: Path) -> None:
    runs = measured(program, contender("a"), only="idle connection")
    assert [measuring.figure(each, run.result) for each, run in zip(WORKLOADS[-2:], runs, strict=True)] == [
        2.5,
        2.5,
    ]


def test_who_does_not_start_is_a_fault_and_stops_nobody(program: Path) -> None:
    runs = measured(program, contender("a", start=unable), only="100 pairs")
    (cell,) = measuring.cells(runs)
    assert (cell.numbers, cell.faults) == ((), ("round 1: it did not start",))


def test_a_generator_that_says_nothing_is_a_fault(program: Path) -> None:
    program.write_text("#!/bin/sh\necho broken >&2\n")
    plan = Plan(program, [contender("a")], workloads.chosen(["100 pairs"]), 1, 1.0, 0.5, 0.0)
    (run,) = measuring.measure(plan, lambda _: None)
    assert measuring.faults(run.result) == "broken"


def test_rounds_of_one_contender_in_one_workload_are_a_cell(program: Path) -> None:
    (cell,) = measuring.cells(measured(program, contender("a"), only="100 pairs", rounds=2))
    assert (cell.numbers, cell.generator, cell.faults) == ((1000, 1000), (0.5, 0.5), ())


def test_others_are_at_work_all_the_while(program: Path) -> None:
    runs = measured(program, contender("a", can=EVERYTHING | {DISK}), only="p99 at 1,000/s, beside")
    assert [run.result["beside"]["sent_per_s"] for run in runs] == [2000, 2000]
    assert [measuring.faults(run.result) for run in runs] == ["", ""]


@pytest.mark.parametrize(
    ("others", "said"),
    [
        ({"sent_per_s": 2000, "lost": 3}, "beside it: 3 lost"),
        ({"failed": "not done after 9 s"}, "beside it: not done after 9 s"),
        ({"sent_per_s": 1799}, "beside it: only 1,799 messages/s"),
        ({"sent_per_s": 1800}, ""),
    ],
)
def test_what_goes_wrong_beside_a_workload_is_its_fault(others: dict[str, Any], said: str) -> None:
    assert measuring.faults({"delivered_per_s": 9, "beside": others}) == said


def test_what_went_wrong_is_said_with_its_number() -> None:
    assert measuring.faults({"lost": 3, "errors": 1, "error": "refused"}) == "3 lost, 1 errors, refused"
    assert measuring.faults({"lost": 0, "delivered_per_s": 9}) == ""


def test_without_the_figure_there_is_none() -> None:
    half = Workload("a", "", measures="latency_us.p99")
    assert measuring.figure(half, {"latency_us": {}}) is None
    assert measuring.figure(half, {}) is None


def test_no_two_workloads_or_contenders_share_a_name() -> None:
    assert len({each.name for each in WORKLOADS}) == len(WORKLOADS)
    names = [each.name for each in chosen([])]
    assert len(set(names)) == len(names)


def test_contenders_are_chosen_by_name_in_any_case() -> None:
    assert [each.name for each in chosen(["ASYNCIO"])] == ["asyncio"]
