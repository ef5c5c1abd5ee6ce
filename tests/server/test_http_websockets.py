"""WebSockets on the HTTP port, over real sockets, with proxies before it and without."""

import asyncio
import socket
import struct
from pathlib import Path

import pytest

from hoofbeat.server.listeners import Listener, listen
from tests.server.asking import MESSAGE_BYTES, ask, behind, message, opened
from tests.transports.echo import Client, EchoGate, client_of
from tests.transports.wsclient import BINARY, CLOSE, PING, TEXT, client_frame, upgrade


async def test_a_websocket_is_opened_and_talks(client: Client, gate: EchoGate) -> None:
    answer = await opened(client, "Sec-WebSocket-Protocol: v12.stomp")
    assert (answer.status, answer.headers["sec-websocket-protocol"]) == (101, "v12.stomp")
    client.send(client_frame("grüße\n".encode(), TEXT) + client_frame(b"\xff\n", BINARY))
    assert await message(client) == (0x81, "grüße\n".encode())
    assert await message(client) == (0x82, b"\xff\n")
    assert gate.echoes[0].reads == ["grüße\n".encode() + b"\xff\n"]
    assert gate.echoes[0].peer.transport == "websocket"


async def test_a_websocket_opens_on_a_connection_that_served_a_page(client: Client) -> None:
    assert (await ask(client)).status == 200
    assert (await opened(client)).status == 101
    client.send(client_frame(b"a\n"))
    assert await message(client) == (0x81, b"a\n")


async def test_our_own_page_may_open_one_and_a_page_elsewhere_may_not(http: Listener) -> None:
    for origin, status in (("http://localhost", 101), ("http://evil.example", 403)):
        async with client_of(http.server) as client:
            assert (await opened(client, f"Origin: {origin}")).status == status


async def test_a_refused_websocket_is_closed_and_counted_out(client: Client, gate: EchoGate) -> None:
    client.send(upgrade("/elsewhere"))
    assert (await client.rest()).startswith(b"HTTP/1.1 404 ")
    assert gate.echoes == []


async def test_a_ping_is_answered(client: Client) -> None:
    await opened(client)
    client.send(client_frame(b"there?", PING))
    assert await message(client) == (0x8A, b"there?")


async def test_the_client_closes_cleanly(client: Client, gate: EchoGate) -> None:
    await opened(client)
    client.send(client_frame(b"last\n") + client_frame(b"\x03\xe9bye", CLOSE))
    assert await message(client) == (0x81, b"last\n")
    assert await message(client) == (0x88, b"\x03\xe9")
    assert await client.rest() == b""
    client.writer.close()
    await gate.echoes[0].until_lost()
    assert gate.inside == []


async def test_we_close_cleanly_and_wait_for_the_answer(client: Client, gate: EchoGate) -> None:
    await opened(client)
    client.send(client_frame(b"quit\n"), *[client_frame(b"more\n")] * 20_000)
    assert await message(client) == (0x81, b"bye\n")
    assert await message(client) == (0x88, b"\x03\xe8")
    client.send(client_frame(b"\x03\xe8", CLOSE))
    assert await client.rest() == b""
    await gate.echoes[0].until_lost()


async def test_a_draining_server_says_that_it_goes_away(client: Client, gate: EchoGate) -> None:
    await opened(client)
    gate.close_code = 1001
    (await gate.next()).outlet.close()
    assert await message(client) == (0x88, b"\x03\xe9")


@pytest.mark.parametrize(
    ("bad", "code"),
    [
        (b"\x81\x01a", 1002),
        (client_frame(b"\xff", TEXT), 1007),
        (client_frame(b"x" * (MESSAGE_BYTES + 1)), 1009),
    ],
)
async def test_after_a_fault_good_frames_are_answered_then_comes_the_code(
    client: Client, gate: EchoGate, bad: bytes, code: int
) -> None:
    await opened(client)
    client.send(client_frame(b"good\n") + bad, *[client_frame(b"late\n")] * 1000)
    assert await message(client) == (0x81, b"good\n")
    first, payload = await message(client)
    assert (first, int.from_bytes(payload[:2], "big")) == (0x88, code)
    assert await client.rest() == b""
    client.writer.close()
    await gate.echoes[0].until_lost()
    assert gate.echoes[0].reads == [b"good\n"] or b"late" not in b"".join(gate.echoes[0].reads)


async def test_a_client_that_goes_without_a_word_is_noticed(client: Client, gate: EchoGate) -> None:
    await opened(client)
    client.writer.close()
    await (await gate.next()).until_lost()
    assert gate.inside == []


