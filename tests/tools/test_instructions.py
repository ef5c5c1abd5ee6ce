import json
from pathlib import Path

import pytest

from benchmarks import counted, instructions
from benchmarks.counted import ACK, SEND, Stage
from benchmarks.instructions import CountError

HERE = "CPython 3.11"
COUNTS = {SEND: 100.0, ACK: 200.0, "fan": 140.0}


@pytest.fixture
def baseline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "instructions.json"
    path.write_text(json.dumps({"holds_for": HERE, "each": COUNTS}))
    monkeypatch.setattr(instructions, "BASELINE", path)
    monkeypatch.setattr(instructions, "machine", lambda: HERE)
    monkeypatch.setattr(instructions, "count_all", lambda: COUNTS)
    return path


def test_the_same_is_accepted(baseline: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert instructions.main([]) == 0
    assert capsys.readouterr().out == (
        f"     100.0    +0.0%  {SEND}\n     200.0    +0.0%  {ACK}\n     140.0    +0.0%  fan\n"
    )


def test_a_rise_of_5_percent_is_accepted() -> None:
    assert list(instructions.faults({**COUNTS, "fan": 147.0}, COUNTS)) == []


def test_a_rise_of_more_is_refused() -> None:
    assert list(instructions.faults({**COUNTS, "fan": 147.1}, COUNTS)) == ["'fan' rose by 5.1%, more than 5%"]


def test_a_refusal_is_an_exit_code(
    baseline: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(instructions, "count_all", lambda: {**COUNTS, "fan": 160.0})
    assert instructions.main([]) == 1
    assert "'fan' rose by 14.3%" in capsys.readouterr().err


@pytest.mark.parametrize("counts", [{SEND: 100.0, ACK: 200.0}, {**COUNTS, "new": 1.0}])
def test_a_baseline_without_a_workload_or_with_one_too_many_is_refused(counts: dict[str, float]) -> None:
    (fault,) = instructions.faults(counts, COUNTS)
    assert fault.endswith("not both: update it")


def test_acks_cost_at_most_twice_as_much_as_sends_whatever_the_baseline_says() -> None:
    """Issue 3: a run of ACKs costs at most twice the instructions of a run of SENDs."""
    (fault,) = instructions.faults({**COUNTS, ACK: 201.0}, None)
    assert fault == f"{ACK!r} costs 2.01 times {SEND!r}, and may 2 times"


def test_the_baseline_of_another_python_is_left_aside_by_name(
    baseline: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(instructions, "machine", lambda: "CPython 3.12")
    monkeypatch.setattr(instructions, "count_all", lambda: {**COUNTS, "fan": 1000.0})
    assert instructions.main([]) == 0
    assert f"not compared: the baseline is of {HERE}, not CPython 3.12" in capsys.readouterr().out


def test_an_update_is_what_later_counts_are_compared_with(
    baseline: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(instructions, "count_all", lambda: {**COUNTS, "fan": 160.0})
    monkeypatch.setattr(instructions, "machine", lambda: "CPython 3.12")
    assert instructions.main(["--update"]) == 0
    assert json.loads(baseline.read_text()) == {"holds_for": "CPython 3.12", "each": {**COUNTS, "fan": 160.0}}


@pytest.mark.parametrize(("ci", "code"), [("", 0), ("true", 1)])
def test_what_cannot_be_counted_is_said_and_fails_in_ci_alone(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], ci: str, code: int
) -> None:
    monkeypatch.setenv("CI", ci)
    monkeypatch.setenv("PATH", "")
    assert instructions.main([]) == code
    assert capsys.readouterr().err == "instructions: not counted, because valgrind is not installed\n"


def test_a_workload_that_fails_is_not_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    valgrind = tmp_path / "valgrind"
    valgrind.write_text("#!/bin/sh\necho no such luck >&2\nexit 1\n")
    valgrind.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    monkeypatch.setattr(instructions, "FOLDER", tmp_path)
    with pytest.raises(CountError, match="no such luck"):
        instructions.count(SEND, tmp_path / "none.so")


@pytest.mark.parametrize("name", counted.WORKLOADS)
def test_a_workload_does_in_each_turn_what_it_is_divided_by(name: str) -> None:
    stage, workload, toggles = Stage(), counted.WORKLOADS[name], []
    done = []

    def toggle() -> None:
        stats = stage.broker.stats
        toggles.append(stats.messages_acknowledged if name == ACK else stats.messages_delivered)
        if len(toggles) % 2 == 0:
            done.append(toggles[-1] - toggles[-2])

    counted.play(workload, 2, toggle, stage)
    assert done == [workload.each] * 2
    assert b"ERROR" not in stage.written


def test_headers_that_differ_differ_in_every_frame() -> None:
    stage = Stage()
    counted.play(counted.WORKLOADS[counted.DIFFERENT], 1, int, stage)
    lines = [line for line in stage.written.split(b"\n") if line.startswith(b"x:")]
    assert len(set(lines)) == len(lines) == counted.RUN


@pytest.mark.parametrize("name", counted.WORKLOADS)
def test_every_workload_has_its_place_in_the_baseline(name: str) -> None:
    assert name in json.loads(instructions.BASELINE.read_text("utf-8"))["each"]
