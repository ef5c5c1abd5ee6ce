"""Topics with a history: who was away gets what it missed, once, or is told that some of it is gone."""

import pytest

from hoofbeat.config import BrokerConfig, LimitsConfig, QueueConfig, TopicConfig
from tests.conformance.wire import Heard, Wire, every_version, frame, settlement
from tests.patient_store import PatientStore

FEW = TopicConfig(history_messages=3)
MANY = TopicConfig(history_messages=1000)
HEADERS = "\ndestination:/topic/a\nepoch:e1\noffset:1"  # of what is kept


def send(body: bytes, *headers: str, to: str = "/topic/a") -> bytes:
    return frame("SEND", f"destination:{to}", *headers, body=body)


def listening(*headers: str, to: str = "/topic/a", id: str = "0") -> bytes:
    return frame("SUBSCRIBE", f"id:{id}", f"destination:{to}", "receipt:r", *headers)


def with_history(config: TopicConfig = MANY, store: PatientStore | None = None) -> Wire:
    return Wire(BrokerConfig(topics={"/topic/**": config}), store=store, epoch="e1")


def bodies(frames: list[Heard]) -> list[bytes]:
    return [heard.body for heard in frames if heard.command == "MESSAGE"]


def receipt(frames: list[Heard]) -> tuple[str | None, str | None, str | None]:
    """Return what the one RECEIPT says, which comes before every message."""
    assert [heard.command for heard in frames].index("RECEIPT") == 0
    return frames[0].get("recovered"), frames[0].get("epoch"), frames[0].get("offset")


def resumed(wire: Wire, *headers: str, to: str = "/topic/a") -> tuple[str | None, list[bytes]]:
    """Return what somebody who subscribes so is told and gets."""
    client = wire.connect()
    client.send(listening(*headers, to=to))
    frames = client.frames()
    client.leave()
    return receipt(frames)[0], bodies(frames)


def seen(offset: int, epoch: str = "e1") -> tuple[str, str]:
    return f"offset:{offset}", f"epoch:{epoch}"


@every_version
def test_every_message_has_its_offset_and_the_epoch(version: str) -> None:
    wire = with_history()
    client = wire.connect(version)
    client.send(listening(), send(b"1"), send(b"2", "x:y"), send(b"3"), send(b"b", to="/topic/b"))
    frames = client.frames()
    assert receipt(frames) == (None, "e1", "0")
    assert [(heard.get("offset"), heard.get("epoch")) for heard in frames[1:]] == [
        ("1", "e1"),
        ("2", "e1"),
        ("3", "e1"),
    ]
    assert frames[2].get("x") == "y"


def test_who_brings_the_last_pair_gets_what_it_missed_and_then_what_is_new() -> None:
    wire = with_history()
    client, sender = wire.connect(), wire.connect()
    client.send(listening())
    sender.send(send(b"1"), send(b"2"))
    last = client.frames()[-1]
    client.leave()
    sender.send(send(b"3"), send(b"4"))
    again = wire.connect()
    again.send(listening(*seen(int(last.header("offset")), last.header("epoch"))), send(b"5"))
    sender.send(send(b"6"))
    frames = again.frames()
    assert receipt(frames) == ("true", "e1", "2")
    assert bodies(frames) == [b"3", b"4", b"5", b"6"]
    assert [heard.get("offset") for heard in frames[1:]] == ["3", "4", "5", "6"]


def test_who_missed_nothing_is_told_so() -> None:
    wire = with_history()
    wire.connect().send(send(b"1"))
    assert resumed(wire, *seen(1)) == ("true", [])
    assert resumed(wire, *seen(0)) == ("true", [b"1"])


@pytest.mark.parametrize(
    "headers",
    [seen(1), seen(9), seen(4, "e0"), seen(0)],
    ids=["trimmed", "not given yet", "another epoch", "from the start"],
)
def test_who_missed_more_than_there_is_is_told_so_and_goes_on_with_what_is_new(
    headers: tuple[str, str],
) -> None:
    wire = with_history(FEW)
    client = wire.connect()
    client.send(*[send(b"%d" % number) for number in range(1, 6)])
    client.send(listening(*headers), send(b"new"))
    frames = client.frames()
    assert receipt(frames) == ("false", "e1", "5")
    assert bodies(frames) == [b"new"]


