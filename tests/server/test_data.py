"""A server that keeps data: recovered before it listens, left in order, and ended where it can't be kept."""

import asyncio
import sqlite3
import subprocess
import sys
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from queue import SimpleQueue

import pytest

from hoofbeat.assembly import _give_up, make_server
from hoofbeat.errors import ConfigError
from hoofbeat.stores.base import Put
from hoofbeat.stores.sqlite import SqliteStore
from hoofbeat.stores.sqlite.schema import FILE
from hoofbeat.stores.sqlite.writer import is_damage
from tests.contracts.store import message
from tests.server.serving import CONFIG, connected, serving
from tests.transports.echo import SECONDS

SEND = b"SEND\ndestination:/queue/a\npersistent:true\nreceipt:1\n\nhello\0"
SUBSCRIBE = b"SUBSCRIBE\nid:0\ndestination:/queue/a\nack:client\nprefetch-count:1\n\n\0"


def kept(folder: Path) -> tuple[bool, int]:
    """Return whether a store was left in order, and how many messages are in it."""
    store = SqliteStore(folder, post=lambda call: None, fatal=lambda why: None)
    recovered = store.recover()
    store.close()
    return recovered.is_clean, sum(waiting.messages for waiting in recovered.waiting)


async def test_what_was_receipted_is_kept_and_the_end_is_in_order(tmp_path: Path) -> None:
    async with serving(replace(CONFIG, data=str(tmp_path))) as server, connected(server) as client:
        client.send(SEND)
        assert await client.until(b"\0") == b"RECEIPT\nreceipt-id:1\n\n\0"
    assert kept(tmp_path) == (True, 1)


async def test_receipts_go_out_before_a_drain_ends_who_waits_for_them(tmp_path: Path) -> None:
    async with serving(replace(CONFIG, data=str(tmp_path))) as server, connected(server) as client:
        client.send(SEND, SUBSCRIBE)
        heard = await client.until(b"hello\0")
        await server.drain(5.0)
        rest = await client.reader.read()
        assert b"receipt-id:1" in heard + rest
        assert b"shutting down" in rest
    assert kept(tmp_path) == (True, 1)


async def test_a_server_that_does_not_start_lets_go_of_its_data(tmp_path: Path) -> None:
    async with serving() as other:
        taken = other.urls[0].removeprefix("stomp://")
        server = make_server(replace(CONFIG, stomp=(taken,), data=str(tmp_path)))
        with pytest.raises(ConfigError):
            await server.start()
    assert kept(tmp_path) == (True, 0)


async def test_what_is_damaged_is_said_to_be_so_and_what_to_do(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path, post=lambda call: None, fatal=lambda why: None)
    store.recover()
    store.write([Put(["/queue/a"], [message(number, b"x" * 20_000) for number in range(1, 101)])], ignore)
    store.close()
    damage(tmp_path)
    fatal: SimpleQueue[str] = SimpleQueue()
    config = replace(CONFIG, data=str(tmp_path))
    async with serving(config, fatal=fatal.put) as server, connected(server) as client:
        client.send(SUBSCRIBE.replace(b"prefetch-count:1\n", b""))
        why = await asyncio.to_thread(fatal.get, timeout=SECONDS)
    assert why == (
        f"{tmp_path} is damaged: database disk image is malformed; run `hoofbeat store check {tmp_path}`,"
        " and restore a backup"
    )


def damage(folder: Path) -> None:
    """Write over what is in the middle of the file: bodies."""
    with (folder / FILE).open("r+b") as file:
        file.seek(100 * 4096)
        file.write(b"\xff" * (100 * 4096))


def test_text_that_is_none_is_damage_too(tmp_path: Path) -> None:
    fatal: SimpleQueue[Exception] = SimpleQueue()
    store = SqliteStore(tmp_path, post=lambda call: None, fatal=fatal.put)
    store.recover()
    store.write([Put(["/queue/a"], [message(1)])], ignore)
    store.close()
    with closing(sqlite3.connect(tmp_path / FILE)) as connection, connection:
        connection.execute("UPDATE message SET destination = CAST(x'ff' AS TEXT)")
    store.recover()
    store.read("/queue/a", 4, 0, 1, 1, lambda page: None)
    assert is_damage(fatal.get(timeout=SECONDS))
    store.close()


def ignore(refused: object) -> None:
    """Wait for nothing."""


def test_what_can_not_be_written_is_told_with_what_is_safe() -> None:
    told: list[str] = []
    error = sqlite3.OperationalError("disk I/O error")
    error.sqlite_errorcode = sqlite3.SQLITE_IOERR_FSYNC
    for each in (error, OSError("no")):
        _give_up(told.append, "/data", each)
    safe = "all that had its receipt is there at the next start"
    assert told == [f"/data can't be written: {why}; {safe}" for why in ("disk I/O error", "no")]


def test_the_end_at_once_is_one_line_and_1() -> None:
    code = (
        "import logging; logging.basicConfig()\n"
        "from hoofbeat.server.ending import end_at_once\n"
        "end_at_once('no'); print('on')"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=20.0, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (1, "", "CRITICAL:hoofbeat.server:! no\n")
