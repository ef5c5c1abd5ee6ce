"""The small client of the commands, against brokers that do what they are told."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from hoofbeat.cli import link
from hoofbeat.cli.endpoint import Endpoint
from hoofbeat.cli.link import LinkError, open_link
from hoofbeat.errors import ConfigError
from hoofbeat.protocol.commands import Command
from hoofbeat.protocol.heartbeat import HeartBeat
from tests.cli.scripted import CONNECTED, Script, answers, hold, scripted

MESSAGE = b"MESSAGE\nx:1\n\n\0"


def receipt(number: int) -> bytes:
    """Answer the receipt that was asked for, as the commands number them."""
    return b"RECEIPT\nreceipt-id:hoofbeat-%d\n\n\0" % number


async def talk(script: Script, use: Callable[[link.Link], Awaitable[object]] | None = None) -> object:
    """Connect to a scripted broker, and do something there."""
    async with scripted(script) as where, open_link(where, {}) as opened:
        return await use(opened) if use else None


async def test_messages_that_come_before_a_receipt_are_kept_in_order() -> None:
    async def use(opened: link.Link) -> list[str]:
        await opened.confirm(Command.SUBSCRIBE, {"id": "1", "destination": "/topic/a"})
        return [(await opened.next()).headers["x"] for _ in range(2)]

    script = answers(CONNECTED, MESSAGE + MESSAGE.replace(b"1", b"2") + receipt(1))
    assert await talk(script, use) == ["1", "2"]


async def test_leaving_waits_for_the_receipt_of_disconnect() -> None:
    await talk(answers(CONNECTED, receipt(1)), link.Link.leave)


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (b"ERROR\nmessage:no\n\n\0", "refused: no"),
        (b"ERROR\nmessage:no\n\nask\nfirst\0", "refused: no: ask first"),
        (b"ERROR\nmessage:no way\n\nno\0", "refused: no way"),
        (b"ERROR\nmessage:no way\n\nno way (here)\0", "refused: no way (here)"),
        (b"ERROR\n\n\0", "refused: the broker sent ERROR"),
        (b"ERROR\nmessage:a\\cb\n\n\0", "refused: a:b"),
        (b"ERROR\nmessage:a\\xb\n\n\0", "refused: a\\xb"),
    ],
)
async def test_error_instead_of_connected_is_said_in_one_line(error: bytes, text: str) -> None:
    with pytest.raises(LinkError) as caught:
        await talk(answers(error))
    assert str(caught.value) == text


async def test_error_later_is_told_to_whoever_sends_next() -> None:
    async def use(opened: link.Link) -> None:
        await opened.send(Command.SEND, {"destination": "/topic/a"})
        with pytest.raises(LinkError, match="refused: a:b"):
            await opened.next()
        await opened.send(Command.SEND, {"destination": "/topic/a"})

    with pytest.raises(LinkError, match="closed the connection"):
        await talk(answers(CONNECTED, b"ERROR\nmessage:a\\cb\n\n\0"), use)


async def test_error_before_disconnect_is_not_lost() -> None:
    async def use(opened: link.Link) -> None:
        await opened.send(Command.SEND, {"destination": "/topic/a"})
        await opened.leave()

    with pytest.raises(LinkError, match="refused: no"):
        await talk(answers(CONNECTED, b"ERROR\nmessage:no\n\n\0"), use)


async def test_a_broker_that_breaks_the_protocol_is_named() -> None:
    with pytest.raises(LinkError, match="broke the protocol: Bad command 'NONSENSE'"):
        await talk(answers(b"NONSENSE\n\n\0"))


async def test_a_broker_that_leaves_is_noticed() -> None:
    with pytest.raises(LinkError, match="the broker closed the connection"):
        await talk(answers(CONNECTED), link.Link.next)


async def test_a_connection_that_breaks_is_noticed() -> None:
    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\0")
        writer.transport.abort()

    with pytest.raises(LinkError, match=r"the connection broke|closed the connection"):
        await talk(script)


async def test_a_broker_that_does_not_answer_connect_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(link, "CONNECT_SECONDS", 0.05)
    with pytest.raises(LinkError, match="does not answer CONNECT"):
        await talk(hold)


async def test_a_broker_that_does_not_answer_disconnect_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(link, "GOODBYE_SECONDS", 0.05)

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await answers(CONNECTED)(reader, writer)
        await hold(reader, writer)

    with pytest.raises(LinkError, match="does not answer DISCONNECT"):
        await talk(script, link.Link.leave)


async def test_heart_beats_are_sent_and_a_silent_broker_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(link, "HEART_BEAT", HeartBeat(20, 20))
    heard = bytearray()

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\0")
        writer.write(b"CONNECTED\nversion:1.2\nheart-beat:100,20\n\n\0")
        while data := await reader.read(1024):
            heard.extend(data)

    with pytest.raises(LinkError, match="fell silent"):
        await talk(script, link.Link.next)
    assert len(heard) >= 2
    assert not heard.strip(b"\n")


async def test_a_sender_waits_for_a_broker_that_reads_slowly() -> None:
    body = b"x" * 8 * 1024 * 1024

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await answers(CONNECTED)(reader, writer)
        await reader.readexactly(len(body))

    async def use(opened: link.Link) -> None:
        await opened.send(Command.SEND, {"destination": "/topic/a"}, body)

    await talk(script, use)


async def test_a_broker_that_does_not_let_go_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(link, "CLOSE_SECONDS", 0.05)
    left = asyncio.Event()

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await answers(CONNECTED)(reader, writer)
        await left.wait()  # and read nothing meanwhile

    async def use(opened: link.Link) -> None:
        opened._transport.write(b"x" * 64 * 1024 * 1024)  # more than the network holds

    await talk(script, use)
    left.set()


async def test_where_nobody_listens_the_reason_is_said() -> None:
    async with scripted(hold) as where:
        pass
    with pytest.raises(LinkError, match=rf"{where} can't be reached: .*refused"):
        async with open_link(where, {}):
            pass


async def test_a_unix_socket_that_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(LinkError, match="sock can't be reached: no such file"):
        async with open_link(Endpoint("", 0, str(tmp_path / "sock")), {}):
            pass


async def test_plain_stomp_behind_a_tls_url_is_said() -> None:
    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(CONNECTED)

    async with scripted(script) as where:
        with pytest.raises(LinkError, match="no TLS: "):
            async with open_link(where._replace(is_encrypted=True), {}):
                pass


async def test_certificates_that_can_not_be_read_are_a_misuse(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no certificates could be read"):
        async with open_link(Endpoint("127.0.0.1", 1, is_encrypted=True), {}, str(tmp_path / "none.pem")):
            pass


async def test_a_broker_that_nobody_reaches_in_time_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(link, "CONNECT_SECONDS", 0.05)
    async with scripted(hold) as where:
        with pytest.raises(LinkError, match="does not answer"):
            async with open_link(where._replace(is_encrypted=True), {}):
                pass
