"""STOMP 1.2, "ERROR": something went wrong."""

import pytest

from tests.conformance.wire import Wire, every_version, frame, since_1_1

FAULTS = [
    frame("SEND"),
    frame("NONSENSE"),
    frame("SUBSCRIBE", "id:0", "destination:/queue/*"),
    frame("COMMIT", "transaction:stranger"),
    b"SEND\nno colon\n\n\0",
    b"SEND\ndestination:/topic/a\ncontent-length:x\n\n\0",
]


@every_version
@pytest.mark.parametrize("fault", FAULTS)
def test_every_fault_of_a_client_gets_error(wire: Wire, version: str, fault: bytes) -> None:
    """STOMP 1.2, "ERROR"."""
    client = wire.connect(version)
    client.send(fault)
    assert client.frame().command == "ERROR"


@every_version
@pytest.mark.parametrize("fault", FAULTS)
def test_the_connection_is_closed_after_error(wire: Wire, version: str, fault: bytes) -> None:
    """STOMP 1.2, "ERROR". What comes after the fault is not looked at, and nothing follows ERROR."""
    client = wire.connect(version)
    client.send(fault, frame("SEND", "destination:/topic/a", "receipt:1"))
    client.send(frame("SEND", "destination:/topic/a", "receipt:2"))
    assert client.frame().command == "ERROR"
    assert client.closed


@every_version
@pytest.mark.parametrize("fault", FAULTS)
def test_error_says_in_short_what_it_was(wire: Wire, version: str, fault: bytes) -> None:
    """STOMP 1.2, "ERROR"."""
    client = wire.connect(version)
    client.send(fault)
    assert 0 < len(client.refusal().header("message")) <= 256


@since_1_1
@pytest.mark.parametrize(
    "headers",
    [
        ("SEND", "x:y"),
        ("SUBSCRIBE", "destination:/topic/a"),
        ("SUBSCRIBE", "id:0", "destination:/queue/*"),
        ("UNSUBSCRIBE", "id:9"),
        ("ACK", "id:9", "message-id:9", "subscription:9"),
        ("NACK", "id:9", "message-id:9", "subscription:9"),
        ("COMMIT", "transaction:9"),
        ("ABORT", "transaction:9"),
        ("CONNECT", "accept-version:1.2", "host:example.org"),
    ],
)
def test_error_carries_the_receipt_id_of_the_frame_at_fault(
    wire: Wire, version: str, headers: tuple[str, ...]
) -> None:
    """STOMP 1.2, "ERROR"."""
    client = wire.connect(version)
    client.send(frame("SEND", "destination:/topic/a", "receipt:before"), frame(*headers, "receipt:r-1"))
    receipt, error = client.frames()
    assert (receipt.header("receipt-id"), error.header("receipt-id")) == ("before", "r-1")
