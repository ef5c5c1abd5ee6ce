"""Retained values: who comes to a topic late gets its last value first."""

import pytest

from hoofbeat.assembly import make_broker
from hoofbeat.broker.access import Right
from hoofbeat.broker.users import Principal
from hoofbeat.config import BrokerConfig, LimitsConfig, TopicConfig
from tests.conformance.wire import Client, Heard, Wire, every_version, frame, settlement
from tests.patient_store import PatientStore

RETAINED = BrokerConfig(topic=TopicConfig(retained=True))
EACH_BY_ITSELF = ("ack:client-individual", "prefetch-count:1")


def send(body: bytes, *headers: str, to: str = "/topic/a") -> bytes:
    return frame("SEND", f"destination:{to}", *headers, body=body)


def keep(body: bytes, *headers: str, to: str = "/topic/a") -> bytes:
    return send(body, "retain:set", *headers, to=to)


def listen(client: Client, *headers: str, to: str = "/topic/a", id: str = "0") -> None:
    client.send(frame("SUBSCRIBE", f"id:{id}", f"destination:{to}", *headers))


def told(frames: list[Heard]) -> list[tuple[bytes, str | None]]:
    return [(heard.body, heard.get("retained")) for heard in frames if heard.command == "MESSAGE"]


def heard_first(wire: Wire, to: str = "/topic/a") -> list[tuple[bytes, str | None]]:
    """Return what somebody new gets, whoever it is."""
    client = wire.connect()
    listen(client, to=to)
    heard = told(client.frames())
    client.leave()
    return heard


@every_version
def test_a_new_subscriber_gets_the_last_value_first_and_then_what_is_new(version: str) -> None:
    wire = Wire()
    client, sender = wire.connect(version), wire.connect()
    sender.send(keep(b"1"), keep(b"2"), send(b"not kept"))
    client.send(
        frame("SUBSCRIBE", "id:0", "destination:/topic/a", "receipt:r"),
        send(b"3"),
    )
    frames = client.frames()
    assert (frames[0].command, frames[0].get("receipt-id")) == ("RECEIPT", "r")
    assert told(frames) == [(b"2", "true"), (b"3", None)]
    assert frames[1].header("destination") == "/topic/a"
    assert frames[1].get("retain") == "set"  # as any header of its sender's


def test_nobody_gets_a_value_twice_or_misses_a_later_one(wire: Wire) -> None:
    client = wire.connect()
    client.send(keep(b"1"), frame("SUBSCRIBE", "id:0", "destination:/topic/a"), keep(b"2"), keep(b"3"))
    assert told(client.frames()) == [(b"1", "true"), (b"2", None), (b"3", None)]
    listen(client, id="1")
    assert told(client.frames()) == [(b"3", "true")]


def test_who_listens_hears_of_a_new_value_as_of_any_message(wire: Wire) -> None:
    early, sender = wire.connect(), wire.connect()
    listen(early)
    sender.send(keep(b"1"), send(b"2"), keep(b"3"))
    assert told(early.frames()) == [(b"1", None), (b"2", None), (b"3", None)]


@pytest.mark.parametrize("first", [keep(b"1"), send(b"1")])
def test_what_is_kept_and_what_is_not_are_never_one_run(wire: Wire, first: bytes) -> None:
    wire.connect().send(first, send(b"2", "x:y"), keep(b"3"), send(b"4"), send(b"5"))
    assert heard_first(wire) == [(b"3", "true")]


def test_what_repeats_the_headers_of_others_is_not_kept_with_what_comes_before(wire: Wire) -> None:
    sender = wire.connect()
    sender.send(send(b"0", "x:0"))
    sender.send(keep(b"1"), send(b"2", "x:1"))
    assert heard_first(wire) == [(b"1", "true")]


def test_a_value_is_forgotten_when_it_is_removed(wire: Wire) -> None:
    sender = wire.connect()
    sender.send(keep(b"1"), send(b"gone", "retain:remove"), send(b"", "retain:remove", to="/topic/never"))
    assert heard_first(wire) == []
    sender.send(keep(b"2"))
    assert heard_first(wire) == [(b"2", "true")]


def test_a_topic_may_be_set_to_keep_every_value() -> None:
    wire = Wire(BrokerConfig(topics={"/topic/prices.*": TopicConfig(retained=True)}))
    wire.connect().send(send(b"7", to="/topic/prices.tea"), send(b"8"), send(b"9", to="/topic/prices.tea"))
    assert heard_first(wire, "/topic/prices.tea") == [(b"9", "true")]
    assert heard_first(wire) == []
    wire.connect().send(send(b"", "retain:remove", to="/topic/prices.tea"))
    assert heard_first(wire, "/topic/prices.tea") == []


