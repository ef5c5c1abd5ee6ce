"""The size of a message: one number, whoever counts, in memory and in a store."""

import pytest

from hoofbeat.broker.destination import parse
from hoofbeat.broker.marking import copied, marked
from hoofbeat.broker.message import Envelope, Message
from hoofbeat.engines.local.writing.records import Recall, stored
from hoofbeat.protocol.commands import Command
from hoofbeat.protocol.headers import Headers, parse_lines
from hoofbeat.protocol.versions import Version

WHERE = parse("/queue/a")
BODY = b"12345"


def message(*lines: str, version: Version = Version.V1_2) -> Message:
    headers = parse_lines(["destination:/queue/a", *lines], Command.SEND, version)
    return Message(7, Envelope(WHERE, headers, b"e-"), BODY)


def written(message: Message) -> int:
    return len(message.envelope.block(Version.V1_2)) + len(message.body)


HEADERS = pytest.mark.parametrize(
    "lines",
    [
        (),
        ("x:y", "z:ä"),
        ("x:y", "receipt:r", "transaction:t", "offset:4", "priority:9"),
        ("x:a\\nb\\cc\\\\d",),
        ("x:y\r",),
        ("x:1", "x:2"),
        ("persistent:true", "JMSXGroupID:g"),
        ("delay:1000", "x:y"),
    ],
)


@HEADERS
@pytest.mark.parametrize("version", Version)
def test_it_is_that_of_headers_and_body_as_they_are_sent(lines: tuple[str, ...], version: Version) -> None:
    if version is Version.V1_1:
        lines = tuple(line.rstrip("\r") for line in lines)
    one = message(*lines, version=version)
    assert one.size == written(one) > len(BODY)


def test_a_message_without_headers_has_that_of_its_body() -> None:
    assert Message(7, Envelope(WHERE, Headers({}, b""), b"e-"), BODY).size == len(BODY)


def test_what_ends_with_the_send_does_not_count() -> None:
    assert message("x:y", "receipt:abc").size == message("x:y").size


def test_headers_that_nobody_looked_at_count() -> None:
    one = message("x:y")
    model = parse_lines(["destination:/queue/a", "x:1"], Command.SEND, Version.V1_2)
    raw = b"\ndestination:/queue/a\nx:12345"
    following = one.envelope.following(Headers(None, raw, (), model))
    assert following is not None
    assert Message(8, following, BODY).size == len(raw) + len(BODY)


@HEADERS
def test_it_is_the_same_for_what_was_kept(lines: tuple[str, ...]) -> None:
    one = message(*lines)
    kept = stored(one)
    assert kept.size == one.size == stored(Recall().message(kept)).size
    assert Recall().message(kept).size == one.size


@HEADERS
def test_what_the_broker_adds_counts(lines: tuple[str, ...]) -> None:
    one = message(*lines)
    for more in (marked(one, b"\noffset:1"), copied(one, b"\noffset:1")):
        assert more.size == written(more) == one.size + len("\noffset:1")
    envelope = one.envelope
    dead = Message(8, envelope.readdressed(parse("/queue/b"), envelope.headers(), {"why": "x"}), BODY)
    assert dead.size == written(dead) >= one.size + len("\nwhy:x")