async def test_a_client_that_asks_for_one_and_resets_the_connection_is_counted_out(
    http: Listener, gate: EchoGate
) -> None:
    loop = asyncio.get_running_loop()
    with socket.socket() as connection:
        connection.setblocking(False)
        await loop.sock_connect(connection, http.server.sockets[0].getsockname())
        await loop.sock_sendall(connection, b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert await loop.sock_recv(connection, 1024)
        connection.send(upgrade())
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    await gate.until_empty()
    assert gate.outlets == set()
    assert all(echo.is_lost for echo in gate.echoes)


# Proxies.


@pytest.mark.parametrize(
    ("proxies", "address", "is_local"),
    [(("127.0.0.1",), "192.0.2.1", False), (("10.0.0.0/8",), "127.0.0.1", True), ((), "127.0.0.1", True)],
)
async def test_only_a_listed_proxy_says_whom_it_forwards_for(
    gate: EchoGate, folder: Path, proxies: tuple[str, ...], address: str, is_local: bool
) -> None:
    port = behind(gate, folder, *proxies)
    listener = await listen("127.0.0.1:0", "http", port.make_door)
    async with client_of(listener.server) as client:
        answer = await opened(client, "X-Forwarded-For: 203.0.113.5, 192.0.2.1", "X-Forwarded-Proto: https")
        assert answer.status == 101
        peer = (await gate.next()).peer
        assert (peer.transport, peer.address, peer.is_local) == ("websocket", address, is_local)
        assert peer.is_encrypted is not is_local
    await gate.until_empty()
    listener.close()


async def test_who_may_not_come_in_is_refused_though_its_proxy_may(gate: EchoGate, folder: Path) -> None:
    port = behind(gate, folder, "127.0.0.1")
    listener = await listen("127.0.0.1:0", "http", port.make_door)
    async with client_of(listener.server) as client:
        assert (await ask(client)).status == 200
        assert [peer.is_local for peer in gate.inside] == [True]
        gate.refusal = "more than 3 connections from one address"
        assert (await opened(client, "X-Forwarded-For: 192.0.2.1")).status == 503
    await gate.until_empty()
    assert gate.echoes == []
    listener.close()


class FarTransport(asyncio.Transport):
    """A connection from another machine, which no test may have."""

    def __init__(self, address: str) -> None:
        super().__init__({"peername": (address, 40_000), "sockname": ("10.0.0.1", 8080)})
        self.written = b""

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.written += data

    def is_closing(self) -> bool:
        return False

    def is_reading(self) -> bool:
        return True

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        pass

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        self.protocol = protocol


async def test_a_proxy_elsewhere_that_names_nobody_is_not_taken_for_one_of_this_machine(
    gate: EchoGate, folder: Path
) -> None:
    door = behind(gate, folder, "10.0.0.0/8").make_door()
    transport = FarTransport("10.0.0.7")
    door.connection_made(transport)
    assert [(peer.address, peer.is_local) for peer in gate.inside] == [("10.0.0.7", True)]  # not counted
    door.data_received(upgrade())
    assert transport.written.startswith(b"HTTP/1.1 101 ")
    peer = (await gate.next()).peer
    assert (peer.address, peer.is_local) == ("10.0.0.7", False)
    transport.protocol.connection_lost(None)
    assert gate.inside == []


async def test_a_proxy_that_names_nobody_is_let_in_for_itself(gate: EchoGate, folder: Path) -> None:
    port = behind(gate, folder, "127.0.0.1")
    listener = await listen("127.0.0.1:0", "http", port.make_door)
    async with client_of(listener.server) as client:
        assert (await opened(client)).status == 101
        assert (await gate.next()).peer.address == "127.0.0.1"
    await gate.until_empty()
    listener.close()


async def test_pings_of_a_client_that_reads_nothing_do_not_pile_up(client: Client, gate: EchoGate) -> None:
    await opened(client)
    echo = await gate.next()
    client.stop_reading()
    while not echo.pauses:
        echo.outlet.write([b"\x82\x7f" + (1024 * 1024).to_bytes(8, "big") + bytes(1024 * 1024)])
    outlet = echo.outlet
    waiting = outlet.transport.get_write_buffer_size()  # type: ignore[attr-defined]  # the outlet of this test is a real one
    client.send(*[client_frame(b"p" * 125, PING)] * 1000, client_frame(b"x\n"))
    await echo.until(lambda: b"".join(echo.reads) == b"x\n")
    assert outlet.transport.get_write_buffer_size() <= waiting + 4  # type: ignore[attr-defined]  # the outlet of this test is a real one
