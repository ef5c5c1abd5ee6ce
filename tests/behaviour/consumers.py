"""Consumers of one queue, for the tests of who gets what."""

from tests.conformance.wire import Client, Wire, frame, settlement

QUEUE = "/queue/a"


def send(body: bytes | int, *headers: str, to: str = QUEUE) -> bytes:
    return frame("SEND", f"destination:{to}", *headers, body=b"%d" % body if isinstance(body, int) else body)


def consumer(wire: Wire, *headers: str, version: str = "1.2") -> Client:
    client = wire.connect(version)
    client.send(frame("SUBSCRIBE", "id:0", f"destination:{QUEUE}", *headers))
    return client


def one_by_one(wire: Wire, *headers: str) -> Client:
    """Return a consumer that holds one delivery at a time."""
    return consumer(wire, "ack:client-individual", "prefetch-count:1", *headers)


def settle(client: Client, *, command: str = "ACK") -> bytes:
    """Settle the one delivery a client got, and return its body."""
    heard = client.frame()
    client.send(settlement(command, "1.2", heard))
    return heard.body
