"""What is put and removed within one commit: gathered, and written in as few steps as can be.

Between two steps of a statement, or two statements, the thread lets go of Python's lock, and where the event
loop is busy it waits long to have it back. So one statement does many things, by a trigger: of a small commit
it does all, and is that commit.
"""

import json
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, TypeVar

from hoofbeat.broker.message import HIGHEST_PRIORITY
from hoofbeat.stores.base import Key, StoredMessage

# More messages than these are inserted by statements of their own: that takes half the time for each.
_FEW: Final = 32
MOST_ROWS: Final = 4096  # in one statement: while they are written as JSON, nothing else runs
_LENGTHS: Final = (256, 32, 4, 1)  # messages of such a statement: few, so that each is compiled once
_CONFLICT: Final = "ON CONFLICT (seq) DO UPDATE SET refs = refs + excluded.refs"
_INSERT: Final[Mapping[int, str]] = {
    length: f"INSERT INTO message VALUES {', '.join(['(?, ?, ?, ?, ?, ?, ?, ?)'] * length)} {_CONFLICT}"
    for length in _LENGTHS
}

# A commit as one row. Of its messages the octets stand behind one another: prefix, headers, body of each.
_WORK: Final = "INSERT INTO work VALUES (?, ?, ?, ?, ?, ?)"
_FOUND: Final = "queue = NEW.queue AND rank = NEW.rank AND seq IN (SELECT value FROM json_each(NEW.gone))"
_VIEW: Final = (
    """
    CREATE TEMP VIEW IF NOT EXISTS work (messages, octets, waiting, queue, rank, gone)
    AS SELECT '', '', '', 0, 0, ''
    """,
    f"""
    CREATE TEMP TRIGGER IF NOT EXISTS work_comes INSTEAD OF INSERT ON work BEGIN
        INSERT INTO message SELECT
            value ->> 0, substr(NEW.octets, value ->> 1, value ->> 2), value ->> 3, value ->> 4, value ->> 5,
            substr(NEW.octets, value ->> 6, value ->> 7), substr(NEW.octets, value ->> 8, value ->> 9),
            value ->> 10
        FROM json_each(NEW.messages) WHERE true {_CONFLICT};
        INSERT INTO pending SELECT
            value ->> 0, value ->> 1, value ->> 2, value ->> 3, 0, value ->> 4, value ->> 5
        FROM json_each(NEW.waiting);
        DELETE FROM message WHERE refs = 1 AND seq IN (SELECT seq FROM pending WHERE {_FOUND});
        UPDATE message SET refs = refs - 1 WHERE seq IN (SELECT seq FROM pending WHERE {_FOUND});
        DELETE FROM pending WHERE {_FOUND};
    END
    """,
)

# Rows of it, as JSON: by `json.dumps` a commit of 25 has other threads stand still for a sixth longer.
_MESSAGE: Final = "[%d,%d,%d,%s,%d,%d,%d,%d,%d,%d,%d]"
_ENTRY: Final = "[%d,%d,%d,%d,%d,%d]"

Place = tuple[int, int, int]  # queue, rank, number: the key of `pending`
Row = Sequence[Any]
Item = TypeVar("Item")


