"""Which consumer of a queue gets which message: selectors, exclusive consumers, priority."""

import tracemalloc

import pytest

from hoofbeat.config import BrokerConfig, Overflow, QueueConfig, SlowReader, TopicConfig
from hoofbeat.engines.local.queues.choosing import EFFORT
from hoofbeat.engines.local.queues.order import MOST_RETURNED
from tests.behaviour.consumers import QUEUE, consumer, one_by_one, send, settle
from tests.conformance.wire import Wire, every_version, frame
from tests.patient_store import Disk, PatientStore

# Selectors.


@every_version
def test_a_consumer_gets_what_its_selector_matches_and_the_rest_waits(wire: Wire, version: str) -> None:
    sender, eu = wire.connect(), consumer(wire, "selector:region = 'EU'", version=version)
    sender.send(send(1, "region:US"), send(2, "region:EU"), send(3, "region:US"), send(4, "region:EU"))
    assert eu.bodies() == [b"2", b"4"]
    assert consumer(wire).bodies() == [b"1", b"3"]


def test_what_waited_before_is_looked_at_too(wire: Wire) -> None:
    wire.connect().send(send(1, "kind:x"), send(2, "kind:y"), send(3, "kind:x"))
    assert consumer(wire, "selector:kind = 'y'").bodies() == [b"2"]
    assert consumer(wire, "selector:kind = 'x'").bodies() == [b"1", b"3"]
    assert wire.broker.stats.messages_delivered == 3


def test_consumers_of_one_selector_take_turns(wire: Wire) -> None:
    consumers = [consumer(wire, "selector:kind = 'x'") for _ in range(2)]
    sender = wire.connect()
    for numbers in ((0,), (1,), (2, 3, 4), (5, 6, 7)):
        sender.send(*[send(at, "kind:x") for at in numbers])
    assert [client.bodies() for client in consumers] == [[b"0", b"2", b"4", b"6"], [b"1", b"3", b"5", b"7"]]


def test_messages_come_by_priority_then_age_whenever_they_were_looked_at(wire: Wire) -> None:
    client, other, sender = one_by_one(wire, "selector:kind = 'x'"), consumer(wire), wire.connect()
    other.send(frame("UNSUBSCRIBE", "id:0"))
    sender.send(send(b"held", "kind:x"), send(1, "kind:x"), send(2, "kind:x"))
    consumer(wire, "selector:kind = 'z'")  # has all of it be looked at
    sender.send(send(3, "kind:x", "priority:9"), send(4, "kind:x", "priority:0"))
    assert [settle(client) for _ in range(5)] == [b"held", b"3", b"1", b"2", b"4"]


def test_what_comes_back_is_offered_to_whoever_wants_it(wire: Wire) -> None:
    wire.connect().send(send(1, "kind:x"), send(2, "kind:x"))
    client = one_by_one(wire, "selector:kind = 'x'")
    assert settle(client, command="NACK") == b"1"
    again = client.frame()
    assert (again.body, again.header("redelivered"), again.header("delivery-count")) == (b"1", "true", "2")
    client.leave()
    assert consumer(wire, "selector:kind = 'y'").bodies() == []
    assert consumer(wire, "selector:kind = 'x'").bodies() == [b"1", b"2"]


def test_a_queue_without_choosy_consumers_is_what_it_was(wire: Wire) -> None:
    sender = wire.connect()
    sender.send(*[send(at, f"kind:{at % 2}", f"priority:{4 + at % 3}") for at in range(9)])
    consumer(wire, "selector:kind = 'none'").leave()
    assert consumer(wire).bodies() == [b"2", b"5", b"8", b"1", b"4", b"7", b"0", b"3", b"6"]


def test_more_than_one_turn_has_time_for_is_gone_through_in_several(wire: Wire) -> None:
    sender = wire.connect()
    count = 3 * EFFORT
    for start in range(0, count, 256):
        sender.send(*[send(at, "kind:x") for at in range(start, start + 256)])
    sender.send(send(b"last", "kind:y"))
    client = consumer(wire, "selector:kind = 'y'")
    assert client.bodies() == []
    wire.pass_time(1)
    assert client.bodies() == [b"last"]
    assert len(consumer(wire).bodies()) == EFFORT
    wire.pass_time(1)


