"""Changes that are made together: what a store is asked for in one write, and who waits for it."""

from collections.abc import Callable, Sequence

from hoofbeat.broker.engine import Confirm, Done
from hoofbeat.broker.message import Message
from hoofbeat.engines.local.writing.records import stored
from hoofbeat.errors import Refused
from hoofbeat.stores.base import Change, Forget, Key, Mark, Put, Remember, Remove

Puts = dict[str, dict[int, Message]]  # by queue and number


class Batch:
    """What is to be written, and whom to tell.

    Attributes:
        puts: what senders sent; where the disk has no room, they are told.
        owed: what the broker itself put, such as dead letters; where there is no room, it tries again.
        ids: senders' own, by destination, with their times: written, or refused, with the puts.
        forgotten: such ids that need not be known any longer.
        spilled: kept only because memory has no room for it.
        times: before which messages are not delivered, by number; most have none.
        marks: by queue: how often each was delivered, and when it may be again.
        removes: by queue.
        changes: any others.
        senders: who wait for puts.
        settlers: who wait for the rest.
        witnesses: who are told that it is over, however it went.
        undo: where it is refused as a whole, called for what the puts do not say.
        bytes: of what was put, about, and of what it weighs in memory.
        is_whole: nothing of it is tried again: a transaction.
    """

    __slots__ = (
        "bytes",
        "changes",
        "forgotten",
        "ids",
        "is_whole",
        "marks",
        "owed",
        "puts",
        "removes",
        "senders",
        "settlers",
        "spilled",
        "times",
        "undo",
        "witnesses",
    )

    def __init__(self) -> None:
        """Start empty."""
        self.puts: Puts = {}
        self.owed: Puts = {}
        self.ids: dict[str, dict[str, int]] = {}
        self.forgotten: dict[str, dict[str, None]] = {}
        self.spilled: Puts = {}
        self.times: dict[int, int] = {}
        self.marks: dict[str, dict[Key, tuple[int, int]]] = {}
        self.removes: dict[str, dict[Key, None]] = {}
        self.changes: list[Change] = []
        self.senders: list[Done] = []
        self.settlers: list[Done] = []
        self.witnesses: list[Done] = []
        self.undo: list[Callable[[], None]] = []
        self.bytes = 0
        self.is_whole = False

    @property
    def is_empty(self) -> bool:
        """Say whether nothing is to be written."""
        is_of_queues = self.puts or self.removes or self.marks or self.spilled or self.owed
        return not (is_of_queues or self.changes or self.ids or self.forgotten)

    @property
    def is_ordered(self) -> bool:
        """Say whether later writes must wait for this one."""
        return bool(self.owed or self.changes)

    def cancel(self, queue: str, number: int) -> bool:
        """Take back a put that nobody has seen yet; say whether there was one."""
        return _cancel(self.puts, queue, number) or _cancel(self.owed, queue, number)

    def remember(self, messages: list[Message], now_ms: int) -> None:
        """Note the senders' ids of a run."""
        destination = messages[0].envelope.destination.name
        ids, forgotten = self.ids.setdefault(destination, {}), self.forgotten.get(destination, {})
        for message in messages:
            ids[message.envelope.duplicate_id] = now_ms
            forgotten.pop(message.envelope.duplicate_id, None)

    def forget(self, destination: str, id: str) -> None:
        """Note that such an id need not be known any longer."""
        self.ids.get(destination, {}).pop(id, None)
        self.forgotten.setdefault(destination, {})[id] = None

    def records(self) -> list[Change]:
        """Return the changes, in an order in which each finds what it is about."""
        changes = _records(self.puts, self.times)
        if self.owed:
            changes += _records(self.owed, self.times)
        if self.spilled:
            changes += _records(self.spilled, {}, is_transient=True)
        for destination, times in self.ids.items():
            changes.append(Remember(destination, list(times), list(times.values())))
        for destination, forgotten in self.forgotten.items():
            changes.append(Forget(destination, list(forgotten)))
        changes += self.changes
        for queue, marked in self.marks.items():
            changes += _marks(queue, marked)
        for queue, keys in self.removes.items():
            changes.append(Remove(queue, list(keys)))
        return changes

    def rest(self) -> "Batch":
        """Return what has to be done in any case: all but the puts of senders, which are left here."""
        rest = Batch()
        rest.absorb(self)
        self.owed, self.marks, self.removes, self.changes, self.settlers = {}, {}, {}, [], []
        self.forgotten = {}
        return rest

    def absorb(self, earlier: "Batch") -> None:
        """Add what has to be done in any case of a batch that came before, and was not done."""
        for queue, messages in earlier.owed.items():
            self.owed[queue] = {**messages, **self.owed.get(queue, {})}
        for queue, keys in earlier.removes.items():
            self.removes.setdefault(queue, {}).update(keys)
        for queue, marked in earlier.marks.items():
            self.marks[queue] = {**marked, **self.marks.get(queue, {})}
        for destination, ids in earlier.forgotten.items():
            known = self.ids.get(destination, {})
            self.forgotten.setdefault(destination, {}).update({id: None for id in ids if id not in known})
        self.times.update(earlier.times)
        self.changes[:0] = earlier.changes
        self.settlers[:0] = earlier.settlers

    def tell(self, refused: Refused | None) -> None:
        """Tell everybody what became of it."""
        for done in [*self.senders, *self.settlers]:
            done(refused)
        for done in self.witnesses:
            done(None)


