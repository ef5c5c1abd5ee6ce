"""The store: a directory, a file in it, and a thread at work on that."""

import sqlite3
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from threading import Thread
from typing import Final

from hoofbeat.errors import StoreError
from hoofbeat.stores.base import LEAP, Change, Done, Entry, Recovered
from hoofbeat.stores.sqlite.backup import Backup
from hoofbeat.stores.sqlite.changing import Changing
from hoofbeat.stores.sqlite.counting import Count, Walk
from hoofbeat.stores.sqlite.directory import Directory
from hoofbeat.stores.sqlite.meter import Meter, Progress, pay_no_heed
from hoofbeat.stores.sqlite.reading import Moment, read_all, read_history, read_page
from hoofbeat.stores.sqlite.schema import FILE, connect, note
from hoofbeat.stores.sqlite.writer import Answer, Ask, Copy, Fatal, Write, Writer

_ROWS: Final = "SELECT (SELECT count(*) FROM pending) + (SELECT count(*) FROM sent)"


class SqliteStore:
    """Signs the contract of :class:`hoofbeat.stores.base.Store`, in one directory.

    Everything that is asked for is done by one thread, in order; what has come together is one
    commit. Nothing is answered before it is on the disk.
    """

    def __init__(
        self,
        path: Path,
        *,
        post: Callable[[Answer], object],
        fatal: Fatal,
        progress: Progress = pay_no_heed,
    ) -> None:
        """Name a directory; nothing is opened before :meth:`recover`.

        Args:
            path: of the directory.
            post: has answers called on the thread that asks, soon: an event loop's
                ``call_soon_threadsafe``.
            fatal: called on the store's own thread when a promise can't be kept: the process has
                to end, without another word to anybody.
            progress: told how many rows of how many are recovered, while :meth:`recover` is at it.
        """
        self._path = path
        self._post = post
        self._fatal = fatal
        self._progress = progress
        self._writer: Writer
        self._thread: Thread
        self._directory: Directory

    def recover(self) -> Recovered:
        """Open what is there, or create it.

        Raises:
            StoreError: it is broken, of another format, or somebody else has it open.
        """
        with ExitStack() as stack:
            self._directory = Directory(self._path)
            stack.callback(self._directory.close)
            connection = connect(self._path / FILE)
            stack.callback(connection.close)
            self._directory.sync()
            try:
                recovered = _begin(connection, self._progress)
            except sqlite3.Error as error:
                raise StoreError(
                    f"{self._path / FILE}: {error}; give the disk room if it has none, else restore a backup"
                ) from error
            stack.pop_all()
        self._writer = Writer(connection, self._directory, post=self._post, fatal=self._fatal)
        self._thread = Thread(target=self._writer.run, name="store", daemon=True)
        self._thread.start()
        return recovered

    def write(self, changes: Sequence[Change], done: Done) -> None:
        """Make changes, all or none of them; ``done`` once they are safe."""
        self._writer.tasks.put(Write(changes, done))

    def read(
        self,
        queue: str,
        priority: int,
        after: int,
        most: int,
        most_bytes: int,
        done: Callable[[Sequence[Entry]], None],
    ) -> None:
        """Give the next entries of a queue and priority, with numbers above ``after``."""
        self._ask(lambda file: partial(done, read_page(file, queue, priority, after, most, most_bytes)))

    def replay(
        self,
        topic: str,
        offset: int,
        most: int,
        most_bytes: int,
        done: Callable[[Sequence[Moment]], None],
    ) -> None:
        """Give what a topic's history holds from ``offset`` on."""
        self._ask(lambda file: partial(done, read_history(file, topic, offset, most, most_bytes)))

    def count(self, walk: Walk, done: Callable[[Sequence[Count] | StoreError], None]) -> None:
        """Give what is in the next piece of a walk; nothing after the last one."""
        self._ask(lambda file: partial(done, walk.next(file)))

    def copy(self, backup: Backup, done: Callable[[StoreError | None], None]) -> None:
        """Have the file of a backup written, between commits; ``done`` gets the reason if that fails."""
        self._writer.tasks.put(Copy(backup, done))

    def _ask(self, ask: Callable[[sqlite3.Connection], Answer]) -> None:
        self._writer.tasks.put(Ask(ask))

    def close(self) -> None:
        """Finish what was asked, and say that all was left in order."""
        self._writer.tasks.put(None)
        self._thread.join()
        self._directory.close()


def _begin(connection: sqlite3.Connection, progress: Progress) -> Recovered:
    """Forget what was to be forgotten, and note that somebody is at work from here on."""
    meter = Meter(connection.execute(_ROWS).fetchone()[0], progress)
    connection.execute("BEGIN IMMEDIATE")
    Changing(connection).forget_transient(meter)
    connection.execute("DELETE FROM queue WHERE NOT EXISTS (SELECT 1 FROM pending WHERE queue = queue.id)")
    recovered = read_all(connection, meter)
    if not recovered.is_clean:
        recovered = recovered._replace(first_offset=recovered.first_offset + LEAP)
        note(connection, "first_offset", recovered.first_offset)
    note(connection, "is_clean", 0)
    note(connection, "next_number", recovered.next_number)
    connection.execute("COMMIT")
    return recovered
