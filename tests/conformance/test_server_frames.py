"""STOMP 1.2, "Server Frames": what a server says."""

from tests.conformance.wire import Wire, connect_frame, every_version, frame


@every_version
def test_the_server_sends_message_receipt_and_error_after_connected(wire: Wire, version: str) -> None:
    """STOMP 1.2, "Server Frames"."""
    client = wire.open()
    client.send(
        connect_frame(version),
        frame("SUBSCRIBE", "id:0", "destination:/topic/a", "receipt:1"),
        frame("SEND", "destination:/topic/a"),
        frame("SEND"),
    )
    commands = [heard.command for heard in client.frames()]
    assert commands[0] == "CONNECTED"
    assert sorted(commands[1:-1]) == ["MESSAGE", "RECEIPT"]
    assert commands[-1] == "ERROR"
