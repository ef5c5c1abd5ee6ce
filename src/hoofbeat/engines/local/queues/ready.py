"""Messages that wait in a queue: by priority, and in the order they were sent."""

from collections import deque
from heapq import merge

from hoofbeat.broker.message import Message
from hoofbeat.engines.local.queues.ages import is_expired
from hoofbeat.engines.local.queues.aside import Aside, rank_of
from hoofbeat.protocol.outbox import FLUSH_BYTES


class Away:
    """What waits on the disk of one priority: it comes after all that waits in memory.

    Attributes:
        count: messages.
        bytes: of their headers and bodies.
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


def _remove(lane: deque[Message], count: int) -> None:
    """Take away the first messages; where they are all, in one go."""
    if count == len(lane):
        lane.clear()
        return
    for _ in range(count):
        lane.popleft()


class Ready:
    """What waits, highest priority first.

    Attributes:
        count: messages.
        bytes: of their headers and bodies.
        expiring: messages that may expire, of those in memory.
        away: what is on disk only, by priority; see :mod:`hoofbeat.engines.local.queues.paging`.
        aside: what was looked at and left where it is; None while any message will do for any consumer.
            All counts include it.
    """

    __slots__ = ("_by_priority", "aside", "away", "bytes", "count", "expiring")

    def __init__(self) -> None:
        """Start empty."""
        self.count = 0
        self.bytes = 0
        self._by_priority: dict[int, deque[Message]] = {}
        self.expiring = 0
        self.away: dict[int, Away] = {}
        self.aside: Aside | None = None

    def add(self, messages: list[Message], most_bytes: float) -> int:
        """Append messages of one envelope until ``most_bytes`` wait; return how many."""
        taken, size, expiring = 0, self.bytes, 0
        for message in messages:
            if size >= most_bytes:
                break
            size += message.size
            expiring += message.expires_ms > 0
            taken += 1
        lane = self._lane(messages[0].envelope.priority)
        lane.extend(messages if taken == len(messages) else messages[:taken])
        self.count += taken
        self.bytes = size
        self.expiring += expiring
        return taken

    def take(self, most: int, most_bytes: int) -> list[Message]:
        """Remove the first ``most`` messages and return them; fewer if they are large, or on disk."""
        taken: list[Message] = []
        size = 0
        for priority in sorted(self._by_priority, reverse=True):
            lane, before = self._by_priority[priority], len(taken)
            for message in lane:
                if len(taken) >= most or size >= most_bytes:
                    break
                taken.append(message)
                size += message.size
                if message.expires_ms:
                    self.expiring -= 1
            _remove(lane, len(taken) - before)
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
        lane = min(lanes, key=_oldest) if lanes else None
        if self.aside is not None:
            message = self.aside.oldest()
            if message is not None and (lane is None or message.number < lane[0].number):
                return self.take_aside(rank_of(message))
        assert lane is not None, "nothing waits"
        return self._gone(lane.popleft())

    def set_aside(self, most: int) -> bool:
        """Have the first ``most`` messages that were not looked at wait aside; return whether any do."""
        aside = self.aside
        assert aside is not None, "nobody chooses"
        taken = self.take(most, FLUSH_BYTES)
        self._count(taken)
        for message in taken:
            aside.add(message)
        return bool(taken)

    def take_aside(self, rank: int) -> Message:
        """Remove a message that is aside, and return it."""
        assert self.aside is not None, "nobody chooses"
        message = self.aside.take(rank)
        assert message is not None, "it is gone"
        return self._gone(message)

    def end_aside(self) -> None:
        """Put all back that was aside: any message will do for any consumer again."""
        if self.aside is not None:
            messages = self.aside.all()
            self.aside = None
            for message in messages:
                self._gone(message)
            self.put_back(messages)

    def put_back(self, messages: list[Message]) -> None:
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
        self._count(messages)

    def priorities(self) -> list[int]:
        """Return the priorities of which something may wait, highest first."""
        aside = {message.envelope.priority for message in self.aside.all()} if self.aside is not None else ()
        return sorted({*self._by_priority, *self.away, *aside}, reverse=True)

    def between(self, priority: int, after: int, until: int) -> list[Message]:
        """Return what waits in memory with that priority and a number above ``after``, up to ``until``."""
        messages = [each for each in self._by_priority.get(priority, ()) if after < each.number <= until]
        if self.aside is not None:
            for each in self.aside.all():
                if each.envelope.priority == priority and after < each.number <= until:
                    messages.append(each)
            messages.sort(key=_number)
        return messages

    def last(self) -> int:
        """Return the number of what was sent last of all that waits; 0 if nothing does."""
        lasts = [lane[-1].number for lane in self._by_priority.values() if lane]
        lasts += [away.last for away in self.away.values()]
        if self.aside is not None:
            lasts += [message.number for message in self.aside.all()]
        return max(lasts, default=0)

    def take_expired(self, now_ms: int) -> list[Message]:
        """Remove what has expired, wherever it stands, and return it."""
        if not self.expiring:
            return []
        expired: list[Message] = []
        for priority, lane in self._by_priority.items():
            gone = [message for message in lane if is_expired(message, now_ms)]
            if gone:
                expired += gone
                kept = (message for message in lane if not is_expired(message, now_ms))
                self._by_priority[priority] = deque(kept)
        if self.aside is not None:
            aside = self.aside.expired(now_ms)
            expired += aside
            for message in aside:
                self.aside.take(rank_of(message))
        self.count -= len(expired)
        self.bytes -= sum(message.size for message in expired)
        self.expiring -= len(expired)
        return expired

    def _count(self, messages: list[Message]) -> None:
        self.count += len(messages)
        self.bytes += sum([message.size for message in messages])
        self.expiring += sum([message.expires_ms > 0 for message in messages])

    def _gone(self, message: Message) -> Message:
        self.count -= 1
        self.bytes -= message.size
        self.expiring -= message.expires_ms > 0
        return message

    def _lane(self, priority: int) -> deque[Message]:
        lane = self._by_priority.get(priority)
        if lane is None:
            lane = self._by_priority[priority] = deque()
        return lane
