"""Backups: whole or not at all, of a store at work or at rest."""

import os
import sqlite3
import stat
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import closing
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import pytest

from hoofbeat.errors import StoreError
from hoofbeat.stores.base import Put, Remove
from hoofbeat.stores.sqlite import SqliteStore, backup, directory, offline
from hoofbeat.stores.sqlite.backup import AtRest, Backup
from hoofbeat.stores.sqlite.schema import FILE, connect
from tests.contracts.store import Asker, keys, message
from tests.stores.test_disk import disk
from tests.stores.test_sqlite import opened

__all__ = ["disk"]

BODY = b"x" * 20_000


@pytest.fixture
def asker(tmp_path: Path) -> Iterator[Asker]:
    """A store at work, of some two megabytes."""
    asker = opened(tmp_path / "data")
    asker.store.recover()
    asker.write(Put(["/queue/a"], [message(number, BODY) for number in range(1, 101)]))
    yield asker
    asker.store.close()


@pytest.fixture
def made(tmp_path: Path) -> Backup:
    return Backup(tmp_path / "data", tmp_path / "saved")


@pytest.fixture
def steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """One page a step, and few on their way to the disk."""
    monkeypatch.setattr(backup, "PAGES", 1)
    monkeypatch.setattr(backup, "SYNC_PAGES", 50)


def copied(asker: Asker, made: Backup) -> StoreError | None:
    """Wait for a backup."""
    got: list[Any] = []
    asker.store.copy(made, got.append)
    outcome: StoreError | None = asker.wait(got)
    return outcome


def numbers(file: Path) -> list[int]:
    """Return which messages are in the file of a store."""
    with closing(connect(file)) as connection:
        return [row[0] for row in connection.execute("SELECT seq FROM pending ORDER BY seq")]


def test_a_store_at_work_is_backed_up_and_the_file_is_a_store(
    tmp_path: Path, asker: Asker, made: Backup
) -> None:
    assert copied(asker, made) is None
    assert not (tmp_path / "saved").exists()  # before it is on the disk
    assert made.finish() == (tmp_path / "saved").stat().st_size
    assert stat.S_IMODE((tmp_path / "saved").stat().st_mode) == 0o600
    assert sorted(each.name for each in tmp_path.iterdir()) == ["data", "saved"]
    assert made.far[0] == made.far[1] > 400
    restored = tmp_path / "restored"
    restored.mkdir()
    (tmp_path / "saved").rename(restored / FILE)
    assert offline.check(restored) == []
    other = opened(restored)
    assert other.store.recover().waiting[0].messages == 100
    other.store.close()


def test_what_is_written_meanwhile_is_written_at_once_and_is_in_the_backup(
    tmp_path: Path, asker: Asker, made: Backup, steps: None
) -> None:
    heard: list[Any] = []
    asker.store.copy(made, lambda outcome: heard.append(("backup", outcome)))
    for number in range(101, 201):
        change = Put(["/queue/a"], [message(number, BODY)]), Remove("/queue/a", keys(number - 100))
        asker.store.write(change, lambda refused, number=number: heard.append((number, refused)))
    while ("backup", None) not in heard:
        asker.wait_for_one()
    assert heard == [*((number, None) for number in range(101, 201)), ("backup", None)]
    made.finish()
    assert numbers(tmp_path / "saved") == list(range(101, 201))


class Busy:
    """What else there is to do: something after every step."""

    def __init__(self, do: Callable[[int], None]) -> None:
        self.steps = 0
        self._do = do

    def go_on(self) -> None:
        self.steps += 1
        self._do(self.steps)

    def wait(self, until: Future[None]) -> None:
        until.result()


@pytest.fixture
def source(tmp_path: Path, asker: Asker) -> Iterator[sqlite3.Connection]:
    """The connection of a store at rest."""
    asker.store.close()
    asker.store.close = lambda: None
    with closing(connect(tmp_path / "data" / FILE)) as connection:
        yield connection


def insert(source: sqlite3.Connection, number: int) -> None:
    row = (number, b"e-", "/queue/a", 4, 0, b"", BODY, 1)
    source.execute("INSERT INTO message VALUES (?, ?, ?, ?, ?, ?, ?, ?)", row)
    source.execute("INSERT INTO pending VALUES (1, 5, ?, 1, 0, 0, 0)", (number,))


def commit(source: sqlite3.Connection, number: int) -> None:
    source.execute("BEGIN IMMEDIATE")
    insert(source, number)
    source.execute("COMMIT")


