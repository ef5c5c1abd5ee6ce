"""A broker that is killed under load, again and again: what it promised is there, and nothing else."""

import os
import random
import shutil
import signal
import threading
from pathlib import Path

import pytest

from tests.faults.ledger import PLACES, SETTINGS, Ledger, in_background
from tests.interop.serving import serving
from tests.stores.test_sqlite import opened


def _live(folder: Path, ledger: Ledger, after_seconds: float, *, is_consumed: bool) -> None:
    """Have one start of the broker, its clients, and its end; what nobody takes has to wait for the next."""
    with serving(f"data={folder}", "broker.queue.window_messages=100", *SETTINGS) as broker:
        if not ledger.attempted:
            ledger.prepare(broker.stomp)
        ledger.is_at_work.clear()
        jobs = [lambda: ledger.produce(broker.stomp), lambda: ledger.consume(broker.stomp)]
        threads = in_background(*jobs[: 1 + is_consumed])
        assert ledger.is_at_work.wait(20.0)
        threading.Event().wait(after_seconds)  # any moment is as good as another
        os.kill(broker.pid, signal.SIGKILL)
        for thread in threads:
            thread.join(20.0)
            assert not thread.is_alive()


def _look(folder: Path, ledger: Ledger) -> None:
    """Compare what is on the disk with the ledger, in a copy: the next start has to find it as it is."""
    copy = folder.with_name("copy")
    shutil.copytree(folder, copy, ignore=shutil.ignore_patterns("*.sock", "*.ballast"))
    asker = opened(copy)
    values = dict(asker.store.recover().retained)
    kept: set[int] = set()
    for place in PLACES:
        entries = asker.page(place.kept_as, most=1_000_000, most_bytes=1 << 40)
        kept |= {int(entry.message.body) for entry in entries}
    history = [int(message.body) for _, _, message in asker.history("/topic/ledger", most=1_000_000)]
    value = values.get("/topic/ledger")
    asker.store.close()
    shutil.rmtree(copy)
    assert kept <= ledger.attempted
    assert kept.isdisjoint(ledger.settled)
    assert ledger.missing(kept) == set()
    assert ledger.halves(kept) == []
    assert ledger.forgotten(history, None if value is None else int(value.body)) == set()


def _lose_nothing(folder: Path, kills: int, seed: int) -> Ledger:
    ledger, chance = Ledger(), random.Random(seed)
    for number in range(kills):
        _live(folder, ledger, chance.uniform(0.05, 0.4), is_consumed=number % 2 == 1)
        _look(folder, ledger)
    with serving(f"data={folder}", *SETTINGS) as broker:
        ledger.drain(broker.stomp)
    assert ledger.lost == set()
    assert ledger.unexpected == []
    assert ledger.not_flagged == []
    return ledger


def test_nothing_promised_is_lost_by_a_few_kills_and_no_transaction_is_half_done(tmp_path: Path) -> None:
    ledger = _lose_nothing(tmp_path / "data", 4, seed=1)
    assert len(ledger.acknowledged) > 100
    assert len(ledger.transactions) > 5


@pytest.mark.slow
def test_nothing_promised_is_lost_by_a_hundred_kills_and_no_transaction_is_half_done(tmp_path: Path) -> None:
    ledger = _lose_nothing(tmp_path / "data", 100, seed=2)
    print(
        f"{len(ledger.acknowledged)} acknowledged, {sum(ledger.delivered.values())} delivered, "
        f"{len(ledger.transactions)} transactions"
    )
