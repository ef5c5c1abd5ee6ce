"""STOMP 1.2, "MESSAGE": from a destination to a subscriber."""

import pytest

from tests.conformance.wire import Wire, every_version, frame, settlement, since_1_1


@every_version
@pytest.mark.parametrize("destination", ["/topic/a", "/queue/a"])
def test_message_names_the_destination(wire: Wire, version: str, destination: str) -> None:
    """STOMP 1.2, "MESSAGE"."""
    client = wire.connect(version)
    client.send(
        frame("SUBSCRIBE", "id:0", f"destination:{destination}"), frame("SEND", f"destination:{destination}")
    )
    assert client.frame().header("destination") == destination


def test_message_names_the_destination_as_send_did(wire: Wire) -> None:
    """STOMP 1.2, "MESSAGE". Not as SUBSCRIBE did, where that holds wildcards."""
    client = wire.connect("1.2")
    client.send(
        frame("SUBSCRIBE", "id:0", "destination:/topic/*/b"), frame("SEND", r"destination:/topic/a\c1/b")
    )
    assert client.frame().header("destination") == r"/topic/a\c1/b"


@every_version
def test_no_two_messages_share_a_message_id(wire: Wire, version: str) -> None:
    """STOMP 1.2, "MESSAGE"."""
    client = wire.connect(version)
    client.send(
        frame("SUBSCRIBE", "id:0", "destination:/topic/a"), frame("SUBSCRIBE", "id:1", "destination:/queue/a")
    )
    for _ in range(3):
        client.send(
            *[frame("SEND", f"destination:/{kind}/a", body=b"same") for kind in ("topic", "queue", "topic")]
        )
    ids = [message.header("message-id") for message in client.frames()]
    assert len(ids) == len(set(ids)) == 9
    assert all(":" not in text for text in ids)


@since_1_1
def test_message_names_the_subscription_that_receives_it(wire: Wire, version: str) -> None:
    """STOMP 1.2, "MESSAGE". Two subscriptions that overlap get a copy each."""
    client = wire.connect(version)
    client.send(
        frame("SUBSCRIBE", "id:all", "destination:/topic/**"),
        frame("SUBSCRIBE", "id:one", "destination:/topic/a"),
        frame("SUBSCRIBE", "id:other", "destination:/topic/b"),
    )
    client.send(frame("SEND", "destination:/topic/a"))
    assert sorted(message.header("subscription") for message in client.frames()) == ["all", "one"]


@pytest.mark.parametrize(
    ("version", "mode", "there"),
    [
        ("1.2", "client", True),
        ("1.2", "client-individual", True),
        ("1.2", "auto", False),
        ("1.1", "client", False),
        ("1.0", "client", False),
    ],
)
@pytest.mark.parametrize("destination", ["/topic/a", "/queue/a"])
def test_ack_is_there_where_an_acknowledgement_is_due(
    wire: Wire, version: str, mode: str, there: bool, destination: str
) -> None:
    """STOMP 1.2, "MESSAGE"."""
    client = wire.connect(version)
    client.send(frame("SUBSCRIBE", "id:0", f"destination:{destination}", f"ack:{mode}"))
    client.send(frame("SEND", f"destination:{destination}", "ack:forged"))
    ack = client.frame().get("ack")
    assert (ack is not None, ack != "forged") == (there, True)


@since_1_1
def test_headers_only_the_broker_may_set_are_its_own(wire: Wire, version: str) -> None:
    """STOMP 1.2, "MESSAGE"."""
    client = wire.connect(version)
    forged = [
        "ack",
        "subscription",
        "user-name",
        "redelivered",
        "delivery-count",
        "hoofbeat-trace",
        "receipt-id",
    ]
    client.send(frame("SUBSCRIBE", "id:0", "destination:/queue/a"))
    client.send(frame("SEND", "destination:/queue/a", *[f"{name}:forged" for name in forged[:-1]]))
    assert "forged" not in dict(client.frame().headers).values()


@since_1_1
def test_user_defined_headers_stay_with_a_message_that_is_redelivered(wire: Wire, version: str) -> None:
    """STOMP 1.2, "Frames and Headers"."""
    client = wire.connect(version)
    client.send(frame("SUBSCRIBE", "id:0", "destination:/queue/a", "ack:client"))
    client.send(frame("SEND", "destination:/queue/a", r"foo:b\car", "foo:second", body=b"hello"))
    client.send(settlement("NACK", version, client.frame()))
    again = client.frame()
    assert (again.header("foo"), again.body) == (r"b\car", b"hello")
