"""Groups of messages: all of one go to one consumer."""

import pytest

from hoofbeat.config import BrokerConfig, QueueConfig
from hoofbeat.engines.local.queues.choosing import MOST_GROUPS
from tests.behaviour.consumers import consumer, one_by_one, send, settle
from tests.conformance.wire import Wire, frame, settlement
from tests.patient_store import Disk, PatientStore


@pytest.mark.parametrize("name", ["JMSXGroupID", "_AMQ_GROUP_ID", "message_group"])
def test_each_group_goes_to_one_consumer(wire: Wire, name: str) -> None:
    consumers = [consumer(wire) for _ in range(2)]
    sender = wire.connect()
    for _ in range(3):
        sender.send(send(b"a", f"{name}:a"), send(b"b", f"{name}:b"), send(b"a", f"{name}:a"))
    assert [set(client.bodies()) for client in consumers] == [{b"a"}, {b"b"}]


def test_a_better_message_than_the_one_found_goes_first(wire: Wire) -> None:
    first, second, sender = one_by_one(wire), one_by_one(wire), wire.connect()
    for at, group in ((1, "a"), (2, ""), (3, "a")):
        sender.send(send(at, f"JMSXGroupID:{group}"))
    assert settle(second) == b"2"
    sender.send(send(4), send(5))
    assert settle(first) == b"1"  # which finds 5, and is given 3: it has its group
    sender.send(send(6, "priority:9"))
    assert [settle(second) for _ in range(3)] == [b"4", b"6", b"5"]


def test_what_stands_behind_other_messages_is_grouped_too(wire: Wire) -> None:
    first, second, sender = consumer(wire), consumer(wire), wire.connect()
    sender.send(send(1), send(2, "JMSXGroupID:a"), send(3, "JMSXGroupID:a"))
    assert (first.bodies(), second.bodies()) == ([b"1"], [b"2", b"3"])


def test_what_comes_back_later_is_grouped_all_the_same() -> None:
    wire = Wire(BrokerConfig(queue=QueueConfig(redelivery_delay_seconds=5)))
    client = consumer(wire, "ack:client-individual")
    wire.connect().send(send(1, "JMSXGroupID:a"), send(2, "JMSXGroupID:a"))
    for heard in client.frames():
        client.send(settlement("NACK", "1.2", heard))
    client.leave()
    first, second = one_by_one(wire), one_by_one(wire)
    wire.pass_time(6)
    assert (first.bodies(), second.bodies()) == ([b"1"], [])


def test_a_group_waits_for_its_consumer_and_other_messages_do_not(wire: Wire) -> None:
    first, second = one_by_one(wire), one_by_one(wire)
    sender = wire.connect()
    sender.send(send(1, "JMSXGroupID:a"), send(2, "JMSXGroupID:a"), send(3), send(4, "JMSXGroupID:a"))
    assert settle(second) == b"3"
    assert second.bodies() == []
    assert [settle(first) for _ in range(3)] == [b"1", b"2", b"4"]


def test_groups_of_a_consumer_that_leaves_are_anybodys_and_in_order(wire: Wire) -> None:
    first, second = one_by_one(wire), consumer(wire, "ack:client-individual")
    wire.connect().send(*[send(at, "JMSXGroupID:a") for at in range(4)])
    assert (first.bodies(), second.bodies()) == ([b"0"], [])
    first.leave()
    assert second.bodies() == [b"0", b"1", b"2", b"3"]


def test_a_consumer_that_comes_later_gets_groups_that_are_new(wire: Wire) -> None:
    first = consumer(wire)
    sender = wire.connect()
    sender.send(send(b"a", "JMSXGroupID:a"))
    second = consumer(wire)
    sender.send(send(b"a", "JMSXGroupID:a"), send(b"b", "JMSXGroupID:b"), send(b"a", "JMSXGroupID:a"))
    assert (first.bodies(), second.bodies()) == ([b"a"] * 3, [b"b"])


