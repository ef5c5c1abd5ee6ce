"""What waits in a queue that is kept: a window of it in memory, and the rest on disk alone.

While anything of a priority is on disk only, what comes new with that priority joins it there; so
memory holds what is delivered next. What comes back, or comes late, is older, and goes to memory.
"""

from typing import Final

from hoofbeat.broker.message import Message
from hoofbeat.engines.local.queues.aside import rank_of
from hoofbeat.engines.local.queues.ready import Away, Ready
from hoofbeat.engines.local.writing.journal import Journal, Page
from hoofbeat.stores.base import Waiting

PAGE_MESSAGES: Final = 1000  # read at a time, at most


class Paged(Ready):
    """What waits, of which as much is in memory as its window holds.

    ``count`` and ``bytes`` are of all that waits.
    """

    __slots__ = (
        "_away_bytes",
        "_away_count",
        "_journal",
        "_name",
        "_page_bytes",
        "_page_messages",
        "_window_bytes",
        "_window_messages",
    )

    def __init__(self, name: str, journal: Journal, window_messages: int, window_bytes: int) -> None:
        """Start empty; ``name`` is that of the queue in the store."""
        super().__init__()
        self._name = name
        self._journal = journal
        self._window_messages = window_messages
        self._window_bytes = window_bytes
        self._page_messages = max(1, min(PAGE_MESSAGES, window_messages // 2))
        self._page_bytes = max(1, window_bytes // 2)
        self._away_count = 0
        self._away_bytes = 0

    @property
    def at_hand(self) -> int:
        """Count what is in memory."""
        return self.count - self._away_count

    def add(self, messages: list[Message], most_bytes: float) -> int:
        """Append messages of one envelope until ``most_bytes`` wait; return how many."""
        priority, persistent = messages[0].envelope.priority, messages[0].envelope.persistent
        has_room = self.at_hand < self._window_messages and self.bytes - self._away_bytes < self._window_bytes
        if priority not in self.away and has_room:
            room = self._window_messages - self.at_hand
            part = messages[:room]
            taken = super().add(part, min(most_bytes, self._window_bytes + self._away_bytes))
            if persistent and taken:
                self._journal.put(self._name, part[:taken])
        else:
            taken = self._add_away(messages, most_bytes)
        if 0 < taken < len(messages) and self.bytes < most_bytes:
            taken += self.add(messages[taken:], most_bytes)
        return taken

    def set_aside(self, most: int) -> bool:
        """Have the first messages wait aside, as many as the window holds: none behind is looked at."""
        assert self.aside is not None, "nobody chooses"
        if self.aside.bytes >= self._window_bytes:
            return False
        return super().set_aside(min(most, self._window_messages - self.aside.count))

    def _add_away(self, messages: list[Message], most_bytes: float) -> int:
        """Append messages to what is on disk only, but for those that are older than that."""
        priority = messages[0].envelope.priority
        away = self.away.get(priority)
        if away is None:
            self._lane(priority)
            away = self.away[priority] = Away(messages[0].number - 1)
        spilled: list[Message] = []
        late: list[Message] = []
        for message in messages:
            if self.bytes >= most_bytes:
                break
            if message.number <= away.last:
                late.append(message)
                self.put_back([message])
                continue
            spilled.append(message)
            away.last = message.number
            self._count_away(away, 1, message.size)
            self.count += 1
            self.bytes += message.size
        if messages[0].envelope.persistent:
            self._journal.put(self._name, [*late, *spilled])
        elif spilled:
            self._journal.spill(self._name, spilled)
        return len(late) + len(spilled)

    def is_read_later(self, message: Message) -> bool:
        """Say whether what is on disk of a message would be read some time, as far as its number says."""
        away = self.away.get(message.envelope.priority)
        return away is not None and message.number > away.cursor

    def wanted(self) -> Page | None:
        """Return the page that is needed next, if there is one, and take note that it is coming."""
        priority = max(self.away)  # lower ones have to wait for it
        away = self.away[priority]
        waiting = len(self._lane(priority))
        is_low = waiting < self._page_messages and self.bytes - self._away_bytes < self._page_bytes
        if away.is_coming or (waiting and not is_low):
            return None
        away.is_coming = True
        away.asked = away.last
        return Page(self._name, priority, away.cursor, self._page_messages, self._page_bytes)

    def page_after(self, priority: int, after: int) -> Page | None:
        """Return the page of what is on disk only that follows a number; None if nothing does."""
        away = self.away.get(priority)
        if away is None or after >= away.last:
            return None
        return Page(self._name, priority, max(after, away.cursor), self._page_messages, self._page_bytes)

    def recover(self, waiting: Waiting) -> None:
        """Learn what is on disk from the last start."""
        away = self.away[waiting.priority] = Away(0)
        self._lane(waiting.priority)
        away.last = waiting.last
        self._count_away(away, waiting.messages, waiting.bytes)
        self.count += waiting.messages
        self.bytes += waiting.bytes

    def bring(self, priority: int, messages: list[Message]) -> None:
        """Take in the page that was wanted; none means that nothing is left of what there was."""
        away = self.away[priority]
        away.is_coming = False
        lane = self._lane(priority)
        size = 0
        for message in messages:
            lane.append(message)
            size += message.size
            self.expiring += message.expires_ms > 0
        self._count_away(away, -len(messages), -size)
        if messages:
            away.cursor = messages[-1].number
        else:
            away.cursor = away.asked
        if away.cursor >= away.last:
            self.count -= away.count  # of which there should be none
            self.bytes -= away.bytes
            self._count_away(away, -away.count, -away.bytes)
            del self.away[priority]

    def take_out(self, messages: list[Message]) -> list[Message]:
        """Remove messages that the disk had no room for; return those that wait here no more."""
        gone: list[Message] = []
        in_memory: dict[int, Message] = {}
        for message in messages:
            away = self.away.get(message.envelope.priority)
            if away is not None and message.number > away.cursor:
                self._lose(away, message)
            else:
                in_memory[message.number] = message
        for priority in {message.envelope.priority for message in in_memory.values()}:
            lane = self._lane(priority)
            kept = [message for message in lane if message.number not in in_memory]
            for message in lane:
                if in_memory.pop(message.number, None) is not None:
                    self.count -= 1
                    self.bytes -= message.size
                    self.expiring -= message.expires_ms > 0
            lane.clear()
            lane.extend(kept)
        if self.aside is not None:
            for message in list(in_memory.values()):
                if self.aside.get(rank_of(message)) is not None:
                    self.take_aside(rank_of(in_memory.pop(message.number)))
        gone += in_memory.values()
        return gone

    def bring_back(self, messages: list[Message]) -> None:
        """Take to memory what was to be on disk only, and has no room there."""
        for message in messages:
            away = self.away.get(message.envelope.priority)
            if away is not None and message.number > away.cursor:
                self._lose(away, message)
                self.put_back([message])

    def _lose(self, away: Away, message: Message) -> None:
        self._count_away(away, -1, -message.size)
        self.count -= 1
        self.bytes -= message.size
        if not away.count and not away.is_coming:
            del self.away[message.envelope.priority]

    def _count_away(self, away: Away, count: int, size: int) -> None:
        away.count += count
        away.bytes += size
        self._away_count += count
        self._away_bytes += size
