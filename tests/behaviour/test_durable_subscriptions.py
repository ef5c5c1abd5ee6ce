"""Durable subscriptions: messages of a topic wait for a subscriber that is away."""

from typing import NoReturn

import pytest

from hoofbeat.assembly import make_broker
from hoofbeat.broker.access import Right
from hoofbeat.broker.engine import Listed, ignore
from hoofbeat.broker.users import Principal
from hoofbeat.config import BrokerConfig, DurableConfig, KeptConfig, Loss, QueueConfig, TopicConfig
from hoofbeat.engines.local.topics.durable_subscription import Durable
from hoofbeat.errors import Refused
from tests.conformance.wire import Client, Wire, every_version, frame, settlement

SOFT = "hoofbeat-soft-errors:true"
CLIENT = "client-id:desk"
SIZE = len("\ndestination:/topic/a\npersistent:true") + 1  # of a message with a body of one octet
RABBITMQ = ("durable:true", "auto-delete:false")

# Of each broker: what its SUBSCRIBE says, and its UNSUBSCRIBE to delete the subscription.
WAYS = pytest.mark.parametrize(
    ("subscribe", "delete", "name"),
    [
        (RABBITMQ, ("durable:true", "auto-delete:false"), "/dsub/0/topic/a"),
        (("activemq.subscriptionName:n",), ("activemq.subscriptionName:n",), "/dsub/desk/n"),
        (("durable-subscription-name:n/1",), ("durable-subscription-name:n/1",), "/dsub/desk/n%2F1"),
        (("durable-subscriber-name:n",), ("durable-subscriber-name:n",), "/dsub/desk/n"),
        (("persistent:true",), ("persistent:true",), "/dsub/0"),
    ],
    ids=["RabbitMQ", "ActiveMQ", "Artemis", "Artemis, as it was", "Apollo"],
)


def send(body: bytes, *headers: str, to: str = "/topic/a") -> bytes:
    return frame("SEND", f"destination:{to}", "persistent:true", *headers, body=body)


def listening(*headers: str, to: str = "/topic/a", id: str = "0") -> bytes:
    return frame("SUBSCRIBE", f"id:{id}", f"destination:{to}", *headers)


def come(wire: Wire, *headers: str, to: str = "/topic/a", login: str = "", version: str = "1.2") -> Client:
    """Connect, and subscribe with these headers."""
    client = wire.connect(version, CLIENT, SOFT, *([f"login:{login}"] if login else []))
    client.send(listening(*headers, to=to))
    return client


def names(wire: Wire) -> list[str]:
    return [listed.name for listed in wire.broker.engine.durables.listing()]


@WAYS
@every_version
def test_what_is_sent_while_it_is_away_comes_when_it_is_back_and_then_what_is_new(
    subscribe: tuple[str, ...], delete: tuple[str, ...], name: str, version: str
) -> None:
    wire = Wire()
    sender = wire.connect()
    sender.send(send(b"before"))
    client = come(wire, *subscribe, version=version)
    sender.send(send(b"1"))
    assert client.bodies() == [b"1"]
    client.leave()
    sender.send(send(b"2", "x:y"), send(b"3", "priority:9"))
    again = come(wire, *subscribe, version=version)
    sender.send(send(b"4"))
    assert again.bodies() == [b"3", b"2", b"4"]
    assert names(wire) == [name]


@WAYS
def test_unsubscribe_that_does_not_say_so_deletes_nothing(
    subscribe: tuple[str, ...], delete: tuple[str, ...], name: str
) -> None:
    wire = Wire()
    client = come(wire, *subscribe)
    client.send(frame("UNSUBSCRIBE", "id:0", "receipt:r"), send(b"1"))
    assert client.frame().header("receipt-id") == "r"
    client.send(listening(*subscribe))
    assert client.bodies() == [b"1"]


@WAYS
@pytest.mark.parametrize("is_live", [True, False])
def test_it_is_deleted_as_each_broker_does(
    subscribe: tuple[str, ...], delete: tuple[str, ...], name: str, is_live: bool
) -> None:
    wire = Wire()
    client = come(wire, *subscribe)
    if not is_live:
        client.leave()
        client = wire.connect("1.2", CLIENT, SOFT)
    client.send(frame("UNSUBSCRIBE", "id:0", *delete, "destination:/topic/a", "receipt:r"), send(b"1"))
    assert client.frame().header("receipt-id") == "r"
    assert names(wire) == []
    assert come(wire, *subscribe).frames() == []


def test_a_live_one_needs_no_destination_to_be_deleted(wire: Wire) -> None:
    client = come(wire, *RABBITMQ)
    client.send(frame("UNSUBSCRIBE", "id:0", "durable:true"))
    assert names(wire) == []


