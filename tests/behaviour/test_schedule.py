"""Delayed and scheduled messages: taken in now, published when it is time."""

import pytest

from hoofbeat.broker.time import Now
from hoofbeat.config import BrokerConfig, LimitsConfig, QueueConfig, ScheduleConfig
from tests.behaviour.scheduling import engine, jobs, receipts, send, subscribe
from tests.conformance.wire import START_EPOCH_MS, Wire, frame

MINUTE = 60.0
HOUR_MS = 3_600_000
SIZE = len("\ndestination:/queue/a") + 1  # of a message with a body of one octet


@pytest.mark.parametrize("to", ["/queue/a", "/topic/a"])
@pytest.mark.parametrize(
    "header",
    [
        "delay:5000",
        "AMQ_SCHEDULED_DELAY:5000",
        f"deliver-at:{START_EPOCH_MS + 5000}",
        f"AMQ_SCHEDULED_TIME:{START_EPOCH_MS + 5000}",
    ],
)
def test_a_message_comes_when_it_is_time(wire: Wire, to: str, header: str) -> None:
    client = wire.connect()
    client.send(subscribe(to), send(b"later", header, "receipt:1", "x:y", to=to))
    assert receipts(client) == ["1"]
    wire.pass_time(4.998)
    assert client.frames() == []
    wire.pass_time(0.003)
    heard = client.frame()
    assert (heard.body, heard.header("destination"), heard.header("x")) == (b"later", to, "y")
    assert heard.get(header.partition(":")[0]) is None
    wire.pass_time(3600)
    assert client.frames() == []
    assert jobs(wire) == []


def test_what_is_due_at_once_comes_at_once(wire: Wire) -> None:
    client = wire.connect()
    client.send(
        subscribe(), send(b"past", "deliver-at:1"), send(b"none", "delay:0", "AMQ_SCHEDULED_PERIOD:0")
    )
    wire.pass_time(0)
    assert client.bodies() == [b"none", b"past"]


def test_the_order_is_that_of_the_times_and_then_that_of_sending(wire: Wire) -> None:
    client = wire.connect()
    client.send(
        subscribe(),
        send(b"3", "delay:2000"),
        send(b"4", "delay:2000"),
        send(b"1", "delay:1000"),
        send(b"0"),
        send(b"2", "delay:1000"),
    )
    wire.pass_time(10)
    assert client.bodies() == [b"0", b"1", b"2", b"3", b"4"]


def test_a_repeated_one_is_a_new_message_each_time(wire: Wire) -> None:
    client = wire.connect()
    client.send(
        subscribe(),
        send(
            b"x",
            "AMQ_SCHEDULED_DELAY:30000",
            "AMQ_SCHEDULED_PERIOD:10000",
            "AMQ_SCHEDULED_REPEAT:2",
            "ttl:5000",
        ),
    )
    heard = []
    for seconds in (29.9, 0.2, 9.9, 10, 10, 100):
        wire.pass_time(seconds)
        heard.append(client.frames())
    assert [len(each) for each in heard] == [0, 1, 1, 1, 0, 0]
    ids = {each[0].header("message-id") for each in heard if each}
    assert len(ids) == 3


def test_without_an_end_it_is_repeated_for_ever() -> None:
    wire = Wire()
    client = wire.connect()
    client.send(subscribe(), send(b"x", "AMQ_SCHEDULED_PERIOD:1000", "AMQ_SCHEDULED_REPEAT:-1"))
    wire.pass_time(50.5)
    assert len(client.bodies()) == 50
    (job,) = jobs(wire)
    assert (job.due_ms, job.left) == (START_EPOCH_MS + 51_000, -1)


