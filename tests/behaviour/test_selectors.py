"""Selectors and no-local on topics: who gets which messages, however they are kept on the way."""

import pytest

from hoofbeat.config import BrokerConfig, LimitsConfig, SlowReader, TopicConfig
from tests.conformance.wire import Client, Wire, frame, settlement

SOFT = "hoofbeat-soft-errors:true"


def send(body: bytes, *headers: str, to: str = "/topic/a") -> bytes:
    return frame("SEND", f"destination:{to}", *headers, body=body)


def listen(client: Client, *headers: str, to: str = "/topic/a", id: str = "0") -> None:
    client.send(frame("SUBSCRIBE", f"id:{id}", f"destination:{to}", *headers))


@pytest.mark.parametrize("version", ["1.0", "1.1", "1.2"])
@pytest.mark.parametrize("to", ["/topic/a", "/topic/*"])
def test_a_subscription_gets_what_its_selector_matches(wire: Wire, version: str, to: str) -> None:
    choosy, other, sender = wire.connect(version), wire.connect(), wire.connect()
    listen(choosy, "selector:region = 'EU' AND amount > 5", to=to)
    listen(other, to=to)
    sender.send(
        send(b"1", "region:EU", "amount:10"),
        send(b"2", "region:EU", "amount:5"),
        send(b"3", "region:US", "amount:10"),
        send(b"4", "region:EU", "amount:10"),
        send(b"5"),
    )
    assert choosy.bodies() == [b"1", b"4"]
    assert other.bodies() == [b"1", b"2", b"3", b"4", b"5"]
    assert wire.broker.stats.messages_delivered == 7


def test_a_run_of_which_nothing_is_wanted_is_not_heard(wire: Wire) -> None:
    client = wire.connect()
    listen(client, "selector:region = 'EU'")
    client.send(send(b"1"), send(b"2"))
    assert client.octets() == b""


@pytest.mark.parametrize("ack", ["client", "client-individual"])
def test_what_is_settled_is_selected_too(wire: Wire, ack: str) -> None:
    client = wire.connect()
    listen(client, "selector:kind = 'x'", f"ack:{ack}", "prefetch-count:1")
    client.send(send(b"1", "kind:x"), send(b"2", "kind:y"), send(b"3", "kind:x"))
    first = client.frame()
    client.send(settlement("ACK", "1.2", first))
    assert (first.body, client.bodies()) == (b"1", [b"3"])


@pytest.mark.parametrize("policy", [SlowReader.DROP_OLDEST, SlowReader.DROP_NEWEST, SlowReader.KEEP_LATEST])
def test_what_is_not_wanted_takes_no_room(policy: SlowReader) -> None:
    wire = Wire(BrokerConfig(topic=TopicConfig(slow_reader=policy, messages=1)))
    client, sender = wire.connect(), wire.connect()
    listen(client, "selector:kind = 'x'", "ack:client-individual", "prefetch-count:1")
    sender.send(send(b"held", "kind:x"))
    sender.send(send(b"kept", "kind:x"), send(b"not wanted"))
    held = client.frame()
    client.send(settlement("ACK", "1.2", held))
    assert client.bodies() == [b"kept"]
    assert wire.broker.stats.messages_dropped == 0


def test_a_slow_reader_with_a_selector_is_closed_as_any_other() -> None:
    client, sender = (wire := Wire()).connect(), wire.connect()
    listen(client, "selector:kind = 'x'")
    client.pause()
    sender.send(send(b"x" * 400_000, "kind:y"), send(b"x" * 400_000, "kind:x"))
    assert not client.closed
    sender.send(send(b"x" * 400_000, "kind:x"))
    assert client.closed


def test_headers_have_the_names_that_jms_gave_them(wire: Wire) -> None:
    client = wire.connect()
    for at, selector in enumerate(
        (
            "JMSPriority > 4",
            "JMSPriority = 4",
            "JMSDeliveryMode = 'PERSISTENT'",
            "JMSDestination = '/topic/a'",
            "JMSType = 't' AND JMSCorrelationID = 'c'",
        )
    ):
        listen(client, f"selector:{selector}", id=str(at))
    client.send(send(b"", "priority:9", "persistent:true"))
    assert [heard.header("subscription") for heard in client.frames()] == ["0", "2", "3"]
    client.send(send(b"", "type:t", "correlation-id:c"))
    assert [heard.header("subscription") for heard in client.frames()] == ["1", "3", "4"]


