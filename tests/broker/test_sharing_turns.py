"""A turn of the loop is shared: one session's flood does not keep others waiting, nor fill the memory."""

import pytest

from hoofbeat.broker.access import Right
from hoofbeat.broker.broker import SLICE_COPIES, SLICE_FRAMES
from hoofbeat.broker.stats import COPIES_A_TERM
from hoofbeat.broker.users import Principal
from hoofbeat.config import BrokerConfig, DurableConfig, LimitsConfig, QueueConfig
from tests.conformance.wire import Wire, frame, settlement

SENDS = [frame("SEND", f"destination:/queue/{number % 2}", body=b"%d" % number) for number in range(6000)]


class Failing:
    """Rights that can't be looked up for one topic."""

    def may(self, principal: Principal, right: Right, destination: str) -> bool:
        """Fail, or grant."""
        if destination == "/topic/bad":
            raise ArithmeticError
        return True


def test_a_flood_is_handled_in_slices_and_others_go_between_them() -> None:
    wire = Wire()
    flood, other = wire.connect(), wire.connect()
    flood.receive(b"".join(SENDS))
    assert wire.broker.stats.messages_received <= 2 * SLICE_FRAMES
    other.receive(frame("SEND", "destination:/topic/a", "receipt:1"))
    assert other.frame().header("receipt-id") == "1"
    assert wire.broker.stats.messages_received < len(SENDS)


def test_nothing_of_a_flood_is_lost_and_its_order_is_kept() -> None:
    wire = Wire()
    flood, other = wire.connect(), wire.connect()
    for queue in (0, 1):
        other.send(frame("SUBSCRIBE", f"id:{queue}", f"destination:/queue/{queue}"))
    flood.receive(b"".join(SENDS))
    flood.receive(b"".join(SENDS))
    flood.send(frame("SEND", "destination:/queue/0", "receipt:end", body=b"end"))
    wire.flush()
    assert flood.frame().header("receipt-id") == "end"
    even = [b"%d" % number for number in range(0, 6000, 2)]
    heard = [each for each in other.frames() if each.command == "MESSAGE"]
    assert [each.body for each in heard if each.header("subscription") == "0"] == [*even, *even, b"end"]


def test_each_subscription_with_a_wildcard_is_a_slice_of_its_own() -> None:
    """It is looked for among all last values, of which there may be many."""
    wire = Wire()
    flood, sender = wire.connect(), wire.connect()
    sender.send(frame("SEND", "destination:/topic/a", "retain:set", body=b"value"))
    flood.receive(b"".join(frame("SUBSCRIBE", f"id:{n}", "destination:/topic/*") for n in range(5)))
    assert len(flood.frames()) == 2  # one in the read, and one in the turn that ended with it
    wire.flush()
    assert len(flood.frames()) == 3


@pytest.mark.parametrize("header", ["browser:true", "selector:a = 1", "exclusive:true", "x-priority:1"])
def test_each_consumer_that_chooses_is_a_slice_of_its_own(header: str) -> None:
    """All that waits in the queue may have to be looked at for it."""
    wire = Wire()
    flood = wire.connect()
    asking = [frame("SUBSCRIBE", f"id:{n}", "destination:/queue/a", header, f"receipt:{n}") for n in range(5)]
    flood.receive(b"".join(asking))
    assert len([heard for heard in flood.frames() if heard.command == "RECEIPT"]) == 2
    wire.flush()
    assert len([heard for heard in flood.frames() if heard.command == "RECEIPT"]) == 3


def test_a_session_that_is_gone_is_not_gone_on_with() -> None:
    wire = Wire()
    flood = wire.connect()
    flood.receive(b"".join(SENDS))
    flood.leave()
    wire.flush()
    assert wire.broker.stats.messages_received <= 2 * SLICE_FRAMES


def test_many_copies_are_many_slices_too() -> None:
    wire = Wire()
    heard = [wire.connect() for _ in range(300)]
    for each in heard:
        each.send(frame("SUBSCRIBE", "id:0", "destination:/topic/a"))
    wire.connect().receive(frame("SEND", "destination:/topic/a", body=b"x") * 1000)
    assert wire.broker.stats.messages_received < 1000
    wire.flush()
    assert wire.broker.stats.messages_received == 1000


def test_looking_through_many_patterns_is_work_too() -> None:
    wire = Wire()
    for number in range(8):
        patterns = (
            frame("SUBSCRIBE", f"id:{each}", f"destination:/topic/{number}.{each}.*") for each in range(256)
        )
        wire.connect().send(*patterns)
    new = [frame("SEND", f"destination:/topic/{number}") for number in range(SLICE_FRAMES)]
    wire.connect().receive(b"".join(new))
    assert wire.broker.stats.messages_received < SLICE_FRAMES / 4
    wire.flush()
    assert wire.broker.stats.messages_received == SLICE_FRAMES


