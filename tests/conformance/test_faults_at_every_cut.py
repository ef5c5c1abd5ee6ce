"""Valid frames followed by a bad one get the same answers wherever the stream is cut."""

import pytest

from hoofbeat.config import BrokerConfig
from tests.conformance.faults import AFTER, BAD, BAD_BEFORE_CONNECT, BAD_SINCE_1_1, GOOD, LIMITS, comparable
from tests.conformance.wire import Wire, connect_frame, cut, every_version, frame


def _said_at_once(wire: Wire, stream: bytes) -> bytes:
    client = wire.open()
    client.send(stream)
    assert client.closed
    return comparable(client.octets())


def _check_every_cut(wire: Wire, stream: bytes, expected: bytes) -> None:
    for place in range(1, len(stream)):
        client = wire.open()
        client.send_in_pieces(stream[:place], stream[place:])
        assert client.closed, place
        assert comparable(client.octets()) == expected, place
    client = wire.open()
    client.send_in_pieces(*[stream[place : place + 1] for place in range(len(stream))])
    assert comparable(client.octets()) == expected


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
    assert listener.bodies() == [b"one", b"\0\n\0", b"\r\nthree", b""] * len(BAD)
    assert not listener.closed


@pytest.mark.parametrize("size", [1000, 70_000])
def test_much_may_follow_connect_in_the_same_read(size: int) -> None:
    """What limits a peer before it is authenticated does not count what comes behind CONNECT."""
    wire = Wire()
    client = wire.open()
    client.send(connect_frame("1.2"), frame("SEND", "destination:/topic/a", "receipt:1", body=b"x" * size))
    assert [heard.command for heard in client.frames()] == ["CONNECTED", "RECEIPT"]
