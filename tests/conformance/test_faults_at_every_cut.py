"""Valid frames followed by a bad one get the same answers wherever the stream is cut."""

import re

import pytest

from hoofbeat.config import BrokerConfig, LimitsConfig
from tests.conformance.wire import Client, Wire, connect_frame, cut, every_version, frame

LIMITS = LimitsConfig(headers=8, header_line_bytes=80, header_block_bytes=200, body_bytes=60)

GOOD = (
    frame("SUBSCRIBE", "id:0", "destination:/topic/ä", "receipt:1")
    + frame("SEND", "destination:/topic/ä", "x:y", body=b"one")
    + b"\r\n\n"
    + frame("SEND", "destination:/topic/ä", "x:y", "content-length:3", body=b"\0\n\0")
    + b"SEND\r\ndestination:/topic/\xc3\xa4\r\n\r\n\r\nthree\0"
    + frame("SEND", "destination:/topic/ä", "receipt:2")
)

BAD = {
    "unknown command": frame("NONSENSE", "x:y"),
    "long command": frame("N" * 40),
    "endless command": b"N" * 40,
    "no colon": frame("SEND", "destination:/topic/ä", "no colon"),
    "no name": frame("SEND", "destination:/topic/ä", ":value"),
    "not utf-8": b"SEND\ndestination:/topic/\xff\n\n\0",
    "nul in the headers": b"SEND\ndestination:/top\0ic\n\n\0",
    "nul after the command": b"SEND\0\n\n\0",
    "no length": frame("SEND", "destination:/topic/ä", "content-length:x", body=b"x"),
    "negative length": frame("SEND", "destination:/topic/ä", "content-length:-1", body=b"x"),
    "short length": frame("SEND", "destination:/topic/ä", "content-length:2", body=b"xxx"),
    "large body": frame("SEND", "destination:/topic/ä", body=b"x" * 61),
    "endless body": b"SEND\ndestination:/topic/a\n\n" + b"x" * 70,
    "large announced body": frame("SEND", "destination:/topic/ä", "content-length:61", body=b"x" * 61),
    "long line": frame("SEND", "destination:/topic/ä", "x:" + "y" * 79),
    "endless line": b"SEND\nx:" + b"y" * 100,
    "many headers": frame("SEND", *[f"x{number}:y" for number in range(9)]),
    "large block": frame("SEND", *[f"x{number}:" + "y" * 70 for number in range(4)]),
    "missing destination": frame("SEND", "x:y", "receipt:3"),
    "unknown destination": frame("SEND", "destination:nowhere", "receipt:3"),
    "missing header": frame("BEGIN", "receipt:3"),
    "unknown transaction": frame("COMMIT", "transaction:9", "receipt:3"),
    "second connect": frame("CONNECT", "accept-version:1.2", "host:x", "receipt:3"),
    "frame of servers": frame("MESSAGE", "destination:/topic/ä"),
}
BAD_SINCE_1_1 = {
    "undefined escape": frame("SEND", "destination:/topic/ä", r"x:\t"),
    "undefined escape at the end": frame("SEND", "destination:/topic/ä", "x:y\\"),
    "body": frame("UNSUBSCRIBE", "id:0", body=b"body"),
    "announced body": frame("UNSUBSCRIBE", "id:0", "content-length:4", body=b"body"),
}
BAD_BEFORE_CONNECT = {
    "send first": frame("SEND", "destination:/topic/ä"),
    "no common version": frame("CONNECT", "accept-version:9"),
    "bad heart-beat": frame("CONNECT", "accept-version:1.2", "heart-beat:x"),
    "no colon": frame("CONNECT", "no colon"),
    "http": b"GET / HTTP/1.1\r\nHost: example.org\r\n\r\n",
    "tls": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(range(40, 120)),
}

_OWN = re.compile(rb"(?<=\n)(session|message-id):[^\n]*")
AFTER = frame("SEND", "destination:/topic/ä", "receipt:after")  # must never be looked at


def _answers(client: Client) -> bytes:
    """Return what came, without what differs from session to session."""
    return _OWN.sub(rb"\1", client.octets())


def _said_at_once(wire: Wire, stream: bytes) -> bytes:
    client = wire.open()
    client.send(stream)
    assert client.closed
    return _answers(client)


def _check_every_cut(wire: Wire, stream: bytes, expected: bytes) -> None:
    for place in range(1, len(stream)):
        client = wire.open()
        client.send_in_pieces(stream[:place], stream[place:])
        assert client.closed, place
        assert _answers(client) == expected, place
    client = wire.open()
    client.send_in_pieces(*[stream[place : place + 1] for place in range(len(stream))])
    assert _answers(client) == expected


def _check(stream: bytes, good: int) -> None:
    """Cut the stream everywhere; ``good`` answers must come before the one ERROR."""
    wire = Wire(BrokerConfig(limits=LIMITS))
    expected = _said_at_once(wire, stream)
    commands = [heard.command for heard in cut(expected)[0]]
    assert commands.index("ERROR") == good == len(commands) - 1
    assert b"receipt-id:after" not in expected
    _check_every_cut(wire, stream, expected)


@every_version
@pytest.mark.parametrize("name", BAD)
def test_a_fault_after_good_frames_is_answered_alike_at_every_cut(version: str, name: str) -> None:
    """CONNECTED, two receipts, four messages, then ERROR."""
    _check(connect_frame(version) + GOOD + BAD[name] + AFTER, good=7)


@pytest.mark.parametrize("version", ["1.1", "1.2"])
@pytest.mark.parametrize("name", BAD_SINCE_1_1)
def test_a_fault_of_later_versions_is_answered_alike_at_every_cut(version: str, name: str) -> None:
    _check(connect_frame(version) + GOOD + BAD_SINCE_1_1[name] + AFTER, good=7)


@pytest.mark.parametrize("name", BAD_BEFORE_CONNECT)
def test_a_fault_before_connect_is_answered_alike_at_every_cut(name: str) -> None:
    _check(BAD_BEFORE_CONNECT[name] + AFTER, good=0)


@every_version
def test_good_frames_are_answered_alike_at_every_cut(version: str) -> None:
    wire = Wire(BrokerConfig(limits=LIMITS))
    stream = connect_frame(version) + GOOD + frame("DISCONNECT", "receipt:bye") + AFTER
    _check_every_cut(wire, stream, _said_at_once(wire, stream))


@every_version
def test_others_notice_nothing_of_a_fault(version: str) -> None:
    wire = Wire(BrokerConfig(limits=LIMITS))
    listener = wire.connect(version)
    listener.send(frame("SUBSCRIBE", "id:0", "destination:/topic/ä"))
    for bad in BAD.values():
        client = wire.open()
        client.send(connect_frame(version), GOOD, bad, AFTER)
        assert client.closed
    assert listener.bodies() == [b"one", b"\0\n\0", b"three", b""] * len(BAD)
    assert not listener.closed


@pytest.mark.parametrize("size", [1000, 70_000])
def test_much_may_follow_connect_in_the_same_read(size: int) -> None:
    """What limits a peer before it is authenticated does not count what comes behind CONNECT."""
    wire = Wire()
    client = wire.open()
    client.send(connect_frame("1.2"), frame("SEND", "destination:/topic/a", "receipt:1", body=b"x" * size))
    assert [heard.command for heard in client.frames()] == ["CONNECTED", "RECEIPT"]
