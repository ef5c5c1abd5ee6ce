"""SENDs of one read are taken in by runs: each with its own headers, in order, and with its own receipt."""

from typing import Any

import pytest

from hoofbeat.broker.engine import RUN, Confirm, Engine
from hoofbeat.broker.hold import Hold
from hoofbeat.broker.message import Message
from hoofbeat.config import BrokerConfig, LimitsConfig, QueueConfig
from hoofbeat.errors import Refused
from tests.conformance.wire import Client, Wire, frame

QUEUE = "destination:/queue/a"
ROOM_FOR_TWO = BrokerConfig(queue=QueueConfig(messages=2))


def send(number: int, *headers: str, where: str = QUEUE) -> bytes:
    """Write a SEND that differs from every other one."""
    return frame("SEND", where, f"n:{number}", *headers, body=b"%d" % number)


def receipted(*numbers: int) -> list[bytes]:
    return [send(number, f"receipt:{number}") for number in numbers]


def consumer(wire: Wire, *headers: str, where: str = QUEUE, version: str = "1.2") -> Client:
    client = wire.connect(version)
    client.send(frame("SUBSCRIBE", "id:0", where, *headers))
    return client


def receipts(client: Client) -> list[tuple[str, str | None]]:
    return [(each.command, each.get("receipt-id")) for each in client.frames() if each.command != "MESSAGE"]


def taken(*numbers: int) -> list[tuple[str, str]]:
    return [("RECEIPT", str(number)) for number in numbers]


def soft(wire: Wire) -> Client:
    return wire.connect("1.2", "hoofbeat-soft-errors:true")


# Headers that differ.


def test_what_differs_in_every_frame_goes_where_it_says_from_the_second_read_on() -> None:
    wire = Wire()
    heard = {name: consumer(wire, where=f"destination:/queue/{name}") for name in "ab"}
    publisher = wire.connect()
    for start in range(0, 40, 8):
        places = [(number, "ab"[number % 3 == 0]) for number in range(start, start + 8)]
        publisher.send(*[send(number, where=f"destination:/queue/{name}") for number, name in places])
        for name, client in heard.items():
            expected = [str(number) for number, place in places if place == name]
            assert [each.get("n") for each in client.frames() if each.command == "MESSAGE"] == expected


@pytest.mark.parametrize("place", [0, 1, 2])
def test_the_destination_is_read_to_its_end_wherever_it_stands(place: int) -> None:
    wire = Wire()
    heard = {is_longer: consumer(wire, where=QUEUE + "b" * is_longer) for is_longer in (False, True)}
    for start in range(0, 40, 8):
        read, numbers = b"", range(start, start + 8)
        for number in numbers:
            lines = [f"n:{number}", "m:x"]
            read += frame("SEND", *lines[:place], QUEUE + "b" * bool(number % 3), *lines[place:])
        wire.connect().send(read)
        for is_longer, client in heard.items():
            expected = [str(number) for number in numbers if bool(number % 3) is is_longer]
            assert [each.get("n") for each in client.frames()] == expected


@pytest.mark.parametrize("where", ["/queue/a", "/topic/a"])
@pytest.mark.parametrize("version", ["1.0", "1.1", "1.2"])
def test_each_message_of_a_run_has_its_own_headers_and_its_place(where: str, version: str) -> None:
    wire = Wire()
    heard = consumer(wire, where=f"destination:{where}", version=version)
    numbers = range(2 * RUN + 10)
    publisher = wire.connect()
    publisher.send(*[send(number, f"receipt:{number}", where=f"destination:{where}") for number in numbers])
    messages = heard.frames()
    assert [(each.get("n"), each.body) for each in messages] == [(str(n), b"%d" % n) for n in numbers]
    assert {each.get("receipt") for each in messages} == {None}
    assert len({each.header("message-id") for each in messages}) == len(numbers)
    assert receipts(publisher) == taken(*numbers)


def test_a_header_that_a_version_writes_in_its_own_way_stays_with_its_message() -> None:
    wire = Wire()
    heard = {
        version: consumer(wire, where="destination:/topic/a", version=version) for version in ("1.0", "1.2")
    }
    wire.connect().send(
        *[
            frame("SEND", "destination:/topic/a", value)
            for value in ("x:1", "x:a\\cb", "x:2", "x:a\\\\b", "x:3")
        ]
    )
    assert [each.get("x") for each in heard["1.2"].frames()] == ["1", "a\\cb", "2", "a\\\\b", "3"]
    assert [each.get("x") for each in heard["1.0"].frames()] == ["1", "a:b", "2", "a\\b", "3"]


