"""A disk that is full: senders are told, consumers go on, and nothing that was safe is lost."""

import pytest

from hoofbeat.config import BrokerConfig, QueueConfig
from tests.conformance.wire import Client, Wire, frame, settlement
from tests.patient_store import Disk, PatientStore

SOFT = "hoofbeat-soft-errors:true"


def send(body: bytes, *headers: str, to: str = "/queue/a") -> bytes:
    return frame("SEND", f"destination:{to}", "persistent:true", *headers, body=body)


def subscribe(ack: str = "client-individual", *headers: str, of: str = "/queue/a") -> bytes:
    return frame("SUBSCRIBE", f"id:{of}", f"destination:{of}", f"ack:{ack}", *headers)


def answers(client: Client) -> list[str]:
    """Return what was answered: receipt ids, those of refused frames with a mark of their own."""
    marks = {"RECEIPT": "", "ERROR": "!"}
    heard = [each for each in client.frames() if each.command in marks]
    return [marks[each.command] + each.header("receipt-id") for each in heard]


@pytest.fixture
def disk() -> Disk:
    return Disk()


@pytest.fixture
def store(disk: Disk) -> PatientStore:
    return PatientStore(disk, is_patient=False)


def restart(disk: Disk) -> Client:
    return Wire(store=PatientStore(disk, is_patient=False)).connect()


def test_a_sender_is_told_and_its_message_is_delivered_to_nobody(disk: Disk, store: PatientStore) -> None:
    wire = Wire(store=store)
    client, consumer = wire.connect("1.2", SOFT), wire.connect()
    store.is_full = True
    client.send(send(b"1", "receipt:1"), frame("SEND", "destination:/queue/a", "receipt:2", body=b"2"))
    refused = next(heard for heard in client.frames() if heard.command == "ERROR")
    assert refused.header("message") == "disk is full"
    consumer.send(subscribe("auto"))
    assert consumer.bodies() == [b"2"]


def test_there_is_no_error_where_nobody_asked_for_a_receipt_but_the_session_ends(store: PatientStore) -> None:
    wire = Wire(store=store)
    client = wire.connect()
    store.is_full = True
    client.send(send(b"1"))
    assert client.refusal().header("message") == "disk is full"


def test_when_there_is_room_again_all_goes_on(disk: Disk, store: PatientStore) -> None:
    wire = Wire(store=store)
    client = wire.connect("1.2", SOFT)
    store.is_full = True
    client.send(send(b"1", "receipt:1"))
    store.is_full = False
    client.send(send(b"2", "receipt:2"))
    assert answers(client) == ["!1", "2"]
    assert disk.bodies("/queue/a") == [b"2"]


def test_what_is_in_somebodys_hands_already_stays_there(disk: Disk, store: PatientStore) -> None:
    wire = Wire(store=store)
    client, consumer = wire.connect("1.2", SOFT), wire.connect()
    consumer.send(subscribe())
    store.is_full = True
    client.send(send(b"1", "receipt:1"))
    (heard,) = consumer.frames()
    store.is_full = False
    consumer.send(settlement("NACK", "1.2", heard))
    (again,) = consumer.frames()
    assert (again.body, again.header("delivery-count")) == (b"1", "2")
    assert store.writes[1:] == []
    consumer.send(settlement("ACK", "1.2", again))
    assert store.writes[1:] == []
    assert wire.broker.engine._queues.by_name["/queue/a"]._unkept == set()


def test_what_waits_after_a_nack_stays_too(store: PatientStore) -> None:
    store.is_patient = True
    wire = Wire(BrokerConfig(queue=QueueConfig(redelivery_delay_seconds=5.0)), store=store)
    client, consumer = wire.connect("1.2", SOFT), wire.connect()
    consumer.send(subscribe())
    client.send(send(b"1"))
    consumer.send(settlement("NACK", "1.2", consumer.frame()))
    store.is_full = True
    store.settle()
    wire.pass_time(6.0)
    assert consumer.bodies() == [b"1"]


def test_acknowledgements_are_tried_again_until_there_is_room(disk: Disk, store: PatientStore) -> None:
    wire = Wire(store=store)
    client, consumer = wire.connect("1.2", SOFT), wire.connect()
    client.send(send(b"1"), send(b"2"))
    consumer.send(subscribe())
    first, second = consumer.frames()
    store.is_stuffed = True
    consumer.send(settlement("ACK", "1.2", first, "receipt:1"))
    client.send(send(b"3", "receipt:3"))
    assert (answers(consumer), answers(client)) == ([], ["!3"])
    wire.pass_time(5.0)
    assert len(store.writes) < 12
    store.is_stuffed = False
    wire.pass_time(1.1)
    assert answers(consumer) == ["1"]
    assert disk.bodies("/queue/a") == [b"2"]
    consumer.send(settlement("ACK", "1.2", second, "receipt:2"))
    assert answers(consumer) == ["2"]


