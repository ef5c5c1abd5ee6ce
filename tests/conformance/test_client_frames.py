"""STOMP 1.2, "Client Frames": what a client may say, and what not."""

import pytest

from tests.conformance.wire import Wire, every_version, frame


@every_version
@pytest.mark.parametrize("command", ["HELLO", "GET / HTTP/1.1", "Send", "SEND ", " SEND", "SENDX", "SEN"])
def test_an_unknown_command_gets_error_and_the_close(wire: Wire, version: str, command: str) -> None:
    """STOMP 1.2, "Client Frames"."""
    client = wire.connect(version)
    client.send(frame(command, "destination:/topic/a"))
    assert "Bad command" in client.refusal().header("message")


@every_version
@pytest.mark.parametrize("command", ["CONNECTED", "MESSAGE", "RECEIPT", "ERROR"])
def test_a_command_of_servers_gets_error_and_the_close(wire: Wire, version: str, command: str) -> None:
    """STOMP 1.2, "Client Frames"."""
    client = wire.connect(version)
    client.send(frame(command, "destination:/topic/a"))
    assert command in client.refusal().header("message")


@every_version
@pytest.mark.parametrize("command", ["CONNECT", "STOMP"])
def test_connect_a_second_time_gets_error_and_the_close(wire: Wire, version: str, command: str) -> None:
    """STOMP 1.2, "Client Frames"."""
    client = wire.connect(version)
    client.send(frame(command, "accept-version:1.2", "host:example.org"))
    assert command in client.refusal().header("message")
