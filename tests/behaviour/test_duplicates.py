"""Deduplication: what is sent again under an id that is known is confirmed and dropped, never lost."""

import pytest

from hoofbeat.config import BrokerConfig, DuplicatesConfig, LimitsConfig, QueueConfig
from hoofbeat.engines.local.engine import LocalEngine
from hoofbeat.errors import ConfigError
from tests.conformance.wire import Client, Wire, frame
from tests.patient_store import Disk, PatientStore


def send(id: str, *headers: str, to: str = "/queue/a", body: bytes = b"") -> bytes:
    return frame("SEND", f"destination:{to}", f"duplicate-id:{id}", *headers, body=body or id.encode())


def subscribe(of: str = "/queue/a", id: str = "0") -> bytes:
    return frame("SUBSCRIBE", f"id:{id}", f"destination:{of}")


def receipts(client: Client) -> list[str]:
    return [heard.header("receipt-id") for heard in client.frames() if heard.command == "RECEIPT"]


def drained(wire: Wire, of: str = "/queue/a") -> list[bytes]:
    client = wire.connect()
    client.send(subscribe(of))
    bodies = client.bodies()
    client.leave()
    return bodies


@pytest.fixture
def disk() -> Disk:
    return Disk()


@pytest.mark.parametrize("to", ["/queue/a", "/topic/a"])
@pytest.mark.parametrize("name", ["duplicate-id", "_AMQ_DUPL_ID"])
def test_what_is_sent_again_is_confirmed_and_dropped(wire: Wire, to: str, name: str) -> None:
    client, reader = wire.connect(), wire.connect()
    reader.send(subscribe(to))
    for receipt in "12":
        client.send(frame("SEND", f"destination:{to}", f"{name}:x", f"receipt:{receipt}", body=b"x"))
    assert receipts(client) == ["1", "2"]
    heard = reader.frame()
    assert (heard.body, heard.header(name)) == (b"x", "x")
    assert wire.broker.stats.messages_duplicated == 1


def test_in_one_run_too_in_order_and_with_a_receipt_for_each(wire: Wire) -> None:
    client = wire.connect()
    client.send(
        send("1", "receipt:1"),
        send("1", "receipt:2"),
        send("2"),
        send("1", "receipt:3"),
        send("3", "receipt:4"),
        frame("SEND", "destination:/queue/a", body=b"plain"),
        frame("SEND", "destination:/queue/a", "duplicate-id:", body=b"empty"),
    )
    client.send(send("3", "receipt:5"), send("2", "receipt:6"))
    assert receipts(client) == ["1", "2", "3", "4", "5", "6"]
    assert drained(wire) == [b"1", b"2", b"3", b"plain", b"empty"]


def test_plain_messages_do_not_join_a_run_with_ids(wire: Wire) -> None:
    """The second has headers of which it is known that none is meant for the broker."""
    client = wire.connect()
    client.send(frame("SEND", "destination:/queue/a", "a:0", body=b"0"))
    client.send(
        send("1"),
        frame("SEND", "destination:/queue/a", "a:1", body=b"2"),
        frame("SEND", "destination:/queue/a", "a:2", body=b"3"),
    )
    assert drained(wire) == [b"0", b"1", b"2", b"3"]


def test_ids_of_different_destinations_are_different(wire: Wire) -> None:
    client = wire.connect()
    client.send(send("x"), send("x", to="/queue/b"), send("x"))
    assert (drained(wire), drained(wire, "/queue/b")) == ([b"x"], [b"x"])


def test_the_window_ends_after_so_many_ids_of_a_destination() -> None:
    wire = Wire(BrokerConfig(duplicates=DuplicatesConfig(ids=2)))
    client = wire.connect()
    for id in "121321":
        client.send(send(id))
    assert drained(wire) == [b"1", b"2", b"3", b"1"]


def test_the_window_ends_after_so_many_ids_of_all() -> None:
    wire = Wire(BrokerConfig(duplicates=DuplicatesConfig(all_ids=2)))
    client = wire.connect()
    client.send(send("1"), send("1", to="/queue/b"), send("2", to="/queue/b"))
    client.send(send("1"), send("2", to="/queue/b"))
    assert (drained(wire), drained(wire, "/queue/b")) == ([b"1", b"1"], [b"1", b"2"])