class Gathering:
    """Rows to come and to go, of one transaction; what comes and goes within it is never written."""

    __slots__ = ("_connection", "_gone", "_messages", "_refs", "_waiting")

    def __init__(self, connection: sqlite3.Connection) -> None:
        """Start with nothing."""
        self._connection = connection
        for statement in _VIEW:
            connection.execute(statement)
        self._messages: dict[int, StoredMessage] = {}
        self._refs: dict[int, int] = {}
        self._waiting: dict[Place, tuple[int, ...]] = {}
        self._gone: dict[tuple[int, int], list[int]] = {}

    def put(
        self, queues: Sequence[int], messages: Sequence[StoredMessage], visible_at_ms: int, transient: int
    ) -> None:
        """Have messages wait in queues."""
        waiting, refs = self._waiting, self._refs
        for message in messages:
            number, rank, size = message.number, HIGHEST_PRIORITY - message.priority, message.size
            self._messages[number] = message
            refs[number] = refs.get(number, 0) + len(queues)
            for queue in queues:
                place = (queue, rank, number)
                if place in waiting:
                    raise sqlite3.IntegrityError(f"message {number} was put into one queue twice")
                waiting[place] = (*place, size, visible_at_ms, transient)

    def remove(self, queue: int, keys: Sequence[Key]) -> None:
        """Entries of a queue are done with."""
        waiting = self._waiting
        for priority, number in keys:
            if waiting and waiting.pop((queue, HIGHEST_PRIORITY - priority, number), ()):
                self._forget(number)
            else:
                self._gone.setdefault((queue, HIGHEST_PRIORITY - priority), []).append(number)

    def _forget(self, number: int) -> None:
        self._refs[number] -= 1
        if not self._refs[number]:
            del self._refs[number], self._messages[number]

    def clear(self) -> None:
        """Forget all of it: the transaction was rolled back."""
        self._messages, self._refs, self._waiting, self._gone = {}, {}, {}, {}

    @property
    def is_brief(self) -> bool:
        """Say whether one statement writes all of it."""
        if len(self._messages) > _FEW or len(self._gone) > 1:
            return False
        gone = sum([len(numbers) for numbers in self._gone.values()])
        return len(self._waiting) + gone <= MOST_ROWS

    def write(self) -> None:
        """Write what was gathered, if anything was."""
        rows = [(*message, self._refs[number]) for number, message in self._messages.items()]
        if len(rows) > _FEW:
            insert(self._connection, rows)
            rows = []
        *pieces, waiting = _pieces(list(self._waiting.values())) or [[]]
        gone = [(place, part) for place, numbers in self._gone.items() for part in _pieces(numbers)]
        self.clear()
        for piece in pieces:
            self._work(rows, piece, 0, 0, [])
            rows = []
        if waiting or gone:
            (queue, rank), numbers = gone.pop() if gone else ((0, 0), [])
            self._work(rows, waiting, queue, rank, numbers)
        for (queue, rank), numbers in gone:
            self._work([], [], queue, rank, numbers)

    def _work(
        self, rows: Sequence[Row], waiting: Sequence[Row], queue: int, rank: int, gone: Sequence[int]
    ) -> None:
        messages, octets = _packed(rows)
        entries = _array([_ENTRY % row for row in waiting])
        self._connection.execute(_WORK, (messages, octets, entries, queue, rank, str(gone)))


def insert(connection: sqlite3.Connection, rows: Sequence[Row]) -> None:
    """Keep messages, each a row with what needs it counted; what is there is counted up."""
    for length, part in _parts(rows):
        connection.execute(_INSERT[length], [value for row in part for value in row])


def _pieces(items: Sequence[Item]) -> list[Sequence[Item]]:
    return [items[at : at + MOST_ROWS] for at in range(0, len(items), MOST_ROWS)]


def _parts(rows: Sequence[Row]) -> Iterable[tuple[int, Sequence[Row]]]:
    at = 0
    for length in _LENGTHS:
        while len(rows) - at >= length:
            yield length, rows[at : at + length]
            at += length


def _packed(rows: Sequence[Row]) -> tuple[str, bytes]:
    """Put the octets of messages behind one another; in their place stands where they begin, and how many."""
    packed: list[str] = []
    names: dict[str, str] = {}
    octets = [b"\0"]  # of no octets at all, a part would be NULL
    at = 2
    for number, prefix, destination, priority, expires_ms, headers, body, refs in rows:
        name = names.get(destination)
        if name is None:
            name = names[destination] = json.dumps(destination)
        to, end = at + len(prefix), at + len(prefix) + len(headers)
        places = (to, len(headers), end, len(body))
        packed.append(_MESSAGE % (number, at, len(prefix), name, priority, expires_ms, *places, refs))
        octets += (prefix, headers, body)
        at = end + len(body)
    return _array(packed), b"".join(octets)


def _array(items: Sequence[str]) -> str:
    return f"[{','.join(items)}]"
