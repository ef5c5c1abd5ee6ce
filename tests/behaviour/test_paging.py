"""A durable queue longer than its window: the rest is on disk, and comes back in order."""

from typing import Any

import pytest

from hoofbeat.config import BrokerConfig, Overflow, QueueConfig
from hoofbeat.engines.local.queues.durable_queue import DurableQueue
from tests.conformance.wire import Client, Wire, frame, settlement
from tests.patient_store import Disk, PatientStore

WINDOW = 4


def config(**more: Any) -> BrokerConfig:
    return BrokerConfig(queue=QueueConfig(window_messages=WINDOW, **more))


def begin(
    disk: Disk, settings: BrokerConfig | None = None, *, is_patient: bool = False
) -> tuple[Wire, PatientStore]:
    store = PatientStore(disk, is_patient=is_patient)
    return Wire(settings or config(), store=store), store


def send(number: int, *headers: str, persistent: bool = True) -> bytes:
    kept = ("persistent:true",) if persistent else ()
    return frame("SEND", "destination:/queue/a", *kept, *headers, body=b"%d" % number)


def subscribe(ack: str = "client-individual", *headers: str) -> bytes:
    return frame("SUBSCRIBE", "id:0", "destination:/queue/a", f"ack:{ack}", *headers)


def numbers(client: Client) -> list[int]:
    return [int(body) for body in client.bodies()]


def drain(client: Client) -> list[int]:
    """Acknowledge all that comes, as it comes."""
    heard = []
    while frames := [each for each in client.frames() if each.command == "MESSAGE"]:
        heard += [int(each.body) for each in frames]
        client.send(*[settlement("ACK", "1.2", each) for each in frames if each.get("ack")])
    return heard


def at_hand(wire: Wire) -> int:
    queue = wire.broker.engine._queues.by_name["/queue/a"]
    assert isinstance(queue, DurableQueue)
    return sum(len(lane) for lane in queue.ready._by_priority.values())


@pytest.fixture
def disk() -> Disk:
    return Disk()


@pytest.mark.parametrize("persistent", [True, False])
@pytest.mark.parametrize("ack", ["auto", "client-individual"])
def test_memory_holds_the_window_and_all_comes_in_order(disk: Disk, persistent: bool, ack: str) -> None:
    wire, _ = begin(disk)
    sender, consumer = wire.connect(), wire.connect()
    sender.send(*[send(number, persistent=persistent) for number in range(50)])
    sender.send(*[send(number, persistent=persistent) for number in range(50, 60)])
    assert at_hand(wire) == WINDOW
    assert len(disk.bodies("/queue/a")) == (60 if persistent else 60 - WINDOW)
    consumer.send(subscribe(ack, "prefetch-count:3"))
    assert drain(consumer) == list(range(60))
    assert disk.bodies("/queue/a") == []
    assert wire.broker.engine._queues.by_name["/queue/a"].ready.count == 0


def test_a_consumer_that_takes_little_brings_little_to_memory(disk: Disk) -> None:
    wire, _ = begin(disk)
    sender, consumer = wire.connect(), wire.connect()
    sender.send(*[send(number) for number in range(50)])
    consumer.send(subscribe("client-individual", "prefetch-count:1"))
    for number in range(20):
        (heard,) = consumer.frames()
        assert int(heard.body) == number
        assert at_hand(wire) <= WINDOW + WINDOW // 2
        consumer.send(settlement("ACK", "1.2", heard))


def test_large_messages_count_by_their_size(disk: Disk) -> None:
    wire, _ = begin(disk, BrokerConfig(queue=QueueConfig(window_bytes=100)))
    sender, consumer = wire.connect(), wire.connect()
    body = b"x" * 60
    sender.send(*[frame("SEND", "destination:/queue/a", "persistent:true", body=body) for _ in range(9)])
    assert at_hand(wire) == 2
    consumer.send(subscribe("client-individual", "prefetch-count:1"))
    for left in range(9, 0, -1):
        (heard,) = consumer.frames()
        assert at_hand(wire) <= min(3, left)
        consumer.send(settlement("ACK", "1.2", heard))
    assert consumer.frames() == []


def test_what_comes_while_a_page_is_read_comes_after_it(disk: Disk) -> None:
    wire, store = begin(disk, is_patient=True)
    sender, consumer = wire.connect(), wire.connect()
    sender.send(*[send(number) for number in range(10)])
    consumer.send(subscribe("auto"))
    sender.send(*[send(number) for number in range(10, 15)])
    heard = numbers(consumer)
    assert heard == list(range(WINDOW))
    for _ in range(40):
        store.settle(1)
        wire.flush()
    assert heard + numbers(consumer) == list(range(15))
    assert store.on_the_way == 0


