"""A server that keeps data: recovered before it listens, left in order, and ended where it can't be kept."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from hoofbeat.assembly import make_server
from hoofbeat.errors import ConfigError
from hoofbeat.stores.sqlite import SqliteStore
from tests.server.serving import CONFIG, connected, serving

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
