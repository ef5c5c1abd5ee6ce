"""What a store may hold: only what a broker takes up when it starts with it."""

from typing import Final

from hoofbeat.broker.destination import Kind, parse
from hoofbeat.broker.patterns import check
from hoofbeat.broker.selecting.selector import Selector
from hoofbeat.errors import Refused
from hoofbeat.stores.base import DurableSubscription, StoredMessage

_LIMIT: Final = 1 << 62  # what is counted on from a number below fits an INTEGER of SQLite


def check_subscription(subscription: DurableSubscription) -> None:
    """See that nothing about a durable subscription is beyond a broker.

    Raises:
        Refused: its destination or its selector is; the refusal says why.
    """
    where = parse(subscription.destination)
    if where.kind is not Kind.TOPIC:
        raise Refused(f"durable subscriptions are to topics, not to {where.name[:128]!r}")
    if where.is_pattern:
        check(where.name)
    if subscription.selector != "":
        Selector.parse(subscription.selector)


def check_message(message: StoredMessage) -> None:
    """See that a message can be delivered.

    Raises:
        Refused: its destination is none.
        ValueError: it has a priority that is none.
    """
    parse(message.destination)
    if not 0 <= message.priority <= 9:
        raise ValueError(f"priority {message.priority} is none of 0 to 9")


def read_number(digits: str) -> int:
    """Read a number, such as an offset or a time.

    Raises:
        ValueError: it is below 0, or too large to count on from.
    """
    number = int(digits)
    if not 0 <= number < _LIMIT:
        raise ValueError(f"{digits} is no number that a store has")
    return number