def test_what_was_never_there_can_not_be_deleted(wire: Wire) -> None:
    client = wire.connect("1.2", CLIENT)
    client.send(frame("UNSUBSCRIBE", "id:0", "persistent:true"))
    assert client.refusal().header("message") == "Unknown subscription '/dsub/0'"


def test_it_is_found_by_its_own_name_as_in_apollo(wire: Wire) -> None:
    come(wire, "persistent:true", to="/topic/a.*").leave()
    wire.connect().send(send(b"1", to="/topic/a.b"))
    client = come(wire, to="/dsub/0")
    assert client.bodies() == [b"1"]
    client.send(frame("UNSUBSCRIBE", "id:0", "destination:/dsub/0"))
    assert names(wire) == []
    client.send(listening(to="/dsub/0"))
    assert "there is no such durable subscription" in client.frame().header("message")


def test_only_who_made_it_may_have_it_or_delete_it(wire: Wire) -> None:
    come(wire, "persistent:true", login="ann").leave()
    wire.connect().send(send(b"1"))
    other = come(wire, "persistent:true", login="bob")
    assert other.frame().header("message") == "Access refused\\c '/dsub/0' belongs to another login"
    other.send(listening(to="/dsub/0"))
    assert "there is no such durable subscription" in other.frame().header("message")
    other.send(frame("UNSUBSCRIBE", "id:0", "persistent:true"))
    assert "belongs to another login" in other.frame().header("message")
    assert come(wire, "persistent:true", login="ann").bodies() == [b"1"]


def test_one_at_a_time_listens_under_a_name(wire: Wire) -> None:
    first = come(wire, "persistent:true")
    second = come(wire, "persistent:true")
    error = second.frame()
    assert error.header("message") == "durable subscription '/dsub/0' is in use"
    assert error.body == b"somebody listens under that name; disconnect there first"
    second.send(frame("UNSUBSCRIBE", "id:0", "persistent:true"))
    assert "is in use" in second.frame().header("message")
    second.send(send(b"1"))
    assert (first.bodies(), second.frames()) == ([b"1"], [])
    first.leave()
    second.send(listening("persistent:true"), send(b"2"))
    assert second.bodies() == [b"2"]


def test_another_destination_under_the_same_name_begins_anew(wire: Wire) -> None:
    come(wire, "persistent:true").leave()
    wire.connect().send(send(b"1"))
    client = come(wire, "persistent:true", to="/topic/b")
    client.send(send(b"2"), send(b"3", to="/topic/b"))
    assert client.bodies() == [b"3"]
    assert [listed.destination for listed in wire.broker.engine.durables.listing()] == ["/topic/b"]


def test_what_is_not_settled_comes_back_ahead_of_what_is_newer(wire: Wire) -> None:
    client = come(wire, "persistent:true", "ack:client-individual", "prefetch-count:2")
    client.send(send(b"1"), send(b"2"), send(b"3"))
    first, _ = client.frames()
    client.send(settlement("ACK", "1.2", first))
    client.leave()
    wire.connect().send(send(b"4"))
    again = [(heard.body, heard.get("redelivered")) for heard in come(wire, "persistent:true").frames()]
    assert again == [(b"2", "true"), (b"3", "true"), (b"4", "false")]


def test_what_settles_goes_on_within_its_credit(wire: Wire) -> None:
    client = come(wire, "persistent:true", "ack:client-individual", "prefetch-count:1")
    client.send(send(b"1"), send(b"2"))
    client.send(settlement("NACK", "1.2", client.frame()))
    again = client.frame()
    assert (again.body, again.get("redelivered")) == (b"1", "true")
    client.send(settlement("ACK", "1.2", again))
    assert client.bodies() == [b"2"]


def test_wildcards_are_heard_as_far_as_their_owner_may_read() -> None:
    class NotB:
        def may(self, principal: Principal, right: Right, destination: str) -> bool:
            return destination != "/topic/b" or principal.name == "ann" or right is not Right.READ

    wire = Wire()
    wire.broker = make_broker(access=NotB())
    for login in ("ann", "bob"):
        client = wire.connect("1.2", f"login:{login}")
        client.send(listening("persistent:true", to="/topic/*", id=login))
        client.leave()
    wire.connect().send(send(b"a"), send(b"b", to="/topic/b"))
    waiting = {listed.owner: listed.messages for listed in wire.broker.engine.durables.listing()}
    assert waiting == {"ann": 2, "bob": 1}


def test_several_have_each_their_own_copy(wire: Wire) -> None:
    for id in ("1", "2"):
        client = wire.connect()
        client.send(listening("persistent:true", id=id))
        client.leave()
    live = wire.connect()
    live.send(listening(), send(b"x"))
    assert live.bodies() == [b"x"]
    for id in ("1", "2"):
        live.send(listening("persistent:true", id=id))
        assert live.bodies() == [b"x"]


