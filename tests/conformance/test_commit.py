"""STOMP 1.2, "COMMIT": a transaction happens."""

from tests.conformance.transactions import BEGIN, COMMIT, QUEUE, listener_of, send
from tests.conformance.wire import Wire, every_version, frame


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
