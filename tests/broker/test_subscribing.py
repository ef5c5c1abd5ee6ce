"""SUBSCRIBE: what it may ask for, and that one that is refused leaves nothing behind."""

import pytest

from hoofbeat.broker.engine import Done, Engine, ignore
from hoofbeat.broker.subscription import Subscription
from hoofbeat.config import BrokerConfig, LimitsConfig
from hoofbeat.errors import Refused
from tests.conformance.wire import Client, Wire, frame, settlement

SOFT = "hoofbeat-soft-errors:true"


def send(to: str, *headers: str, body: bytes = b"") -> bytes:
    return frame("SEND", f"destination:{to}", *headers, body=body)


def subscribe(to: str, *headers: str, id: str = "0") -> bytes:
    return frame("SUBSCRIBE", f"id:{id}", f"destination:{to}", *headers)


def _full(subscriptions: int = 256) -> tuple[Wire, Client]:
    """Return a broker with the one queue that it may have, and a soft session."""
    wire = Wire(BrokerConfig(limits=LimitsConfig(destinations=1, subscriptions=subscriptions)))
    wire.connect().send(send("/queue/only"))
    return wire, wire.connect("1.2", SOFT)


def test_a_subscription_that_the_engine_refuses_is_forgotten() -> None:
    _, client = _full()
    client.send(subscribe("/queue/one-more", "receipt:r", id="s"))
    error = client.frame()
    assert error.header("message") == "more than 1 destinations"
    assert (error.get("receipt-id"), error.get("subscription"), error.get("fatal")) == ("r", "s", "false")
    client.send(subscribe("/topic/a", id="s"), send("/topic/a", body=b"heard"))
    assert client.bodies() == [b"heard"]


def test_a_reply_to_that_cannot_be_subscribed_is_refused_with_its_message() -> None:
    wire, client = _full()
    client.send(subscribe("/topic/a"), send("/topic/a", "reply-to:/temp-queue/x", "receipt:r"))
    error = client.frame()
    assert (error.header("message"), error.get("receipt-id")) == ("more than 1 destinations", "r")
    assert [len(session.subscriptions) for session in wire.broker.sessions.values()] == [0, 1]


@pytest.mark.parametrize("header", ["ack:never", "prefetch-count:x", "selector:a ="])
def test_a_refused_subscribe_leaves_what_a_reply_to_brought_about(header: str) -> None:
    client = Wire().connect("1.2", SOFT)
    client.send(send("/queue/a", "reply-to:/temp-queue/x"), subscribe("/temp-queue/x", header))
    assert client.frame().command == "ERROR"
    client.send(send("/temp-queue/x", body=b"answer"))
    assert client.frame().header("subscription") == "/temp-queue/x"


@pytest.mark.parametrize("kind", ["temp-queue", "temp-topic"])
def test_subscribe_takes_the_place_of_a_reply_to_where_there_is_no_room_for_both(kind: str) -> None:
    client = Wire(BrokerConfig(limits=LimitsConfig(subscriptions=1))).connect("1.2", SOFT)
    client.send(
        send("/queue/a", f"reply-to:/{kind}/x"),
        subscribe(f"/{kind}/x", id="mine"),
        send(f"/{kind}/x", body=b"answer"),
    )
    assert client.frame().header("subscription") == "mine"


