"""STOMP 1.2, "Body": who may have one."""

import pytest

from hoofbeat.errors import LocalProtocolError
from hoofbeat.protocol.commands import Command
from tests.conformance.ours import NOW, client_of
from tests.conformance.wire import Wire, connect_frame, every_version, frame, since_1_1


@every_version
def test_send_and_message_may_have_a_body(wire: Wire, version: str) -> None:
    """STOMP 1.2, "Body"."""
    client = wire.connect(version)
    client.send(frame("SUBSCRIBE", "id:0", "destination:/topic/a"))
    client.send(frame("SEND", "destination:/topic/a", body=b"hello"))
    assert client.bodies() == [b"hello"]


@every_version
def test_error_may_have_a_body(wire: Wire, version: str) -> None:
    """STOMP 1.2, "Body"."""
    client = wire.connect(version)
    client.send(frame("SEND", "x:y"))
    assert client.refusal().body


@since_1_1
@pytest.mark.parametrize(
    "headers",
    [
        ("SUBSCRIBE", "id:0", "destination:/topic/a"),
        ("UNSUBSCRIBE", "id:0"),
        ("ACK", "id:0", "message-id:0", "subscription:0"),
        ("NACK", "id:0", "message-id:0", "subscription:0"),
        ("BEGIN", "transaction:1"),
        ("COMMIT", "transaction:1"),
        ("ABORT", "transaction:1"),
        ("DISCONNECT", "receipt:1"),
    ],
)
@pytest.mark.parametrize("announced", [False, True])
def test_no_other_client_frame_may_have_a_body(
    wire: Wire, version: str, headers: tuple[str, ...], announced: bool
) -> None:
    """STOMP 1.2, "Body"."""
    client = wire.connect(version)
    client.send(frame(*headers, *(["content-length:4"] if announced else []), body=b"body"))
    assert "body" in client.refusal().header("message")


@every_version
def test_no_other_server_frame_has_a_body(wire: Wire, version: str) -> None:
    """STOMP 1.2, "Body"."""
    client = wire.open()
    client.send(connect_frame(version), frame("BEGIN", "transaction:1", "receipt:1"))
    frames = client.frames()
    assert [heard.command for heard in frames] == ["CONNECTED", "RECEIPT"]
    assert [heard.body for heard in frames] == [b"", b""]


@since_1_1
@pytest.mark.parametrize("command", [Command.SUBSCRIBE, Command.ACK, Command.BEGIN, Command.DISCONNECT])
def test_our_client_gives_no_other_frame_a_body(version: str, command: Command) -> None:
    """STOMP 1.2, "Body"."""
    client = client_of(version)
    with pytest.raises(LocalProtocolError):
        client.send(command, {"id": "0", "destination": "/topic/a", "transaction": "1"}, b"body", now=NOW)


@since_1_1
def test_our_client_takes_no_body_from_other_frames(version: str) -> None:
    """STOMP 1.2, "Body"."""
    client = client_of(version)
    client.feed(frame("RECEIPT", "receipt-id:1", body=b"body"), NOW)
    assert client.fault is not None
