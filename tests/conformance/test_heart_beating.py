"""STOMP 1.2, "Heart-beating": who has to be heard how often. The broker offers 10 s and asks for 60 s."""

import pytest

from hoofbeat.protocol.heartbeat import HeartBeat
from tests.conformance.ours import NOW, client_of
from tests.conformance.wire import Client, Wire, connect_frame, frame, since_1_1


def _connect(wire: Wire, version: str, heart_beat: str) -> Client:
    return wire.connect(version, f"heart-beat:{heart_beat}")


@since_1_1
def test_heart_beat_of_connected_is_two_whole_numbers(wire: Wire, version: str) -> None:
    """STOMP 1.2, "Heart-beating"."""
    client = wire.open()
    client.send(connect_frame(version, "heart-beat:1000,2000"))
    can_send, wants = client.frame().header("heart-beat").split(",")
    assert can_send.isdigit()
    assert wants.isdigit()


@since_1_1
@pytest.mark.parametrize(
    "value", ["", "0", "0,", ",0", "0,0,0", "-1,0", "1.5,0", "a,b", "0;0", "+1,0", "\u0663,0"]
)
def test_a_malformed_heart_beat_is_refused(wire: Wire, version: str, value: str) -> None:
    """STOMP 1.2, "Heart-beating"."""
    client = wire.open()
    client.send(connect_frame(version, f"heart-beat:{value}"))
    assert "heart-beat" in client.refusal().header("message")


@since_1_1
def test_the_server_says_how_often_it_speaks(wire: Wire, version: str) -> None:
    """STOMP 1.2, "Heart-beating"."""
    client = wire.open()
    client.send(connect_frame(version, "heart-beat:0,1000"))
    assert client.frame().header("heart-beat") == "10000,60000"


@since_1_1
def test_a_client_that_cannot_send_heart_beats_may_be_silent(wire: Wire, version: str) -> None:
    """STOMP 1.2, "Heart-beating"."""
    client = _connect(wire, version, "0,10000")
    wire.pass_time(3600.0)
    assert not client.closed


@since_1_1
def test_a_client_that_wants_no_heart_beats_gets_none(wire: Wire, version: str) -> None:
    """STOMP 1.2, "Heart-beating"."""
    client = _connect(wire, version, "60000,0")
    wire.pass_time(55.0)
    client.send(b"\n")
    wire.pass_time(55.0)
    assert client.octets() == b""


@pytest.mark.parametrize("version", ["1.0", "1.1", "1.2"])
def test_without_heart_beat_neither_side_has_to_speak(wire: Wire, version: str) -> None:
    """STOMP 1.2, "Heart-beating"."""
    client = wire.connect(version)
    wire.pass_time(3600.0)
    assert client.octets() == b""
    assert not client.closed


@since_1_1
@pytest.mark.parametrize(("wanted_ms", "seconds"), [(1, 10.0), (10_000, 10.0), (25_000, 25.0)])
def test_the_server_beats_at_the_larger_interval(
    wire: Wire, version: str, wanted_ms: int, seconds: float
) -> None:
    """STOMP 1.2, "Heart-beating"."""
    client = _connect(wire, version, f"0,{wanted_ms}")
    wire.pass_time(0.89 * seconds)
    before = client.octets()
    wire.pass_time(0.11 * seconds)
    assert (before, client.octets()) == (b"", b"\n")


@since_1_1
@pytest.mark.parametrize(("can_ms", "seconds"), [(1, 60.0), (60_000, 60.0), (90_000, 90.0)])
def test_the_client_is_heard_at_the_larger_interval(
    wire: Wire, version: str, can_ms: int, seconds: float
) -> None:
    """STOMP 1.2, "Heart-beating"."""
    client = _connect(wire, version, f"{can_ms},0")
    for _ in range(3):
        wire.pass_time(seconds)
        client.send(b"\n")
    assert not client.closed


@since_1_1
@pytest.mark.parametrize("octets", [b"S", b"\r", b"\n", frame("SEND", "destination:/topic/a")])
def test_any_octet_is_a_sign_of_life(wire: Wire, version: str, octets: bytes) -> None:
    """STOMP 1.2, "Heart-beating"."""
    client = _connect(wire, version, "60000,0")
    wire.pass_time(100.0)
    client.send(octets)
    wire.pass_time(100.0)
    assert not client.closed


@since_1_1
def test_the_server_is_never_silent_for_longer_than_agreed(wire: Wire, version: str) -> None:
    """STOMP 1.2, "Heart-beating"."""
    client = _connect(wire, version, "0,10000")
    heard = []
    for _ in range(10):
        wire.pass_time(10.0)
        heard.append(len(client.octets()))
    assert all(1 <= octets <= 2 for octets in heard)


@since_1_1
def test_a_frame_is_as_good_as_a_heart_beat(wire: Wire, version: str) -> None:
    """STOMP 1.2, "Heart-beating"."""
    client = _connect(wire, version, "0,10000")
    for number in range(6):
        wire.pass_time(5.0)
        client.send(frame("SEND", "destination:/topic/a", f"receipt:{number}"))
    assert b"\0\n" not in client.octets()


@since_1_1
def test_a_heart_beat_is_one_line_feed(wire: Wire, version: str) -> None:
    """STOMP 1.2, "Heart-beating"."""
    client = _connect(wire, version, "0,10000")
    wire.pass_time(10.0)
    assert client.octets() == b"\n"


def test_a_carriage_return_and_line_feed_is_a_heart_beat_too(wire: Wire) -> None:
    """STOMP 1.2, "Heart-beating"."""
    client = _connect(wire, "1.2", "60000,0")
    for _ in range(5):
        wire.pass_time(60.0)
        client.send(b"\r\n")
    client.send(frame("SEND", "destination:/topic/a", "receipt:1"))
    assert client.frame().command == "RECEIPT"


@since_1_1
def test_a_client_silent_for_too_long_is_given_up(wire: Wire, version: str) -> None:
    """STOMP 1.2, "Heart-beating". Twice what was agreed is the margin."""
    client = _connect(wire, version, "60000,0")
    wire.pass_time(121.0)
    assert client.closed


@since_1_1
def test_a_client_a_little_late_is_forgiven(wire: Wire, version: str) -> None:
    """STOMP 1.2, "Heart-beating"."""
    client = _connect(wire, version, "60000,0")
    wire.pass_time(119.0)
    assert not client.closed


@since_1_1
def test_our_client_is_never_silent_for_longer_than_agreed(version: str) -> None:
    """STOMP 1.2, "Heart-beating"."""
    client = client_of(version, HeartBeat(5_000, 0), theirs="0,20000")
    assert [client.beat(NOW + seconds) for seconds in (17.9, 20.0, 37.9, 40.0)] == [b"", b"\n", b"", b"\n"]


@since_1_1
def test_our_client_allows_the_server_a_margin(version: str) -> None:
    """STOMP 1.2, "Heart-beating"."""
    client = client_of(version, HeartBeat(0, 5_000), theirs="10000,0")
    assert [client.pulse.is_lost(NOW + seconds) for seconds in (10.0, 19.0, 21.0)] == [False, False, True]