def test_the_window_ends_after_so_long() -> None:
    wire = Wire(BrokerConfig(duplicates=DuplicatesConfig(seconds=10)))
    client = wire.connect()
    client.send(send("1"))
    wire.pass_time(9.9)
    client.send(send("1"))
    wire.pass_time(0.2)
    client.send(send("1"), send("1"))
    assert drained(wire) == [b"1", b"1"]


def test_a_flood_of_ids_takes_no_more_memory_than_its_window() -> None:
    wire = Wire(BrokerConfig(duplicates=DuplicatesConfig(ids=10)))
    client = wire.connect()
    client.send(*[send(str(number), to="/topic/a") for number in range(1000)])
    assert isinstance(wire.broker.engine, LocalEngine)
    duplicates = wire.broker.engine._duplicates
    assert len(duplicates._order) < 100
    assert duplicates._pending == {}


def test_it_can_be_turned_off() -> None:
    wire = Wire(BrokerConfig(duplicates=DuplicatesConfig(ids=0)))
    client = wire.connect()
    client.send(send("1"), send("1"))
    client.send(frame("BEGIN", "transaction:t"), send("1", "transaction:t"), frame("COMMIT", "transaction:t"))
    assert drained(wire) == [b"1"] * 3
    with pytest.raises(ConfigError, match="all_ids"):
        DuplicatesConfig(all_ids=0)


def test_an_id_may_have_256_letters(wire: Wire) -> None:
    client = wire.connect()
    client.send(send("x" * 256, "receipt:1"))
    assert receipts(client) == ["1"]
    client.send(send("x" * 257))
    assert "duplicate-id" in client.refusal().header("message")


def test_what_is_refused_can_be_sent_again() -> None:
    wire = Wire(BrokerConfig(queue=QueueConfig(messages=1), limits=LimitsConfig(hold_seconds=5)))
    client = wire.connect()
    client.send(send("1"), send("2", "receipt:2"))
    wire.pass_time(6)
    assert client.refusal().header("receipt-id") == "2"
    assert drained(wire) == [b"1"]
    client = wire.connect()
    client.send(send("2"), send("1"))
    assert drained(wire) == [b"2"]


@pytest.mark.parametrize("is_refused", [True, False])
def test_what_is_sent_again_waits_for_what_becomes_of_the_first(is_refused: bool) -> None:
    wire = Wire(BrokerConfig(queue=QueueConfig(messages=1), limits=LimitsConfig(hold_seconds=5)))
    first, second = wire.connect(), wire.connect()
    first.send(send("1"), send("2", "receipt:2"))
    second.send(send("2", "receipt:3"))
    assert receipts(second) == []
    if is_refused:
        wire.pass_time(6)
        assert first.refusal().header("receipt-id") == "2"
        assert second.refusal().header("receipt-id") == "3"
    else:
        assert drained(wire) == [b"1", b"2"]
        assert (receipts(first), receipts(second)) == (["2"], ["3"])


def test_in_a_transaction(wire: Wire) -> None:
    client = wire.connect()
    client.send(
        send("0"),
        frame("BEGIN", "transaction:t"),
        send("0", "transaction:t"),
        send("1", "transaction:t"),
        frame("SEND", "destination:/queue/a", "transaction:t", body=b"plain"),
        send("1", "transaction:t"),
        frame("COMMIT", "transaction:t"),
        send("1"),
    )
    assert drained(wire) == [b"0", b"1", b"plain"]
    assert wire.broker.stats.messages_duplicated == 3


def test_a_transaction_that_is_refused_can_be_sent_again() -> None:
    wire = Wire(BrokerConfig(queue=QueueConfig(messages=1)))
    full, other = send("1"), send("2", "transaction:t", to="/queue/b")
    transaction = (
        frame("BEGIN", "transaction:t"),
        send("3", "transaction:t"),
        other,
        frame("COMMIT", "transaction:t"),
    )
    client = wire.connect()
    client.send(full, *transaction)
    assert "full" in client.refusal().header("message")
    assert drained(wire) == [b"1"]
    client = wire.connect()
    client.send(*transaction)
    assert (drained(wire), drained(wire, "/queue/b")) == ([b"3"], [b"2"])


