"""The HTTP port on TLS, over real sockets: pages, WebSockets, and those who do not end the handshake."""

import asyncio
import os
import socket
import ssl
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import trustme

from hoofbeat.server.http import HttpPort
from hoofbeat.server.listeners import Listener, listen
from hoofbeat.transports.tls_codec import tls_context
from hoofbeat.transports.tls_transport import TlsTransport
from tests.server.asking import ask, limited, message, opened
from tests.transports.echo import Client, EchoGate, client_of
from tests.transports.wsclient import CLOSE, PING, client_frame

MEGABYTE = b"x" * (1024 * 1024)


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="module")
def context(authority: trustme.CA, tmp_path_factory: pytest.TempPathFactory) -> ssl.SSLContext:
    file = tmp_path_factory.mktemp("tls") / "server.pem"
    authority.issue_cert("localhost", "127.0.0.1").private_key_and_cert_chain_pem.write_to_path(str(file))
    return tls_context(str(file), "")


@pytest.fixture
def trusting(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return context


@pytest.fixture
async def https(port: HttpPort, context: ssl.SSLContext) -> AsyncIterator[Listener]:
    listener = await listen("127.0.0.1:0", "https", lambda: TlsTransport(port.make_door, context))
    yield listener
    listener.close()
    port.abort()


@pytest.fixture
async def secure(https: Listener, trusting: ssl.SSLContext) -> AsyncIterator[Client]:
    async with client_of(https.server, trusting) as client:
        yield client


async def test_pages_come_encrypted(secure: Client, folder: Path) -> None:
    answer = await ask(secure)
    assert (answer.status, answer.body) == (200, (folder / "index.html").read_bytes())
    assert (await ask(secure, "/missing")).status == 404


async def test_a_large_page_comes_whole(
    secure: Client, gate: EchoGate, folder: Path, https: Listener
) -> None:
    assert (await ask(secure, "/", "X: " + "y" * 30_000)).status == 200
    assert gate.inside[0].is_encrypted


async def test_a_websocket_is_opened_and_talks(secure: Client, gate: EchoGate) -> None:
    assert (await opened(secure, "Origin: https://localhost")).status == 101
    secure.send(client_frame(b"a\n"))
    assert await message(secure) == (0x81, b"a\n")
    peer = gate.echoes[0].peer
    assert (peer.transport, peer.is_encrypted) == ("websocket", True)
    secure.send(client_frame(b"\x03\xe8", CLOSE))
    assert await message(secure) == (0x88, b"\x03\xe8")
    assert await secure.rest() == b""
    secure.writer.close()
    await gate.until_empty()


async def test_megabytes_pass_and_a_reader_that_stops_is_noticed(secure: Client, gate: EchoGate) -> None:
    await opened(secure)
    echo = await gate.next()
    written = 0
    while not echo.pauses:
        echo.outlet.write([b"\x82\x7f" + len(MEGABYTE).to_bytes(8, "big") + MEGABYTE])
        written += len(MEGABYTE) + 10
    assert len(await secure.read(written)) == written
    await echo.until(lambda: echo.pauses == [True, False])


async def test_a_held_client_is_not_read_until_told(secure: Client, gate: EchoGate, https: Listener) -> None:
    await opened(secure)
    echo = await gate.next()
    echo.outlet.pause_reading()
    secure.send(client_frame(b"held\n"))
    async with client_of(https.server) as other:  # a whole round trip later it is still unread
        other.send(b"no TLS")
        await other.rest()
    assert echo.reads == []
    echo.outlet.resume_reading()
    assert await message(secure) == (0x81, b"held\n")


async def test_a_client_that_ends_tls_is_closed(secure: Client, gate: EchoGate) -> None:
    assert (await ask(secure)).status == 200
    secure.writer.close()
    await gate.until_empty()


async def test_a_client_that_ends_without_a_word_of_tls_is_closed(secure: Client, gate: EchoGate) -> None:
    await opened(secure)
    echo = await gate.next()
    with socket.socket(fileno=os.dup(secure.writer.get_extra_info("socket").fileno())) as connection:
        connection.shutdown(socket.SHUT_WR)
    await echo.until_lost()
    echo.outlet.write([b"too late"])


async def test_a_ping_is_answered(secure: Client) -> None:
    await opened(secure)
    secure.send(client_frame(b"there?", PING))
    assert await message(secure) == (0x8A, b"there?")


async def test_a_record_that_was_tampered_with_ends_the_connection(secure: Client, gate: EchoGate) -> None:
    await opened(secure)
    os.write(secure.writer.get_extra_info("socket").fileno(), b"\x17\x03\x03\x00\x20" + bytes(32))
    await (await gate.next()).until_lost()
    await gate.until_empty()


async def test_who_does_not_speak_tls_is_closed(https: Listener, gate: EchoGate) -> None:
    async with client_of(https.server) as client:
        client.send(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert b"HTTP" not in await client.rest()
    await gate.until_empty()


async def test_a_handshake_that_takes_too_long_is_cut_off(
    port: HttpPort, context: ssl.SSLContext, gate: EchoGate
) -> None:
    listener = await listen("127.0.0.1:0", "https", lambda: TlsTransport(port.make_door, context, 0.01))
    async with client_of(listener.server) as client:
        with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
            await client.read(1)
    listener.close()
    assert gate.inside == []


async def test_a_head_that_does_not_come_in_time_closes_the_connection(
    folder: Path, gate: EchoGate, context: ssl.SSLContext, trusting: ssl.SSLContext
) -> None:
    port = limited(gate, folder, http_seconds=0.5)
    listener = await listen("127.0.0.1:0", "https", lambda: TlsTransport(port.make_door, context))
    async with client_of(listener.server, trusting) as client:
        client.send(b"GET / HTTP/1.1\r\nHost: loc")
        await gate.until_empty()
        with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
            await client.read(1)
    listener.close()


async def test_who_is_not_let_in_is_not_encrypted_for(
    https: Listener, gate: EchoGate, trusting: ssl.SSLContext
) -> None:
    gate.refusal = "more than 3 connections"
    with pytest.raises((ssl.SSLError, ConnectionError)):
        async with client_of(https.server, trusting):
            pass


async def test_shutting_down_closes_connections_that_wait(port: HttpPort, secure: Client) -> None:
    assert (await ask(secure)).status == 200
    port.shut_down()
    assert await secure.rest() == b""
