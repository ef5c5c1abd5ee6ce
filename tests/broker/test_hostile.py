"""What a client that means harm must not bring about."""

import time

from hoofbeat.config import BrokerConfig, LimitsConfig, QueueConfig
from tests.conformance.wire import Wire, frame, settlement

SECONDS = 2.0  # far more than it takes, and a third of what it took when one by one was put back


def test_a_transaction_keeps_to_the_temporary_queue_of_its_own_session() -> None:
    wire = Wire()
    first, second = wire.connect(), wire.connect()
    send = frame("SEND", "destination:/temp-queue/a", "transaction:t", body=b"mine")
    for client in (first, second):
        client.send(frame("SUBSCRIBE", "id:0", "destination:/temp-queue/a"), frame("BEGIN", "transaction:t"))
        client.send(send)
    first.send(frame("COMMIT", "transaction:t"))
    assert (first.bodies(), second.bodies()) == ([b"mine"], [])


def test_a_transaction_loses_no_message_for_the_expiry_of_another() -> None:
    wire = Wire()
    client = wire.connect()
    client.send(frame("SUBSCRIBE", "id:0", "destination:/topic/a"), frame("BEGIN", "transaction:t"))
    client.send(
        frame("SEND", "destination:/topic/a", "transaction:t", "ttl:1000", body=b"1"),
        frame("SEND", "destination:/topic/a", "transaction:t", body=b"2"),
        frame("COMMIT", "transaction:t"),
    )
    assert client.bodies() == [b"1", b"2"]


def test_priorities_hold_within_a_transaction() -> None:
    wire = Wire()
    client = wire.connect()
    client.send(frame("BEGIN", "transaction:t"))
    for priority in (0, 9):
        client.send(
            frame(
                "SEND", "destination:/queue/a", "transaction:t", f"priority:{priority}", body=b"%d" % priority
            )
        )
    client.send(frame("COMMIT", "transaction:t"), frame("SUBSCRIBE", "id:0", "destination:/queue/a"))
    assert client.bodies() == [b"9", b"0"]


def test_a_refused_commit_leaves_no_queues_behind() -> None:
    wire = Wire(BrokerConfig(queue=QueueConfig(messages=1), limits=LimitsConfig(destinations=3)))
    client = wire.connect("1.2", "hoofbeat-soft-errors:true")
    client.send(frame("SEND", "destination:/queue/full"), frame("BEGIN", "transaction:t"))
    for name in ("a", "b", "full"):
        client.send(frame("SEND", f"destination:/queue/{name}", "transaction:t"))
    client.send(frame("COMMIT", "transaction:t"))
    assert client.frame().command == "ERROR"
    client.send(frame("SEND", "destination:/queue/c", "receipt:r"))
    assert client.frame().command == "RECEIPT"


def test_what_an_auto_consumer_took_is_not_remembered() -> None:
    wire = Wire()
    wire.connect().send(frame("SEND", "destination:/queue/a", body=b"1"))
    holder, taker = wire.connect(), wire.connect()
    holder.send(frame("SUBSCRIBE", "id:0", "destination:/queue/a", "ack:client"))
    taker.send(frame("SUBSCRIBE", "id:0", "destination:/queue/a"))
    holder.leave()
    assert taker.bodies() == [b"1"]
    queue = wire.broker.engine._queues.by_name["/queue/a"]  # type: ignore[attr-defined]  # the local engine itself is looked into
    assert queue._deliveries == {}


def test_a_transaction_does_not_bring_back_a_temporary_queue_whose_session_is_gone() -> None:
    wire = Wire()
    owner, sender = wire.connect(), wire.connect("1.2")
    owner.send(frame("SUBSCRIBE", "id:0", "destination:/queue/a"))
    sender.send(frame("SUBSCRIBE", "id:0", "destination:/queue/b"))
    owner.send(frame("SEND", "destination:/queue/b", "reply-to:/temp-queue/x"))
    where = sender.frame().header("reply-to")
    sender.send(frame("BEGIN", "transaction:t"), frame("SEND", f"destination:{where}", "transaction:t"))
    owner.leave()
    sender.send(frame("COMMIT", "transaction:t", "receipt:r"))
    assert where not in wire.broker.engine._queues.by_name  # type: ignore[attr-defined]  # the local engine itself is looked into


def test_a_refused_commit_costs_no_more_for_all_that_it_would_settle() -> None:
    wire = Wire(BrokerConfig(queue=QueueConfig(messages=1000)))
    client = wire.connect("1.2", "hoofbeat-soft-errors:true")
    client.send(frame("SUBSCRIBE", "id:0", "destination:/queue/a", "ack:client", "prefetch-count:1000"))
    client.send(
        *[frame("SEND", "destination:/queue/a")] * 1000, *[frame("SEND", "destination:/queue/b")] * 1000
    )
    last = client.frames()[-1]
    commit = [
        frame("BEGIN", "transaction:t"),
        settlement("ACK", "1.2", last, "transaction:t"),
        frame("SEND", "destination:/queue/b", "transaction:t"),
        frame("COMMIT", "transaction:t"),
    ]
    begun = time.monotonic()
    client.send(*commit * 100)
    assert time.monotonic() - begun < SECONDS
    assert [each.header("message") for each in client.frames()] == ["/queue/b is full"] * 100
    client.send(settlement("ACK", "1.2", last, "receipt:r"))
    assert client.frame().header("receipt-id") == "r"


def test_consumers_without_credit_cost_a_publisher_nothing() -> None:
    wire = Wire()
    for _ in range(20):
        subscribe = [
            frame("SUBSCRIBE", f"id:{number}", "destination:/queue/a", "ack:client", "prefetch-count:1")
            for number in range(256)
        ]
        wire.connect().send(*subscribe)
    client = wire.connect()
    client.send(frame("SEND", "destination:/queue/a") * 20 * 256)
    begun = time.monotonic()
    client.send(*[frame("SEND", "destination:/queue/a", f"priority:{number % 2}") for number in range(2000)])
    assert time.monotonic() - begun < SECONDS


def test_pipelined_nack_storms_end() -> None:
    wire = Wire()
    client = wire.connect("1.2", "hoofbeat-soft-errors:true")
    client.send(frame("SUBSCRIBE", "id:0", "destination:/queue/a", "ack:client", "prefetch-count:1"))
    client.send(frame("SEND", "destination:/queue/a", body=b"1"))
    for _ in range(12):
        got = [heard for heard in client.frames() if heard.command == "MESSAGE"]
        if not got:
            break
        client.send(settlement("NACK", "1.2", got[0]))
    assert client.frames() == []