def test_one_message_of_a_run_can_be_asked_for_by_its_id(wire: Wire) -> None:
    client = wire.connect()
    listen(client)
    client.send(send(b"1"))
    number = int((prefix := client.frame().header("message-id").rpartition("-"))[2])
    listen(client, f"selector:JMSMessageID = '{prefix[0]}-{number + 2}'", id="choosy")
    client.send(send(b"2"), send(b"3"), send(b"4"))
    assert [heard.body for heard in client.frames() if heard.header("subscription") == "choosy"] == [b"3"]


def test_a_selector_is_written_as_any_header_is(wire: Wire) -> None:
    client = wire.connect()
    listen(client, "selector:time = '12\\c30'")
    listen(client, 'selector:convert_string_expressions\\c"foo-bar" = 5', id="1")
    client.send(send(b"", "time:12\\c30", "foo-bar:5"))
    assert [heard.header("subscription") for heard in client.frames()] == ["0", "1"]


def test_a_selector_that_is_none_is_refused_with_its_place(wire: Wire) -> None:
    client = wire.connect()
    listen(client, "selector:region = 'EU")
    assert client.refusal().header("message").endswith("a text whose ' is never closed at character 10")


@pytest.mark.parametrize("selector", ["", " "])
def test_an_empty_selector_takes_everything(wire: Wire, selector: str) -> None:
    client = wire.connect()
    listen(client, f"selector:{selector}")
    client.send(send(b"1"))
    assert client.bodies() == [b"1"]


def test_many_different_headers_in_one_run_are_told_apart(wire: Wire) -> None:
    client, sender = wire.connect(), wire.connect()
    listen(client, "selector:number >= 998")
    sender.send(*(send(b"%d" % number, f"number:{number}") for number in range(1000)))
    assert client.bodies() == [b"998", b"999"]


@pytest.mark.parametrize("header", ["no-local:true", "activemq.noLocal:true"])
def test_who_asks_not_to_does_not_hear_what_its_session_sends(wire: Wire, header: str) -> None:
    client, other = wire.connect(), wire.connect()
    listen(client, header)
    listen(client, header, "selector:kind = 'x'", id="choosy")
    listen(client, header, "ack:client", id="settled")
    listen(client, id="all")
    client.send(send(b"own", "kind:x"))
    assert [heard.header("subscription") for heard in client.frames()] == ["all"]
    other.send(send(b"other", "kind:x"), send(b"plain"))
    heard = [(each.body, each.header("subscription")) for each in client.frames()]
    both = [(body, id) for id in ("0", "all", "settled") for body in (b"other", b"plain")]
    assert sorted(heard) == sorted([*both, (b"other", "choosy")])


def test_what_a_session_has_sent_later_is_no_more_its_own(wire: Wire) -> None:
    client = wire.connect()
    listen(client, "no-local:true")
    client.send(send(b"later", "AMQ_SCHEDULED_DELAY:1000"))
    wire.pass_time(2.0)
    assert client.bodies() == [b"later"]


def test_a_transaction_is_its_sessions_own(wire: Wire) -> None:
    client, other = wire.connect(), wire.connect()
    listen(client, "no-local:true")
    for sender in (client, other):
        sender.send(frame("BEGIN", "transaction:t"), send(b"1", "transaction:t"))
        sender.send(frame("COMMIT", "transaction:t"))
    assert client.bodies() == [b"1"]


@pytest.mark.parametrize("header", ["no-local:true", "activemq.noLocal:true"])
@pytest.mark.parametrize("more", [("destination:/queue/a",), ("destination:/topic/a", "persistent:true")])
def test_no_local_is_refused_where_it_can_not_be_kept_to(wire: Wire, header: str, more: tuple[str]) -> None:
    client = wire.connect()
    client.send(frame("SUBSCRIBE", "id:0", header, *more))
    assert header.partition(":")[0] in client.refusal().header("message")


