"""Sessions that wait: for room, for memory, for a login; and those that are not waited for."""

import pytest

from hoofbeat.assembly import make_broker
from hoofbeat.broker.users import Credentials, Principal, Verdict
from hoofbeat.config import BrokerConfig, LimitsConfig, QueueConfig
from tests.conformance.wire import Client, Wire, connect_frame, frame, settlement

QUEUE = "destination:/queue/a"
SMALL = BrokerConfig(queue=QueueConfig(messages=1))


class Later:
    """An authenticator that answers when the test does."""

    def __init__(self) -> None:
        self.asked: list[tuple[Credentials, Verdict]] = []

    def authenticate(self, credentials: Credentials, done: Verdict) -> None:
        self.asked.append((credentials, done))


def guarded(per_user: int = 50) -> tuple[Wire, Later]:
    wire, later = Wire(), Later()
    wire.broker = make_broker(authenticator=later, per_user=per_user)
    return wire, later


def send(body: bytes, *headers: str) -> bytes:
    return frame("SEND", QUEUE, *headers, body=body)


def held(wire: Wire) -> Client:
    client = wire.connect()
    client.send(send(b"1", "receipt:1"), send(b"2", "receipt:2"), send(b"3", "receipt:3"))
    assert [each.get("receipt-id") for each in client.frames()] == ["1"]
    return client


def test_a_publisher_held_by_a_full_queue_goes_on_when_there_is_room() -> None:
    wire = Wire(SMALL)
    publisher = held(wire)
    consumer = wire.connect()
    consumer.send(frame("SUBSCRIBE", "id:0", QUEUE))
    assert consumer.bodies() == [b"1", b"2", b"3"]
    assert [each.get("receipt-id") for each in publisher.frames()] == ["2", "3"]


def test_a_publisher_is_held_no_longer_than_ten_seconds() -> None:
    wire = Wire(SMALL)
    publisher = held(wire)
    wire.pass_time(9.9)
    early = publisher.closed
    wire.pass_time(0.2)
    error = publisher.refusal()
    assert (early, error.get("message"), error.get("receipt-id")) == (False, "/queue/a is full", "2")


def test_a_publisher_that_holds_what_fills_the_queue_is_refused_at_once() -> None:
    client = Wire(SMALL).connect()
    client.send(frame("SUBSCRIBE", "id:0", QUEUE, "ack:client", "prefetch-count:1"))
    client.send(send(b"1"), send(b"2"), send(b"3"))
    assert client.refusal().get("message") == "/queue/a is full"


def test_while_memory_is_short_senders_wait() -> None:
    wire = Wire()
    client = wire.connect()
    wire.broker.set_memory_short(True, wire.now())
    client.send(send(b"1", "receipt:1"))
    before = client.frames()
    wire.broker.set_memory_short(False, wire.now())
    wire.broker.flush()
    assert (before, client.frame().get("receipt-id")) == ([], "1")


def test_while_memory_stays_short_a_sender_is_refused_after_ten_seconds() -> None:
    wire = Wire()
    client = wire.connect()
    wire.broker.set_memory_short(True, wire.now())
    client.send(send(b"1", "receipt:1"))
    wire.pass_time(10.1)
    assert client.refusal().get("receipt-id") == "1"


def test_while_memory_is_short_consumers_may_settle() -> None:
    wire = Wire()
    client = wire.connect()
    client.send(frame("SUBSCRIBE", "id:0", QUEUE, "ack:client"), send(b"1"))
    message = client.frame()
    wire.broker.set_memory_short(True, wire.now())
    client.send(settlement("ACK", "1.2", message, "receipt:1"))
    assert client.frame().get("receipt-id") == "1"


def test_what_came_while_the_login_was_checked_is_handled_after_it() -> None:
    wire, later = guarded()
    client = wire.open()
    client.send(connect_frame("1.2", "login:ann"), send(b"1", "receipt:1"))
    client.send(send(b"2", "receipt:2"))
    before = client.frames()
    later.asked[0][1](Principal("ann", True))
    wire.broker.flush()
    connected, *receipts = client.frames()
    assert (before, connected.get("user-name")) == ([], "ann")
    assert [each.get("receipt-id") for each in receipts] == ["1", "2"]


