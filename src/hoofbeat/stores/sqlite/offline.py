"""A store that no broker has open: looked over, counted, tidied, made small, and copied."""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Final, NamedTuple

from hoofbeat.errors import StoreError
from hoofbeat.stores.base import Unsubscribe
from hoofbeat.stores.sqlite.backup import AtRest, Backup
from hoofbeat.stores.sqlite.changing import Changing
from hoofbeat.stores.sqlite.counting import Count, counts
from hoofbeat.stores.sqlite.directory import Directory
from hoofbeat.stores.sqlite.meter import Progress
from hoofbeat.stores.sqlite.schema import FILE, connect

_DURABLE: Final = "SELECT 1 FROM durable_subscription WHERE name = ?"
_NEEDED: Final = """
    SELECT seq, count(*) AS refs FROM (
        SELECT seq FROM pending UNION ALL SELECT seq FROM retained UNION ALL SELECT seq FROM history
    ) GROUP BY seq
"""
# What must not be there, and how to find it.
_FAULTS: Final = (
    (
        "message {} is needed {} times, and counted {} times",
        f"SELECT m.seq, coalesce(n.refs, 0), m.refs FROM message m LEFT JOIN ({_NEEDED}) n USING (seq) "
        "WHERE m.refs IS NOT n.refs",
    ),
    (
        "message {} is needed, and missing",
        f"SELECT seq FROM ({_NEEDED}) WHERE seq NOT IN (SELECT seq FROM message)",
    ),
    (
        "message {} waits in queue number {}, which has no name",
        "SELECT seq, queue FROM pending WHERE queue NOT IN (SELECT id FROM queue)",
    ),
)
_MOST_FAULTS: Final = 100  # of each kind


class Sizes(NamedTuple):
    """Octets of a file, before and after."""

    before: int
    after: int


@contextmanager
def opened(path: Path) -> Iterator[sqlite3.Connection]:
    """Have a store that is there, alone: its directory, or a file that is a backup.

    Raises:
        StoreError: there is none, or it can't be read.
        StoreInUse: a broker has it.
    """
    file = path if path.is_file() else path / FILE
    if not file.is_file() or not file.stat().st_size:
        raise StoreError(f"{path} holds no store: name the directory that `serve --data` has, or a backup")
    with ExitStack() as stack:
        if file is not path:
            stack.enter_context(closing(Directory(path)))
        connection = stack.enter_context(closing(connect(file)))
        try:
            yield connection
        except sqlite3.Error as error:
            raise StoreError(f"{file}: {error}; restore a backup if it is not the disk") from error


def see(path: Path) -> None:
    """See if a store is there for us to open.

    Raises:
        StoreError: there is none, or it can't be read.
        StoreInUse: a broker has it.
    """
    with opened(path):
        pass


def check(path: Path) -> Sequence[str]:
    """Look a store over from end to end, and return what is wrong with it."""
    with opened(path) as connection:
        broken = [row[0] for row in connection.execute("PRAGMA integrity_check")]
        if broken != ["ok"]:
            return broken
        return [
            text.format(*row)
            for text, query in _FAULTS
            for row in connection.execute(f"{query} LIMIT {_MOST_FAULTS}")
        ]


def count(path: Path) -> Iterator[Sequence[Count]]:
    """Count all there is, piece by piece."""
    with opened(path) as connection:
        yield from counts(connection)


def forget(path: Path, name: str) -> None:
    """Delete a durable subscription, and what waits for it.

    Raises:
        StoreError: there is none of that name.
    """
    with opened(path) as connection:
        if not connection.execute(_DURABLE, (name,)).fetchone():
            raise no_durable(name)
        changing = Changing(connection)
        changing.make([Unsubscribe(name)])
        changing.commit()


def no_durable(name: str) -> StoreError:
    """Say that there is no durable subscription of that name."""
    return StoreError(
        f"there is no durable subscription {name!r}: `hoofbeat store stats` lists what there is"
    )


def back_up(path: Path, backup: Backup, progress: Progress) -> int:
    """Make a backup, and tell how many pages of how many are written; return its size."""
    with opened(path) as connection:
        backup.prepare()
        backup.take(connection, AtRest(lambda: progress(*backup.far)))
    backup.doubt()
    return backup.finish()


def compact(path: Path) -> Sizes:
    """Give the room of what is gone back to the disk; it needs as much again while it works."""
    before = (path / FILE).stat().st_size if (path / FILE).exists() else 0
    with opened(path) as connection:
        connection.execute("VACUUM")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    return Sizes(before, (path / FILE).stat().st_size)
