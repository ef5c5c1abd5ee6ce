"""What makes a message one that outlives the broker."""

import pytest

from tests.behaviour.test_durable_queues import begin, consume, receipts, subscribe
from tests.conformance.wire import frame
from tests.patient_store import Disk


@pytest.mark.parametrize(
    ("headers", "is_kept"),
    [
        (("durable:true",), True),  # Artemis's word
        (("durable:true", "x:\\n"), True),
        (("durable:true", "persistent:true"), True),
        (("durable:false", "persistent:true"), True),
        (("durable:true", "persistent:false"), False),  # as RabbitMQ's clients say of queue and message
        (("durable:false",), False),
        (("durable:yes",), False),
    ],
)
def test_what_is_durable_is_persistent_unless_it_says_otherwise(
    headers: tuple[str, ...], is_kept: bool
) -> None:
    disk = Disk()
    wire, _ = begin(disk)
    client = wire.connect()
    client.send(frame("SEND", "destination:/queue/a", *headers, "receipt:1", body=b"1"))
    assert receipts(client) == ["1"]
    assert disk.bodies("/queue/a") == [b"1"] * is_kept
    if is_kept:
        (heard,) = consume(disk, "selector:JMSDeliveryMode = 'PERSISTENT'")
        assert heard.body == b"1"


def test_what_is_durable_stays_so_when_it_is_given_up() -> None:
    disk = Disk()
    wire, _ = begin(disk)
    wire.connect().send(frame("SEND", "destination:/queue/a", "durable:true", body=b"1"))
    wire, _ = begin(disk)
    client = wire.connect()
    client.send(subscribe())
    ack = client.frame().header("ack")
    client.send(frame("NACK", f"id:{ack}", "requeue:false"))
    assert disk.bodies("/queue/dead-letters") == [b"1"]