@pytest.mark.parametrize("checkpoint", [False, True])
def test_no_write_and_no_checkpoint_has_a_backup_begin_anew(
    tmp_path: Path, source: sqlite3.Connection, made: Backup, steps: None, checkpoint: bool
) -> None:
    (pages,) = source.execute("PRAGMA page_count").fetchone()

    def write(step: int) -> None:
        if step % 10 == 0 and step < pages:
            commit(source, 1000 + step)
        if checkpoint and step % 25 == 0:
            source.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

    busy = Busy(write)
    made.take(source, busy)
    made.finish()
    (grown,) = source.execute("PRAGMA page_count").fetchone()
    assert pages < grown == busy.steps
    kept = [1000 + step for step in range(10, pages, 10)]
    assert numbers(tmp_path / "saved") == [*range(1, 101), *kept]
    with closing(connect(tmp_path / "saved")) as saved:
        assert saved.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


def test_what_is_rolled_back_meanwhile_is_not_in_the_backup(
    tmp_path: Path, source: sqlite3.Connection, made: Backup, steps: None
) -> None:
    source.execute("PRAGMA cache_size = 10")  # so that pages are written before it is known

    def write(step: int) -> None:
        if step in (20, 200):
            source.execute("BEGIN IMMEDIATE")
            for number in range(1000, 1020):
                insert(source, number)
            source.execute("ROLLBACK")

    made.take(source, Busy(write))
    made.finish()
    assert numbers(tmp_path / "saved") == list(range(1, 101))


def test_what_comes_while_the_disk_is_waited_for_is_done(
    tmp_path: Path, steps: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first waits for the disk last until more writes were answered than there are steps before it."""
    answered: SimpleQueue[None] = SimpleQueue()
    real = os.fsync

    def fsync(descriptor: int) -> None:
        for _ in range(next(lengths, 0)):
            store.write([Put(["/queue/b"], [message(next(fresh))])], lambda refused: answered.put(None))
            answered.get(timeout=10.0)
        real(descriptor)

    lengths = iter([backup.SYNC_PAGES + 10] * 2)
    fresh = iter(range(1000, 2000))
    store = SqliteStore(tmp_path / "other", post=lambda call: call(), fatal=print)
    store.recover()
    monkeypatch.setattr(os, "fsync", fsync)
    outcomes: SimpleQueue[Any] = SimpleQueue()
    for number in range(1, 51):
        store.write([Put(["/queue/a"], [message(number, BODY)])], lambda refused: None)
    store.copy(Backup(tmp_path / "other", tmp_path / "saved"), outcomes.put)
    assert outcomes.get(timeout=20.0) is None
    store.close()
    assert next(fresh) == 1000 + 2 * (backup.SYNC_PAGES + 10)


def test_a_backup_that_nobody_waits_for_is_given_up(asker: Asker, made: Backup, tmp_path: Path) -> None:
    made.cancel()
    assert "given up" in str(copied(asker, made))
    assert sorted(each.name for each in tmp_path.iterdir()) == ["data"]


def test_one_backup_is_made_at_a_time(asker: Asker, made: Backup, tmp_path: Path, steps: None) -> None:
    got: list[Any] = []
    asker.store.copy(made, lambda outcome: got.append(("first", outcome)))
    asker.store.copy(Backup(tmp_path / "data", tmp_path / "more"), lambda outcome: got.append(outcome))
    while ("first", None) not in got:
        asker.wait_for_one()
    assert "another backup" in str(got[0])


def test_a_store_that_is_closed_ends_a_backup(
    asker: Asker, made: Backup, tmp_path: Path, steps: None
) -> None:
    got: list[Any] = []
    asker.store.copy(made, got.append)
    asker.store.close()
    assert "stopping" in str(asker.wait(got))
    assert sorted(each.name for each in tmp_path.iterdir()) == ["data"]
    asker.store.close = lambda: None
    other = opened(tmp_path / "data")
    assert other.store.recover().is_clean
    other.store.close()


def test_what_goes_wrong_in_the_store_meanwhile_is_the_end_of_it(
    tmp_path: Path, made: Backup, steps: None
) -> None:
    """An error of SQLite's own, which a backup could be thought to have had."""
    fatal: SimpleQueue[Exception] = SimpleQueue()
    answers: SimpleQueue[Any] = SimpleQueue()
    store = SqliteStore(tmp_path / "data", post=answers.put, fatal=fatal.put)
    store.recover()
    store.write([Put(["/queue/a"], [message(number, BODY) for number in range(1, 50)])], lambda refused: None)
    store.copy(made, lambda outcome: None)
    store.write([Put(["/queue/a"], [message(1)]), Put(["/queue/a"], [message(1)])], lambda refused: None)
    assert isinstance(fatal.get(timeout=10.0), sqlite3.IntegrityError)
    assert sorted(each.name for each in tmp_path.iterdir()) == ["data"]
    store.close()


@pytest.mark.parametrize("name", ["a\0b", "a\ud800b"])
def test_a_name_that_no_file_can_have_is_the_end_of_the_backup_alone(
    tmp_path: Path, asker: Asker, name: str
) -> None:
    assert "can't be made" in str(copied(asker, Backup(tmp_path / "data", tmp_path / name)))
    assert asker.write(Put(["/queue/a"], [message(500)])) is None


def test_a_machine_without_threads_is_the_end_of_the_backup_alone(
    tmp_path: Path, asker: Asker, made: Backup, steps: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*args: object) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(backup.ThreadPoolExecutor, "submit", refuse)
    assert "can't start new thread" in str(copied(asker, made))
    assert sorted(each.name for each in tmp_path.iterdir()) == ["data"]
    assert asker.write(Put(["/queue/a"], [message(500)])) is None


def test_what_stands_in_the_way_of_a_backup_is_named(tmp_path: Path, asker: Asker) -> None:
    data = tmp_path / "data"
    (tmp_path / "there").write_text("mine")
    (tmp_path / "live").touch()
    (tmp_path / "live-wal").touch()
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "astray").symlink_to(tmp_path / "nowhere")
    for file, is_forced, why in [
        (tmp_path, True, "is a directory"),
        (tmp_path / "there", False, "exists: name another"),
        (tmp_path / "pipe", True, "is no regular file"),
        (tmp_path / "astray", True, "is no regular file"),
        (Path("/dev/null"), True, "is no regular file"),
        (Path("/"), True, "is a directory"),
        (tmp_path / ("n" * 300), True, "file name too long"),
        (tmp_path / "live", True, "belongs to a store"),
        (data / FILE, True, "belongs to a store"),
        (data / "hoofbeat.lock", True, "belongs to a store"),
    ]:
        with pytest.raises(StoreError, match=why):
            Backup(data, file, is_forced=is_forced).prepare()
    assert (tmp_path / "there").read_text() == "mine"
    assert "no such file or directory" in str(copied(asker, Backup(data, tmp_path / "no" / "saved")))


