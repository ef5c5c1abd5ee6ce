"""STOMP 1.2, "DISCONNECT": the end of a session."""

import pytest

from hoofbeat.errors import LocalProtocolError
from hoofbeat.protocol.commands import Command
from tests.conformance.ours import NOW, client_of
from tests.conformance.wire import Wire, every_version, frame, since_1_1


@every_version
def test_a_client_may_leave_without_a_word(wire: Wire, version: str) -> None:
    """STOMP 1.2, "DISCONNECT"."""
    client, other = wire.connect(version), wire.connect(version)
    client.send(frame("SUBSCRIBE", "id:0", "destination:/topic/a"))
    client.leave()
    other.send(frame("SEND", "destination:/topic/a", "receipt:1"))
    assert other.frame().command == "RECEIPT"


@every_version
def test_disconnect_ends_the_session(wire: Wire, version: str) -> None:
    """STOMP 1.2, "DISCONNECT"."""
    client, other = wire.connect(version), wire.connect(version)
    client.send(frame("SUBSCRIBE", "id:0", "destination:/topic/a"), frame("DISCONNECT"))
    other.send(frame("SEND", "destination:/topic/a"))
    assert client.octets() == b""
    assert client.closed


@since_1_1
def test_the_receipt_of_disconnect_comes_after_everything_before_it(wire: Wire, version: str) -> None:
    """STOMP 1.2, "DISCONNECT"."""
    client = wire.connect(version)
    client.send(
        frame("SUBSCRIBE", "id:0", "destination:/topic/a"),
        frame("SEND", "destination:/topic/a", "receipt:1", body=b"hello"),
        frame("DISCONNECT", "receipt:77"),
    )
    frames = client.frames()
    assert sorted(heard.command for heard in frames) == ["MESSAGE", "RECEIPT", "RECEIPT"]
    assert frames[-1].header("receipt-id") == "77"
    assert client.closed


@since_1_1
def test_what_comes_after_disconnect_is_not_obeyed(wire: Wire, version: str) -> None:
    """STOMP 1.2, "DISCONNECT"."""
    listener, client = wire.connect(version), wire.connect(version)
    listener.send(frame("SUBSCRIBE", "id:0", "destination:/topic/a"))
    client.send(frame("DISCONNECT", "receipt:77"), frame("SEND", "destination:/topic/a"), b"nonsense\n\n\0")
    client.send(frame("SEND", "destination:/topic/a"))
    assert client.frame().header("receipt-id") == "77"
    assert listener.frames() == []


@since_1_1
def test_our_client_sends_nothing_after_disconnect(version: str) -> None:
    """STOMP 1.2, "DISCONNECT"."""
    client = client_of(version)
    client.send(Command.DISCONNECT, {"receipt": "1"}, now=NOW)
    with pytest.raises(LocalProtocolError):
        client.send(Command.SEND, {"destination": "/topic/a"}, now=NOW)
