"""The one thread at the file: what waits is made safe together, and told in one call."""

import os
import sqlite3
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from queue import Empty, SimpleQueue
from threading import get_native_id
from typing import Final

from hoofbeat.errors import Refused, StoreError
from hoofbeat.stores.base import Append, Change, Done, Put
from hoofbeat.stores.sqlite.backup import Backup, Stopped
from hoofbeat.stores.sqlite.changing import Changing
from hoofbeat.stores.sqlite.directory import Directory
from hoofbeat.stores.sqlite.schema import LOG, note

BATCH_CHANGES: Final = 500  # changes in one commit: writes are never cut, so it may be more
BATCH_BYTES: Final = 1024 * 1024
CHECKPOINT_BYTES: Final = 16 * 1024 * 1024
_NICE: Final = 10  # of 19: more of it has receipts wait for long where all cores are busy
_ROW_BYTES: Final = 200  # of a message beside headers and body, about
_MOST_PAGES: Final = 0x3FFF_FFFF
_PRIMARY: Final = 0xFF

Answer = Callable[[], None]
Fatal = Callable[[Exception], None]


@dataclass(frozen=True, slots=True)
class Write:
    """Changes to make, all or none."""

    changes: Sequence[Change]
    done: Done


@dataclass(frozen=True, slots=True)
class Ask:
    """A question; ``ask`` returns how to answer it on the other thread."""

    ask: Callable[[sqlite3.Connection], Answer]


@dataclass(frozen=True, slots=True)
class Copy:
    """A backup to make, between the commits of others; ``done`` gets the reason if that failed."""

    backup: Backup
    done: Callable[[StoreError | None], None]


Task = Write | Ask