class Hesitating:
    """An engine that says later what became of a subscription, as one elsewhere would."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.done: Done = ignore

    def __getattr__(self, name: str) -> object:
        return getattr(self._engine, name)

    def attach(self, subscription: Subscription, done: Done) -> None:
        self.done = done


def _hesitate(wire: Wire) -> Hesitating:
    engine = Hesitating(wire.broker.engine)
    wire.broker.engine = engine
    return engine


@pytest.mark.parametrize("is_unsubscribed", [False, True])
def test_a_subscription_that_is_refused_later_is_forgotten_then(is_unsubscribed: bool) -> None:
    wire = Wire()
    engine = _hesitate(wire)
    client = wire.connect("1.2", SOFT)
    client.send(subscribe("/queue/a", "receipt:r", id="s"))
    assert client.frames() == []
    if is_unsubscribed:
        client.send(frame("UNSUBSCRIBE", "id:s"))
    engine.done(Refused("not there"))
    wire.broker.flush()
    error = client.frame()
    assert (error.get("message"), error.get("receipt-id"), error.get("subscription")) == (
        "not there",
        "r",
        "s",
    )
    client.send(frame("UNSUBSCRIBE", "id:s"))
    assert client.frame().header("message") == "Unknown subscription 's'"


def test_a_subscription_that_is_live_later_is_confirmed_then() -> None:
    wire = Wire()
    engine = _hesitate(wire)
    client = wire.connect()
    client.send(subscribe("/queue/a", "receipt:r"))
    engine.done(None)
    wire.broker.flush()
    assert client.frame().get("receipt-id") == "r"


def test_what_would_change_what_a_client_gets_is_refused_by_name() -> None:
    client = Wire().connect()
    client.send(subscribe("/topic/a", "include-seq:seq"))
    assert client.refusal().header("message") == "include-seq is not supported on SUBSCRIBE"


QUEUE, TOPIC = ("/queue/a",), ("/topic/a",)
DURABLE = ("/topic/a", "durable:true", "auto-delete:false")


@pytest.mark.parametrize(
    ("name", "asked", "setting"),
    [
        ("x-message-ttl", QUEUE, "age_seconds in [broker.queues]"),
        ("x-message-ttl", DURABLE, "ttl on SEND"),
        ("x-message-ttl", TOPIC, "ttl on SEND"),
        ("x-dead-letter-exchange", QUEUE, "dead_letter_destination in [broker.queues]"),
        ("x-dead-letter-routing-key", QUEUE, "dead_letter_destination in [broker.queues]"),
        ("x-dead-letter-exchange", TOPIC, "dead_letter_destination in [broker.queue]"),
        ("x-dead-letter-routing-key", DURABLE, "dead_letter_destination in [broker.queue]"),
        ("x-max-length", QUEUE, "messages in [broker.queues]"),
        ("x-max-length", DURABLE, "messages in [broker.durables]"),
        ("x-max-length", TOPIC, "messages in [broker.topics]"),
        ("x-max-length-bytes", QUEUE, "bytes in [broker.queues]"),
        ("x-overflow", QUEUE, "overflow in [broker.queues]"),
        ("x-overflow", TOPIC, "slow_reader in [broker.topics]"),
        ("x-max-length-bytes", DURABLE, "bytes in [broker.durables]"),
        ("x-overflow", DURABLE, "overflow in [broker.durables]"),
        ("x-expires", QUEUE, "age_seconds in [broker.queues]"),
        ("x-expires", DURABLE, "unused_days in [broker.durable]"),
    ],
)
def test_what_is_a_setting_here_is_refused_and_the_setting_named(
    name: str, asked: tuple[str, ...], setting: str
) -> None:
    client = Wire().connect()
    client.send(subscribe(asked[0], *asked[1:], f"{name}:1"))
    refusal = client.refusal()
    assert refusal.header("message") == f"{name} is not supported on SUBSCRIBE"
    assert f"{setting} does that" in refusal.body.decode()


@pytest.mark.parametrize("header", ["x-max-priority:9", "x-queue-type:quorum", "x-message-ttl:"])
@pytest.mark.parametrize("where", ["/queue/a", "/topic/a"])
def test_what_promises_nothing_that_is_not_so_is_accepted(header: str, where: str) -> None:
    client = Wire().connect()
    client.send(subscribe(where, header), send(where, body=b"1"))
    assert client.bodies() == [b"1"]


def test_what_ends_with_its_session_may_be_asked_to_end_after_it() -> None:
    client = Wire().connect()
    client.send(subscribe("/topic/a", "x-expires:60000"), send("/topic/a", body=b"1"))
    assert client.bodies() == [b"1"]


@pytest.mark.parametrize("header", ["x-message-ttl:1000", "x-max-length:5"])
def test_on_send_such_headers_are_the_senders_own(header: str) -> None:
    client = Wire().connect()
    client.send(subscribe("/queue/a"), send("/queue/a", header))
    name, _, value = header.partition(":")
    assert client.frame().get(name) == value


@pytest.mark.parametrize(
    "header", ["exclusive:false", "no-local:false", "persistent:false", "x-priority:0", "selector:"]
)
def test_what_asks_for_nothing_is_not_refused(header: str) -> None:
    client = Wire().connect()
    client.send(subscribe("/topic/a", header), send("/topic/a", body=b"1"))
    assert client.bodies() == [b"1"]


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        (("consumer-window-size:0",), 1),
        (("consumer-window-size:80",), 2),
        (("consumer-window-size:81",), 3),
        (("consumer-window-size:-1",), 6),
        (("consumer-window-size:81", "prefetch-count:2"), 2),
        (("credit:5,80",), 2),
        (("credit:5,0",), 5),
        (("credit:9",), 6),
    ],
)
def test_the_size_of_what_is_unsettled_can_be_bounded_too(headers: tuple[str, ...], expected: int) -> None:
    """Forty octets a message, headers and body, and six at most by the limits."""
    wire = Wire(BrokerConfig(limits=LimitsConfig(unsettled_bytes=240)))
    client, sender = wire.connect(), wire.connect()
    client.send(subscribe("/queue/a", "ack:client-individual", *headers))
    for _ in range(9):
        sender.send(send("/queue/a", body=b"x" * (40 - len("\ndestination:/queue/a"))))
    messages = client.frames()
    assert len(messages) == expected
    client.send(settlement("ACK", "1.2", messages[0]))
    assert client.frames()


@pytest.mark.parametrize("header", ["consumer-window-size:-2", "consumer-window-size:x", "credit:5,x"])
def test_a_size_that_is_no_number_is_refused(header: str) -> None:
    client = Wire().connect()
    client.send(subscribe("/queue/a", header))
    assert client.refusal().header("message").startswith(header.partition(":")[0])


@pytest.mark.parametrize(
    ("octets", "section"),
    [
        (frame("SEND"), "Frames and Headers"),
        (frame("SUBSCRIBE", "id:0"), "Frames and Headers"),
        (frame("SUBSCRIBE", "destination:/topic/a"), "Frames and Headers"),
        (frame("UNSUBSCRIBE"), "Frames and Headers"),
        (frame("BEGIN"), "Frames and Headers"),
        (frame("COMMIT"), "Frames and Headers"),
        (frame("ACK"), "Frames and Headers"),
        (frame("NACK"), "Frames and Headers"),
        (subscribe("/topic/a", "ack:never"), "SUBSCRIBE ack Header"),
    ],
)
def test_an_error_names_the_section_that_was_not_heeded(octets: bytes, section: str) -> None:
    client = Wire().connect()
    client.send(octets)
    assert client.refusal().body.decode().endswith(f" (STOMP 1.2, '{section}')")
