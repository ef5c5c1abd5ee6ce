"""The opening handshake, by RFC 6455's example and rules."""

import pytest

from hoofbeat.transports.handshake import answer
from hoofbeat.transports.sites import Sites
from tests.transports.wsclient import upgrade

SITES = Sites()


def headers_of(data: bytes) -> dict[str, str]:
    lines = data.decode().split("\r\n\r\n")[0].split("\r\n")[1:]
    return {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}


def test_the_key_of_section_1_3_gets_its_answer() -> None:
    got = answer(upgrade(), SITES)
    assert got.status == 101
    assert got.data.startswith(b"HTTP/1.1 101 Switching Protocols\r\n")
    headers = headers_of(got.data)
    assert headers["sec-websocket-accept"] == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
    assert headers["upgrade"] == "websocket"
    assert headers["connection"] == "Upgrade"
    assert "sec-websocket-protocol" not in headers


@pytest.mark.parametrize(
    ("offered", "chosen"),
    [
        ("v10.stomp, v11.stomp, v12.stomp", "v12.stomp"),
        ("v11.stomp, v10.stomp", "v11.stomp"),
        ("v10.stomp", "v10.stomp"),
        ("chat, v11.stomp", "v11.stomp"),
    ],
)
def test_the_best_sub_protocol_both_know_is_chosen(offered: str, chosen: str) -> None:
    got = answer(upgrade("/stomp", f"Sec-WebSocket-Protocol: {offered}"), SITES)
    assert headers_of(got.data)["sec-websocket-protocol"] == chosen


def test_sub_protocols_may_come_in_several_headers() -> None:
    got = answer(
        upgrade("/stomp", "Sec-WebSocket-Protocol: chat", "Sec-WebSocket-Protocol: v12.stomp"), SITES
    )
    assert headers_of(got.data)["sec-websocket-protocol"] == "v12.stomp"


def test_a_client_that_names_none_of_ours_is_served_too() -> None:
    got = answer(upgrade("/stomp", "Sec-WebSocket-Protocol: chat"), SITES)
    assert got.status == 101
    assert "sec-websocket-protocol" not in headers_of(got.data)


def test_compression_is_not_taken_up() -> None:
    got = answer(upgrade("/stomp", "Sec-WebSocket-Extensions: permessage-deflate"), SITES)
    assert got.status == 101
    assert "sec-websocket-extensions" not in headers_of(got.data)


def test_a_query_does_not_matter() -> None:
    assert answer(upgrade("/stomp?room=1"), SITES).status == 101


@pytest.mark.parametrize(
    ("request_head", "status"),
    [
        pytest.param(upgrade("/"), 404, id="another path"),
        pytest.param(upgrade("/stomp/"), 404, id="a path below"),
        pytest.param(upgrade(host="evil.example"), 403, id="unknown host"),
        pytest.param(upgrade().replace(b"Host: localhost\r\n", b""), 403, id="no host"),
        pytest.param(upgrade("/stomp", "Host: localhost"), 400, id="two hosts"),
        pytest.param(upgrade("/stomp", "Origin: http://evil.example"), 403, id="foreign origin"),
        pytest.param(upgrade("/stomp", "Origin: null"), 403, id="null origin"),
        pytest.param(
            upgrade("/stomp", "Origin: http://localhost", "Origin: http://localhost"), 400, id="two origins"
        ),
        pytest.param(upgrade().replace(b"Version: 13", b"Version: 8"), 426, id="another version"),
        pytest.param(upgrade().replace(b"Sec-WebSocket-Version: 13\r\n", b""), 400, id="no version"),
        pytest.param(upgrade().replace(b"dGhlIHNhbXBsZSBub25jZQ==", b"c2hvcnQ="), 400, id="short key"),
        pytest.param(
            upgrade().replace(b"dGhlIHNhbXBsZSBub25jZQ==", b"not base64!"), 400, id="key not base64"
        ),
        pytest.param(
            upgrade().replace(b"Connection: Upgrade", b"Connection: close"), 426, id="no connection upgrade"
        ),
        pytest.param(upgrade().replace(b"GET", b"POST"), 405, id="another method"),
        pytest.param(b"nonsense\r\n\r\n", 400, id="no request"),
        pytest.param(upgrade("/stomp", *(f"X-{n}: y" for n in range(124))), 400, id="129 headers"),
    ],
)
def test_refusals(request_head: bytes, status: int) -> None:
    got = answer(request_head, SITES)
    assert got.status == status
    assert got.data.startswith(b"HTTP/1.1 %d " % status)
    assert headers_of(got.data)["sec-websocket-version"] == "13"


def test_128_headers_pass() -> None:
    assert answer(upgrade("/stomp", *(f"X-{n}: y" for n in range(123))), SITES).status == 101


def test_as_many_headers_as_are_allowed_pass_and_one_more_does_not() -> None:
    assert answer(upgrade("/stomp", "X-1: y"), SITES, 6).status == 101
    assert answer(upgrade("/stomp", "X-1: y", "X-2: y"), SITES, 6).status == 431


def test_who_is_refused_is_told_which_option_would_do() -> None:
    assert b"--hosts" in answer(upgrade(host="evil.example"), SITES).data
    assert b"--origins" in answer(upgrade("/stomp", "Origin: http://evil.example"), SITES).data


def test_our_own_origin_passes() -> None:
    assert answer(upgrade("/stomp", "Origin: http://localhost"), SITES).status == 101
