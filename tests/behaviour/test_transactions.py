"""What a transaction may cost, which is taken in within one turn: as much as 16 runs."""

import pytest

from hoofbeat.config import BrokerConfig, DurableConfig, LimitsConfig
from tests.conformance.wire import Client, Heard, Wire, frame, settlement

SOFT = "hoofbeat-soft-errors:true"
TERMS = 360  # of all selectors of `choosy`: 16 times 16,384 by that is 728
DURABLES = 300  # and by this 873


def commit(sender: Client, count: int, *headers: str) -> Heard:
    """Commit so many messages to two topics in turn, and return the answer."""
    sends = [
        frame("SEND", "transaction:t", f"destination:/topic/{'ab'[number % 2]}", "a:1", *headers)
        for number in range(count)
    ]
    sender.send(frame("BEGIN", "transaction:t"), *sends, frame("COMMIT", "transaction:t", "receipt:c"))
    return sender.frame()


def choosy(wire: Wire) -> Client:
    """Listen to all topics, four times, for this or that of 45 values."""
    client = wire.connect()
    selector = " OR ".join([f"a = {value}" for value in range(TERMS // 4 // 2)])
    for id in "0123":
        client.send(frame("SUBSCRIBE", f"id:{id}", "destination:/topic/*", f"selector:{selector}"))
    return client


@pytest.mark.parametrize(("count", "is_taken"), [(728, True), (729, False)])
def test_selectors_look_at_so_much_or_nothing_is_done(wire: Wire, count: int, is_taken: bool) -> None:
    listener, sender = choosy(wire), wire.connect("1.2", SOFT)
    answer = commit(sender, count)
    assert (answer.command, answer.get("receipt-id")) == ("RECEIPT" if is_taken else "ERROR", "c")
    assert len(listener.frames()) == (4 * count if is_taken else 0)
    if not is_taken:
        assert answer.header("message").startswith("transaction too large")


@pytest.mark.parametrize(("count", "is_taken"), [(873, True), (874, False)])
def test_so_much_is_kept_for_durable_subscriptions_or_nothing_is(count: int, is_taken: bool) -> None:
    limits = LimitsConfig(subscriptions=DURABLES)
    wire = Wire(BrokerConfig(durable=DurableConfig(per_user=DURABLES), limits=limits))
    subscriber, sender = wire.connect("1.2", "client-id:desk"), wire.connect("1.2", SOFT)
    for number in range(DURABLES):
        name = f"activemq.subscriptionName:{number}"
        subscriber.send(frame("SUBSCRIBE", f"id:{number}", "destination:/topic/*", name))
    subscriber.send(frame("DISCONNECT"))
    assert commit(sender, count, "persistent:true").command == ("RECEIPT" if is_taken else "ERROR")
    assert wire.broker.stats.messages_put == (DURABLES * count if is_taken else 0)


def test_what_is_published_later_costs_nothing_now(wire: Wire) -> None:
    choosy(wire)
    assert commit(wire.connect("1.2", SOFT), 1000, "delay:1000").command == "RECEIPT"


def test_what_it_would_have_settled_is_settled_later(wire: Wire) -> None:
    choosy(wire)
    client = wire.connect("1.2", SOFT)
    client.send(frame("SUBSCRIBE", "id:q", "destination:/queue/a", "ack:client-individual"))
    client.send(frame("SEND", "destination:/queue/a", body=b"x"))
    message = client.frame()
    ack = settlement("ACK", "1.2", message, "transaction:t")
    sends = [frame("SEND", "transaction:t", "destination:/topic/a", "a:1")] * 729
    client.send(frame("BEGIN", "transaction:t"), ack, *sends, frame("COMMIT", "transaction:t"))
    assert client.frame().command == "ERROR"
    client.send(settlement("ACK", "1.2", message, "receipt:r"))
    assert client.frame().get("receipt-id") == "r"


def test_one_that_waited_too_long_for_memory_is_not_committed(wire: Wire) -> None:
    """Its frame was refused: what comes after it is not all."""
    listener, sender = wire.connect(), wire.connect("1.2", SOFT)
    listener.send(frame("SUBSCRIBE", "id:0", "destination:/topic/a"))
    send = frame("SEND", "transaction:t", "destination:/topic/a")
    sender.send(frame("BEGIN", "transaction:t"), send)
    wire.broker.set_memory_short(True, wire.now())
    sender.send(send)
    wire.pass_time(11.0)
    assert sender.frame().header("message") == "memory is short"
    wire.broker.set_memory_short(False, wire.now())
    sender.send(frame("COMMIT", "transaction:t", "receipt:c"))
    assert sender.frame().header("message").startswith("transaction not whole")
    assert listener.frames() == []


def test_one_that_names_no_transaction_may_wait_too_long_for_memory_as_well(wire: Wire) -> None:
    sender = wire.connect("1.2", SOFT)
    wire.broker.set_memory_short(True, wire.now())
    sender.send(frame("SEND", "transaction:none", "destination:/topic/a", "receipt:s"))
    wire.pass_time(11.0)
    refused = sender.frame()
    assert (refused.header("message"), refused.get("receipt-id")) == ("memory is short", "s")
    assert not sender.closed
