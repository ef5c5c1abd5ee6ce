"""STOMP 1.2, "SUBSCRIBE ack Header": when a message counts as received."""

import pytest

from tests.conformance.wire import Client, Heard, Wire, every_version, frame, settlement, since_1_1

QUEUE = "destination:/queue/a"


def _consumer(wire: Wire, version: str, mode: str) -> tuple[Client, list[Heard]]:
    """Subscribe to the queue with three messages in it; return what came."""
    client = wire.connect(version)
    client.send(frame("SUBSCRIBE", "id:0", QUEUE, f"ack:{mode}"))
    client.send(*[frame("SEND", QUEUE, body=body) for body in (b"1", b"2", b"3")])
    return client, client.frames()


def _left_over(wire: Wire, client: Client) -> list[bytes]:
    """Break the connection off and return what another consumer gets."""
    client.leave()
    other = wire.connect("1.2")
    other.send(frame("SUBSCRIBE", "id:0", QUEUE))
    return other.bodies()


@every_version
@pytest.mark.parametrize("mode", ["manual", "AUTO", "client-cumulative"])
def test_an_ack_mode_that_does_not_exist_gets_error(wire: Wire, version: str, mode: str) -> None:
    """STOMP 1.2, "SUBSCRIBE ack Header"."""
    client = wire.connect(version)
    client.send(frame("SUBSCRIBE", "id:0", QUEUE, f"ack:{mode}"))
    assert "ack" in client.refusal().header("message")


@every_version
def test_without_ack_the_mode_is_auto(wire: Wire, version: str) -> None:
    """STOMP 1.2, "SUBSCRIBE ack Header"."""
    client = wire.connect(version)
    client.send(frame("SUBSCRIBE", "id:0", QUEUE), frame("SEND", QUEUE, body=b"1"))
    message = client.frame()
    assert message.get("ack") is None
    assert _left_over(wire, client) == []


@every_version
def test_in_auto_mode_a_message_is_settled_when_it_is_sent(wire: Wire, version: str) -> None:
    """STOMP 1.2, "SUBSCRIBE ack Header"."""
    client, messages = _consumer(wire, version, "auto")
    assert len(messages) == 3
    assert _left_over(wire, client) == []


@every_version
def test_in_client_mode_a_message_waits_for_its_ack(wire: Wire, version: str) -> None:
    """STOMP 1.2, "SUBSCRIBE ack Header"."""
    client, messages = _consumer(wire, version, "client")
    client.send(*[settlement("ACK", version, message) for message in messages[:2]])
    assert _left_over(wire, client) == [b"3"]


@since_1_1
@pytest.mark.parametrize("mode", ["client", "client-individual"])
def test_what_a_lost_connection_did_not_acknowledge_goes_to_another(
    wire: Wire, version: str, mode: str
) -> None:
    """STOMP 1.2, "SUBSCRIBE ack Header"."""
    client, _ = _consumer(wire, version, mode)
    other = wire.connect(version)
    other.send(frame("SUBSCRIBE", "id:9", QUEUE, f"ack:{mode}"))
    client.leave()
    messages = other.frames()
    assert [message.body for message in messages] == [b"1", b"2", b"3"]
    assert {message.header("redelivered") for message in messages} == {"true"}


@since_1_1
def test_in_client_mode_ack_covers_what_came_before(wire: Wire, version: str) -> None:
    """STOMP 1.2, "SUBSCRIBE ack Header"."""
    client, messages = _consumer(wire, version, "client")
    client.send(settlement("ACK", version, messages[1]))
    assert _left_over(wire, client) == [b"3"]


@since_1_1
def test_an_individual_ack_touches_no_earlier_message(wire: Wire, version: str) -> None:
    """STOMP 1.2, "SUBSCRIBE ack Header"."""
    client, messages = _consumer(wire, version, "client-individual")
    client.send(settlement("ACK", version, messages[1]))
    assert _left_over(wire, client) == [b"1", b"3"]


@since_1_1
def test_an_individual_nack_touches_no_earlier_message(wire: Wire, version: str) -> None:
    """STOMP 1.2, "SUBSCRIBE ack Header"."""
    client, messages = _consumer(wire, version, "client-individual")
    client.send(settlement("NACK", version, messages[1], "requeue:false"))
    assert _left_over(wire, client) == [b"1", b"3"]