def test_urgent_messages_come_first_from_the_disk_too(disk: Disk) -> None:
    wire, _ = begin(disk)
    sender, consumer = wire.connect(), wire.connect()
    sender.send(*[send(number, "priority:2") for number in range(10)])
    sender.send(*[send(number, "priority:8") for number in range(10, 30)])
    consumer.send(subscribe("client", "prefetch-count:1"))
    assert drain(consumer) == [*range(10, 30), *range(10)]


def test_what_comes_back_comes_before_what_is_on_disk(disk: Disk) -> None:
    wire, _ = begin(disk)
    sender, consumer, heir = wire.connect(), wire.connect(), wire.connect()
    sender.send(*[send(number) for number in range(20)])
    consumer.send(subscribe("client-individual", "prefetch-count:6"))
    assert numbers(consumer) == [0, 1, 2, 3, 4, 5]
    consumer.leave()
    heir.send(subscribe("auto"))
    assert numbers(heir) == list(range(20))


@pytest.mark.parametrize("is_clean", [True, False])
def test_a_restart_reads_page_by_page(disk: Disk, is_clean: bool) -> None:
    wire, _ = begin(disk)
    wire.connect().send(*[send(number) for number in range(20)])
    if is_clean:
        wire.broker.engine.close()
    wire, _ = begin(disk)
    assert at_hand(wire) == 0
    consumer = wire.connect()
    consumer.send(subscribe("client-individual", "prefetch-count:2"))
    (first, second) = consumer.frames()
    assert at_hand(wire) <= WINDOW
    assert first.header("redelivered") == ("false" if is_clean else "true")
    consumer.send(*[settlement("ACK", "1.2", heard) for heard in (first, second)])
    assert drain(consumer) == list(range(2, 20))


def test_what_is_not_persistent_does_not_survive_on_disk(disk: Disk) -> None:
    wire, _ = begin(disk)
    wire.connect().send(*[send(number, persistent=False) for number in range(20)])
    assert disk.bodies("/queue/a")
    wire.broker.engine.close()
    wire, _ = begin(disk)
    assert disk.bodies("/queue/a") == []


def test_persistent_and_other_messages_keep_their_order(disk: Disk) -> None:
    wire, _ = begin(disk)
    wire.connect().send(*[send(number, persistent=number % 3 > 0) for number in range(30)])
    consumer = wire.connect()
    consumer.send(subscribe("client-individual", "prefetch-count:3"))
    assert drain(consumer) == list(range(30))
    assert disk.bodies("/queue/a") == []


def test_a_full_queue_refuses_where_it_is_told_to(disk: Disk) -> None:
    wire, _ = begin(disk, config(messages=6, overflow=Overflow.REFUSE))
    sender, consumer = wire.connect("1.2", "hoofbeat-soft-errors:true"), wire.connect()
    sender.send(*[send(number, f"receipt:{number}") for number in range(8)])
    heard = sender.frames()
    assert [each.command for each in heard] == ["RECEIPT"] * 6 + ["ERROR"] * 2
    assert heard[-1].header("message") == "/queue/a is full"
    consumer.send(subscribe("auto"))
    assert numbers(consumer) == list(range(6))


@pytest.mark.parametrize("persistent", [True, False])
@pytest.mark.parametrize("has_store", [True, False])
def test_the_oldest_give_way_where_they_are_told_to(disk: Disk, persistent: bool, has_store: bool) -> None:
    settings = config(messages=6, overflow=Overflow.DROP_OLDEST)
    wire = begin(disk, settings)[0] if has_store else Wire(settings)
    sender, consumer = wire.connect(), wire.connect()
    sender.send(*[send(number, persistent=persistent) for number in range(10)])
    sender.send(
        frame("BEGIN", "transaction:t"),
        send(10, "transaction:t"),
        frame("COMMIT", "transaction:t"),
    )
    consumer.send(subscribe("auto"))
    assert numbers(consumer) == list(range(5, 11))
    assert wire.broker.stats.messages_dropped == 5
    assert disk.bodies("/queue/a") == []


def test_the_oldest_give_way_after_a_restart_too(disk: Disk) -> None:
    wire, _ = begin(disk)
    wire.connect().send(*[send(number) for number in range(20)])
    wire, _ = begin(disk, config(messages=6, overflow=Overflow.DROP_OLDEST))
    wire.connect().send(send(20))
    assert len(disk.bodies("/queue/a")) == 6
    consumer = wire.connect()
    consumer.send(subscribe("auto"))
    assert numbers(consumer) == list(range(15, 21))


