"""What one commit writes, in how many steps."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from hoofbeat.stores.base import Key, Put, Remove, StoredMessage
from hoofbeat.stores.sqlite.changing import Changing
from hoofbeat.stores.sqlite.gathering import MOST_ROWS
from hoofbeat.stores.sqlite.reading import read_page
from hoofbeat.stores.sqlite.schema import FILE, connect
from tests.contracts.store import keys, put


@pytest.fixture
def file(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    with closing(connect(tmp_path / FILE)) as connection:
        yield connection


def message(number: int) -> StoredMessage:
    """Return one unlike the next, of any octets or none."""
    headers, body = b"\na:\xff\x00" * (number % 5), bytes(range(256)) * (number % 2)
    destination = f'/topic/{number}/ä"\\\t'  # with all that JSON writes in another way
    return StoredMessage(number, b"e-" * (number % 3), destination, number % 10, number, headers, body)


def keys_of(messages: list[StoredMessage]) -> list[Key]:
    return [Key(each.priority, each.number) for each in messages]


def kept(file: sqlite3.Connection, queue: str) -> list[StoredMessage]:
    pages = [read_page(file, queue, priority, 0, 1000, 1 << 30) for priority in range(10)]
    return sorted(entry.message for page in pages for entry in page)


def test_a_small_commit_is_one_statement(file: sqlite3.Connection) -> None:
    """Between two of them the thread may have to wait for the event loop."""
    changing = Changing(file)
    changing.make([put(1, 2)])
    changing.commit()
    said: list[str] = []
    file.set_trace_callback(said.append)
    changing.make([put(3, 4), Remove("/queue/a", keys(1, 2))])
    changing.commit()
    file.set_trace_callback(None)
    assert [each for each in said if not each.startswith(("--", "INSERT INTO work"))] == []
    assert [each.number for each in kept(file, "/queue/a")] == [3, 4]


@pytest.mark.parametrize("count", [1, 32, 33, 600])
def test_what_is_kept_comes_back_octet_by_octet(file: sqlite3.Connection, count: int) -> None:
    """However many there are in a commit: few and many are written in different ways."""
    messages = [message(number) for number in range(30, 30 + count)]
    changing = Changing(file)
    changing.make([Put(("/queue/a", "/queue/b"), messages)])
    changing.commit()
    changing.make([Remove("/queue/b", keys_of(messages))])
    changing.commit()
    assert (kept(file, "/queue/a"), kept(file, "/queue/b")) == (messages, [])
    changing.make([Remove("/queue/a", keys_of(messages))])
    changing.commit()
    assert file.execute("SELECT count(*) FROM message").fetchone() == (0,)


MANY = tuple(f"/queue/{number}" for number in range(3 * MOST_ROWS // 2))


def works(said: list[str]) -> int:
    """Count the pieces that were written: each is said again for every step of its trigger."""
    return len({each for each in said if each.startswith("INSERT INTO work")})


def test_what_waits_in_many_queues_is_written_in_pieces(file: sqlite3.Connection) -> None:
    """Python writes each piece as JSON, and holds everybody up while it does."""
    said: list[str] = []
    file.set_trace_callback(said.append)
    changing = Changing(file)
    changing.make([Put(MANY, [message(7)]), Put(("/queue/a",), [message(8)])])
    changing.commit()
    file.set_trace_callback(None)
    assert works(said) == 2
    assert file.execute("SELECT count(*) FROM pending").fetchone() == (len(MANY) + 1,)
    changing.make([Remove(queue, keys_of([message(7)])) for queue in MANY])
    changing.commit()
    assert kept(file, "/queue/a") == [message(8)]
    assert file.execute("SELECT count(*) FROM message").fetchone() == (1,)


def test_the_pieces_are_one_commit(file: sqlite3.Connection) -> None:
    changing = Changing(file)
    changing.make([Put(MANY, [message(7)])])
    changing.commit()  # from here on the queues are known, and nothing else begins a transaction
    file.execute(f"""
        CREATE TEMP TRIGGER too_many BEFORE INSERT ON pending WHEN NEW.queue > {MOST_ROWS}
        BEGIN SELECT raise(FAIL, 'too many'); END
    """)
    changing.make([Put(MANY, [message(8)])])
    with pytest.raises(sqlite3.IntegrityError, match="too many"):
        changing.commit()
    changing.forget()
    assert file.execute("SELECT count(*) FROM pending").fetchone() == (len(MANY),)


def test_what_goes_goes_in_pieces_too_and_none_is_left(file: sqlite3.Connection) -> None:
    numbers = range(1, MOST_ROWS + 3)
    changing = Changing(file)
    changing.make([put(*numbers)])
    changing.commit()
    said: list[str] = []
    file.set_trace_callback(said.append)
    changing.make([Remove("/queue/a", keys(*numbers))])
    changing.commit()
    file.set_trace_callback(None)
    assert works(said) == 2
    assert file.execute("SELECT count(*) FROM message").fetchone() == (0,)


def test_what_comes_and_goes_at_once_is_never_written(file: sqlite3.Connection) -> None:
    changing = Changing(file)
    changing.make([put(1, 2), Remove("/queue/a", keys(1))])
    changing.commit()
    assert [each.number for each in kept(file, "/queue/a")] == [2]


def test_what_was_taken_back_is_not_written_later(file: sqlite3.Connection) -> None:
    changing = Changing(file)
    changing.make([put(1)])
    changing.forget()
    changing.make([put(2)])
    changing.commit()
    assert [each.number for each in kept(file, "/queue/a")] == [2]
