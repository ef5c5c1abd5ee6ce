"""A process that writes to a store, and says on its standard output which writes it was promised.

Run as ``worker.py DIRECTORY [--writes N] [--width N] [--checkpoint BYTES] [--unsafe]``. Write
number k puts three messages and removes one of those of an earlier write: see :func:`puts` and
:func:`removes`. Its end is marked by a line with ``end``.
"""

import argparse
import os
import threading
from collections.abc import Iterable
from pathlib import Path

from hoofbeat.errors import Refused
from hoofbeat.stores.base import Change, Key, Put, Remove, StoredMessage
from hoofbeat.stores.sqlite import SqliteStore, writer

QUEUE = "/queue/a"
_EACH = 3
_BEHIND = 7


def puts(write: int) -> range:
    """Return the numbers that a write puts."""
    return range(write * _EACH + 1, write * _EACH + 1 + _EACH)


def removes(write: int) -> Iterable[int]:
    """Return the numbers that a write removes."""
    return puts(write - _BEHIND)[:1] if write >= _BEHIND else ()


def body(number: int) -> bytes:
    """Return a body that tells its number, some of them larger than a page of the file."""
    return b"%d " % number * (2000 if number % 17 == 0 else 20)


def changes(write: int) -> list[Change]:
    """Return what a write changes."""
    made = [StoredMessage(number, b"e-", QUEUE, 4, 0, b"\nx:1", body(number)) for number in puts(write)]
    return [Put([QUEUE], made), Remove(QUEUE, [Key(4, number) for number in removes(write)])]


class Worker:
    """Has some writes on the way at any time, as many as were asked for in all."""

    def __init__(self, store: SqliteStore, first: int, count: int) -> None:
        """Write to ``store``, which was recovered."""
        self._store = store
        self._next = first
        self._end = first + count
        self._on_the_way = 0
        self.is_done = threading.Event()

    def go_on(self) -> None:
        """Ask for the next write."""
        if self._next < self._end:
            write, self._next = self._next, self._next + 1
            self._on_the_way += 1
            self._store.write(changes(write), lambda refused: self._done(write, refused))
        elif not self._on_the_way:
            self.is_done.set()

    def _done(self, write: int, refused: Refused | None) -> None:
        self._on_the_way -= 1
        assert refused is None, refused
        os.write(1, b"%d\n" % write)
        self.go_on()


def stop(error: Exception) -> None:
    """End as a broker does whose store can't keep a promise."""
    os.write(2, f"{error}\n".encode())
    os._exit(1)


def main() -> None:
    """Do as the command line says."""
    parser = argparse.ArgumentParser()
    parser.add_argument("directory", type=Path)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--writes", type=int, default=1_000_000)
    parser.add_argument("--width", type=int, default=4)
    parser.add_argument("--checkpoint", type=int, default=writer.CHECKPOINT_BYTES)
    parser.add_argument("--unsafe", action="store_true", help="do not wait for the disk at every commit")
    asked = parser.parse_args()
    vars(writer)["CHECKPOINT_BYTES"] = asked.checkpoint
    # Answers come on the store's thread, so that what is told stands in order with what is written.
    store = SqliteStore(asked.directory, post=lambda answer: answer(), fatal=stop)
    store.recover()
    if asked.unsafe:
        vars(store)["_writer"]._connection.execute("PRAGMA synchronous = NORMAL")
    worker = Worker(store, asked.first, asked.writes)
    for _ in range(asked.width):
        worker.go_on()
    worker.is_done.wait()
    os.write(1, b"end\n")
    store.close()


if __name__ == "__main__":
    main()
