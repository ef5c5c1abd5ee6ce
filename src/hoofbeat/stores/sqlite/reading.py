"""What is asked of the file: pages of queues, histories, and all there is at the start."""

import sqlite3
from collections.abc import Iterable, Sequence
from itertools import starmap
from typing import Any, Final

from hoofbeat.broker.message import HIGHEST_PRIORITY
from hoofbeat.stores.base import (
    DurableSubscription,
    Entry,
    History,
    Recovered,
    StoredMessage,
    Waiting,
)
from hoofbeat.stores.sqlite.counting import ranges, waiting
from hoofbeat.stores.sqlite.meter import STEP, Meter
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
    rows = connection.execute(_PAGE, (queue, HIGHEST_PRIORITY - priority, after, most))
    return [_entry(row) for row in _within(rows, most_bytes)]


def read_history(
    connection: sqlite3.Connection, topic: str, offset: int, most: int, most_bytes: int
) -> Sequence[Moment]:
    """Return what a topic's history holds from ``offset`` on, as :meth:`Store.replay` says."""
    rows = connection.execute(_HISTORY, (topic, offset, most))
    return [(row[_SIZE], row[_SIZE + 1], StoredMessage(*row[:_SIZE])) for row in _within(rows, most_bytes)]


def read_all(connection: sqlite3.Connection, meter: Meter | None = None) -> Recovered:
    """Return what is there at the start: counters, not messages.

    Args:
        connection: within a transaction, or of a store that nobody writes to.
        meter: counts the rows.
    """
    execute = connection.execute
    meter = meter or Meter()
    last = execute("SELECT coalesce(max(seq), 0) FROM message").fetchone()[0]
    return Recovered(
        epoch=str(get(connection, "epoch")),
        next_number=max(last + 1, _number(get(connection, "next_number"))),
        first_offset=_number(get(connection, "first_offset")),
        is_clean=bool(get(connection, "is_clean")),
        waiting=_read_waiting(connection, meter),
        delayed=[(row[0], _entry(row[1:])) for row in meter.count(execute(_DELAYED))],
        subscriptions=read_subscriptions(connection),
        retained=[
            (row[0], StoredMessage(*row[1:]))
            for row in execute(f"SELECT r.topic, {_MESSAGE} FROM retained r JOIN message m USING (seq)")
        ],
        histories=list(starmap(History, execute(_HISTORIES))),
        ids=list(meter.count(execute("SELECT destination, id, at FROM sent ORDER BY at"))),
    )


def read_subscriptions(connection: sqlite3.Connection) -> Sequence[DurableSubscription]:
    """Return the durable subscriptions."""
    return [
        DurableSubscription(name, where, selector, owner, bool(is_proven))
        for name, where, selector, owner, is_proven in connection.execute(
            "SELECT * FROM durable_subscription"
        )
    ]


def _read_waiting(connection: sqlite3.Connection, meter: Meter) -> Sequence[Waiting]:
    """Count what waits, by queue and priority."""
    names = dict(connection.execute("SELECT id, name FROM queue"))
    found: dict[tuple[int, int], Waiting] = {}
    for within in ranges(connection, STEP):
        (queue, rank), (messages, size, last) = within[:2], waiting(connection, within)
        if messages and queue in names:
            _, _, before, bytes, _ = found.get((queue, rank), ("", 0, 0, 0, 0))
            total = (messages + before, size + bytes, last)
            found[queue, rank] = Waiting(names[queue], HIGHEST_PRIORITY - rank, *total)
        meter.add(messages)
    return list(found.values())


def _entry(row: Sequence[Any]) -> Entry:
    return Entry(StoredMessage(*row[:_SIZE]), row[_SIZE], row[_SIZE + 1])


def _within(rows: Iterable[Sequence[Any]], most_bytes: int) -> Iterable[Sequence[Any]]:
    """Take rows while there is room for the headers and bodies before them: one always fits."""
    size = 0
    for row in rows:
        yield row
        size += len(row[_SIZE - 2]) + len(row[_SIZE - 1])
        if size >= most_bytes:
            break


def _number(value: object) -> int:
    return value if isinstance(value, int) else 1