def test_a_wildcard_subscription_gets_the_values_of_all_that_match_in_the_order_they_were_sent(
    wire: Wire,
) -> None:
    sender, client = wire.connect(), wire.connect()
    for name in ("b", "a", "a/x", "c", "c.x"):
        sender.send(keep(name.encode(), to=f"/topic/{name}"))
    sender.send(keep(b"b again", "priority:9", to="/topic/b"))
    listen(client, to="/topic/*")
    assert told(client.frames()) == [(b"a", "true"), (b"c", "true"), (b"b again", "true")]
    assert heard_first(wire, "/topic/a/**") == [(b"a", "true"), (b"a/x", "true")]
    assert heard_first(wire, "/topic/*/y") == []
    assert heard_first(wire, "/topic/**/x") == [(b"a/x", "true")]


def test_a_wildcard_subscription_gets_so_many_and_no_more() -> None:
    wire = Wire(BrokerConfig(limits=LimitsConfig(retained_values=2)))
    wire.connect().send(*[keep(b"x", to=f"/topic/{number}") for number in range(3)])
    assert len(heard_first(wire, "/topic/*")) == 2


def test_a_wildcard_is_no_way_to_values_that_may_not_be_read() -> None:
    class NotB:
        def may(self, principal: Principal, right: Right, destination: str) -> bool:
            return destination != "/topic/b" or right is not Right.READ

    wire = Wire()
    wire.broker = make_broker(access=NotB())
    wire.connect().send(keep(b"a"), keep(b"b", to="/topic/b"))
    assert heard_first(wire, "/topic/*") == [(b"a", "true")]


def test_a_subscriber_that_settles_gets_values_within_its_credit(wire: Wire) -> None:
    client = wire.connect()
    client.send(keep(b"a"), keep(b"b", to="/topic/b"))
    listen(client, *EACH_BY_ITSELF, to="/topic/*")
    client.send(send(b"c"))
    bodies = []
    for _ in range(2):
        heard = client.frame()
        bodies.append((heard.body, heard.get("retained")))
        client.send(settlement("NACK" if len(bodies) == 1 else "ACK", "1.2", heard))
    assert bodies == [(b"a", "true"), (b"a", "true")]  # again, as any that came back
    client.send(settlement("ACK", "1.2", heard := client.frame()))
    assert (heard.body, client.frame().body) == (b"b", b"c")


def test_a_slow_subscriber_gets_its_values_when_it_reads_and_then_shares_with_others(wire: Wire) -> None:
    client, sender = wire.connect(), wire.connect()
    sender.send(keep(b"a"))
    client.pause()
    listen(client)
    sender.send(keep(b"b"))
    assert client.frames() == []
    session = next(iter(wire.broker.sessions.values()))
    wire.broker.resume(session, wire.now())
    sender.send(keep(b"c"))
    assert told(client.frames()) == [(b"a", "true"), (b"b", None), (b"c", None)]
    assert wire.broker.engine._topics._backlogs == {}


def test_a_value_that_has_expired_is_no_value(wire: Wire) -> None:
    wire.connect().send(keep(b"1", "ttl:1000"))
    assert heard_first(wire) == [(b"1", "true")]
    wire.pass_time(1.0)
    assert heard_first(wire) == []
    wire.connect().send(keep(b"2", "expires:1"))
    assert heard_first(wire) == []


@pytest.mark.parametrize("headers", ["retain:yes", "retain:SET"])
def test_other_words_than_set_and_remove_are_refused(wire: Wire, headers: str) -> None:
    client = wire.connect()
    client.send(send(b"", headers))
    assert "neither set nor remove" in client.refusal().header("message")


@pytest.mark.parametrize("to", ["/queue/a", "/temp-topic/a", "/temp-queue/a"])
def test_only_a_topic_that_stays_has_a_last_value(wire: Wire, to: str) -> None:
    client = wire.connect()
    client.send(keep(b"", to=to))
    assert client.refusal().header("message") == "retain is for topics"


def test_a_temporary_topic_keeps_nothing_whatever_the_settings() -> None:
    client = Wire(RETAINED).connect()
    client.send(send(b"1", to="/temp-topic/a"))
    listen(client, to="/temp-topic/a")
    assert client.frames() == []


