"""STOMP 1.2, "ACK": a message was consumed."""

import pytest

from tests.conformance.wire import Client, Heard, Wire, every_version, frame, settlement

QUEUE = "destination:/queue/a"


def _consumer(wire: Wire, version: str) -> tuple[Client, Heard]:
    """Take the one message of the queue."""
    client = wire.connect(version)
    client.send(frame("SUBSCRIBE", "id:0", QUEUE, "ack:client"), frame("SEND", QUEUE, body=b"1"))
    return client, client.frame()


def _left_over(wire: Wire, client: Client) -> list[bytes]:
    client.leave()
    other = wire.connect("1.2")
    other.send(frame("SUBSCRIBE", "id:0", QUEUE))
    return other.bodies()


@every_version
def test_a_message_is_not_consumed_until_it_is_acknowledged(wire: Wire, version: str) -> None:
    """STOMP 1.2, "ACK"."""
    client, _ = _consumer(wire, version)
    assert _left_over(wire, client) == [b"1"]


def test_in_1_2_ack_names_what_the_message_calls_ack(wire: Wire) -> None:
    """STOMP 1.2, "ACK"."""
    client, message = _consumer(wire, "1.2")
    client.send(frame("ACK", f"id:{message.header('ack')}"))
    assert _left_over(wire, client) == []


def test_in_1_2_ack_without_id_gets_error(wire: Wire) -> None:
    """STOMP 1.2, "ACK"."""
    client, message = _consumer(wire, "1.2")
    client.send(frame("ACK", f"message-id:{message.header('message-id')}", "subscription:0"))
    assert "Missing header" in client.refusal().header("message")


def test_in_1_1_ack_names_message_id_and_subscription(wire: Wire) -> None:
    """STOMP 1.1, "ACK"."""
    client, message = _consumer(wire, "1.1")
    client.send(frame("ACK", "subscription:0", f"message-id:{message.header('message-id')}"))
    assert _left_over(wire, client) == []


@pytest.mark.parametrize("missing", ["subscription", "message-id"])
def test_in_1_1_ack_without_either_name_gets_error(wire: Wire, missing: str) -> None:
    """STOMP 1.1, "ACK"."""
    client, message = _consumer(wire, "1.1")
    names = {"subscription": "0", "message-id": message.header("message-id")}
    client.send(frame("ACK", *[f"{name}:{value}" for name, value in names.items() if name != missing]))
    assert "Missing header" in client.refusal().header("message")


def test_in_1_0_ack_names_message_id(wire: Wire) -> None:
    """STOMP 1.0, "ACK"."""
    client, message = _consumer(wire, "1.0")
    client.send(frame("ACK", f"message-id:{message.header('message-id')}"))
    assert _left_over(wire, client) == []


def test_in_1_0_ack_without_message_id_gets_error(wire: Wire) -> None:
    """STOMP 1.0, "ACK"."""
    client, _ = _consumer(wire, "1.0")
    client.send(frame("ACK", "subscription:0"))
    assert "Missing header" in client.refusal().header("message")


@every_version
@pytest.mark.parametrize("command", ["ACK", "NACK"])
def test_ack_of_an_unknown_message_gets_error(wire: Wire, version: str, command: str) -> None:
    """STOMP 1.2, "ACK"."""
    client, _ = _consumer(wire, version)
    client.send(frame(command, "id:stranger", "message-id:stranger", "subscription:0", "receipt:1"))
    error = client.refusal()
    assert "stranger" in error.header("message") + error.body.decode()


@every_version
def test_ack_of_a_message_that_was_acknowledged_gets_error(wire: Wire, version: str) -> None:
    """STOMP 1.2, "ACK"."""
    client, message = _consumer(wire, version)
    client.send(settlement("ACK", version, message))
    before = client.frames()
    client.send(settlement("ACK", version, message))
    assert (before, client.refusal().command) == ([], "ERROR")


@every_version
def test_ack_after_unsubscribe_is_too_late_and_no_error(wire: Wire, version: str) -> None:
    """STOMP 1.2, "ACK"."""
    client, message = _consumer(wire, version)
    client.send(frame("UNSUBSCRIBE", "id:0"), settlement("ACK", version, message))
    assert (client.frames(), client.closed) == ([], False)
    assert _left_over(wire, client) == [b"1"]


@every_version
@pytest.mark.parametrize("command", ["ACK", "NACK"])
def test_ack_after_unsubscribe_that_asks_for_a_receipt_gets_error(
    wire: Wire, version: str, command: str
) -> None:
    """STOMP 1.2, "ACK", "Header receipt"."""
    client, message = _consumer(wire, version)
    client.send(frame("UNSUBSCRIBE", "id:0"), settlement(command, version, message, "receipt:1"))
    error = client.refusal()
    assert error.header("receipt-id") == "1"
    assert "its subscription has ended" in error.header("message")
    assert "went back" in error.body.decode()
    assert _left_over(wire, client) == [b"1"]


@every_version
def test_ack_in_a_transaction_happens_at_its_commit(wire: Wire, version: str) -> None:
    """STOMP 1.2, "ACK"."""
    client, message = _consumer(wire, version)
    client.send(
        frame("BEGIN", "transaction:1"),
        settlement("ACK", version, message, "transaction:1"),
        frame("COMMIT", "transaction:1"),
    )
    assert client.frames() == []
    assert _left_over(wire, client) == []


@every_version
@pytest.mark.parametrize("ending", [b"", frame("ABORT", "transaction:1"), frame("DISCONNECT")])
def test_ack_in_an_aborted_transaction_did_not_happen(wire: Wire, version: str, ending: bytes) -> None:
    """STOMP 1.2, "ACK"."""
    client, message = _consumer(wire, version)
    client.send(frame("BEGIN", "transaction:1"), settlement("ACK", version, message, "transaction:1"), ending)
    assert _left_over(wire, client) == [b"1"]