def test_a_scheduled_message_is_a_duplicate_when_it_is_sent_not_when_it_is_published(wire: Wire) -> None:
    client = wire.connect()
    repeated = ("AMQ_SCHEDULED_PERIOD:10000", "AMQ_SCHEDULED_REPEAT:2")
    client.send(subscribe(), send("1", *repeated), send("1", *repeated), send("1"))
    wire.pass_time(100)
    assert client.bodies() == [b"1"] * 3


# With a store.


def begin(
    disk: Disk, config: BrokerConfig | None = None, *, is_patient: bool = False
) -> tuple[Wire, PatientStore]:
    store = PatientStore(disk, is_patient=is_patient)
    return Wire(config, store=store), store


@pytest.mark.parametrize("headers", [(), ("delay:1",)])
@pytest.mark.parametrize("to", ["/queue/a", "/topic/a"])
def test_ids_of_persistent_messages_outlive_the_broker(disk: Disk, to: str, headers: tuple[str, ...]) -> None:
    wire, _ = begin(disk)
    client, reader = wire.connect(), wire.connect()
    reader.send(subscribe(to))
    client.send(send("1", "persistent:true", *headers, to=to), send("2", *headers, to=to))
    wire.pass_time(0.1)
    assert reader.bodies() == [b"1", b"2"]
    again, _ = begin(disk)
    client = again.connect()
    client.send(subscribe(to), send("1", "persistent:true", to=to), send("2", to=to))
    assert client.bodies() == [b"2"]


def test_an_id_is_safe_with_its_message(disk: Disk) -> None:
    wire, store = begin(disk, is_patient=True)
    client = wire.connect()
    client.send(send("1", "persistent:true", "receipt:1"))
    client.send(send("1", "persistent:true", "receipt:2"))
    assert receipts(client) == []
    assert len(store.writes) == 1
    store.settle()
    wire.flush()
    assert receipts(client) == ["1", "2"]
    assert (disk.bodies("/queue/a"), list(disk.ids)) == ([b"1"], [("/queue/a", "1")])


def test_an_id_is_not_kept_before_its_message_is(disk: Disk) -> None:
    """A broker that breaks off while the message still waits for room must take it in again."""
    config = BrokerConfig(queue=QueueConfig(messages=1))
    wire, _ = begin(disk, config)
    wire.connect().send(send("1", "persistent:true"), send("2", "persistent:true"))
    assert list(disk.ids) == [("/queue/a", "1")]


def test_what_the_disk_has_no_room_for_can_be_sent_again(disk: Disk) -> None:
    wire, store = begin(disk)
    store.is_full = True
    for transaction in ((), ("transaction:t",)):
        client = wire.connect()
        client.send(
            *([frame("BEGIN", "transaction:t")] if transaction else []),
            send("1", "persistent:true", *transaction),
            *([frame("COMMIT", "transaction:t")] if transaction else []),
        )
        assert client.refusal().header("message") == "disk is full"
    assert disk.ids == {}
    store.is_full = False
    client = wire.connect()
    client.send(send("1", "persistent:true", "receipt:1"))
    assert receipts(client) == ["1"]
    assert disk.bodies("/queue/a") == [b"1"]


def test_a_transaction_keeps_its_ids_with_its_messages(disk: Disk) -> None:
    wire, store = begin(disk)
    client = wire.connect()
    client.send(
        frame("BEGIN", "transaction:t"),
        send("1", "transaction:t", "persistent:true"),
        send("2", "transaction:t", "persistent:true", to="/topic/a"),
        frame("COMMIT", "transaction:t"),
    )
    assert len(store.writes) == 1
    assert list(disk.ids) == [("/queue/a", "1"), ("/topic/a", "2")]