def test_limits_count_what_nobody_wants_now(wire: Wire) -> None:
    wire = Wire(BrokerConfig(queue=QueueConfig(messages=3, overflow=Overflow.REFUSE)))
    consumer(wire, "selector:kind = 'y'")
    sender = wire.connect()
    sender.send(*[send(at, "hoofbeat-soft-errors:true", f"receipt:{at}") for at in range(5)])
    assert [heard.command for heard in sender.frames()].count("RECEIPT") == 3


def test_limits_count_nothing_twice_when_nobody_is_choosy_any_more() -> None:
    wire = Wire(BrokerConfig(queue=QueueConfig(messages=3, overflow=Overflow.REFUSE)))
    choosy, sender = consumer(wire, "selector:kind = 'y'"), wire.connect()
    sender.send(send(0), send(1))
    choosy.leave()
    sender.send(send(2, "receipt:fits"))
    assert sender.frame().header("receipt-id") == "fits"
    sender.send(send(3))
    assert "is full" in sender.refusal().header("message")


def test_what_flows_past_a_consumer_without_credit_leaves_nothing_behind(wire: Wire) -> None:
    stalled, other = one_by_one(wire, "selector:kind = 'x'"), consumer(wire)
    sender = wire.connect()
    sender.send(send(0, "kind:x"), send(1, "kind:x"))
    held = []
    tracemalloc.start()
    try:
        for _ in range(2):
            for _ in range(100):
                sender.send(*[send(b"", "kind:y") for _ in range(100)])
                other.octets()
            held.append(_held_by("choosing.py") + _held_by("aside.py") + _held_by("order.py"))
    finally:
        tracemalloc.stop()
    assert held[1] - held[0] < 50_000
    assert settle(stalled) == b"0"


def test_what_waits_is_held_once_however_many_selectors_are_to_be_asked_about_it(wire: Wire) -> None:
    client, sender = wire.connect(), wire.connect()
    for number in range(200):
        client.send(frame("SUBSCRIBE", f"id:{number}", "destination:/queue/a", f"selector:kind = '{number}'"))
    tracemalloc.start()
    try:
        sender.send(*[send(at, "kind:none", f"at:{at}") for at in range(4000)])
        held = _held_by("choosing.py") + _held_by("aside.py") + _held_by("order.py")
    finally:
        tracemalloc.stop()
    assert held < 1_000_000


def test_a_session_that_leaves_is_one_turn_however_many_consumers_it_had() -> None:
    wire = Wire()
    leaving, other, sender = wire.connect(), wire.connect(), wire.connect()
    for client, count in ((leaving, 50), (other, 20)):
        for number in range(count):
            selector = f"selector:kind = '{client is leaving}{number}'"
            client.send(frame("SUBSCRIBE", f"id:{number}", "destination:/queue/a", selector))
    sender.receive_only(b"".join([send(at, f"kind:{at}") for at in range(1000)]))
    before = wire.broker.stats.terms_compared
    leaving.leave()
    assert wire.broker.stats.terms_compared - before <= EFFORT
    wire.pass_time(9)


@pytest.mark.parametrize("count", [MOST_RETURNED, MOST_RETURNED + 1])
def test_what_came_back_while_a_consumer_had_no_credit_is_offered_to_it(count: int) -> None:
    """One of the same selector had it, so that the selector has passed it."""
    wire = Wire()
    stalled, holder, sender = one_by_one(wire, "selector:kind = 'x'"), wire.connect(), wire.connect()
    sender.send(send(b"held", "kind:x"))
    asking = (f"destination:{QUEUE}", "ack:client", "prefetch-count:1000", "selector:kind = 'x'")
    holder.send(*[frame("SUBSCRIBE", f"id:{at}", *asking) for at in range(2)])
    sender.send(*[send(at, "kind:x") for at in range(count)])
    wire.pass_time(1)
    assert len(holder.frames()) == count
    holder.leave()
    assert settle(stalled) == b"held"
    assert [settle(stalled) for _ in range(count)] == [b"%d" % at for at in range(count)]


def test_a_topic_s_subscriber_gets_groups_without_turns_of_its_own() -> None:
    wire = Wire(BrokerConfig(topic=TopicConfig(slow_reader=SlowReader.DROP_NEWEST)))
    listener = wire.connect()
    listener.send(frame("SUBSCRIBE", "id:0", "destination:/topic/a"))
    grouped = frame("SEND", "destination:/topic/a", "JMSXGroupID:a", body=b"x")
    wire.connect().send(grouped * (EFFORT + 1))
    assert len(listener.frames()) == EFFORT + 1


