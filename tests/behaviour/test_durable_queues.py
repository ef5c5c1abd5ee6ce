"""Durable queues: receipts wait for the store, deliveries do not; what was safe is there after a restart."""

import pytest

from hoofbeat.config import BrokerConfig, QueueConfig
from tests.conformance.wire import Client, Heard, Wire, frame, settlement
from tests.patient_store import Disk, PatientStore


def send(body: bytes, *headers: str, to: str = "/queue/a") -> bytes:
    return frame("SEND", f"destination:{to}", "persistent:true", *headers, body=body)


def subscribe(ack: str = "client-individual", *headers: str, of: str = "/queue/a", id: str = "0") -> bytes:
    return frame("SUBSCRIBE", f"id:{id}", f"destination:{of}", f"ack:{ack}", *headers)


def begin(
    disk: Disk, config: BrokerConfig | None = None, *, is_patient: bool = False
) -> tuple[Wire, PatientStore]:
    """Start a broker on a disk."""
    store = PatientStore(disk, is_patient=is_patient)
    return Wire(config, store=store), store


def receipts(client: Client) -> list[str]:
    return [heard.header("receipt-id") for heard in client.frames() if heard.command == "RECEIPT"]


def consume(disk: Disk, *headers: str, of: str = "/queue/a") -> list[Heard]:
    """Start a broker on a disk, and see what a consumer gets."""
    wire, _ = begin(disk)
    client = wire.connect()
    client.send(subscribe("auto", *headers, of=of))
    return client.frames()


@pytest.fixture
def disk() -> Disk:
    return Disk()


def test_the_receipt_of_a_persistent_message_waits_for_the_store(disk: Disk) -> None:
    wire, store = begin(disk, is_patient=True)
    client = wire.connect()
    client.send(send(b"1", "receipt:1"))
    assert receipts(client) == []
    store.settle()
    wire.flush()
    assert receipts(client) == ["1"]
    assert disk.bodies("/queue/a") == [b"1"]


def test_deliveries_and_other_receipts_do_not_wait(disk: Disk) -> None:
    wire, _ = begin(disk, is_patient=True)
    client, consumer = wire.connect(), wire.connect()
    consumer.send(subscribe())
    client.send(
        send(b"1", "receipt:1"),
        frame("SEND", "destination:/queue/a", "receipt:2", body=b"2"),
        frame("SEND", "destination:/topic/a", "persistent:true", "receipt:3", body=b"3"),
    )
    assert consumer.bodies() == [b"1", b"2"]
    assert receipts(client) == ["2", "3"]


def test_without_a_store_nothing_waits(wire: Wire) -> None:
    client = wire.connect()
    client.send(send(b"1", "receipt:1"), frame("DISCONNECT", "receipt:2"))
    assert receipts(client) == ["1", "2"]


@pytest.mark.parametrize("ack", ["auto", "client-individual"])
def test_what_is_done_with_in_one_turn_never_reaches_the_store(disk: Disk, ack: str) -> None:
    wire, store = begin(disk, is_patient=True)
    client = wire.connect()
    client.send(
        subscribe(ack), send(b"1", "receipt:1"), frame("ACK", "id:1-1", "receipt:2")[: 99 * (ack != "auto")]
    )
    assert store.writes == []
    assert receipts(client) == (["1"] if ack == "auto" else ["1", "2"])


def test_one_turn_is_one_write(disk: Disk) -> None:
    wire, store = begin(disk, is_patient=True)
    first, second = wire.connect(), wire.connect()
    for client in (first, second):
        client._connection.received(send(b"1") + send(b"2", to="/queue/b"), wire.now())
    wire.flush()
    assert len(store.writes) == 1


