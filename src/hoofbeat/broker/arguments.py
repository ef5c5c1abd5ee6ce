"""What RabbitMQ's clients ask of a queue with SUBSCRIBE, and settings do here: refused by name."""

from collections.abc import Mapping
from typing import Final, NamedTuple

from hoofbeat.broker.destination import Destination
from hoofbeat.errors import Refused
from hoofbeat.protocol.headers import Headers


class _Setting(NamedTuple):
    """What does it, by what is subscribed to; empty where leaving it out breaks no promise."""

    queue: str
    durable: str
    topic: str


# One subscriber can't set for all others what becomes of their messages, and it would not hold for those
# that were there before it came. `x-max-priority` and `x-queue-type` promise nothing that is not so.
_SETTINGS: Final[Mapping[str, _Setting]] = {
    "x-message-ttl": _Setting("age_seconds in [broker.queues]", "ttl on SEND", "ttl on SEND"),
    "x-dead-letter-exchange": _Setting(
        "dead_letter_destination in [broker.queues]",
        "dead_letter_destination in [broker.queue]",
        "dead_letter_destination in [broker.queue]",
    ),
    "x-dead-letter-routing-key": _Setting(
        "dead_letter_destination in [broker.queues]",
        "dead_letter_destination in [broker.queue]",
        "dead_letter_destination in [broker.queue]",
    ),
    "x-max-length": _Setting(
        "messages in [broker.queues]", "messages in [broker.durables]", "messages in [broker.topics]"
    ),
    "x-max-length-bytes": _Setting(
        "bytes in [broker.queues]", "bytes in [broker.durables]", "bytes in [broker.topics]"
    ),
    "x-overflow": _Setting(
        "overflow in [broker.queues]", "overflow in [broker.durables]", "slow_reader in [broker.topics]"
    ),
    "x-expires": _Setting("age_seconds in [broker.queues]", "unused_days in [broker.durable]", ""),
}


def check_arguments(headers: Headers, where: Destination, durable: str) -> None:
    """See that a SUBSCRIBE asks for nothing that only the configuration can do.

    Raises:
        Refused: it does; the detail says which setting does it.
    """
    if _SETTINGS.keys().isdisjoint(headers.fields):
        return
    for name, setting in _SETTINGS.items():
        if headers.get(name):
            does = setting.durable if durable else setting.topic if where.is_topic else setting.queue
            if does:
                raise Refused(f"{name} is not supported on SUBSCRIBE", detail=f"{does} does that")
