"""Queues: one consumer each, in order, within credit; what is not settled comes back."""

import pytest

from hoofbeat.config import BrokerConfig, LimitsConfig, QueueConfig
from tests.conformance.wire import Client, Wire, frame, settlement


def send(body: bytes, *headers: str, to: str = "/queue/a") -> bytes:
    return frame("SEND", f"destination:{to}", *headers, body=body)


def consume(client: Client, *headers: str, of: str = "/queue/a", id: str = "0") -> None:
    client.send(frame("SUBSCRIBE", f"id:{id}", f"destination:{of}", *headers))


def test_consumers_take_turns(wire: Wire) -> None:
    first, second, third, sender = (wire.connect() for _ in range(4))
    for consumer in (first, second, third):
        consume(consumer)
    sender.send(*(send(b"%d" % number) for number in range(7)))
    sender.send(send(b"7"))
    assert first.bodies() == [b"0", b"3", b"6"]
    assert second.bodies() == [b"1", b"4", b"7"]
    assert third.bodies() == [b"2", b"5"]


@pytest.mark.parametrize(
    "header", ["prefetch-count:2", "activemq.prefetchSize:2", "prefetch:2", "credit:2", "credit:2,100"]
)
def test_a_consumer_holds_no_more_than_its_prefetch(wire: Wire, header: str) -> None:
    consumer, sender = wire.connect(), wire.connect()
    consume(consumer, "ack:client-individual", header)
    sender.send(*(send(b"%d" % number) for number in range(5)))
    first, second = consumer.frames()
    consumer.send(settlement("ACK", "1.2", second))
    assert consumer.bodies() == [b"2"]
    consumer.send(settlement("ACK", "1.2", first))
    assert consumer.bodies() == [b"3"]


@pytest.mark.parametrize("value", ["x", "-1", "9" * 10])
def test_a_prefetch_that_is_no_number_is_refused(wire: Wire, value: str) -> None:
    client = wire.connect()
    consume(client, f"prefetch-count:{value}")
    assert "prefetch-count" in client.refusal().header("message")


def test_a_consumer_that_holds_many_octets_gets_no_more(wire: Wire) -> None:
    wire = Wire(BrokerConfig(limits=LimitsConfig(unsettled_bytes=10)))
    consumer, sender = wire.connect(), wire.connect()
    consume(consumer, "ack:client")
    sender.send(send(b"0123456789"))
    sender.send(send(b"more"))
    message = consumer.frame()
    consumer.send(settlement("ACK", "1.2", message))
    assert consumer.bodies() == [b"more"]


def test_what_a_consumer_leaves_behind_comes_back_in_order_ahead_of_newer(wire: Wire) -> None:
    leaver, sender = wire.connect(), wire.connect()
    consume(leaver, "ack:client-individual", "prefetch-count:3")
    sender.send(*(send(b"%d" % number) for number in range(5)))
    leaver.leave()
    heir = wire.connect()
    consume(heir, "ack:client-individual")
    frames = heir.frames()
    assert [heard.body for heard in frames] == [b"0", b"1", b"2", b"3", b"4"]
    assert [heard.header("redelivered") for heard in frames] == ["true"] * 3 + ["false"] * 2
    assert [heard.get("delivery-count") for heard in frames] == ["2"] * 3 + [None] * 2


def test_an_automatic_consumer_is_told_of_redeliveries_too(wire: Wire) -> None:
    leaver, sender = wire.connect(), wire.connect()
    consume(leaver, "ack:client")
    sender.send(send(b"again"))
    leaver.leave()
    heir = wire.connect()
    consume(heir)
    assert heir.frame().header("redelivered") == "true"


def test_unsubscribe_gives_back_what_is_unsettled(wire: Wire) -> None:
    first, second = wire.connect(), wire.connect()
    consume(first, "ack:client-individual")
    second.send(send(b"a"))
    consume(second)
    first.send(frame("UNSUBSCRIBE", "id:0"))
    assert second.bodies() == [b"a"]


def test_a_message_nacked_too_often_becomes_a_dead_letter(wire: Wire) -> None:
    wire = Wire(BrokerConfig(queue=QueueConfig(redeliveries=2)))
    consumer = wire.connect()
    consume(consumer, "ack:client-individual")
    consumer.send(send(b"poison", "kind:a", "expires:0"))
    for count in (None, "2", "3"):
        message = consumer.frame()
        assert message.get("delivery-count") == count
        consumer.send(settlement("NACK", "1.2", message))
    consume(consumer, of="/queue/dead-letters", id="dead")
    dead = consumer.frame()
    assert dead.body == b"poison"
    assert dead.header("destination") == "/queue/dead-letters"
    assert dead.header("original-destination") == "/queue/a"
    assert dead.header("original-message-id") == message.header("message-id")
    assert dead.header("dead-letter-reason") == "redelivered too often"
    assert dead.header("kind") == "a"


