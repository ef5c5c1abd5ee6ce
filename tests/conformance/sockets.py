"""Clients on real sockets, as dumb as can be: they write bytes in pieces and read to the end."""

import asyncio
import socket
from collections.abc import Callable, Iterator, Sequence

UPGRADE = (
    b"GET /stomp HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n"
    b"Sec-WebSocket-Protocol: v12.stomp\r\n\r\n"
)
BINARY = 0x82  # the only fragment of a binary message
CLOSE = 0x88
_TURNS = 3  # of the loop, in which the server reads what it was sent


async def over_tcp(address: tuple[str, int], pieces: Sequence[bytes]) -> bytes:
    """Send the pieces one after the other; return all that came."""
    with socket.socket() as connection:
        await _open(connection, address)
        await _send(connection, pieces)
        return await _read_to_the_end(connection)


async def over_websocket(address: tuple[str, int], pieces: Sequence[bytes]) -> bytes:
    """Send the pieces of a stream of WebSocket frames; return what the server's messages held."""
    with socket.socket() as connection:
        await _open(connection, address)
        await asyncio.get_running_loop().sock_sendall(connection, UPGRADE)
        answer = await _read_until(connection, lambda octets: b"\r\n\r\n" in octets)
        assert answer.startswith(b"HTTP/1.1 101 ")
        await _send(connection, pieces)
        rest = answer.partition(b"\r\n\r\n")[2]
        return messages(rest + await _read_until(connection, lambda octets: has_close(rest + octets)))


def message(payload: bytes) -> bytes:
    """Write a binary message as clients do: masked, by a key that changes nothing."""
    size = len(payload)
    length = bytes([0x80 | size]) if size < 126 else b"\xfe" + size.to_bytes(2, "big")
    return bytes([BINARY]) + length + b"\0\0\0\0" + payload


def messages(octets: bytes) -> bytes:
    """Join what the messages of a server held, up to its close frame, which must be there."""
    frames = list(_frames(octets))
    assert frames[-1][0] == CLOSE
    return b"".join(payload for _, payload in frames[:-1])


def has_close(octets: bytes) -> bool:
    """Say whether a close frame has come: a server waits for ours then, and says nothing more."""
    return any(opcode == CLOSE for opcode, _ in _frames(octets))


def _frames(octets: bytes) -> Iterator[tuple[int, bytes]]:
    """Cut whole frames of a server, which masks nothing, off the front."""
    place = 0
    while place + 4 <= len(octets):
        opcode, size = octets[place], octets[place + 1]
        start = place + 2
        if size == 126:
            size = int.from_bytes(octets[start : start + 2], "big")
            start += 2
        place = start + size
        if place <= len(octets):
            yield opcode, octets[start:place]


async def _open(connection: socket.socket, address: tuple[str, int]) -> None:
    connection.setblocking(False)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    await asyncio.get_running_loop().sock_connect(connection, address)


async def _send(connection: socket.socket, pieces: Sequence[bytes]) -> None:
    for piece in pieces:
        await asyncio.get_running_loop().sock_sendall(connection, piece)
        for _ in range(_TURNS):
            await asyncio.sleep(0)


async def _read_to_the_end(connection: socket.socket) -> bytes:
    return await _read_until(connection, lambda octets: False)


async def _read_until(connection: socket.socket, is_all: Callable[[bytes], bool]) -> bytes:
    octets = b""
    while not is_all(octets):
        more = await asyncio.get_running_loop().sock_recv(connection, 65536)
        if not more:
            break
        octets += more
    return octets
