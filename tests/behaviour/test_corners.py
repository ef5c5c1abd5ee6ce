"""What two things at one moment do, and other corners."""

from hoofbeat.assembly import make_broker
from hoofbeat.broker.users import Credentials, Principal, Verdict
from hoofbeat.config import BrokerConfig, TopicConfig
from hoofbeat.protocol.blocks import BlockReader
from hoofbeat.protocol.headers import Headers
from hoofbeat.protocol.versions import Version
from tests.behaviour.test_sessions import Slowly, send, subscribe
from tests.conformance.wire import Wire, connect_frame, frame, settlement


def test_receipts_of_a_run_of_acks_come_in_order(wire: Wire) -> None:
    client = wire.connect()
    client.send(subscribe("/queue/a", "ack:client-individual"), *[send("/queue/a")] * 3)
    acks = [settlement("ACK", "1.2", heard, f"receipt:{at}") for at, heard in enumerate(client.frames())]
    client.send(*acks, send("/queue/b", "receipt:last"))
    assert [heard.header("receipt-id") for heard in client.frames()] == ["0", "1", "2", "last"]


def test_an_ack_under_another_subscription_of_the_session_is_refused(wire: Wire) -> None:
    client = wire.connect("1.1")
    client.send(subscribe("/queue/a", "ack:client"), send("/queue/a"))
    message = client.frame()
    client.send(frame("ACK", f"message-id:{message.header('message-id')}", "subscription:other"))
    assert "not of subscription" in client.refusal().header("message")


def test_what_a_transaction_acknowledges_twice_is_acknowledged_once(wire: Wire) -> None:
    client = wire.connect()
    client.send(subscribe("/queue/a", "ack:client"), send("/queue/a", body=b"1"), send("/queue/a", body=b"2"))
    first, second = client.frames()
    client.send(
        frame("BEGIN", "transaction:t"),
        settlement("ACK", "1.2", second, "transaction:t"),
        settlement("ACK", "1.2", first, "transaction:t"),
        frame("COMMIT", "transaction:t", "receipt:r"),
    )
    assert client.frame().header("receipt-id") == "r"
    assert wire.broker.stats.messages_acknowledged == 2


def test_an_authenticator_may_refuse_at_once() -> None:
    class Nobody:
        def authenticate(self, credentials: Credentials, done: Verdict) -> None:
            done(None)

    wire = Wire()
    wire.broker = make_broker(authenticator=Nobody())
    client = wire.open()
    client.send(connect_frame("1.2"), send("/topic/a"))
    assert client.refusal()


def test_one_connection_of_a_user_may_go_while_another_stays() -> None:
    slowly = Slowly()
    wire = Wire()
    wire.broker = make_broker(authenticator=slowly)
    clients = [wire.open(), wire.open()]
    for at, client in enumerate(clients):
        client.send(connect_frame("1.2"))
        slowly.asked[at][1](Principal("ada", is_proven=True))
    clients[0].leave()
    assert wire.broker.users == {"ada": 1}


def test_who_leaves_just_when_its_login_is_answered_is_gone() -> None:
    slowly = Slowly()
    wire = Wire()
    wire.broker = make_broker(authenticator=slowly)
    client = wire.open()
    client.send(connect_frame("1.2"), send("/topic/a", "receipt:r"))
    slowly.asked[0][1](Principal("ada"))
    client.leave()
    assert "RECEIPT" not in [heard.command for heard in client.frames()]


def test_a_reader_too_slow_for_two_subscriptions_is_told_once() -> None:
    wire = Wire(BrokerConfig(topic=TopicConfig(messages=1)))
    slow, sender = wire.connect(), wire.connect()
    for id in ("1", "2"):
        slow.send(subscribe("/topic/a", "ack:client", "prefetch-count:1", id=id))
    sender.send(*[send("/topic/a")] * 3)
    assert slow.refusal().header("message") == "slow reader"
    assert wire.broker.stats.slow_consumers == 1


def test_much_is_handed_to_the_transport_before_the_turn_ends(wire: Wire) -> None:
    client = wire.connect()
    client.send(subscribe("/topic/a"), send("/topic/a", body=b"x" * 70_000))
    assert client.bodies() == [b"x" * 70_000]


def test_heart_beats_without_end_are_no_connect(wire: Wire) -> None:
    client = wire.open()
    client.send(b"\n" * 65_536)
    assert not client.closed
    client.send(b"\n")
    assert "more than 65536 bytes before CONNECT" in client.refusal().header("message")


def test_a_block_is_remembered_through_a_flood_of_others() -> None:
    reader = BlockReader(Version.V1_2)
    often = reader.read(b"SEND\ndestination:/topic/a\ncontent-length:1").headers
    for number in range(1500):
        reader.read(b"SEND\ndestination:/topic/%d" % number)
    again = reader.read(b"SEND\ndestination:/topic/a\ncontent-length:2")
    assert (again.headers is often, again.length) == (True, 2)
    same = reader.read(b"SEND\ndestination:/topic/a\ncontent-length:1")
    assert (same.headers is often, same.length) == (True, 1)


def test_headers_are_a_mapping_of_what_they_say() -> None:
    headers = Headers({"a": "1", "b": "2"})
    assert (list(headers), len(headers), "a" in headers, headers["b"]) == (["a", "b"], 2, True, "2")
    assert headers == Headers({"a": "1", "b": "2"}) == {"a": "1", "b": "2"}
    assert hash(headers) == hash(Headers({"a": "1", "b": "2"}))
    assert repr(headers) == "Headers({'a': '1', 'b': '2'})"