@pytest.mark.parametrize("is_transaction", [False, True])
def test_what_is_kept_for_durable_subscriptions_is_work_too(is_transaction: bool) -> None:
    """Of a transaction all is done at once, and others have their turn right after it."""
    wire = Wire(BrokerConfig(durable=DurableConfig(per_user=600)))
    listener = wire.connect("1.2", "client-id:a", "login:a")
    for number in range(600):
        listener.send(frame("SUBSCRIBE", f"id:{number}", "destination:/topic/**", "persistent:true"))
        listener.send(frame("UNSUBSCRIBE", f"id:{number}"))
    more = ["transaction:1"] * is_transaction
    sends = [frame("SEND", "destination:/topic/a", f"n:{number}", *more) for number in range(200)]
    ends = [frame(command, *more) for command in ("BEGIN", "COMMIT") if is_transaction]
    sender = wire.connect()
    sender.receive_only(b"".join([*ends[:1], *sends, *ends[1:], *sends[:100]]))
    before = 200 if is_transaction else 60
    assert wire.broker.stats.messages_received <= before
    wire.flush()
    assert wire.broker.stats.messages_put == 600 * (200 + 100 * (not is_transaction))


@pytest.mark.parametrize(
    ("to", "durable"), [("/topic/a", "false"), ("/topic/a", "true"), ("/queue/a", "false")]
)
def test_what_selectors_look_at_is_work_too(to: str, durable: str) -> None:
    """Four listeners whose selectors have all the terms that a session may have: all are looked at."""
    wire = Wire()
    selector = "selector:" + " OR ".join(["none = '1'"] * 128)
    for number in range(4):
        listener = wire.connect("1.2", f"client-id:{number}", "login:a")
        for each in range(4):
            listener.send(
                frame("SUBSCRIBE", f"id:{each}", f"destination:{to}", selector, f"durable:{durable}")
            )
    sends = [frame("SEND", f"destination:{to}", f"n:{number}") for number in range(SLICE_FRAMES)]
    wire.connect().receive(b"".join(sends))
    assert wire.broker.stats.terms_compared < 3 * SLICE_COPIES / COPIES_A_TERM
    wire.flush()
    assert wire.broker.stats.messages_received == SLICE_FRAMES


def test_who_asks_for_receipts_and_does_not_read_them_is_ended() -> None:
    wire = Wire(BrokerConfig(limits=LimitsConfig(outbox_bytes=10_000)))
    client = wire.connect()
    client.pause()
    for number in range(100):
        client.send(frame("SEND", "destination:/topic/a", f"receipt:{number:0200}"))
    assert client.closed
    assert client.frames()[-1].header("message") == "slow reader"


def test_what_a_slice_asks_for_and_nobody_reads_ends_its_session_too() -> None:
    wire = Wire(BrokerConfig(limits=LimitsConfig(outbox_bytes=100_000)))
    client = wire.connect()
    client.pause()
    quiet = [frame("SEND", "destination:/topic/a")] * SLICE_FRAMES
    flood = [frame("SEND", "destination:/topic/a", f"receipt:{number:0200}") for number in range(4000)]
    client.receive(b"".join(quiet + flood))
    assert client.closed
    assert wire.broker.stats.messages_received == 2 * SLICE_FRAMES


def test_a_slice_that_fails_keeps_no_other_waiting() -> None:
    wire = Wire()
    may, failing, other = wire.broker.may, wire.connect(), wire.connect()
    for client, name in ((failing, "bad"), (other, "good")):
        client.receive_only(frame("SEND", f"destination:/topic/{name}") * 2 * SLICE_FRAMES)
    wire.broker.may = Failing().may
    with pytest.raises(ArithmeticError):
        wire.broker.flush()
    wire.broker.may = may
    wire.flush()
    assert wire.broker.stats.messages_received == 3 * SLICE_FRAMES
    assert failing.refusal().header("message") == "the broker failed"


def test_who_sends_in_a_transaction_waits_for_memory_too() -> None:
    wire = Wire()
    client = wire.connect()
    client.send(frame("BEGIN", "transaction:1"))
    wire.broker.set_memory_short(True, wire.now())
    client.send(frame("SEND", "destination:/queue/a", "transaction:1", "receipt:1"))
    assert client.frames() == []
    wire.broker.set_memory_short(False, wire.now())
    wire.flush()
    assert client.frame().header("receipt-id") == "1"


def test_every_dead_letter_has_an_id_of_its_own() -> None:
    wire = Wire(BrokerConfig(queue=QueueConfig(redeliveries=0)))
    client = wire.connect()
    for number in (1, 2):
        client.send(frame("SUBSCRIBE", f"id:{number}", "destination:/topic/a", "ack:client-individual"))
    client.send(frame("SEND", "destination:/topic/a", body=b"x"))
    client.send(*[settlement("NACK", "1.2", each) for each in client.frames()])
    client.send(frame("SUBSCRIBE", "id:dead", "destination:/queue/dead-letters"))
    dead = client.frames()
    assert [each.body for each in dead] == [b"x", b"x"]
    assert len({each.header("message-id") for each in dead}) == 2


def test_what_expires_is_looked_for_though_something_is_delayed_for_long() -> None:
    wire = Wire(BrokerConfig(queue=QueueConfig(redelivery_delay_seconds=3600.0)))
    client = wire.connect()
    client.send(frame("SUBSCRIBE", "id:0", "destination:/queue/a", "ack:client", "prefetch-count:1"))
    client.send(frame("SEND", "destination:/queue/a", body=b"1"))
    client.send(settlement("NACK", "1.2", client.frame()))
    client.send(frame("UNSUBSCRIBE", "id:0"))
    client.send(frame("SEND", "destination:/queue/a", "ttl:1000", body=b"2"))
    wire.pass_time(2.5)
    assert wire.broker.stats.messages_dropped == 1