def test_a_login_that_is_refused_ends_the_session_and_nothing_after_it_is_done() -> None:
    wire, later = guarded()
    client = wire.open()
    client.send(connect_frame("1.2", "hoofbeat-soft-errors:true"), send(b"1"))
    later.asked[0][1](None)
    wire.broker.flush()
    assert "Access refused" in client.refusal().header("message")
    assert wire.broker.stats.messages_received == 0


def test_a_login_that_nobody_answers_ends_after_ten_seconds() -> None:
    wire, later = guarded()
    client = wire.open()
    client.send(connect_frame("1.2"))
    wire.pass_time(10.1)
    client.refusal()
    later.asked[0][1](Principal("ann"))
    wire.broker.flush()
    assert client.frames() == []


def test_one_user_may_have_so_many_sessions_and_not_one_more() -> None:
    wire, later = guarded(per_user=1)
    first, second, third = wire.open(), wire.open(), wire.open()
    for client in (first, second):
        client.send(connect_frame("1.2"))
        later.asked.pop()[1](Principal("ann", True))
        wire.broker.flush()
    assert first.frame().command == "CONNECTED"
    assert "more than 1 connections" in second.refusal().header("message")
    first.leave()
    third.send(connect_frame("1.2"))
    later.asked.pop()[1](Principal("ann", True))
    wire.broker.flush()
    assert third.frame().command == "CONNECTED"


def test_who_does_not_connect_in_ten_seconds_is_told_and_closed() -> None:
    wire = Wire()
    client = wire.open()
    wire.pass_time(9.9)
    early = client.closed
    wire.pass_time(0.2)
    assert (early, client.refusal().get("message")) == (False, "no CONNECT within 10 seconds")


def test_a_drain_ends_every_session_with_an_error() -> None:
    wire = Wire()
    clients = [wire.connect(), wire.connect("1.2", "hoofbeat-soft-errors:true"), wire.open()]
    wire.broker.drain(wire.now())
    wire.broker.flush()
    assert {each.refusal().get("message") for each in clients} == {"the server is shutting down"}


@pytest.mark.parametrize("over", [0, 1])
def test_subscriptions_end_at_their_limit(over: int) -> None:
    client = Wire(BrokerConfig(limits=LimitsConfig(subscriptions=2))).connect()
    client.send(*[frame("SUBSCRIBE", f"id:{at}", "destination:/topic/a") for at in range(2 + over)])
    assert client.closed is bool(over)


@pytest.mark.parametrize("over", [0, 1])
def test_open_transactions_end_at_their_limit(over: int) -> None:
    client = Wire().connect()
    client.send(*[frame("BEGIN", f"transaction:{at}") for at in range(16 + over)])
    assert client.closed is bool(over)


@pytest.mark.parametrize("over", [0, 1])
def test_frames_of_a_transaction_end_at_their_limit(over: int) -> None:
    client = Wire(BrokerConfig(limits=LimitsConfig(transaction_frames=2))).connect()
    client.send(frame("BEGIN", "transaction:t"), *[send(b"", "transaction:t")] * (2 + over))
    assert client.closed is bool(over)


@pytest.mark.parametrize("over", [0, 1])
def test_bytes_of_a_transaction_end_at_their_limit(over: int) -> None:
    client = Wire(BrokerConfig(limits=LimitsConfig(transaction_bytes=100))).connect()
    of_headers = len("transactiontdestination/queue/a")
    client.send(frame("BEGIN", "transaction:t"))
    client.send(frame("SEND", "transaction:t", "destination:/queue/a", body=b"x" * (100 - of_headers + over)))
    assert client.closed is bool(over)


def test_headers_that_wait_in_a_transaction_count() -> None:
    client = Wire(BrokerConfig(limits=LimitsConfig(transaction_bytes=10_000))).connect()
    client.send(frame("SUBSCRIBE", "id:0", "destination:/queue/a", "ack:client"), send(b"1"))
    ack = settlement("ACK", "1.2", client.frame(), "transaction:t", f"padding:{'x' * 1000}")
    client.send(frame("BEGIN", "transaction:t"), ack * 10)
    assert client.refusal().header("message") == "transaction over 10000 bytes"