def test_what_was_missed_is_not_made_up_for() -> None:
    wire = Wire()
    client = wire.connect()
    client.send(subscribe(), send(b"x", "AMQ_SCHEDULED_PERIOD:1000", "AMQ_SCHEDULED_REPEAT:2"))
    wire._seconds = 100.5
    wire.pass_time(0)
    assert client.bodies() == [b"x"]
    wire.pass_time(0.6)
    assert client.bodies() == [b"x"]
    wire.pass_time(100)
    assert client.bodies() == [b"x"]


def test_cron_says_when(wire: Wire) -> None:
    """The clock of the tests starts at 22:13:20."""
    client = wire.connect()
    client.send(subscribe("/topic/a"), send(b"x", "AMQ_SCHEDULED_CRON:*/15 * * * *", to="/topic/a"))
    (job,) = jobs(wire)
    assert (job.due_ms - START_EPOCH_MS, job.left) == (100_000, -1)
    wire.pass_time(100.1)
    assert client.bodies() == [b"x"]
    wire.pass_time(15 * MINUTE)
    assert client.bodies() == [b"x"]


def test_cron_begins_a_series_each_time() -> None:
    wire = Wire()
    client = wire.connect()
    client.send(
        subscribe(),
        send(
            b"x",
            "AMQ_SCHEDULED_CRON:0 * * * *",
            "AMQ_SCHEDULED_DELAY:5000",
            "AMQ_SCHEDULED_PERIOD:1000",
            "AMQ_SCHEDULED_REPEAT:2",
        ),
    )
    wire.pass_time(46 * MINUTE + 40)
    wire.pass_time(4.9)
    assert client.bodies() == []
    wire.pass_time(3)
    assert client.bodies() == [b"x"] * 3
    wire.pass_time(60 * MINUTE)
    assert client.bodies() == [b"x"] * 3


def test_a_series_that_finds_no_room_is_left_out() -> None:
    wire = Wire(BrokerConfig(schedule=ScheduleConfig(messages=1)))
    client = wire.connect()
    client.send(subscribe(), send(b"x", "AMQ_SCHEDULED_CRON:0 * * * *", "delay:1000"))
    wire.pass_time(2 * 60 * MINUTE)
    assert client.bodies() == []
    assert len(jobs(wire)) == 1


def test_at_the_end_of_the_calendar_there_is_no_next_time(wire: Wire) -> None:
    client = wire.connect()
    end_ms = 253_402_300_740_000
    wire._seconds = (end_ms - START_EPOCH_MS) / 1000 - 1
    client.send(subscribe(), send(b"x", "AMQ_SCHEDULED_CRON:59 23 31 12 *"))
    wire.pass_time(2)
    assert client.bodies() == [b"x"]
    assert jobs(wire) == []


@pytest.mark.parametrize(
    ("headers", "words"),
    [
        (["delay:soon"], "delay 'soon'"),
        (["deliver-at:-1"], "deliver-at '-1'"),
        (["AMQ_SCHEDULED_PERIOD:1.5"], "AMQ_SCHEDULED_PERIOD '1.5'"),
        (["delay:1", "AMQ_SCHEDULED_REPEAT:-2"], "AMQ_SCHEDULED_REPEAT '-2'"),
        (["delay:1", "AMQ_SCHEDULED_REPEAT:2"], "without AMQ_SCHEDULED_PERIOD"),
        (["AMQ_SCHEDULED_CRON:0 0 * * x"], "day of the week"),
        (["AMQ_SCHEDULED_CRON:* * * * *", "AMQ_SCHEDULED_PERIOD:100", "AMQ_SCHEDULED_REPEAT:-1"], "beside"),
        (["delay:1", "deliver-at:1"], "deliver-at beside"),
        (["AMQ_SCHEDULED_CRON:* * * * *", "deliver-at:1"], "deliver-at beside"),
        (["AMQ_SCHEDULED_PERIOD:999", "AMQ_SCHEDULED_REPEAT:1"], "below 1000 ms"),
    ],
)
def test_what_makes_no_sense_is_refused(wire: Wire, headers: list[str], words: str) -> None:
    client = wire.connect()
    client.send(send(b"x", "receipt:1", *headers))
    refusal = client.refusal()
    assert words in refusal.header("message")
    assert refusal.header("receipt-id") == "1"


