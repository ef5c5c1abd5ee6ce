"""Messages that wait in a queue: by priority, and in the order they were sent."""

from collections import deque
from collections.abc import Sequence
from heapq import merge

from hoofbeat.broker.message import Message


class Away:
    """What waits on the disk of one priority: it comes after all that waits in memory.

    Attributes:
        count: messages.
        bytes: of their bodies.
        cursor: number of the last one that was brought to memory.
        last: number of the last one there.
        asked: number of the last one there when a page was asked for.
        is_coming: the next ones are being read.
    """

    __slots__ = ("asked", "bytes", "count", "cursor", "is_coming", "last")

    def __init__(self, cursor: int) -> None:
        """Start empty, behind the message of that number."""
        self.count = 0
        self.bytes = 0
        self.cursor = self.last = self.asked = cursor
        self.is_coming = False


def _number(message: Message) -> int:
    return message.number


def _oldest(lane: deque[Message]) -> int:
    return lane[0].number


class Ready:
    """What waits, highest priority first.

    Attributes:
        count: messages.
        bytes: of their bodies.
        expiring: messages that may expire, of those in memory.
        away: what is on disk only, by priority; see :mod:`hoofbeat.engines.local.paging`.
    """

    __slots__ = ("_by_priority", "away", "bytes", "count", "expiring")

    def __init__(self) -> None:
        """Start empty."""
        self.count = 0
        self.bytes = 0
        self._by_priority: dict[int, deque[Message]] = {}
        self.expiring = 0
        self.away: dict[int, Away] = {}

    def add(self, messages: Sequence[Message], most_bytes: float) -> int:
        """Append messages of one envelope until ``most_bytes`` wait; return how many."""
        lane = self._lane(messages[0].envelope.priority)
        taken = 0
        for message in messages:
            if self.bytes >= most_bytes:
                break
            lane.append(message)
            self.bytes += len(message.body)
            self.expiring += message.expires_ms > 0
            taken += 1
        self.count += taken
        return taken

    def take(self, most: int, most_bytes: int) -> list[Message]:
        """Remove the first ``most`` messages and return them; fewer if they are large, or on disk."""
        taken: list[Message] = []
        size = 0
        for priority in sorted(self._by_priority, reverse=True):
            lane = self._by_priority[priority]
            while lane and len(taken) < most and size < most_bytes:
                message = lane.popleft()
                taken.append(message)
                size += len(message.body)
                if message.expires_ms:
                    self.expiring -= 1
            if not lane:
                if priority in self.away:
                    break
                if len(self._by_priority) > 1:
                    del self._by_priority[priority]
        self.count -= len(taken)
        self.bytes -= size
        return taken

    def drop_oldest(self) -> Message:
        """Remove what was sent first, whatever its priority, and return it; something must wait."""
        lanes = [lane for lane in self._by_priority.values() if lane]
        message = min(lanes, key=_oldest).popleft()
        self.count -= 1
        self.bytes -= len(message.body)
        self.expiring -= message.expires_ms > 0
        return message

    def put_back(self, messages: Sequence[Message]) -> None:
        """Put messages in where they were: ahead of all that was sent after them."""
        returned: dict[int, list[Message]] = {}
        for message in messages:
            returned.setdefault(message.envelope.priority, []).append(message)
        for priority, back in returned.items():
            back.sort(key=_number)
            lane = self._lane(priority)
            older: list[Message] = []
            while lane and lane[0].number < back[-1].number:
                older.append(lane.popleft())
            lane.extendleft(reversed(list(merge(older, back, key=_number))))
        self.count += len(messages)
        self.bytes += sum(len(message.body) for message in messages)
        self.expiring += sum(message.expires_ms > 0 for message in messages)

    def take_expired(self, now_ms: int) -> list[Message]:
        """Remove what has expired, wherever it stands, and return it."""
        if not self.expiring:
            return []
        expired: list[Message] = []
        for priority, lane in self._by_priority.items():
            gone = [message for message in lane if 0 < message.expires_ms <= now_ms]
            if gone:
                expired += gone
                kept = (message for message in lane if not 0 < message.expires_ms <= now_ms)
                self._by_priority[priority] = deque(kept)
        self.count -= len(expired)
        self.bytes -= sum(len(message.body) for message in expired)
        self.expiring -= len(expired)
        return expired

    def _lane(self, priority: int) -> deque[Message]:
        lane = self._by_priority.get(priority)
        if lane is None:
            lane = self._by_priority[priority] = deque()
        return lane
