"""The WebSocket of a load test, against servers that do what a test says."""

import asyncio
import base64
import hashlib
import re
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from hoofbeat.cli.bench.line import Target, open_line, target_at
from hoofbeat.cli.bench.websocket import frame
from hoofbeat.cli.endpoint import Endpoint
from hoofbeat.cli.link import LinkError
from hoofbeat.cli.login import Broker
from hoofbeat.protocol.commands import Command
from tests.cli.scripted import CONNECTED, scripted

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]
RECEIPT = b"RECEIPT\nreceipt-id:hoofbeat-1\n\n\0"


def upgrade(request: bytes) -> bytes:
    """Return the answer to a handshake."""
    found = re.search(rb"Sec-WebSocket-Key: (.*)\r\n", request)
    assert found
    proof = hashlib.sha1(found[1] + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest()
    head = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nconnection: upgrade\r\n"
    return head + b"sec-websocket-accept:  " + base64.b64encode(proof) + b"\r\n\r\n"


async def message(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    """Read one masked frame."""
    first, second = await reader.readexactly(2)
    assert second & 0x80
    size = second & 0x7F
    if size > 125:
        size = int.from_bytes(await reader.readexactly(2 if size == 126 else 8), "big")
    mask = await reader.readexactly(4)
    masked = await reader.readexactly(size)
    return first, bytes(octet ^ mask[at % 4] for at, octet in enumerate(masked))


def plain(payload: bytes, first: int = 0x81) -> bytes:
    """Return a frame as a server sends it."""
    size = len(payload)
    if size < 126:
        return bytes((first, size)) + payload
    return bytes((first, 126)) + size.to_bytes(2, "big") + payload


def target(endpoint: Endpoint) -> Target:
    return Target(Broker(endpoint, {}, ""), "/stomp")


class Serving:
    """A script that upgrades, connects, and goes on with ``after``.

    Attributes:
        over: set when it has ended.
    """

    def __init__(self, after: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[Any]]) -> None:
        self.over = asyncio.Event()
        self._after = after

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(upgrade(await reader.readuntil(b"\r\n\r\n")))
        assert (await message(reader))[1].startswith(b"CONNECT\n")
        writer.write(plain(CONNECTED))
        try:
            await self._after(reader, writer)
        finally:
            self.over.set()


@pytest.mark.parametrize(
    ("answer", "fault"),
    [
        (b"HTTP/1.1 404 Not Found\r\n\r\n", "no WebSocket: the answer is HTTP/1.1 404 Not Found"),
        (b"HTTP/1.1 101 Fine\r\nSec-WebSocket-Accept: x\r\n\r\n", "no WebSocket: the answer is for somebody"),
        (b"x" * 70_000, "no WebSocket: the answer does not end"),
        (b"HTTP/1.1 101", "no WebSocket: the connection was closed"),
    ],
)
async def test_what_is_no_websocket_is_said(answer: bytes, fault: str) -> None:
    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        await writer.drain()

    async with scripted(script) as endpoint:
        with pytest.raises(LinkError, match=fault):
            async with open_line(target(endpoint)):
                raise AssertionError


async def test_frames_cut_anywhere_and_between_others_are_read() -> None:
    received: list[tuple[int, bytes]] = []

    async def after(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        received.append(await message(reader))
        parts = plain(RECEIPT[:9], 0x02), plain(b"ping", 0x89), plain(b"", 0x8A), plain(RECEIPT[9:], 0x80)
        for octet in b"".join(parts):
            writer.write(bytes((octet,)))
            await writer.drain()
        received.append(await message(reader))

    script = Serving(after)
    async with scripted(script) as endpoint:
        async with open_line(target(endpoint)) as line:
            await line.confirm(Command.SUBSCRIBE, {"id": "1", "destination": "/queue/" + "a" * 200})
        await script.over.wait()
    assert received[0][1].startswith(b"SUBSCRIBE\n")
    assert received[1] == (0x8A, b"ping")


async def test_a_close_of_the_server_is_answered() -> None:
    received: list[tuple[int, bytes]] = []

    async def after(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(plain(b"\x03\xe9bye", 0x88))
        received.append(await message(reader))

    script = Serving(after)
    async with scripted(script) as endpoint:
        async with open_line(target(endpoint)) as line:
            with pytest.raises(LinkError, match="the broker closed the connection"):
                await line.watch()
            line.write([b"too late"])
        await script.over.wait()
    assert received == [(0x88, b"\x03\xe9")]


async def test_every_frame_that_is_sent_is_a_message_and_the_end_is_a_close() -> None:
    received: list[tuple[int, bytes]] = []
    sizes = [1, 125, 126, 65535, 65536]

    async def after(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            received.append(await message(reader))

    script = Serving(after)
    async with scripted(script) as endpoint:
        async with open_line(target(endpoint)) as line:
            line.write([b"x" * size for size in sizes])
            line._transport.write(b"")
        await script.over.wait()
    assert received == [*[(0x81, b"x" * size) for size in sizes], (0x88, b"\x03\xe8")]


async def test_a_line_that_nobody_answers_is_left() -> None:
    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()

    async with scripted(script) as endpoint:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05), open_line(target(endpoint)):
                raise AssertionError


def test_a_frame_is_masked_anew_each_time() -> None:
    assert frame(b"x" * 40) != frame(b"x" * 40)


@pytest.mark.parametrize(
    ("url", "shown", "path", "is_encrypted"),
    [
        ("ws://a/stomp", "a:80", "/stomp", False),
        ("wss://a", "a:443", "/", True),
        ("wss://a:15673/ws?x=1", "a:15673", "/ws?x=1", True),
        ("ws://[::1]:15674/ws", "::1:15674", "/ws", False),
        ("stomp://a", "a:61613", "", False),
    ],
)
def test_a_url_says_where_the_broker_is(url: str, shown: str, path: str, is_encrypted: bool) -> None:
    found = target_at(url, None, None, None, "")
    assert (str(found.broker.endpoint), found.path) == (shown, path)
    assert found.broker.endpoint.is_encrypted is is_encrypted


def test_the_virtual_host_is_the_hosts_name_unless_it_is_said() -> None:
    assert target_at("ws://a/", "/", "ann", None, "").broker.headers == {"login": "ann", "host": "/"}
    assert target_at("ws://a/", None, "ann", None, "").broker.headers == {"login": "ann"}
