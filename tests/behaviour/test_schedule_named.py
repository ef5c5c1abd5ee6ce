"""``schedule-id``: what is scheduled under a name is replaced and ended by that name."""

import pytest

from hoofbeat.config import BrokerConfig, QueueConfig, ScheduleConfig
from tests.behaviour.scheduling import begin, end, engine, jobs, receipts, send, subscribe
from tests.conformance.wire import Client, Wire, frame
from tests.patient_store import Disk, PatientStore

EVERY_MINUTE = ("AMQ_SCHEDULED_PERIOD:60000", "AMQ_SCHEDULED_REPEAT:-1")
NAMED = (*EVERY_MINUTE, "schedule-id:tea")
KEPT = (*NAMED, "persistent:true")
SERIES = ("AMQ_SCHEDULED_CRON:* * * * *", "AMQ_SCHEDULED_PERIOD:20000", "AMQ_SCHEDULED_REPEAT:100")
REMOVE = ("AMQ_SCHEDULER_ACTION:REMOVE", "schedule-id:tea")


def bodies(wire: Wire) -> list[bytes]:
    """Return the bodies of what waits, in the order it was sent."""
    return [job.message.body for job in sorted(jobs(wire), key=lambda job: job.message.number)]


def drinker(wire: Wire) -> Client:
    client = wire.connect("1.2", "hoofbeat-soft-errors:true")
    client.send(subscribe())
    return client


def one_kept() -> tuple[Wire, PatientStore, Client]:
    """Return a broker whose store is patient and has one job, ``1``."""
    wire, store = begin(Disk(), is_patient=True)
    client = drinker(wire)
    client.send(send(b"1", *KEPT))
    store.settle()
    return wire, store, client


def have_room(wire: Wire, store: PatientStore) -> None:
    """Have the disk take all again, and what it refused be tried again until it is there."""
    store.is_full = store.is_stuffed = False
    for _ in range(3):
        wire.pass_time(1.1)
        store.settle()
        wire.flush()


def test_what_repeats_for_ever_can_be_ended(wire: Wire) -> None:
    client = drinker(wire)
    client.send(send(b"x", *NAMED, "receipt:1"))
    wire.pass_time(121)
    heard = client.frames()
    assert [each.body for each in heard] == [b"", b"x", b"x"]
    assert {name for each in heard for name, _ in each.headers} & {
        "schedule-id",
        "AMQ_SCHEDULER_ACTION",
    } == set()
    client.send(send(b"", *REMOVE, "receipt:2"))
    assert receipts(client) == ["2"]
    wire.pass_time(600)
    assert (client.frames(), jobs(wire)) == ([], [])


def test_what_is_not_there_is_ended_all_the_same(wire: Wire) -> None:
    client = drinker(wire)
    client.send(send(b"x", *EVERY_MINUTE, "schedule-id:coffee"), send(b"", *REMOVE, "receipt:1"))
    assert (receipts(client), bodies(wire)) == (["1"], [b"x"])


def test_the_next_of_a_name_takes_the_place_of_the_last(wire: Wire) -> None:
    client = drinker(wire)
    client.send(
        send(b"1", *NAMED),
        send(b"2", "delay:5000", "schedule-id:tea"),
        send(b"3", "delay:9000", "schedule-id:tea"),
        send(b"0", *EVERY_MINUTE),
    )
    assert bodies(wire) == [b"3", b"0"]
    wire.pass_time(61)
    assert client.bodies() == [b"3", b"0"]


def test_of_the_same_in_one_read_one_is_left(wire: Wire) -> None:
    drinker(wire).send(send(b"x", *NAMED) * 5)
    assert len(jobs(wire)) == 1


@pytest.mark.parametrize("to", ["/queue/b", "/topic/a"])
def test_a_name_is_one_of_its_destination(wire: Wire, to: str) -> None:
    client = drinker(wire)
    client.send(send(b"x", *NAMED), send(b"y", *NAMED, to=to), send(b"", *REMOVE, to=to))
    assert bodies(wire) == [b"x"]


def test_a_name_is_one_of_its_user(wire: Wire) -> None:
    one, other = (wire.connect("1.2", f"login:{login}") for login in ("one", "other"))
    one.send(send(b"x", *NAMED))
    other.send(send(b"y", *NAMED))
    assert bodies(wire) == [b"x", b"y"]
    other.send(send(b"", *REMOVE))
    assert bodies(wire) == [b"x"]


