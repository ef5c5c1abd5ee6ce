"""The control socket: its owner's alone, bounded, and gone when the broker is."""

import asyncio
import json
import logging
import os
import socket
import stat
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from hoofbeat.assembly import make_broker
from hoofbeat.errors import StoreError
from hoofbeat.server import control
from hoofbeat.server.control import CONNECTIONS, NAME, QUESTION_BYTES, Control, short_name
from hoofbeat.stores.sqlite import offline
from hoofbeat.stores.sqlite.backup import AtRest, Backup
from hoofbeat.stores.sqlite.counting import Count, Walk
from tests.server.serving import CONFIG, connected, serving
from tests.server.test_data import SEND
from tests.stores.test_sqlite import opened
from tests.transports.echo import SECONDS

Answer = dict[str, Any]


class Caller:
    """Asks on a socket."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def ask(self, question: object) -> list[Answer]:
        """Ask, and return all answers."""
        self.writer.write(json.dumps(question).encode() + b"\n")
        return await self.rest()

    async def rest(self) -> list[Answer]:
        """Return what is answered until nothing more comes."""
        async with asyncio.timeout(SECONDS):
            return [json.loads(line) async for line in self.reader]


@asynccontextmanager
async def calling(directory: Path) -> AsyncIterator[Caller]:
    with short_name(directory / NAME) as name:
        caller = Caller(*await asyncio.open_unix_connection(name))
    try:
        yield caller
    finally:
        caller.writer.close()
        with suppress(OSError):
            await caller.writer.wait_closed()


async def asked(directory: Path, question: object) -> list[Answer]:
    async with calling(directory) as caller:
        return await caller.ask(question)


def a_backup(file: Path) -> Answer:
    return {"do": "backup", "file": str(file), "is_forced": False}


async def test_a_running_broker_counts_and_backs_up_what_it_keeps(tmp_path: Path) -> None:
    data, saved = tmp_path / "data", tmp_path / "saved"
    async with serving(replace(CONFIG, data=str(data))) as server, connected(server) as client:
        client.send(SEND)
        await client.until(b"receipt-id:1\n\n\0")
        *pieces, last = await asked(data, {"do": "count"})
        assert last == {"done": None}
        counts = [count for piece in pieces for count in piece["counts"]]
        size = len(b"\ndestination:/queue/a\npersistent:true" + b"hello")
        queue = {
            "kind": "queue",
            "name": "/queue/a",
            "messages": 1,
            "bytes": size,
            "delayed": 0,
            "next_ms": 0,
        }
        assert counts[1:] == [queue]
        *far, last = await asked(data, a_backup(saved))
        assert last == {"done": saved.stat().st_size}
        assert far[-1]["far"][0] == far[-1]["far"][1] > 0
        assert "exists" in (await asked(data, a_backup(saved)))[-1]["error"]
    assert offline.check(saved) == []


async def test_durable_subscriptions_are_listed_in_pieces_and_deleted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(control, "_DURABLES", 1)
    async with serving(replace(CONFIG, data=str(tmp_path))) as server, connected(server) as client:
        for id in "ab":
            client.send(SUBSCRIBE.replace(b"ID", id.encode()))
            await client.until(b"receipt-id:%s\n\n\0" % id.encode())
        client.send(b"UNSUBSCRIBE\nid:a\nreceipt:gone\n\n\0")
        await client.until(b"receipt-id:gone\n\n\0")
        *pieces, last = await asked(tmp_path, {"do": "count"})
        assert last == {"done": None}
        used = [
            (count["name"], count["destination"], count["is_used"])
            for piece in pieces[-2:]
            for count in piece["counts"]
        ]
        assert used == [("/dsub/a", "/topic/a", False), ("/dsub/b", "/topic/a", True)]
        assert await asked(tmp_path, {"do": "forget", "name": "/dsub/a"}) == [{"done": None}]
        (answer,) = await asked(tmp_path, {"do": "forget", "name": "/dsub/a"})
        assert "there is no durable subscription '/dsub/a'" in answer["error"]
        (answer,) = await asked(tmp_path, {"do": "forget", "name": "/dsub/b"})
        why = "somebody listens under that name; disconnect there first"
        assert answer["error"] == f"durable subscription '/dsub/b' is in use: {why}"
        *pieces, _ = await asked(tmp_path, {"do": "count"})
        assert [count["name"] for piece in pieces[1:] for count in piece["counts"]] == ["/dsub/b"] * 2


async def test_the_socket_is_its_owners_and_goes_with_the_broker(tmp_path: Path) -> None:
    async with serving(replace(CONFIG, data=str(tmp_path))) as server:
        mode = (tmp_path / NAME).stat().st_mode
        assert stat.S_ISSOCK(mode)
        assert stat.S_IMODE(mode) == 0o600
        await server.drain(5.0)
        assert not (tmp_path / NAME).exists()


async def test_what_a_dead_broker_left_is_replaced(tmp_path: Path) -> None:
    left = socket.socket(socket.AF_UNIX)
    left.bind(str(tmp_path / NAME))
    left.close()
    async with serving(replace(CONFIG, data=str(tmp_path))):
        assert (await asked(tmp_path, {"do": "count"}))[-1] == {"done": None}


async def test_a_path_may_be_longer_than_a_socket_takes(tmp_path: Path) -> None:
    data = tmp_path / ("long" * 30)
    async with serving(replace(CONFIG, data=str(data))):
        assert (await asked(data, {"do": "count"}))[-1] == {"done": None}


async def test_a_broker_can_do_without(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / NAME).mkdir()
    with caplog.at_level(logging.WARNING, "hoofbeat.server"):
        async with serving(replace(CONFIG, data=str(tmp_path))) as server, connected(server):
            pass
    assert f"hoofbeat store can't ask this broker: no socket at {tmp_path / NAME}" in caplog.text
    assert "is a directory" in caplog.text


SUBSCRIBE = b"SUBSCRIBE\nid:ID\ndestination:/topic/a\npersistent:true\nreceipt:ID\n\n\0"
NOBODY = make_broker().engine.durables


class Held:
    """A store that answers when the test does."""

    def __init__(self) -> None:
        self.counts: asyncio.Queue[Callable[[Any], None]] = asyncio.Queue()
        self.copies: asyncio.Queue[tuple[Backup, Callable[[Any], None]]] = asyncio.Queue()

    def count(self, walk: Walk, done: Callable[[Any], None]) -> None:
        self.counts.put_nowait(done)

    def copy(self, backup: Backup, done: Callable[[Any], None]) -> None:
        self.copies.put_nowait((backup, done))


@pytest.fixture
def held() -> Held:
    return Held()


@asynccontextmanager
async def answering(directory: Path, store: Held) -> AsyncIterator[Control]:
    answers = Control(directory, store, NOBODY)
    await answers.open()
    try:
        yield answers
    finally:
        await answers.close()


@pytest.mark.parametrize(
    "question",
    [
        b"what?\n",
        b"[1]\n",
        b"{}\n",
        b'{"do": "import"}\n',
        b'{"do": "forget"}\n',
        b'{"do": "forget", "name": 1}\n',
        b'{"do": "backup", "file": "relative", "is_forced": true}\n',
        b'{"do": "backup", "file": "/a"}\n',
        b"x" * (QUESTION_BYTES + 1),
        b"\xff\n",
    ],
)
async def test_what_is_no_question_is_answered_by_a_line(tmp_path: Path, held: Held, question: bytes) -> None:
    async with answering(tmp_path, held), calling(tmp_path) as caller:
        caller.writer.write(question)
        (answer,) = await caller.rest()
        assert "does not know what is asked" in answer["error"]


async def test_a_question_as_long_as_may_be_is_read(tmp_path: Path, held: Held) -> None:
    question = json.dumps({"do": "count"}).encode()
    async with answering(tmp_path, held), calling(tmp_path) as caller:
        caller.writer.write(question + b" " * (QUESTION_BYTES - len(question)) + b"\n")
        answers = asyncio.create_task(caller.rest())
        async with asyncio.timeout(SECONDS):
            (await held.counts.get())(())
        assert await answers == [{"done": None}]


async def test_who_asks_nothing_is_not_waited_for(
    tmp_path: Path, held: Held, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(control, "QUESTION_SECONDS", 0.01)
    async with answering(tmp_path, held), calling(tmp_path) as idle:
        assert await idle.rest() == []


async def test_who_asks_half_and_leaves_is_forgotten(tmp_path: Path, held: Held) -> None:
    async with answering(tmp_path, held), calling(tmp_path) as caller:
        caller.writer.write(b'{"do":')
        caller.writer.write_eof()
        assert await caller.rest() == []


async def test_only_so_many_may_ask_at_once(tmp_path: Path, held: Held) -> None:
    async with answering(tmp_path, held):
        callers = [
            Caller(*await asyncio.open_unix_connection(tmp_path / NAME)) for _ in range(CONNECTIONS + 1)
        ]
        (answer,) = await callers[-1].rest()
        assert "too much at once" in answer["error"]
        asking = asyncio.create_task(callers[0].ask({"do": "count"}))
        (await held.counts.get())(())
        assert await asking == [{"done": None}]
        for caller in callers:
            caller.writer.close()
            with suppress(OSError):
                await caller.writer.wait_closed()


async def test_who_does_not_read_the_answers_is_left(
    tmp_path: Path, held: Held, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(control, "ANSWER_SECONDS", 0.0)
    async with answering(tmp_path, held), calling(tmp_path) as caller:
        asking = asyncio.create_task(caller.ask({"do": "count"}))
        piece: list[Count] = [{"name": "x" * 10_000}] * 1_000
        (await held.counts.get())(piece)
        with suppress(OSError, json.JSONDecodeError, ValueError):
            assert await asking == []
        assert held.counts.empty()


async def test_what_can_not_be_counted_is_told(tmp_path: Path, held: Held) -> None:
    async with answering(tmp_path, held), calling(tmp_path) as caller:
        asking = asyncio.create_task(caller.ask({"do": "count"}))
        (await held.counts.get())(StoreError("it can't be read"))
        assert await asking == [{"error": "it can't be read"}]


async def test_a_backup_that_failed_is_told(tmp_path: Path, held: Held) -> None:
    async with answering(tmp_path, held), calling(tmp_path) as caller:
        asking = asyncio.create_task(caller.ask(a_backup(tmp_path / "saved")))
        _, done = await held.copies.get()
        done(StoreError("no room"))
        assert (await asking)[-1] == {"error": "no room"}


async def test_a_backup_is_given_up_when_nobody_waits_for_it(
    tmp_path: Path, held: Held, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(control, "_TELL_SECONDS", 0.001)
    async with answering(tmp_path, held) as answers:
        async with calling(tmp_path) as caller:
            caller.writer.write(json.dumps(a_backup(tmp_path / "saved")).encode() + b"\n")
            backup, done = await held.copies.get()
            (task,) = answers._tasks
        await asyncio.wait((task,), timeout=SECONDS)
        assert task.done()
        assert is_given_up(tmp_path, backup)
        done(StoreError("given up"))  # nobody hears it
        await asyncio.sleep(0)


def is_given_up(directory: Path, backup: Backup) -> bool:
    """Say if a backup would not be made any more."""
    with offline.opened(stored(directory / "any")) as source, pytest.raises(StoreError) as raised:
        backup.take(source, AtRest(lambda: None))
    return "given up" in str(raised.value)


def stored(directory: Path) -> Path:
    """Make an empty store."""
    asker = opened(directory)
    asker.store.recover()
    asker.store.close()
    return directory


async def test_who_waits_is_told_that_the_broker_stops(tmp_path: Path, held: Held) -> None:
    async with answering(tmp_path, held) as answers, calling(tmp_path) as caller:
        asking = asyncio.create_task(caller.ask(a_backup(tmp_path / "saved")))
        backup, _ = await held.copies.get()
        await answers.close()
        assert "the broker is stopping" in (await asking)[-1]["error"]
        assert is_given_up(tmp_path, backup)


def test_where_a_name_is_short_it_is_used_as_it_is() -> None:
    with short_name(Path("/run/hoofbeat.sock")) as name:
        assert name == "/run/hoofbeat.sock"


def test_a_long_name_leaves_no_directory_open(tmp_path: Path) -> None:
    before = len(os.listdir("/proc/self/fd"))
    data = tmp_path / ("long" * 30)
    data.mkdir()
    with short_name(data / NAME) as name:
        assert len(name) < 100
    assert len(os.listdir("/proc/self/fd")) == before