def test_a_group_ends_where_its_sender_says_so(wire: Wire) -> None:
    first, second = one_by_one(wire), one_by_one(wire)
    sender = wire.connect()
    sender.send(
        send(1, "JMSXGroupID:a"), send(2, "JMSXGroupID:a", "JMSXGroupSeq:-1"), send(3, "JMSXGroupID:a")
    )
    assert second.bodies() == []
    assert settle(first) == b"1"
    assert (first.bodies(), second.bodies()) == ([b"2"], [b"3"])


def test_messages_that_waited_for_nobody_are_grouped_all_the_same(wire: Wire) -> None:
    wire.connect().send(*[send(at, f"JMSXGroupID:{at % 2}") for at in range(6)])
    first, second = one_by_one(wire), one_by_one(wire)
    assert [settle(first) for _ in range(3)] == [b"0", b"2", b"4"]
    assert [settle(second) for _ in range(3)] == [b"1", b"3", b"5"]


def test_groups_of_a_transaction_and_of_what_comes_back_are_groups(wire: Wire) -> None:
    first, second = one_by_one(wire), one_by_one(wire)
    sender = wire.connect()
    sender.send(
        frame("BEGIN", "transaction:t"),
        *[send(at, "JMSXGroupID:a", "transaction:t") for at in range(3)],
        frame("COMMIT", "transaction:t"),
    )
    assert settle(first, command="NACK") == b"0"
    assert [settle(first) for _ in range(3)] == [b"0", b"1", b"2"]
    assert second.bodies() == []


def test_a_group_that_is_kept_is_one_after_the_next_start() -> None:
    disk = Disk()
    wire = Wire(store=(store := PatientStore(disk, reads_at_once=True)))
    wire.connect().send(*[send(at, "JMSXGroupID:a\\c", "persistent:true") for at in range(3)])
    store.settle(9)
    wire.flush()
    wire = Wire(store=PatientStore(disk, reads_at_once=True))
    first, second = one_by_one(wire), one_by_one(wire)
    wire.flush()
    assert settle(first) == b"0"
    assert (first.bodies(), second.bodies()) == ([b"1"], [])


def test_what_the_consumer_of_a_group_does_not_want_goes_to_who_does(wire: Wire) -> None:
    first, second = consumer(wire, "selector:kind = 'x'"), consumer(wire, "selector:kind = 'y'")
    sender = wire.connect()
    for kind in "xyxy":
        sender.send(send(kind.encode(), f"kind:{kind}", "JMSXGroupID:a"))
    assert (first.bodies(), second.bodies()) == ([b"x", b"x"], [b"y", b"y"])


def test_an_exclusive_consumer_has_all_groups(wire: Wire) -> None:
    first, second = one_by_one(wire), one_by_one(wire)
    sender = wire.connect()
    sender.send(*[send(at, "JMSXGroupID:a") for at in range(3)])
    alone = consumer(wire, "exclusive:true")
    assert (first.bodies(), second.bodies(), alone.bodies()) == ([b"0"], [], [b"1", b"2"])


def test_so_many_groups_are_remembered_and_no_more(wire: Wire) -> None:
    first = consumer(wire)
    sender = wire.connect()
    for start in range(0, MOST_GROUPS + 1, 500):
        sender.send(
            *[send(at, f"JMSXGroupID:{at}") for at in range(start, min(start + 500, MOST_GROUPS + 1))]
        )
        wire.pass_time(1)
    assert len(first.bodies()) == MOST_GROUPS + 1
    second = consumer(wire)
    sender.send(send(b"any"))
    assert first.bodies() == [b"any"]  # so the other is next in turn
    sender.send(send(b"forgotten", "JMSXGroupID:0"), send(b"known", "JMSXGroupID:9"))
    assert (first.bodies(), second.bodies()) == ([b"known"], [b"forgotten"])
