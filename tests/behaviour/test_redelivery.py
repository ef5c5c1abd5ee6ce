"""Redelivery with pauses that grow, and dead letters with all they had."""

from dataclasses import replace

import pytest

from hoofbeat.assembly import LocalEngine
from hoofbeat.config import BrokerConfig, Overflow, QueueConfig
from hoofbeat.engines.local.queues.backoff import pause
from hoofbeat.errors import ConfigError
from tests.conformance.wire import Client, Heard, Wire, frame, settlement
from tests.patient_store import Disk, PatientStore

GROWING = BrokerConfig(
    queue=QueueConfig(
        redelivery_delay_seconds=1.0, redelivery_multiplier=2.0, redelivery_most_seconds=5.0, redeliveries=5
    )
)


def subscribe(of: str = "/queue/a", id: str = "0") -> bytes:
    return frame("SUBSCRIBE", f"id:{id}", f"destination:{of}", "ack:client-individual")


def nack(client: Client, message: Heard, *headers: str) -> None:
    client.send(settlement("NACK", "1.2", message, *headers))


def waited(wire: Wire, client: Client) -> tuple[float, Heard]:
    """Return how long it takes until a message comes, to a tenth of a second, and the message."""
    for tenths in range(1000):
        frames = client.frames()
        if frames:
            (heard,) = frames
            return tenths / 10, heard
        wire.pass_time(0.1)
    raise AssertionError("nothing came")


def test_the_pause_grows_up_to_its_bound_and_deliveries_are_counted() -> None:
    wire = Wire(GROWING)
    client = wire.connect()
    client.send(subscribe(), frame("SEND", "destination:/queue/a", body=b"x"))
    heard = client.frame()
    pauses, counts = [], []
    for _ in range(5):
        nack(client, heard)
        seconds, heard = waited(wire, client)
        pauses.append(seconds)
        counts.append(heard.header("delivery-count"))
    assert pauses == pytest.approx([1, 2, 4, 5, 5], abs=0.11)
    assert counts == ["2", "3", "4", "5", "6"]
    nack(client, heard)
    client.send(subscribe("/queue/dead-letters", "dead"))
    assert client.frame().header("dead-letter-reason") == "redelivered too often"


def test_each_of_several_waits_for_its_own_time() -> None:
    wire = Wire(GROWING)
    client = wire.connect()
    client.send(subscribe(), frame("SEND", "destination:/queue/a", body=b"old"))
    nack(client, client.frame())
    _, old = waited(wire, client)
    client.send(frame("SEND", "destination:/queue/a", body=b"new"))
    new = client.frame()
    client.send(settlement("NACK", "1.2", old), settlement("NACK", "1.2", new))
    wire.pass_time(1.05)
    assert client.bodies() == [b"new"]
    wire.pass_time(1)
    assert client.bodies() == [b"old"]


def test_what_a_consumer_leaves_behind_does_not_wait() -> None:
    wire = Wire(GROWING)
    client, heir = wire.connect(), wire.connect()
    client.send(subscribe(), frame("SEND", "destination:/queue/a", body=b"x"))
    client.leave()
    heir.send(subscribe())
    assert heir.bodies() == [b"x"]


def test_pauses_and_counts_outlive_the_broker() -> None:
    disk = Disk()
    wire = Wire(GROWING, store=PatientStore(disk, is_patient=False))
    client = wire.connect()
    client.send(subscribe(), frame("SEND", "destination:/queue/a", "persistent:true", body=b"x"))
    for _ in range(2):
        nack(client, waited(wire, client)[1])
    again = Wire(GROWING, store=PatientStore(disk, is_patient=False))
    client = again.connect()
    client.send(subscribe())
    seconds, heard = waited(again, client)
    assert seconds == pytest.approx(3, abs=0.11)  # due 3 s after the clock's start, which both share
    assert (heard.header("delivery-count"), heard.header("redelivered")) == ("3", "true")
    nack(client, heard)
    assert waited(again, client)[0] == pytest.approx(4, abs=0.11)


@pytest.mark.parametrize(
    ("config", "deliveries", "seconds"),
    [
        (QueueConfig(), 5, 0),
        (QueueConfig(redelivery_multiplier=2), 5, 0),
        (QueueConfig(redelivery_delay_seconds=3), 5, 3),
        (QueueConfig(redelivery_delay_seconds=3, redelivery_multiplier=2), 1, 3),
        (QueueConfig(redelivery_delay_seconds=3, redelivery_multiplier=2), 2, 6),
        (QueueConfig(redelivery_delay_seconds=3, redelivery_multiplier=1.5), 3, 6.75),
        (QueueConfig(redelivery_delay_seconds=3, redelivery_multiplier=1e300), 10**9, 3600),
        (QueueConfig(redelivery_delay_seconds=5000, redelivery_multiplier=2), 3, 5000),
        (QueueConfig(redelivery_delay_seconds=5, redelivery_multiplier=2, redelivery_most_seconds=0), 3, 5),
    ],
)
def test_how_long_a_pause_is(config: QueueConfig, deliveries: int, seconds: float) -> None:
    assert pause(config, deliveries) == pytest.approx(seconds)


