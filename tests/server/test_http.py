"""The one HTTP port, over real sockets: pages, refusals, limits, and WebSockets."""

import asyncio
import re
import socket
import struct
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from hoofbeat.config import AdmissionConfig
from hoofbeat.server.http import HttpPort
from hoofbeat.server.listeners import Listener, listen
from hoofbeat.server.site import make_app, read_pages
from hoofbeat.transports.sites import Sites
from tests.transports.echo import Client, EchoGate, client_of
from tests.transports.wsclient import BINARY, CLOSE, PING, TEXT, client_frame, server_frames, upgrade

MESSAGE_BYTES = 100_000
HEAD_BYTES = AdmissionConfig().http_head_bytes


@pytest.fixture
def gate() -> EchoGate:
    return EchoGate()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "vendor").mkdir()
    (tmp_path / "index.html").write_text("<!doctype html><title>Grüße</title>", encoding="utf-8")
    (tmp_path / "main.js").write_text("export {};")
    (tmp_path / "logo.svg").write_text("<svg/>")
    (tmp_path / "vendor" / "stomp.min.js").write_text("var StompJs;")
    (tmp_path / "notes.secret").write_text("not served")
    return tmp_path


@pytest.fixture
def port(gate: EchoGate, folder: Path) -> HttpPort:
    sites = Sites()
    app = make_app(sites, read_pages(folder), lambda: gate.refusal == "draining")
    return HttpPort(gate, app, sites, message_bytes=MESSAGE_BYTES)


@pytest.fixture
async def http(port: HttpPort) -> AsyncIterator[Listener]:
    listener = await listen("127.0.0.1:0", "http", port.make_door)
    yield listener
    listener.close()
    port.abort()


@pytest.fixture
async def client(http: Listener) -> AsyncIterator[Client]:
    async with client_of(http.server) as client:
        yield client


class Answer:
    """An HTTP answer taken apart."""

    def __init__(self, head: bytes, body: bytes) -> None:
        first, *lines = head.decode().strip().split("\r\n")
        self.status = int(first.split(" ")[1])
        self.headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
        self.body = body


async def ask(
    client: Client, path: str = "/", *headers: str, method: str = "GET", host: str = "localhost"
) -> Answer:
    lines = [f"{method} {path} HTTP/1.1", f"Host: {host}", *headers, "", ""]
    client.send("\r\n".join(lines).encode())
    return await answer_of(client, has_body=method != "HEAD")


async def answer_of(client: Client, *, has_body: bool = True) -> Answer:
    answer = Answer(await client.until(b"\r\n\r\n"), b"")
    size = int(answer.headers.get("content-length", "0")) if has_body and answer.status != 304 else 0
    answer.body = await client.read(size)
    return answer


async def opened(client: Client, *headers: str) -> Answer:
    client.send(upgrade("/stomp", *headers))
    return await answer_of(client)


async def message(client: Client) -> tuple[int, bytes]:
    """Read one short message."""
    head = await client.read(2)
    [frame] = server_frames(head + await client.read(head[1]))
    return frame


# Pages.


async def test_the_page_is_at_the_root(client: Client) -> None:
    answer = await ask(client)
    assert answer.status == 200
    assert answer.body.decode() == "<!doctype html><title>Grüße</title>"
    assert answer.headers["content-type"] == "text/html; charset=utf-8"


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/main.js", "text/javascript; charset=utf-8"),
        ("/vendor/stomp.min.js", "text/javascript; charset=utf-8"),
        ("/logo.svg", "image/svg+xml"),
    ],
)
async def test_files_have_their_types(client: Client, path: str, kind: str) -> None:
    answer = await ask(client, path)
    assert (answer.status, answer.headers["content-type"]) == (200, kind)


@pytest.mark.parametrize(
    "path", ["/missing.js", "/notes.secret", "/../site.py", "/%2e%2e/site.py", "/vendor", "/index.html/"]
)
async def test_anything_else_is_not_found(client: Client, path: str) -> None:
    assert (await ask(client, path)).status == 404


async def test_a_browser_that_has_the_page_is_not_sent_it_again(client: Client) -> None:
    tag = (await ask(client)).headers["etag"]
    again = await ask(client, "/", f'If-None-Match: "other", W/{tag}')
    assert (again.status, again.body, again.headers["etag"]) == (304, b"", tag)
    assert (await ask(client, "/", 'If-None-Match: "other"')).status == 200


async def test_the_browser_asks_each_time_whether_a_page_changed(client: Client) -> None:
    assert (await ask(client)).headers["cache-control"] == "no-cache"


async def test_every_answer_is_hardened(client: Client) -> None:
    for path in ("/", "/missing", "/healthz"):
        headers = (await ask(client, path)).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "DENY"
        assert headers["content-security-policy"].startswith(
            "default-src 'self'; connect-src 'self' ws://localhost wss://localhost; "
        )
        assert re.fullmatch(r"\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT", headers["date"])
        assert "server" not in headers


async def test_head_has_no_body(client: Client) -> None:
    answer = await ask(client, method="HEAD")
    assert answer.status == 200
    assert int(answer.headers["content-length"]) > 0


async def test_pages_cannot_be_posted_to(client: Client) -> None:
    assert (await ask(client, "/", "Content-Length: 0", method="POST")).status == 405


