"""The load generator believes nobody: what is lost, doubled, swapped or cut is noticed."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from benchmarks.run import build
from tests.benchmarks.relay import relaying
from tests.interop.serving import serving

pytestmark = pytest.mark.needs("gcc")

Deliver = Callable[[list[bytes]], list[bytes]]


@pytest.fixture(scope="module")
def program() -> Path:
    built = build()
    assert built is not None
    return built


def load(program: Path, *words: str) -> dict[str, Any]:
    done = subprocess.run([str(program), *words], capture_output=True, text=True, timeout=60, check=False)
    said: dict[str, Any] = json.loads(done.stdout.splitlines()[-1]) if done.stdout else {}
    return {**said, "code": done.returncode, "stderr": done.stderr}


def through(program: Path, deliver: Deliver, *words: str) -> dict[str, Any]:
    """Load a relay of ours that treats ten messages in its own way."""
    options = ["--proto", "nats", "--queue", "--count", "10", "--timeout", "1"]
    with relaying(deliver, 10) as port:
        return load(program, *options, "--port", str(port), *words)


def first_swapped(bodies: list[bytes]) -> list[bytes]:
    return [bodies[1], bodies[0], *bodies[2:]]


def test_what_comes_as_it_was_sent_is_no_fault(program: Path) -> None:
    found = through(program, lambda bodies: bodies)
    assert [found[key] for key in ("lost", "duplicated", "misordered", "errors", "code")] == [0, 0, 0, 0, 0]


@pytest.mark.parametrize(
    ("deliver", "fault"),
    [
        pytest.param(lambda bodies: bodies[1:], "lost", id="lost"),
        pytest.param(lambda bodies: [*bodies[:9], bodies[8], bodies[9]], "duplicated", id="duplicated"),
        pytest.param(first_swapped, "misordered", id="misordered"),
        pytest.param(lambda bodies: [*bodies[:9], bodies[9][:-1]], "errors", id="cut"),
    ],
)
@pytest.mark.parametrize("sizes", ["128", "20:2000"])
def test_a_fault_is_noticed(program: Path, deliver: Deliver, fault: str, sizes: str) -> None:
    found = through(program, deliver, "--size", sizes)
    assert found[fault] == 1
    assert found["code"] == 1


def test_bodies_have_many_sizes_within_the_bounds(program: Path) -> None:
    sizes: list[int] = []

    def deliver(bodies: list[bytes]) -> list[bytes]:
        sizes.extend(map(len, bodies))
        return bodies

    assert through(program, deliver, "--size", "20:2000")["code"] == 0
    assert len(set(sizes)) > 5
    assert all(20 <= size <= 2000 for size in sizes)


@pytest.mark.parametrize("words", [("--size", "19"), ("--size", "39", "--rate", "10"), ("--size", "50:49")])
def test_a_body_has_room_for_what_is_checked(program: Path, words: tuple[str, ...]) -> None:
    found = load(program, *words)
    assert found["code"] == 2
    assert "--size" in found["stderr"]


def test_a_run_ends_after_its_time_with_nothing_lost(program: Path) -> None:
    with serving() as broker:
        words = ["--port", str(broker.stomp), "--queue", "--dest", "/queue/a", "--unique-header", "x"]
        found = load(program, *words, "--size", "20:2000", "--seconds", "0.2", "--warmup-seconds", "0.1")
    assert found["code"] == 0
    assert found["sent"] == found["delivered"] > 0
    assert found["seconds"] >= 0.3
