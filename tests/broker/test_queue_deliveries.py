"""Queues as their clients see them: turns, credit, redelivery, expiry, dead letters."""

import pytest

from hoofbeat.config import BrokerConfig, LimitsConfig, QueueConfig
from tests.conformance.wire import Client, Wire, frame, settlement

QUEUE = "destination:/queue/a"
DEAD = "destination:/queue/dead-letters"


def send(*bodies: bytes, headers: tuple[str, ...] = ()) -> bytes:
    return b"".join(frame("SEND", QUEUE, *headers, body=body) for body in bodies)


def consumer(wire: Wire, *headers: str, version: str = "1.2") -> Client:
    client = wire.connect(version)
    client.send(frame("SUBSCRIBE", "id:0", QUEUE, *headers))
    return client


def dead_letters(wire: Wire) -> Client:
    client = wire.connect()
    client.send(frame("SUBSCRIBE", "id:dead", DEAD))
    return client


def test_consumers_take_turns() -> None:
    wire = Wire()
    first, second = consumer(wire), consumer(wire)
    wire.connect().send(send(b"1", b"2", b"3", b"4"))
    assert (first.bodies(), second.bodies()) == ([b"1", b"3"], [b"2", b"4"])


def test_a_consumer_without_credit_is_passed_over() -> None:
    wire = Wire()
    slow, quick = consumer(wire, "ack:client", "prefetch-count:1"), consumer(wire)
    wire.connect().send(send(b"1"), send(b"2"), send(b"3"))
    assert (slow.bodies(), quick.bodies()) == ([b"1"], [b"2", b"3"])


@pytest.mark.parametrize(
    "header", ["prefetch-count:2", "activemq.prefetchSize:2", "prefetch:2", "credit:2", "credit:2,99"]
)
def test_prefetch_has_the_names_that_other_brokers_gave_it(header: str) -> None:
    wire = Wire()
    client = consumer(wire, "ack:client", header)
    wire.connect().send(send(b"1", b"2", b"3"))
    assert client.bodies() == [b"1", b"2"]


def test_prefetch_asked_for_stops_at_the_limit() -> None:
    wire = Wire(BrokerConfig(limits=LimitsConfig(prefetch=2)))
    client = consumer(wire, "ack:client", "prefetch-count:3")
    wire.connect().send(send(b"1", b"2", b"3"))
    assert client.bodies() == [b"1", b"2"]


def test_prefetch_that_is_no_number_is_refused() -> None:
    client = consumer(Wire(), "prefetch-count:many")
    assert client.refusal().header("message").startswith("prefetch-count 'many'")


def test_unsettled_bytes_end_the_credit() -> None:
    wire = Wire(BrokerConfig(limits=LimitsConfig(unsettled_bytes=2 * len(f"\n{QUEUE}") + 4)))
    client = consumer(wire, "ack:client")
    publisher = wire.connect()
    for body in (b"abc", b"d", b"e"):
        publisher.send(send(body))
    assert client.bodies() == [b"abc", b"d"]


def sized(*sizes: int) -> list[bytes]:
    """Return bodies of messages that are so large with their headers."""
    return [b"x" * (size - len(f"\n{QUEUE}")) for size in sizes]


@pytest.mark.parametrize("header", ["x:y", "x-priority:1", "selector:1 = 1"])
def test_unsettled_bytes_end_the_credit_within_a_read_too(header: str) -> None:
    """However many wait when a consumer comes, and whether or not consumers choose."""
    wire = Wire(BrokerConfig(limits=LimitsConfig(unsettled_bytes=400)))
    wire.connect().send(send(*sized(200, 200, 300, 101, 500, 100)))
    first = consumer(wire, "ack:client", header)
    assert first.bodies() == sized(200, 200)
    second, third = consumer(wire, "ack:client", header), consumer(wire, "ack:client", header)
    assert (second.bodies(), third.bodies()) == (sized(300, 101), sized(500))
    first.leave()
    assert consumer(wire).bodies() == sized(200, 200, 100)


def test_consumers_that_take_turns_have_their_own_bounds_in_octets() -> None:
    wire = Wire(BrokerConfig(limits=LimitsConfig(unsettled_bytes=400)))
    first, second = consumer(wire, "ack:client"), consumer(wire, "ack:client")
    wire.connect().send(send(*sized(400, 101, 102, 103, 104, 105)))
    assert (first.bodies(), second.bodies()) == (sized(400), sized(101, 102, 103, 104))


@pytest.mark.parametrize("version", ["1.0", "1.1", "1.2"])
def test_cumulative_ack_covers_earlier_deliveries(version: str) -> None:
    wire = Wire()
    client = consumer(wire, "ack:client", version=version)
    wire.connect().send(send(b"1", b"2", b"3"))
    client.send(settlement("ACK", version, client.frames()[1]))
    client.leave()
    assert consumer(wire).bodies() == [b"3"]


@pytest.mark.parametrize("version", ["1.0", "1.1", "1.2"])
def test_individual_ack_covers_one_delivery(version: str) -> None:
    wire = Wire()
    client = consumer(wire, "ack:client-individual", version=version)
    wire.connect().send(send(b"1", b"2", b"3"))
    client.send(settlement("ACK", version, client.frames()[1]))
    client.leave()
    assert consumer(wire).bodies() == [b"1", b"3"]