def _held_by(file: str) -> int:
    snapshot = tracemalloc.take_snapshot().filter_traces(
        [tracemalloc.Filter(True, f"*/engines/local/queues/{file}")]
    )
    return sum(trace.size for trace in snapshot.traces)


def test_the_oldest_gives_way_whether_or_not_it_was_looked_at() -> None:
    wire = Wire(BrokerConfig(queue=QueueConfig(messages=4, overflow=Overflow.DROP_OLDEST)))
    choosy, sender = consumer(wire, "selector:kind = 'y'"), wire.connect()
    sender.send(
        send(0, "priority:9"), send(1), send(2, "priority:0"), send(3), send(4), send(5, "priority:9")
    )
    sender.send(send(b"y", "kind:y"))
    assert choosy.bodies() == [b"y"]
    assert consumer(wire).bodies() == [b"5", b"3", b"4"]
    assert wire.broker.stats.messages_dropped == 3


def test_what_expires_while_nobody_wants_it_is_gone() -> None:
    config = QueueConfig(dead_letter_destination="/queue/dead", dead_letter_expired=True)
    wire = Wire(BrokerConfig(queue=config))
    consumer(wire, "selector:kind = 'y'")
    wire.connect().send(send(1, "ttl:5000"), send(2))
    wire.pass_time(6)
    dead = wire.connect()
    dead.send(frame("SUBSCRIBE", "id:0", "destination:/queue/dead"))
    assert dead.frame().header("dead-letter-reason") == "expired"
    assert consumer(wire).bodies() == [b"2"]


def test_what_expired_since_it_was_looked_at_is_not_delivered(wire: Wire) -> None:
    held = one_by_one(wire, "selector:kind = 'x'")
    wire.connect().send(send(0, "kind:x"), send(1, "kind:x", "ttl:500"), send(2, "kind:x"))
    wire.pass_time(0.6)
    assert settle(held) == b"0"
    assert held.bodies() == [b"2"]


def test_headers_of_messages_that_were_kept_are_selected_by() -> None:
    disk = Disk()
    wire = Wire(store=(store := PatientStore(disk, reads_at_once=True)))
    sender = wire.connect()
    sender.send(*[send(at, f"kind:{at % 2}", "persistent:true") for at in range(4)])
    store.settle(9)
    wire.flush()
    wire = Wire(store=PatientStore(disk, reads_at_once=True))
    odd = consumer(wire, "selector:kind = '1'")
    wire.flush()
    assert odd.bodies() == [b"1", b"3"]
    assert consumer(wire).bodies() == [b"0", b"2"]


@pytest.mark.parametrize("is_persistent", [True, False])
def test_of_a_queue_on_disk_no_more_is_looked_at_than_its_window_holds(is_persistent: bool) -> None:
    """What is behind the window has to wait, and comes when there is room in it."""
    config = BrokerConfig(queue=QueueConfig(window_messages=4))
    wire = Wire(config, store=PatientStore(Disk(), reads_at_once=True))
    sender, choosy = wire.connect(), consumer(wire, "selector:kind = 'y'")
    kept = ["persistent:true"] * is_persistent
    sender.send(*[send(at, *kept) for at in range(7)], send(b"y", "kind:y", *kept))
    assert choosy.bodies() == []
    other = one_by_one(wire)
    for at in range(4):
        assert settle(other) == b"%d" % at
        wire.flush()
    assert choosy.bodies() == [b"y"]


def test_no_more_bytes_are_looked_at_than_the_window_holds() -> None:
    wire = Wire(
        BrokerConfig(queue=QueueConfig(window_bytes=10)), store=PatientStore(Disk(), reads_at_once=True)
    )
    sender, choosy = wire.connect(), consumer(wire, "selector:kind = 'y'")
    sender.send(send(b"x" * 10), send(b"y", "kind:y"))
    wire.flush()
    assert choosy.bodies() == []
    assert consumer(wire, "selector:kind IS NULL").bodies() == [b"x" * 10]
    wire.flush()
    assert choosy.bodies() == [b"y"]


