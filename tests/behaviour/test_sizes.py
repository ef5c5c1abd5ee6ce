"""What a message takes is its headers and its body, wherever a limit is in bytes."""

import tracemalloc
from pathlib import Path

import pytest

from hoofbeat.broker.hold import HoldReason
from hoofbeat.config import (
    BrokerConfig,
    DurableConfig,
    LimitsConfig,
    Overflow,
    QueueConfig,
    ScheduleConfig,
    SlowReader,
    TopicConfig,
)
from hoofbeat.engines.local.queues.queue import Queue
from tests.conformance.wire import Client, Wire, every_version, frame, settlement
from tests.patient_store import Disk, PatientStore
from tests.stores.test_sqlite import opened

LINES = tuple(f"h{number}:{'x' * 4000}" for number in range(3))
PERSISTENT = "persistent:true"


def send(number: int, *headers: str, to: str = "/queue/a") -> bytes:
    """Send large headers, and no body; ``n`` says which they are."""
    return frame("SEND", f"destination:{to}", f"n:{number:03}", *LINES, *headers)


def size(*headers: str, to: str = "/queue/a") -> int:
    """Return what each such message takes, with headers that stand in MESSAGE too."""
    lines = (f"destination:{to}", "n:000", *LINES, *headers)
    return sum(len(line) + 1 for line in lines)


def subscribe(*headers: str, to: str = "/queue/a") -> bytes:
    return frame("SUBSCRIBE", "id:0", f"destination:{to}", *headers)


def got(client: Client) -> list[int]:
    return [int(heard.header("n")) for heard in client.frames() if heard.command == "MESSAGE"]


def one_by_one(client: Client, to: str) -> list[int]:
    """Subscribe, and acknowledge all that comes, as it comes."""
    client.send(subscribe("ack:client-individual", "prefetch-count:1", to=to))
    heard: list[int] = []
    while frames := client.frames():
        heard += [int(message.header("n")) for message in frames]
        client.send(*[settlement("ACK", "1.2", message) for message in frames])
    return heard


def queue(wire: Wire) -> Queue:
    found: Queue = wire.broker.engine._queues.by_name["/queue/a"]
    return found


def at_hand(wire: Wire) -> int:
    return sum(len(lane) for lane in queue(wire).ready._by_priority.values())


