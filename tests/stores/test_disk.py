"""Disks that fail, that are slow, and that are full."""

import os
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

import pytest

from hoofbeat.errors import Refused, StoreError
from hoofbeat.stores.base import Put, Remove
from hoofbeat.stores.sqlite.schema import FILE
from tests.contracts.store import Asker, keys, message
from tests.stores.test_power import WORKER, Verdict
from tests.stores.test_sqlite import opened

BODY = b"x" * 20_000


def work(directory: Path, inject: str, *options: str) -> subprocess.CompletedProcess[str]:
    """Have a worker write to a store on a disk that does as ``inject`` says."""
    strace = ("strace", "-f", "-qq", "-o", os.devnull, "-e", "trace=fdatasync", "-e", f"inject={inject}")
    worker = (*WORKER, str(directory), *options)
    return subprocess.run([*strace, *worker], check=False, capture_output=True, text=True, timeout=60)


@pytest.mark.needs("strace")
@pytest.mark.parametrize("at", [4, 9, 30])
def test_after_a_failed_sync_nothing_is_promised_and_what_was_promised_is_there(
    tmp_path: Path, at: int
) -> None:
    asker = opened(tmp_path)
    asker.store.recover()
    asker.store.close()
    done = work(tmp_path, f"fdatasync:error=EIO:when={at}", "--writes", "300", "--checkpoint", "200000")
    assert done.returncode == 1
    assert "disk I/O error" in done.stderr
    promised = {int(line) for line in done.stdout.split()}
    verdict = Verdict()
    verdict.look(tmp_path, promised, max(promised, default=0) + 10)
    assert (verdict.lost, verdict.unexpected, verdict.torn) == (set(), set(), set())


@pytest.mark.needs("strace")
def test_a_slow_disk_promises_late_and_keeps_it(tmp_path: Path) -> None:
    done = work(tmp_path, "fdatasync:delay_exit=50000", "--writes", "20", "--width", "20")
    assert done.returncode == 0
    assert done.stdout.split() == [*map(str, range(20)), "end"]


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of one MiB."""
    path = tmp_path / "disk"
    path.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "none", path], check=True)
    yield path
    subprocess.run(["umount", "--lazy", path], check=True)


def fill(asker: Asker, number: int = 1) -> tuple[int, Refused]:
    """Put messages until there is no room; return how many there was room for."""
    for last in range(number, number + 200):
        refused = asker.write(Put(["/queue/a"], [message(last, BODY)]))
        if refused is not None:
            return last - number, refused
    raise AssertionError("the disk is never full")


@pytest.mark.needs("mount")
def test_a_full_disk_refuses_and_takes_messages_again_once_there_is_room(disk: Path) -> None:
    asker = opened(disk)
    asker.store.recover()
    count, refused = fill(asker)
    assert count > 5
    assert refused.summary == "disk is full"
    assert refused.detail
    assert asker.write(Put(["/queue/a"], [message(900, BODY)])) is not None
    assert len(asker.page("/queue/a", most_bytes=1 << 30)) == count
    assert asker.write(Remove("/queue/a", keys(*range(1, count)))) is None
    assert asker.write(Put(["/queue/a"], [message(1000, BODY)])) is None
    assert [entry.message.number for entry in asker.page("/queue/a")] == [count, 1000]
    asker.store.close()
    with closing(sqlite3.connect(disk / FILE)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


@pytest.mark.needs("mount")
def test_a_full_disk_is_emptied_one_by_one_and_filled_again_and_again(disk: Path) -> None:
    asker = opened(disk)
    asker.store.recover()
    first = 1
    for _ in range(5):
        count, _ = fill(asker, first)
        assert count > 5
        for number in range(first, first + count):
            assert asker.write(Remove("/queue/a", keys(number))) is None
        first += count + 1
    asker.store.close()


@pytest.mark.needs("mount")
def test_of_what_comes_together_on_a_full_disk_only_what_needs_room_is_refused(disk: Path) -> None:
    asker = opened(disk)
    asker.store.recover()
    count, _ = fill(asker)
    heard: list[tuple[str, bool]] = []
    last: list[Refused | None] = []
    for number in range(1, count + 1):
        large = Put(["/queue/a"], [message(1000 + number, BODY * 40)])
        asker.store.write([large], lambda refused: heard.append(("put", refused is None)))
        gone = Remove("/queue/a", keys(number))
        asker.store.write([gone], lambda refused: heard.append(("remove", refused is None)))
    asker.store.write([Remove("/queue/a", keys(1))], last.append)
    assert asker.wait(last) is None
    assert heard == [("put", False), ("remove", True)] * count
    assert asker.page("/queue/a") == []
    asker.store.close()


@pytest.mark.needs("mount")
def test_a_store_closed_on_a_full_disk_is_there_at_the_next_start(disk: Path) -> None:
    asker = opened(disk)
    asker.store.recover()
    count, _ = fill(asker)
    with suppress(OSError), (disk / "other").open("wb") as other:
        other.write(bytes(1 << 20))
    asker.store.close()
    again = opened(disk)
    with suppress(StoreError):  # it may need room to start, and says so
        assert sum(each.messages for each in again.store.recover().waiting) == count
        again.store.close()
    (disk / "other").unlink()
    asker = opened(disk)
    assert sum(each.messages for each in asker.store.recover().waiting) == count
    asker.store.close()