async def test_health_says_ok_until_the_server_drains(client: Client, gate: EchoGate) -> None:
    answer = await ask(client, "/healthz")
    assert (answer.status, answer.body) == (200, b"ok\n")
    gate.refusal = "draining"
    assert (await ask(client, "/healthz")).status == 503


async def test_stomp_without_an_upgrade_says_what_to_do(client: Client) -> None:
    answer = await ask(client, "/stomp")
    assert (answer.status, answer.headers["upgrade"]) == (426, "websocket")


@pytest.mark.parametrize("host", ["evil.example", "10.0.0.1", "localhost.evil.example", ""])
async def test_a_host_we_do_not_know_is_refused(client: Client, host: str) -> None:
    answer = await ask(client, host=host)
    assert answer.status == 403
    assert "evil" not in answer.headers["content-security-policy"]


# Limits.


async def test_128_headers_pass_and_one_more_is_refused(client: Client) -> None:
    assert (await ask(client, "/", *(f"X-{n}: y" for n in range(127)))).status == 200
    assert (await ask(client, "/", *(f"X-{n}: y" for n in range(128)))).status == 431


async def test_a_head_that_never_ends_is_cut_off(client: Client, gate: EchoGate) -> None:
    client.send(b"GET / HTTP/1.1\r\nHost: localhost\r\nX: ", b"y" * (HEAD_BYTES + 1))
    assert re.match(rb"HTTP/1.1 4(00|31) ", await client.rest())
    assert gate.inside == []


async def test_a_long_head_within_the_limit_passes(client: Client) -> None:
    assert (await ask(client, "/", "X: " + "y" * (HEAD_BYTES // 2))).status == 200


async def test_many_requests_on_one_connection_are_not_taken_for_one_head(client: Client) -> None:
    for _ in range(4):
        assert (await ask(client, "/", "X: " + "y" * (HEAD_BYTES // 2))).status == 200


def limited(gate: EchoGate, folder: Path, **limits: float) -> HttpPort:
    """Make a port with other limits than the usual ones."""
    config = AdmissionConfig(**limits)
    app = make_app(Sites(), read_pages(folder), lambda: False, most_headers=config.http_headers)
    return HttpPort(gate, app, Sites(), message_bytes=MESSAGE_BYTES, limits=config)


async def test_how_many_headers_and_octets_a_head_has_is_configured(folder: Path, gate: EchoGate) -> None:
    port = limited(gate, folder, http_headers=16, http_head_bytes=1024)
    listener = await listen("127.0.0.1:0", "http", port.make_door)
    async with client_of(listener.server) as client:
        assert (await ask(client, "/", *(f"X-{n}: y" for n in range(15)))).status == 200
        assert (await ask(client, "/", *(f"X-{n}: y" for n in range(16)))).status == 431
        assert (await opened(client, *(f"X-{n}: y" for n in range(12)))).status == 431
    async with client_of(listener.server) as client:
        assert (await opened(client, *(f"X-{n}: y" for n in range(11)))).status == 101
    async with client_of(listener.server) as client:
        client.send(b"GET / HTTP/1.1\r\nHost: localhost\r\nX: ", b"y" * 1024)
        assert re.match(rb"HTTP/1.1 4(00|31) ", await client.rest())
    listener.close()
    port.abort()


async def test_a_head_that_does_not_come_in_time_closes_the_connection(folder: Path, gate: EchoGate) -> None:
    port = limited(gate, folder, http_seconds=0.01)
    listener = await listen("127.0.0.1:0", "http", port.make_door)
    async with client_of(listener.server) as client:
        client.send(b"GET / HTTP/1.1\r\nHost: loc")
        with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
            await client.read(1)
    listener.close()
    assert gate.inside == []


async def test_who_asks_on_and_reads_nothing_is_cut_off(folder: Path, gate: EchoGate) -> None:
    (folder / "main.js").write_bytes(b"x" * (4 * 1024 * 1024))
    port = limited(gate, folder, http_seconds=0.05)
    listener = await listen("127.0.0.1:0", "http", port.make_door)
    async with client_of(listener.server) as client:
        client.stop_reading()
        client.send(b"GET /main.js HTTP/1.1\r\nHost: localhost\r\n\r\n" * 4)
        await gate.changed.wait()
        await gate.until_empty()
    listener.close()


async def test_nonsense_is_a_bad_request(client: Client) -> None:
    client.send(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n")
    assert (await client.rest()).startswith(b"HTTP/1.1 400 ")


async def test_who_is_not_let_in_gets_503(http: Listener, gate: EchoGate) -> None:
    gate.refusal = "more than 3 connections"
    async with client_of(http.server) as client:
        assert (await client.rest()).startswith(b"HTTP/1.1 503 ")


async def test_who_comes_too_fast_is_not_answered(http: Listener, gate: EchoGate) -> None:
    gate.refusal = ""
    async with client_of(http.server) as client:
        with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
            await client.read(1)


async def test_shutting_down_closes_connections_that_wait(port: HttpPort, client: Client) -> None:
    assert (await ask(client)).status == 200
    port.shut_down()
    assert await client.rest() == b""


# WebSockets.


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
