"""STOMP 1.2, "ABORT": a transaction does not happen."""

from tests.conformance.transactions import ABORT, BEGIN, QUEUE, listener_of, send
from tests.conformance.wire import Wire, every_version, frame


@every_version
def test_an_aborted_transaction_did_not_happen(wire: Wire, version: str) -> None:
    """STOMP 1.2, "ABORT"."""
    listener, client = listener_of(wire), wire.connect(version)
    client.send(BEGIN, send(b"1"), send(b"2"), ABORT, frame("SEND", QUEUE, body=b"3"))
    assert listener.bodies() == [b"3"]


@every_version
def test_abort_without_transaction_gets_error_and_the_close(wire: Wire, version: str) -> None:
    """STOMP 1.2, "ABORT"."""
    client = wire.connect(version)
    client.send(BEGIN, frame("ABORT"))
    assert "Missing header" in client.refusal().header("message")


@every_version
def test_abort_of_an_unknown_transaction_gets_error(wire: Wire, version: str) -> None:
    """STOMP 1.2, "ABORT"."""
    client = wire.connect(version)
    client.send(BEGIN, frame("ABORT", "transaction:stranger"))
    error = client.refusal()
    assert "stranger" in error.header("message") + error.body.decode()
