"""STOMP 1.2, "RECEIPT": proof that a frame was processed."""

import pytest

from tests.conformance.wire import Wire, connect_frame, every_version, frame, since_1_1


@since_1_1
@pytest.mark.parametrize(
    "headers",
    [
        ("SEND", "x:y"),
        ("SUBSCRIBE", "id:0", "destination:/queue/*"),
        ("COMMIT", "transaction:stranger"),
        ("UNSUBSCRIBE", "id:9"),
    ],
)
def test_a_frame_that_fails_gets_no_receipt(wire: Wire, version: str, headers: tuple[str, ...]) -> None:
    """STOMP 1.2, "RECEIPT"."""
    client = wire.connect(version)
    client.send(frame(*headers, "receipt:1"))
    assert [heard.command for heard in client.frames()] == ["ERROR"]


@since_1_1
def test_a_subscription_is_live_when_its_receipt_comes(wire: Wire, version: str) -> None:
    """STOMP 1.2, "RECEIPT"."""
    listener, sender = wire.connect(version), wire.connect(version)
    listener.send(frame("SUBSCRIBE", "id:0", "destination:/topic/a", "receipt:1"))
    receipt = listener.frame()
    sender.send(frame("SEND", "destination:/topic/a", body=b"hello"))
    assert (receipt.command, listener.bodies()) == ("RECEIPT", [b"hello"])


@every_version
def test_receipts_come_in_the_order_of_their_frames(wire: Wire, version: str) -> None:
    """STOMP 1.2, "RECEIPT". Inside a transaction too: it says that the frame was taken in."""
    client = wire.connect(version)
    client.send(
        frame("SEND", "destination:/topic/a", "receipt:1"),
        frame("BEGIN", "transaction:t", "receipt:2"),
        frame("SEND", "destination:/queue/a", "transaction:t", "receipt:3"),
        frame("SUBSCRIBE", "id:0", "destination:/topic/b", "receipt:4"),
        frame("COMMIT", "transaction:t", "receipt:5"),
        frame("UNSUBSCRIBE", "id:0", "receipt:6"),
        frame("DISCONNECT", "receipt:7"),
    )
    assert [heard.header("receipt-id") for heard in client.frames()] == list("1234567")


def test_frames_received_before_the_connection_is_lost_are_processed(wire: Wire) -> None:
    """STOMP 1.2, "RECEIPT"."""
    client = wire.open()
    client.send(
        connect_frame("1.2"),
        *[frame("SEND", "destination:/queue/a", body=b"%d" % n) for n in range(5)],
        b"SEND\nhalf",
    )
    client.leave()
    other = wire.connect("1.2")
    other.send(frame("SUBSCRIBE", "id:0", "destination:/queue/a"))
    assert other.bodies() == [b"0", b"1", b"2", b"3", b"4"]
