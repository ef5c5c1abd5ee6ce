"""Frames of a transaction, and who hears what came of it."""

from tests.conformance.wire import Client, Wire, frame

QUEUE = "destination:/queue/a"
BEGIN = frame("BEGIN", "transaction:1")
COMMIT = frame("COMMIT", "transaction:1")
ABORT = frame("ABORT", "transaction:1")


def send(body: bytes, transaction: str = "1") -> bytes:
    """Write a SEND within a transaction."""
    return frame("SEND", QUEUE, f"transaction:{transaction}", body=body)


def listener_of(wire: Wire) -> Client:
    """Open a session that hears what is sent to the queue."""
    client = wire.connect("1.2")
    client.send(frame("SUBSCRIBE", "id:0", QUEUE))
    return client
