"""STOMP 1.2, "BEGIN": the start of a transaction."""

import pytest

from tests.conformance.transactions import ABORT, BEGIN, COMMIT, QUEUE, listener_of, send
from tests.conformance.wire import Wire, every_version, frame, since_1_1


@every_version
def test_transactions_of_one_connection_are_kept_apart(wire: Wire, version: str) -> None:
    """STOMP 1.2, "BEGIN"."""
    listener, client = listener_of(wire), wire.connect(version)
    client.send(BEGIN, frame("BEGIN", "transaction:2"), send(b"1"), send(b"2", "2"), COMMIT)
    assert listener.bodies() == [b"1"]


@every_version
@pytest.mark.parametrize(
    "headers",
    [
        ("SEND", QUEUE),
        ("ACK", "id:0", "message-id:0", "subscription:0"),
        ("NACK", "id:0", "message-id:0", "subscription:0"),
    ],
)
def test_a_frame_of_an_unknown_transaction_gets_error(
    wire: Wire, version: str, headers: tuple[str, ...]
) -> None:
    """STOMP 1.2, "BEGIN"."""
    listener, client = listener_of(wire), wire.connect(version)
    client.send(BEGIN, frame(*headers, "transaction:stranger"))
    error = client.refusal()
    assert "transaction" in error.header("message")
    assert "stranger" in error.header("message") + error.body.decode()
    assert listener.frames() == []


@every_version
def test_begin_without_transaction_gets_error_and_the_close(wire: Wire, version: str) -> None:
    """STOMP 1.2, "BEGIN"."""
    client = wire.connect(version)
    client.send(frame("BEGIN"))
    assert "Missing header" in client.refusal().header("message")


@every_version
def test_a_second_begin_with_a_live_id_gets_error(wire: Wire, version: str) -> None:
    """STOMP 1.2, "BEGIN"."""
    client = wire.connect(version)
    client.send(BEGIN, BEGIN)
    assert "transaction" in client.refusal().header("message")


@every_version
@pytest.mark.parametrize("ending", [COMMIT, ABORT])
def test_a_transaction_id_is_free_again_after_it_ended(wire: Wire, version: str, ending: bytes) -> None:
    """STOMP 1.2, "BEGIN"."""
    listener, client = listener_of(wire), wire.connect(version)
    client.send(BEGIN, ending, BEGIN, send(b"1"), COMMIT)
    assert listener.bodies() == [b"1"]


@every_version
def test_one_transaction_id_on_two_connections_is_two_transactions(wire: Wire, version: str) -> None:
    """STOMP 1.2, "BEGIN"."""
    listener, one, other = listener_of(wire), wire.connect(version), wire.connect(version)
    one.send(BEGIN, send(b"one"))
    other.send(BEGIN, send(b"other"), COMMIT)
    assert listener.bodies() == [b"other"]


@since_1_1
def test_disconnect_aborts_open_transactions(wire: Wire, version: str) -> None:
    """STOMP 1.2, "BEGIN"."""
    listener, client = listener_of(wire), wire.connect(version)
    client.send(BEGIN, send(b"1"), frame("DISCONNECT", "receipt:1"))
    assert client.frame().header("receipt-id") == "1"
    assert listener.bodies() == []


@since_1_1
def test_a_lost_connection_aborts_open_transactions(wire: Wire, version: str) -> None:
    """STOMP 1.2, "BEGIN"."""
    listener, client = listener_of(wire), wire.connect(version)
    client.send(BEGIN, send(b"1"))
    client.leave()
    assert listener.bodies() == []
