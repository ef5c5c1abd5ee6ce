"""STOMP 1.2, "Header content-length": how long a body is."""

import pytest

from hoofbeat.protocol.commands import Command
from tests.conformance.ours import NOW, client_of
from tests.conformance.wire import Wire, every_version, frame, since_1_1

EVERY_OCTET = bytes(range(256)) * 2


@since_1_1
def test_any_frame_may_carry_content_length(wire: Wire, version: str) -> None:
    """STOMP 1.2, "Header content-length"."""
    client = wire.connect(version)
    client.send(
        frame("SUBSCRIBE", "id:0", "destination:/topic/a", "content-length:0", "receipt:1"),
        frame("DISCONNECT", "receipt:2", "content-length:0"),
    )
    assert [heard.header("receipt-id") for heard in client.frames()] == ["1", "2"]


@every_version
def test_the_announced_octets_are_read_whatever_they_are(wire: Wire, version: str) -> None:
    """STOMP 1.2, "Header content-length"."""
    client = wire.connect(version)
    client.send(frame("SUBSCRIBE", "id:0", "destination:/topic/a"))
    client.send(frame("SEND", "destination:/topic/a", "content-length:512", body=EVERY_OCTET))
    assert client.bodies() == [EVERY_OCTET]


@every_version
@pytest.mark.parametrize("value", ["-1", "+1", "x", "", "1.0", "1 ", "0x1", "1_0", "1234567890", "\u0661"])
def test_a_content_length_that_is_no_number_is_refused(wire: Wire, version: str, value: str) -> None:
    """STOMP 1.2, "Header content-length"."""
    client = wire.connect(version)
    if version == "1.0" and value == "1 ":
        value = "1 1"  # 1.0 trims
    client.send(frame("SEND", "destination:/topic/a", f"content-length:{value}", body=b"1"))
    assert "content-length" in client.refusal().header("message")


@every_version
@pytest.mark.parametrize("length", [0, 2, 4])
def test_a_body_of_announced_length_still_ends_with_nul(wire: Wire, version: str, length: int) -> None:
    """STOMP 1.2, "Header content-length"."""
    client = wire.connect(version)
    client.send(frame("SEND", "destination:/topic/a", f"content-length:{length}", body=b"12345"))
    assert client.refusal()


@every_version
def test_message_announces_the_length_of_its_body(wire: Wire, version: str) -> None:
    """STOMP 1.2, "Header content-length". Also where SEND did not."""
    client = wire.connect(version)
    client.send(frame("SUBSCRIBE", "id:0", "destination:/topic/a"))
    client.send(
        frame("SEND", "destination:/topic/a", body=b"hello"),
        frame("SEND", "destination:/topic/a", "content-length:3", body=b"abc"),
        "SEND\ndestination:/topic/a\n\näöü\0".encode(),
    )
    assert [heard.header("content-length") for heard in client.frames()] == ["5", "3", "6"]


@every_version
def test_error_announces_the_length_of_its_body(wire: Wire, version: str) -> None:
    """STOMP 1.2, "Header content-length"."""
    client = wire.connect(version)
    client.send(frame("SEND"))
    error = client.refusal()
    assert int(error.header("content-length")) == len(error.body) > 0


@every_version
def test_a_body_that_holds_nul_is_announced(wire: Wire, version: str) -> None:
    """STOMP 1.2, "Header content-length"."""
    client = wire.connect(version)
    client.send(frame("SUBSCRIBE", "id:0", "destination:/topic/a"))
    client.send(frame("SEND", "destination:/topic/a", "content-length:3", body=b"\0\0\0"))
    octets = client.octets()
    assert b"\ncontent-length:3\n" in octets
    assert octets.endswith(b"\n\n\0\0\0\0")


@every_version
def test_without_content_length_the_first_nul_ends_the_frame(wire: Wire, version: str) -> None:
    """STOMP 1.0, "SEND"."""
    client = wire.connect(version)
    client.send(frame("SUBSCRIBE", "id:0", "destination:/topic/a"))
    client.send(
        frame("SEND", "destination:/topic/a", body=b"one")
        + frame("SEND", "destination:/topic/a", body=b"two")
    )
    assert client.bodies() == [b"one", b"two"]


@every_version
def test_our_client_announces_its_bodies(version: str) -> None:
    """STOMP 1.2, "Header content-length"."""
    octets = client_of(version).send(Command.SEND, {"destination": "/topic/a"}, b"\0\0", now=NOW)
    assert b"\ncontent-length:2\n" in octets
    assert octets.endswith(b"\n\n\0\0\0")
