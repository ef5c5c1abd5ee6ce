"""A store that is safe when the test says so, full when it says so, and broken off when it says so."""

from collections.abc import Callable, Sequence
from copy import deepcopy
from typing import NamedTuple

from hoofbeat.errors import Refused
from hoofbeat.stores.base import (
    LEAP,
    Append,
    Change,
    Done,
    DurableSubscription,
    Entry,
    Forget,
    History,
    Mark,
    Put,
    Recovered,
    Remember,
    Remove,
    Retain,
    StoredMessage,
    Subscribe,
    Trim,
    Unsubscribe,
    Waiting,
)

FULL = Refused("disk is full")


class Kept(NamedTuple):
    """A message in a queue, as it would stand on the disk."""

    entry: Entry
    is_transient: bool


class Disk:
    """What outlives a broker: queues, by name; entries, by priority and number."""

    def __init__(self) -> None:
        """Start empty."""
        self.queues: dict[str, dict[tuple[int, int], Kept]] = {}
        self.retained: dict[str, StoredMessage] = {}
        self.histories: dict[str, History] = {}
        self.subscriptions: dict[str, DurableSubscription] = {}
        self.kept: dict[str, dict[int, tuple[int, int, StoredMessage]]] = {}
        self.ids: dict[tuple[str, str], int] = {}
        self.next_number = self.first_offset = 1
        self.is_clean = True

    def bodies(self, queue: str) -> list[bytes]:
        """Return the bodies of what waits in a queue, in its order."""
        waiting = self.queues.get(queue, {})
        return [waiting[key].entry.message.body for key in sorted(waiting, key=_rank)]

    def deliveries(self, queue: str) -> list[int]:
        """Return how often what waits in a queue was delivered."""
        waiting = self.queues.get(queue, {})
        return [waiting[key].entry.deliveries for key in sorted(waiting, key=_rank)]

    def make(self, change: Change) -> None:
        """Make one change."""
        if isinstance(change, Put):
            for queue in change.queues:
                for message in change.messages:
                    self._put(queue, message, change)
        elif isinstance(change, Remove):
            for key in change.keys:
                self.queues.get(change.queue, {}).pop(tuple(key), None)
        elif isinstance(change, Mark):
            waiting = self.queues.get(change.queue, {})
            for key, deliveries in zip(change.keys, change.deliveries, strict=True):
                if tuple(key) in waiting:
                    entry, is_transient = waiting[tuple(key)]
                    entry = entry._replace(deliveries=deliveries, visible_at_ms=change.visible_at_ms)
                    waiting[tuple(key)] = Kept(entry, is_transient)
        elif isinstance(change, Retain):
            self.retained.pop(change.topic, None)
            if change.message is not None:
                self.retained[change.topic] = change.message
        elif isinstance(change, Subscribe):
            self.subscriptions[change.subscription.name] = change.subscription
        elif isinstance(change, Unsubscribe):
            self.subscriptions.pop(change.name, None)
            self.queues.pop(change.name, None)
        elif isinstance(change, Append):
            self._append(change)
        elif isinstance(change, Trim):
            self._trim(change)
        elif isinstance(change, Remember):
            for id, sent_ms in zip(change.ids, change.sent_ms, strict=True):
                self.ids[change.destination, id] = sent_ms
        elif isinstance(change, Forget):
            for id in change.ids:
                self.ids.pop((change.destination, id), None)
        else:
            raise NotImplementedError(change)

    def _append(self, change: Append) -> None:
        topic, kept = change.topic, self.kept.setdefault(change.topic, {})
        first = self.histories[topic].first if topic in self.histories else 1
        for offset, message in enumerate(change.messages, change.offset):
            assert offset not in kept, "appended twice"
            kept[offset] = (offset, change.sent_ms, message)
            self.next_number = max(self.next_number, message.number + 1)
        self.histories[topic] = History(topic, first, change.offset + len(change.messages))

    def _trim(self, change: Trim) -> None:
        kept = self.kept.get(change.topic, {})
        for offset in [offset for offset in kept if offset < change.offset]:
            del kept[offset]
        self.histories[change.topic] = self.histories[change.topic]._replace(first=change.offset)

    def _put(self, queue: str, message: StoredMessage, put: Put) -> None:
        waiting = self.queues.setdefault(queue, {})
        key = (message.priority, message.number)
        assert key not in waiting, "put twice"
        waiting[key] = Kept(Entry(message, 0, put.visible_at_ms), put.is_transient)
        self.next_number = max(self.next_number, message.number + 1)


