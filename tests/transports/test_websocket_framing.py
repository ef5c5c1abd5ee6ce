"""How frames lie in WebSocket messages."""

import pytest

from hoofbeat.protocol.framing import Tails
from hoofbeat.transports.websocket import WEBSOCKET
from tests.transports.wsclient import server_frames

TEXT, BINARY = 0x81, 0x82
GRUESSE = "grüße".encode()


def test_a_frame_is_one_text_message() -> None:
    """RFC 6455, 5.7: a single-frame unmasked text message."""
    assert WEBSOCKET.frame(b"Hello") == bytes.fromhex("810548656c6c6f")


def test_a_heart_beat_is_a_text_message_of_one_line_feed() -> None:
    assert WEBSOCKET.frame(b"\n") == b"\x81\x01\n"


def test_a_frame_that_is_not_utf_8_is_a_binary_message() -> None:
    assert WEBSOCKET.frame(b"\xff\x00") == b"\x82\x02\xff\x00"


def test_several_frames_are_a_message_each() -> None:
    assert server_frames(WEBSOCKET.frames([b"a\0", GRUESSE, b"\xff"])) == [
        (TEXT, b"a\0"),
        (TEXT, GRUESSE),
        (BINARY, b"\xff"),
    ]


@pytest.mark.parametrize("head_size", [1, 60, 70, 125, 126, 127, 65_000, 65_535, 70_000])
def test_a_run_is_a_message_for_every_tail(head_size: int) -> None:
    head = b"h" * head_size
    items = [b"", b"a", b"x" * 56, GRUESSE, b"\xff", b"y" * 600, b"z" * 70_000]
    expected = [(BINARY if b"\xff" in item else TEXT, head + item) for item in items]
    assert server_frames(WEBSOCKET.run(head, Tails(items))) == expected


def test_a_run_of_one() -> None:
    assert server_frames(WEBSOCKET.run(b"head", Tails([b"tail"]))) == [(TEXT, b"headtail")]


def test_heads_of_one_length_share_what_is_made_of_the_tails() -> None:
    tails = Tails([b"1", b"\xff", b"3"])
    first = WEBSOCKET.run(b"aaa", tails)
    made = {key: id(parts) for key, parts in tails.parts.items()}
    second = WEBSOCKET.run(b"bbb", tails)
    assert second == first.replace(b"aaa", b"bbb")
    assert {key: id(parts) for key, parts in tails.parts.items()} == made


def test_heads_of_other_lengths_share_what_was_decided_about_the_tails() -> None:
    tails = Tails([b"1", b"\xff"])
    WEBSOCKET.run(b"aaa", tails)
    assert server_frames(WEBSOCKET.run(b"bbbb", tails)) == [(TEXT, b"bbbb1"), (BINARY, b"bbbb\xff")]
    assert len(tails.parts) == 3
