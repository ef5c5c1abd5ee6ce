"""Temporary destinations, logins that take their time, soft errors, limits of one session."""

import pytest

from hoofbeat.assembly import make_broker
from hoofbeat.broker.users import Credentials, Peer, Principal, Verdict
from hoofbeat.config import BrokerConfig, LimitsConfig
from hoofbeat.protocol.framing import STREAM
from hoofbeat.server.connection import Connection
from hoofbeat.transports.memory import MemoryOutlet
from tests.conformance.wire import Client, Wire, connect_frame, frame


def send(to: str, *headers: str, body: bytes = b"") -> bytes:
    return frame("SEND", f"destination:{to}", *headers, body=body)


def subscribe(to: str, *headers: str, id: str = "0") -> bytes:
    return frame("SUBSCRIBE", f"id:{id}", f"destination:{to}", *headers)


@pytest.fixture
def soft(wire: Wire) -> Client:
    """A client that keeps its connection when a frame is refused."""
    return wire.connect("1.2", "hoofbeat-soft-errors:true")


@pytest.mark.parametrize("kind", ["temp-queue", "temp-topic"])
def test_a_reply_finds_its_way_to_the_session_that_asked(wire: Wire, kind: str) -> None:
    asker, answerer = wire.connect(), wire.connect()
    answerer.send(subscribe("/queue/questions"))
    asker.send(
        subscribe(f"/{kind}/answers"), send("/queue/questions", f"reply-to:/{kind}/answers", body=b"why?")
    )
    where = answerer.frame().header("reply-to")
    assert where.startswith(f"/{kind}/")
    answerer.send(send(where, body=b"because"))
    answer = asker.frame()
    assert (answer.body, answer.header("subscription")) == (b"because", "0")


def test_a_reply_to_subscribes_by_itself(wire: Wire) -> None:
    asker, answerer = wire.connect(), wire.connect()
    answerer.send(subscribe("/queue/questions"))
    asker.send(send("/queue/questions", "reply-to:/temp-queue/x"))
    asker.send(send("/queue/questions", "reply-to:/temp-queue/x"))
    for question in answerer.frames():
        answerer.send(send(question.header("reply-to"), body=b"because"))
    assert [heard.header("subscription") for heard in asker.frames()] == ["/temp-queue/x"] * 2
    asker.send(subscribe("/temp-queue/x", id="mine"), send("/temp-queue/x", body=b"own"))
    assert asker.frame().header("subscription") == "mine"


def test_a_reply_to_of_any_other_kind_is_passed_on(wire: Wire) -> None:
    client = wire.connect()
    client.send(subscribe("/topic/a"), send("/topic/a", "reply-to:/queue/b"))
    assert client.frame().header("reply-to") == "/queue/b"


def test_a_temporary_destination_dies_with_its_session(wire: Wire) -> None:
    asker, answerer = wire.connect(), wire.connect()
    answerer.send(subscribe("/queue/questions"))
    asker.send(send("/temp-queue/x", body=b"waits"))
    asker.send(send("/queue/questions", "reply-to:/temp-queue/x"))
    where = answerer.frame().header("reply-to")
    asker.leave()
    answerer.send(send(where))
    assert "its session is gone" in answerer.refusal().header("message")


def test_only_its_own_session_subscribes_to_a_temporary_destination(wire: Wire) -> None:
    asker, thief = wire.connect(), wire.connect("1.2", "hoofbeat-soft-errors:true")
    thief.send(subscribe("/queue/questions"))
    asker.send(send("/queue/questions", "reply-to:/temp-queue/x"))
    where = thief.frame().header("reply-to")
    thief.send(subscribe(where, id="1"))
    assert "belongs to another session" in thief.frame().header("message")
    thief.send(send("/queue/b", f"reply-to:{where}"))
    assert "belongs to another session" in thief.frame().header("message")


def test_a_wildcard_cannot_be_replied_to(soft: Client) -> None:
    soft.send(send("/queue/a", "reply-to:/temp-topic/*"))
    assert "can't be replied to" in soft.frame().header("message")


def test_a_soft_error_names_its_frame_and_costs_nothing_else(soft: Client) -> None:
    soft.send(
        send("/nowhere", "receipt:1"),
        subscribe("/nowhere", "receipt:2", id="s"),
        send("/topic/a", "receipt:3"),
    )
    first, second, third = soft.frames()
    assert (first.header("fatal"), first.header("receipt-id"), first.get("subscription")) == (
        "false",
        "1",
        None,
    )
    assert (second.header("receipt-id"), second.header("subscription")) == ("2", "s")
    assert (third.command, third.header("receipt-id")) == ("RECEIPT", "3")
    assert not soft.closed


@pytest.mark.parametrize(
    ("destination", "said"),
    [
        ("/topic/a,/topic/b", "several destinations"),
        ("/topic/" + "a" * 1018, "over 1024 bytes"),
        ("topic", "starts with none of"),
        ("/user/a/queue/b", "no application"),
        ("/app/a", "no application"),
    ],
)
def test_what_is_no_destination_is_refused(soft: Client, destination: str, said: str) -> None:
    soft.send(send(destination))
    assert said in soft.frame().header("message")
    soft.send(subscribe(destination))
    assert said in soft.frame().header("message")


def test_a_destination_at_its_limit_is_taken(soft: Client) -> None:
    soft.send(send("/topic/" + "a" * 1017, "receipt:1"))
    assert soft.frame().command == "RECEIPT"


@pytest.mark.parametrize("header", ["include-seq:seq", "browser:true"])
def test_what_is_not_there_yet_is_refused_rather_than_left_out(soft: Client, header: str) -> None:
    soft.send(subscribe("/topic/a", header))
    assert header.partition(":")[0] in soft.frame().header("message")


