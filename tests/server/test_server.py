"""The whole server, over real sockets: start, limits, memory, drain."""

import asyncio
import contextlib
import ssl
import threading
from dataclasses import replace
from pathlib import Path

import pytest
import trustme

from hoofbeat.config import AdmissionConfig, BrokerConfig, LimitsConfig, ServerConfig
from hoofbeat.errors import ConfigError
from hoofbeat.server import users
from hoofbeat.server.memory_mark import MemoryMark
from tests.server.serving import CONFIG, CONNECT, address_of, connected, serving, talking
from tests.transports.echo import Client
from tests.transports.wsclient import CLOSE, TEXT, client_frame, server_frames, upgrade

SUBSCRIBE = b"SUBSCRIBE\nid:1\ndestination:/topic/a\nreceipt:r\n\n\0"


def sending(body: bytes, *headers: bytes) -> bytes:
    return b"\n".join([b"SEND", b"destination:/topic/a", *headers, b"", b""]) + body + b"\0"


async def message_of(client: Client) -> bytes:
    """Read the payload of one WebSocket message under 64 KiB."""
    head = await client.read(2)
    size = head[1]
    if size == 126:
        head += await client.read(2)
        size = int.from_bytes(head[2:], "big")
    [(_, payload)] = server_frames(head + await client.read(size))
    return payload


async def test_what_is_sent_over_tcp_is_heard_over_websocket_and_back() -> None:
    async with serving() as server, connected(server) as tcp, talking(server, "http") as websocket:
        websocket.send(upgrade("/stomp", "Sec-WebSocket-Protocol: v12.stomp"))
        await websocket.until(b"\r\n\r\n")
        websocket.send(client_frame(CONNECT, TEXT), client_frame(SUBSCRIBE))
        assert (await message_of(websocket)).startswith(b"CONNECTED\n")
        assert (await message_of(websocket)).startswith(b"RECEIPT\n")
        tcp.send(SUBSCRIBE, sending(b"hello"))
        assert (await message_of(websocket)).endswith(b"\n\nhello\0")
        assert (await tcp.until(b"\0")).startswith(b"RECEIPT\n")
        assert (await tcp.until(b"\0")).endswith(b"\n\nhello\0")
        websocket.send(client_frame(sending("grüße".encode()), TEXT))
        assert (await tcp.until(b"\0")).endswith("\n\ngrüße\0".encode())


async def test_many_sends_in_one_read_are_heard_in_order() -> None:
    async with serving() as server, connected(server) as client:
        client.send(SUBSCRIBE, *[sending(b"%d" % number) for number in range(2000)])
        assert (await client.until(b"\0")).startswith(b"RECEIPT\n")
        for number in range(2000):
            assert (await client.until(b"\0")).endswith(b"\n\n%d\0" % number)


async def test_a_client_that_half_closes_after_its_last_send_is_still_answered() -> None:
    async with serving() as server, talking(server) as client:
        client.send(CONNECT, SUBSCRIBE, sending(b"last"))
        client.writer.write_eof()
        assert (await client.rest()).endswith(b"\n\nlast\0")


async def test_an_error_arrives_before_the_close_though_the_client_goes_on() -> None:
    async with serving() as server, connected(server) as client:
        client.send(b"NONSENSE\n\n\0", *[sending(b"x")] * 20_000)
        answer = await client.rest()
        assert answer.startswith(b"ERROR\n")
        assert answer.count(b"\0") == 1


async def test_who_does_not_connect_in_time_is_told_and_closed() -> None:
    """The one timer is set to the nearest deadline of all sessions."""
    config = replace(CONFIG, broker=BrokerConfig(limits=LimitsConfig(connect_seconds=0.05)))
    async with serving(config) as server, talking(server) as client:
        assert (await client.rest()).startswith(b"ERROR\n")


@pytest.mark.parametrize(
    ("block", "body", "answer"),
    [
        (12 * 1024, 4 * 1024, b"CONNECTED\n"),
        (12 * 1024 + 1, 0, b"ERROR\nmessage:header block over 12288 bytes\n"),
        (12 * 1024, 4 * 1024 + 1, b"ERROR\nmessage:body over 4096 bytes\n"),
    ],
)
async def test_a_frame_before_the_login_has_at_most_16_kib(block: int, body: int, answer: bytes) -> None:
    lines = CONNECT.removesuffix(b"\n\n\0") + b"\nx:" + b"y" * 8000 + b"\nx:"
    lines += b"y" * (block - len(lines) - 1)  # and the EOL of the last line
    async with serving() as server, talking(server) as client:
        client.send(lines, b"\n\n", b"x" * body, b"\0")
        assert (await client.until(b"\0")).startswith(answer)


async def test_one_connection_more_than_the_limit_is_told_why() -> None:
    config = replace(CONFIG, limits=AdmissionConfig(connections=1))
    async with serving(config) as server, connected(server):
        async with talking(server) as client:
            assert (await client.rest()).startswith(b"ERROR\nmessage:more than 1 connections\n")
        async with talking(server, "http") as client:
            assert (await client.rest()).startswith(b"HTTP/1.1 503 ")


async def test_a_forwarded_address_has_its_own_share_of_connections() -> None:
    config = replace(CONFIG, proxies=("127.0.0.1",), limits=AdmissionConfig(per_address=1))
    async with serving(config) as server, contextlib.AsyncExitStack() as clients:
        answers = []
        for address in ("192.0.2.1", "192.0.2.1", "192.0.2.2"):
            client = await clients.enter_async_context(talking(server, "http"))
            client.send(upgrade("/stomp", f"X-Forwarded-For: {address}"))
            answers.append((await client.until(b"\r\n\r\n"))[:13])
        assert answers == [b"HTTP/1.1 101 ", b"HTTP/1.1 503 ", b"HTTP/1.1 101 "]


