"""The last value of each topic that has one."""

from heapq import heapify, heappop, heappush
from typing import Final

from hoofbeat.broker.marking import copied
from hoofbeat.broker.message import Message
from hoofbeat.broker.time import Clock
from hoofbeat.config import LimitsConfig
from hoofbeat.engines.local.topics.names import Names
from hoofbeat.engines.local.writing.journal import Journal
from hoofbeat.engines.local.writing.records import Recall, stored
from hoofbeat.errors import Refused
from hoofbeat.stores.base import Recovered, Retain

_MARK = b"\nretained:true"
_LEAST_STALE: Final = 64


class Retained:
    """Last values, by topic, within the limits of the broker.

    A value is the message as its subscribers heard it; who comes later gets it with
    ``retained:true``.
    """

    __slots__ = ("_bytes", "_clock", "_expiring", "_journal", "_limits", "_names", "_values")

    def __init__(self, limits: LimitsConfig, clock: Clock) -> None:
        """Start without values."""
        self._limits = limits
        self._clock = clock
        self._expiring: list[tuple[int, str]] = []  # a heap of times and topics; some have other values
        self._journal: Journal | None = None
        self._values: dict[str, Message] = {}
        self._names = Names()
        self._bytes = 0

    def recover(self, recovered: Recovered, journal: Journal) -> None:
        """Take up what was kept, and keep from now on."""
        recall = Recall()
        for topic, message in recovered.retained:
            self._put(topic, recall.message(message))
        self._journal = journal

    def refusal(self, message: Message, more: int = 0) -> Refused | None:
        """Say why a message can't become the last value of its topic, if it can't.

        ``more`` octets of headers will be added to it before.
        """
        refused = self._refusal(message, more)
        return self._refusal(message, more) if refused is not None and self._let_go() else refused

    def _refusal(self, message: Message, more: int) -> Refused | None:
        limits, topic = self._limits, message.envelope.destination.name
        known = self._values.get(topic)
        if known is None and len(self._values) >= limits.retained_topics:
            return Refused(f"more than {limits.retained_topics} topics with a retained value")
        size = self._bytes + message.size + more - (0 if known is None else known.size)
        if size > limits.retained_bytes:
            return Refused(f"more than {limits.retained_bytes} bytes of retained values")
        return None

    def set(self, message: Message) -> None:
        """Make a message the last value of its topic; where there is no room, it has none."""
        topic = message.envelope.destination.name
        if self.refusal(message) is not None:
            self.remove(topic)
            return
        self._put(topic, message)
        if self._journal is not None:
            self._journal.change(Retain(topic, stored(message)), [message])

    def remove(self, topic: str) -> None:
        """Forget the last value of a topic, if it has one."""
        message = self._values.pop(topic, None)
        if message is None:
            return
        self._bytes -= message.size
        self._names.remove(topic)
        if self._journal is not None:
            self._journal.change(Retain(topic, None))

    def find(self, name: str, is_pattern: bool, now_ms: int) -> list[Message]:
        """Return the last value of a topic, or those that a pattern matches, in the order they were sent."""
        if not is_pattern:
            topics = [name] if name in self._values else []
        elif self._values:
            topics = self._names.match(name, self._limits.retained_values)
        else:
            topics = []
        alive: list[Message] = []
        for topic in topics:
            message = self._values[topic]
            if 0 < message.expires_ms <= now_ms:
                self.remove(topic)
            else:
                alive.append(message)
        alive.sort(key=_number)
        return [copied(message, _MARK) for message in alive]

    def _let_go(self) -> bool:
        """Forget values that have expired; say whether there were any."""
        expiring, now_ms, before = self._expiring, self._clock.now.epoch_ms, len(self._values)
        while expiring and expiring[0][0] <= now_ms:
            _, topic = heappop(expiring)
            message = self._values.get(topic)
            if message is not None and 0 < message.expires_ms <= now_ms:
                self.remove(topic)
        return len(self._values) < before

    def _put(self, topic: str, message: Message) -> None:
        known = self._values.get(topic)
        if known is None:
            self._names.add(topic)
        else:
            self._bytes -= known.size
        self._values[topic] = message
        self._bytes += message.size
        if message.expires_ms:
            heappush(self._expiring, (message.expires_ms, topic))
            if len(self._expiring) > 2 * len(self._values) + _LEAST_STALE:
                self._expiring = [
                    (each.expires_ms, topic) for topic, each in self._values.items() if each.expires_ms
                ]
                heapify(self._expiring)


def _number(message: Message) -> int:
    return message.number