def test_the_series_of_a_cron_end_with_it() -> None:
    wire, _ = begin(Disk())
    client = drinker(wire)
    client.send(send(b"x", *SERIES, "schedule-id:tea", "persistent:true"))
    wire.pass_time(130)
    assert len(jobs(wire)) == 3
    client.frames()
    client.send(send(b"", *REMOVE))
    wire.pass_time(600)
    assert (client.frames(), jobs(wire)) == ([], [])


@pytest.mark.parametrize(
    ("headers", "words"),
    [
        (["schedule-id:tea"], "schedule-id without a time"),
        (["schedule-id:tea", "delay:0"], "schedule-id without a time"),
        ([f"schedule-id:{'x' * 257}", "delay:1"], "schedule-id of more than 256 letters"),
        (["AMQ_SCHEDULER_ACTION:REMOVE"], "AMQ_SCHEDULER_ACTION goes with schedule-id"),
        ([*REMOVE, "delay:1"], "AMQ_SCHEDULER_ACTION goes with schedule-id"),
        (["AMQ_SCHEDULER_ACTION:BROWSE"], "AMQ_SCHEDULER_ACTION 'BROWSE' is not REMOVE"),
    ],
)
def test_what_makes_no_sense_is_refused(wire: Wire, headers: list[str], words: str) -> None:
    client = wire.connect()
    client.send(send(b"x", *headers))
    assert client.refusal().header("message").startswith(words)
    assert jobs(wire) == []


def test_a_transaction_ends_nothing(wire: Wire) -> None:
    client = wire.connect("1.2", "hoofbeat-soft-errors:true")
    client.send(frame("BEGIN", "transaction:t"), send(b"x", *NAMED), send(b"", *REMOVE, "transaction:t"))
    assert client.frame().header("message") == "AMQ_SCHEDULER_ACTION in a transaction"
    assert bodies(wire) == [b"x"]


def test_a_transaction_replaces(wire: Wire) -> None:
    client = wire.connect()
    client.send(send(b"1", *NAMED), frame("BEGIN", "transaction:t"), send(b"2", *NAMED, "transaction:t"))
    assert bodies(wire) == [b"1"]
    client.send(frame("COMMIT", "transaction:t"))
    assert bodies(wire) == [b"2"]


# With a store.


def test_the_last_is_there_until_the_next_is_safe() -> None:
    wire, store, client = one_kept()
    client.send(send(b"2", *KEPT, "receipt:1"))
    assert (store.disk.bodies("schedule"), bodies(wire), receipts(client)) == ([b"1"], [b"1", b"2"], [])
    store.settle(1)
    wire.flush()
    assert (store.disk.bodies("schedule"), bodies(wire), receipts(client)) == ([b"1", b"2"], [b"2"], ["1"])
    store.settle()
    assert store.disk.bodies("schedule") == [b"2"]


def test_a_broker_that_stops_in_between_goes_on_with_the_newest() -> None:
    _, store, client = one_kept()
    client.send(send(b"2", *KEPT), send(b"other", *EVERY_MINUTE, "persistent:true", "schedule-id:coffee"))
    store.settle(1)
    again, _ = begin(store.disk)
    again.pass_time(0)
    assert bodies(again) == [b"2", b"other"]
    assert store.disk.bodies("schedule") == [b"2", b"other"]


def test_where_the_next_is_refused_the_last_goes_on() -> None:
    disk = Disk()
    wire, store = begin(disk)
    client = drinker(wire)
    client.send(send(b"1", *KEPT))
    store.is_full = True
    client.send(send(b"2", *KEPT))
    assert client.frame().header("message") == "disk is full"
    client.send(
        frame("BEGIN", "transaction:t"), send(b"3", *KEPT, "transaction:t"), frame("COMMIT", "transaction:t")
    )
    assert client.frame().header("message") == "disk is full"
    store.is_full = False
    wire.pass_time(61)
    assert client.bodies() == [b"1"]
    assert (disk.bodies("schedule"), bodies(wire)) == ([b"1"], [b"1"])


