"""Backup: copy a whole store into one file, whether or not a broker is using it."""

import os
import sqlite3
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, closing, suppress
from pathlib import Path
from typing import Final, Protocol

from hoofbeat.errors import StoreError
from hoofbeat.stores.sqlite.directory import free_bytes, spare_bytes, sync_names
from hoofbeat.stores.sqlite.schema import connect, note

PAGES: Final = 64  # of one step, which takes half a millisecond
SYNC_PAGES: Final = 2048  # 8 MiB on their way to the disk at most: who waits for it waits no longer
_MEBIBYTE: Final = 1024 * 1024


class Stopped(Exception):  # noqa: N818 - no error of anybody
    """What went on during a backup ends it: whoever waits for the store is told why elsewhere."""


class Meanwhile(Protocol):
    """What else there is to do, on the thread that makes a backup; it may raise :class:`Stopped`."""

    def go_on(self) -> None:
        """Do what has come, without waiting for more; called after each step."""

    def wait(self, until: "Future[None]") -> None:
        """Do what comes until something is done."""


class AtRest:
    """Nobody has the store open, so all there is to do is to tell how far it is."""

    def __init__(self, tell: Callable[[], None]) -> None:
        """Call ``tell`` after each step."""
        self.go_on = tell

    def wait(self, until: "Future[None]") -> None:
        """Wait."""
        until.result()


class Backup:
    """Makes a file that holds all that a store held at one moment, or none.

    It is written under another name, and gets its own when it is whole and on the disk.

    Attributes:
        far: pages that are written, and all that there are.
    """

    def __init__(self, directory: Path, file: Path, *, is_forced: bool = False) -> None:
        """Back up the store of ``directory`` to ``file``; ``is_forced`` replaces one that is there."""
        self.far = 0, 0
        self._directory = directory
        self._file = file
        self._is_forced = is_forced
        self._part = Path(f"{file}.part")
        self._is_cancelled = False

    def prepare(self) -> None:
        """See if the file may come to be.

        Raises:
            StoreError: something stands in its way.
        """
        try:
            self._look()
        except OSError as error:
            raise StoreError(f"{self._file}: {_reason(error)}; name another file") from error

    def _look(self) -> None:
        file = self._file
        if file.is_dir():
            raise StoreError(f"{file} is a directory: name a file in it")
        if os.path.lexists(file):
            if not file.is_file():
                raise StoreError(f"{file} is no regular file: name another")
            if not self._is_forced:
                raise StoreError(f"{file} exists: name another, or have it replaced with --force")
        is_ours = file.name.startswith("hoofbeat.") and _is_same(file.parent, self._directory)
        if is_ours or Path(f"{file}-wal").exists():
            raise StoreError(f"{file} belongs to a store that may be at work: name another file")

    def take(self, source: sqlite3.Connection, meanwhile: Meanwhile) -> None:
        """Write the file, on the thread whose connection ``source`` is, which may write in between.

        What it writes is in the backup too: SQLite carries it over, without beginning anew.

        Raises:
            StoreError: it can't be written, and nothing is left of it.
            Stopped: by ``meanwhile``, and nothing is left of it either.
        """
        try:
            with ExitStack() as stack:
                stack.callback(self.discard)
                self._write(source, meanwhile)
                stack.pop_all()
        except (StoreError, Stopped):
            raise
        except OSError as error:
            raise StoreError(
                f"{self._part}: {_reason(error)}; name a place that can be written to"
            ) from error
        except sqlite3.Error as error:
            raise StoreError(f"{self._part}: {error}; see if the disk has room, and is in order") from error
        except Exception as error:  # whatever it is, it is not the store that failed
            raise StoreError(f"{str(self._part)!r} can't be made: {error}") from error

    def doubt(self) -> None:
        """Note in it that what waits may have been delivered since, for its store goes on.

        Raises:
            StoreError: it can't be written, and nothing is left of it.
        """
        try:
            with closing(connect(self._part)) as made:
                note(made, "is_clean", 0)
        except (sqlite3.Error, StoreError) as error:
            self.discard()
            raise StoreError(f"{self._part}: {error}; see if the disk has room, and is in order") from error

    def finish(self) -> int:
        """Give the file its name once it is on the disk; return its size.

        Raises:
            StoreError: that failed, and nothing is left of it.
        """
        try:
            with self._part.open("rb") as part:
                os.fsync(part.fileno())
            self.prepare()  # something may have come to be under its name
            self._part.replace(self._file)
            sync_names(self._file.parent)
        except OSError as error:
            raise StoreError(f"{self._file}: {_reason(error)}; see if the disk is in order") from error
        finally:
            self.discard()
        return self._file.stat().st_size

    def cancel(self) -> None:
        """Have :meth:`take` end soon, with an error; from any thread."""
        self._is_cancelled = True

    def discard(self) -> None:
        """Leave nothing that is not whole."""
        with suppress(OSError, ValueError):
            self._part.unlink(missing_ok=True)

    def _write(self, source: sqlite3.Connection, meanwhile: Meanwhile) -> None:
        self._look_for_room(source)
        self._part.unlink(missing_ok=True)
        descriptor = os.open(self._part, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600)
        with ExitStack() as stack:
            pace = _Pace(descriptor, meanwhile)
            stack.callback(pace.end)
            target = stack.enter_context(closing(_connect(self._part)))

            def after_step(status: int, remaining: int, total: int) -> None:
                if self._is_cancelled:
                    raise StoreError(f"{self._file} is given up: nobody waits for it any more")
                self.far = total - remaining, total
                pace.keep(total - remaining)

            source.backup(target, pages=PAGES, progress=after_step)

    def _look_for_room(self, source: sqlite3.Connection) -> None:
        place = self._file.parent
        size = _pragma(source, "page_count") * _pragma(source, "page_size")
        spare = spare_bytes(place) if _is_on_one_disk(place, self._directory) else 0
        free = free_bytes(place)
        if free < size + spare:
            raise StoreError(
                f"{place} has no room for a backup of {_mebibytes(size)}: {_mebibytes(free)} are free"
                + (f", of which {_mebibytes(spare)} are left to the store" if spare else "")
            )


