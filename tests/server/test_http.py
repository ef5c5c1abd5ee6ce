"""The one HTTP port, over real sockets: pages, refusals, limits."""

import asyncio
import re
from pathlib import Path

import pytest

from hoofbeat.server.http import HttpPort
from hoofbeat.server.listeners import Listener, listen
from tests.server.asking import HEAD_BYTES, ask, limited, opened
from tests.transports.echo import Client, EchoGate, client_of

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


async def test_who_reads_slowly_but_reads_gets_the_whole_page(folder: Path, gate: EchoGate) -> None:
    body = b"x" * (8 * 1024 * 1024)  # more than the network holds
    (folder / "main.js").write_bytes(body)
    port = limited(gate, folder)
    listener = await listen("127.0.0.1:0", "http", port.make_door)
    async with client_of(listener.server) as client:
        answer = await ask(client, "/main.js")
        assert (answer.status, len(answer.body)) == (200, len(body))
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
