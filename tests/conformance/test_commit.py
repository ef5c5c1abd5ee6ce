"""STOMP 1.2, "COMMIT": a transaction happens."""

import pytest

from tests.conformance.transactions import BEGIN, COMMIT, QUEUE, listener_of, send
from tests.conformance.wire import Wire, every_version, frame, settlement


@every_version
def test_a_transaction_happens_at_its_commit_in_order(wire: Wire, version: str) -> None:
    """STOMP 1.2, "BEGIN", "COMMIT"."""
    listener, client = listener_of(wire), wire.connect(version)
    client.send(BEGIN, send(b"1"), send(b"2"), frame("SEND", QUEUE, body=b"outside"), send(b"3"))
    before = listener.bodies()
    client.send(COMMIT)
    assert (before, listener.bodies()) == ([b"outside"], [b"1", b"2", b"3"])


@every_version
def test_commit_without_transaction_gets_error_and_the_close(wire: Wire, version: str) -> None:
    """STOMP 1.2, "COMMIT"."""
    client = wire.connect(version)
    client.send(BEGIN, frame("COMMIT"))
    assert "Missing header" in client.refusal().header("message")


@every_version
def test_commit_of_an_unknown_transaction_gets_error(wire: Wire, version: str) -> None:
    """STOMP 1.2, "COMMIT"."""
    client = wire.connect(version)
    client.send(BEGIN, frame("COMMIT", "transaction:stranger"))
    error = client.refusal()
    assert "stranger" in error.header("message") + error.body.decode()


@every_version
@pytest.mark.parametrize("command", ["ACK", "NACK"])
@pytest.mark.parametrize("is_taken_in_before", [True, False])
def test_a_transaction_with_an_ack_of_a_subscription_that_ended_does_not_happen_at_all(
    wire: Wire, version: str, command: str, is_taken_in_before: bool
) -> None:
    """STOMP 1.2, "COMMIT"."""
    sender, client = wire.connect(), wire.connect(version)
    sender.send(frame("SEND", QUEUE, body=b"1"), frame("SEND", QUEUE, body=b"2"))
    client.send(
        frame("SUBSCRIBE", "id:0", QUEUE, "ack:client", "prefetch:1"),
        frame("SUBSCRIBE", "id:1", QUEUE, "ack:client", "prefetch:1"),
    )
    gone, live = client.frames()
    late = [frame("UNSUBSCRIBE", "id:0"), settlement(command, version, gone, "transaction:1")]
    client.send(
        BEGIN,
        frame("SEND", "destination:/queue/out", "transaction:1", body=b"result"),
        settlement("ACK", version, live, "transaction:1"),
        *(reversed(late) if is_taken_in_before else late),
        frame("COMMIT", "transaction:1", "receipt:1"),
    )
    error = client.refusal()
    assert error.header("receipt-id") == "1"
    assert "its subscription has ended" in error.header("message")
    assert "nothing of the transaction was done" in error.body.decode()
    assert wire.broker.stats.messages_acknowledged == 0
    listener = listener_of(wire)
    listener.send(frame("SUBSCRIBE", "id:out", "destination:/queue/out"))
    assert listener.bodies() == [b"1", b"2"]