def test_a_rejected_message_becomes_a_dead_letter_at_once(wire: Wire) -> None:
    client = wire.connect()
    consume(client, "ack:client-individual")
    client.send(send(b"no", "x:a\\nb", "hoofbeat-forged:1"))
    client.send(settlement("NACK", "1.2", client.frame(), "requeue:false"))
    consume(client, of="/queue/dead-letters", id="dead")
    dead = client.frame()
    assert dead.header("dead-letter-reason") == "rejected"
    assert dead.header("x") == "a\\nb"
    assert dead.get("hoofbeat-forged") is None


def test_a_dead_letter_that_fails_again_is_dropped(wire: Wire) -> None:
    client = wire.connect()
    consume(client, "ack:client-individual", of="/queue/dead-letters")
    client.send(send(b"x", to="/queue/dead-letters"))
    client.send(settlement("NACK", "1.2", client.frame(), "requeue:false"))
    assert client.frames() == []
    assert wire.broker.stats.messages_dropped == 1


def test_dead_letters_beyond_what_their_queue_holds_are_dropped(wire: Wire) -> None:
    config = BrokerConfig(queues={"/queue/dead-letters": QueueConfig(messages=1)})
    wire = Wire(config)
    client = wire.connect()
    consume(client, "ack:client-individual")
    client.send(send(b"1"), send(b"2"))
    for message in client.frames():
        client.send(settlement("NACK", "1.2", message, "requeue:false"))
    assert (wire.broker.stats.messages_dead_lettered, wire.broker.stats.messages_dropped) == (1, 1)


def test_without_a_queue_for_them_there_are_no_dead_letters(wire: Wire) -> None:
    wire = Wire(BrokerConfig(queue=QueueConfig(dead_letter_destination="", redeliveries=0)))
    client = wire.connect()
    consume(client, "ack:client-individual")
    client.send(send(b"1"))
    client.send(settlement("NACK", "1.2", client.frame()))
    assert client.frames() == []
    assert wire.broker.stats.messages_dropped == 1


@pytest.mark.parametrize("header", ["ttl:1000", "expiration:1000", "expires:1700000001000"])
def test_what_expired_is_not_delivered_but_a_dead_letter_where_that_is_asked_for(header: str) -> None:
    wire = Wire(BrokerConfig(queue=QueueConfig(dead_letter_expired=True)))
    client = wire.connect()
    client.send(send(b"late", header), send(b"timely"))
    wire.pass_time(0.9)
    assert wire.broker.stats.messages_dead_lettered == 0
    wire.pass_time(2.0)
    assert wire.broker.stats.messages_dead_lettered == 1
    consume(client, of="/queue/dead-letters")
    assert client.frame().header("dead-letter-reason") == "expired"


def test_what_expired_is_dropped_and_counted(wire: Wire) -> None:
    client = wire.connect()
    client.send(send(b"late", "ttl:1000"))
    wire.pass_time(3)
    assert (wire.broker.stats.messages_dead_lettered, wire.broker.stats.messages_dropped) == (0, 1)
    consume(client, of="/queue/dead-letters")
    assert client.frames() == []


def test_what_expired_before_a_consumer_came_is_not_delivered(wire: Wire) -> None:
    client = wire.connect()
    client.send(send(b"late", "expires:1"), send(b"timely"))
    consume(client)
    assert client.bodies() == [b"timely"]


@pytest.mark.parametrize("header", ["ttl:soon", "expires:-1", "priority:high", "expiration:" + "9" * 16])
def test_numbers_that_are_none_are_refused(wire: Wire, header: str) -> None:
    client = wire.connect()
    client.send(send(b"", header))
    assert header.partition(":")[0] in client.refusal().header("message")


def test_higher_priorities_come_first_and_each_keeps_its_order(wire: Wire) -> None:
    client = wire.connect()
    client.send(
        *(
            send(b"%d%s" % (at, level), f"priority:{int(level)}")
            for at, level in enumerate([b"1", b"9", b"4", b"9"])
        )
    )
    client.send(send(b"44"), send(b"x", "priority:99"))
    consume(client)
    assert client.bodies() == [b"19", b"39", b"x", b"24", b"44", b"01"]


def test_a_delayed_redelivery_comes_when_it_is_due(wire: Wire) -> None:
    wire = Wire(BrokerConfig(queue=QueueConfig(redelivery_delay_seconds=5.0)))
    client = wire.connect()
    consume(client, "ack:client-individual")
    client.send(send(b"a"))
    client.send(settlement("NACK", "1.2", client.frame()))
    wire.pass_time(4.9)
    assert client.bodies() == []
    wire.pass_time(0.2)
    assert client.bodies() == [b"a"]


