"""ACKs come in runs, which are read at once: with the same frames as if each were read alone."""

import pytest

from hoofbeat.protocol.commands import Command
from hoofbeat.protocol.frames import Frame, frame
from hoofbeat.protocol.limits import FrameLimits
from hoofbeat.protocol.versions import Version
from tests.fuzz.reading import LIMITS, Reading, read

LONGEST = "x" * 64  # of an id that is read in a run


def ack(id: str, **more: str) -> Frame:
    return frame(Command.ACK, {"id": id, **more})


# Each with what it means in 1.2.
PIECES = [
    (b"ACK\nid:1-1\n\n\0", ack("1-1")),
    (b"ACK\nid:1-2\n\n\0\n", ack("1-2")),
    (b"ACK\nid:1-3\n\n\0\n\r\n\n", ack("1-3")),
    (b"ACK\nid:a:b\n\n\0", ack("a:b")),
    (b"ACK\nid:a\\cb\n\n\0", ack("a:b")),
    (b"ACK\nid:1-4\n\n\0", ack("1-4")),
    (b"ACK\nid: 1-5 \n\n\0", ack(" 1-5 ")),
    (b"ACK\nid:\xd9\xa1\n\n\0", ack("\u0661")),
    (b"ACK\nid:%b\n\n\0" % LONGEST.encode(), ack(LONGEST)),
    (b"ACK\nid:%bx\n\n\0" % LONGEST.encode(), ack(LONGEST + "x")),
    (b"ACK\nid:\n\n\0", ack("")),
    (b"NACK\nid:1-6\n\n\0", frame(Command.NACK, {"id": "1-6"})),
    (b"ACK\nid:1-7\nreceipt:7\n\n\0", ack("1-7", receipt="7")),
    (b"ACK\ntransaction:t\nid:1-8\n\n\0", ack("1-8", transaction="t")),
    (b"ACK\r\nid:1-9\r\n\r\n\0", ack("1-9")),
    (b"ACK\nid:2-1\n\r\n\0", ack("2-1")),
    (b"ACK\nid:2-2\ncontent-length:0\n\n\0", ack("2-2")),
    (
        b"SEND\ndestination:ACK\n\nACK\nid:2-3\n\n\0",
        frame(Command.SEND, {"destination": "ACK"}, b"ACK\nid:2-3\n\n"),
    ),
    (b"ACK\nid:2-4\nid:2-5\n\n\0", ack("2-4")),
    (b"ACK\nid:2-6\n\n\0", ack("2-6")),
]
STREAM = b"".join(written for written, _ in PIECES)
FRAMES = [meant for _, meant in PIECES]
PLAIN = b"ACK\nid:1-1\n\n\0"


@pytest.mark.parametrize("size", [1, 2, 3, 7, len(STREAM)])
def test_acks_of_all_kinds_are_read_as_they_are_meant(size: int) -> None:
    pieces = [STREAM[start : start + size] for start in range(0, len(STREAM), size)]
    assert read(pieces, Version.V1_2) == Reading(FRAMES, None)


def test_a_run_is_the_same_wherever_it_is_cut() -> None:
    for place in range(len(STREAM)):
        assert read([STREAM[:place], STREAM[place:]], Version.V1_2) == Reading(FRAMES, None)


def test_a_run_may_begin_and_end_with_any_frame() -> None:
    for at in range(len(PIECES)):
        stream = b"".join(written for written, _ in PIECES[at:] + PIECES[:at])
        assert read([stream], Version.V1_2) == Reading(FRAMES[at:] + FRAMES[:at], None)


@pytest.mark.parametrize(
    ("bad", "fault"),
    [
        (b"ACK\nid1\n\n\0", "no colon"),
        (b"ACK\nid:a\\tb\n\n\0", "undefined escape"),
        (b"ACK\nid:\xff\n\n\0", "not UTF-8"),
        (b"ACK\nid:1\0\n\n\0", "frame ends before the blank line"),
        (b"ACK\nid:1\n\nx\0", "must not have a body"),
        (b"ACKS\nid:1\n\n\0", "Bad command"),
        (b"ACK\nid:1-1\n\n ", None),
    ],
)
def test_what_is_before_a_bad_ack_in_a_run_is_read_and_nothing_after_it(
    bad: bytes, fault: str | None
) -> None:
    frames, found = read([PLAIN * 2 + bad + PLAIN], Version.V1_2)
    if fault is None:  # the body goes on to the NUL of the next frame
        fault = "must not have a body"
    assert frames == [ack("1-1")] * 2
    assert fault in str(found)


@pytest.mark.parametrize("version", [None, Version.V1_0, Version.V1_1])
def test_other_versions_read_runs_too(version: Version | None) -> None:
    assert read([PLAIN * 3], version) == Reading([ack("1-1")] * 3, None)


@pytest.mark.parametrize(
    ("limit", "enough"), [("command_bytes", 3), ("headers", 1), ("line_bytes", 6), ("block_bytes", 10)]
)
def test_limits_hold_in_a_run(limit: str, enough: int) -> None:
    def limited(most: int) -> FrameLimits:
        return LIMITS._replace(**{limit: most})

    assert read([PLAIN * 3], Version.V1_2, limits=limited(enough)) == Reading([ack("1-1")] * 3, None)
    frames, fault = read([PLAIN * 3], Version.V1_2, limits=limited(enough - 1))
    assert frames == []
    assert fault is not None