class Writer:
    """Takes tasks, in order, until it is told to end.

    A commit that fails in any way but for want of room is the end: whether it is safe is unknown,
    so nothing more is answered.
    """

    def __init__(
        self,
        connection: sqlite3.Connection,
        directory: Directory,
        *,
        post: Callable[[Answer], object],
        fatal: Fatal,
    ) -> None:
        """Work on ``connection``; ``post`` has something called on the thread that asked."""
        self.tasks: SimpleQueue[Task | Copy | None] = SimpleQueue()
        self._connection = connection
        self._directory = directory
        self._changing = Changing(connection)
        self._post = post
        self._fatal = fatal
        self._is_squeezed = False
        self._is_copying = False
        self._has_ended = False
        self._fault: Exception | None = None
        # Before the log is cut, all of it may have to be copied, where there is no room but the ballast.
        self._checkpoint_bytes = min(CHECKPOINT_BYTES, directory.ballast_bytes // 2)

    def run(self) -> None:
        """Work until there is a None among the tasks."""
        _let_others_first()
        try:
            if not self._directory.load():
                self._squeeze()
            while self._work():
                pass
            self._end()
        except Exception as error:  # whatever it is, no promise can be kept any more
            self._fatal(error)

    def _work(self) -> bool:
        """Wait for something to do, and do all that waits; False if that was the end."""
        self._turn(self.tasks.get())
        return not self._has_ended

    def _turn(self, task: Task | Copy | None) -> None:
        """Do a task, and those behind it that one commit has room for."""
        tasks: list[Task] = []
        size = 0
        while not (task is None or isinstance(task, Copy)):
            tasks.append(task)
            if isinstance(task, Write):
                size += _size(task.changes)
            if size >= BATCH_BYTES or len(tasks) >= BATCH_CHANGES:
                break
            try:
                task = self.tasks.get_nowait()
            except Empty:
                break
        if tasks:
            self._do(tasks)
        if self._directory.size(LOG) >= self._checkpoint_bytes:
            self._checkpoint()  # after the answers: nobody waits for it but who comes next
        if task is None:
            self._has_ended = True
        elif isinstance(task, Copy):
            self._copy(task)

    # Backups.

    def _copy(self, task: Copy) -> None:
        """Make a backup, and meanwhile all that comes."""
        if self._is_copying:
            self._post(partial(task.done, StoreError("another backup is being made: try again when it is")))
            return
        self._is_copying = True
        outcome: StoreError | None = None
        try:
            task.backup.take(self._connection, self)
        except StoreError as error:
            outcome = error
        except Stopped:
            if self._fault is not None:
                raise self._fault from None
            outcome = StoreError("the broker is stopping: try again when it has")
        finally:
            self._is_copying = False
        self._post(partial(task.done, outcome))

    def go_on(self) -> None:
        """Do what has come since the last step of a backup, if anything has: one commit."""
        try:
            task = self.tasks.get_nowait()
        except Empty:
            return
        self._do_meanwhile(task)

    def wait(self, until: "Future[None]") -> None:
        """Do what comes until something is done."""
        until.add_done_callback(lambda done: self.tasks.put(Ask(lambda connection: _nothing)))
        while not until.done():
            self._do_meanwhile(self.tasks.get())

    def _do_meanwhile(self, task: Task | Copy | None) -> None:
        try:
            self._turn(task)
        except Exception as error:  # SQLite's own would be taken for one of the backup
            self._fault = error
            raise Stopped from error
        if self._has_ended:
            raise Stopped

    # Commits.

    def _do(self, tasks: Sequence[Task]) -> None:
        """Do tasks in one commit, or one by one where the disk is full."""
        try:
            answers = self._commit(tasks)
        except sqlite3.OperationalError as error:
            if not _is_full(error):
                raise
            answers = [answer for task in tasks for answer in self._alone(task)]
        if self._is_squeezed and self._directory.has_room():
            self._relax()
        if answers:
            self._post(partial(_tell, answers))

    def _commit(self, tasks: Sequence[Task]) -> list[Answer]:
        answers: list[Answer] = []
        try:
            for task in tasks:
                if isinstance(task, Ask):
                    self._changing.write()
                    answers.append(task.ask(self._connection))
                else:
                    self._changing.make(task.changes)
                    answers.append(partial(task.done, None))
            self._changing.commit()
        except sqlite3.Error:
            self._changing.forget()
            raise
        return answers

    def _alone(self, task: Task) -> list[Answer]:
        """Do one task on a full disk, or refuse it."""
        try:
            return self._try_hard(task)
        except sqlite3.OperationalError as error:
            if not _is_full(error) or isinstance(task, Ask):
                raise
        detail = "send again when consumers have caught up, or the disk has more room"
        return [partial(task.done, Refused("disk is full", detail=detail))]

    def _try_hard(self, task: Task) -> list[Answer]:
        try:
            return self._commit([task])
        except sqlite3.OperationalError as error:
            if not _is_full(error):
                raise
        self._squeeze()
        return self._commit([task])

    def _squeeze(self) -> None:
        """Use the room that was set aside, for the log alone: the file itself must not grow into it.

        So what waits can be removed, and what comes may take the place of what went.
        """
        self._is_squeezed = True
        self._directory.unload()
        self._checkpoint()
        pages = self._connection.execute("PRAGMA page_count").fetchone()[0]
        self._connection.execute(f"PRAGMA max_page_count = {pages}").fetchall()

    def _relax(self) -> None:
        """Set room aside again, and let the file grow, if the disk has room for both."""
        if self._directory.load():
            self._is_squeezed = False
            self._connection.execute(f"PRAGMA max_page_count = {_MOST_PAGES}").fetchall()

    def _checkpoint(self) -> None:
        """Move what the log holds to its place, so that the log begins anew."""
        try:
            self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        except sqlite3.OperationalError as error:
            if not _is_full(error):
                raise

    def _end(self) -> None:
        """Say that all was left in order; on a disk too full for that the next start is told otherwise."""
        highest = self._changing.highest
        try:
            self._try_hard(Ask(partial(_note_the_end, highest=highest)))
        except sqlite3.OperationalError as error:
            if not _is_full(error):
                raise
        self._checkpoint()
        self._connection.close()


def _let_others_first() -> None:
    """Have the event loop's thread go first where both want the same core: it waits for no disk."""
    if sys.platform == "linux":  # where each thread has a priority of its own
        with suppress(OSError):
            self = get_native_id()
            os.setpriority(os.PRIO_PROCESS, self, max(_NICE, os.getpriority(os.PRIO_PROCESS, self)))


def _note_the_end(connection: sqlite3.Connection, highest: int) -> Answer:
    note(connection, "is_clean", 1)
    if highest:
        note(connection, "next_number", highest + 1)
    return _nothing


def _nothing() -> None:
    """Nobody waits for this."""


def _tell(answers: Sequence[Answer]) -> None:
    for answer in answers:
        answer()


def _size(changes: Sequence[Change]) -> int:
    """Estimate how many octets changes write."""
    return sum(
        _ROW_BYTES + len(message.headers) + len(message.body)
        for change in changes
        if isinstance(change, Put | Append)
        for message in change.messages
    )


def is_damage(error: Exception) -> bool:
    """Say whether it is the file that is wrong, and not the disk."""
    return (
        isinstance(error, sqlite3.DatabaseError)
        and not isinstance(error, sqlite3.ProgrammingError)
        and _code(error) in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
    )


def _is_full(error: sqlite3.OperationalError) -> bool:
    return _code(error) == sqlite3.SQLITE_FULL


def _code(error: sqlite3.DatabaseError) -> int:
    """Return which kind it is; Python, which finds text that can't be decoded, gives that no code."""
    code: int = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_CORRUPT)
    return code & _PRIMARY
