"""Topics: a copy to every subscriber, and policies for readers that do not keep up."""

import pytest

from hoofbeat.assembly import LocalEngine, make_broker
from hoofbeat.broker.access import Right
from hoofbeat.broker.patterns import PatternTrie, check, matches
from hoofbeat.broker.users import Peer, Principal
from hoofbeat.config import BrokerConfig, LimitsConfig, SlowReader, TopicConfig
from hoofbeat.engines.local.topics import topic
from hoofbeat.errors import Refused
from hoofbeat.protocol.framing import STREAM
from hoofbeat.server.connection import Connection
from hoofbeat.transports.memory import MemoryOutlet
from tests.conformance.wire import Client, Wire, connect_frame, cut, frame, settlement


def send(body: bytes, *headers: str, to: str = "/topic/a") -> bytes:
    return frame("SEND", f"destination:{to}", *headers, body=body)


def listen(client: Client, *headers: str, to: str = "/topic/a", id: str = "0") -> None:
    client.send(frame("SUBSCRIBE", f"id:{id}", f"destination:{to}", *headers))


@pytest.mark.parametrize(
    ("pattern", "name", "is_match"),
    [
        ("/topic/*", "/topic/a", True),
        ("/topic/*", "/topic/a/b", False),
        ("/topic/*", "/topic/a.b", False),
        ("/topic/a.*", "/topic/a.b", True),
        ("/topic/a.*", "/topic/a/b", False),
        ("/topic/a/**", "/topic/a", True),
        ("/topic/a/**", "/topic/a/b.c/d", True),
        ("/topic/a/**", "/topic/a.b", False),
        ("/topic/a.**", "/topic/a.b/c", True),
        ("/topic/**/z", "/topic/z", True),
        ("/topic/**/z", "/topic/a/b/z", True),
        ("/topic/**/z", "/topic/a/b", False),
        ("/topic/**/b/**", "/topic/b/b", True),
    ],
)
def test_wildcards_stand_for_words(pattern: str, name: str, is_match: bool) -> None:
    assert matches(pattern, name) is is_match


@pytest.mark.parametrize(
    "pattern",
    ["/topic/*/*/*/*/*", "/topic" + "/a" * 16, "/topic/" + "a" * 249, "/topic/**/**", "/topic/**.**"],
)
def test_a_pattern_that_is_too_much_is_refused(pattern: str) -> None:
    with pytest.raises(Refused, match="pattern"):
        check(pattern)


@pytest.mark.parametrize("pattern", ["/topic/*/*/*/*", "/topic" + "/a" * 15, "/topic/" + "a" * 248])
def test_a_pattern_at_its_limits_is_taken(pattern: str) -> None:
    assert check(pattern)


def test_a_pattern_taken_away_leaves_the_others() -> None:
    trie: PatternTrie[str] = PatternTrie()
    for pattern in ("/topic/*", "/topic/*/b", "/topic/*/c"):
        trie.add(pattern, pattern)
    trie.remove("/topic/*/b", "/topic/*/b")
    assert trie.match("/topic/a/b") == []
    assert trie.match("/topic/a/c") == ["/topic/*/c"]
    trie.remove("/topic/*/c", "/topic/*/c")
    assert trie.match("/topic/a") == ["/topic/*"]


def test_a_wildcard_subscription_hears_all_that_match_until_it_ends(wire: Wire) -> None:
    listener, sender = wire.connect(), wire.connect()
    listen(listener, to="/topic/*")
    sender.send(send(b"1"), send(b"2", to="/topic/b"), send(b"3", to="/topic/b/c"))
    assert [(heard.header("destination"), heard.body) for heard in listener.frames()] == [
        ("/topic/a", b"1"),
        ("/topic/b", b"2"),
    ]
    listener.send(frame("UNSUBSCRIBE", "id:0"))
    sender.send(send(b"4"))
    assert listener.frames() == []


def test_overlapping_subscriptions_each_get_their_copy(wire: Wire) -> None:
    client = wire.connect()
    listen(client, to="/topic/**", id="wild")
    listen(client, id="exact")
    client.send(send(b"x"))
    assert {heard.header("subscription") for heard in client.frames()} == {"wild", "exact"}


def test_wildcards_are_for_topics(wire: Wire) -> None:
    client = wire.connect()
    listen(client, to="/queue/*")
    assert "wildcards are for topics" in client.refusal().header("message")


def test_a_wildcard_is_no_place_to_send_to(wire: Wire) -> None:
    client = wire.connect()
    client.send(send(b"", to="/topic/*"))
    assert "wildcard" in client.refusal().header("message")


def test_a_wildcard_subscription_is_no_way_round_a_rule() -> None:
    class NotB:
        def may(self, principal: Principal, right: Right, destination: str) -> bool:
            return destination != "/topic/b" or right is not Right.READ

    wire = Wire()
    wire.broker = make_broker(access=NotB())
    client = wire.connect()
    listen(client, to="/topic/*")
    client.send(send(b"a"), send(b"b", to="/topic/b"))
    assert client.bodies() == [b"a"]
    listen(client, to="/topic/b", id="b")
    assert "not allowed to read" in client.refusal().header("message")


def test_what_expired_when_it_was_sent_is_heard_by_nobody(wire: Wire) -> None:
    client = wire.connect()
    listen(client)
    client.send(send(b"late", "expires:1"))
    client.send(send(b"timely", "ttl:1000"))
    assert client.bodies() == [b"timely"]


