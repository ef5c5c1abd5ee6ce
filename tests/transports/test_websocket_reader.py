"""RFC 6455, receiving: its own examples, its rules, and every cut."""

import pytest

from hoofbeat.transports.websocket_reader import WebSocketReader, close_frame, frame_header
from tests.transports.wsclient import (
    BINARY,
    CLOSE,
    CONTINUATION,
    PING,
    PONG,
    TEXT,
    client_frame,
    server_frames,
)

LIMIT = 1024 * 1024
GRUESSE = "grüße ✓ 🐎".encode()


def read(*pieces: bytes, limit: int = LIMIT) -> tuple[bytes, WebSocketReader]:
    reader = WebSocketReader(limit)
    return b"".join([reader.feed(piece) for piece in pieces]), reader


def code_of(reader: WebSocketReader) -> int | None:
    if reader.end is None:
        return None
    [(first, payload)] = server_frames(reader.end)
    assert first == 0x88
    return int.from_bytes(payload[:2], "big") if payload else 1005


def test_the_masked_text_message_of_section_5_7() -> None:
    assert read(bytes.fromhex("818537fa213d7f9f4d5158"))[0] == b"Hello"


def test_the_masked_pong_of_section_5_7_is_taken_without_an_answer() -> None:
    payload, reader = read(bytes.fromhex("8a8537fa213d7f9f4d5158"))
    assert (payload, reader.replies, reader.end) == (b"", [], None)


def test_the_ping_of_section_5_7_is_answered_by_its_pong() -> None:
    _, reader = read(client_frame(b"Hello", PING))
    assert reader.replies == [bytes.fromhex("8a0548656c6c6f")]


def test_the_fragmented_message_of_section_5_7() -> None:
    assert read(client_frame(b"Hel", TEXT, fin=False), client_frame(b"lo", CONTINUATION))[0] == b"Hello"


@pytest.mark.parametrize(
    ("size", "header"),
    [
        (5, "8205"),
        (125, "827d"),
        (126, "827e007e"),
        (256, "827e0100"),
        (65535, "827effff"),
        (65536, "827f0000000000010000"),
    ],
)
def test_headers_use_the_fewest_octets_as_in_section_5_7(size: int, header: str) -> None:
    assert frame_header(BINARY, size).hex() == header


@pytest.mark.parametrize("size", [0, 1, 125, 126, 127, 65535, 65536, 200_000])
@pytest.mark.parametrize("opcode", [TEXT, BINARY])
def test_messages_of_every_length_form_come_through(size: int, opcode: int) -> None:
    body = b"x" * size
    payload, reader = read(client_frame(body, opcode) + client_frame(b"next", opcode))
    assert payload == body + b"next"
    assert reader.end is None


def test_every_cut_gives_the_same_octets_answers_and_end() -> None:
    stream = b"".join(
        (
            client_frame(GRUESSE, TEXT),
            client_frame(GRUESSE[:3], TEXT, fin=False),
            client_frame(b"still there?", PING),
            client_frame(GRUESSE[3:9], CONTINUATION, fin=False),
            client_frame(b"", CONTINUATION, fin=False),
            client_frame(GRUESSE[9:], CONTINUATION),
            client_frame(b"\xff\x00" * 100, BINARY),
            client_frame(b"", TEXT),
            client_frame(b"good\xffbad", TEXT),
            client_frame(b"late"),
        )
    )
    for cut in range(len(stream) + 1):
        payload, reader = read(stream[:cut], stream[cut:])
        assert payload == GRUESSE * 2 + b"\xff\x00" * 100 + b"good"
        assert reader.replies == [b"\x8a\x0cstill there?"]
        assert code_of(reader) == 1007


def test_octet_by_octet_is_as_good_as_at_once() -> None:
    stream = client_frame(GRUESSE * 30, TEXT) + client_frame(b"p", PING) + client_frame(b"\x03\xe8bye", CLOSE)
    payload, reader = read(*(bytes((octet,)) for octet in stream))
    assert payload == GRUESSE * 30
    assert reader.replies == [b"\x8a\x01p"]
    assert code_of(reader) == 1000


