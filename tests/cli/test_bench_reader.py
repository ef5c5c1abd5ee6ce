"""Cutting messages out of a stream, in one go where they are as expected, by the session where not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hoofbeat.cli.bench.reader import Read, Reader
from hoofbeat.protocol.client import ClientSession
from hoofbeat.protocol.commands import Command

BODY = b"0123456789abcdef0123456789ABCDEF"
PLAIN = b"MESSAGE\nsubscription:1\nmessage-id:m\\c1\nack:a\\c1\ncontent-length:40\n\n" + BODY + b"........\0"
OTHERS = {
    "no length": PLAIN.replace(b"content-length:40\n", b""),
    "length at the start": PLAIN.replace(b"\nsub", b"\ncontent-length:40\nsub", 1),
    "carriage returns": PLAIN.replace(b"\n", b"\r\n"),
    "one carriage return": PLAIN.replace(b"a\\c1\n", b"a\\c1\r\n"),
    "heart-beats": b"\n\n" + PLAIN + b"\n\r\n",
}


def reader_of(version: bytes = b"1.2", *, acks: bool = False) -> tuple[ClientSession, Reader]:
    session = ClientSession(0.0)
    session.connect({}, 0.0)
    session.feed(b"CONNECTED\nversion:%b\n\n\0" % version, 0.0)
    return session, Reader(session, 40, acks=acks)


def read_all(reader: Reader, *pieces: bytes) -> Read:
    reads = [reader.feed(piece, 0.0) for piece in pieces]
    return Read(
        [body for read in reads for body in read.bodies],
        [ack for read in reads for ack in read.acks],
        [other for read in reads for other in read.others],
    )


@given(st.lists(st.integers(0, 3 * len(PLAIN) + 40), max_size=6).map(sorted))
def test_the_stream_is_the_same_wherever_it_is_cut(cuts: list[int]) -> None:
    data = PLAIN + b"\n" + PLAIN + b"RECEIPT\nreceipt-id:1\n\n\0" + PLAIN
    _, reader = reader_of()
    pieces = [data[a:b] for a, b in zip([0, *cuts], [*cuts, len(data)], strict=True)]
    read = read_all(reader, *pieces)
    assert read.bodies == [BODY] * 3
    assert [frame.command for frame in read.others] == [Command.RECEIPT]


@pytest.mark.parametrize("message", OTHERS.values(), ids=OTHERS)
def test_a_message_in_another_manner_is_one(message: bytes) -> None:
    session, reader = reader_of(acks=True)
    read = read_all(reader, PLAIN + message + PLAIN)
    assert (read.bodies, session.fault) == ([BODY] * 3, None)
    assert read.acks == [b"ACK\nid:a\\c1\n\n\0"] * 3


def test_a_message_of_another_size_is_a_stranger() -> None:
    session, reader = reader_of()
    longer = PLAIN.replace(b"length:40", b"length:400").replace(b"........", b"\0" * 368)
    empty = b"MESSAGE\nsubscription:1\nmessage-id:1\nack:1\n\n\0"
    assert read_all(reader, PLAIN + longer + empty + PLAIN).bodies == [BODY, BODY, b"", BODY]
    looks_whole = PLAIN.replace(b"length:40", b"length:81") + PLAIN[:41].replace(b"\n", b"\0")[:40] + b"\0"
    assert read_all(reader, looks_whole + PLAIN).bodies == [BODY] * 2
    assert session.fault is None


@pytest.mark.parametrize(
    ("version", "ack"),
    [
        (b"1.2", b"ACK\nid:a\\c1\n\n\0"),
        (b"1.1", b"ACK\nmessage-id:m\\c1\nsubscription:1\n\n\0"),
        (b"1.0", b"ACK\nmessage-id:m\\c1\n\n\0"),
    ],
)
def test_an_ack_is_the_same_from_either_reader(version: bytes, ack: bytes) -> None:
    """What was escaped stays escaped."""
    _, reader = reader_of(version, acks=True)
    assert read_all(reader, PLAIN + OTHERS["length at the start"]).acks == [ack] * 2
    assert read_all(reader, b"\n\n" + OTHERS["no length"]).acks == [ack]


@pytest.mark.parametrize(
    ("version", "missing"), [(b"1.2", b"ack"), (b"1.1", b"subscription"), (b"1.0", b"message-id")]
)
def test_a_message_that_can_not_be_acknowledged_is_a_fault(version: bytes, missing: bytes) -> None:
    session, reader = reader_of(version, acks=True)
    reader.feed(PLAIN.replace(b"\n" + missing + b":", b"\nx-" + missing + b":"), 0.0)
    assert missing.decode() in str(session.fault)


def test_nothing_is_read_after_a_fault() -> None:
    session, reader = reader_of()
    read = read_all(reader, PLAIN + b"MUMBLE\n\n\0" + PLAIN, PLAIN, b"\n\n" + PLAIN)
    assert session.fault is not None
    assert read.bodies == [BODY]
    assert read.others == []


def test_a_frame_without_an_end_is_not_kept_for_ever() -> None:
    session, reader = reader_of()
    for _ in range(33):
        reader.feed(b"X" * 1024 * 1024, 0.0)
    assert "a frame does not end" in str(session.fault)
