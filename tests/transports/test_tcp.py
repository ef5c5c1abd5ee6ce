"""Bytes over TCP and Unix sockets."""

import asyncio
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from hoofbeat.server.listeners import Listener, listen, listen_unix
from hoofbeat.transports.stream import LINGER_BYTES, TURN_BYTES
from hoofbeat.transports.tcp import TcpOutlet
from tests.transports.echo import EchoGate, client_of

MEGABYTE = b"x" * (1024 * 1024)


@pytest.fixture
def gate() -> EchoGate:
    return EchoGate()


@pytest.fixture
async def plain(gate: EchoGate) -> AsyncIterator[Listener]:
    listener = await listen("127.0.0.1:0", "stomp", lambda: TcpOutlet(gate, "tcp"))
    yield listener
    listener.close()


async def test_what_comes_in_one_read_is_answered_at_the_end_of_the_turn(
    gate: EchoGate, plain: Listener
) -> None:
    async with client_of(plain.server) as client:
        client.send(b"one\ntwo\n")
        assert await client.read(8) == b"one\ntwo\n"
    echo = gate.echoes[0]
    assert echo.reads == [b"one\ntwo\n"]
    await echo.until_lost()
    assert gate.inside == []
    assert gate.outlets == set()


async def test_the_peer_is_known(gate: EchoGate, plain: Listener) -> None:
    async with client_of(plain.server) as client:
        peer = (await gate.next()).peer
        assert peer == ("tcp", *client.writer.get_extra_info("sockname"), True, False)


async def test_nothing_waits_for_more_to_send(gate: EchoGate, plain: Listener) -> None:
    async with client_of(plain.server):
        echo = await gate.next()
        assert isinstance(echo.outlet, TcpOutlet)
        accepted = echo.outlet.transport.get_extra_info("socket")
        assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
        assert accepted.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)


async def test_a_client_that_half_closes_still_gets_its_answers(gate: EchoGate, plain: Listener) -> None:
    async with client_of(plain.server) as client:
        client.send(b"last\n")
        client.writer.write_eof()
        assert await client.rest() == b"last\n"
    await gate.echoes[0].until_lost()


async def test_last_words_arrive_though_the_client_goes_on_sending(gate: EchoGate, plain: Listener) -> None:
    """A socket closed with bytes unread resets the connection, and the reset overtakes what was sent."""
    async with client_of(plain.server) as client:
        client.send(b"quit\n", *[b"more\n"] * 50_000)
        assert await client.rest() == b"bye\n"
    await gate.echoes[0].until_lost()


async def test_after_the_close_nothing_is_handed_on(gate: EchoGate, plain: Listener) -> None:
    async with client_of(plain.server) as client:
        client.send(b"quit\n")
        assert await client.rest() == b"bye\n"
        seen = len(gate.echoes[0].reads)
        client.send(b"more\n")
    await gate.echoes[0].until_lost()
    assert len(gate.echoes[0].reads) == seen


async def test_closing_again_and_writing_after_it_do_nothing(gate: EchoGate, plain: Listener) -> None:
    async with client_of(plain.server) as client:
        echo = await gate.next()
        echo.outlet.close()
        echo.outlet.close()
        echo.outlet.write([b"too late"])
        echo.outlet.pause_reading()
        assert await client.rest() == b""


