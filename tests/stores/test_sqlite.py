"""The store in a file."""

import os
import shutil
import sqlite3
import stat
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import pytest

from hoofbeat.errors import StoreError
from hoofbeat.stores.sqlite import SqliteStore
from hoofbeat.stores.sqlite.schema import FILE, LOG
from tests.contracts.store import Asker, StoreContract, put


def stop(error: Exception) -> None:
    raise AssertionError(error)


def opened(place: Path) -> Asker:
    answers: SimpleQueue[Callable[[], None]] = SimpleQueue()
    return Asker(SqliteStore(place, post=answers.put, fatal=stop), answers)


class Place:
    """Where a store is; after an end without order it goes on in a copy, as after a loss of power.

    Attributes:
        path: the directory.
        left: those who had it open and did not close it.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.left: list[Asker] = []

    def break_off(self, asker: Asker) -> None:
        """Go on with a copy of what is on the disk."""
        self.left.append(asker)
        self.path = Path(shutil.copytree(self.path, self.path.with_name(f"{self.path.name}'")))


class TestSqliteStore(StoreContract):
    @pytest.fixture
    def place(self, tmp_path: Path) -> Iterator[Place]:
        place = Place(tmp_path / "data")
        yield place
        for asker in place.left:
            asker.store.close()

    def open(self, place: Any) -> Asker:
        return opened(place.path)

    def break_off(self, asker: Asker, place: Any) -> None:
        place.break_off(asker)


def test_a_second_process_is_told_who_has_it(tmp_path: Path) -> None:
    asker = opened(tmp_path)
    asker.store.recover()
    with pytest.raises(StoreError, match=rf"in use by process {os.getpid()}"):
        opened(tmp_path).store.recover()
    asker.store.close()
    other = opened(tmp_path)
    other.store.recover()
    other.store.close()


def test_the_files_are_their_owners_alone_in_any_directory(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    before = os.umask(0o022)
    try:
        asker = opened(tmp_path)
        asker.store.recover()
        asker.write(put(1))
        modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()}
        asker.store.close()
    finally:
        os.umask(before)
    assert modes == dict.fromkeys(("hoofbeat.lock", "hoofbeat.ballast", FILE, LOG), 0o600)


@pytest.mark.parametrize("version", [0, 99])
def test_an_older_or_newer_format_is_refused(tmp_path: Path, version: int) -> None:
    asker = opened(tmp_path)
    asker.store.recover()
    asker.store.close()
    with closing(sqlite3.connect(tmp_path / FILE)) as connection, connection:
        connection.execute("UPDATE meta SET value = ? WHERE name = 'schema_version'", (version,))
    content = (tmp_path / FILE).read_bytes()
    with pytest.raises(StoreError, match=f"format {version}, .* knows format 1: .* export with that"):
        opened(tmp_path).store.recover()
    assert (tmp_path / FILE).read_bytes() == content


@pytest.mark.parametrize("content", [b"no database at all" * 100, b""])
def test_a_file_that_is_no_store_is_refused_and_an_empty_one_is_made_one(
    tmp_path: Path, content: bytes
) -> None:
    (tmp_path / FILE).write_bytes(content)
    store = opened(tmp_path).store
    if content:
        with pytest.raises(StoreError, match="is it no store"):
            store.recover()
    else:
        store.recover()
        store.close()


@pytest.mark.parametrize("mode", ["DELETE", "WAL"])
@pytest.mark.parametrize("table", ["customer (name TEXT)", "meta (name TEXT, value TEXT)"])
def test_another_database_is_left_alone(tmp_path: Path, mode: str, table: str) -> None:
    with closing(sqlite3.connect(tmp_path / FILE)) as connection, connection:
        connection.execute(f"PRAGMA journal_mode = {mode}")
        connection.execute(f"CREATE TABLE {table}")
    content = (tmp_path / FILE).read_bytes()
    with pytest.raises(StoreError, match="none of ours"):
        opened(tmp_path).store.recover()
    assert (tmp_path / FILE).read_bytes() == content
    assert sorted(path.name for path in tmp_path.iterdir() if path.suffix != ".ballast") == [
        FILE,
        "hoofbeat.lock",
    ]


def test_a_store_is_opened_without_shared_memory(tmp_path: Path) -> None:
    for _ in range(2):  # when it is made, and when it is there
        asker = opened(tmp_path)
        asker.store.recover()
        asker.write(put())
        assert (tmp_path / f"{FILE}-wal").exists()
        assert not (tmp_path / f"{FILE}-shm").exists()
        asker.store.close()


def test_what_stands_in_the_way_of_a_directory_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match="name a directory"):
        opened(tmp_path / "file" / "data").store.recover()


def test_an_error_on_the_disk_is_the_end_and_nothing_more_is_answered(tmp_path: Path) -> None:
    answers: SimpleQueue[Callable[[], None]] = SimpleQueue()
    ends: SimpleQueue[Exception] = SimpleQueue()
    store = SqliteStore(tmp_path, post=answers.put, fatal=ends.put)
    store.recover()
    store.write([put(1), put(1)], _unexpected)  # one key twice: whatever is wrong, it is not room
    assert isinstance(ends.get(timeout=10), sqlite3.Error)
    store.close()
    assert answers.empty()


def test_a_broken_file_is_named_and_let_go(tmp_path: Path) -> None:
    asker = opened(tmp_path)
    asker.store.recover()
    asker.write(*(put(number, queue=f"/queue/{number}") for number in range(1, 400)))
    asker.store.close()
    file = tmp_path / FILE
    content = file.read_bytes()
    file.write_bytes(content[: len(content) // 2] + bytes(len(content) - len(content) // 2))
    for _ in range(2):  # the directory is not locked by who failed
        with pytest.raises(StoreError, match="restore a backup"):
            opened(tmp_path).store.recover()


def _unexpected(refused: object) -> None:
    raise AssertionError(refused)


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere threads have no priority of their own")
def test_the_thread_at_the_file_lets_others_go_first(tmp_path: Path) -> None:
    others = set(threading.enumerate())
    asker = opened(tmp_path)
    asker.store.recover()
    asker.write(put(1))  # it is at work now
    (thread,) = set(threading.enumerate()) - others
    assert os.getpriority(os.PRIO_PROCESS, thread.native_id or 0) >= 10
    asker.store.close()
