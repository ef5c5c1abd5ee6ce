"""A broker that is killed under load, again and again: what it promised is there, and nothing else."""

import os
import random
import signal
import threading
from pathlib import Path

import pytest

from tests.faults.ledger import Ledger, in_background
from tests.interop.serving import serving

QUEUE = "/queue/ledger"


def _live(folder: Path, ledger: Ledger, after_seconds: float, *, is_consumed: bool) -> None:
    """Have one start of the broker, its clients, and its end; what nobody takes has to wait for the next."""
    with serving(f"data={folder}", "broker.queue.window_messages=100") as broker:
        ledger.is_at_work.clear()
        jobs = [lambda: ledger.produce(broker.stomp), lambda: ledger.consume(broker.stomp)]
        threads = in_background(*jobs[: 1 + is_consumed])
        assert ledger.is_at_work.wait(20.0)
        threading.Event().wait(after_seconds)  # any moment is as good as another
        os.kill(broker.pid, signal.SIGKILL)
        for thread in threads:
            thread.join(20.0)
            assert not thread.is_alive()


def _lose_nothing(folder: Path, kills: int, seed: int) -> Ledger:
    ledger, chance = Ledger(QUEUE), random.Random(seed)
    for number in range(kills):
        _live(folder, ledger, chance.uniform(0.05, 0.4), is_consumed=number % 2 == 1)
    with serving(f"data={folder}") as broker:
        ledger.drain(broker.stomp)
    assert ledger.lost == set()
    assert ledger.unexpected == []
    assert ledger.not_flagged == []
    return ledger


def test_nothing_promised_is_lost_by_a_few_kills(tmp_path: Path) -> None:
    ledger = _lose_nothing(tmp_path, 3, seed=1)
    assert len(ledger.acknowledged) > 100


@pytest.mark.slow
def test_nothing_promised_is_lost_by_a_hundred_kills(tmp_path: Path) -> None:
    ledger = _lose_nothing(tmp_path, 100, seed=2)
    print(f"{len(ledger.acknowledged)} acknowledged, {sum(ledger.delivered.values())} delivered")
