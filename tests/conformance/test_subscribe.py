"""STOMP 1.2, "SUBSCRIBE": a standing request for messages."""

import pytest

from tests.conformance.wire import Wire, every_version, frame, settlement, since_1_1


@every_version
def test_subscribe_without_destination_gets_error_and_the_close(wire: Wire, version: str) -> None:
    """STOMP 1.2, "SUBSCRIBE"."""
    client = wire.connect(version)
    client.send(frame("SUBSCRIBE", "id:0"))
    assert "Missing destination" in client.refusal().header("message")


@every_version
@pytest.mark.parametrize("destination", ["/topic/a", "/queue/a"])
def test_what_is_sent_after_subscribe_is_heard(wire: Wire, version: str, destination: str) -> None:
    """STOMP 1.2, "SUBSCRIBE"."""
    listener, sender = wire.connect(version), wire.connect(version)
    listener.send(frame("SUBSCRIBE", "id:0", f"destination:{destination}"))
    for body in (b"one", b"two", b"three"):
        sender.send(frame("SEND", f"destination:{destination}", body=body))
    assert listener.bodies() == [b"one", b"two", b"three"]


@since_1_1
@pytest.mark.parametrize("destination", ["/queue/*", "nowhere", "", "/topic/**/**/a"])
def test_a_subscription_that_cannot_be_made_gets_error_and_the_close(
    wire: Wire, version: str, destination: str
) -> None:
    """STOMP 1.2, "SUBSCRIBE"."""
    client = wire.connect(version)
    client.send(frame("SUBSCRIBE", "id:0", f"destination:{destination}", "receipt:1"))
    assert client.refusal().header("receipt-id") == "1"


@since_1_1
@pytest.mark.parametrize("name", ["prefetch-count", "activemq.prefetchSize"])
def test_prefetch_count_bounds_what_is_unacknowledged(wire: Wire, version: str, name: str) -> None:
    """STOMP 1.2, "SUBSCRIBE"."""
    client = wire.connect(version)
    client.send(frame("SUBSCRIBE", "id:0", "destination:/queue/a", "ack:client-individual", f"{name}:2"))
    client.send(*[frame("SEND", "destination:/queue/a", body=str(number).encode()) for number in range(5)])
    first, second = client.frames()
    client.send(settlement("ACK", version, first))
    assert [first.body, second.body, client.frame().body] == [b"0", b"1", b"2"]


@since_1_1
def test_headers_of_subscribe_that_mean_nothing_here_are_ignored(wire: Wire, version: str) -> None:
    """STOMP 1.2, "SUBSCRIBE"."""
    client = wire.connect(version)
    client.send(frame("SUBSCRIBE", "id:0", "destination:/topic/a", "x-colour:blue", "receipt:1"))
    assert client.frame().command == "RECEIPT"


def test_in_1_0_the_body_of_subscribe_is_ignored(wire: Wire) -> None:
    """STOMP 1.0, "SUBSCRIBE"."""
    client = wire.connect("1.0")
    client.send(frame("SUBSCRIBE", "destination:/topic/a", body=b"a body"))
    client.send(frame("SEND", "destination:/topic/a", body=b"hello"))
    assert client.bodies() == [b"hello"]


def test_in_1_0_subscribe_needs_no_id(wire: Wire) -> None:
    """STOMP 1.0, "SUBSCRIBE"."""
    client = wire.connect("1.0")
    client.send(frame("SUBSCRIBE", "destination:/topic/a"))
    client.send(frame("SEND", "destination:/topic/a", body=b"hello"))
    message = client.frame()
    assert (message.body, message.get("subscription")) == (b"hello", None)


def test_in_1_0_an_id_comes_back_as_subscription(wire: Wire) -> None:
    """STOMP 1.0, "SUBSCRIBE"."""
    client = wire.connect("1.0")
    client.send(frame("SUBSCRIBE", "id:mine", "destination:/topic/a"))
    client.send(frame("SEND", "destination:/topic/a"))
    assert client.frame().header("subscription") == "mine"


@every_version
@pytest.mark.parametrize("to", ["/topic/a", "/queue/a"])
def test_a_selector_filters_by_headers(wire: Wire, version: str, to: str) -> None:
    """STOMP 1.0, "SUBSCRIBE"."""
    client = wire.connect(version)
    client.send(frame("SUBSCRIBE", "id:0", f"destination:{to}", "selector:colour = 'blue'"))
    for colour in ("red", "blue"):
        client.send(frame("SEND", f"destination:{to}", f"colour:{colour}", body=colour.encode()))
    assert client.bodies() == [b"blue"]
