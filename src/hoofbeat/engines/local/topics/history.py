"""The history of one topic: what was sent lately, by offset, for who missed some of it."""

from collections import deque
from collections.abc import Callable, Sequence
from itertools import islice
from typing import NamedTuple

from hoofbeat.broker.marking import marked
from hoofbeat.broker.message import Message
from hoofbeat.broker.places import Place, Start
from hoofbeat.config import TopicConfig
from hoofbeat.engines.local.writing.journal import Journal
from hoofbeat.engines.local.writing.records import Recall, stored
from hoofbeat.stores.base import LEAP, Append, Store, StoredMessage, Trim

_TRIM_AT = 64  # messages gone from memory before the store is told
_PAGE_MESSAGES = 256
_PAGE_BYTES = 1024 * 1024


class Kept(NamedTuple):
    """A message of the history."""

    offset: int
    sent_ms: int
    message: Message


class Missed(NamedTuple):
    """What a subscription gets first.

    Attributes:
        messages: in order.
        is_all: nothing that it asked for is missing.
        after: the offset that comes before the first message it will get.
    """

    messages: list[Message]
    is_all: bool
    after: int


class Disk(NamedTuple):
    """Where histories are kept, if they are.

    Attributes:
        journal: takes what changes.
        store: gives what the last start left.
        wake: called when what was read made something to flush.
    """

    journal: Journal
    store: Store
    wake: Callable[[], None]

    def lapse(self, topic: str, following: int) -> None:
        """Forget a history that is not gone on with: its offsets lead to nothing any more.

        ``following`` would have been the next. Should there be a history again some day, it begins
        higher, and nobody takes what was sent meanwhile for something that was kept.
        """
        self.journal.change(Trim(topic, following))
        self.journal.change(Append(topic, following + LEAP, (), 0))