class TestLimits:
    """Who sends can't make the broker hold more than it may."""

    def test_one_topic_more_than_may_be_retained_is_refused_and_heard_by_nobody(self) -> None:
        wire = Wire(BrokerConfig(limits=LimitsConfig(retained_topics=1)))
        client = wire.connect("1.2", "hoofbeat-soft-errors:true")
        listen(client, to="/topic/*")
        client.send(keep(b"1"), keep(b"2"), keep(b"3", "receipt:r", to="/topic/b"))
        *heard, error = client.frames()
        assert (told(heard), error.get("receipt-id")) == ([(b"1", None), (b"2", None)], "r")
        assert error.header("message") == "more than 1 topics with a retained value"
        client.send(send(b"", "retain:remove"), keep(b"4", to="/topic/b"))
        assert heard_first(wire, "/topic/*") == [(b"4", "true")]

    def test_one_byte_more_than_may_be_retained_is_refused(self) -> None:
        most = len("\ndestination:/topic/a\nretain:set") + 10
        wire = Wire(BrokerConfig(limits=LimitsConfig(retained_bytes=most)))
        client = wire.connect("1.2", "hoofbeat-soft-errors:true")
        client.send(keep(b"12345"), keep(b"1234567890"), keep(b"12345678901"))
        assert client.frame().header("message") == f"more than {most} bytes of retained values"
        assert heard_first(wire) == [(b"1234567890", "true")]

    @pytest.mark.parametrize(
        "limits",
        [LimitsConfig(retained_topics=2), LimitsConfig(retained_bytes=90)],
        ids=["topics", "bytes"],
    )
    def test_values_that_have_expired_make_room_for_others(self, limits: LimitsConfig) -> None:
        wire = Wire(BrokerConfig(limits=limits))
        client = wire.connect("1.2", "hoofbeat-soft-errors:true")
        client.send(keep(b"1", "ttl:5000"), keep(b"2", to="/topic/b"))
        client.send(keep(b"3", "receipt:3", to="/topic/c"))
        assert client.frame().command == "ERROR"
        wire.pass_time(5.0)
        client.send(keep(b"4", "receipt:4", to="/topic/c"))
        assert client.frame().header("receipt-id") == "4"
        client.send(keep(b"5", "receipt:5", to="/topic/d"))
        assert client.frame().command == "ERROR"
        assert heard_first(wire, "/topic/*") == [(b"2", "true"), (b"4", "true")]

    def test_a_value_that_took_the_place_of_one_that_expires_stays(self) -> None:
        wire = Wire(BrokerConfig(limits=LimitsConfig(retained_topics=1)))
        client = wire.connect("1.2", "hoofbeat-soft-errors:true")
        client.send(*[keep(b"1", f"ttl:{number}") for number in range(1, 300)], keep(b"2"))
        wire.pass_time(5.0)
        client.send(keep(b"3", to="/topic/b"))
        assert client.frame().command == "ERROR"
        assert heard_first(wire, "/topic/*") == [(b"2", "true")]

    def test_a_value_that_there_is_no_room_for_leaves_no_older_one_behind(self) -> None:
        most = len("\ndestination:/topic/a") + 2
        wire = Wire(BrokerConfig(topic=RETAINED.topic, limits=LimitsConfig(retained_bytes=most)))
        client = wire.connect()
        listen(client)
        client.send(send(b"12"))
        client.send(send(b"123"))
        assert client.bodies() == [b"12", b"123"]
        assert heard_first(wire) == []

    def test_a_transaction_with_a_value_too_many_is_refused_as_a_whole(self) -> None:
        wire = Wire(BrokerConfig(limits=LimitsConfig(retained_topics=0)))
        client = wire.connect("1.2", "hoofbeat-soft-errors:true")
        listen(client, to="/topic/*")
        client.send(
            frame("BEGIN", "transaction:t"),
            send(b"1", "transaction:t"),
            keep(b"2", "transaction:t"),
            frame("COMMIT", "transaction:t", "receipt:r"),
        )
        assert client.frame().header("message") == "more than 0 topics with a retained value"


class TestKept:
    """With a store."""

    def test_values_are_there_after_a_restart(self) -> None:
        store = PatientStore(is_patient=False)
        before = Wire(store=store, epoch="1")
        before.connect().send(
            keep(b"1"), keep(b"2", "x:a\\cb"), keep(b"3", to="/topic/b"), keep(b"4", to="/topic/c"),
            send(b"", "retain:remove", to="/topic/b"),
        )  # fmt: skip
        after = Wire(store=PatientStore(store.disk), epoch="2")
        client = after.connect()
        listen(client, to="/topic/*")
        first, second = client.frames()
        assert told([first, second]) == [(b"2", "true"), (b"4", "true")]
        assert (first.header("x"), first.header("message-id")) == ("a\\cb", "1-2")

    def test_the_receipt_of_a_value_comes_when_it_is_safe(self) -> None:
        store = PatientStore()
        client = Wire(store=store).connect()
        client.send(keep(b"1", "receipt:r"))
        assert client.frames() == []
        store.settle()
        client.send(b"\n")
        assert client.frame().header("receipt-id") == "r"
        client.send(send(b"2", "receipt:s"))
        assert client.frame().header("receipt-id") == "s"