def test_a_history_begins_where_it_was_trimmed() -> None:
    wire = with_history(FEW)
    wire.connect().send(*[send(b"%d" % number) for number in range(1, 6)])
    assert resumed(wire, *seen(2)) == ("true", [b"3", b"4", b"5"])


def test_what_is_too_old_is_no_history_any_more() -> None:
    wire = with_history(TopicConfig(history_messages=9, history_seconds=10.0))
    wire.connect().send(send(b"1"))
    wire.pass_time(6.0)
    wire.connect().send(send(b"2"))
    wire.pass_time(4.0)
    assert resumed(wire, *seen(0)) == ("true", [b"1", b"2"])
    wire.pass_time(0.1)
    assert resumed(wire, *seen(0)) == ("false", [])
    assert resumed(wire, *seen(1)) == ("true", [b"2"])
    wire.pass_time(10.0)
    assert resumed(wire, *seen(1)) == ("false", [])
    assert resumed(wire, *seen(2)) == ("true", [])


def test_what_is_too_large_is_no_history_any_more() -> None:
    wire = with_history(TopicConfig(history_messages=9, history_bytes=2 * (len(HEADERS) + 5)))
    wire.connect().send(send(b"12345"), send(b"67890"))
    assert resumed(wire, *seen(0)) == ("true", [b"12345", b"67890"])
    wire.connect().send(send(b"x"))
    assert resumed(wire, *seen(0)) == ("false", [])
    assert resumed(wire, *seen(1)) == ("true", [b"67890", b"x"])
    wire.connect().send(send(b"larger than all that is kept" * 9))
    assert resumed(wire, *seen(3)) == ("false", [])


def test_what_has_expired_meanwhile_is_not_missed() -> None:
    wire = with_history()
    wire.connect().send(send(b"1", "ttl:1000"), send(b"2"))
    wire.pass_time(1.0)
    assert resumed(wire, *seen(0)) == ("true", [b"2"])


def test_the_order_of_offsets_is_kept_whatever_the_priorities() -> None:
    wire = with_history()
    client = wire.connect()
    client.send(send(b"1", "priority:1"), send(b"2", "priority:9"))
    client.send(listening(*seen(0), "ack:client-individual", "prefetch-count:1"))
    client.send(send(b"3", "priority:5"), send(b"4", "priority:6"))
    heard = [client.frames()[-1]]
    for _ in range(3):
        client.send(settlement("ACK", "1.2", heard[-1]))
        heard.append(client.frame())
    assert bodies(heard) == [b"1", b"2", b"3", b"4"]


def test_what_was_missed_takes_no_room_from_what_is_new() -> None:
    wire = with_history(TopicConfig(history_messages=1000, messages=1))
    client, sender = wire.connect(), wire.connect()
    sender.send(*[send(b"%d" % number) for number in range(5)])
    client.send(listening(*seen(0), "ack:client-individual", "prefetch-count:1"))
    sender.send(send(b"5"))
    assert not client.closed
    sender.send(send(b"6"), send(b"7"), send(b"8"))
    assert client.refusal().header("message") == "slow reader"


def test_who_reads_slowly_gets_all_it_missed_and_all_that_is_new() -> None:
    wire = with_history()
    client, sender = wire.connect(), wire.connect()
    sender.send(*[send(b"%d" % number) for number in range(300)])
    client.pause()
    client.send(listening(*seen(0)))
    sender.send(send(b"300"))
    wire.broker.resume(next(iter(wire.broker.sessions.values())), wire.now())
    sender.send(send(b"301"))
    assert bodies(client.frames()) == [b"%d" % number for number in range(302)]
    assert wire.broker.engine._topics._backlogs == {}


def test_a_dead_letter_of_a_topic_keeps_what_its_sender_said_and_no_offset() -> None:
    config = BrokerConfig(topic=MANY, queue=QueueConfig(redeliveries=0))
    client = Wire(config).connect()
    client.send(listening("ack:client-individual"), send(b"1", "x:y"))
    client.send(settlement("NACK", "1.2", client.frames()[-1]))
    client.send(frame("SUBSCRIBE", "id:d", "destination:/queue/dead-letters"))
    dead = client.frame()
    assert (dead.get("x"), dead.get("original-destination")) == ("y", "/topic/a")
    assert (dead.get("offset"), dead.get("epoch")) == (None, None)


