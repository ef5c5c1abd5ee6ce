"""What topics keep, in the store that is a file: all of it in one, and each message once."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from queue import SimpleQueue

from hoofbeat.config import BrokerConfig, TopicConfig
from hoofbeat.stores.sqlite.store import SqliteStore
from tests.conformance.wire import Wire, frame

TOPIC = "destination:/topic/a"
DURABLE = ("id:d", TOPIC, "persistent:true")
CONFIG = BrokerConfig(topic=TopicConfig(retained=True, history_messages=10))


class Running:
    """A broker with a store in a folder, until it is stopped."""

    def __init__(self, folder: Path) -> None:
        self._answers: SimpleQueue[Callable[[], None]] = SimpleQueue()
        self._store = SqliteStore(folder, post=self._answers.put, fatal=self._fatal)
        self.wire = Wire(CONFIG, store=self._store)

    def _fatal(self, why: BaseException) -> None:
        raise AssertionError(why)

    def hear(self) -> None:
        """Wait for the next word of the store."""
        self._answers.get(timeout=10)()
        self.wire.flush()

    def stop(self) -> None:
        self.wire.broker.engine.flush()
        self._store.close()


def test_all_of_it_is_there_after_a_restart(tmp_path: Path) -> None:
    before = Running(tmp_path)
    client = before.wire.connect()
    client.send(frame("SUBSCRIBE", *DURABLE))
    client.leave()
    sender = before.wire.connect()
    for body in (b"1", b"2", b"3"):
        sender.send(frame("SEND", TOPIC, "persistent:true", "priority:9", "receipt:r", body=body))
    while not sender.frames():
        before.hear()
    before.stop()
    with closing(sqlite3.connect(tmp_path / "hoofbeat.db")) as file:
        assert file.execute("SELECT body FROM message ORDER BY seq").fetchall() == [(b"1",), (b"2",), (b"3",)]

    after = Running(tmp_path)
    client = after.wire.connect()
    client.send(frame("SUBSCRIBE", "id:v", TOPIC))
    value = client.frame()
    assert (value.body, value.get("retained"), value.get("offset")) == (b"3", "true", "3")
    client.send(frame("SUBSCRIBE", "id:h", TOPIC, "offset:1", f"epoch:{value.header('epoch')}"))
    missed = []
    while len(missed) < 2:
        after.hear()
        missed += client.frames()
    assert [(heard.body, heard.get("offset"), heard.get("priority")) for heard in missed] == [
        (b"2", "2", "9"),
        (b"3", "3", "9"),
    ]
    client.send(frame("SUBSCRIBE", *DURABLE))
    waiting = []
    while len(waiting) < 3:
        after.hear()
        waiting += client.frames()
    assert [(heard.body, heard.get("offset"), heard.get("redelivered")) for heard in waiting] == [
        (b"1", "1", "false"),
        (b"2", "2", "false"),
        (b"3", "3", "false"),
    ]
    assert all([name for name, _ in heard.headers].count("offset") == 1 for heard in [*missed, *waiting])
    after.stop()
