"""STOMP 1.2, "UNSUBSCRIBE": the end of a subscription."""

import pytest

from tests.conformance.wire import Wire, every_version, frame, since_1_1

SUBSCRIBE = frame("SUBSCRIBE", "id:0", "destination:/topic/a")
SEND = frame("SEND", "destination:/topic/a", body=b"hello")


@every_version
def test_after_unsubscribe_nothing_more_comes(wire: Wire, version: str) -> None:
    """STOMP 1.2, "UNSUBSCRIBE". A second subscription to the same destination goes on."""
    client = wire.connect(version)
    client.send(SUBSCRIBE, frame("SUBSCRIBE", "id:1", "destination:/topic/a"))
    client.send(frame("UNSUBSCRIBE", "id:0"), SEND)
    assert client.frame().header("subscription") == "1"


def test_in_1_0_unsubscribe_may_name_the_destination(wire: Wire) -> None:
    """STOMP 1.0, "UNSUBSCRIBE"."""
    client = wire.connect("1.0")
    client.send(frame("SUBSCRIBE", "destination:/topic/a"))
    client.send(frame("UNSUBSCRIBE", "destination:/topic/a"), SEND)
    assert client.frames() == []
    assert not client.closed


def test_in_1_0_unsubscribe_may_name_the_id(wire: Wire) -> None:
    """STOMP 1.0, "UNSUBSCRIBE"."""
    client = wire.connect("1.0")
    client.send(SUBSCRIBE)
    client.send(frame("UNSUBSCRIBE", "id:0"), SEND)
    assert client.frames() == []
    assert not client.closed


def test_in_1_0_unsubscribe_that_names_nothing_gets_error(wire: Wire) -> None:
    """STOMP 1.0, "UNSUBSCRIBE"."""
    client = wire.connect("1.0")
    client.send(frame("SUBSCRIBE", "destination:/topic/a"))
    client.send(frame("UNSUBSCRIBE"))
    assert client.refusal()


@since_1_1
@pytest.mark.parametrize("headers", [(), ("destination:/topic/a",)])
def test_unsubscribe_without_id_gets_error_and_the_close(
    wire: Wire, version: str, headers: tuple[str, ...]
) -> None:
    """STOMP 1.2, "UNSUBSCRIBE"."""
    client = wire.connect(version)
    client.send(SUBSCRIBE)
    client.send(frame("UNSUBSCRIBE", *headers))
    assert "Missing header" in client.refusal().header("message")


@since_1_1
def test_unsubscribe_of_an_unknown_id_gets_error_and_the_close(wire: Wire, version: str) -> None:
    """STOMP 1.2, "UNSUBSCRIBE"."""
    client = wire.connect(version)
    client.send(SUBSCRIBE)
    client.send(frame("UNSUBSCRIBE", "id:stranger"))
    error = client.refusal()
    assert "stranger" in error.header("message") + error.body.decode()
