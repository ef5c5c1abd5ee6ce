"""What is scheduled and persistent: safe when its receipt says so, and published after every restart."""

import pytest

from hoofbeat.config import BrokerConfig, LimitsConfig, ScheduleConfig
from tests.behaviour.scheduling import begin, end, engine, receipts, send, subscribe
from tests.conformance.wire import START_EPOCH_MS
from tests.patient_store import Disk


@pytest.fixture
def disk() -> Disk:
    return Disk()


def test_the_receipt_waits_for_the_store(disk: Disk) -> None:
    wire, store = begin(disk, is_patient=True)
    client = wire.connect()
    client.send(send(b"x", "delay:1000", "persistent:true", "receipt:1"), send(b"y", "delay:1", "receipt:2"))
    assert receipts(client) == ["2"]
    store.settle()
    wire.flush()
    assert receipts(client) == ["1"]


@pytest.mark.parametrize("to", ["/queue/a", "/topic/a"])
@pytest.mark.parametrize("is_orderly", [True, False])
def test_it_is_published_after_a_restart_with_all_it_had(disk: Disk, to: str, is_orderly: bool) -> None:
    wire, _ = begin(disk)
    client = wire.connect()
    client.send(
        send(b"a\0b", "content-length:3", "persistent:true", "delay:60000", "x:y\\cz", "priority:7", to=to),
        send(b"lost", "delay:60000", to=to),
    )
    wire.pass_time(10)
    if is_orderly:
        end(wire)
    again, _ = begin(disk)
    client = again.connect()
    client.send(subscribe(to))
    again.pass_time(59)
    assert client.frames() == []
    again.pass_time(2)
    heard = client.frame()
    assert (heard.body, heard.header("x"), heard.header("priority")) == (b"a\0b", "y\\cz", "7")
    assert (heard.header("persistent"), heard.get("redelivered") in ("false", None)) == ("true", True)
    assert not [name for name, _ in heard.headers if "schedule" in name.lower() or name == "delay"]
    assert disk.bodies("schedule") == disk.bodies("/queue/a") == []
    last, _ = begin(disk)
    client = last.connect()
    client.send(subscribe(to))
    last.pass_time(3600)
    assert client.frames() == []


def test_what_came_due_while_nobody_ran_comes_at_once(disk: Disk) -> None:
    wire, _ = begin(disk)
    wire.connect().send(send(b"x", "delay:1", "persistent:true"))
    again, _ = begin(disk)
    client = again.connect()
    client.send(subscribe())
    again.pass_time(0.01)
    assert client.bodies() == [b"x"]


def test_repetitions_are_counted_over_a_restart(disk: Disk) -> None:
    wire, _ = begin(disk)
    client = wire.connect()
    client.send(
        subscribe(),
        send(b"x", "AMQ_SCHEDULED_PERIOD:10000", "AMQ_SCHEDULED_REPEAT:3", "persistent:true"),
        send(
            b"c",
            "AMQ_SCHEDULED_CRON:14 22 * * *",
            "AMQ_SCHEDULED_PERIOD:10000",
            "AMQ_SCHEDULED_REPEAT:1",
            "persistent:true",
        ),
    )
    wire.pass_time(21)
    assert client.bodies() == [b"x", b"x"]
    end(wire)
    again, _ = begin(disk)
    client = again.connect()
    client.send(subscribe())
    again.pass_time(42)
    assert client.bodies() == [b"x", b"x"]
    assert len(disk.bodies("schedule")) == 2
    last, _ = begin(disk)
    client = last.connect()
    client.send(subscribe())
    last.pass_time(100)
    assert client.bodies() == [b"c"] * 2  # the series that had begun; its next begins tomorrow


def test_what_is_published_and_what_is_done_with_are_safe_together(disk: Disk) -> None:
    wire, store = begin(disk, is_patient=True)
    client = wire.connect()
    client.send(send(b"x", "delay:1000", "persistent:true"))
    store.settle()
    wire.pass_time(2)
    assert len(store.writes) == 2
    store.settle()
    assert (disk.bodies("schedule"), disk.bodies("/queue/a")) == ([], [b"x"])