@pytest.mark.parametrize(
    ("bad", "code"),
    [
        pytest.param(b"\x81\x05Hello", 1002, id="frame not masked"),
        pytest.param(client_frame(b"a", first=0xC2), 1002, id="RSV1 without an extension"),
        pytest.param(client_frame(b"a", first=0xA2), 1002, id="RSV2"),
        pytest.param(client_frame(b"a", first=0x92), 1002, id="RSV3"),
        pytest.param(client_frame(b"a", 0x3), 1002, id="reserved data opcode"),
        pytest.param(client_frame(b"a", 0xB), 1002, id="reserved control opcode"),
        pytest.param(client_frame(b"a", PING, fin=False), 1002, id="fragmented ping"),
        pytest.param(client_frame(b"a" * 126, PING), 1002, id="ping over 125 octets"),
        pytest.param(client_frame(b"a", CONTINUATION), 1002, id="continuation of nothing"),
        pytest.param(client_frame(b"a", fin=False) + client_frame(b"b"), 1002, id="message inside a message"),
        pytest.param(
            client_frame(b"a", fin=False) + client_frame(b"b", TEXT), 1002, id="text inside a message"
        ),
        pytest.param(b"\x82\xfe\x00\x7d" + bytes(4 + 125), 1002, id="16 bit length for 125"),
        pytest.param(b"\x82\xff" + (65535).to_bytes(8, "big") + bytes(4), 1002, id="64 bit length for 65535"),
        pytest.param(b"\x82\xff\x80" + bytes(7) + bytes(4), 1002, id="length with its highest bit set"),
        pytest.param(client_frame(b"a", CLOSE), 1002, id="close with one octet"),
        pytest.param(client_frame(b"\xce", TEXT), 1007, id="text that ends inside a character"),
        pytest.param(client_frame(b"\xed\xa0\x80", TEXT), 1007, id="surrogate in text"),
        pytest.param(client_frame(b"\xf4\x90\x80\x80", TEXT), 1007, id="text past U+10FFFF"),
        pytest.param(
            client_frame(b"\xce", TEXT, fin=False) + client_frame(b"", CONTINUATION),
            1007,
            id="likewise in fragments",
        ),
        pytest.param(client_frame(b"\x03\xe8\xff", CLOSE), 1007, id="close reason not UTF-8"),
    ],
)
def test_what_the_rfc_forbids_fails_the_connection(bad: bytes, code: int) -> None:
    _, reader = read(client_frame(b"fine") + bad)
    assert code_of(reader) == code
    assert not reader.is_clean


def test_what_came_before_a_fault_is_kept_and_what_comes_after_is_not_read() -> None:
    payload, reader = read(
        client_frame(b"fine") + client_frame(b"a", 0x3) + client_frame(b"late"), client_frame(b"x")
    )
    assert payload == b"fine"
    assert code_of(reader) == 1002


@pytest.mark.parametrize(
    "code", [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1014, 3000, 4999]
)
def test_a_close_frame_is_answered_with_its_own_code(code: int) -> None:
    payload, reader = read(client_frame(b"last") + client_frame(code.to_bytes(2, "big") + b"bye", CLOSE))
    assert payload == b"last"
    assert reader.end == close_frame(code)
    assert reader.is_clean


@pytest.mark.parametrize("code", [0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65535])
def test_codes_that_must_not_be_sent_are_a_protocol_error(code: int) -> None:
    assert code_of(read(client_frame(code.to_bytes(2, "big"), CLOSE))[1]) == 1002


def test_a_close_frame_without_a_code_is_answered_without_one() -> None:
    assert read(client_frame(b"", CLOSE))[1].end == b"\x88\x00"


@pytest.mark.parametrize("opcode", [TEXT, BINARY])
@pytest.mark.parametrize("size", [100, 1000, 100_000])
def test_a_frame_at_the_limit_passes_and_one_octet_more_is_1009(size: int, opcode: int) -> None:
    payload, reader = read(client_frame(b"x" * size, opcode), limit=size)
    assert (len(payload), reader.end) == (size, None)
    payload, reader = read(client_frame(b"x" * (size + 1), opcode), limit=size)
    assert (payload, code_of(reader)) == (b"", 1009)


def test_a_frame_over_the_limit_is_refused_at_its_header() -> None:
    assert code_of(read(b"\x82\xff" + (2**40).to_bytes(8, "big"))[1]) == 1009


def test_a_large_frame_is_handed_on_as_it_comes() -> None:
    reader = WebSocketReader(LIMIT)
    frame = client_frame(b"x" * 100_000)
    assert len(reader.feed(frame[:50_000])) == 50_000 - 14


def test_a_message_of_any_number_of_fragments_has_no_size() -> None:
    reader = WebSocketReader(10)
    reader.feed(client_frame(b"start", fin=False))
    assert (
        b"".join(reader.feed(client_frame(b"0123456789", CONTINUATION, fin=False)) for _ in range(100))
        == b"0123456789" * 100
    )
    assert reader.end is None


def test_several_pings_are_answered_in_order_even_between_fragments() -> None:
    _, reader = read(
        client_frame(b"a", TEXT, fin=False) + client_frame(b"1", PING) + client_frame(b"2", PING),
        client_frame(b"b", CONTINUATION),
    )
    assert reader.replies == [b"\x8a\x011", b"\x8a\x012"]


def test_a_pong_nobody_asked_for_is_fine() -> None:
    assert read(client_frame(b"hello", PONG) + client_frame(b"x"))[0] == b"x"