def test_what_the_disk_has_no_room_for_waits_no_more_though_it_was_looked_at(wire: Wire) -> None:
    wire = Wire(store=(store := PatientStore()))
    consumer(wire, "selector:kind = 'y'")
    sender = wire.connect()
    sender.send(send(1), send(2, "persistent:true"), send(3))
    store.is_full = True
    store.settle(9)
    wire.flush()
    assert sender.refusal().header("message") == "disk is full"
    assert consumer(wire).bodies() == [b"1", b"3"]


@pytest.mark.parametrize("header", ["no-local:true", "activemq.noLocal:true"])
def test_no_local_is_for_topics(wire: Wire, header: str) -> None:
    client = consumer(wire, header)
    assert client.refusal().header("message").endswith("is not supported on SUBSCRIBE to a queue")


def test_a_selector_that_is_none_is_refused(wire: Wire) -> None:
    assert "selector" in consumer(wire, "selector:kind = ").refusal().header("message").lower()


# Exclusive consumers.


@pytest.mark.parametrize("header", ["exclusive:true", "activemq.exclusive:true"])
def test_the_first_exclusive_consumer_gets_all_until_it_leaves(wire: Wire, header: str) -> None:
    before, first, second = consumer(wire), consumer(wire, header), consumer(wire, header)
    sender = wire.connect()
    sender.send(send(1), send(2))
    assert (before.bodies(), first.bodies(), second.bodies()) == ([], [b"1", b"2"], [])
    first.leave()
    sender.send(send(3))
    assert (before.bodies(), second.bodies()) == ([], [b"3"])
    second.leave()
    sender.send(send(4))
    assert before.bodies() == [b"4"]


def test_nobody_else_gets_anything_while_the_exclusive_consumer_has_no_credit(wire: Wire) -> None:
    first, other = one_by_one(wire, "exclusive:true"), consumer(wire)
    wire.connect().send(send(1), send(2))
    assert settle(first) == b"1"
    assert (first.bodies(), other.bodies()) == ([b"2"], [])


def test_of_exclusive_consumers_the_one_of_the_highest_priority_is_served(wire: Wire) -> None:
    low, high = consumer(wire, "exclusive:true"), consumer(wire, "exclusive:true", "x-priority:1")
    wire.connect().send(send(1))
    assert (low.bodies(), high.bodies()) == ([], [b"1"])


# Priority of consumers.


@pytest.mark.parametrize("name", ["consumer-priority", "activemq.priority", "x-priority"])
def test_who_has_the_highest_priority_is_served_first_while_it_has_credit(wire: Wire, name: str) -> None:
    low, middle, high = consumer(wire, f"{name}:-5"), one_by_one(wire), one_by_one(wire, f"{name}:10")
    sender = wire.connect()
    sender.send(send(1))
    sender.send(send(2))
    sender.send(send(3))
    assert low.bodies() == [b"3"]
    assert middle.bodies() == [b"2"]
    assert settle(high) == b"1"
    sender.send(send(4))
    assert (low.bodies(), middle.bodies(), high.bodies()) == ([], [], [b"4"])


def test_an_automatic_consumer_of_high_priority_gets_all_there_is(wire: Wire) -> None:
    sender = wire.connect()
    sender.send(*[send(at) for at in range(300)])
    low = one_by_one(wire, "x-priority:1")
    high = wire.connect()
    high.send(
        frame("SUBSCRIBE", "id:0", f"destination:{QUEUE}", "x-priority:5"), *[send(at) for at in range(300)]
    )
    assert len(high.bodies()) == 599
    assert len(low.bodies()) == 1


@pytest.mark.parametrize("text", ["high", "1.5", "--1", "1" * 10, "٣"])
def test_a_priority_that_is_no_number_is_refused(wire: Wire, text: str) -> None:
    assert "is not a whole number" in consumer(wire, f"x-priority:{text}").refusal().header("message")


@pytest.mark.parametrize("header", ["exclusive:true", "x-priority:3"])
def test_subscribers_of_topics_have_no_order_among_them(wire: Wire, header: str) -> None:
    client = wire.connect()
    client.send(frame("SUBSCRIBE", "id:0", "destination:/topic/a", header))
    name = header.partition(":")[0]
    assert client.refusal().header("message").startswith(f"{name} is not supported on SUBSCRIBE to a topic")