def test_a_wildcard_hears_offsets_too_but_can_resume_nowhere() -> None:
    wire = with_history()
    client = wire.connect("1.2", "hoofbeat-soft-errors:true")
    client.send(listening("from-seq:-1", to="/topic/*"), send(b"1"))
    frames = client.frames()
    assert (frames[0].get("recovered"), frames[1].get("offset")) == ("true", "1")
    for header in ("from-seq:0", "x-stream-offset:first"):
        client.send(listening(header, to="/topic/*", id="1"))
        assert "a history is of one topic" in client.frame().header("message")
    client.send(listening(*seen(1), to="/topic/*", id="1"))
    assert "a history is of one topic" in client.frame().header("message")
    client.send(listening("activemq.retroactive:true", to="/topic/*", id="1"))
    assert client.frame().command == "RECEIPT"


def test_a_topic_without_history_has_no_offsets_and_says_so() -> None:
    wire = Wire()
    client = wire.connect()
    client.send(send(b"1"), listening(*seen(0)), send(b"2"))
    frames = client.frames()
    assert receipt(frames) == ("false", None, None)
    assert (bodies(frames), frames[-1].get("offset")) == ([b"2"], None)
    assert resumed(wire, "from-seq:-1") == ("true", [])


def test_no_more_topics_have_a_history_than_may() -> None:
    wire = Wire(BrokerConfig(topic=MANY, limits=LimitsConfig(history_topics=1)))
    client = wire.connect()
    client.send(listening(to="/topic/*"), send(b"1"), send(b"2", to="/topic/b"), send(b"3"))
    assert [heard.get("offset") for heard in client.frames()] == [None, "1", None, "2"]


SHORT = BrokerConfig(
    topic=TopicConfig(history_messages=9, history_seconds=5.0), limits=LimitsConfig(history_topics=1)
)


def test_a_history_of_which_all_is_too_old_makes_room_for_another() -> None:
    wire = Wire(SHORT, epoch="e1")
    client = wire.connect()
    client.send(listening(to="/topic/*"), send(b"1"), send(b"2"), send(b"3", to="/topic/b"))
    assert [heard.get("offset") for heard in client.frames()] == [None, "1", "2", None]
    wire.pass_time(5.1)
    client.send(send(b"4", to="/topic/c"), send(b"5", to="/topic/b"), send(b"6"))
    assert [heard.get("offset") for heard in client.frames()] == ["3", None, None]
    wire.pass_time(5.1)
    assert resumed(wire, to="/topic/d") == (None, [])
    client.send(send(b"7"))
    assert client.frame().get("offset") == "4"  # none of those before, which others may have seen
    for offset in (0, 1, 2):
        assert resumed(wire, *seen(offset)) == ("false", [])
    assert resumed(wire, *seen(3)) == ("true", [b"7"])


def test_it_is_not_looked_for_such_histories_again_and_again() -> None:
    wire = Wire(SHORT)
    client = wire.connect()
    client.send(listening(to="/topic/*"), send(b"1"))
    wire.pass_time(4.5)
    client.send(send(b"2", to="/topic/b"))
    wire.pass_time(0.6)
    client.send(send(b"3", to="/topic/c"))
    wire.pass_time(0.5)
    client.send(send(b"4", to="/topic/d"))
    assert [heard.get("offset") for heard in client.frames()] == [None, "1", None, None, "2"]


def test_who_only_listens_takes_no_history_from_others() -> None:
    wire = Wire(BrokerConfig(topic=MANY, limits=LimitsConfig(history_topics=1)), epoch="e1")
    client = wire.connect()
    client.send(listening(to="/topic/other"))
    assert receipt(client.frames()) == (None, "e1", "0")
    assert resumed(wire, *seen(0)) == ("true", [])
    assert resumed(wire, *seen(1)) == ("false", [])
    client.send(send(b"1"))
    assert resumed(wire, *seen(0)) == ("true", [b"1"])
    assert resumed(wire, *seen(0), to="/topic/other") == ("false", [])


