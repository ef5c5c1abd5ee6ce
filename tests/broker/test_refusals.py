"""What is refused, what that costs, and what belongs to one session only."""

import pytest

from hoofbeat.config import BrokerConfig, LimitsConfig
from tests.conformance.wire import Wire, frame

TOPIC = "destination:/topic/a"
SOFT = "hoofbeat-soft-errors:true"


@pytest.mark.parametrize(
    "name",
    ["ack", "subscription", "user-name", "redelivered", "delivery-count", "original-destination",
     "dead-letter-reason", "hoofbeat-x", "offset", "epoch", "recovered", "browser"],
)  # fmt: skip
@pytest.mark.parametrize("version", ["1.0", "1.1", "1.2"])
def test_headers_of_the_brokers_own_cannot_be_forged(version: str, name: str) -> None:
    wire = Wire()
    client, publisher = wire.connect(), wire.connect(version)
    client.send(frame("SUBSCRIBE", "id:0", TOPIC))
    publisher.send(frame("SEND", TOPIC, f"{name}:forged", "kept:yes"))
    heard = client.frame()
    assert heard.get("kept") == "yes"
    assert "forged" not in [value for _, value in heard.headers]


def test_a_message_id_on_send_is_refused() -> None:
    client = Wire().connect()
    client.send(frame("SEND", TOPIC, "message-id:1"))
    assert client.refusal().header("message").startswith("message-id on SEND")


@pytest.mark.parametrize("command", ["SEND", "SUBSCRIBE"])
@pytest.mark.parametrize("name", ["/topic/a,/topic/b", "/queue/*", "/user/a", "/app/a", "/else/a", "a"])
def test_destinations_that_make_no_sense_are_refused(command: str, name: str) -> None:
    client = Wire().connect()
    client.send(frame(command, "id:0", f"destination:{name}"))
    assert client.refusal().header("message").startswith("Unknown destination")


def test_a_soft_refusal_names_its_receipt_and_subscription_and_costs_no_connection() -> None:
    client = Wire().connect("1.2", SOFT)
    client.send(
        frame("SUBSCRIBE", "id:7", "destination:/queue/*", "receipt:r"), frame("SEND", TOPIC, "receipt:s")
    )
    error, receipt = client.frames()
    assert (error.get("fatal"), error.get("receipt-id"), error.get("subscription")) == ("false", "r", "7")
    assert (receipt.get("receipt-id"), client.closed) == ("s", False)


@pytest.mark.parametrize(
    "refused",
    [frame("SEND", "transaction:t", "destination:/queue/*"), frame("ACK", "transaction:t", "id:0-1")],
)
def test_a_transaction_of_which_a_frame_was_refused_is_not_committed(refused: bytes) -> None:
    wire = Wire()
    listener, client = wire.connect(), wire.connect("1.2", SOFT)
    listener.send(frame("SUBSCRIBE", "id:0", TOPIC))
    sent = frame("SEND", "transaction:t", TOPIC)
    client.send(frame("BEGIN", "transaction:t"), sent, refused, sent)
    why = client.frame().header("message").partition("\\c")[0]
    client.send(frame("COMMIT", "transaction:t", "receipt:c"))
    error = client.frame()
    assert (error.command, error.get("receipt-id")) == ("ERROR", "c")
    assert error.header("message").startswith("transaction not whole")
    assert why.encode() in error.body
    client.send(frame("BEGIN", "transaction:t"), sent, frame("COMMIT", "transaction:t", "receipt:d"))
    assert client.frame().get("receipt-id") == "d"
    assert len(listener.frames()) == 1


def test_a_reply_comes_back_without_subscribe() -> None:
    wire = Wire()
    server, client = wire.connect(), wire.connect()
    server.send(frame("SUBSCRIBE", "id:0", TOPIC))
    client.send(frame("SEND", TOPIC, "reply-to:/temp-queue/answers"))
    answer_to = server.frame().header("reply-to")
    server.send(frame("SEND", f"destination:{answer_to}", body=b"yes"))
    reply = client.frame()
    assert (reply.body, reply.get("subscription")) == (b"yes", "/temp-queue/answers")


@pytest.mark.parametrize("kind", ["temp-queue", "temp-topic"])
def test_a_temporary_destination_is_its_owners_and_dies_with_it(kind: str) -> None:
    wire = Wire()
    server, client, thief = wire.connect(), wire.connect(), wire.connect("1.2", SOFT)
    server.send(frame("SUBSCRIBE", "id:0", TOPIC))
    client.send(frame("SEND", TOPIC, f"reply-to:/{kind}/mine"))
    name = server.frame().header("reply-to")
    thief.send(frame("SUBSCRIBE", "id:0", f"destination:{name}"), frame("SEND", TOPIC, f"reply-to:{name}"))
    assert ["belongs to another" in each.header("message") for each in thief.frames()] == [True, True]
    client.leave()
    thief.send(frame("SEND", f"destination:{name}"))
    assert "its session is gone" in thief.frame().header("message")


def test_an_aborted_transaction_never_happened_and_a_committed_one_does_as_a_whole() -> None:
    wire = Wire()
    client = wire.connect()
    client.send(frame("SUBSCRIBE", "id:0", TOPIC))
    for end in ("ABORT", "COMMIT"):
        sends = [frame("SEND", TOPIC, "transaction:t", body=body) for body in (b"1", b"2")]
        client.send(frame("BEGIN", "transaction:t"), *sends)
        assert client.frames() == []
        client.send(frame(end, "transaction:t"))
    assert client.bodies() == [b"1", b"2"]


@pytest.mark.parametrize("over", [0, 1])
def test_what_waits_for_a_slow_reader_ends_at_its_limit(over: int) -> None:
    wire = Wire(BrokerConfig(limits=LimitsConfig(outbox_bytes=400)))
    client, publisher = wire.connect(), wire.connect()
    client.send(frame("SUBSCRIBE", "id:0", TOPIC))
    publisher.send(frame("SEND", TOPIC, body=b"x" * 10))
    one = len(client.octets())
    session = next(iter(wire.broker.sessions.values()))
    wire.broker.pause(session, wire.now())
    for _ in range(400 // one + over):
        publisher.send(frame("SEND", TOPIC, body=b"x" * 10))
    assert client.closed is bool(over)


def test_a_reader_that_takes_nothing_for_ten_seconds_is_told_and_closed() -> None:
    wire = Wire()
    client = wire.connect()
    wire.broker.pause(next(iter(wire.broker.sessions.values())), wire.now())
    wire.pass_time(9.9)
    early = client.closed
    wire.pass_time(0.2)
    assert (early, client.refusal().get("message")) == (False, "slow reader")