class Confirming:
    """Confirms messages of a run when what was put with them is safe."""

    __slots__ = ("_confirm", "_count", "_refused")

    def __init__(self, confirm: Confirm, count: int, refused: Refused | None) -> None:
        """Keep what to say; ``refused`` where the queue did not even take them."""
        self._confirm = confirm
        self._count = count
        self._refused = refused

    def __call__(self, refused: Refused | None) -> None:
        """Say it."""
        self._confirm(self._count, self._refused or refused)


def _cancel(puts: Puts, queue: str, number: int) -> bool:
    messages = puts.get(queue)
    if messages is None or messages.pop(number, None) is None:
        return False
    if not messages:
        del puts[queue]
    return True


def _records(puts: Puts, times: dict[int, int], *, is_transient: bool = False) -> list[Change]:
    """Return puts as records: each message once, however many queues it waits in."""
    if not times and (len(puts) == 1 or not _overlap(puts)):
        return [
            Put((queue,), [stored(message) for message in messages.values()], 0, is_transient)
            for queue, messages in puts.items()
        ]
    queues: dict[int, list[str]] = {}
    by_number: dict[int, Message] = {}
    for queue, messages in puts.items():
        by_number.update(messages)
        for number in messages:
            queues.setdefault(number, []).append(queue)
    groups: dict[tuple[tuple[str, ...], int], list[Message]] = {}
    for number, names in queues.items():
        groups.setdefault((tuple(names), times.get(number, 0)), []).append(by_number[number])
    return [
        Put(names, [stored(message) for message in group], time, is_transient)
        for (names, time), group in groups.items()
    ]


def _marks(queue: str, marked: dict[Key, tuple[int, int]]) -> list[Change]:
    """Return marks of one queue as records: one for each time."""
    by_time: dict[int, dict[Key, int]] = {}
    for key, (deliveries, visible_at_ms) in marked.items():
        by_time.setdefault(visible_at_ms, {})[key] = deliveries
    return [Mark(queue, list(keys), list(keys.values()), time) for time, keys in by_time.items()]


def _overlap(puts: Puts) -> bool:
    """Say whether a message is put into several queues."""
    numbers: set[int] = set()
    return len(numbers.union(*puts.values())) < sum([len(messages) for messages in puts.values()])


def messages_of(puts: Puts) -> Sequence[tuple[str, list[Message]]]:
    """Return what was put, by queue."""
    return [(queue, list(messages.values())) for queue, messages in puts.items()]
