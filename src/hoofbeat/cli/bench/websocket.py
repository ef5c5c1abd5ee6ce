"""STOMP in the messages of a WebSocket, from the client's side: RFC 6455 as far as a load test needs it."""

import asyncio
import hashlib
import os
import struct
from base64 import b64encode
from collections.abc import Iterable
from typing import Any, cast

from hoofbeat.cli.link import LinkError

try:
    from websockets.speedups import apply_mask
except ImportError:  # no compiled part for this platform
    from websockets.utils import apply_mask

_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_SUBPROTOCOLS = "v12.stomp, v11.stomp, v10.stomp"
_FIN = 0x80
_MASKED = 0x80
_TEXT, _CLOSE, _PING, _PONG = 0x1, 0x8, 0x9, 0xA
_NORMAL = (1000).to_bytes(2, "big")
_MOST_HEAD = 64 * 1024
_SHORT, _LONG = struct.Struct("!BBH"), struct.Struct("!BBQ")


class WebSocket(asyncio.Protocol):
    """Opens a WebSocket on a new connection and carries another protocol in it.

    Attributes:
        opened: done once the handshake is, with LinkError where it failed.
    """

    def __init__(self, inner: asyncio.Protocol, authority: str, path: str) -> None:
        self.opened: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._inner = inner
        self._key = b64encode(os.urandom(16))
        self._request = (
            f"GET {path} HTTP/1.1\r\nHost: {authority}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Key: {self._key.decode()}\r\nSec-WebSocket-Version: 13\r\n"
            f"Sec-WebSocket-Protocol: {_SUBPROTOCOLS}\r\n\r\n"
        ).encode()
        self._rest = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask for the upgrade."""
        self._transport = cast(asyncio.Transport, transport)
        self._transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        """Take in what one read brought."""
        data = self._rest + data
        if not self.opened.done():
            data = self._answer(data)
        if self.opened.done() and not self._transport.is_closing():
            payload = self._read(data)
            if payload:
                self._inner.data_received(payload)

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell whoever waits, and whoever is inside."""
        if not self.opened.done():
            self._fail("the connection was closed")
        elif self.opened.exception() is None:
            self._inner.connection_lost(exc)

    def pause_writing(self) -> None:
        """Pass it on."""
        self._inner.pause_writing()

    def resume_writing(self) -> None:
        """Pass it on."""
        self._inner.resume_writing()

    def close(self) -> None:
        """Close the connection, whether or not a WebSocket came of it."""
        self._transport.close()

    def _answer(self, data: bytes) -> bytes:
        """Read the answer to the handshake; return what follows it."""
        head, blank, rest = data.partition(b"\r\n\r\n")
        if not blank:
            self._rest = data
            if len(data) > _MOST_HEAD:
                self._fail("the answer does not end")
            return b""
        self._rest = b""
        status, _, lines = head.partition(b"\r\n")
        pairs = (line.partition(b":") for line in lines.split(b"\r\n"))
        headers = {name.lower(): value.strip() for name, _, value in pairs}
        proof = b64encode(hashlib.sha1(self._key + _GUID, usedforsecurity=False).digest())
        if status.split()[1:2] != [b"101"]:
            self._fail(f"the answer is {status[:80].decode(errors='replace')}")
        elif headers.get(b"sec-websocket-accept") != proof:
            self._fail("the answer is for somebody else")
        else:
            self.opened.set_result(None)
            self._inner.connection_made(Messages(self._transport))
        return rest

    def _fail(self, why: str) -> None:
        self.opened.set_exception(LinkError(f"no WebSocket: {why}"))
        self._transport.close()

    def _read(self, data: bytes) -> bytes:
        """Return the octets of messages; they need not be whole, a frame has to be."""
        parts: list[bytes] = []
        at = 0
        while (found := _frame(data, at)) is not None:
            opcode, start, end = found
            payload, at = data[start:end], end
            if opcode < _CLOSE:
                parts.append(payload)
            elif opcode == _PING:
                self._transport.write(frame(payload, _PONG))
            elif opcode == _CLOSE:
                self._transport.write(frame(payload[:2], _CLOSE))
                self._transport.close()
                break
        self._rest = data[at:]
        return b"".join(parts)


class Messages(asyncio.Transport):
    """Sends each piece that is written as one message."""

    def __init__(self, transport: asyncio.Transport) -> None:
        super().__init__()
        self._transport = transport

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Send one message; of nothing, none."""
        if data:
            self._transport.write(frame(bytes(data)))

    def writelines(self, list_of_data: Iterable[Any]) -> None:
        """Send a message for each, in one write."""
        self._transport.write(b"".join([frame(data) for data in list_of_data]))

    def is_closing(self) -> bool:
        """Say whether nothing more can be sent."""
        return self._transport.is_closing()

    def close(self) -> None:
        """Say goodbye and close."""
        if not self._transport.is_closing():
            self._transport.write(frame(_NORMAL, _CLOSE))
        self._transport.close()

    def abort(self) -> None:
        """Close without a goodbye."""
        self._transport.abort()


def frame(payload: bytes, opcode: int = _TEXT) -> bytes:
    """Return one masked frame; what we send is text from end to end.

    RFC 6455, 5.2 "Base Framing Protocol", 5.3 "Client-to-Server Masking".
    """
    size = len(payload)
    if size < 126:
        head = bytes((_FIN | opcode, _MASKED | size))
    elif size < 65536:
        head = _SHORT.pack(_FIN | opcode, _MASKED | 126, size)
    else:
        head = _LONG.pack(_FIN | opcode, _MASKED | 127, size)
    mask = os.urandom(4)
    return head + mask + apply_mask(payload, mask)


def _frame(data: bytes, at: int) -> tuple[int, int, int] | None:
    """Return opcode, start and end of the payload of the frame at ``at``, if it is whole."""
    if at + 2 > len(data):
        return None
    length, start = data[at + 1], at + 2
    if length > 125:
        octets = 2 if length == 126 else 8
        length = int.from_bytes(data[start : start + octets], "big")
        start += octets
    end = start + length
    return (data[at] & 0x0F, start, end) if end <= len(data) else None