def test_headers_that_come_again_are_those_of_the_right_message() -> None:
    wire = Wire()
    heard = consumer(wire)
    one, two = frame("SEND", QUEUE, "x:1", body=b"1"), frame("SEND", QUEUE, "x:2", body=b"2")
    for _ in range(2):  # the second time all are remembered
        wire.connect().send(one, one, two, one, two, two)
        messages = heard.frames()
        assert [each.body for each in messages] == [b"1", b"1", b"2", b"1", b"2", b"2"]
        assert [each.header("x").encode() for each in messages] == [each.body for each in messages]


def test_a_run_ends_where_the_destination_is_another() -> None:
    wire = Wire()
    wheres = ("/queue/a", "/queue/b", "/topic/a", "/queue/a/b")
    heard = {where: consumer(wire, where=f"destination:{where}") for where in wheres}
    for _ in range(2):
        wire.connect().send(
            *[frame("SEND", f"destination:{wheres[at]}", body=b"%d" % at) for at in (0, 0, 1, 2, 0, 3, 3, 0)]
        )
        assert [heard[where].bodies() for where in wheres] == [[b"0"] * 4, [b"1"], [b"2"], [b"3"] * 2]


def test_one_receipt_may_be_asked_for_in_the_middle() -> None:
    wire = Wire()
    heard, publisher = consumer(wire), wire.connect()
    same = frame("SEND", QUEUE, body=b"same")
    publisher.send(same, same, send(1, "receipt:r"), same, send(2), same)
    assert receipts(publisher) == [("RECEIPT", "r")]
    assert heard.bodies() == [b"same", b"same", b"1", b"same", b"2", b"same"]


def test_a_run_is_the_same_wherever_it_is_cut() -> None:
    written = b"".join([send(1), *receipted(2, 3), send(4, "x:a\\cb"), send(5, "priority:4")])
    for place in range(len(written)):
        wire = Wire()
        heard, publisher = consumer(wire), wire.connect()
        publisher.send_in_pieces(written[:place], written[place:])
        assert [each.get("n") for each in heard.frames()] == ["1", "2", "3", "4", "5"]
        assert receipts(publisher) == taken(2, 3)


# What a queue goes by.


@pytest.mark.parametrize("rest", ["", "receipt:r"])
def test_a_higher_priority_in_the_middle_leaves_first(rest: str) -> None:
    wire = Wire()
    wire.connect().send(
        send(1), send(2), send(3, "priority:9", *rest.split()), send(4), send(5, "priority:0")
    )
    assert consumer(wire).bodies() == [b"3", b"1", b"2", b"4", b"5"]


@pytest.mark.parametrize("header", ["ttl:1000", "expiration:1000", "expires:1700000001000"])
def test_a_message_in_the_middle_expires_alone(header: str) -> None:
    wire = Wire()
    wire.connect().send(send(1), send(2, header), send(3), send(4, "ttl:100000"))
    wire.pass_time(3)
    assert consumer(wire).bodies() == [b"1", b"3", b"4"]


def test_a_reply_to_in_the_middle_is_read_for_its_session() -> None:
    wire = Wire()
    heard, asking = consumer(wire), wire.connect()
    asking.send(send(1), send(2, "reply-to:/temp-queue/x"), send(3))
    messages = heard.frames()
    assert [each.get("n") for each in messages] == ["1", "2", "3"]
    heard.send(frame("SEND", f"destination:{messages[1].header('reply-to')}", body=b"answer"))
    assert asking.bodies() == [b"answer"]


def test_a_transaction_in_the_middle_waits_for_its_commit() -> None:
    wire = Wire()
    heard, publisher = consumer(wire), wire.connect()
    publisher.send(frame("BEGIN", "transaction:t"), send(1), send(2, "transaction:t", "receipt:2"), send(3))
    assert (heard.bodies(), receipts(publisher)) == ([b"1", b"3"], taken(2))
    publisher.send(frame("COMMIT", "transaction:t"), send(4))
    assert heard.bodies() == [b"2", b"4"]


def test_a_temporary_queue_may_stand_between_others_of_its_name() -> None:
    wire = Wire()
    first, second = wire.connect(), wire.connect()
    for client in (first, second):
        client.send(frame("SUBSCRIBE", "id:0", "destination:/temp-queue/a"))
    for client in (first, second, first):
        client.send(send(1, where="destination:/temp-queue/a"), send(2, where="destination:/temp-queue/a"))
        assert client.bodies() == [b"1", b"2"]
    assert (first.bodies(), second.bodies()) == ([], [])


# What is refused.


BAD = pytest.mark.parametrize(
    "bad", ["priority:high", "ttl:soon", "expires:x", "expiration:-1", "message-id:1"]
)