async def test_a_password_behind_a_proxy_passes_where_the_client_came_by_https(tmp_path: Path) -> None:
    users.set_password(tmp_path / "users", "ann", "secret")
    config = replace(CONFIG, users_file=str(tmp_path / "users"), proxies=("127.0.0.1",))
    login = CONNECT.replace(b"host:", b"login:ann\npasscode:secret\nhost:")
    async with serving(config) as server:
        for scheme, answer in (("http", b"ERROR\n"), ("https", b"CONNECTED\n")):
            async with talking(server, "http") as client:
                client.send(upgrade("/stomp", "X-Forwarded-For: 192.0.2.1", f"X-Forwarded-Proto: {scheme}"))
                await client.until(b"\r\n\r\n")
                client.send(client_frame(login, TEXT))
                assert (await message_of(client)).startswith(answer)


async def test_publishers_are_held_while_memory_is_short() -> None:
    used = [2]
    memory = MemoryMark(1, lambda: used[0], lambda: None)
    async with serving(memory=memory) as server, connected(server) as client:
        client.send(sending(b"x", b"receipt:held"))
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(client.reader.readuntil(b"\0"), 0.1)
        used[0] = 0
        assert b"receipt-id:held\n" in await client.until(b"\0")


async def test_the_share_of_memory_above_which_publishers_are_held_is_configured() -> None:
    config = replace(CONFIG, limits=AdmissionConfig(memory_share=1e-9))
    async with serving(config) as server, connected(server) as client:
        client.send(sending(b"x", b"receipt:held"))
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(client.reader.readuntil(b"\0"), 0.1)


async def test_draining_ends_every_session_and_accepts_nobody() -> None:
    async with serving() as server, connected(server) as tcp, talking(server, "http") as websocket:
        websocket.send(upgrade())
        await websocket.until(b"\r\n\r\n")
        websocket.send(client_frame(CONNECT))
        await message_of(websocket)
        draining = asyncio.create_task(server.drain())
        assert (await tcp.rest()).startswith(b"ERROR\nmessage:the server is shutting down\n")
        tcp.writer.close()
        assert (await message_of(websocket)).startswith(b"ERROR\n")
        assert await message_of(websocket) == (1001).to_bytes(2, "big")
        websocket.send(client_frame((1001).to_bytes(2, "big"), CLOSE))
        assert await websocket.rest() == b""
        websocket.writer.close()
        await asyncio.wait_for(draining, 5.0)
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection(*address_of(server))


async def test_draining_does_not_wait_longer_than_it_may() -> None:
    async with serving() as server, talking(server, "http") as client:
        client.send(b"GET / HT")
        await asyncio.wait_for(server.drain(0.05), 5.0)
        with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
            await client.read(1)


async def test_what_was_delivered_before_the_drain_arrives() -> None:
    async with serving() as server, connected(server) as client:
        client.send(SUBSCRIBE)
        await client.until(b"\0")
        client.send(*[sending(b"%d" % number) for number in range(1000)])
        await client.until(b"\n\n0\0")
        draining = asyncio.create_task(server.drain())
        frames = (await client.rest()).split(b"\0")
        client.writer.close()
        await draining
        bodies = [int(frame.rpartition(b"\n\n")[2]) for frame in frames if frame.startswith(b"MESSAGE")]
        assert bodies == list(range(1, len(bodies) + 1))
        assert frames[-2].startswith(b"ERROR\n")


async def test_the_threads_that_check_passwords_end_with_the_server(tmp_path: Path) -> None:
    users.set_password(tmp_path / "users", "ann", "secret")
    config = replace(CONFIG, users_file=str(tmp_path / "users"))
    async with serving(config) as server, talking(server) as client:
        client.send(b"CONNECT\naccept-version:1.2\nhost:a\nlogin:ann\npasscode:secret\n\n\0")
        assert (await client.until(b"\0")).startswith(b"CONNECTED\n")
        threads = [thread for thread in threading.enumerate() if thread.name.startswith("passwords")]
        assert threads
    for thread in threads:
        thread.join(5.0)
        assert not thread.is_alive()


async def test_every_address_is_bound_or_none() -> None:
    async with serving() as other:
        taken = ":".join(map(str, address_of(other)))
        server_config = ServerConfig(stomp=("127.0.0.1:0", taken), http=())
        with pytest.raises(ConfigError, match="address already in use"):
            async with serving(server_config):
                pass


async def test_urls_say_where_everything_is(tmp_path: Path) -> None:
    config = replace(CONFIG, unix=(str(tmp_path / "s.sock"),))
    async with serving(config) as server:
        assert [url.partition(":")[0] for url in server.urls] == ["stomp", "unix", "http"]
        assert server.urls[2].endswith("/")
        assert all(":0" not in url for url in server.urls)


async def test_tls_is_one_listener_among_others(tmp_path: Path) -> None:
    authority, file = trustme.CA(), tmp_path / "server.pem"
    authority.issue_cert("127.0.0.1").private_key_and_cert_chain_pem.write_to_path(str(file))
    trusting = ssl.create_default_context()
    authority.configure_trust(trusting)
    config = replace(CONFIG, tls=("127.0.0.1:0",), https=("127.0.0.1:0",), certificate=str(file))
    async with serving(config) as server:
        client = Client(*await asyncio.open_connection(*address_of(server, "https"), ssl=trusting))
        client.send(b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        assert (await client.until(b"\r\n")).startswith(b"HTTP/1.1 200 ")
        client.writer.close()
        client = Client(*await asyncio.open_connection(*address_of(server, "stomps"), ssl=trusting))
        client.send(CONNECT)
        assert (await client.until(b"\0")).startswith(b"CONNECTED\n")
        client.writer.close()
