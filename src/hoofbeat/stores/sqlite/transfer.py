"""A store as lines of JSON, and back: for other programs, and for other formats of the file.

One object a line. The first tells of the store; then come entries of queues, durable
subscriptions, last values, histories and ids of senders, each named by its ``record``. Octets that
are no text in UTF-8 are in base 64, under the same name with ``_base64`` behind it.
"""

import base64
import json
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any, Final

from hoofbeat.broker.destination import parse
from hoofbeat.errors import Refused, StoreError
from hoofbeat.stores.base import (
    Append,
    Change,
    DurableSubscription,
    Key,
    Mark,
    Put,
    Remember,
    Retain,
    StoredMessage,
    Subscribe,
)
from hoofbeat.stores.sqlite.accepting import check_message, check_subscription, read_number
from hoofbeat.stores.sqlite.changing import Changing
from hoofbeat.stores.sqlite.directory import Directory
from hoofbeat.stores.sqlite.offline import opened
from hoofbeat.stores.sqlite.reading import read_all, read_history, read_page
from hoofbeat.stores.sqlite.schema import FILE, LOG, connect, note

VERSION: Final = 1
_PAGE: Final = 500
_PAGE_BYTES: Final = 4 * 1024 * 1024
_OCTETS: Final = ("prefix", "headers", "body")
_FAULTS: Final = (
    ValueError,
    KeyError,
    TypeError,
    AttributeError,
    OverflowError,
    RecursionError,
    sqlite3.Error,
)  # what a line can bring about that is none of ours

Record = dict[str, Any]


def export(path: Path) -> Iterator[str]:
    """Write a store as lines, without their ends."""
    for record in _records(path):
        yield json.dumps(record, ensure_ascii=False)


def _records(path: Path) -> Iterator[Record]:
    with opened(path) as file:
        found = read_all(file)
        yield {
            "record": "store",
            "version": VERSION,
            "epoch": found.epoch,
            "next_number": found.next_number,
            "first_offset": found.first_offset,
            "is_clean": found.is_clean,
        }
        for subscription in found.subscriptions:
            yield {"record": "subscription", **subscription._asdict()}
        for queue, entry in found.delayed:
            yield _entry(queue, entry.message, entry.deliveries, entry.visible_at_ms)
        for queue, priority, *_ in found.waiting:
            after = 0
            while page := read_page(file, queue, priority, after, _PAGE, _PAGE_BYTES):
                after = page[-1].message.number
                for message, deliveries, visible_at_ms in page:
                    yield _entry(queue, message, deliveries, visible_at_ms)
        for topic, message in found.retained:
            yield {"record": "retained", "topic": topic, "message": _message(message)}
        for topic, offset, following in found.histories:
            while moments := read_history(file, topic, offset, _PAGE, _PAGE_BYTES):
                offset = moments[-1][0] + 1
                for at, sent_ms, message in moments:
                    about = {"topic": topic, "offset": at, "sent_ms": sent_ms}
                    yield {"record": "moment", **about, "message": _message(message)}
            yield {"record": "history", "topic": topic, "next": following}
        for destination, id, sent_ms in found.ids:
            yield {"record": "id", "destination": destination, "id": id, "sent_ms": sent_ms}


def _entry(queue: str, message: StoredMessage, deliveries: int, visible_at_ms: int) -> Record:
    about = {"queue": queue, "deliveries": deliveries, "visible_at_ms": visible_at_ms}
    return {"record": "entry", **about, "message": _message(message)}


def _message(message: StoredMessage) -> Record:
    record: Record = {}
    for name, value in message._asdict().items():
        if isinstance(value, bytes):
            try:
                record[name] = value.decode()
            except UnicodeDecodeError:
                record[f"{name}_base64"] = base64.b64encode(value).decode()
        else:
            record[name] = value
    return record


def load(path: Path, lines: Iterable[str]) -> int:
    """Make a store of lines that :func:`export` wrote, all or nothing; return how many there were.

    Raises:
        StoreError: there is a store already, or a line can't be understood.
    """
    if (path / FILE).exists():
        raise StoreError(f"{path} holds a store already: name an empty directory")
    directory = Directory(path)
    try:
        count = _load(path, lines)
        directory.sync()
    except BaseException:
        for name in (FILE, LOG):
            (path / name).unlink(missing_ok=True)
        raise
    finally:
        directory.close()
    return count


def _load(path: Path, lines: Iterable[str]) -> int:
    connection = connect(path / FILE)
    try:
        changing, rest, count = Changing(connection), enumerate(lines, 1), 0
        while part := list(islice(rest, _PAGE)):
            connection.execute("BEGIN IMMEDIATE")
            for count, line in part:
                try:
                    record = json.loads(line, parse_int=read_number)
                    if count == 1:
                        _check(record)
                        note(connection, "epoch", record["epoch"])
                        note(connection, "is_clean", int(record["is_clean"]))
                        note(connection, "next_number", record["next_number"])
                        note(connection, "first_offset", record.get("first_offset", 1))
                        changing.highest = record["next_number"] - 1
                    else:
                        changing.make(_CHANGES[record["record"]](record))
                except Refused as error:
                    raise StoreError(f"line {count} is no record of a store: {error}") from error
                except _FAULTS as error:
                    raise StoreError(f"line {count} is no record of a store: {error!r}") from error
            changing.write()
            connection.execute("COMMIT")
        if not count:
            raise StoreError("there was nothing to import")
        note(connection, "next_number", changing.highest + 1)
        return count
    finally:
        connection.close()


def _check(record: Record) -> None:
    if record["record"] != "store":
        raise ValueError("the first line tells of the store")
    if record["version"] > VERSION:
        raise StoreError(f"this is of version {record['version']}, and Hoofbeat knows them up to {VERSION}")


def _read_message(record: Record) -> StoredMessage:
    values = dict(record)
    for name in _OCTETS:
        encoded = values.pop(f"{name}_base64", None)
        values[name] = values[name].encode() if encoded is None else base64.b64decode(encoded, validate=True)
    message = StoredMessage(**values)
    check_message(message)
    return message


def _put(record: Record) -> list[Change]:
    message = _read_message(record["message"])
    queue, deliveries, visible_at_ms = record["queue"], record["deliveries"], record["visible_at_ms"]
    changes: list[Change] = [Put([queue], [message], visible_at_ms)]
    if deliveries:
        key = Key(message.priority, message.number)
        changes.append(Mark(queue, [key], [deliveries], visible_at_ms))
    return changes


def _subscribe(record: Record) -> list[Change]:
    name, where, is_proven = record["name"], record["destination"], record.get("is_proven", False)
    subscription = DurableSubscription(name, where, record["selector"], record["owner"], is_proven)
    check_subscription(subscription)
    return [Subscribe(subscription)]


def _retain(record: Record) -> list[Change]:
    return [Retain(parse(record["topic"]).name, _read_message(record["message"]))]


def _append(record: Record) -> list[Change]:
    message = _read_message(record["message"])
    return [Append(parse(record["topic"]).name, record["offset"], [message], record["sent_ms"])]


def _note_end(record: Record) -> list[Change]:
    return [Append(parse(record["topic"]).name, record["next"], [], 0)]


def _remember(record: Record) -> list[Change]:
    return [Remember(parse(record["destination"]).name, [record["id"]], [record["sent_ms"]])]


_CHANGES: Final[Mapping[str, Callable[[Record], list[Change]]]] = {
    "entry": _put,
    "subscription": _subscribe,
    "retained": _retain,
    "moment": _append,
    "history": _note_end,
    "id": _remember,
}