def test_empty_headers_say_nothing(wire: Wire) -> None:
    client = wire.connect()
    client.send(subscribe(), send(b"x", "delay:", "AMQ_SCHEDULED_CRON:", "AMQ_SCHEDULED_REPEAT:"))
    assert client.bodies() == [b"x"]


def test_plain_messages_do_not_join_a_run_that_waits(wire: Wire) -> None:
    """The second has headers of which it is known that none is meant for the broker."""
    client = wire.connect()
    client.send(subscribe(), send(b"0", "a:1"))
    client.send(
        send(b"1", "delay:1000"), send(b"2", "a:2"), send(b"3", "a:3", "delay:2000"), send(b"4", "a:4")
    )
    assert client.bodies() == [b"0", b"2", b"4"]
    wire.pass_time(1.5)
    assert client.bodies() == [b"1"]


def test_those_of_a_transaction_wait_from_its_commit_on(wire: Wire) -> None:
    client = wire.connect()
    client.send(
        subscribe(),
        frame("BEGIN", "transaction:t"),
        send(b"2", "delay:1000", "transaction:t"),
        send(b"1", "transaction:t"),
    )
    wire.pass_time(10)
    client.send(frame("COMMIT", "transaction:t"))
    assert client.bodies() == [b"1"]
    wire.pass_time(1.1)
    assert client.bodies() == [b"2"]


@pytest.mark.parametrize("config", [ScheduleConfig(messages=2), ScheduleConfig(bytes=2 * SIZE)])
def test_what_is_too_much_for_the_schedule_is_refused(config: ScheduleConfig) -> None:
    wire = Wire(BrokerConfig(schedule=config))
    client, late = wire.connect(), wire.connect()
    client.send(send(b"1", "delay:1000"))
    client.send(send(b"2", "delay:1000", "receipt:2"))
    assert receipts(client) == ["2"]
    client.send(send(b"3", "delay:1000"))
    assert client.refusal().header("message") == "the schedule is full"
    late.send(
        frame("BEGIN", "transaction:t"),
        send(b"4", "delay:1000", "transaction:t"),
        send(b"5", to="/queue/b"),
        frame("COMMIT", "transaction:t"),
    )
    assert late.refusal().header("message") == "the schedule is full"
    wire.pass_time(2)
    client = wire.connect()
    client.send(subscribe(), send(b"6", "delay:1000"))
    wire.pass_time(2)
    assert client.bodies() == [b"1", b"2", b"6"]


@pytest.mark.parametrize("config", [ScheduleConfig(per_user=2), ScheduleConfig(per_user_bytes=2 * SIZE)])
def test_one_user_leaves_room_in_the_schedule_for_others(config: ScheduleConfig) -> None:
    wire = Wire(BrokerConfig(schedule=config))
    delayed = [send(b"%d" % number, "delay:1000", f"n:{number}") for number in range(10)]
    eve, other = wire.connect("1.2", "login:eve"), wire.connect("1.2", "login:other")
    eve.send(*delayed[:2])
    assert not eve.closed
    other.send(send(b"o", "delay:1000", "receipt:o"))
    assert receipts(other) == ["o"]
    eve.send(delayed[0])
    assert eve.refusal().header("message") == "too much is scheduled by one user"
    eve = wire.connect("1.2", "login:eve")
    eve.send(frame("BEGIN", "transaction:t"), send(b"t", "delay:1", "transaction:t"))
    eve.send(frame("COMMIT", "transaction:t"))
    assert eve.refusal().header("message") == "too much is scheduled by one user"
    wire.pass_time(2)
    eve = wire.connect("1.2", "login:eve")
    eve.send(send(b"again", "delay:1000", "receipt:again"))
    assert receipts(eve) == ["again"]


