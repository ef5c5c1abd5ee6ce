"""STOMP 1.2, "NACK": a message was not consumed."""

import pytest

from hoofbeat.config import BrokerConfig, QueueConfig
from tests.conformance.wire import Client, Heard, Wire, frame, settlement, since_1_1

QUEUE = "destination:/queue/a"


def _consumer(wire: Wire, version: str, mode: str = "client-individual") -> tuple[Client, list[Heard]]:
    """Take the three messages of the queue."""
    client = wire.connect(version)
    client.send(frame("SUBSCRIBE", "id:0", QUEUE, f"ack:{mode}"))
    client.send(*[frame("SEND", QUEUE, body=body) for body in (b"1", b"2", b"3")])
    return client, client.frames()


@since_1_1
def test_a_refused_message_is_delivered_again(wire: Wire, version: str) -> None:
    """STOMP 1.2, "NACK"."""
    client, messages = _consumer(wire, version)
    client.send(settlement("NACK", version, messages[0]))
    again = client.frame()
    assert (again.body, again.header("redelivered")) == (b"1", "true")


@since_1_1
def test_a_message_refused_too_often_becomes_a_dead_letter(version: str) -> None:
    """STOMP 1.2, "NACK"."""
    wire = Wire(BrokerConfig(queue=QueueConfig(redeliveries=2)))
    client = wire.connect(version)
    client.send(
        frame("SUBSCRIBE", "id:0", QUEUE, "ack:client"),
        frame("SUBSCRIBE", "id:dead", "destination:/queue/dead-letters"),
        frame("SEND", QUEUE, body=b"1"),
    )
    subscriptions = []
    for _ in range(3):
        message = client.frame()
        subscriptions.append(message.header("subscription"))
        client.send(settlement("NACK", version, message))
    assert subscriptions == ["0", "0", "0"]
    assert client.frame().header("subscription") == "dead"


@pytest.mark.parametrize("missing", ["subscription", "message-id"])
def test_in_1_1_nack_without_either_name_gets_error(wire: Wire, missing: str) -> None:
    """STOMP 1.1, "NACK"."""
    client, messages = _consumer(wire, "1.1")
    names = {"subscription": "0", "message-id": messages[0].header("message-id")}
    client.send(frame("NACK", *[f"{name}:{value}" for name, value in names.items() if name != missing]))
    assert "Missing header" in client.refusal().header("message")


def test_in_1_2_nack_without_id_gets_error(wire: Wire) -> None:
    """STOMP 1.2, "NACK"."""
    client, messages = _consumer(wire, "1.2")
    client.send(frame("NACK", f"message-id:{messages[0].header('message-id')}", "subscription:0"))
    assert "Missing header" in client.refusal().header("message")


@since_1_1
def test_nack_in_a_transaction_happens_at_its_commit(wire: Wire, version: str) -> None:
    """STOMP 1.2, "NACK"."""
    client, messages = _consumer(wire, version)
    client.send(frame("BEGIN", "transaction:1"), settlement("NACK", version, messages[1], "transaction:1"))
    before = client.bodies()
    client.send(frame("COMMIT", "transaction:1"))
    assert (before, client.bodies()) == ([], [b"2"])


@since_1_1
def test_in_client_mode_nack_covers_what_came_before(wire: Wire, version: str) -> None:
    """STOMP 1.2, "NACK"."""
    client, messages = _consumer(wire, version, "client")
    client.send(settlement("NACK", version, messages[1]))
    assert client.bodies() == [b"1", b"2"]