class TestWordsOfOthers:
    """What Apollo, RabbitMQ and ActiveMQ call the places of a history."""

    @pytest.fixture
    def wire(self) -> Wire:
        wire = with_history(FEW)
        for number in range(1, 6):
            wire.connect().send(send(b"%d" % number))
            wire.pass_time(10.0)
        return wire

    @pytest.mark.parametrize(
        ("header", "is_all", "heard"),
        [
            ("from-seq:-1", "true", []),
            ("from-seq:0", "true", [b"3", b"4", b"5"]),
            ("from-seq:4", "true", [b"4", b"5"]),
            ("from-seq:6", "true", []),
            ("from-seq:7", "false", []),
            ("from-seq:2", "false", [b"3", b"4", b"5"]),
            ("x-stream-offset:first", "true", [b"3", b"4", b"5"]),
            ("x-stream-offset:last", "true", [b"5"]),
            ("x-stream-offset:next", "true", []),
            ("x-stream-offset:offset=5", "true", [b"5"]),
            ("x-stream-offset:offset=1", "false", [b"3", b"4", b"5"]),
            ("x-stream-offset:timestamp=1700000030", "true", [b"4", b"5"]),
            ("x-stream-offset:timestamp=1700000030000", "true", [b"4", b"5"]),
            ("x-stream-offset:timestamp=1700000041", "true", []),
            ("x-stream-offset:timestamp=1700000000", "false", [b"3", b"4", b"5"]),
            ("activemq.retroactive:true", "true", [b"3", b"4", b"5"]),
            ("activemq.retroactive:false", None, []),
        ],
    )
    def test_they_mean_the_same(
        self, wire: Wire, header: str, is_all: str | None, heard: list[bytes]
    ) -> None:
        assert resumed(wire, header) == (is_all, heard)

    def test_the_whole_of_a_history_that_was_never_trimmed_is_all(self) -> None:
        wire = with_history()
        assert resumed(wire, "x-stream-offset:last") == ("true", [])
        wire.connect().send(send(b"1"))
        assert resumed(wire, "x-stream-offset:timestamp=0") == ("true", [b"1"])
        assert resumed(wire, "from-seq:1") == ("true", [b"1"])

    def test_a_history_of_which_nothing_is_left_is_not_all(self) -> None:
        wire = with_history(TopicConfig(history_messages=9, history_seconds=1.0))
        wire.connect().send(send(b"1"))
        wire.pass_time(2.0)
        assert resumed(wire, "from-seq:0") == ("false", [])

    @pytest.mark.parametrize(
        ("header", "why"),
        [
            ("offset:1", "Missing header"),
            ("offset:x\nepoch:e", "offset 'x' is not a number"),
            ("from-seq:-2", "from-seq '-2' is not a number"),
            ("from-seq:1234567890123456789", "from-seq '1234567890123456789' is not a number"),
            ("x-stream-offset:end", "x-stream-offset 'end' is none of first, last, next, offset=N"),
            ("x-stream-offset:offset=", "x-stream-offset '' is not a number"),
        ],
    )
    def test_what_makes_no_sense_is_refused(self, wire: Wire, header: str, why: str) -> None:
        client = wire.connect()
        client.send(listening(*header.split("\n")))
        assert client.refusal().header("message").startswith(why)

    @pytest.mark.parametrize("to", ["/queue/a", "/temp-topic/a"])
    @pytest.mark.parametrize(
        "header", ["from-seq:0", "x-stream-offset:next", "activemq.retroactive:true", "offset:1"]
    )
    def test_only_topics_that_stay_have_places(self, wire: Wire, to: str, header: str) -> None:
        client = wire.connect()
        client.send(listening(header, "epoch:e1", to=to))
        assert " is not supported on SUBSCRIBE to a " in client.refusal().header("message")


class TestRetained:
    """A topic with a history and a last value."""

    @pytest.fixture
    def wire(self) -> Wire:
        wire = with_history(TopicConfig(retained=True, history_messages=2))
        wire.connect().send(*[send(b"%d" % number) for number in range(1, 5)])
        return wire

    def test_who_resumes_gets_no_message_twice(self, wire: Wire) -> None:
        assert resumed(wire, *seen(2)) == ("true", [b"3", b"4"])
        assert resumed(wire, *seen(4)) == ("true", [])

    def test_who_comes_new_or_can_not_resume_gets_the_last_value(self, wire: Wire) -> None:
        assert resumed(wire) == (None, [b"4"])
        assert resumed(wire, *seen(1)) == ("false", [b"4"])
        client = wire.connect()
        client.send(listening())
        value = client.frames()[-1]
        assert (value.get("retained"), value.get("offset"), value.get("epoch")) == ("true", "4", "e1")
