"""Each kind of change, as statements of SQL."""

import sqlite3
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

from hoofbeat.broker.message import HIGHEST_PRIORITY
from hoofbeat.stores.base import (
    Append,
    Change,
    Forget,
    Mark,
    Put,
    Remember,
    Remove,
    Retain,
    StoredMessage,
    Subscribe,
    Trim,
    Unsubscribe,
)
from hoofbeat.stores.sqlite.gathering import Gathering, insert
from hoofbeat.stores.sqlite.meter import Meter
from hoofbeat.stores.sqlite.schema import note

NUMBERS_AHEAD: Final = 1_000_000  # kept free, so that not every commit has to note the last one
_TRANSIENT: Final = "SELECT queue, rank, seq FROM pending WHERE transient > 0 LIMIT 10000"


class Changing:
    """Makes changes on one connection: all since the last :meth:`commit` or none.

    Attributes:
        highest: number that was put since the start.
    """

    __slots__ = ("_connection", "_gathering", "_kinds", "_noted", "_queues", "_topics", "highest")

    def __init__(self, connection: sqlite3.Connection) -> None:
        """Work on ``connection``."""
        self.highest = 0
        self._noted = 1
        self._connection = connection
        self._gathering = Gathering(connection)
        self._queues: dict[str, int] = {}
        self._topics: dict[str, int] = {}
        self._kinds: Mapping[type, Callable[[Any], None]] = {
            Put: self._put,
            Remove: self._remove,
            Mark: self._mark,
            Subscribe: self._subscribe,
            Unsubscribe: self._unsubscribe,
            Retain: self._retain,
            Append: self._append,
            Trim: self._trim,
            Remember: self._remember,
            Forget: self._forget,
        }

    def make(self, changes: Sequence[Change]) -> None:
        """Make changes, in order."""
        for change in changes:
            if not isinstance(change, Put | Remove):
                self.write()
            self._kinds[type(change)](change)

    def write(self) -> None:
        """Write what was gathered, within a transaction: after this it can be read there."""
        self._begin()
        self._gathering.write()

    def commit(self) -> None:
        """Have all of it be safe; where only few messages came and went, one statement does that."""
        if not self._gathering.is_brief:
            self._begin()
        self._gathering.write()
        if self._connection.in_transaction:
            self._connection.execute("COMMIT")

    def _begin(self) -> sqlite3.Connection:
        """Return the connection, in a transaction."""
        if not self._connection.in_transaction:
            self._connection.execute("BEGIN IMMEDIATE")
        return self._connection

    def forget(self) -> None:
        """Take all back that was not committed: it failed."""
        if self._connection.in_transaction:
            self._connection.execute("ROLLBACK")
        self._gathering.clear()
        self._noted = 1  # and with it what was noted in it
        self._queues.clear()
        self._topics.clear()

    # Queues.

    def _put(self, put: Put) -> None:
        self._count(put.messages)
        queues = [self._queue(queue) for queue in put.queues]
        self._gathering.put(queues, put.messages, put.visible_at_ms, int(put.is_transient))

    def _remove(self, remove: Remove) -> None:
        self._gathering.remove(self._queue(remove.queue), remove.keys)

    def _mark(self, mark: Mark) -> None:
        queue = self._queue(mark.queue)
        rows = [
            (deliveries, mark.visible_at_ms, queue, HIGHEST_PRIORITY - key.priority, key.number)
            for key, deliveries in zip(mark.keys, mark.deliveries, strict=True)
        ]
        noted = "UPDATE pending SET deliveries = ?, visible_at = ? WHERE queue = ? AND rank = ? AND seq = ?"
        self._connection.executemany(noted, rows)

    def _empty(self, queue: int) -> None:
        rows = self._connection.execute("SELECT seq FROM pending WHERE queue = ?", (queue,)).fetchall()
        self._connection.execute("DELETE FROM pending WHERE queue = ?", (queue,))
        self._release(row[0] for row in rows)

    def forget_transient(self, meter: Meter) -> None:
        """Remove what was kept only because memory had no room for it."""
        while rows := self._connection.execute(_TRANSIENT).fetchall():
            self._connection.executemany("DELETE FROM pending WHERE queue = ? AND rank = ? AND seq = ?", rows)
            self._release(row[2] for row in rows)
            meter.add(len(rows))

    def _queue(self, name: str) -> int:
        return self._id_of(name, self._queues, "queue (name) VALUES (?)")

    # Durable subscriptions, last values, histories.

    def _subscribe(self, subscribe: Subscribe) -> None:
        self._connection.execute(
            "INSERT OR REPLACE INTO durable_subscription VALUES (?, ?, ?, ?, ?)", subscribe.subscription
        )

    def _unsubscribe(self, unsubscribe: Unsubscribe) -> None:
        self._connection.execute("DELETE FROM durable_subscription WHERE name = ?", (unsubscribe.name,))
        self._empty(self._queue(unsubscribe.name))

    def _retain(self, retain: Retain) -> None:
        gone = "DELETE FROM retained WHERE topic = ? RETURNING seq"
        numbers = self._connection.execute(gone, (retain.topic,)).fetchall()
        if retain.message is not None:
            self._insert([retain.message])
            row = (retain.topic, retain.message.number)
            self._connection.execute("INSERT INTO retained VALUES (?, ?)", row)
        self._release(number for (number,) in numbers)

    def _append(self, append: Append) -> None:
        topic = self._topic(append.topic)
        self._insert(append.messages)
        rows = [
            (topic, offset, append.sent_ms, each.number)
            for offset, each in enumerate(append.messages, append.offset)
        ]
        self._connection.executemany("INSERT INTO history VALUES (?, ?, ?, ?)", rows)
        following = append.offset + len(rows)
        self._connection.execute("UPDATE topic SET next = max(next, ?) WHERE id = ?", (following, topic))

    def _trim(self, trim: Trim) -> None:
        gone = "DELETE FROM history WHERE topic = ? AND offset < ? RETURNING seq"
        rows = self._connection.execute(gone, (self._topic(trim.topic), trim.offset)).fetchall()
        self._release(row[0] for row in rows)

    def _remember(self, remember: Remember) -> None:
        rows = [
            (remember.destination, id, sent_ms)
            for id, sent_ms in zip(remember.ids, remember.sent_ms, strict=True)
        ]
        self._connection.executemany("INSERT OR REPLACE INTO sent VALUES (?, ?, ?)", rows)

    def _forget(self, forget: Forget) -> None:
        rows = [(forget.destination, id) for id in forget.ids]
        self._connection.executemany("DELETE FROM sent WHERE destination = ? AND id = ?", rows)

    def _topic(self, name: str) -> int:
        return self._id_of(name, self._topics, "topic (name, next) VALUES (?, 1)")

    # What they share.

    def _insert(self, messages: Sequence[StoredMessage]) -> None:
        self._count(messages)
        insert(self._connection, [(*each, 1) for each in messages])

    def _count(self, messages: Sequence[StoredMessage]) -> None:
        if messages:
            self.highest = max(self.highest, max([each.number for each in messages]))
        if self.highest >= self._noted:
            self._noted = self.highest + NUMBERS_AHEAD
            note(self._begin(), "next_number", self._noted)

    def _release(self, numbers: Iterable[int]) -> None:
        """Count down what needs messages: those that nothing needs any more go."""
        rows = [(number,) for number in numbers]
        gone = self._connection.executemany("DELETE FROM message WHERE seq = ? AND refs = 1", rows).rowcount
        if gone < len(rows):
            self._connection.executemany("UPDATE message SET refs = refs - 1 WHERE seq = ?", rows)

    def _id_of(self, name: str, known: dict[str, int], into: str) -> int:
        """Return the number that stands for a name in a table; it is given one if it has none."""
        id = known.get(name)
        if id is None:
            table = into.partition(" ")[0]
            self._begin().execute(f"INSERT OR IGNORE INTO {into}", (name,))
            found = self._connection.execute(f"SELECT id FROM {table} WHERE name = ?", (name,))
            id = known[name] = found.fetchone()[0]
        return id