def test_one_that_is_there_is_replaced_only_by_force(tmp_path: Path, asker: Asker) -> None:
    (tmp_path / "saved").write_text("old")
    unforced = Backup(tmp_path / "data", tmp_path / "saved")
    assert copied(asker, unforced) is None
    with pytest.raises(StoreError, match="exists"):
        unforced.finish()
    assert (tmp_path / "saved").read_text() == "old"
    forced = Backup(tmp_path / "data", tmp_path / "saved", is_forced=True)
    forced.prepare()
    (tmp_path / "saved.part").write_text("left by one that was killed")
    assert copied(asker, forced) is None
    forced.finish()
    assert numbers(tmp_path / "saved") == list(range(1, 101))


def test_a_file_that_can_not_be_made_safe_does_not_come_to_be(
    tmp_path: Path, asker: Asker, made: Backup, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert copied(asker, made) is None

    def fail(descriptor: int) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(StoreError, match="saved: input/output error"):
        made.finish()
    assert sorted(each.name for each in tmp_path.iterdir()) == ["data"]


def test_one_that_can_not_be_written_to_does_not_come_to_be(tmp_path: Path, made: Backup) -> None:
    (tmp_path / "saved.part").write_bytes(b"no store" * 1000)
    with pytest.raises(StoreError, match=r"saved\.part: .*see if the disk"):
        made.doubt()
    assert list(tmp_path.iterdir()) == []


def test_a_disk_without_room_is_told_before_it_is_full(disk: Path, asker: Asker, tmp_path: Path) -> None:
    outcome = copied(asker, Backup(tmp_path / "data", disk / "saved"))
    assert str(outcome) == f"{disk} has no room for a backup of 3 MiB: 1 MiB are free"
    assert list(disk.iterdir()) == []


def test_the_room_that_the_store_may_need_is_left_to_it(
    asker: Asker, made: Backup, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backup, "free_bytes", lambda path: directory.spare_bytes(path))
    assert "are left to the store" in str(copied(asker, made))


def test_a_disk_that_fills_up_meanwhile_ends_the_backup_and_not_the_store(
    disk: Path, asker: Asker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backup, "free_bytes", lambda path: 1 << 40)
    outcome = copied(asker, Backup(tmp_path / "data", disk / "saved"))
    assert "saved.part: database or disk is full" in str(outcome)
    assert list(disk.iterdir()) == []
    assert asker.write(Put(["/queue/a"], [message(500)])) is None


def test_a_store_at_rest_is_backed_up_as_it_is(
    tmp_path: Path, source: sqlite3.Connection, made: Backup, steps: None
) -> None:
    told: list[tuple[int, int]] = []
    made.take(source, AtRest(lambda: told.append(made.far)))
    made.finish()
    assert numbers(tmp_path / "saved") == list(range(1, 101))
    assert told == [(done, told[-1][1]) for done in range(1, told[-1][1] + 1)]
