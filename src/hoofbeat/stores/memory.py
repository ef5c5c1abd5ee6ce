"""A store that forgets all when it goes: the plainest there is, and what others are held against."""

from collections.abc import Callable, Iterable, Sequence
from itertools import groupby, takewhile

from hoofbeat.broker.message import HIGHEST_PRIORITY
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

Moment = tuple[int, int, StoredMessage]  # offset, epoch time sent


class MemoryStore:
    """Signs the contract of :class:`hoofbeat.stores.base.Store`; all is done at once.

    It may be recovered again and again: after :meth:`close` as after an orderly end, else as after
    an end without one.
    """

    def __init__(self, epoch: str = "memory") -> None:
        """Start empty."""
        self._epoch = epoch
        self._next_number = self._first_offset = 1
        self._is_clean = True
        self._queues: dict[str, dict[tuple[int, int], Entry]] = {}  # by rank and number
        self._transient: set[tuple[str, int]] = set()
        self._subscriptions: dict[str, DurableSubscription] = {}
        self._retained: dict[str, StoredMessage] = {}
        self._histories: dict[str, dict[int, Moment]] = {}
        self._next_offsets: dict[str, int] = {}
        self._ids: dict[tuple[str, str], int] = {}

    def recover(self) -> Recovered:
        """Forget what was to be forgotten, and say what is there."""
        for queue, number in self._transient:
            waiting = self._queues.get(queue, {})
            self._queues[queue] = {key: entry for key, entry in waiting.items() if key[1] != number}
        self._transient.clear()
        is_clean, self._is_clean = self._is_clean, False
        if not is_clean:
            self._first_offset += LEAP
        return Recovered(
            self._epoch,
            self._next_number,
            is_clean,
            [each for queue in self._queues for each in self._waiting(queue)],
            [(queue, each) for queue in self._queues for each in self._entries(queue) if each.visible_at_ms],
            list(self._subscriptions.values()),
            list(self._retained.items()),
            [
                History(topic, min(self._histories[topic], default=following), following)
                for topic, following in self._next_offsets.items()
            ],
            [(*place, self._ids[place]) for place in sorted(self._ids, key=self._ids.__getitem__)],
            self._first_offset,
        )

    def write(self, changes: Sequence[Change], done: Done) -> None:
        """Make changes."""
        for change in changes:
            self._make(change)
        done(None)

    def read(
        self,
        queue: str,
        priority: int,
        after: int,
        most: int,
        most_bytes: int,
        done: Callable[[Sequence[Entry]], None],
    ) -> None:
        """Give the next entries of a queue and priority, with numbers above ``after``."""
        page: list[Entry] = []
        for entry in self._entries(queue):
            is_full = len(page) >= most or sum(each.message.size for each in page) >= most_bytes
            if entry.message.priority == priority and entry.message.number > after and not is_full:
                page += [] if entry.visible_at_ms else [entry]
        done(page)

    def replay(
        self, topic: str, offset: int, most: int, most_bytes: int, done: Callable[[Sequence[Moment]], None]
    ) -> None:
        """Give what a topic's history holds from ``offset`` on."""
        moments: list[Moment] = []
        for moment in self._histories.get(topic, {}).values():
            is_full = len(moments) >= most or sum(each[2].size for each in moments) >= most_bytes
            if moment[0] >= offset and not is_full:
                moments.append(moment)
        done(moments)

    def close(self) -> None:
        """Leave all in order."""
        self._is_clean = True

    def _make(self, change: Change) -> None:
        if isinstance(change, Put):
            self._put(change)
        elif isinstance(change, Remove):
            for key in change.keys:
                self._queues.get(change.queue, {}).pop((HIGHEST_PRIORITY - key.priority, key.number), None)
        elif isinstance(change, Mark):
            self._mark(change)
        elif isinstance(change, Subscribe):
            self._subscriptions[change.subscription.name] = change.subscription
        elif isinstance(change, Unsubscribe):
            self._subscriptions.pop(change.name, None)
            self._queues.pop(change.name, None)
        elif isinstance(change, Remember):
            for id, sent_ms in zip(change.ids, change.sent_ms, strict=True):
                self._ids[change.destination, id] = sent_ms
        elif isinstance(change, Forget):
            for id in change.ids:
                self._ids.pop((change.destination, id), None)
        else:
            self._keep(change)

    def _keep(self, change: Retain | Append | Trim) -> None:
        """Change a last value or a history."""
        if isinstance(change, Trim):
            history = self._histories.get(change.topic, {})
            for offset in list(takewhile(change.offset.__gt__, history)):
                del history[offset]
        elif isinstance(change, Append):
            history = self._histories.setdefault(change.topic, {})
            for offset, message in enumerate(change.messages, change.offset):
                history[offset] = (offset, change.sent_ms, message)
                self._count(message)
            following = change.offset + len(change.messages)
            self._next_offsets[change.topic] = max(following, self._next_offsets.get(change.topic, 1))
        elif change.message is None:
            self._retained.pop(change.topic, None)
        else:
            self._retained[change.topic] = change.message
            self._count(change.message)

    def _put(self, put: Put) -> None:
        for message in put.messages:
            self._count(message)
            for queue in put.queues:
                key = (HIGHEST_PRIORITY - message.priority, message.number)
                self._queues.setdefault(queue, {})[key] = Entry(message, 0, put.visible_at_ms)
                if put.is_transient:
                    self._transient.add((queue, message.number))

    def _mark(self, mark: Mark) -> None:
        waiting = self._queues.get(mark.queue, {})
        for key, deliveries in zip(mark.keys, mark.deliveries, strict=True):
            place = (HIGHEST_PRIORITY - key.priority, key.number)
            if place in waiting:
                waiting[place] = Entry(waiting[place].message, deliveries, mark.visible_at_ms)

    def _count(self, message: StoredMessage) -> None:
        self._next_number = max(self._next_number, message.number + 1)

    def _entries(self, queue: str) -> Iterable[Entry]:
        waiting = self._queues.get(queue, {})
        return [waiting[key] for key in sorted(waiting)]

    def _waiting(self, queue: str) -> Iterable[Waiting]:
        ready = [entry.message for entry in self._entries(queue) if not entry.visible_at_ms]
        for priority, messages in groupby(ready, _priority):
            each = list(messages)
            size = sum(message.size for message in each)
            yield Waiting(queue, priority, len(each), size, each[-1].number)


def _priority(message: StoredMessage) -> int:
    return message.priority