def test_last_values_are_selected_too() -> None:
    wire = Wire(BrokerConfig(topic=TopicConfig(retained=True)))
    client = wire.connect()
    client.send(send(b"x", "kind:x"), send(b"y", "kind:y", to="/topic/b"))
    listen(client, "selector:kind = 'x'", to="/topic/*")
    listen(client, "selector:kind = 'x'", "no-local:true", "ack:client", to="/topic/a", id="1")
    assert client.bodies() == [b"x", b"x"]


class TestDurable:
    """Messages kept for a subscriber that is away."""

    @staticmethod
    def listen(client: Client, *headers: str) -> None:
        listen(client, "persistent:true", *headers, id="d")

    @pytest.mark.parametrize(
        ("again", "expected"),
        [
            (("selector:kind = 'x'",), [b"1"]),
            (("selector:kind = 'y'",), []),
            ((), []),
        ],
    )
    def test_only_what_is_wanted_is_kept_and_who_wants_something_else_begins_anew(
        self, wire: Wire, again: tuple[str, ...], expected: list[bytes]
    ) -> None:
        client, sender = wire.connect(), wire.connect()
        self.listen(client, "selector:kind = 'x'")
        client.leave()
        sender.send(send(b"1", "kind:x"), send(b"2", "kind:y"))
        sender.send(send(b"3", "kind:y"))
        client = wire.connect()
        self.listen(client, *again)
        assert client.bodies() == expected

    def test_it_begins_with_the_last_value_if_it_wants_that(self) -> None:
        wire = Wire(BrokerConfig(topic=TopicConfig(retained=True)))
        client = wire.connect()
        client.send(send(b"x", "kind:x"))
        self.listen(client, "selector:kind = 'x'")
        listen(client, "persistent:true", "selector:kind = 'y'", id="other")
        assert [(heard.body, heard.header("subscription")) for heard in client.frames()] == [(b"x", "d")]


@pytest.mark.parametrize("where", ["/topic/a", "/queue/a"])
def test_all_selectors_of_a_session_have_so_many_terms_at_most(where: str) -> None:
    wire = Wire(BrokerConfig(limits=LimitsConfig(selector_terms=5)))
    client = wire.connect("1.2", SOFT)
    listen(client, "selector:a = 1 AND b = 2", to=where)
    listen(client, "selector:a = 1", to=where, id="1")
    assert "more than 5 headers and literals" in client.frame().header("message")
    listen(client, "selector:a", to=where, id="2")
    assert client.octets() == b""


def test_selectors_of_durable_subscriptions_count_while_nobody_listens() -> None:
    wire = Wire(BrokerConfig(limits=LimitsConfig(selector_terms=5)))
    for number, selector in enumerate(("a = 1 AND b = 2", "a = 1", "a")):
        client = wire.connect("1.2", "client-id:me")
        client.send(
            frame(
                "SUBSCRIBE",
                f"id:{number}",
                "destination:/topic/a",
                "durable:true",
                f"selector:{selector}",
                "receipt:r",
            )
        )
        heard = client.frame()
        assert heard.command == ("ERROR" if number == 1 else "RECEIPT")
        client.leave()


def test_selectors_of_durable_subscriptions_count_where_another_is_said_anew() -> None:
    wire = Wire(BrokerConfig(limits=LimitsConfig(selector_terms=5)))
    asked = [("0", "a = 1 AND b = 2"), ("1", ""), ("1", "a = 1"), ("1", "a"), ("0", "a"), ("1", "a = 1")]
    heard: list[str] = []
    for id, selector in asked:
        client = wire.connect("1.2", "client-id:me")
        asking = (f"id:{id}", "destination:/topic/a", "durable:true", "receipt:r")
        client.send(frame("SUBSCRIBE", *asking, *([f"selector:{selector}"] if selector else [])))
        heard.append(client.frame().command)
        client.leave()
    assert heard == ["RECEIPT", "RECEIPT", "ERROR", "RECEIPT", "RECEIPT", "RECEIPT"]