def test_what_the_disk_has_no_room_for_is_refused_and_never_published(disk: Disk) -> None:
    wire, store = begin(disk)
    store.is_full = True
    client = wire.connect()
    client.send(send(b"x", "delay:1000", "persistent:true"))
    assert client.refusal().header("message") == "disk is full"
    store.is_full = False
    client = wire.connect()
    client.send(subscribe())
    wire.pass_time(10)
    assert client.bodies() == []
    assert engine(wire).schedule._jobs == {}


def test_what_is_due_while_the_disk_is_full_is_not_lost(disk: Disk) -> None:
    wire, store = begin(disk)
    wire.connect().send(send(b"x", "delay:1000", "persistent:true"))
    store.is_full = True
    wire.pass_time(5)
    assert disk.bodies("schedule") == [b"x"]
    store.is_full = False
    wire.pass_time(5)
    assert (disk.bodies("schedule"), disk.bodies("/queue/a")) == ([], [b"x"])


def test_of_times_that_the_disk_had_no_room_for_the_last_counts(disk: Disk) -> None:
    wire, store = begin(disk, is_patient=True)
    client = wire.connect()
    client.send(send(b"x", "AMQ_SCHEDULED_PERIOD:10000", "AMQ_SCHEDULED_REPEAT:5", "persistent:true"))
    client.send(subscribe())
    store.settle()
    store.is_stuffed = True
    wire.pass_time(31)
    assert store.on_the_way == 2  # and what comes third is gathered meanwhile
    store.settle(2)
    store.is_stuffed = False
    wire.pass_time(3)
    store.settle()
    ((entry, _),) = disk.queues["schedule"].values()
    assert (entry.deliveries, entry.visible_at_ms - START_EPOCH_MS) == (3, 40_000)


def test_a_topic_that_may_not_keep_a_value_yet_gets_it_later(disk: Disk) -> None:
    wire, _ = begin(disk, BrokerConfig(limits=LimitsConfig(retained_topics=1)))
    client = wire.connect()
    client.send(
        send(b"a", "retain:set", to="/topic/a"),
        send(b"b", "retain:set", "delay:1000", "persistent:true", to="/topic/b"),
    )
    wire.pass_time(5)
    client.send(send(b"", "retain:remove", to="/topic/a"))
    wire.pass_time(1.1)
    client.send(subscribe("/topic/b"))
    assert client.bodies() == [b"b"]


@pytest.mark.parametrize("login", ["eve", "eve @1 2", ""])
def test_whose_it_is_is_known_after_a_restart(disk: Disk, login: str) -> None:
    config = BrokerConfig(schedule=ScheduleConfig(per_user=2))
    said = [f"login:{login}"] if login else []
    wire, _ = begin(disk, config)
    client = wire.connect("1.2", *said)
    client.send(*[send(b"x", "delay:100000", "persistent:true", f"n:{number}") for number in range(2)])
    end(wire)
    again, _ = begin(disk, config)
    client, other = again.connect("1.2", *said), again.connect("1.2", "login:other")
    client.send(send(b"x", "delay:1000"))
    assert client.refusal().header("message") == "too much is scheduled by one user"
    other.send(send(b"x", "delay:1000", "receipt:r"))
    assert receipts(other) == ["r"]


def test_what_the_disk_had_no_room_for_takes_no_room_of_its_user_s(disk: Disk) -> None:
    wire, store = begin(disk, BrokerConfig(schedule=ScheduleConfig(per_user=1)), is_patient=True)
    client = wire.connect("1.2", "hoofbeat-soft-errors:true")
    client.send(send(b"x", "delay:1000", "persistent:true"))
    store.is_full = True
    store.settle(9)
    wire.flush()
    assert client.frame().header("message") == "disk is full"
    client.send(send(b"y", "delay:1000", "receipt:r"))
    assert receipts(client) == ["r"]
