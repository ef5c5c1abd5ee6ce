"""Durable subscriptions, and durable messages: what the clients of several brokers call them.

A durable subscription is a name for which messages are kept while nobody listens under it. The name
is a path: ``/dsub/<id>`` in Apollo's way, ``/dsub/<client-id>/<name>`` in ActiveMQ's and Artemis's, and
``/dsub/<id>/topic/…`` in RabbitMQ's, where one id may stand for several destinations.
"""

from collections.abc import Mapping
from typing import Final

from hoofbeat.broker.destination import Destination, Kind
from hoofbeat.errors import Refused

PREFIX: Final = "/dsub/"
_NAMES: Final = ("activemq.subscriptionName", "durable-subscription-name", "durable-subscriber-name")
_ENCODED: Final = str.maketrans({"/": "%2F", "%": "%25"})
_MOST_BYTES = 1024


def is_persistent(fields: dict[str, str]) -> bool:
    """Say whether a message is to outlive the broker: ``persistent`` says so, or Artemis's ``durable``."""
    return (fields.get("persistent") or fields.get("durable")) == "true"


def durable_name(headers: Mapping[str, str], client_id: str, where: str) -> str:
    """Return the name of the durable subscription that a frame is about; empty if about none.

    Args:
        headers: of SUBSCRIBE or UNSUBSCRIBE.
        client_id: of CONNECT.
        where: the destination; UNSUBSCRIBE may have none.

    Raises:
        Refused: something is missing that would make it a name.
    """
    if where.startswith(PREFIX):
        return where
    for header in _NAMES:
        name = headers.get(header)
        if name:
            if not client_id:
                detail = f"{header} is a name within that"
                raise Refused("Missing header: client-id on CONNECT", detail=detail)
            return _checked(f"{PREFIX}{_word(client_id)}/{_word(name)}")
    is_apollos = headers.get("persistent") == "true"
    if not is_apollos and (headers.get("durable") != "true" or headers.get("auto-delete") == "true"):
        return ""
    id = headers.get("id")
    if not id:
        raise Refused("Missing header: id", detail="a durable subscription is named by it")
    return _checked(f"{PREFIX}{_word(id)}" + ("" if is_apollos else where))


def is_named_by_id(headers: Mapping[str, str]) -> bool:
    """Say whether a frame's id is all that names a durable subscription: a live one of that id is meant."""
    return not any(headers.get(header) for header in _NAMES)


def check_durable(where: Destination, name: str) -> str:
    """Return the name again, or empty for a queue, which keeps its messages in any case.

    Raises:
        Refused: nothing can be kept for a subscription to ``where``.
    """
    if not name or where.kind is Kind.QUEUE:
        return ""
    if where.kind is not Kind.TOPIC:
        raise Refused("durable subscriptions are to topics", detail=f"{where.name} dies with its session")
    return name


def _word(text: str) -> str:
    return text.translate(_ENCODED)


def _checked(name: str) -> str:
    if len(name.encode()) > _MOST_BYTES:
        raise Refused(f"name of a durable subscription over {_MOST_BYTES} bytes")
    return name