class TestFull:
    """A queue of two messages, and nobody who takes them."""

    @pytest.fixture
    def wire(self) -> Wire:
        return Wire(BrokerConfig(queue=QueueConfig(messages=2)))

    def test_the_publisher_waits_and_goes_on_when_there_is_room(self, wire: Wire) -> None:
        sender, waiter = wire.connect(), wire.connect()
        sender.send(
            *(send(b"%d" % number) for number in range(4)), frame("BEGIN", "transaction:1", "receipt:r")
        )
        waiter.send(send(b"w", "receipt:w"))
        assert sender.frames() == waiter.frames() == []
        consumer = wire.connect()
        consume(consumer)
        assert consumer.bodies() == [b"0", b"1", b"2", b"3", b"w"]
        assert sender.frame().header("receipt-id") == "r"
        assert waiter.frame().header("receipt-id") == "w"

    def test_what_comes_while_it_waits_is_kept(self, wire: Wire) -> None:
        sender = wire.connect()
        sender.send(*(send(b"%d" % number) for number in range(3)))
        sender.send(send(b"3", "receipt:last"))
        consumer = wire.connect()
        consume(consumer)
        assert consumer.bodies() == [b"0", b"1", b"2", b"3"]
        assert sender.frame().header("receipt-id") == "last"

    def test_who_waited_ten_seconds_is_refused(self, wire: Wire) -> None:
        sender = wire.connect()
        sender.send(*(send(b"%d" % number) for number in range(2)), send(b"2", "receipt:r"))
        wire.pass_time(9.9)
        assert sender.frames() == []
        wire.pass_time(0.2)
        error = sender.refusal()
        assert error.header("message") == "/queue/a is full"
        assert error.header("receipt-id") == "r"

    def test_who_is_gone_waits_no_more(self, wire: Wire) -> None:
        sender = wire.connect()
        sender.send(*(send(b"%d" % number) for number in range(3)))
        sender.leave()
        consumer = wire.connect()
        consume(consumer)
        assert consumer.bodies() == [b"0", b"1"]

    def test_who_holds_what_fills_it_is_refused_at_once(self, wire: Wire) -> None:
        client = wire.connect()
        consume(client, "ack:client-individual", "prefetch-count:1")
        client.send(*(send(b"%d" % number) for number in range(4)))
        assert client.refusal().header("message") == "/queue/a is full"

    def test_a_transaction_does_not_wait(self, wire: Wire) -> None:
        client = wire.connect()
        consume(client, "ack:client-individual", of="/queue/b")
        client.send(send(b"b", to="/queue/b"), send(b"0"), send(b"1"))
        held = client.frame()
        client.send(
            frame("BEGIN", "transaction:1"),
            settlement("ACK", "1.2", held, "transaction:1"),
            send(b"2", "transaction:1"),
            frame("COMMIT", "transaction:1"),
        )
        assert client.refusal().header("message") == "/queue/a is full"
        heir = wire.connect()
        consume(heir, of="/queue/b")
        assert heir.bodies() == [b"b"]


def test_a_queue_is_full_by_octets_too() -> None:
    wire = Wire(BrokerConfig(queues={"/queue/a": QueueConfig(bytes=10)}))
    sender = wire.connect()
    sender.send(send(b"0123456789"), send(b"x", "receipt:r"))
    assert sender.frames() == []
    sender.send(send(b"y"))
    consumer = wire.connect()
    consume(consumer)
    assert consumer.bodies() == [b"0123456789", b"x", b"y"]


def test_there_may_be_only_so_many_destinations() -> None:
    wire = Wire(BrokerConfig(limits=LimitsConfig(destinations=1)))
    client = wire.connect("1.2", "hoofbeat-soft-errors:true")
    client.send(send(b"1"), send(b"2", to="/queue/b"))
    assert client.frame().header("message") == "more than 1 destinations"
    consume(client, of="/queue/b", id="b")
    assert client.frame().header("message") == "more than 1 destinations"
    client.send(
        frame("BEGIN", "transaction:1"),
        send(b"", "transaction:1", to="/queue/c"),
        frame("COMMIT", "transaction:1"),
    )
    assert client.frame().header("message") == "more than 1 destinations"


def test_the_queue_of_dead_letters_always_has_its_place() -> None:
    wire = Wire(BrokerConfig(limits=LimitsConfig(destinations=1)))
    client = wire.connect()
    consume(client, "ack:client-individual")
    client.send(send(b"1"))
    client.send(settlement("NACK", "1.2", client.frame(), "requeue:false"))
    assert (wire.broker.stats.messages_dead_lettered, wire.broker.stats.messages_dropped) == (1, 0)


def test_a_dead_letter_is_never_given_up_by_count_but_stays_until_it_is_settled(wire: Wire) -> None:
    wire.connect().send(send(b"x", to="/queue/dead-letters"))
    for count in range(1, 25, 2):
        client = wire.connect()
        consume(client, "ack:client-individual", of="/queue/dead-letters")
        heard = client.frame()
        assert heard.get("delivery-count") == (None if count == 1 else str(count))
        client.send(settlement("NACK", "1.2", heard))
        assert client.frame().header("delivery-count") == str(count + 1)
        client.leave()
    client = wire.connect()
    consume(client, "ack:client-individual", of="/queue/dead-letters")
    client.send(settlement("NACK", "1.2", client.frame(), "requeue:false"))
    assert (client.frames(), wire.broker.stats.messages_dropped) == ([], 1)