def test_who_acknowledges_need_not_wait_for_who_sends(disk: Disk, store: PatientStore) -> None:
    wire = Wire(store=store)
    client, consumer = wire.connect("1.2", SOFT), wire.connect()
    client.send(send(b"1"))
    consumer.send(subscribe("client-individual", "prefetch-count:1"))
    heard = consumer.frame()
    store.is_full = True
    client.send(send(b"2", "receipt:2"))
    client._connection.received(send(b"3", "receipt:3"), wire.now())
    consumer.send(settlement("ACK", "1.2", heard, "receipt:1"))
    assert answers(client) == ["!2", "!3"]
    assert "1" in answers(consumer)
    assert disk.bodies("/queue/a") == []


def test_a_dead_letter_is_owed_until_there_is_room(disk: Disk, store: PatientStore) -> None:
    wire = Wire(store=store)
    client = wire.connect()
    client.send(send(b"1"), subscribe())
    heard = client.frame()
    store.is_full = True
    client.send(settlement("NACK", "1.2", heard, "requeue:false"))
    assert disk.bodies("/queue/a") == [b"1"]
    store.is_full = False
    wire.pass_time(1.1)
    assert (disk.bodies("/queue/a"), disk.bodies("/queue/dead-letters")) == ([], [b"1"])


def test_a_dead_letter_that_is_taken_meanwhile_does_not_come_back(disk: Disk, store: PatientStore) -> None:
    wire = Wire(store=store)
    client, undertaker = wire.connect(), wire.connect()
    client.send(send(b"1"), subscribe())
    heard = client.frame()
    store.is_full = True
    client.send(settlement("NACK", "1.2", heard, "requeue:false"))
    undertaker.send(subscribe("auto", of="/queue/dead-letters"))
    assert undertaker.bodies() == [b"1"]
    store.is_full = False
    wire.pass_time(1.1)
    assert [disk.bodies(name) for name in disk.queues] == [[]]


def test_nothing_of_a_transaction_is_done_where_it_has_no_room(disk: Disk, store: PatientStore) -> None:
    wire = Wire(store=store)
    client, consumer = wire.connect("1.2", SOFT), wire.connect()
    client.send(
        send(b"1"),
        send(b"2"),
        frame("SEND", "destination:/queue/a", body=b"3"),
        send(b"4"),
        subscribe(),
    )
    held = client.frames()
    store.is_full = True
    client.send(
        frame("BEGIN", "transaction:t"),
        send(b"new", "transaction:t"),
        send(b"other", "transaction:t", to="/queue/b"),
        settlement("ACK", "1.2", held[0], "transaction:t"),
        settlement("NACK", "1.2", held[1], "transaction:t", "requeue:false"),
        settlement("ACK", "1.2", held[2], "transaction:t"),
        settlement("NACK", "1.2", held[3], "transaction:t"),
        frame("COMMIT", "transaction:t", "receipt:t"),
    )
    assert "!t" in answers(client)
    assert disk.bodies("/queue/a") == [b"1", b"2", b"4"]
    client.leave()
    consumer.send(subscribe(), subscribe(of="/queue/b"), subscribe(of="/queue/dead-letters"))
    heard = consumer.frames()
    assert sorted(each.body for each in heard if each.header("redelivered") == "true") == [
        b"1",
        b"2",
        b"3",
        b"4",
        *[each.body for each in heard if each.body == b"new"],
    ]
    assert b"other" not in [each.body for each in heard]
    assert {each.header("destination") for each in heard} == {"/queue/a"}


def test_what_would_be_on_disk_only_stays_in_memory(disk: Disk, store: PatientStore) -> None:
    wire = Wire(BrokerConfig(queue=QueueConfig(window_messages=2)), store=store)
    client, consumer = wire.connect("1.2", SOFT), wire.connect()
    store.is_full = True
    client.send(*[frame("SEND", "destination:/queue/a", body=b"%d" % number) for number in range(6)])
    client.send(*[send(b"x", f"receipt:{number}") for number in range(3)])
    assert answers(client) == ["!0", "!1", "!2"]
    consumer.send(subscribe("auto"))
    assert consumer.bodies() == [b"0", b"1", b"2", b"3", b"4", b"5"]


def test_a_refusal_that_comes_late_finds_nothing_to_take_out(disk: Disk, store: PatientStore) -> None:
    store.is_patient = True
    wire = Wire(store=store)
    client, consumer = wire.connect("1.2", SOFT), wire.connect()
    client.send(send(b"1", "receipt:1"), frame("BEGIN", "transaction:t"))
    consumer.send(subscribe("auto"))
    assert consumer.bodies() == [b"1"]
    consumer.leave()
    store.is_full = True
    store.settle()
    wire.flush()
    assert answers(client) == ["!1"]
    assert wire.broker.engine._queues.by_name == {}
