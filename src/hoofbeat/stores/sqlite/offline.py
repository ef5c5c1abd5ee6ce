"""A store that no broker has open: looked over, counted, made small, and copied."""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Final, NamedTuple

from hoofbeat.errors import StoreError
from hoofbeat.stores.base import Recovered
from hoofbeat.stores.sqlite.directory import Directory
from hoofbeat.stores.sqlite.reading import read_all
from hoofbeat.stores.sqlite.schema import FILE, connect

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
    """Have the file of a store that is there, alone.

    Raises:
        StoreError: there is none, a broker has it, or it can't be read.
    """
    if not (path / FILE).is_file():
        raise StoreError(f"{path} holds no store: name the directory that `serve --data` has")
    with ExitStack() as stack:
        stack.enter_context(closing(Directory(path)))
        connection = stack.enter_context(closing(connect(path / FILE)))
        try:
            yield connection
        except sqlite3.Error as error:
            raise StoreError(f"{path / FILE}: {error}; restore a backup if it is not the disk") from error


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


def stats(path: Path) -> Recovered:
    """Return what the next start will find, without a trace of having looked."""
    with opened(path) as connection:
        return read_all(connection)


def compact(path: Path) -> Sizes:
    """Give the room of what is gone back to the disk; it needs as much again while it works."""
    before = (path / FILE).stat().st_size if (path / FILE).exists() else 0
    with opened(path) as connection:
        connection.execute("VACUUM")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    return Sizes(before, (path / FILE).stat().st_size)