@pytest.mark.parametrize("over", [0, 1])
def test_a_queue_holds_no_more_headers_than_it_may(over: int) -> None:
    """What waited before it counts: one octet less than the limit, and one message more fits."""
    config = QueueConfig(bytes=100_000, overflow=Overflow.REFUSE)
    fits = -(-config.bytes // size())
    wire = Wire(BrokerConfig(queue=config))
    sender = wire.connect("1.2", "hoofbeat-soft-errors:true")
    sender.send(*[send(number) for number in range(fits + over)])
    assert [heard.header("message") for heard in sender.frames()] == ["/queue/a is full"] * over
    assert queue(wire).ready.count == fits
    assert config.bytes <= queue(wire).ready.bytes == fits * size() < config.bytes + size()


@pytest.mark.parametrize("more", [0, 1])
def test_a_queue_is_full_when_headers_reach_its_limit(more: int) -> None:
    wire = Wire(BrokerConfig(queue=QueueConfig(bytes=2 * size() + more, overflow=Overflow.REFUSE)))
    sender = wire.connect("1.2", "hoofbeat-soft-errors:true")
    sender.send(*[send(number) for number in range(4)])
    assert queue(wire).ready.count == 2 + more


@pytest.mark.parametrize("header", ["x:y", "x:a\\nb", "x:y\r"])
def test_what_is_counted_is_about_what_memory_holds(header: str) -> None:
    wire = Wire()
    sender = wire.connect()
    tracemalloc.start()
    try:
        for number in range(200):
            sender.send(send(number, header))
        held, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert queue(wire).ready.count == 200
    assert queue(wire).ready.bytes < held < 1.3 * queue(wire).ready.bytes


@every_version
@pytest.mark.parametrize("headers", [(), ("x:a\\nb\\cc",), ("receipt:r",), ("x:1", "x:2"), ("priority:7",)])
def test_nothing_is_counted_any_more_of_what_is_gone(version: str, headers: tuple[str, ...]) -> None:
    wire = Wire()
    wire.connect(version).send(*[send(number, *headers) for number in range(9)])
    assert queue(wire).ready.bytes >= 9 * size()
    client = wire.connect(version)
    client.send(subscribe())
    assert got(client) == list(range(9))
    assert (queue(wire).ready.count, queue(wire).ready.bytes) == (0, 0)


@pytest.mark.parametrize("more", [0, 1])
def test_a_consumer_that_holds_many_headers_gets_no_more(more: int) -> None:
    wire = Wire(BrokerConfig(limits=LimitsConfig(unsettled_bytes=2 * size() + more)))
    client, sender = wire.connect(), wire.connect()
    client.send(subscribe("ack:client-individual"))
    for number in range(4):
        sender.send(send(number))
    frames = client.frames()
    assert len(frames) == 2 + more
    client.send(*[settlement("ACK", "1.2", message) for message in frames])
    assert len(client.frames()) == 2 - more


@pytest.mark.parametrize(("octets", "messages"), [(0, 2), (1, 3)])
def test_the_window_of_a_durable_queue_holds_no_more_headers_than_it_may(octets: int, messages: int) -> None:
    window = 2 * size(PERSISTENT) + octets
    store = PatientStore(is_patient=False)
    wire = Wire(BrokerConfig(queue=QueueConfig(window_bytes=window)), store=store)
    wire.connect().send(*[send(number, PERSISTENT) for number in range(9)])
    assert (at_hand(wire), queue(wire).ready.count) == (messages, 9)
    client = wire.connect()
    client.send(subscribe("ack:client-individual", "prefetch-count:1"))
    for number in range(9):
        (heard,) = client.frames()
        assert int(heard.header("n")) == number
        assert at_hand(wire) <= messages + 1
        client.send(settlement("ACK", "1.2", heard))
    assert (queue(wire).ready.count, queue(wire).ready.bytes) == (0, 0)


@pytest.mark.parametrize("header", ["x:y", "x:a\\nb\\cc", "JMSXGroupID:g", "priority:1"])
def test_what_the_last_start_left_is_counted_as_it_was(header: str) -> None:
    disk, config = Disk(), BrokerConfig(queue=QueueConfig(window_bytes=3 * size()))
    wire = Wire(config, store=PatientStore(disk, is_patient=False))
    wire.connect().send(*[send(number, PERSISTENT, header) for number in range(9)])
    assert queue(wire).ready.bytes == 9 * size(PERSISTENT, header)
    wire = Wire(config, store=PatientStore(disk, is_patient=False))
    assert queue(wire).ready.bytes == 9 * size(PERSISTENT, header)
    assert one_by_one(wire.connect(), "/queue/a") == list(range(9))
    assert (queue(wire).ready.count, queue(wire).ready.bytes) == (0, 0)


def test_what_is_in_sqlite_is_counted_as_it_was(tmp_path: Path) -> None:
    asker = opened(tmp_path)
    wire = Wire(store=asker.store)
    wire.connect().send(*[send(number, PERSISTENT, "x:a\\nb") for number in range(9)])
    asker.store.close()
    asker = opened(tmp_path)
    (waiting,) = asker.store.recover().waiting
    asker.store.close()
    assert (waiting.messages, waiting.bytes) == (9, 9 * size(PERSISTENT, "x:a\\nb"))


def test_who_sends_headers_faster_than_the_disk_takes_them_is_held() -> None:
    store = PatientStore()
    wire = Wire(store=store)
    sender = wire.connect()
    for number in range(700):
        sender.send(send(number, PERSISTENT))
    (session,) = wire.broker.sessions.values()
    assert session.hold is not None
    assert session.hold.reason is HoldReason.STORE
    assert 600 < queue(wire).ready.count < 700
    for _ in range(9):
        store.settle()
        wire.flush()
    assert (session.hold, queue(wire).ready.count) == (None, 700)


@pytest.mark.parametrize("more", [0, 1])
def test_a_history_holds_no_more_headers_than_it_may(more: int) -> None:
    each = size("epoch:e1", "offset:1", to="/topic/a")
    topic = TopicConfig(history_messages=9, history_bytes=2 * each - 1 + more)
    wire = Wire(BrokerConfig(topic=topic), epoch="e1")
    wire.connect().send(*[send(number, to="/topic/a") for number in range(4)])
    client = wire.connect()
    client.send(subscribe("from-seq:0", to="/topic/a"))
    assert got(client) == [2, 3][1 - more :]


@pytest.mark.parametrize("more", [0, 1])
def test_no_more_headers_are_retained_than_may_be(more: int) -> None:
    wire = Wire(
        BrokerConfig(limits=LimitsConfig(retained_bytes=2 * size("retain:set", to="/topic/a") - 1 + more))
    )
    sender = wire.connect("1.2", "hoofbeat-soft-errors:true")
    sender.send(*[send(1, "retain:set", to=f"/topic/{name}") for name in "aab"])
    assert len(sender.frames()) == 1 - more
    sender.send(send(2, "retain:remove", to="/topic/a"), send(3, "retain:set", to="/topic/b"))
    client = wire.connect()
    client.send(subscribe(to="/topic/*"))
    assert got(client) == [3]


@pytest.mark.parametrize("octets", range(-2, 60))
def test_a_value_that_was_taken_in_is_there_though_its_history_adds_headers(octets: int) -> None:
    limits = LimitsConfig(retained_bytes=size("retain:set", to="/topic/a") + octets)
    wire = Wire(BrokerConfig(topic=TopicConfig(history_messages=1), limits=limits), epoch="e1")
    sender = wire.connect("1.2", "hoofbeat-soft-errors:true")
    sender.send(send(1, "retain:set", to="/topic/a"))
    was_refused = bool(sender.frames())
    assert was_refused is (octets < len("\nepoch:e1\noffset:1"))
    client = wire.connect()
    client.send(subscribe(to="/topic/*"))
    assert got(client) == ([] if was_refused else [1])


@pytest.mark.parametrize("more", [0, 1])
def test_a_backlog_holds_no_more_headers_than_it_may(more: int) -> None:
    topic = TopicConfig(slow_reader=SlowReader.DROP_OLDEST, bytes=2 * size(to="/topic/a") + more)
    wire = Wire(BrokerConfig(topic=topic))
    client = wire.connect()
    client.send(subscribe("ack:client-individual", "prefetch-count:1", to="/topic/a"))
    wire.connect().send(*[send(number, to="/topic/a") for number in range(6)])
    heard: list[int] = []
    while frames := client.frames():
        heard += [int(message.header("n")) for message in frames]
        client.send(*[settlement("ACK", "1.2", message) for message in frames])
    assert heard == [0, *[3, 4, 5][1 - more :]]


def test_what_a_subscriber_gets_first_takes_no_room_from_what_follows() -> None:
    topic = TopicConfig(history_messages=9, bytes=size(to="/topic/a"))
    wire = Wire(BrokerConfig(topic=topic))
    sender, client = wire.connect(), wire.connect()
    sender.send(*[send(number, to="/topic/a") for number in range(3)])
    client.send(subscribe("ack:client-individual", "prefetch-count:1", "from-seq:0", to="/topic/a"))
    sender.send(send(3, to="/topic/a"))
    assert not client.closed
    assert got(client) == [0]


@pytest.mark.parametrize("more", [0, 1])
def test_a_durable_subscription_holds_no_more_headers_than_it_may(more: int) -> None:
    limit = DurableConfig(bytes=2 * size(PERSISTENT, to="/topic/a") + more)
    wire = Wire(BrokerConfig(durable=limit))
    client = wire.connect("1.2", "client-id:desk")
    client.send(subscribe("activemq.subscriptionName:n", to="/topic/a"))
    client.leave()
    wire.connect().send(*[send(number, PERSISTENT, to="/topic/a") for number in range(6)])
    client = wire.connect("1.2", "client-id:desk")
    client.send(subscribe("activemq.subscriptionName:n", to="/topic/a"))
    assert got(client) == [3, 4, 5][1 - more :]


@pytest.mark.parametrize("more", [0, 1])
def test_the_schedule_holds_no_more_headers_than_it_may(more: int) -> None:
    wire = Wire(BrokerConfig(schedule=ScheduleConfig(bytes=2 * size() + more)))
    sender = wire.connect("1.2", "hoofbeat-soft-errors:true")
    for number in range(4):
        sender.send(send(number, "delay:1000"))
    refused = [heard.header("message") for heard in sender.frames()]
    assert refused == ["the schedule is full"] * (2 - more)
    wire.pass_time(1.1)
    client = wire.connect()
    client.send(subscribe())
    assert got(client) == list(range(2 + more))


def test_consumers_that_choose_look_at_no_more_headers_than_the_window_holds() -> None:
    store = PatientStore(is_patient=False)
    wire = Wire(BrokerConfig(queue=QueueConfig(window_bytes=2 * size())), store=store)
    choosy = wire.connect()
    choosy.send(subscribe("selector:kind = 'y'"))
    sender = wire.connect()
    for number in range(4):
        sender.send(send(number))
    sender.send(send(4, "kind:y"))
    assert got(choosy) == []
    client = wire.connect()
    client.send(subscribe("selector:kind IS NULL"))
    wire.flush()
    assert (got(client), got(choosy)) == ([0, 1, 2, 3], [4])
    assert (queue(wire).ready.count, queue(wire).ready.bytes) == (0, 0)
