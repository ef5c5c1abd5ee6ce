"""STOMP 1.2, "Connection Lingering": the last frame goes out before the connection does."""

from tests.conformance.wire import Wire, connect_frame, every_version, frame, since_1_1


@since_1_1
def test_clients_that_come_and_go_quickly_are_served(wire: Wire, version: str) -> None:
    """STOMP 1.2, "Connection Lingering"."""
    listener = wire.connect(version)
    listener.send(frame("SUBSCRIBE", "id:0", "destination:/topic/a"))
    for number in range(300):
        client = wire.open()
        client.send(
            connect_frame(version),
            frame("SEND", "destination:/topic/a", body=str(number).encode()),
            frame("DISCONNECT"),
        )
        client.leave()
    assert listener.bodies() == [str(number).encode() for number in range(300)]


@every_version
def test_error_is_written_before_the_close(wire: Wire, version: str) -> None:
    """STOMP 1.2, "Connection Lingering"."""
    client = wire.connect(version)
    client.send(frame("NONSENSE"))
    assert client.frame().command == "ERROR"
    assert client.closed


@every_version
def test_the_receipt_of_disconnect_is_written_before_the_close(wire: Wire, version: str) -> None:
    """STOMP 1.2, "Connection Lingering"."""
    client = wire.connect(version)
    client.send(frame("DISCONNECT", "receipt:77"))
    assert client.frame().header("receipt-id") == "77"
    assert client.closed
