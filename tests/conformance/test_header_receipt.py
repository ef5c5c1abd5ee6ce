"""STOMP 1.2, "Header receipt": asking for proof."""

import pytest

from tests.conformance.wire import Heard, Wire, connect_frame, every_version, frame, settlement

SUBSCRIBE = frame("SUBSCRIBE", "id:0", "destination:/queue/a", "ack:client")
SEND = frame("SEND", "destination:/queue/a")


@every_version
@pytest.mark.parametrize(
    ("before", "asking"),
    [
        (b"", ("SEND", "destination:/topic/a")),
        (b"", ("SUBSCRIBE", "id:1", "destination:/topic/a")),
        (SUBSCRIBE, ("UNSUBSCRIBE", "id:0")),
        (b"", ("BEGIN", "transaction:1")),
        (frame("BEGIN", "transaction:1"), ("COMMIT", "transaction:1")),
        (frame("BEGIN", "transaction:1"), ("ABORT", "transaction:1")),
        (b"", ("DISCONNECT",)),
    ],
)
def test_every_client_frame_but_connect_may_ask_for_a_receipt(
    wire: Wire, version: str, before: bytes, asking: tuple[str, ...]
) -> None:
    """STOMP 1.2, "Header receipt"."""
    client = wire.connect(version)
    client.send(before, frame(*asking, "receipt:r-1"))
    assert client.frame() == Heard("RECEIPT", (("receipt-id", "r-1"),), b"")


@every_version
@pytest.mark.parametrize("command", ["ACK", "NACK"])
def test_acknowledgements_may_ask_for_a_receipt(wire: Wire, version: str, command: str) -> None:
    """STOMP 1.2, "Header receipt"."""
    client = wire.connect(version)
    client.send(SUBSCRIBE, SEND)
    message = client.frame()
    client.send(settlement(command, version, message, "receipt:r-1"))
    assert Heard("RECEIPT", (("receipt-id", "r-1"),), b"") in client.frames()


@every_version
def test_a_receipt_asked_of_connect_is_not_given(wire: Wire, version: str) -> None:
    """STOMP 1.2, "Header receipt"."""
    client = wire.open()
    client.send(connect_frame(version, "receipt:1"))
    assert client.frame().command == "CONNECTED"


@every_version
@pytest.mark.parametrize("value", ["", "a b", "ä🦫", "message-12345", "x" * 1000])
def test_receipt_id_repeats_receipt_octet_for_octet(wire: Wire, version: str, value: str) -> None:
    """STOMP 1.2, "RECEIPT"."""
    client = wire.connect(version)
    client.send(frame("SEND", "destination:/topic/a", f"receipt:{value}"))
    assert client.frame().header("receipt-id") == value


@pytest.mark.parametrize(
    ("version", "value"), [("1.0", r"a:\n"), ("1.1", r"a\cb\n\\c"), ("1.2", r"\r\n\c\\")]
)
def test_receipt_id_repeats_the_escapes_of_receipt(wire: Wire, version: str, value: str) -> None:
    """STOMP 1.2, "RECEIPT"."""
    client = wire.connect(version)
    client.send(frame("SEND", "destination:/topic/a", f"receipt:{value}"))
    assert client.frame().header("receipt-id") == value
