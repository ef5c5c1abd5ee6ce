"""The power goes while a store is written to: nothing that was promised may be missing."""

import random
import subprocess
import sys
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import pytest

from hoofbeat.stores.sqlite.schema import FILE, LOG
from tests.stores.power import CALLS, Call, File, Written, calls
from tests.stores.test_sqlite import opened
from tests.stores.worker import QUEUE, body, puts, removes

STRACE = ("strace", "-f", "-y", "-xx", "-qq", "-s", "10000000", "-e", f"trace={CALLS}", "-e", "signal=none")
WORKER = (sys.executable, "-m", "tests.stores.worker")
CHECKPOINT = 256 * 1024  # so that there are some


class Verdict:
    """What was found in a store, beside what was promised."""

    def __init__(self) -> None:
        self.images = 0
        self.lost: set[int] = set()
        self.unexpected: set[int] = set()
        self.torn: set[int] = set()

    def look(self, directory: Path, promised: set[int], writes: int) -> None:
        """Open a store, and compare."""
        asker = opened(directory)
        asker.store.recover()
        entries = asker.page(QUEUE, most=1_000_000, most_bytes=1 << 40)
        asker.store.close()
        found = {entry.message.number for entry in entries}
        assert all(entry.message.body == body(entry.message.number) for entry in entries)
        gone = {number for write in range(writes) for number in removes(write)}
        self.images += 1
        for write in range(writes):
            kept = set(puts(write)) - gone
            if write in promised:
                self.lost |= kept - found
                self.unexpected |= set(removes(write)) & found
            elif kept & found and (not kept <= found or set(removes(write)) & found):
                self.torn.add(write)


def record(tmp_path: Path, *options: str, writes: int) -> tuple[bytes, Sequence[Call]]:
    """Have a store written to; return the file as it was before, and what happened since."""
    directory, log = tmp_path / "data", tmp_path / "record"
    asker = opened(directory)
    asker.store.recover()
    asker.store.close()
    before = (directory / FILE).read_bytes()
    worker = (*WORKER, str(directory), "--writes", str(writes), "--checkpoint", str(CHECKPOINT), *options)
    subprocess.run([*STRACE, "-o", str(log), *worker], check=True, timeout=300, stdout=subprocess.PIPE)
    return before, list(calls(log))


def judge(
    tmp_path: Path, before: bytes, happened: Sequence[Call], *, images: int, writes: int, seed: int
) -> Verdict:
    """Look at what is left when the power goes at any of so many moments."""
    chance = random.Random(seed)
    verdict = Verdict()
    files = {FILE: File(before), LOG: File()}
    promised: set[int] = set()
    moments = sorted(chance.sample(range(len(happened)), images))
    for start, end in pairwise([0, *moments]):
        for name, what in happened[start:end]:
            if name in files:
                files[name].take(what)
            elif not name and isinstance(what, Written) and what.data and what.data[:-1].isdigit():
                promised.add(int(what.data))
        directory = tmp_path / f"image-{seed}-{verdict.images}"
        directory.mkdir()
        for name, file in files.items():
            (directory / name).write_bytes(file.image(chance))
        verdict.look(directory, promised, writes)
        for path in directory.iterdir():
            path.unlink()
    assert promised
    return verdict


@pytest.mark.needs("strace")
def test_no_promise_is_lost_with_the_power(tmp_path: Path) -> None:
    before, happened = record(tmp_path, writes=150)
    verdict = judge(tmp_path, before, happened, images=60, writes=150, seed=1)
    assert (verdict.lost, verdict.unexpected, verdict.torn) == (set(), set(), set())


@pytest.mark.slow
@pytest.mark.needs("strace")
def test_no_promise_is_lost_with_the_power_at_any_of_many_moments(tmp_path: Path) -> None:
    before, happened = record(tmp_path, writes=1500)
    for seed in range(4):
        verdict = judge(tmp_path, before, happened, images=200, writes=1500, seed=seed)
        assert (verdict.images, verdict.lost, verdict.unexpected, verdict.torn) == (200, set(), set(), set())


@pytest.mark.needs("strace")
def test_who_does_not_wait_for_the_disk_is_found_out(tmp_path: Path) -> None:
    """The proof that the test above bites: promises before the sync are lost."""
    before, happened = record(tmp_path, "--unsafe", writes=150)
    assert judge(tmp_path, before, happened, images=60, writes=150, seed=1).lost