async def test_a_client_that_floods_a_closed_connection_is_cut_off(gate: EchoGate, plain: Listener) -> None:
    async with client_of(plain.server) as client:
        client.send(b"quit\n")
        assert await client.rest() == b"bye\n"
        client.send(*[MEGABYTE] * (2 * LINGER_BYTES // len(MEGABYTE) + 1))
        await gate.echoes[0].until_lost()


async def test_a_client_that_never_closes_is_closed_after_a_while(gate: EchoGate) -> None:
    listener = await listen("127.0.0.1:0", "stomp", lambda: TcpOutlet(gate, "tcp", 0.01))
    async with client_of(listener.server) as client:
        client.send(b"quit\n")
        await (await gate.next()).until_lost()
    listener.close()


async def test_a_client_that_ends_and_reads_nothing_is_closed_after_a_while(gate: EchoGate) -> None:
    listener = await listen("127.0.0.1:0", "stomp", lambda: TcpOutlet(gate, "tcp", 0.01))
    async with client_of(listener.server) as client:
        echo = await gate.next()
        client.stop_reading()
        while not echo.pauses:
            echo.outlet.write([MEGABYTE])
        client.writer.write_eof()
        await echo.until_lost()
    listener.close()
    assert gate.inside == []


async def test_a_held_client_is_not_read_until_told(gate: EchoGate, plain: Listener) -> None:
    async with client_of(plain.server) as client:
        echo = await gate.next()
        echo.outlet.pause_reading()
        echo.outlet.pause_reading()
        client.send(b"held\n")
        await client.writer.drain()
        async with client_of(plain.server) as other:  # a whole round trip later it is still unread
            other.send(b"free\n")
            await other.read(5)
        assert echo.reads == []
        echo.outlet.resume_reading()
        echo.outlet.resume_reading()
        assert await client.read(5) == b"held\n"


async def test_a_held_client_gets_last_words_too(gate: EchoGate, plain: Listener) -> None:
    async with client_of(plain.server) as client:
        echo = await gate.next()
        echo.outlet.pause_reading()
        client.send(MEGABYTE[: LINGER_BYTES // 2])
        echo.outlet.write([b"bye\n"])
        echo.outlet.close()
        assert await client.rest() == b"bye\n"
    await echo.until_lost()


async def test_a_reader_that_stops_pauses_its_connection_and_resumes_it(
    gate: EchoGate, plain: Listener
) -> None:
    async with client_of(plain.server) as client:
        echo = await gate.next()
        written = 0
        while not echo.pauses:
            echo.outlet.write([MEGABYTE])
            written += len(MEGABYTE)
        assert echo.pauses == [True]
        assert await client.read(written) == MEGABYTE * (written // len(MEGABYTE))
        await echo.until(lambda: echo.pauses == [True, False])


async def test_aborting_closes_at_once(gate: EchoGate, plain: Listener) -> None:
    async with client_of(plain.server) as client:
        echo = await gate.next()
        echo.outlet.abort()
        await echo.until_lost()
        assert await client.rest() == b""


async def test_who_is_not_let_in_is_told_why(gate: EchoGate, plain: Listener) -> None:
    gate.refusal = "more than 3 connections"
    async with client_of(plain.server) as client:
        client.send(b"CONNECT\naccept-version:1.2\n\n\0")
        answer = await client.rest()
    assert answer.startswith(b"ERROR\nmessage:more than 3 connections\n")
    assert answer.endswith(b"\0")
    assert gate.echoes == []


async def test_who_comes_too_fast_is_not_answered(gate: EchoGate, plain: Listener) -> None:
    gate.refusal = ""
    async with client_of(plain.server) as client:
        with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
            await client.read(1)


async def test_a_unix_socket_carries_the_same(gate: EchoGate, tmp_path: Path) -> None:
    path = tmp_path / "hoofbeat.sock"
    listener = await listen_unix(str(path), lambda: TcpOutlet(gate, "unix"))
    assert listener.urls == (f"unix:{path}",)
    assert path.stat().st_mode & 0o777 == 0o660
    async with client_of(listener.server) as client:
        client.send(b"quit\n", *[b"more\n"] * 1000)
        assert await client.rest() == b"bye\n"
    assert gate.echoes[0].peer == ("unix", "", 0, True, False)
    listener.close()
    assert not path.exists()


async def test_one_read_is_bounded(gate: EchoGate, plain: Listener) -> None:
    async with client_of(plain.server) as client:
        echo = await gate.next()
        client.send(MEGABYTE, b"\n")
        assert await client.read(len(MEGABYTE) + 1) == MEGABYTE + b"\n"
    assert max(map(len, echo.reads)) <= 256 * 1024


class TurnGate(EchoGate):
    """Remembers how many reads there were before each end of a turn."""

    def __init__(self) -> None:
        super().__init__()
        self.read: list[int] = []

    def flush(self) -> None:
        super().flush()
        self.read.append(len(self.echoes[0].reads))


@pytest.mark.parametrize("is_held", [False, True])
async def test_a_flood_is_read_once_in_a_turn(is_held: bool) -> None:
    gate = TurnGate()
    listener = await listen("127.0.0.1:0", "stomp", lambda: TcpOutlet(gate, "tcp"))
    async with client_of(listener.server) as client:
        echo = await gate.next()
        if is_held:
            echo.outlet.pause_reading()
        client.send(MEGABYTE * 4)
        for _ in range(10):
            await asyncio.sleep(0)  # what the kernel takes is there before it is read
        echo.outlet.resume_reading()
        await echo.until(lambda: sum(map(len, echo.reads)) == 4 * len(MEGABYTE))
    listener.close()
    large = [at for at, data in enumerate(echo.reads) if len(data) >= TURN_BYTES]
    assert all(at + 1 in gate.read for at in large)


async def test_who_rests_and_is_held_is_not_read_before_both_are_over() -> None:
    gate = EchoGate()
    listener = await listen("127.0.0.1:0", "stomp", lambda: TcpOutlet(gate, "tcp"))
    async with client_of(listener.server) as client:
        echo = await gate.next()
        outlet = echo.outlet
        assert isinstance(outlet, TcpOutlet)
        outlet.rest(TURN_BYTES)
        outlet.pause_reading()
        await asyncio.sleep(0)
        assert not outlet.transport.is_reading()
        outlet.rest(TURN_BYTES)
        outlet.resume_reading()
        outlet.rest(TURN_BYTES)
        outlet.resume_reading()
        assert not outlet.transport.is_reading()
        client.send(b"after\n")
        assert await client.read(6) == b"after\n"
    listener.close()
