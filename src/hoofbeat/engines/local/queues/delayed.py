"""Messages that were refused, and are offered again after a pause."""

from collections.abc import Iterable
from heapq import heappop, heappush

from hoofbeat.broker.message import Message
from hoofbeat.protocol.outbox import INFINITY


class Delayed:
    """Waits for the time of each; they count as what waits in their queue does.

    Attributes:
        count: of messages.
        bytes: of them.
    """

    __slots__ = ("_heap", "bytes", "count")

    def __init__(self) -> None:
        """Start empty."""
        self._heap: list[tuple[float, int, Message]] = []
        self.count = self.bytes = 0

    @property
    def due_at(self) -> float:
        """Say when the first pause is over, by the monotonic clock; infinity for never."""
        return self._heap[0][0] if self._heap else INFINITY

    def add(self, messages: Iterable[Message], due_at: float) -> None:
        """Take in messages whose pause is over then."""
        for message in messages:
            heappush(self._heap, (due_at, message.number, message))
            self.count += 1
            self.bytes += message.size

    def take_due(self, now: float) -> list[Message]:
        """Remove those whose pause is over, and return them."""
        due: list[Message] = []
        while self._heap and self._heap[0][0] <= now:
            message = heappop(self._heap)[2]
            self.count -= 1
            self.bytes -= message.size
            due.append(message)
        return due

    def numbers(self) -> set[int]:
        """Return the numbers of all."""
        return {number for _, number, _ in self._heap}
