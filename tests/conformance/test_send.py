"""STOMP 1.2, "SEND": from a sender to a destination."""

import pytest

from tests.conformance.wire import Wire, every_version, frame, since_1_1


@every_version
def test_send_without_destination_gets_error_and_the_close(wire: Wire, version: str) -> None:
    """STOMP 1.2, "SEND"."""
    client = wire.connect(version)
    client.send(frame("SEND", body=b"lost"))
    assert "Missing destination" in client.refusal().header("message")


@every_version
@pytest.mark.parametrize("kind", ["topic", "queue"])
def test_a_message_goes_to_its_destination(wire: Wire, version: str, kind: str) -> None:
    """STOMP 1.2, "SEND"."""
    client = wire.connect(version)
    client.send(
        frame("SUBSCRIBE", "id:a", f"destination:/{kind}/a"),
        frame("SUBSCRIBE", "id:b", f"destination:/{kind}/b"),
    )
    client.send(frame("SEND", f"destination:/{kind}/b", body=b"hello"))
    message = client.frame()
    assert (message.header("subscription"), message.body) == ("b", b"hello")


@every_version
@pytest.mark.parametrize("body", [b"", b"hello", b"\n", b"\n\nhello\n", b"\r\n", bytes(range(1, 256))])
def test_the_body_of_send_is_the_body_of_message(wire: Wire, version: str, body: bytes) -> None:
    """STOMP 1.2, "SEND"."""
    client = wire.connect(version)
    client.send(frame("SUBSCRIBE", "id:0", "destination:/topic/a"))
    client.send(frame("SEND", "destination:/topic/a", body=body))
    assert client.frame().body == body


@every_version
@pytest.mark.parametrize(
    "other", ["/topic/A", "/topic/a/", "/topic/a.b", "/topic//a", "/topic/ä", "/queue/a"]
)
def test_destinations_are_compared_octet_for_octet(wire: Wire, version: str, other: str) -> None:
    """STOMP 1.2, "SEND"."""
    client = wire.connect(version)
    client.send(frame("SUBSCRIBE", "id:0", "destination:/topic/a"))
    client.send(frame("SEND", f"destination:{other}", "receipt:1"))
    assert "MESSAGE" not in [heard.command for heard in client.frames()]


@every_version
def test_a_message_sent_in_a_transaction_waits_for_its_commit(wire: Wire, version: str) -> None:
    """STOMP 1.2, "SEND"."""
    client = wire.connect(version)
    client.send(frame("SUBSCRIBE", "id:0", "destination:/topic/a"), frame("BEGIN", "transaction:1"))
    client.send(frame("SEND", "destination:/topic/a", "transaction:1", body=b"hello"))
    before = client.frames()
    client.send(frame("COMMIT", "transaction:1"))
    message = client.frame()
    assert (before, message.body, message.get("transaction")) == ([], b"hello", None)


@every_version
def test_send_may_leave_out_content_length_and_content_type(wire: Wire, version: str) -> None:
    """STOMP 1.2, "SEND"."""
    client = wire.connect(version)
    client.send(frame("SEND", "destination:/topic/a", "receipt:1", body=b"hello"))
    assert client.frame().command == "RECEIPT"


@since_1_1
def test_user_defined_headers_reach_message(wire: Wire, version: str) -> None:
    """STOMP 1.2, "SEND"."""
    client = wire.connect(version)
    client.send(frame("SUBSCRIBE", "id:0", "destination:/topic/a"))
    client.send(frame("SEND", "foo:bar", "destination:/topic/a", r"sch\clüssel:ä\nb", "empty:"))
    message = client.frame()
    assert (message.header("foo"), message.header(r"sch\clüssel"), message.header("empty")) == (
        "bar",
        r"ä\nb",
        "",
    )


@since_1_1
def test_user_defined_headers_keep_their_order(wire: Wire, version: str) -> None:
    """STOMP 1.2, "SEND"."""
    client = wire.connect(version)
    names = [f"x{number}" for number in (3, 1, 2, 5, 4)]
    client.send(frame("SUBSCRIBE", "id:0", "destination:/topic/a"))
    client.send(frame("SEND", "destination:/topic/a", *[f"{name}:{name}" for name in names]))
    assert [name for name, _ in client.frame().headers if name in names] == names


@since_1_1
@pytest.mark.parametrize(
    "headers", [("destination:",), ("destination:/topic/a", "message-id:1"), ("destination:nowhere",)]
)
def test_a_send_that_fails_gets_error_and_the_close(
    wire: Wire, version: str, headers: tuple[str, ...]
) -> None:
    """STOMP 1.2, "SEND"."""
    client = wire.connect(version)
    client.send(frame("SEND", "receipt:1", *headers))
    assert client.refusal().header("receipt-id") == "1"