@BAD
def test_a_bad_header_in_the_middle_ends_the_session_after_what_came_before(bad: str) -> None:
    wire = Wire()
    heard, publisher = consumer(wire), wire.connect()
    publisher.send(*receipted(1, 2), send(3, bad, "receipt:3"), *receipted(4, 5))
    assert (receipts(publisher), publisher.closed) == ([*taken(1, 2), ("ERROR", "3")], True)
    assert heard.bodies() == [b"1", b"2"]


@BAD
def test_with_soft_errors_a_bad_header_in_the_middle_refuses_that_message_alone(bad: str) -> None:
    wire = Wire()
    heard, publisher = consumer(wire), soft(wire)
    publisher.send(*receipted(1, 2), send(3, bad, "receipt:3"), *receipted(4, 5))
    assert (receipts(publisher), publisher.closed) == ([*taken(1, 2), ("ERROR", "3"), *taken(4, 5)], False)
    assert heard.bodies() == [b"1", b"2", b"4", b"5"]


def test_a_transaction_that_never_began_ends_every_session_after_what_came_before() -> None:
    wire = Wire()
    heard, publisher = consumer(wire), soft(wire)
    publisher.send(*receipted(1, 2), send(3, "transaction:none", "receipt:3"), *receipted(4))
    assert (receipts(publisher), publisher.closed) == ([*taken(1, 2), ("ERROR", "3")], True)
    assert heard.bodies() == [b"1", b"2"]


@pytest.mark.parametrize("where", ["", "/queue/", "/nowhere/a", "/topic/*", "/user/a", "/queue/a,/queue/b"])
def test_a_destination_that_makes_no_sense_in_the_middle_refuses_that_message_alone(where: str) -> None:
    wire = Wire()
    heard, publisher = consumer(wire), soft(wire)
    publisher.send(send(1), send(2, "receipt:2", where=f"destination:{where}"), send(3))
    assert (receipts(publisher), heard.bodies()) == ([("ERROR", "2")], [b"1", b"3"])


def test_a_send_without_a_destination_in_the_middle_is_refused_alone() -> None:
    wire = Wire()
    heard, publisher = consumer(wire), soft(wire)
    publisher.send(send(1), frame("SEND", "n:2", "receipt:2"), send(3))
    assert (receipts(publisher), heard.bodies()) == ([("ERROR", "2")], [b"1", b"3"])


# A queue that is full.


def test_what_has_room_is_receipted_at_once_and_the_rest_in_order_as_room_is_made() -> None:
    wire = Wire(ROOM_FOR_TWO)
    publisher = wire.connect()
    publisher.send(*receipted(1, 2, 3), send(4), *receipted(5, 6))
    assert receipts(publisher) == taken(1, 2)
    heard = consumer(wire, "ack:client-individual", "prefetch-count:1")
    answered = [receipts(publisher)]
    for _ in range(5):
        heard.send(frame("ACK", f"id:{heard.frame().header('ack')}"))
        answered.append(receipts(publisher))
    assert answered == [taken(3), [], taken(5), taken(6), [], []]
    assert [each.get("n") for each in heard.frames()] == ["6"]
    publisher.send(send(7, "receipt:7"))
    assert receipts(publisher) == taken(7)


def test_what_comes_after_a_run_that_waits_comes_after_it() -> None:
    wire = Wire(ROOM_FOR_TWO)
    publisher, other = wire.connect(), wire.connect()
    publisher.send(*receipted(1, 2, 3), send(4, "priority:9", "receipt:4"), frame("DISCONNECT", "receipt:5"))
    other.send(send(6, "receipt:6"))
    assert (receipts(publisher), receipts(other)) == (taken(1, 2), [])
    assert consumer(wire).bodies() == [b"1", b"2", b"3", b"6", b"4"]
    assert (receipts(publisher), receipts(other)) == (taken(3, 4, 5), taken(6))


def test_what_waited_too_long_is_refused_by_its_receipt_and_ends_the_session() -> None:
    wire = Wire(ROOM_FOR_TWO)
    publisher = wire.connect()
    publisher.send(*receipted(1, 2), send(3), *receipted(4, 5))
    wire.pass_time(10.1)
    assert receipts(publisher) == [*taken(1, 2), ("ERROR", "4")]
    assert publisher.closed
    assert consumer(wire).bodies() == [b"1", b"2"]