def test_what_another_user_sent_just_so_is_counted_as_its_own() -> None:
    """Header blocks that are alike are read but once, whoever sends them."""
    wire = Wire(BrokerConfig(schedule=ScheduleConfig(per_user=2)))
    eve, other = wire.connect("1.2", "login:eve"), wire.connect("1.2", "login:other")
    for client in (eve, other):
        client.send(send(b"1", "delay:1000"), send(b"1", "delay:1000"))
        assert not client.closed


def test_a_series_of_who_has_no_room_left_is_left_out() -> None:
    wire = Wire(BrokerConfig(schedule=ScheduleConfig(per_user=1)))
    client = wire.connect()
    client.send(subscribe(), send(b"x", "AMQ_SCHEDULED_CRON:0 * * * *", "delay:1000"))
    wire.pass_time(2 * 60 * MINUTE)
    assert client.bodies() == []


def test_a_full_queue_is_tried_again_and_order_is_kept() -> None:
    wire = Wire(BrokerConfig(queues={"/queue/a": QueueConfig(messages=2)}))
    client = wire.connect()
    client.send(
        send(b"0"),
        send(b"1", "delay:1000"),
        send(b"2", "delay:2000"),
        send(b"3", "delay:3000"),
        send(b"other", "delay:4000", to="/queue/b"),
        send(b"4", "delay:3000"),
        send(b"5", "delay:2500"),
    )
    wire.pass_time(10)
    assert len(jobs(wire)) == 4
    other = wire.connect()
    other.send(subscribe("/queue/b"))
    assert other.bodies() == [b"other"]
    engine(wire).schedule.take_out([jobs(wire)[1].message])
    client.send(subscribe())
    wire.pass_time(1.1)
    assert client.bodies() == [b"0", b"1", b"2", b"3", b"4"]


def test_where_no_destination_may_come_to_be_it_is_tried_again() -> None:
    wire = Wire(BrokerConfig(limits=LimitsConfig(destinations=1)))
    client = wire.connect()
    client.send(send(b"x", to="/queue/b"), send(b"1", "delay:1000"))
    wire.pass_time(5)
    client.send(subscribe("/queue/b"), frame("UNSUBSCRIBE", "id:0"), subscribe())
    wire.pass_time(1)
    assert client.bodies() == [b"x", b"1"]


def test_much_at_once_goes_in_slices(wire: Wire) -> None:
    client = wire.connect()
    client.send(
        subscribe("/topic/a"), *[send(b"%d" % each, "delay:1000", to="/topic/a") for each in range(1500)]
    )
    wire._seconds += 2
    wire.broker.advance(wire.now())
    wire.flush()
    assert len(client.bodies()) == 1000
    wire.pass_time(0)
    assert client.bodies() == [b"%d" % each for each in range(1000, 1500)]


def test_what_is_for_a_session_that_is_gone_is_forgotten(wire: Wire) -> None:
    client = wire.connect()
    client.send(
        frame("SUBSCRIBE", "id:0", "destination:/temp-queue/x"),
        *[send(b"x", "delay:100000", to="/temp-queue/x") for _ in range(200)],
        send(b"stays", "delay:1000"),
    )
    assert len(jobs(wire)) == 201
    client.leave()
    assert len(jobs(wire)) == 1
    assert len(engine(wire).schedule._heap) == 1


def test_the_clock_on_the_wall_may_be_set(wire: Wire) -> None:
    client = wire.connect()
    client.send(subscribe(), send(b"x", f"deliver-at:{START_EPOCH_MS + HOUR_MS}"))
    assert wire.broker.deadline - wire.now().monotonic <= MINUTE
    set_forward = Now(wire.now().monotonic + MINUTE, START_EPOCH_MS + HOUR_MS)
    wire.broker.advance(set_forward)
    wire.broker.flush()
    assert b"x" in client.octets()
