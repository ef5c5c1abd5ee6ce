"""STOMP 1.2, "Connecting": CONNECT comes first, CONNECTED or ERROR answers."""

import pytest

from tests.conformance.wire import Wire, connect_frame, every_version, frame, since_1_1


@pytest.mark.parametrize(
    "command", ["SEND", "SUBSCRIBE", "UNSUBSCRIBE", "ACK", "NACK", "BEGIN", "COMMIT", "ABORT", "DISCONNECT"]
)
def test_nothing_but_connect_may_come_first(wire: Wire, command: str) -> None:
    """STOMP 1.2, "Connecting"."""
    listener, client = wire.connect(), wire.open()
    listener.send(frame("SUBSCRIBE", "id:0", "destination:/topic/a"))
    client.send(
        frame(command, "destination:/topic/a", "id:0", "transaction:0", "message-id:0", "subscription:0")
    )
    assert command in client.refusal().header("message")
    assert listener.frames() == []


def test_the_server_is_silent_until_connect_comes(wire: Wire) -> None:
    """STOMP 1.2, "Connecting"."""
    client = wire.open()
    client.send(b"\n\n")
    wire.pass_time(1.0)
    assert client.octets() == b""
    assert not client.closed


@every_version
def test_connect_is_answered_by_connected(wire: Wire, version: str) -> None:
    """STOMP 1.2, "Connecting"."""
    client = wire.open()
    client.send(connect_frame(version))
    assert client.frame().command == "CONNECTED"
    assert not client.closed


@since_1_1
@pytest.mark.parametrize("header", ["heart-beat:soon", "accept-version:9.9"])
def test_who_is_turned_away_gets_error_and_the_close(wire: Wire, version: str, header: str) -> None:
    """STOMP 1.2, "Connecting"."""
    client = wire.open()
    client.send(frame("CONNECT", header, f"accept-version:{version}", "host:example.org"))
    assert client.refusal().header("message")