def test_with_soft_errors_each_of_the_rest_is_refused_by_its_receipt() -> None:
    wire = Wire(ROOM_FOR_TWO)
    publisher = soft(wire)
    publisher.send(*receipted(1, 2), send(3), *receipted(4, 5), frame("BEGIN", "transaction:t", "receipt:6"))
    assert receipts(publisher) == taken(1, 2)
    wire.pass_time(10.1)
    assert receipts(publisher) == [("ERROR", "4"), ("ERROR", "5"), *taken(6)]
    assert consumer(wire).bodies() == [b"1", b"2"]
    publisher.send(send(7, "receipt:7"))
    assert receipts(publisher) == taken(7)


def test_with_soft_errors_a_rest_that_asked_for_nothing_is_refused_once() -> None:
    wire = Wire(ROOM_FOR_TWO)
    publisher = soft(wire)
    publisher.send(*receipted(1, 2), send(3), send(4))
    wire.pass_time(10.1)
    assert receipts(publisher) == [*taken(1, 2), ("ERROR", None)]


def test_who_must_make_room_itself_is_refused_at_once() -> None:
    wire = Wire(ROOM_FOR_TWO)
    client = soft(wire)
    client.send(frame("SUBSCRIBE", "id:0", QUEUE, "ack:client", "prefetch-count:1"))
    client.send(*receipted(1, 2, 3, 4, 5), send(6, "receipt:6", where="destination:/queue/b"))
    assert receipts(client) == [*taken(1, 2, 3), ("ERROR", "4"), ("ERROR", "5"), *taken(6)]


def test_one_queue_too_many_refuses_all_that_was_for_it() -> None:
    wire = Wire(BrokerConfig(limits=LimitsConfig(destinations=1)))
    client = soft(wire)
    client.send(send(1, where="destination:/queue/b"), *receipted(2, 3))
    assert receipts(client) == [("ERROR", "2"), ("ERROR", "3")]


@pytest.mark.parametrize("is_soft", [False, True])
def test_a_run_that_waits_is_refused_when_the_owner_of_the_queue_leaves(is_soft: bool) -> None:
    wire = Wire(ROOM_FOR_TWO)
    owner, heard = wire.connect(), consumer(wire)
    owner.send(send(0, "reply-to:/temp-queue/x"))
    where = f"destination:{heard.frame().header('reply-to')}"
    owner.pause()
    publisher = soft(wire) if is_soft else wire.connect()
    publisher.send(*[send(number, f"receipt:{number}", where=where) for number in (1, 2, 3, 4)])
    before = receipts(publisher)
    owner.leave()
    assert (before, receipts(publisher)) == (taken(1, 2), [("ERROR", "3"), ("ERROR", "4")][: 1 + is_soft])
    assert publisher.closed is not is_soft


# An engine that says later what became of a run.


class Later:
    """The local engine, behind a promise: what became of a run is said when the test says it."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.confirm: Confirm | None = None
        self.runs: list[int] = []

    def publish(self, messages: list[Message], confirm: Confirm) -> Hold | None:
        self.confirm = confirm
        self.runs.append(len(messages))
        return None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._engine, name)


def later() -> tuple[Wire, Later]:
    wire = Wire()
    wire.broker.engine = engine = Later(wire.broker.engine)
    return wire, engine


def test_sends_whose_headers_differ_are_one_run_up_to_its_limit() -> None:
    wire, engine = later()
    wire.connect().send(*[send(number) for number in range(RUN + 2)])
    assert engine.runs == [RUN, 2]


def test_receipts_come_as_the_engine_confirms() -> None:
    wire, engine = later()
    client = wire.connect()
    client.send(*receipted(1, 2), send(3), *receipted(4, 5))
    assert engine.confirm is not None
    answered = [receipts(client)]
    for count in (1, 2, 0, 2):
        engine.confirm(count, None)
        wire.flush()
        answered.append(receipts(client))
    assert answered == [[], taken(1), taken(2), [], taken(4, 5)]


def test_an_engine_may_refuse_what_is_between() -> None:
    wire, engine = later()
    client = soft(wire)
    client.send(*receipted(1, 2), send(3), *receipted(4))
    assert engine.confirm is not None
    for count, refused in ((1, None), (1, Refused("no")), (1, Refused("no")), (1, None)):
        engine.confirm(count, refused)
    wire.flush()
    assert receipts(client) == [*taken(1), ("ERROR", "2"), ("ERROR", None), *taken(4)]


@pytest.mark.parametrize("refused", [None, Refused("no")])
def test_nobody_is_answered_who_is_gone(refused: Refused | None) -> None:
    wire, engine = later()
    client = wire.connect()
    client.send(*receipted(1, 2))
    client.leave()
    assert engine.confirm is not None
    engine.confirm(2, refused)
    wire.flush()
    assert client.octets() == b""
