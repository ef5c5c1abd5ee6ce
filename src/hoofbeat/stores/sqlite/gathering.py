"""What is put and removed within one commit: gathered, and written in as few steps as can be.

Between two steps of a statement the thread lets go of Python's lock, and where the event loop is
busy it waits long to have it back: so one step is made to write many rows.
"""

import json
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from hoofbeat.stores.base import Key, StoredMessage

_LENGTHS: Final = (256, 32, 4, 1)  # messages of one statement: few, so that each is compiled once
_INSERT: Final[Mapping[int, str]] = {
    length: f"""
        INSERT INTO message VALUES {", ".join(["(?, ?, ?, ?, ?, ?, ?, ?)"] * length)}
        ON CONFLICT (seq) DO UPDATE SET refs = refs + excluded.refs
    """
    for length in _LENGTHS
}
_WAIT: Final = """
    INSERT INTO pending
    SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, 0, value ->> 4, value ->> 5 FROM json_each(?)
"""
_FOUND: Final = "queue = ? AND rank = ? AND seq IN (SELECT value FROM json_each(?))"

Place = tuple[int, int, int]  # queue, rank, number: the key of `pending`


class Gathering:
    """Rows to come and to go, of one transaction; what comes and goes within it is never written."""

    __slots__ = ("_connection", "_gone", "_messages", "_refs", "_waiting")

    def __init__(self, connection: sqlite3.Connection) -> None:
        """Start with nothing."""
        self._connection = connection
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
            number, rank, size = message.number, 9 - message.priority, message.size
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
            if waiting and waiting.pop((queue, 9 - priority, number), ()):
                self._forget(number)
            else:
                self._gone.setdefault((queue, 9 - priority), []).append(number)

    def _forget(self, number: int) -> None:
        self._refs[number] -= 1
        if not self._refs[number]:
            del self._refs[number], self._messages[number]

    def clear(self) -> None:
        """Forget all of it: the transaction was rolled back."""
        self._messages, self._refs, self._waiting, self._gone = {}, {}, {}, {}

    def write(self) -> None:
        """Write what was gathered."""
        if self._messages:
            self._insert()
            self._connection.execute(_WAIT, (json.dumps(list(self._waiting.values())),))
        for (queue, rank), numbers in self._gone.items():
            self._remove((queue, rank, json.dumps(numbers)), len(numbers))
        self.clear()

    def _insert(self) -> None:
        rows = [(*message, self._refs[number]) for number, message in self._messages.items()]
        insert(self._connection, rows)

    def _remove(self, found: tuple[int, int, str], count: int) -> None:
        """Remove entries that there are, and messages that nothing else needs."""
        known = f"seq IN (SELECT seq FROM pending WHERE {_FOUND})"
        gone = self._connection.execute(f"DELETE FROM message WHERE refs = 1 AND {known}", found).rowcount
        if gone < count:
            self._connection.execute(f"UPDATE message SET refs = refs - 1 WHERE {known}", found)
        self._connection.execute(f"DELETE FROM pending WHERE {_FOUND}", found)


def insert(connection: sqlite3.Connection, rows: Sequence[Sequence[Any]]) -> None:
    """Keep messages, each a row with what needs it counted; what is there is counted up."""
    for length, part in _parts(rows):
        connection.execute(_INSERT[length], [value for row in part for value in row])


def _parts(rows: Sequence[Sequence[Any]]) -> Iterable[tuple[int, Sequence[Sequence[Any]]]]:
    at = 0
    for length in _LENGTHS:
        while len(rows) - at >= length:
            yield length, rows[at : at + length]
            at += length
