"""What is asked of the file: pages of queues, histories, and all there is at the start."""

import sqlite3
from collections.abc import Iterable, Sequence
from itertools import starmap
from typing import Any, Final

from hoofbeat.stores.base import (
    DurableSubscription,
    Entry,
    History,
    Recovered,
    StoredMessage,
    Waiting,
)
from hoofbeat.stores.sqlite.schema import get

Moment = tuple[int, int, StoredMessage]

_MESSAGE: Final = "m.seq, m.prefix, m.destination, m.priority, m.expires, m.headers, m.body"
_PAGE: Final = f"""
    SELECT {_MESSAGE}, p.deliveries, p.visible_at FROM pending p JOIN message m USING (seq)
    WHERE p.queue = (SELECT id FROM queue WHERE name = ?) AND p.rank = ? AND p.seq > ? AND p.visible_at = 0
    ORDER BY p.seq LIMIT ?
"""
_HISTORY: Final = f"""
    SELECT {_MESSAGE}, h.offset, h.sent FROM history h JOIN message m USING (seq)
    WHERE h.topic = (SELECT id FROM topic WHERE name = ?) AND h.offset >= ? ORDER BY h.offset LIMIT ?
"""
_WAITING: Final = """
    SELECT q.name, 9 - w.rank, w.messages, w.bytes, w.last FROM (
        SELECT queue, rank, count(*) messages, sum(size) bytes, max(seq) last
        FROM pending WHERE visible_at = 0 GROUP BY queue, rank
    ) w JOIN queue q ON q.id = w.queue ORDER BY w.queue, w.rank
"""
_DELAYED: Final = f"""
    SELECT q.name, {_MESSAGE}, p.deliveries, p.visible_at FROM pending p
    JOIN message m USING (seq) JOIN queue q ON q.id = p.queue
    WHERE p.visible_at > 0 ORDER BY p.visible_at, p.seq
"""
_HISTORIES: Final = """
    SELECT t.name, coalesce((SELECT min(offset) FROM history WHERE topic = t.id), t.next), t.next FROM topic t
"""
_SIZE: Final = 7  # columns of a message


def read_page(
    connection: sqlite3.Connection, queue: str, priority: int, after: int, most: int, most_bytes: int
) -> Sequence[Entry]:
    """Return the next entries of a queue and priority, as :meth:`Store.read` says."""
    rows = connection.execute(_PAGE, (queue, 9 - priority, after, most))
    return [_entry(row) for row in _within(rows, most_bytes)]


def read_history(
    connection: sqlite3.Connection, topic: str, offset: int, most: int, most_bytes: int
) -> Sequence[Moment]:
    """Return what a topic's history holds from ``offset`` on, as :meth:`Store.replay` says."""
    rows = connection.execute(_HISTORY, (topic, offset, most))
    return [(row[_SIZE], row[_SIZE + 1], StoredMessage(*row[:_SIZE])) for row in _within(rows, most_bytes)]


def read_all(connection: sqlite3.Connection) -> Recovered:
    """Return what is there at the start: counters, not messages."""
    execute = connection.execute
    last = execute("SELECT coalesce(max(seq), 0) FROM message").fetchone()[0]
    return Recovered(
        epoch=str(get(connection, "epoch")),
        next_number=max(last + 1, _number(get(connection, "next_number"))),
        is_clean=bool(get(connection, "is_clean")),
        waiting=list(starmap(Waiting, execute(_WAITING))),
        delayed=[(row[0], _entry(row[1:])) for row in execute(_DELAYED)],
        subscriptions=list(starmap(DurableSubscription, execute("SELECT * FROM durable_subscription"))),
        retained=[
            (row[0], StoredMessage(*row[1:]))
            for row in execute(f"SELECT r.topic, {_MESSAGE} FROM retained r JOIN message m USING (seq)")
        ],
        histories=list(starmap(History, execute(_HISTORIES))),
        ids=execute("SELECT destination, id, at FROM sent ORDER BY at").fetchall(),
    )


def _entry(row: Sequence[Any]) -> Entry:
    return Entry(StoredMessage(*row[:_SIZE]), row[_SIZE], row[_SIZE + 1])


def _within(rows: Iterable[Sequence[Any]], most_bytes: int) -> Iterable[Sequence[Any]]:
    """Take rows while there is room for the bodies before them: one always fits."""
    size = 0
    for row in rows:
        yield row
        size += len(row[_SIZE - 1])
        if size >= most_bytes:
            break


def _number(value: object) -> int:
    return value if isinstance(value, int) else 1