def test_what_waits_too_long_for_its_time_to_live_is_not_delivered(wire: Wire) -> None:
    come(wire, "persistent:true").leave()
    wire.connect().send(send(b"1", "ttl:1000"), send(b"2"))
    wire.pass_time(2.0)
    assert come(wire, "persistent:true").bodies() == [b"2"]


def test_a_new_one_begins_with_the_last_value_and_one_that_comes_back_does_not() -> None:
    wire = Wire(BrokerConfig(topic=TopicConfig(retained=True, history_messages=9)))
    wire.connect().send(send(b"1"))
    client = come(wire, "persistent:true")
    value = client.frame()
    assert (value.body, value.get("retained"), value.get("offset")) == (b"1", "true", "1")
    client.leave()
    wire.connect().send(send(b"2"))
    heard = come(wire, "persistent:true").frame()
    assert (heard.body, heard.get("retained"), heard.get("offset")) == (b"2", None, "2")


def test_it_begins_where_it_was_left_and_nowhere_else(wire: Wire) -> None:
    client = come(wire, "persistent:true", "from-seq:0")
    assert client.frame().header("message") == "a durable subscription begins where it was left"
    assert names(wire) == []


@pytest.mark.parametrize("header", ["durable:true", "persistent:true", "activemq.subscriptionName:n"])
def test_a_queue_keeps_its_messages_in_any_case(wire: Wire, header: str) -> None:
    client = come(wire, header, to="/queue/a")
    client.send(send(b"1", to="/queue/a"), frame("UNSUBSCRIBE", "id:0", header, "receipt:r"))
    assert [heard.command for heard in client.frames()] == ["MESSAGE", "RECEIPT"]
    assert names(wire) == []


@pytest.mark.parametrize("header", ["durable:false", "persistent:false", "durable:true\nauto-delete:true"])
def test_what_does_not_ask_for_it_is_not_kept(wire: Wire, header: str) -> None:
    come(wire, *header.split("\n")).leave()
    assert names(wire) == []


@pytest.mark.parametrize(
    ("headers", "to", "why"),
    [
        (("activemq.subscriptionName:n",), "/topic/a", "Missing header\\c client-id on CONNECT"),
        (("persistent:true",), "/temp-topic/a", "durable subscriptions are to topics"),
        (("persistent:true", "id:" + "x" * 2000), "/topic/a", "name of a durable subscription over 1024"),
    ],
)
def test_what_can_have_no_name_is_refused(wire: Wire, headers: tuple[str, ...], to: str, why: str) -> None:
    client = wire.connect()
    id = () if headers[-1].startswith("id:") else ("id:0",)
    client.send(frame("SUBSCRIBE", *id, f"destination:{to}", *headers))
    assert client.refusal().header("message").startswith(why)


def test_without_an_id_there_is_no_name() -> None:
    client = Wire().connect("1.0")
    client.send(frame("SUBSCRIBE", "destination:/topic/a", "persistent:true"))
    assert client.refusal().header("message") == "Missing header: id"


