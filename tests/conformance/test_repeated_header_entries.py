"""STOMP 1.2, "Repeated Header Entries": the first one counts."""

from tests.conformance.ours import NOW, client_of
from tests.conformance.wire import Wire, frame, since_1_1


@since_1_1
def test_what_the_broker_says_comes_before_what_the_sender_says(wire: Wire, version: str) -> None:
    """STOMP 1.2, "Repeated Header Entries"."""
    client = wire.connect(version)
    client.send(frame("SUBSCRIBE", "id:0", "destination:/topic/a"))
    client.send(
        frame("SEND", "subscription:forged", "destination:/topic/a", "destination:/topic/b", "ack:forged")
    )
    message = client.frame()
    assert message.header("subscription") == "0"
    assert message.header("destination") == "/topic/a"
    assert message.get("ack") is None


@since_1_1
def test_of_repeated_headers_the_first_counts(wire: Wire, version: str) -> None:
    """STOMP 1.2, "Repeated Header Entries"."""
    client = wire.connect(version)
    client.send(frame("SUBSCRIBE", "id:0", "id:1", "destination:/topic/a", "destination:/topic/b"))
    client.send(frame("SEND", "destination:/topic/b", "destination:/topic/a", body=b"to b"))
    client.send(
        frame("SEND", "destination:/topic/a", "destination:/topic/b", "foo:World", "foo:Hello", body=b"to a")
    )
    message = client.frame()
    assert (message.header("subscription"), message.body) == ("0", b"to a")
    assert message.header("foo") == "World"


@since_1_1
def test_the_later_values_of_a_repeated_header_change_nothing(wire: Wire, version: str) -> None:
    """STOMP 1.2, "Repeated Header Entries"."""
    client = wire.connect(version)
    client.send(
        frame(
            "SEND",
            "destination:/topic/a",
            "receipt:1",
            "receipt:2",
            "content-length:3",
            "content-length:9",
            body=b"abc",
        )
    )
    assert client.frame().header("receipt-id") == "1"


@since_1_1
def test_to_our_client_too_the_first_counts(version: str) -> None:
    """STOMP 1.2, "Repeated Header Entries"."""
    (message,) = client_of(version).feed(frame("MESSAGE", "foo:World", "foo:Hello"), NOW)
    assert message.headers["foo"] == "World"
