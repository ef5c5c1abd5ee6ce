"""Messages of a queue that were looked at, and wait until a consumer that wants them has credit."""

from heapq import heapify, heappop, heappush
from typing import Final

from hoofbeat.broker.message import HIGHEST_PRIORITY, Message
from hoofbeat.engines.local.queues.ages import is_expired
from hoofbeat.engines.local.queues.order import NUMBER_BITS, Order

_NUMBER: Final = (1 << NUMBER_BITS) - 1
_PRIORITY_BITS: Final = 4
_LEAST_STALE: Final = 1024


def rank_of(message: Message) -> int:
    """Return what puts messages in the order of delivery, the lowest first: by priority, then by age."""
    return ((HIGHEST_PRIORITY - message.envelope.priority) << NUMBER_BITS) | message.number


class Aside:
    """Messages by their rank.

    Attributes:
        bytes: of their headers and bodies.
        order: of their ranks.
    """

    __slots__ = ("_ages", "_messages", "bytes", "order")

    def __init__(self) -> None:
        """Start empty."""
        self.bytes = 0
        self.order = Order()
        self._messages: dict[int, Message] = {}
        self._ages: list[int] = []  # a heap: number first, then what makes a rank of it; some are gone

    @property
    def count(self) -> int:
        """Count the messages."""
        return len(self._messages)

    def get(self, rank: int) -> Message | None:
        """Return the message of that rank; None if it is gone."""
        return self._messages.get(rank)

    def add(self, message: Message) -> None:
        """Take in a message."""
        rank = rank_of(message)
        self._messages[rank] = message
        self.order.add(rank)
        if self.order.size > 2 * len(self._messages) + _LEAST_STALE:
            self.order.keep(self._messages)
        self.bytes += message.size
        heappush(self._ages, _age(rank))
        if len(self._ages) > 2 * len(self._messages) + _LEAST_STALE:
            self._ages = [_age(rank) for rank in self._messages]
            heapify(self._ages)

    def take(self, rank: int) -> Message | None:
        """Remove the message of that rank and return it; None if it is gone."""
        message = self._messages.pop(rank, None)
        if message is not None:
            self.bytes -= message.size
        return message

    def oldest(self) -> Message | None:
        """Return what was sent first, whatever its priority."""
        ages = self._ages
        while ages:
            message = self._messages.get(_rank(ages[0]))
            if message is not None:
                return message
            heappop(ages)
        return None

    def expired(self, now_ms: int) -> list[Message]:
        """Return what is not worth delivering any more."""
        return [message for message in self._messages.values() if is_expired(message, now_ms)]

    def all(self) -> list[Message]:
        """Return all, in the order of delivery."""
        return [self._messages[rank] for rank in sorted(self._messages)]


def _age(rank: int) -> int:
    return (rank & _NUMBER) << _PRIORITY_BITS | rank >> NUMBER_BITS


def _rank(age: int) -> int:
    return (age & (1 << _PRIORITY_BITS) - 1) << NUMBER_BITS | age >> _PRIORITY_BITS