@pytest.mark.parametrize("ttl", [(), ("ttl:1000",), ("ttl:60000",)])
def test_what_waits_too_long_expires(disk: Disk, ttl: tuple[str, ...]) -> None:
    wire, _ = begin(disk, config(age_seconds=10.0))
    client = wire.connect()
    client.send(*[send(number, *ttl) for number in range(3)])
    client.send(frame("BEGIN", "transaction:t"), send(3, "transaction:t"), frame("COMMIT", "transaction:t"))
    wire.pass_time(9.0)
    assert len(disk.bodies("/queue/a")) == (1 if ttl == ("ttl:1000",) else 4)
    wire.pass_time(3.0)
    assert disk.bodies("/queue/a") == []
    assert wire.broker.stats.messages_dropped == 4


# What expired while nobody looked.


def restarted(disk: Disk, *sent: bytes, dead: bool = False, **more: Any) -> tuple[Wire, PatientStore]:
    """Have a broker keep what is sent, break off, and begin again."""
    settings = config(messages=len(sent), dead_letter_expired=dead, **more)
    wire, _ = begin(disk, settings)
    wire.connect().send(*sent)
    return begin(disk, settings)


def pass_time(wire: Wire, seconds: float) -> None:
    """Let time pass, and what was asked of the store be done."""
    wire.pass_time(seconds)
    wire.flush()


@pytest.mark.parametrize("dead", [False, True])
def test_what_expired_over_a_restart_is_given_up_though_nobody_asks_for_it(disk: Disk, dead: bool) -> None:
    wire, _ = restarted(disk, *[send(number, "ttl:1500") for number in range(20)], dead=dead)
    pass_time(wire, 5.0)
    assert disk.bodies("/queue/a") == []
    assert len(disk.bodies("/queue/dead-letters")) == (20 if dead else 0)
    assert wire.broker.stats.messages_dropped == (0 if dead else 20)


def test_what_expires_after_a_restart_is_given_up_in_its_time(disk: Disk) -> None:
    wire, _ = restarted(disk, *[send(number, "ttl:60000") for number in range(20)])
    pass_time(wire, 50.0)
    assert at_hand(wire) <= WINDOW
    assert len(disk.bodies("/queue/a")) == 20
    pass_time(wire, 12.0)
    assert disk.bodies("/queue/a") == []


def test_what_does_not_expire_stays_on_disk_alone_until_somebody_wants_it(disk: Disk) -> None:
    wire, _ = restarted(disk, *[send(number, f"priority:{number % 3}") for number in range(20)])
    pass_time(wire, 60.0)
    assert at_hand(wire) == 0


def test_what_expires_is_found_behind_what_is_more_urgent(disk: Disk) -> None:
    wire, _ = restarted(disk, send(0, "priority:9"), *[send(number, "ttl:1500") for number in range(1, 20)])
    pass_time(wire, 5.0)
    assert disk.bodies("/queue/a") == [b"0"]


def test_queues_are_looked_at_one_after_the_other(disk: Disk) -> None:
    wire, _ = begin(disk)
    for number in range(10):
        wire.connect().send(
            frame("SEND", f"destination:/queue/{number}", "persistent:true", "ttl:1500", body=b"x")
        )
    wire, _ = begin(disk)
    due = sorted(wire.broker.engine._queues._timed.values())
    assert len(set(due)) == 10
    pass_time(wire, 5.0)
    assert wire.broker.stats.messages_dropped == 10


def test_a_sender_who_finds_no_room_has_what_expired_looked_for_at_once(disk: Disk) -> None:
    wire, _ = restarted(disk, *[send(number, "ttl:1") for number in range(20)])
    wire._seconds = 0.5  # before anybody looks
    sender = wire.connect()
    sender.send(send(20, "receipt:r"))
    assert [heard.header("receipt-id") for heard in sender.frames()] == ["r"]
    assert disk.bodies("/queue/a") == [b"20"]


@pytest.mark.parametrize("way", ["refuse", "transaction", "schedule"])
def test_who_is_refused_meanwhile_finds_room_the_next_time(disk: Disk, way: str) -> None:
    sent = [send(number, "ttl:1") for number in range(20)]
    wire, _ = restarted(disk, *sent, overflow=Overflow.REFUSE)
    wire._seconds = 0.5
    trying = send(20)
    if way == "transaction":
        trying = b"".join(
            [frame("BEGIN", "transaction:t"), send(20, "transaction:t"), frame("COMMIT", "transaction:t")]
        )
    if way == "schedule":
        trying = send(20, "delay:1")
    for _ in range(1 if way == "schedule" else 2):
        wire.connect().send(trying)
    pass_time(wire, 0.4 if way != "schedule" else 5)
    assert disk.bodies("/queue/a") == [b"20"]