def test_what_comes_while_enough_is_on_its_way_is_written_together_later(disk: Disk) -> None:
    wire, store = begin(disk, is_patient=True)
    client, consumer = wire.connect(), wire.connect()
    for number in range(5):
        client.send(send(b"%d" % number, f"receipt:{number}"))
    assert len(store.writes) == 2
    consumer.send(subscribe())
    consumer.send(*[settlement("ACK", "1.2", heard) for heard in consumer.frames()[3:]])
    store.settle()
    wire.flush()
    assert len(store.writes) == 3
    assert [len(change.messages) for change in store.writes[2]] == [1]
    assert receipts(client) == ["0", "1", "2", "3", "4"]
    assert disk.bodies("/queue/a") == [b"0", b"1", b"2"]


def test_what_is_safe_is_there_after_a_restart_with_all_it_had(disk: Disk) -> None:
    wire, _ = begin(disk)
    client = wire.connect()
    client.send(send(b"a\0b", "content-length:3", "x:y\\cz", "priority:7", "content-type:a/b"), send(b"2"))
    client.send(subscribe("client", "prefetch-count:1"))
    first = next(heard for heard in client.frames() if heard.command == "MESSAGE")
    wire.broker.drain(wire.now())
    wire.broker.engine.close()
    again = consume(disk)
    assert [heard.body for heard in again] == [b"a\0b", b"2"]
    assert again[0].header("message-id") == first.header("message-id")
    kept = [pair for pair in first.headers if pair[0] not in {"ack", "redelivered"}]
    assert [pair for pair in again[0].headers if pair in kept] == kept
    assert again[0].header("x") == "y\\cz"


def test_after_a_clean_stop_nothing_is_redelivered_that_was_not_delivered(disk: Disk) -> None:
    wire, _ = begin(disk)
    wire.connect().send(send(b"1"))
    wire.broker.engine.close()
    (heard,) = consume(disk)
    assert heard.header("redelivered") == "false"


def test_after_an_unclean_stop_everything_may_have_been(disk: Disk) -> None:
    wire, _ = begin(disk)
    wire.connect().send(send(b"1"))
    wire, _ = begin(disk)
    client = wire.connect()
    client.send(subscribe("auto"), send(b"2"))
    assert [(heard.body, heard.header("redelivered")) for heard in client.frames()] == [
        (b"1", "true"),
        (b"2", "false"),
    ]


def test_numbers_and_ids_are_not_used_again(disk: Disk) -> None:
    ids = []
    for epoch in ("a", "b"):
        wire = Wire(store=PatientStore(disk, is_patient=False), epoch=epoch)
        wire.connect().send(send(b"1"))
    wire, _ = begin(disk)
    client = wire.connect()
    client.send(subscribe("auto"))
    ids = [heard.header("message-id") for heard in client.frames()]
    assert ids == ["a-1", "b-2"]


def test_what_is_acknowledged_does_not_come_back(disk: Disk) -> None:
    wire, _ = begin(disk)
    client = wire.connect()
    client.send(subscribe(), send(b"1"), send(b"2"))
    first, _ = client.frames()
    client.send(settlement("ACK", "1.2", first))
    assert [heard.body for heard in consume(disk)] == [b"2"]


def test_the_receipt_of_an_ack_waits_for_the_store(disk: Disk) -> None:
    wire, store = begin(disk, is_patient=True)
    client = wire.connect()
    client.send(subscribe(), send(b"1"), frame("SEND", "destination:/queue/a", body=b"2"))
    first, second = client.frames()
    client.send(settlement("ACK", "1.2", first, "receipt:1"))
    client.send(settlement("ACK", "1.2", second, "receipt:2"))
    assert receipts(client) == ["2"]
    store.settle()
    wire.flush()
    assert receipts(client) == ["1"]


def test_how_often_it_was_delivered_outlives_a_restart(disk: Disk) -> None:
    wire, _ = begin(disk)
    client = wire.connect()
    client.send(subscribe(), send(b"1"))
    client.send(settlement("NACK", "1.2", client.frame()))
    assert disk.deliveries("/queue/a") == [1]
    client.leave()
    assert disk.deliveries("/queue/a") == [2]
    (heard,) = consume(disk)
    assert heard.header("delivery-count") == "3"


