"""STOMP 1.2, "Augmented BNF": what a frame may be made of."""

import pytest

from tests.conformance.wire import Wire, every_version, frame, since_1_1


@every_version
@pytest.mark.parametrize("line", ["no colon", " ", "x"])
def test_a_header_line_without_a_colon_is_refused(wire: Wire, version: str, line: str) -> None:
    """STOMP 1.2, "Augmented BNF"."""
    client = wire.connect(version)
    client.send(frame("SEND", "destination:/topic/a", line))
    assert "colon" in client.refusal().header("message")


@every_version
@pytest.mark.parametrize("line", [":", ":value", "::"])
def test_a_header_without_a_name_is_refused(wire: Wire, version: str, line: str) -> None:
    """STOMP 1.2, "Augmented BNF"."""
    client = wire.connect(version)
    client.send(frame("SEND", "destination:/topic/a", line))
    assert "name" in client.refusal().header("message")


@every_version
def test_a_header_value_may_be_empty(wire: Wire, version: str) -> None:
    """STOMP 1.2, "Augmented BNF"."""
    client = wire.connect(version)
    client.send(frame("SUBSCRIBE", "id:0", "destination:/topic/a"))
    client.send(frame("SEND", "destination:/topic/a", "x:"))
    assert client.frame().header("x") == ""


@since_1_1
def test_a_raw_colon_in_a_value_is_tolerated(wire: Wire, version: str) -> None:
    """STOMP 1.2, "Augmented BNF". It is passed on as it came where the reader's version is the sender's."""
    client = wire.connect(version)
    client.send(frame("SUBSCRIBE", "id:0", "destination:/topic/a"))
    client.send(frame("SEND", "destination:/topic/a", "x:a:b"))
    assert client.frame().header("x") == "a:b"


@pytest.mark.parametrize("line", [b"x:one\rtwo", b"x\ry:z", b"x:y\r\r", b"\rx:y"])
def test_a_carriage_return_inside_a_1_2_header_is_refused(wire: Wire, line: bytes) -> None:
    """STOMP 1.2, "Augmented BNF"."""
    client = wire.connect("1.2")
    client.send(b"SEND\ndestination:/topic/a\n" + line + b"\n\n\0")
    assert client.refusal()


@every_version
@pytest.mark.parametrize("octets", [b"SEND\0", b"SE\0ND\n\n\0", b"SEND\nx:\0y\n\n\0", b"SEND\nx:y\n\0\n\0"])
def test_a_nul_before_the_blank_line_is_refused(wire: Wire, version: str, octets: bytes) -> None:
    """STOMP 1.2, "Augmented BNF"."""
    client = wire.connect(version)
    client.send(octets)
    assert client.refusal()


@every_version
def test_frames_may_follow_each_other_without_an_eol_between(wire: Wire, version: str) -> None:
    """STOMP 1.2, "Augmented BNF"."""
    client = wire.connect(version)
    client.send(*[frame("SEND", "destination:/topic/a", f"receipt:{number}") for number in range(3)])
    assert [heard.header("receipt-id") for heard in client.frames()] == ["0", "1", "2"]
