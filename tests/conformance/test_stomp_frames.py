"""STOMP 1.2, "STOMP Frames": what a frame looks like."""

from tests.conformance.wire import Wire, connect_frame, every_version, frame, since_1_1


@every_version
def test_a_frame_is_a_command_headers_a_blank_line_a_body_and_a_nul(wire: Wire, version: str) -> None:
    """STOMP 1.2, "STOMP Frames"."""
    client = wire.connect(version)
    client.send(b"SUBSCRIBE\nid:7\ndestination:/topic/a\n\n\0")
    client.send(b"SEND\ndestination:/topic/a\nx:y\n\nhello\0")
    octets = client.octets()
    assert octets.startswith(b"MESSAGE\n")
    assert b"\nx:y\n" in octets
    assert octets.endswith(b"\n\nhello\0")


def test_a_carriage_return_alone_does_not_end_a_line(wire: Wire) -> None:
    """STOMP 1.2, "STOMP Frames"."""
    client = wire.connect("1.2")
    client.send(b"SEND\rdestination:/topic/a\r\r\0")
    assert client.refusal()


@every_version
def test_a_carriage_return_may_stand_before_the_line_feed(wire: Wire, version: str) -> None:
    """STOMP 1.2, "STOMP Frames"; tolerated in the versions before it too."""
    client = wire.connect(version)
    client.send(b"SUBSCRIBE\r\nid:7\r\ndestination:/topic/a\r\n\r\n\0\r\n")
    client.send(b"SEND\r\ndestination:/topic/a\r\nx:y\r\n\r\nhello\0")
    message = client.frame()
    assert message.header("x") == "y"
    assert message.body == b"hello"


@every_version
def test_any_number_of_eols_may_follow_a_frame(wire: Wire, version: str) -> None:
    """STOMP 1.2, "STOMP Frames"."""
    client = wire.open()
    client.send(connect_frame(version), b"\n\n\r\n\n", frame("DISCONNECT", "receipt:1"), b"\n\n\n")
    assert [heard.command for heard in client.frames()] == ["CONNECTED", "RECEIPT"]


@every_version
def test_a_frame_may_have_no_headers(wire: Wire, version: str) -> None:
    """STOMP 1.2, "STOMP Frames"."""
    client = wire.connect(version)
    client.send(b"DISCONNECT\n\n\0")
    assert client.frames() == []
    assert client.closed


@since_1_1
def test_commands_are_case_sensitive(wire: Wire, version: str) -> None:
    """STOMP 1.2, "STOMP Frames"."""
    client = wire.connect(version)
    client.send(b"send\ndestination:/topic/a\n\n\0")
    assert "Bad command" in client.refusal().header("message")


@since_1_1
def test_header_names_are_case_sensitive(wire: Wire, version: str) -> None:
    """STOMP 1.2, "STOMP Frames"."""
    client = wire.connect(version)
    client.send(b"SEND\nDestination:/topic/a\n\n\0")
    assert "destination" in client.refusal().header("message")


@every_version
def test_a_frame_may_arrive_octet_by_octet(wire: Wire, version: str) -> None:
    """STOMP 1.2, "STOMP Frames"."""
    client = wire.connect(version)
    octets = frame("SUBSCRIBE", "id:0", "destination:/topic/a") + frame(
        "SEND", "destination:/topic/a", "content-length:3", body=b"a\0b"
    )
    client.send_in_pieces(*[bytes([octet]) for octet in octets])
    assert client.bodies() == [b"a\0b"]