def test_the_receipt_of_disconnect_waits_for_all_before_it(disk: Disk) -> None:
    wire, store = begin(disk, is_patient=True)
    client = wire.connect()
    client.send(subscribe(), send(b"1", "receipt:1"), frame("DISCONNECT", "receipt:2"), send(b"2"))
    assert client.bodies() == [b"1"]
    assert not client.closed
    store.settle()
    wire.flush()
    assert receipts(client) == ["1", "2"]
    assert client.closed
    store.settle()
    assert disk.bodies("/queue/a") == [b"1"]


def test_who_leaves_before_that_is_answered_nothing(disk: Disk) -> None:
    wire, store = begin(disk, is_patient=True)
    client = wire.connect()
    client.send(send(b"1", "receipt:1"), frame("DISCONNECT", "receipt:2"))
    client.leave()
    store.settle()
    wire.flush()
    assert client.frames() == []
    assert wire.broker.sessions == {}


def test_a_dead_letter_and_the_end_of_its_original_are_one_write(disk: Disk) -> None:
    wire, store = begin(disk, BrokerConfig(queue=QueueConfig(redeliveries=0)))
    client = wire.connect()
    client.send(subscribe(), send(b"1"), send(b"2"))
    first, second = client.frames()
    client.send(settlement("NACK", "1.2", first), settlement("NACK", "1.2", second, "requeue:false"))
    assert len(store.writes) == 2
    assert disk.bodies("/queue/a") == []
    (heard, other) = consume(disk, of="/queue/dead-letters")
    assert [heard.header("dead-letter-reason"), other.header("dead-letter-reason")] == [
        "redelivered too often",
        "rejected",
    ]
    assert heard.header("original-destination") == "/queue/a"


def test_what_expires_leaves_the_store(disk: Disk) -> None:
    wire, _ = begin(disk, BrokerConfig(queue=QueueConfig(dead_letter_destination="")))
    wire.connect().send(send(b"1", "ttl:1000"), send(b"2"))
    wire.pass_time(3.0)
    assert disk.bodies("/queue/a") == [b"2"]


def test_what_is_to_wait_after_a_nack_waits_over_a_restart(disk: Disk) -> None:
    config = BrokerConfig(queue=QueueConfig(redelivery_delay_seconds=60.0))
    wire, _ = begin(disk, config)
    client = wire.connect()
    client.send(subscribe(), send(b"1"), send(b"2"))
    client.send(settlement("NACK", "1.2", client.frames()[0]))
    wire, _ = begin(disk, config)
    client = wire.connect()
    client.send(subscribe("auto"))
    assert client.bodies() == [b"2"]
    wire.pass_time(61.0)
    assert client.bodies() == [b"1"]


def test_a_queue_that_is_not_durable_keeps_nothing(disk: Disk) -> None:
    config = BrokerConfig(queues={"/queue/fast.*": QueueConfig(durable=False)})
    wire, store = begin(disk, config, is_patient=True)
    client = wire.connect()
    client.send(send(b"1", "receipt:1", to="/queue/fast.a"))
    assert receipts(client) == ["1"]
    assert store.writes == []


def test_a_transaction_is_one_write_across_queues(disk: Disk) -> None:
    wire, store = begin(disk, is_patient=True)
    client = wire.connect()
    client.send(send(b"0"), subscribe())
    held = client.frame()
    store.settle()
    client.send(
        send(b"before"),
        frame("BEGIN", "transaction:t"),
        send(b"1", "transaction:t", to="/queue/b"),
        send(b"2", "transaction:t", to="/queue/c"),
        settlement("ACK", "1.2", held, "transaction:t"),
        frame("COMMIT", "transaction:t", "receipt:t"),
        send(b"after"),
    )
    assert [len(write) for write in store.writes[1:]] == [1, 3]
    store.settle(1)
    assert (disk.bodies("/queue/a"), disk.bodies("/queue/b")) == ([b"0", b"before"], [])
    wire.flush()
    assert receipts(client) == []
    store.settle(1)
    assert [disk.bodies(f"/queue/{name}") for name in "abc"] == [[b"before"], [b"1"], [b"2"]]
    wire.flush()
    assert receipts(client) == ["t"]