def test_a_message_id_on_send_is_refused(soft: Client) -> None:
    soft.send(send("/topic/a", "message-id:1"))
    assert "message-id" in soft.frame().header("message")


def test_a_session_has_only_so_many_subscriptions() -> None:
    wire = Wire(BrokerConfig(limits=LimitsConfig(subscriptions=2)))
    client = wire.connect("1.2", "hoofbeat-soft-errors:true")
    client.send(subscribe("/topic/a"), subscribe("/topic/a", id="1"))
    assert client.frames() == []
    client.send(subscribe("/topic/a", id="2"), send("/queue/a", "reply-to:/temp-queue/a"))
    assert [heard.header("message") for heard in client.frames()] == ["more than 2 subscriptions"] * 2


def test_a_client_that_never_connects_is_told_and_closed(wire: Wire) -> None:
    client = wire.open()
    wire.pass_time(9.9)
    assert not client.closed
    wire.pass_time(0.2)
    assert "no CONNECT within 10 seconds" in client.refusal().header("message")


def test_memory_that_is_short_holds_senders_and_nobody_else(wire: Wire) -> None:
    sender, listener = wire.connect(), wire.connect()
    wire.broker.set_memory_short(True, wire.now())
    sender.send(send("/topic/a", "receipt:1"))
    listener.send(subscribe("/topic/a", "receipt:2"))
    assert sender.frames() == []
    assert listener.frame().header("receipt-id") == "2"
    wire.broker.set_memory_short(False, wire.now())
    wire.broker.flush()
    assert sender.frame().header("receipt-id") == "1"
    assert listener.frame().command == "MESSAGE"


def test_a_drained_broker_tells_everybody(wire: Wire) -> None:
    client = wire.connect("1.2", "hoofbeat-soft-errors:true")
    wire.broker.drain(wire.now())
    wire.broker.flush()
    assert client.refusal().header("message") == "the server is shutting down"


class Slowly:
    """An authenticator whose answers come when the test gives them."""

    def __init__(self) -> None:
        self.asked: list[tuple[Credentials, Verdict]] = []

    def authenticate(self, credentials: Credentials, done: Verdict) -> None:
        self.asked.append((credentials, done))


class TestLogin:
    """A login that takes its time."""

    @pytest.fixture
    def slowly(self) -> Slowly:
        return Slowly()

    @pytest.fixture
    def wire(self, slowly: Slowly) -> Wire:
        wire = Wire()
        wire.broker = make_broker(authenticator=slowly, per_user=1)
        return wire

    def test_what_came_meanwhile_is_handled_after_it(self, wire: Wire, slowly: Slowly) -> None:
        client = wire.open()
        client.send(connect_frame("1.2", "login:ada", "passcode:secret"), send("/topic/a", "receipt:1"))
        client.send(send("/topic/a", "receipt:2"))
        assert client.frames() == []
        credentials, done = slowly.asked[0]
        assert (credentials.login, credentials.passcode) == ("ada", "secret")
        assert "secret" not in repr(credentials)
        done(Principal("ada", is_proven=True))
        done(None)  # only the first answer counts
        wire.broker.flush()
        connected, *receipts = client.frames()
        assert connected.header("user-name") == "ada"
        assert [heard.header("receipt-id") for heard in receipts] == ["1", "2"]

    def test_a_refused_login_does_not_say_what_was_wrong(self, wire: Wire, slowly: Slowly) -> None:
        client = wire.open()
        client.send(connect_frame("1.2", "hoofbeat-soft-errors:true"))
        slowly.asked[0][1](None)
        wire.broker.flush()
        assert client.refusal().header("message") == "Access refused\\c login or passcode is wrong"

    def test_a_login_that_is_never_answered_is_given_up(self, wire: Wire, slowly: Slowly) -> None:
        client = wire.open()
        client.send(connect_frame("1.2"))
        wire.pass_time(10.1)
        assert client.refusal()
        slowly.asked[0][1](Principal("late"))
        wire.broker.flush()
        assert client.frames() == []

    def test_an_answer_for_one_who_left_changes_nothing(self, wire: Wire, slowly: Slowly) -> None:
        client = wire.open()
        client.send(connect_frame("1.2"))
        client.leave()
        slowly.asked[0][1](Principal("late", is_proven=True))
        assert wire.broker.users == {}

    def test_a_user_has_only_so_many_connections(self, wire: Wire, slowly: Slowly) -> None:
        first, second, third = wire.open(), wire.open(), wire.open()
        ada = Principal("ada", is_proven=True)
        for at, client in enumerate((first, second)):
            client.send(connect_frame("1.2"))
            slowly.asked[at][1](ada)
            wire.broker.flush()
        assert first.frame().command == "CONNECTED"
        assert "more than 1 connections" in second.refusal().header("message")
        first.leave()
        third.send(connect_frame("1.2"))
        slowly.asked[2][1](ada)
        wire.broker.flush()
        assert third.frame().command == "CONNECTED"


def test_a_transport_in_memory_remembers_how_it_was_used(wire: Wire) -> None:
    outlet = MemoryOutlet()
    connection = Connection(wire.broker, outlet, STREAM, Peer(), wire.now())
    connection.received(connect_frame("1.2"), wire.now())
    wire.broker.flush()
    outlet.pause_reading()
    assert not outlet.is_reading
    outlet.resume_reading()
    assert outlet.is_reading
    outlet.abort()
    outlet.write([b"lost"])
    assert outlet.aborted
    assert b"lost" not in outlet.written
