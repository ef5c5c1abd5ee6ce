"""What is in a store, counted in pieces: none of them keeps a commit waiting for long."""

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from hoofbeat.errors import StoreError
from hoofbeat.stores.sqlite.schema import get

ENTRIES: Final = 4_000  # of a queue, in one piece: about a millisecond
_ROWS: Final = 500  # of other tables

# With less than the whole key SQLite would look through all that waits in the queue before.
_NEXT_QUEUE: Final = """
    SELECT queue, rank, seq FROM pending WHERE (queue, rank, seq) > (?, ?, 0x7FFFFFFFFFFFFFFF)
    ORDER BY queue, rank, seq LIMIT 1
"""
_NEXT_ENTRY: Final = "SELECT min(seq) FROM pending WHERE queue = ? AND rank = ? AND seq >= ?"
_WITHIN: Final = "queue = ? AND rank = ? AND seq >= ? AND seq < ?"
_WAITING: Final = f"SELECT count(*), sum(size), max(seq) FROM pending WHERE {_WITHIN} AND visible_at = 0"
_ENTRIES: Final = f"""
    SELECT count(*) FILTER (WHERE visible_at = 0), coalesce(sum(size) FILTER (WHERE visible_at = 0), 0),
    count(*) FILTER (WHERE visible_at > 0), coalesce(min(visible_at) FILTER (WHERE visible_at > 0), 0)
    FROM pending WHERE {_WITHIN}
"""
# Kinds of other rows, and how to find those after a name; the name is the first column.
_OTHERS: Final[Mapping[str, str]] = {
    "durable": "SELECT name, owner, destination, selector FROM durable_subscription",
    "retained": "SELECT topic AS name FROM retained",
    "history": """
        SELECT name, coalesce((SELECT min(offset) FROM history WHERE topic = topic.id), next) AS first, next
        FROM topic
    """,
}

Count = dict[str, str | int | float | bool]
Range = tuple[int, int, int, int]


class Walk:
    """Goes through a store that is at work, and counts a piece of it at a time."""

    __slots__ = ("_pieces",)

    def __init__(self) -> None:
        """Begin with the first piece."""
        self._pieces: Iterator[Sequence[Count]] | None = None

    def next(self, connection: sqlite3.Connection) -> Sequence[Count] | StoreError:
        """Return what is in the next piece; nothing after the last one."""
        try:
            if self._pieces is None:
                self._pieces = counts(connection)
            return next(self._pieces, ())
        except sqlite3.Error as error:
            return StoreError(f"the store can't be read: {error}; stop the broker, and check it")


def ranges(connection: sqlite3.Connection, most: int) -> Iterator[Range]:
    """Cut what waits into ranges of ``most`` entries at the most: queue, rank, first number, and end."""
    place: Sequence[int] = (-1, -1)
    while place := connection.execute(_NEXT_QUEUE, place[:2]).fetchone() or ():
        queue, rank, first = place
        while first is not None:
            yield queue, rank, first, first + most
            first = connection.execute(_NEXT_ENTRY, (queue, rank, first + most)).fetchone()[0]


def waiting(connection: sqlite3.Connection, within: Range) -> tuple[int, int, int]:
    """Return the messages, their bytes and the highest number of those that need not wait for their time."""
    messages, size, last = connection.execute(_WAITING, within).fetchone()
    return messages, size or 0, last or 0


def counts(connection: sqlite3.Connection) -> Iterator[Sequence[Count]]:
    """Count all there is, piece by piece: what is said of one queue in several is to be added up.

    Nothing is open between two pieces, so that a writer may do one between two commits.
    """
    yield [{"kind": "store", "epoch": str(get(connection, "epoch")), "is_clean": _is_clean(connection)}]
    names: dict[int, str] = {}
    for within in ranges(connection, ENTRIES):
        queue = within[0]
        if queue not in names:
            names = {queue: _name(connection, queue)}
        messages, size, delayed, next_ms = connection.execute(_ENTRIES, within).fetchone()
        count: Count = {"kind": "queue", "name": names[queue], "messages": messages, "bytes": size}
        yield [{**count, "delayed": delayed, "next_ms": next_ms}]
    for kind, query in _OTHERS.items():
        yield from _rows(connection, kind, query)


def _name(connection: sqlite3.Connection, queue: int) -> str:
    found = connection.execute("SELECT name FROM queue WHERE id = ?", (queue,)).fetchone()
    return str(found[0]) if found else f"number {queue}, which has no name"


def _rows(connection: sqlite3.Connection, kind: str, query: str) -> Iterator[Sequence[Count]]:
    name = ""
    while True:
        found = connection.execute(f"{query} WHERE name > ? ORDER BY name LIMIT {_ROWS}", (name,))
        columns = [column[0] for column in found.description]
        rows = [dict(zip(columns, row, strict=True)) for row in found]
        if not rows:
            break
        name = rows[-1]["name"]
        yield [{"kind": kind, **row} for row in rows]


def _is_clean(connection: sqlite3.Connection) -> bool:
    return bool(get(connection, "is_clean"))
