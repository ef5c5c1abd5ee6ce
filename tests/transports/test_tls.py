"""Bytes over TLS."""

import asyncio
import os
import ssl
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import trustme

from hoofbeat.errors import ConfigError
from hoofbeat.server.listeners import Listener, listen
from hoofbeat.transports.tls import TlsOutlet
from hoofbeat.transports.tls_codec import tls_context
from tests.transports.echo import EchoGate, client_of

MEGABYTE = bytes(1024 * 1024)


@pytest.fixture
def gate() -> EchoGate:
    return EchoGate()


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="module")
def certificate(authority: trustme.CA, tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("tls") / "server.pem"
    authority.issue_cert("localhost", "127.0.0.1").private_key_and_cert_chain_pem.write_to_path(str(file))
    return file


@pytest.fixture
def trusting(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return context


@pytest.fixture
async def encrypted(gate: EchoGate, certificate: Path) -> AsyncIterator[Listener]:
    tls = tls_context(str(certificate), "")
    listener = await listen("127.0.0.1:0", "stomps", lambda: TlsOutlet(gate, tls))
    yield listener
    listener.close()


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
async def test_tls_carries_the_same(
    gate: EchoGate, encrypted: Listener, trusting: ssl.SSLContext, version: ssl.TLSVersion
) -> None:
    trusting.minimum_version = trusting.maximum_version = version
    async with client_of(encrypted.server, trusting) as client:
        client.send(b"one\n")
        assert await client.read(4) == b"one\n"
        assert gate.echoes[0].peer.is_encrypted
        client.send(b"quit\n", *[b"more\n"] * 20_000)
        assert await client.rest() == b"bye\n"
    await gate.echoes[0].until_lost()


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
async def test_tls_below_1_2_is_refused(
    gate: EchoGate, encrypted: Listener, trusting: ssl.SSLContext
) -> None:
    trusting.set_ciphers("ALL:@SECLEVEL=0")
    trusting.minimum_version = trusting.maximum_version = ssl.TLSVersion.TLSv1_1
    with pytest.raises((ssl.SSLError, ConnectionError)):
        async with client_of(encrypted.server, trusting):
            pass
    assert gate.echoes == []


async def test_a_handshake_that_takes_too_long_is_cut_off(gate: EchoGate, certificate: Path) -> None:
    tls = tls_context(str(certificate), "")
    listener = await listen("127.0.0.1:0", "stomps", lambda: TlsOutlet(gate, tls, 0.01))
    async with client_of(listener.server) as client:
        with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
            await client.read(1)
    listener.close()
    assert gate.inside == []


async def test_megabytes_pass_both_ways(
    gate: EchoGate, encrypted: Listener, trusting: ssl.SSLContext
) -> None:
    line = b"x" * len(MEGABYTE) + b"\n"
    async with client_of(encrypted.server, trusting) as client:
        client.send(line, line)
        assert await client.read(2 * len(line)) == line * 2


async def test_a_client_that_ends_tls_still_gets_its_answers(
    gate: EchoGate, encrypted: Listener, trusting: ssl.SSLContext
) -> None:
    async with client_of(encrypted.server, trusting) as client:
        client.send(b"last\n")
        assert await client.read(5) == b"last\n"
    await gate.echoes[0].until_lost()
    assert gate.inside == []


async def test_a_record_that_was_tampered_with_ends_the_connection(
    gate: EchoGate, encrypted: Listener, trusting: ssl.SSLContext
) -> None:
    async with client_of(encrypted.server, trusting) as client:
        client.send(b"fine\n")
        assert await client.read(5) == b"fine\n"
        os.write(client.writer.get_extra_info("socket").fileno(), b"\x17\x03\x03\x00\x20" + bytes(32))
        await gate.echoes[0].until_lost()


async def test_an_answer_that_can_not_be_encrypted_any_more_keeps_nobody_else_waiting(
    gate: EchoGate, encrypted: Listener, trusting: ssl.SSLContext
) -> None:
    gate.wake = lambda: None  # so one flush alone has to do it
    async with client_of(encrypted.server, trusting) as bad:
        echo = await gate.next()
        async with client_of(encrypted.server, trusting) as other:
            (await gate.next()).waiting.append(b"mine\n")
            echo.outlet.pause_reading()
            bad.send(b"fine\n")
            os.write(bad.writer.get_extra_info("socket").fileno(), b"\x17\x03\x03\x00\x20" + bytes(32))
            echo.outlet.resume_reading()  # both in one read: the answer is written after the fault
            assert await other.read(5) == b"mine\n"
        await echo.until_lost()
    assert echo.reads == [b"fine\n"]


async def test_who_does_not_speak_tls_is_closed(gate: EchoGate, encrypted: Listener) -> None:
    async with client_of(encrypted.server) as client:
        client.send(b"CONNECT\n\n\0" * 100)
        assert b"ERROR" not in await client.rest()
    assert gate.echoes == []


async def test_who_does_not_end_the_handshake_counts_until_it_goes(
    gate: EchoGate, encrypted: Listener
) -> None:
    async with client_of(encrypted.server) as slow, client_of(encrypted.server) as other:
        other.send(b"no TLS")
        await other.rest()
        assert len(gate.inside) == 2
        slow.writer.write_eof()
        assert await slow.rest() == b""
        assert len(gate.inside) == 1


async def test_who_is_not_let_in_is_not_encrypted_for(
    gate: EchoGate, encrypted: Listener, trusting: ssl.SSLContext
) -> None:
    gate.refusal = "more than 3 connections"
    with pytest.raises((ssl.SSLError, ConnectionError)):
        async with client_of(encrypted.server, trusting):
            pass


async def test_what_comes_with_the_end_of_the_handshake_is_not_lost(
    gate: EchoGate, encrypted: Listener, trusting: ssl.SSLContext
) -> None:
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = trusting.wrap_bio(incoming, outgoing, server_hostname="localhost")
    async with client_of(encrypted.server) as client:
        with pytest.raises(ssl.SSLWantReadError):
            tls.do_handshake()
        client.send(outgoing.read())
        while True:
            incoming.write(await asyncio.wait_for(client.reader.read(65536), 5.0))
            try:
                tls.do_handshake()
            except ssl.SSLWantReadError:
                continue
            break
        tls.write(b"early\n")
        client.send(outgoing.read())  # our Finished, and the first frame with it
        while True:
            try:
                assert tls.read(100) == b"early\n"
            except ssl.SSLWantReadError:
                incoming.write(await asyncio.wait_for(client.reader.read(65536), 5.0))
            else:
                break


@pytest.mark.parametrize("content", [None, "no certificate"])
def test_a_certificate_that_cannot_be_used_is_named(tmp_path: Path, content: str | None) -> None:
    file = tmp_path / "server.pem"
    if content is not None:
        file.write_text(content)
    with pytest.raises(ConfigError, match=r"server\.pem"):
        tls_context(str(file), "")
