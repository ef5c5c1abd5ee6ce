"""STOMP 1.2, "SUBSCRIBE id Header": the name of a subscription within its connection."""

from tests.conformance.wire import Wire, frame, since_1_1


@since_1_1
def test_subscribe_without_id_gets_error_and_the_close(wire: Wire, version: str) -> None:
    """STOMP 1.2, "SUBSCRIBE id Header"."""
    client = wire.connect(version)
    client.send(frame("SUBSCRIBE", "destination:/topic/a"))
    assert "Missing header" in client.refusal().header("message")


@since_1_1
def test_a_second_subscription_with_a_live_id_gets_error_that_names_it(wire: Wire, version: str) -> None:
    """STOMP 1.2, "SUBSCRIBE id Header"."""
    client = wire.connect(version)
    client.send(frame("SUBSCRIBE", "id:mine", "destination:/topic/a"))
    client.send(frame("SUBSCRIBE", "id:mine", "destination:/topic/b"))
    error = client.refusal()
    assert "Duplicated subscription identifier" in error.header("message")
    assert "mine" in error.header("message") + error.body.decode()


@since_1_1
def test_an_id_is_free_again_after_unsubscribe(wire: Wire, version: str) -> None:
    """STOMP 1.2, "SUBSCRIBE id Header"."""
    client = wire.connect(version)
    client.send(
        frame("SUBSCRIBE", "id:mine", "destination:/topic/a"),
        frame("UNSUBSCRIBE", "id:mine"),
        frame("SUBSCRIBE", "id:mine", "destination:/topic/b"),
    )
    client.send(
        frame("SEND", "destination:/topic/a", body=b"to a"),
        frame("SEND", "destination:/topic/b", body=b"to b"),
    )
    assert client.bodies() == [b"to b"]


@since_1_1
def test_one_id_on_two_connections_is_two_subscriptions(wire: Wire, version: str) -> None:
    """STOMP 1.2, "SUBSCRIBE id Header"."""
    one, other = wire.connect(version), wire.connect(version)
    one.send(frame("SUBSCRIBE", "id:0", "destination:/topic/a"))
    other.send(frame("SUBSCRIBE", "id:0", "destination:/topic/b"))
    one.send(frame("UNSUBSCRIBE", "id:0"))
    one.send(frame("SEND", "destination:/topic/b", body=b"to b"))
    assert (one.bodies(), other.bodies()) == ([], [b"to b"])
