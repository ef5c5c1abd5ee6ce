"""What a topic keeps for one subscriber, and what it drops."""

import pytest

from hoofbeat.config import BrokerConfig, QueueConfig, SlowReader, TopicConfig
from hoofbeat.engines.local.queues.ready import Ready
from tests.conformance.wire import Client, Wire, frame, settlement
from tests.contracts.engine import message


def _dropping(policy: SlowReader, messages: int) -> tuple[Wire, Client]:
    """Return a subscriber of ``/topic/a`` that holds one message, and for which so many are kept."""
    wire = Wire(BrokerConfig(topic=TopicConfig(slow_reader=policy, messages=messages)))
    client = wire.connect()
    client.send(
        frame("SUBSCRIBE", "id:0", "destination:/topic/a", "ack:client-individual", "prefetch-count:1"),
        frame("SEND", "destination:/topic/a", body=b"held"),
    )
    return wire, client


def _settle_all(client: Client) -> list[bytes]:
    bodies = []
    while frames := client.frames():
        bodies += [heard.body for heard in frames]
        client.send(*[settlement("ACK", "1.2", heard) for heard in frames])
    return bodies


def test_the_oldest_is_dropped_and_not_the_most_urgent() -> None:
    wire, client = _dropping(SlowReader.DROP_OLDEST, 2)
    for body, priority in ((b"first", 0), (b"urgent", 9), (b"last", 4)):
        wire.connect().send(frame("SEND", "destination:/topic/a", f"priority:{priority}", body=body))
    assert _settle_all(client) == [b"held", b"urgent", b"last"]
    assert wire.broker.stats.messages_dropped == 1


def test_what_is_given_up_is_not_remembered() -> None:
    for policy in (SlowReader.DROP_OLDEST, SlowReader.KEEP_LATEST):
        wire, client = _dropping(policy, 1)
        client.send(frame("SUBSCRIBE", "id:b", "destination:/topic/b", "ack:client-individual"))
        (held,) = client.frames()
        session = next(iter(wire.broker.sessions.values()))
        wire.broker.pause(session, wire.now())
        client.send(settlement("NACK", "1.2", held))
        wire.connect().send(frame("SEND", "destination:/topic/a", body=b"new"))
        backlog = wire.broker.engine._topics.backlog_of(session.subscriptions["id 0"])
        assert [each.body for each in backlog.queue.ready.take(9, 9)] == [b"new"]
        assert backlog.queue._deliveries == {}


@pytest.mark.parametrize(("redeliveries", "bodies"), [(0, []), (1, [b"1"])])
def test_what_comes_back_is_treated_as_queues_do(redeliveries: int, bodies: list[bytes]) -> None:
    config = QueueConfig(redeliveries=redeliveries, redelivery_delay_seconds=5.0)
    wire = Wire(BrokerConfig(queue=config))
    client = wire.connect()
    client.send(
        frame("SUBSCRIBE", "id:0", "destination:/topic/a", "ack:client-individual"),
        frame("SEND", "destination:/topic/a", body=b"1"),
    )
    client.send(*[settlement("NACK", "1.2", heard) for heard in client.frames()])
    assert client.frames() == []
    wire.pass_time(5.1)
    assert client.bodies() == bodies
    assert wire.broker.stats.messages_dead_lettered == (not redeliveries)


@pytest.mark.parametrize("expires_ms", [0, 1])
def test_what_is_dropped_counts_no_more(expires_ms: int) -> None:
    ready = Ready()
    old = message("/topic/a", b"1234", expires_ms)
    new = message("/topic/a", b"56")
    ready.add([old], 100)
    ready.add([new], 100)
    assert ready.drop_oldest() is old
    assert (ready.count, ready.bytes, ready.expiring) == (1, new.size, 0)
    assert ready.take(9, 9) == [new]