class _Pace:
    """Keeps a backup from filling the memory of a disk that others wait for."""

    def __init__(self, descriptor: int, meanwhile: Meanwhile) -> None:
        self._descriptor = descriptor
        self._disk = ThreadPoolExecutor(1, "backup")
        self._meanwhile = meanwhile
        self._syncing: Future[None] | None = None
        self._synced = 0

    def keep(self, pages: int) -> None:
        """Let others have their turn; now and then wait until what is written is on the disk."""
        self._meanwhile.go_on()
        if abs(pages - self._synced) >= SYNC_PAGES:
            self._synced = pages
            if self._syncing is not None:
                self._meanwhile.wait(self._syncing)
                self._syncing.result()
            self._syncing = self._disk.submit(os.fsync, self._descriptor)

    def end(self) -> None:
        """Close the file once it may be; nobody waits for that."""
        try:
            self._disk.submit(os.close, self._descriptor)
        except RuntimeError:  # there are no threads to be had
            os.close(self._descriptor)
        self._disk.shutdown(wait=False)


def _connect(path: Path) -> sqlite3.Connection:
    """Open what a backup is written to: if that fails nothing is left of it, so nothing is kept safe."""
    connection = sqlite3.connect(path, isolation_level=None)
    for name, value in (
        ("journal_mode", "OFF"),
        ("synchronous", "OFF"),
        ("locking_mode", "EXCLUSIVE"),
        ("cache_size", -2048),
    ):
        connection.execute(f"PRAGMA {name} = {value}").fetchall()
    return connection


def _pragma(connection: sqlite3.Connection, name: str) -> int:
    return int(connection.execute(f"PRAGMA {name}").fetchone()[0])


def _is_same(one: Path, other: Path) -> bool:
    return one.exists() and other.exists() and one.samefile(other)


def _is_on_one_disk(one: Path, other: Path) -> bool:
    return one.stat().st_dev == other.stat().st_dev


def _reason(error: OSError) -> str:
    return (error.strerror or str(error)).lower()


def _mebibytes(size: int) -> str:
    return f"{-(-size // _MEBIBYTE):,} MiB"