def test_what_is_sent_twice_while_it_is_on_its_way_in_a_transaction_too_is_not_counted_on(disk: Disk) -> None:
    wire, store = begin(disk, is_patient=True)
    first, second = wire.connect(), wire.connect()
    first.send(send("1", "persistent:true"))
    second.send(
        frame("BEGIN", "transaction:t"),
        send("1", "transaction:t", "persistent:true"),
        frame("COMMIT", "transaction:t", "receipt:1"),
    )
    store.settle()
    wire.flush()
    assert receipts(second) == ["1"]
    assert disk.bodies("/queue/a") == [b"1", b"1"]


def test_the_store_knows_no_more_ids_than_the_window_has(disk: Disk) -> None:
    config = BrokerConfig(duplicates=DuplicatesConfig(ids=3))
    wire, store = begin(disk, config)
    client = wire.connect()
    client.send(*[send(str(number), "persistent:true") for number in range(10)])
    assert [id for _, id in disk.ids] == ["7", "8", "9"]
    store.is_full = True
    client.send(send("10", "persistent:true"))
    store.is_full = False
    wire.pass_time(5)
    assert [id for _, id in disk.ids] == ["7", "8", "9"]
    again, _ = begin(disk, BrokerConfig(duplicates=DuplicatesConfig(ids=1)))
    again.flush()
    assert [id for _, id in disk.ids] == ["9"]


def test_a_persistent_message_is_a_duplicate_only_of_one_that_is_kept(disk: Disk) -> None:
    wire, store = begin(disk, is_patient=True)
    client = wire.connect()
    client.send(send("1", "receipt:1"), send("1", "persistent:true", "receipt:2"))
    assert receipts(client) == ["1"]
    client.send(send("1", "persistent:true", "receipt:3"), send("1", "receipt:4"))
    store.settle()
    wire.flush()
    assert receipts(client) == ["2", "3", "4"]
    assert disk.bodies("/queue/a") == [b"1"]
    assert wire.broker.stats.messages_duplicated == 2
    again, _ = begin(disk)
    again.connect().send(send("1", "persistent:true"))
    assert disk.bodies("/queue/a") == [b"1"]


@pytest.mark.parametrize("is_refused", [True, False])
def test_a_persistent_message_waits_for_none_that_is_not_kept(disk: Disk, is_refused: bool) -> None:
    """Three of an id wait for room; each gets the answer of the one it is a duplicate of."""
    config = BrokerConfig(queue=QueueConfig(messages=1), limits=LimitsConfig(hold_seconds=5))
    wire, _ = begin(disk, config)
    first, second, third, fourth = [wire.connect("1.2", "hoofbeat-soft-errors:true") for _ in range(4)]
    first.send(send("0"), send("1", "receipt:first"))
    second.send(send("1", "persistent:true", "receipt:second"))
    third.send(send("1", "receipt:third"))
    if is_refused:
        wire.pass_time(6)
        assert [client.frame().command for client in (first, second, third)] == ["ERROR"] * 3
    else:
        assert drained(wire) == [b"0", b"1", b"1"]
        assert [receipts(client) for client in (first, second, third)] == [["first"], ["second"], ["third"]]
    fourth.send(send("1", "persistent:true", "receipt:fourth"))
    drained(wire)
    assert receipts(fourth) == ["fourth"]
    assert wire.broker.stats.messages_duplicated == (1 if is_refused else 2)


@pytest.mark.parametrize(
    ("kept", "bodies"), [((False, True, True, False), [b"0", b"1"]), ((True, False, True), [b"0"])]
)
def test_so_it_is_in_a_transaction(disk: Disk, kept: tuple[bool, ...], bodies: list[bytes]) -> None:
    wire, _ = begin(disk)
    client = wire.connect()
    client.send(frame("BEGIN", "transaction:t"))
    for number, is_kept in enumerate(kept):
        more = ("persistent:true",) if is_kept else ()
        client.send(send("1", "transaction:t", *more, body=b"%d" % number))
    client.send(frame("COMMIT", "transaction:t", "receipt:t"))
    assert receipts(client) == ["t"]
    assert len(disk.bodies("/queue/a")) == 1
    assert drained(wire) == bodies


def test_without_a_store_persistent_or_not_is_all_one(wire: Wire) -> None:
    wire.connect().send(send("1"), send("1", "persistent:true"), send("1"))
    assert drained(wire) == [b"1"]