def test_what_a_consumer_leaves_goes_ahead_of_newer_messages_and_says_so() -> None:
    wire = Wire()
    client = consumer(wire, "ack:client", "prefetch-count:1")
    wire.connect().send(send(b"1", b"2"))
    client.leave()
    first, second = consumer(wire).frames()
    assert (first.body, first.get("redelivered"), first.get("delivery-count")) == (b"1", "true", "2")
    assert (second.body, second.get("redelivered"), second.get("delivery-count")) == (b"2", "false", None)


def test_nack_without_requeue_makes_a_dead_letter_that_says_where_it_was_and_why() -> None:
    wire = Wire()
    dead, client = dead_letters(wire), consumer(wire, "ack:client-individual")
    wire.connect().send(send(b"1", headers=("colour:red",)))
    client.send(settlement("NACK", "1.2", client.frame(), "requeue:false"))
    letter = dead.frame()
    assert (letter.body, letter.get("destination")) == (b"1", "/queue/dead-letters")
    assert letter.get("original-destination") == "/queue/a"
    assert (letter.get("dead-letter-reason"), letter.get("colour")) == ("rejected", "red")


def test_a_message_is_offered_as_often_as_redeliveries_say_and_then_is_dead() -> None:
    wire = Wire(BrokerConfig(queue=QueueConfig(redeliveries=1)))
    dead, client = dead_letters(wire), consumer(wire, "ack:client-individual")
    wire.connect().send(send(b"1"))
    client.send(settlement("NACK", "1.2", client.frame()))
    client.send(settlement("NACK", "1.2", client.frame()))
    assert client.frames() == []
    assert dead.frame().get("dead-letter-reason") == "redelivered too often"


def test_without_a_dead_letter_destination_what_is_given_up_is_counted() -> None:
    wire = Wire(BrokerConfig(queue=QueueConfig(dead_letter_destination="")))
    client = consumer(wire, "ack:client-individual")
    wire.connect().send(send(b"1"))
    client.send(settlement("NACK", "1.2", client.frame(), "requeue:false"))
    assert wire.broker.stats.messages_dropped == 1


def test_redelivery_can_be_delayed() -> None:
    wire = Wire(BrokerConfig(queue=QueueConfig(redelivery_delay_seconds=5.0)))
    client = consumer(wire, "ack:client-individual")
    wire.connect().send(send(b"1"))
    client.send(settlement("NACK", "1.2", client.frame()))
    wire.pass_time(4.9)
    early = client.bodies()
    wire.pass_time(0.2)
    assert (early, client.bodies()) == ([], [b"1"])


@pytest.mark.parametrize("header", ["ttl:1000", "expiration:1000", "expires:1700000001000"])
def test_a_message_that_waited_too_long_becomes_a_dead_letter(header: str) -> None:
    wire = Wire(BrokerConfig(queue=QueueConfig(dead_letter_expired=True)))
    dead = dead_letters(wire)
    wire.connect().send(send(b"1", headers=(header,)))
    early = dead.bodies()
    wire.pass_time(3)
    assert (early, dead.frame().get("dead-letter-reason")) == ([], "expired")


def test_a_topic_does_not_deliver_what_expired_before_it_was_sent() -> None:
    wire = Wire()
    client = wire.connect()
    client.send(frame("SUBSCRIBE", "id:0", "destination:/topic/a"))
    client.send(frame("SEND", "destination:/topic/a", "expires:1"))
    assert client.frames() == []


@pytest.mark.parametrize("header", ["ttl:soon", "expires:-1", "expiration:1.5", "priority:high"])
def test_a_number_that_is_none_is_refused(header: str) -> None:
    client = Wire().connect()
    client.send(send(b"1", headers=(header,)))
    assert header.partition(":")[0] in client.refusal().header("message")


def test_higher_priorities_leave_first_and_nine_is_the_highest() -> None:
    wire = Wire()
    publisher = wire.connect()
    for body, priority in ((b"low", 0), (b"high", 9), (b"more", 99)):
        publisher.send(send(body, headers=(f"priority:{priority}",)))
    publisher.send(send(b"normal"))
    assert consumer(wire).bodies() == [b"high", b"more", b"normal", b"low"]


def test_an_ack_for_a_subscription_that_just_ended_is_ignored() -> None:
    wire = Wire()
    client = consumer(wire, "ack:client")
    wire.connect().send(send(b"1"))
    message = client.frame()
    client.send(frame("UNSUBSCRIBE", "id:0"), settlement("ACK", "1.2", message))
    assert (client.frames(), client.closed) == ([], False)


def test_a_second_ack_is_an_error() -> None:
    wire = Wire()
    client = consumer(wire, "ack:client")
    wire.connect().send(send(b"1"))
    message = client.frame()
    client.send(settlement("ACK", "1.2", message), settlement("ACK", "1.2", message))
    assert "settled already" in client.refusal().header("message")


@pytest.mark.parametrize("token", ["1-2", "2-1", "x", "1-x", ""])
def test_an_ack_for_what_was_never_delivered_is_an_error(token: str) -> None:
    wire = Wire()
    client = consumer(wire, "ack:client")
    wire.connect().send(send(b"1"))
    client.frame()
    client.send(frame("ACK", f"id:{token}"))
    assert "nothing of that id was delivered" in client.refusal().header("message")