class History:
    """Messages of one topic, each with the offset it was given; offsets count from 1.

    Attributes:
        epoch: what offsets belong to: the same offset of another epoch is another message.
        next: offset of the next message.
    """

    __slots__ = (
        "_bytes",
        "_config",
        "_disk",
        "_first",
        "_kept",
        "_leapt_from",
        "_leapt_to",
        "_mark",
        "_on_disk",
        "_reading",
        "_recovered_ms",
        "_trimmed",
        "_waiting",
        "epoch",
        "name",
        "next",
    )

    def __init__(self, name: str, epoch: str, config: TopicConfig, disk: Disk | None, first: int = 1) -> None:
        """Start without messages; the first will have the offset ``first``."""
        self.name = name
        self.epoch = epoch
        self.next = first
        self._config = config
        self._kept: deque[Kept] = deque()
        self._bytes = 0
        self._first = first  # lowest offset that can be given
        self._mark = f"\nepoch:{epoch}\noffset:".encode()
        self._disk = disk
        self._trimmed = first
        self._recovered_ms = 0
        self._on_disk = 1  # what the last start left lies below
        self._leapt_from = self._leapt_to = 1
        self._waiting: list[Callable[[], None]] = []
        self._reading: list[Kept] = []

    def recover(self, first: int, next: int, is_clean: bool, now_ms: int) -> None:
        """Learn what the last start left in the store; it is read when somebody asks for it."""
        self._recovered_ms = now_ms
        self._first = self._trimmed = first
        self._on_disk = self._leapt_from = next
        self.next = self._leapt_to = next if is_clean else next + LEAP

    @property
    def is_whole(self) -> bool:
        """Say whether all that is kept is in memory."""
        return self._on_disk <= self._first

    def is_over(self, now_ms: int) -> bool:
        """Say whether all messages are too old to be given, those of the last start too."""
        seconds = self._config.history_seconds
        if not seconds or self._waiting:
            return False
        self._trim(now_ms)
        return not self._kept and (self.is_whole or self._recovered_ms + seconds * 1000 < now_ms)

    def give_up(self) -> None:
        """Forget what may be left of it on the disk."""
        if self._disk is not None and self._trimmed < self.next:
            self._disk.journal.change(Trim(self.name, self.next))

    def mark_bytes(self, messages: int) -> int:
        """Return how many octets :meth:`append` adds to the headers of one of so many messages, at most."""
        return len(self._mark) + len(str(self.next + messages - 1))

    def append(self, messages: list[Message], now_ms: int) -> list[Message]:
        """Give messages their offsets, and keep them; return them as subscribers hear them."""
        offset = self.next
        heard: list[Message] = []
        for message in messages:
            kept = Kept(offset, now_ms, marked(message, b"%b%d" % (self._mark, offset)))
            self._kept.append(kept)
            heard.append(kept.message)
            self._bytes += kept.message.size
            offset += 1
        if self._disk is not None:
            run = [stored(message) for message in heard]
            self._disk.journal.change(Append(self.name, self.next, run, now_ms), heard)
        self.next = offset
        self._trim(now_ms)
        return heard

    def missed(self, place: Place, now_ms: int) -> Missed:
        """Return what a subscription that begins at ``place`` has to get before what is new."""
        self._trim(now_ms)
        if place.start is Start.AFTER:
            is_lost = self._leapt_from <= place.value < self._leapt_to - 1
            is_there = self._first - 1 <= place.value < self.next
            if place.epoch != self.epoch or is_lost or not is_there:
                return Missed([], False, self.next - 1)
            return Missed(self._since(place.value + 1, now_ms), True, place.value)
        if place.start is Start.AT:
            if place.value > self.next:
                return Missed([], False, self.next - 1)
            begin = max(place.value, self._first)
            return Missed(self._since(begin, now_ms), place.value >= self._first, begin - 1)
        if place.start is Start.NEXT or not self._kept:
            return Missed([], place.start is Start.NEXT or self.next == 1, self.next - 1)
        begin = self._first
        if place.start is Start.LAST:
            begin = self._kept[-1].offset
        elif place.start is Start.TIME:
            begin = next((kept.offset for kept in self._kept if kept.sent_ms >= place.value), self.next)
        is_all = place.start is not Start.TIME or begin > self._first or self._first == 1
        return Missed(self._since(begin, now_ms), is_all, begin - 1)

    def _since(self, offset: int, now_ms: int) -> list[Message]:
        """Return what is kept from an offset on, and has not expired."""
        skip = max(0, len(self._kept) - (self.next - offset))
        return [
            kept.message
            for kept in islice(self._kept, skip, None)
            if kept.offset >= offset and not 0 < kept.message.expires_ms <= now_ms
        ]

    def _trim(self, now_ms: int) -> None:
        """Forget what is too old, or too much."""
        config, kept = self._config, self._kept
        oldest_ms = now_ms - round(config.history_seconds * 1000) if config.history_seconds else 0
        while kept and (
            len(kept) > config.history_messages
            or self._bytes > config.history_bytes
            or kept[0].sent_ms < oldest_ms
        ):
            gone = kept.popleft()
            self._bytes -= gone.message.size
            self._first = gone.offset + 1
        if len(kept) >= config.history_messages:
            # Else those on disk are counted when they are read: that can't be told from offsets, which leap.
            self._first = max(self._first, self._on_disk)
        if self._disk is not None and self._first - self._trimmed >= _TRIM_AT:
            self._trimmed = self._first
            self._disk.journal.change(Trim(self.name, self._first))

    # What the last start left.

    def load(self, then: Callable[[], None]) -> None:
        """Read what is in the store and not in memory, and call ``then``."""
        self._waiting.append(then)
        if len(self._waiting) == 1:
            self._reading = []
            self._read(self._first)

    def _read(self, offset: int) -> None:
        self._there.store.replay(self.name, offset, _PAGE_MESSAGES, _PAGE_BYTES, self._take)

    @property
    def _there(self) -> Disk:
        """Return the disk, where something is known to be on it."""
        assert self._disk is not None, "nothing is on disk without a store"
        return self._disk

    def _take(self, page: Sequence[tuple[int, int, StoredMessage]]) -> None:
        """Take in a page of what the last start left, and ask for the next."""
        recall = Recall()
        for offset, sent_ms, message in page:
            if offset < self._on_disk:
                self._reading.append(Kept(offset, sent_ms, recall.message(message)))
        if page and page[-1][0] + 1 < self._on_disk:
            self._read(page[-1][0] + 1)
            return
        self._put_in_front()
        waiting, self._waiting = self._waiting, []
        for then in waiting:
            then()
        self._there.wake()

    def _put_in_front(self) -> None:
        """Have in memory what was read, but for what was trimmed meanwhile; what is not there is gone."""
        read = [kept for kept in self._reading if kept.offset >= self._first]
        self._reading = []
        self._kept.extendleft(reversed(read))
        self._bytes += sum([kept.message.size for kept in read])
        self._first = max(self._first, read[0].offset if read else self._on_disk)
        self._on_disk = self._first