class TestLimits:
    """Who is away can't make the broker hold more than it may."""

    def test_a_user_has_so_many_and_no_more(self) -> None:
        wire = Wire(BrokerConfig(durable=DurableConfig(per_user=1)))
        ann = come(wire, "persistent:true", login="ann")
        ann.send(listening("persistent:true", id="1"))
        assert ann.frame().header("message") == "more than 1 durable subscriptions of one user"
        assert come(wire, "activemq.subscriptionName:n", login="bob").frames() == []
        ann.leave()
        assert come(wire, "persistent:true", login="ann").frames() == []

    def test_all_users_together_have_so_many_and_no_more(self) -> None:
        wire = Wire(BrokerConfig(durable=DurableConfig(subscriptions=1)))
        assert come(wire, "persistent:true", login="ann").frames() == []
        bob = come(wire, "activemq.subscriptionName:n", login="bob")
        assert bob.frame().header("message") == "more than 1 durable subscriptions"

    @pytest.mark.parametrize("limit", [DurableConfig(messages=2), DurableConfig(bytes=2 * SIZE)])
    def test_the_oldest_are_given_up_where_there_are_too_many(self, limit: DurableConfig) -> None:
        wire = Wire(BrokerConfig(durable=limit, queue=QueueConfig(messages=1)))
        come(wire, "persistent:true").leave()
        wire.connect().send(*[send(b"%d" % number) for number in range(5)])
        assert come(wire, "persistent:true").bodies() == [b"3", b"4"]
        assert wire.broker.stats.messages_dropped == 3

    def test_where_that_is_set_what_came_last_is_given_up(self) -> None:
        few = KeptConfig(messages=2, overflow=Loss.DROP_NEWEST)
        wire = Wire(BrokerConfig(durables={"/topic/a": few}, topics={"/topic/a": TopicConfig(retained=True)}))
        wire.connect().send(send(b"0"))
        come(wire, "persistent:true").leave()
        come(wire, "activemq.subscriptionName:n", to="/topic/**").leave()
        wire.connect().send(*[send(b"%d" % number) for number in range(1, 5)])
        assert come(wire, "persistent:true").bodies() == [b"1", b"2"]
        assert wire.broker.stats.messages_dropped == 2
        every = come(wire, "activemq.subscriptionName:n", to="/topic/**")
        assert every.bodies() == [b"1", b"2", b"3", b"4"]

    def test_it_is_deleted_when_nobody_used_it_for_long(self) -> None:
        wire = Wire(BrokerConfig(durable=DurableConfig(unused_days=1.0)))
        used = come(wire, "persistent:true")
        come(wire, "activemq.subscriptionName:n").leave()
        come(wire, "activemq.subscriptionName:m").leave()
        wire.pass_time(43_200.0)
        come(wire, "activemq.subscriptionName:m").leave()
        assert len(names(wire)) == 3
        wire.pass_time(43_200.0)
        assert names(wire) == ["/dsub/0", "/dsub/desk/m"]
        wire.pass_time(43_200.0)
        assert names(wire) == ["/dsub/0"]
        used.leave()
        wire.pass_time(86_400.0)
        assert names(wire) == []

    def test_they_are_listed(self) -> None:
        wire = Wire()
        come(wire, "activemq.subscriptionName:n", "selector:x = 1", login="ann").leave()
        come(wire, "persistent:true", "ack:client")
        wire.connect().send(send(b"12345", "x:1"))
        wire.pass_time(7.0)
        assert list(wire.broker.engine.durables.listing()) == [
            Listed("/dsub/0", "/topic/a", "", "", 0, 0, 1, True, 0.0, False),
            Listed("/dsub/desk/n", "/topic/a", "x = 1", "ann", 1, SIZE + 8, 0, False, 7.0, False),
        ]

    def test_who_is_deleted_while_they_are_listed_is_left_out(self) -> None:
        wire = Wire()
        for id in "012":
            client = wire.connect()
            client.send(frame("SUBSCRIBE", f"id:{id}", "destination:/topic/a", "persistent:true"))
            client.leave()
        durables = wire.broker.engine.durables
        listing = durables.listing()
        assert next(listing).name == "/dsub/0"
        durables.delete("/dsub/1", ignore)
        assert [listed.name for listed in listing] == ["/dsub/2"]

    def test_the_administration_deletes_anybodys_that_is_not_in_use(self) -> None:
        wire = Wire()
        client = come(wire, "activemq.subscriptionName:n", login="ann")
        answers: list[Refused | None] = []
        durables = wire.broker.engine.durables
        durables.delete("/dsub/desk/n", answers.append)
        durables.delete("/dsub/desk/m", answers.append)
        assert list(map(str, answers)) == [
            "durable subscription '/dsub/desk/n' is in use",
            "Unknown subscription '/dsub/desk/m'",
        ]
        client.leave()
        assert "/dsub/desk/n" in durables
        wire.connect().send(send(b"1"))
        durables.delete("/dsub/desk/n", answers.append)
        assert answers[2:] == [None]
        assert "/dsub/desk/n" not in durables
        assert come(wire, "activemq.subscriptionName:n", login="ann").bodies() == []


def test_who_may_not_have_more_is_told_without_a_look_at_what_others_have() -> None:
    wire = Wire(BrokerConfig(durable=DurableConfig(per_user=2)))
    for number in range(3):
        client = wire.connect("1.2", "login:a", SOFT)
        client.send(listening("persistent:true", id=str(number)), frame("UNSUBSCRIBE", f"id:{number}"))
    durables = wire.broker.engine.durables
    durables._by_name = Unread(durables._by_name)
    client.send(listening("persistent:true", id="4"))
    heard = [each.header("message") for each in client.frames() if each.command == "ERROR"]
    assert heard[-1] == "more than 2 durable subscriptions of one user"


class Unread(dict[str, Durable]):
    """Names that nobody may go through."""

    def values(self) -> NoReturn:
        """Fail."""
        raise AssertionError("all were gone through")


def test_who_deleted_one_may_have_another() -> None:
    wire = Wire(BrokerConfig(durable=DurableConfig(per_user=1)))
    for number in range(3):
        client = wire.connect("1.2", "login:a", SOFT)
        client.send(listening("persistent:true", "receipt:r", id=str(number)))
        assert client.frame().command == "RECEIPT"
        client.send(frame("UNSUBSCRIBE", f"id:{number}", "persistent:true"))
    assert names(wire) == []