def test_a_pause_that_shrinks_is_refused() -> None:
    with pytest.raises(ConfigError, match="redelivery_multiplier must be at least 1"):
        QueueConfig(redelivery_multiplier=0.5)
    with pytest.raises(ConfigError, match="redelivery_most_seconds"):
        QueueConfig(redelivery_most_seconds=-1)


def test_dead_letters_say_what_they_were_and_who_forges_that_is_not_heard() -> None:
    disk = Disk()
    wire = Wire(store=PatientStore(disk, is_patient=False), epoch="e")
    client = wire.connect()
    client.send(
        subscribe(),
        frame(
            "SEND",
            "destination:/queue/a",
            "persistent:true",
            "priority:7",
            "x:y",
            "original-message-id:forged",
            "original-destination:forged",
            "dead-letter-reason:forged",
            body=b"x",
        ),
    )
    message = client.frame()
    assert not [value for _, value in message.headers if value == "forged"]
    nack(client, message, "requeue:false")
    assert isinstance(wire.broker.engine, LocalEngine)
    wire.broker.engine.flush()
    again = Wire(store=PatientStore(disk, is_patient=False))
    client = again.connect()
    client.send(subscribe("/queue/dead-letters"))
    dead = client.frame()
    assert [value for _, value in dead.headers if value == "forged"] == []
    assert dead.header("original-message-id") == message.header("message-id")
    assert dead.header("original-destination") == "/queue/a"
    assert dead.header("dead-letter-reason") == "rejected"
    assert (dead.header("x"), dead.header("priority"), dead.header("persistent")) == ("y", "7", "true")
    assert dead.header("message-id") != message.header("message-id")


def test_a_value_that_is_retained_can_be_a_dead_letter(wire: Wire) -> None:
    """retain means nothing to the queue of dead letters, and is no reason to refuse one."""
    client = wire.connect()
    client.send(subscribe("/topic/a"), frame("SEND", "destination:/topic/a", "retain:set", body=b"x"))
    nack(client, client.frame(), "requeue:false")
    client.send(subscribe("/queue/dead-letters", "dead"))
    assert client.frame().header("original-destination") == "/topic/a"


def test_what_had_a_receipt_becomes_a_dead_letter_even_where_those_have_no_room() -> None:
    disk = Disk()
    full = BrokerConfig(queues={"/queue/dead-letters": QueueConfig(messages=1)})
    wire = Wire(full, store=PatientStore(disk, is_patient=False))
    client = wire.connect()
    client.send(subscribe())
    for body in (b"1", b"2", b"3"):
        client.send(frame("SEND", "destination:/queue/a", "persistent:true", "receipt:r", body=body))
    for heard in [heard for heard in client.frames() if heard.command == "MESSAGE"]:
        nack(client, heard, "requeue:false")
    assert disk.bodies("/queue/dead-letters") == [b"1", b"2", b"3"]
    assert disk.bodies("/queue/a") == []
    assert (wire.broker.stats.messages_dead_lettered, wire.broker.stats.messages_dropped) == (3, 0)


@pytest.mark.parametrize(
    "config", [QueueConfig(messages=3), QueueConfig(bytes=3 * (len("\ndestination:/queue/a") + 100))]
)
def test_what_waits_for_its_next_attempt_takes_room_in_its_queue(config: QueueConfig) -> None:
    wire = Wire(BrokerConfig(queue=replace(config, overflow=Overflow.REFUSE, redelivery_delay_seconds=9.0)))
    client, sender = wire.connect(), wire.connect("1.2", "hoofbeat-soft-errors:true")
    client.send(subscribe())
    sender.send(*[frame("SEND", "destination:/queue/a", body=b"x" * 100)] * 3)
    for heard in client.frames():
        nack(client, heard)
    sender.send(frame("SEND", "destination:/queue/a", body=b"y"))
    assert sender.frame().header("message") == "/queue/a is full"
    wire.pass_time(10.0)
    assert len(client.bodies()) == 3
    sender.send(frame("SEND", "destination:/queue/a", body=b"y"))
    assert client.bodies() == [b"y"]


@pytest.mark.parametrize(
    ("settings", "most"),
    [
        (QueueConfig(redelivery_delay_seconds=1.0, redelivery_most_seconds=5.0), 5),
        (QueueConfig(redelivery_delay_seconds=8.0, redelivery_most_seconds=5.0), 8),
    ],
)
def test_a_clock_that_was_set_back_over_a_restart_makes_no_pause_longer_than_the_longest(
    settings: QueueConfig, most: float
) -> None:
    disk, config = Disk(), BrokerConfig(queue=settings)
    wire = Wire(config, store=PatientStore(disk, is_patient=False))
    wire.pass_time(86_400)
    client = wire.connect()
    client.send(subscribe(), frame("SEND", "destination:/queue/a", "persistent:true", body=b"x"))
    nack(client, client.frame())
    again = Wire(config, store=PatientStore(disk, is_patient=False))  # whose clock is a day behind
    client = again.connect()
    client.send(subscribe())
    assert waited(again, client)[0] == pytest.approx(most, abs=0.11)