def test_a_transaction_that_keeps_nothing_does_not_wait(disk: Disk) -> None:
    wire, _ = begin(disk, is_patient=True)
    client = wire.connect()
    client.send(
        send(b"before"),
        frame("BEGIN", "transaction:t"),
        frame("SEND", "destination:/queue/b", "transaction:t", body=b"1"),
        frame("COMMIT", "transaction:t", "receipt:t"),
    )
    assert receipts(client) == ["t"]


def test_the_end_of_a_broker_takes_back_what_was_in_somebodys_hands(disk: Disk) -> None:
    wire, _ = begin(disk)
    client = wire.connect()
    client.send(subscribe(), send(b"1"))
    assert client.bodies() == [b"1"]
    wire.broker.close(wire.now())
    assert wire.broker.sessions == {}
    assert disk.is_clean
    (heard,) = consume(disk)
    assert heard.header("delivery-count") == "2"


def test_what_comes_after_the_end_is_not_kept(disk: Disk) -> None:
    wire, store = begin(disk)
    client = wire.connect()
    for _ in range(2):
        wire.broker.close(wire.now())
    wire.connect().send(send(b"1", "receipt:1"))
    assert store.writes == []
    assert client.frames() == []


def test_a_broker_without_a_store_ends_in_peace(wire: Wire) -> None:
    wire.connect().send(send(b"1"))
    wire.broker.close(wire.now())
    assert wire.broker.sessions == {}


@pytest.mark.parametrize("is_transaction", [True, False])
def test_who_outruns_the_disk_is_held_until_it_has_caught_up(disk: Disk, is_transaction: bool) -> None:
    wire, store = begin(disk, is_patient=True)
    client, other = wire.connect(), wire.connect()
    client.send(subscribe())  # it holds some of what it sends: that is no way round
    for number in range(40):
        transaction = ["transaction:t"] if is_transaction else []
        client.send(
            frame("BEGIN", "transaction:t") if is_transaction else b"",
            send(b"%d" % number + b"x" * 500_000, *transaction),
            frame("COMMIT", "transaction:t") if is_transaction else b"",
        )
    other.send(frame("SEND", "destination:/queue/a", "receipt:1", body=b"x"))
    assert len(store.disk.bodies("/queue/a")) == 0
    assert wire.broker.stats.messages_received < 20
    while store.on_the_way:
        store.settle()
        wire.flush()
    assert len(store.disk.bodies("/queue/a")) == 40
    assert "1" in receipts(other)


def test_who_was_held_for_long_goes_on(disk: Disk) -> None:
    wire, _ = begin(disk, is_patient=True)
    client = wire.connect()
    for number in range(40):
        client.send(send(b"%d" % number + b"x" * 500_000))
    before = wire.broker.stats.messages_received
    wire.pass_time(10.1)
    assert before < 40
    assert before < wire.broker.stats.messages_received
    assert not client.closed


def test_after_a_write_the_next_leaves_others_their_time() -> None:
    """And none waits for longer than it has to, whether or not anything else happens."""
    store = PatientStore()
    wire = Wire(store=store)
    sender = wire.connect()
    passing = frame("SEND", "destination:/topic/a") * 40
    kept = send(b"", "receipt:kept")
    sender.send(passing, kept)
    wire.pass_time(0.002)
    store.settle()
    wire.flush()
    assert receipts(sender) == ["kept"]
    for _ in range(3):
        sender.send(passing, kept)
        wire.pass_time(0.001)
    assert (store.on_the_way, len(store.writes)) == (0, 1)
    wire.pass_time(0.025)
    assert (store.on_the_way, len(store.writes)) == (1, 2)
    store.settle()
    wire.flush()
    assert len(receipts(sender)) == 3