def test_routes_are_forgotten_when_there_are_too_many(wire: Wire, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(topic, "_MOST_ROUTES", 2)
    client = wire.connect()
    listen(client, to="/topic/**")
    client.send(*(send(b"%d" % number, to=f"/topic/{number}") for number in range(5)))
    assert len(client.bodies()) == 5


def test_subscribers_of_one_version_stand_together_so_that_one_tail_does_for_all(wire: Wire) -> None:
    for number, version in enumerate(("1.2", "1.1", "1.2", "1.1")):
        listen(wire.connect(version), id=str(number))
    local = wire.broker.engine
    assert isinstance(local, LocalEngine)
    groups = local._topics._route("/topic/a").groups
    assert [group.version.value for group in groups] == ["1.1", "1.1", "1.2", "1.2"]


def test_a_subscriber_that_settles_gets_a_topics_messages_within_its_credit(wire: Wire) -> None:
    client = wire.connect()
    listen(client, "ack:client-individual", "prefetch-count:1")
    client.send(send(b"1"), send(b"2"))
    first = client.frame()
    client.send(settlement("NACK", "1.2", first))
    again = client.frame()
    assert (again.body, again.header("redelivered")) == (b"1", "true")
    client.send(settlement("ACK", "1.2", again))
    assert client.bodies() == [b"2"]
    client.send(frame("UNSUBSCRIBE", "id:0"), send(b"3"))
    assert client.frames() == []


def test_a_subscriber_that_never_settles_is_a_slow_reader() -> None:
    wire = Wire(BrokerConfig(topic=TopicConfig(messages=3)))
    slow, sender = wire.connect(), wire.connect()
    listen(slow, "ack:client", "prefetch-count:1")
    sender.send(*(send(b"%d" % number) for number in range(4)))
    assert not slow.closed
    sender.send(send(b"4"))
    assert slow.refusal().header("message") == "slow reader"


@pytest.mark.parametrize(
    ("policy", "kept"),
    [
        (SlowReader.DROP_NEWEST, [b"1", b"2"]),
        (SlowReader.DROP_OLDEST, [b"4", b"5"]),
        (SlowReader.KEEP_LATEST, [b"5"]),
    ],
)
def test_what_a_slow_reader_loses_is_a_policy(policy: SlowReader, kept: list[bytes]) -> None:
    dropping = TopicConfig(slow_reader=policy, messages=2)
    config = BrokerConfig(topics={"/topic/other": TopicConfig(), "/topic/*": dropping})
    wire = Wire(config)
    slow, sender = wire.connect(), wire.connect()
    listen(slow, "ack:client-individual", "prefetch-count:1")
    for number in range(6):
        sender.send(send(b"%d" % number))
    first = slow.frame()
    assert first.body == b"0"
    heard = []
    while True:
        slow.send(settlement("ACK", "1.2", first))
        if not (frames := slow.frames()):
            break
        (first,) = frames
        heard.append(first.body)
    assert heard == kept
    assert wire.broker.stats.messages_dropped == 5 - len(kept)


class TestPaused:
    """A reader whose transport is full."""

    @pytest.fixture
    def wire(self) -> Wire:
        return Wire(BrokerConfig(limits=LimitsConfig(outbox_bytes=1000)))

    def test_it_is_told_and_closed_when_too_much_waits_for_it(self, wire: Wire) -> None:
        outlet, connection = _raw(wire)
        connection.received(frame("SUBSCRIBE", "id:0", "destination:/topic/a"), wire.now())
        wire.broker.flush()
        connection.pause_writing(wire.now())
        sender = wire.connect()
        sender.send(send(b"x" * 2000))  # one message always fits
        assert not outlet.closed
        sender.send(send(b"y"))
        assert outlet.closed
        heard, _ = cut(b"".join(outlet.written))
        assert [each.command for each in heard] == ["CONNECTED", "ERROR"]
        assert heard[-1].header("message") == "slow reader"
        assert wire.broker.stats.slow_consumers == 1

    def test_it_is_closed_when_it_took_nothing_for_ten_seconds(self, wire: Wire) -> None:
        outlet, connection = _raw(wire)
        connection.pause_writing(wire.now())
        wire.pass_time(9.9)
        assert not outlet.closed
        wire.pass_time(0.2)
        assert outlet.closed

    def test_it_gets_what_waited_when_it_reads_again(self, wire: Wire) -> None:
        outlet, connection = _raw(wire)
        connection.received(frame("SUBSCRIBE", "id:0", "destination:/topic/a"), wire.now())
        connection.received(frame("SUBSCRIBE", "id:1", "destination:/queue/a"), wire.now())
        wire.broker.flush()
        connection.pause_writing(wire.now())
        sender = wire.connect()
        sender.send(send(b"topic"), send(b"queue", to="/queue/a"))
        assert b"topic" not in b"".join(outlet.written)
        connection.resume_writing(wire.now())
        wire.broker.flush()
        heard, _ = cut(b"".join(outlet.written))
        assert [each.body for each in heard[1:]] == [b"topic", b"queue"]


def _raw(wire: Wire) -> tuple[MemoryOutlet, Connection]:
    outlet = MemoryOutlet()
    connection = Connection(wire.broker, outlet, STREAM, Peer(), wire.now())
    connection.received(connect_frame("1.2"), wire.now())
    wire.broker.flush()
    return outlet, connection