class PatientStore:
    """A store whose writes wait for :meth:`settle`.

    Attributes:
        disk: what is safe.
        writes: all that was asked for, call by call.
        is_full: writes with puts are refused.
        is_stuffed: all writes are.
        is_patient: nothing is done before :meth:`settle`; else at once.
        reads_at_once: what is read shows all that was asked for, safe or not, and does not wait.
    """

    def __init__(
        self, disk: Disk | None = None, *, is_patient: bool = True, reads_at_once: bool = False
    ) -> None:
        """Open a disk."""
        self.disk = disk or Disk()
        self.reads_at_once = reads_at_once
        self._view = self.disk
        self.writes: list[Sequence[Change]] = []
        self.is_full = self.is_stuffed = False
        self.is_patient = is_patient
        self._asked: list[Callable[[], None]] = []

    @property
    def on_the_way(self) -> int:
        """Count what was asked for and not done."""
        return len(self._asked)

    def settle(self, most: int = 1_000_000) -> None:
        """Do what was asked for, in order; what is asked for meanwhile too."""
        while self._asked and most > 0:
            self._asked.pop(0)()
            most -= 1

    def recover(self) -> Recovered:
        """Forget what was to be forgotten; say what is there."""
        disk, waiting, delayed = self.disk, list[Waiting](), list[tuple[str, Entry]]()
        for queue, kept in disk.queues.items():
            for key in [key for key in kept if kept[key].is_transient]:
                del kept[key]
            for priority in sorted({key[0] for key in kept}, reverse=True):
                entries = [kept[key].entry for key in sorted(kept) if key[0] == priority]
                delayed += [(queue, entry) for entry in entries if entry.visible_at_ms]
                ready = [entry for entry in entries if not entry.visible_at_ms]
                size = sum(entry.message.size for entry in ready)
                if ready:
                    last = ready[-1].message.number
                    waiting.append(Waiting(queue, priority, len(ready), size, last))
        was_clean, disk.is_clean = disk.is_clean, False
        if not was_clean:
            disk.first_offset += LEAP
        if self.reads_at_once:
            self._view = deepcopy(disk)
        durable = list(disk.subscriptions.values())
        retained, histories = list(disk.retained.items()), list(disk.histories.values())
        ids = [(*place, disk.ids[place]) for place in sorted(disk.ids, key=disk.ids.__getitem__)]
        found = (waiting, delayed, durable, retained, histories, ids)
        return Recovered("e", disk.next_number, was_clean, *found, disk.first_offset)

    def write(self, changes: Sequence[Change], done: Done) -> None:
        """Take note."""
        self.writes.append(changes)
        if self._view is not self.disk:
            for change in changes:
                self._view.make(change)
        self._ask(lambda: self._write(changes, done))

    def read(
        self,
        queue: str,
        priority: int,
        after: int,
        most: int,
        most_bytes: int,
        done: Callable[[Sequence[Entry]], None],
    ) -> None:
        """Take note."""
        if self.reads_at_once:
            done(self._page(queue, priority, after, most, most_bytes))
        else:
            self._ask(lambda: done(self._page(queue, priority, after, most, most_bytes)))

    def replay(
        self,
        topic: str,
        offset: int,
        most: int,
        most_bytes: int,
        done: Callable[[Sequence[tuple[int, int, StoredMessage]]], None],
    ) -> None:
        """Take note."""
        self._ask(lambda: done(self._history(topic, offset, most, most_bytes)))

    def close(self) -> None:
        """Do what was asked for, and leave all in order."""
        self.settle()
        self.disk.is_clean = True

    def _history(
        self, topic: str, offset: int, most: int, most_bytes: int
    ) -> Sequence[tuple[int, int, StoredMessage]]:
        page: list[tuple[int, int, StoredMessage]] = []
        for at, entry in sorted(self.disk.kept.get(topic, {}).items()):
            if len(page) == most or sum(read[2].size for read in page) >= most_bytes:
                break
            if at >= offset:
                page.append(entry)
        return page

    def _ask(self, what: Callable[[], None]) -> None:
        self._asked.append(what)
        if not self.is_patient:
            self.settle()

    def _write(self, changes: Sequence[Change], done: Done) -> None:
        if self.is_stuffed or (
            self.is_full and any(isinstance(change, Put | Remember) for change in changes)
        ):
            done(FULL)
            return
        for change in changes:
            self.disk.make(change)
        done(None)

    def _page(self, queue: str, priority: int, after: int, most: int, most_bytes: int) -> Sequence[Entry]:
        page: list[Entry] = []
        for key, (entry, _) in sorted(self._view.queues.get(queue, {}).items()):
            if key[0] != priority or key[1] <= after or entry.visible_at_ms:
                continue
            if len(page) == most or sum(read.message.size for read in page) >= most_bytes:
                break
            page.append(entry)
        return page


def _rank(key: tuple[int, int]) -> tuple[int, int]:
    return 9 - key[0], key[1]