def test_of_many_on_their_way_the_last_that_is_safe_is_left() -> None:
    disk = Disk()
    wire, store = begin(disk, is_patient=True)
    client = drinker(wire)
    for body in (b"1", b"2", b"3"):
        client.send(send(body, *KEPT))
    store.settle(3)
    assert disk.bodies("schedule") == [b"1", b"2", b"3"]
    client.send(send(b"4", *KEPT))
    store.settle(1)
    assert bodies(wire) == [b"3", b"4"]
    store.is_full = True
    store.settle()
    assert bodies(wire) == [b"3"]


def test_where_several_are_refused_the_last_that_was_safe_goes_on() -> None:
    wire, store, client = one_kept()
    store.is_full = True
    for body in (b"2", b"3", b"4"):
        client.send(send(body, *KEPT))
    store.settle()
    wire.pass_time(1.1)
    store.settle()
    wire.flush()
    assert bodies(wire) == store.disk.bodies("schedule") == [b"1"]
    assert [each.header("message") for each in client.frames()] == ["disk is full"] * 3


def test_one_that_comes_right_after_a_start_and_is_refused_leaves_what_was_kept() -> None:
    disk = Disk()
    drinker(begin(disk)[0]).send(send(b"1", *KEPT))
    wire, store = begin(disk, is_patient=True)
    store.is_full = True
    drinker(wire).send(send(b"2", *KEPT))
    wire.pass_time(0)
    store.settle()
    assert bodies(wire) == disk.bodies("schedule") == [b"1"]


def test_a_second_end_is_not_receipted_before_the_first_is_safe() -> None:
    wire, store, client = one_kept()
    client.send(send(b"", *REMOVE, "receipt:1"))
    client.send(send(b"", *REMOVE, "receipt:2"))
    assert receipts(client) == []
    store.settle()
    wire.flush()
    assert receipts(client) == ["1", "2"]


def test_a_second_end_waits_for_the_first_even_where_the_disk_takes_nothing() -> None:
    wire, store, client = one_kept()
    store.is_stuffed = True
    client.send(send(b"", *REMOVE, "receipt:1"))
    client.send(send(b"", *REMOVE, "receipt:2"))
    store.settle(1)
    wire.flush()
    assert (store.disk.bodies("schedule"), receipts(client)) == ([b"1"], [])
    have_room(wire, store)
    assert (store.disk.bodies("schedule"), receipts(client)) == ([], ["1", "2"])


def test_a_second_end_waits_for_the_first_behind_a_transaction_that_was_sent_in_between() -> None:
    wire, store, client = one_kept()
    other = wire.connect("1.2", "hoofbeat-soft-errors:true")
    other.send(
        subscribe("/queue/b", "ack:client-individual"), send(b"x", "persistent:true", to="/queue/b") * 2
    )
    store.settle()
    wire.flush()
    acks = [heard.header("ack") for heard in other.frames()]

    def settle_in_transaction(ack: str) -> None:
        at = f"transaction:{ack}"
        other.send(frame("BEGIN", at), frame("ACK", f"id:{ack}", at), frame("COMMIT", at))

    store.is_full = True  # puts are refused, and for now the removal that is written with one
    other.receive_only(send(b"y", "persistent:true", to="/queue/c"))
    client.send(send(b"", *REMOVE, "receipt:1"))
    settle_in_transaction(acks[0])
    client.send(send(b"", *REMOVE, "receipt:2"))
    settle_in_transaction(acks[1])
    for _ in range(3):
        store.settle(1)
        wire.flush()
        assert receipts(client) == [] or store.disk.bodies("schedule") == []
    have_room(wire, store)
    assert (store.disk.bodies("schedule"), receipts(client)) == ([], ["1", "2"])


def test_who_waits_behind_a_transaction_that_is_refused_is_told_all_the_same() -> None:
    wire, store, client = one_kept()
    other = drinker(wire)
    store.is_full = True
    of = "transaction:t"
    refused = [frame("BEGIN", of), send(b"y", "persistent:true", of, to="/queue/c"), frame("COMMIT", of)]
    other.send(*refused)
    client.send(send(b"", "AMQ_SCHEDULER_ACTION:REMOVE", "schedule-id:coffee", "receipt:1"))
    other.send(*refused)
    assert receipts(client) == []
    store.settle(1)
    wire.flush()
    assert receipts(client) == ["1"]


