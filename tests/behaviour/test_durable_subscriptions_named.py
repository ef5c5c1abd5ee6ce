"""UNSUBSCRIBE that names a durable subscription: the one that is meant is deleted, or none."""

import pytest

from tests.behaviour.test_durable_subscriptions import RABBITMQ, SOFT, come, listening, names, send
from tests.conformance.wire import Wire, frame


@pytest.mark.parametrize(
    ("subscribe", "delete"),
    [
        ((), ("durable:true", "destination:/topic/b")),
        ((), ("durable:true", "destination:/topic/a")),
        ((), ("durable:true",)),
        ((), ("persistent:true",)),
        ((), ("activemq.subscriptionName:n",)),
        ((), ("destination:/dsub/0/topic/b",)),
        (RABBITMQ, ("durable:true", "destination:/topic/b")),
        (RABBITMQ, ("persistent:true", "destination:/topic/b")),
        (RABBITMQ, ("activemq.subscriptionName:n",)),
        (("activemq.subscriptionName:m",), ("activemq.subscriptionName:n",)),
        (("activemq.subscriptionName:m",), ("durable:true", "destination:/topic/b")),
        (("persistent:true",), ("destination:/dsub/0/topic/b",)),
    ],
)
def test_a_live_one_of_that_id_is_not_taken_for_another_that_is_to_be_deleted(
    wire: Wire, subscribe: tuple[str, ...], delete: tuple[str, ...]
) -> None:
    come(wire, *RABBITMQ, to="/topic/b").leave()
    client = come(wire, *subscribe)
    before = sorted(names(wire))
    client.send(frame("UNSUBSCRIBE", "id:0", *delete, "receipt:r"), send(b"1"))
    error, message = client.frames()
    assert (error.command, error.header("receipt-id")) == ("ERROR", "r")
    assert "is another one" in error.header("message")
    assert "nothing was ended or deleted" in error.body.decode()
    assert (message.body, sorted(names(wire))) == (b"1", before)


def test_a_queue_of_that_id_is_not_taken_for_a_durable_one_either(wire: Wire) -> None:
    come(wire, "persistent:true", to="/topic/b").leave()
    client = come(wire, to="/queue/a")
    for delete in (("durable:true", "destination:/topic/b"), ("persistent:true",)):
        client.send(frame("UNSUBSCRIBE", "id:0", *delete, "receipt:r"))
        assert client.frame().command == "ERROR"
    assert names(wire) == ["/dsub/0"]
    client.send(frame("UNSUBSCRIBE", "id:0", "durable:true", "destination:/queue/a", "receipt:r"))
    assert client.frame().command == "RECEIPT"
    assert names(wire) == ["/dsub/0"]


@pytest.mark.parametrize(
    ("subscribe", "delete"),
    [
        (RABBITMQ, ("persistent:true",)),
        (RABBITMQ, ("persistent:true", "destination:/topic/a")),
        (("persistent:true",), ("durable:true", "destination:/topic/a")),
        (("activemq.subscriptionName:m",), ("durable:true", "destination:/topic/a")),
        (("activemq.subscriptionName:m",), ("persistent:true",)),
        (("activemq.subscriptionName:m",), ("destination:/dsub/desk/m",)),
    ],
)
def test_a_live_one_is_meant_by_its_id_whatever_it_is_called(
    wire: Wire, subscribe: tuple[str, ...], delete: tuple[str, ...]
) -> None:
    client = come(wire, *subscribe)
    client.send(frame("UNSUBSCRIBE", "id:0", *delete, "receipt:r"))
    assert (client.frame().command, names(wire)) == ("RECEIPT", [])


def test_an_unsubscribe_that_is_refused_ends_nothing(wire: Wire) -> None:
    client = wire.connect("1.2", SOFT)
    client.send(listening(), frame("UNSUBSCRIBE", "id:0", "activemq.subscriptionName:n"))
    assert client.frame().header("message") == "Missing header\\c client-id on CONNECT"
    client.send(frame("UNSUBSCRIBE", "id:0", "receipt:r"), send(b"1"))
    assert client.frame().header("receipt-id") == "r"