def test_a_refused_transaction_publishes_and_replaces_nothing() -> None:
    disk = Disk()
    wire, store = begin(disk)
    client = drinker(wire)
    client.send(send(b"1", *KEPT))
    store.is_full = True
    client.send(
        frame("BEGIN", "transaction:t"),
        send(b"2", *NAMED, "transaction:t"),
        send(b"later", "delay:1000", "transaction:t"),
        send(b"kept", "persistent:true", "transaction:t", to="/queue/b"),
        frame("COMMIT", "transaction:t"),
    )
    assert client.frame().header("message") == "disk is full"
    assert bodies(wire) == disk.bodies("schedule") == [b"1"]


def test_a_cron_that_is_being_replaced_begins_no_series_any_more() -> None:
    disk = Disk()
    wire, store = begin(disk, is_patient=True)
    client = drinker(wire)
    client.send(send(b"old", *SERIES, "schedule-id:tea", "persistent:true"))
    store.settle()
    client.send(send(b"new", *KEPT))
    wire.pass_time(61)
    store.settle()
    assert bodies(wire) == [b"new"]


def test_what_was_replaced_while_its_queue_was_full_takes_no_room() -> None:
    wire = Wire(BrokerConfig(queue=QueueConfig(messages=1)))
    client = wire.connect("1.2", "hoofbeat-soft-errors:true")
    client.send(send(b"full"), send(b"x", "delay:1"))
    for _ in range(5):
        client.send(send(b"y", "delay:1", "schedule-id:tea"))
        wire.pass_time(1.1)
    (blocked,) = engine(wire).schedule._blocked.values()
    assert len(blocked) <= 3


def test_one_that_came_and_went_before_it_was_safe_has_taken_the_place() -> None:
    wire, store, client = one_kept()
    client.send(send(b"2", "delay:1", "schedule-id:tea", "persistent:true"))
    wire.pass_time(0.1)
    store.settle()
    assert client.bodies() == [b"2"]
    assert bodies(wire) == store.disk.bodies("schedule") == []


def test_one_that_is_not_kept_takes_the_place_of_one_that_is() -> None:
    wire, store, client = one_kept()
    client.send(send(b"2", *NAMED, "receipt:1"))
    assert bodies(wire) == [b"2"]
    store.settle()
    wire.flush()
    assert (store.disk.bodies("schedule"), receipts(client)) == ([], ["1"])


@pytest.mark.parametrize("is_orderly", [True, False])
def test_the_end_is_receipted_when_it_is_safe_and_outlives_the_broker(is_orderly: bool) -> None:
    disk = Disk()
    wire, _ = begin(disk)
    wire.connect("1.2", "login:me +you #1 @2").send(send(b"x", r"schedule-id:tea #1\c +2", *KEPT))
    if is_orderly:
        end(wire)
    again, store = begin(disk, is_patient=True)
    assert bodies(again) == [b"x"]
    client = again.connect("1.2", "login:me +you #1 @2")
    client.send(send(b"", REMOVE[0], r"schedule-id:tea #1\c +2", "receipt:1"))
    assert (receipts(client), bodies(again)) == ([], [])
    store.settle()
    again.flush()
    assert (receipts(client), disk.bodies("schedule")) == (["1"], [])


def test_series_are_known_for_such_after_a_restart() -> None:
    disk = Disk()
    wire, _ = begin(disk)
    drinker(wire).send(send(b"x", *SERIES, "schedule-id:tea", "persistent:true"))
    wire.pass_time(61)
    again, _ = begin(disk)
    again.pass_time(0)
    assert len(jobs(again)) == len(disk.bodies("schedule")) == 2
    drinker(again).send(send(b"y", *KEPT))
    assert bodies(again) == disk.bodies("schedule") == [b"y"]


def test_names_that_are_used_again_and_again_take_no_more_room() -> None:
    wire = Wire(BrokerConfig(schedule=ScheduleConfig(per_user=2)))
    client = drinker(wire)
    for _ in range(5):
        client.send(send(b"x", *NAMED), send(b"", *REMOVE))
    client.send(send(b"x", *NAMED), send(b"y", *NAMED), send(b"z", *EVERY_MINUTE, "receipt:1"))
    assert (receipts(client), bodies(wire)) == (["1"], [b"y", b"z"])
