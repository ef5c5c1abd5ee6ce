"""What one turn changes in the store: gathered, and handed over once; whoever waits for it is told.

For whoever keeps something: call :meth:`Journal.put`, :meth:`~Journal.remove`, :meth:`~Journal.mark`
or :meth:`~Journal.change` as things happen, then :meth:`~Journal.confirm` or :meth:`~Journal.done`
with whom to tell. All of one turn is one write: what is put and removed before it was handed over
never reaches the disk, and what belongs together (a dead letter, and the end of its original) is
safe together. Where the disk is full, senders are refused; all else is kept, and tried again.
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Final, NamedTuple

from hoofbeat.broker.engine import Confirm, Done
from hoofbeat.broker.hold import Hold, HoldReason
from hoofbeat.broker.message import Message
from hoofbeat.broker.stats import Stats
from hoofbeat.broker.time import Clock
from hoofbeat.engines.local.writing.batch import Batch, Confirming, messages_of
from hoofbeat.engines.local.writing.pace import Pace
from hoofbeat.errors import Refused
from hoofbeat.protocol.outbox import INFINITY
from hoofbeat.stores.base import Change, Entry, Key, Store

_MOST_ON_THE_WAY: Final = 2  # one that is being written, and one to follow it at once
_RETRY_SECONDS: Final = 1.0
_MOST_BYTES: Final = 8 * 1024 * 1024  # put and not safe yet; then senders are held
_MESSAGE_BYTES: Final = 512  # of a message beside its headers and body

Undo = Callable[[str, list[Message]], None]


def do_nothing() -> None:
    """Do nothing when a hold ends: all of the run was taken in."""


class Page(NamedTuple):
    """What to read of a queue, as :meth:`Store.read` takes it."""

    queue: str
    priority: int
    after: int
    most: int
    most_bytes: int


class Journal:
    """Gathers changes for one store.

    Attributes:
        count: of changes; who compares it before and after knows whether there is something to wait for.
        due_at: when to hand over what waits, by the monotonic clock, or infinity.
    """

    __slots__ = (
        "_batch",
        "_bring_back",
        "_bytes",
        "_clock",
        "_holds",
        "_is_closed",
        "_is_owing",
        "_is_woken",
        "_kept",
        "_last",
        "_late",
        "_on_the_way",
        "_pace",
        "_pages",
        "_retry_at",
        "_store",
        "_take_out",
        "_wake",
        "count",
        "due_at",
    )

    def __init__(
        self,
        store: Store,
        *,
        clock: Clock,
        stats: Stats,
        undo: tuple[Undo, Undo],
        wake: Callable[[], None],
    ) -> None:
        """Write to ``store``, which was recovered.

        Args:
            store: keeps what is put.
            clock: of the broker.
            stats: of the broker, which say how busy it is.
            undo: the first takes messages out of the queue of that name: the disk had no room for them;
                the second takes them back to memory, for the same reason.
            wake: has :meth:`flush` be called at the end of this turn.
        """
        self.count = 0
        self._is_owing = False  # puts are the broker's own for now, not a sender's
        self.due_at = INFINITY
        self._retry_at = INFINITY  # what the disk had no room for
        self._store = store
        self._clock = clock
        self._pace = Pace(clock, stats)
        self._kept = 0  # messages, ever
        self._take_out, self._bring_back = undo
        self._wake = wake
        self._batch = self._last = Batch()
        self._on_the_way = 0
        self._is_woken = False
        self._is_closed = False
        self._bytes = 0
        self._late: list[tuple[Batch, Done]] = []  # after which batch to tell whom that changed nothing
        self._holds: list[Hold] = []
        self._pages: list[tuple[Page, Callable[[Sequence[Entry]], None]]] = []

    # What happened.

    def put(self, queue: str, messages: list[Message], visible_at_ms: int = 0) -> None:
        """Have messages wait in a queue; the same ones may be put into several."""
        self._note()
        batch = self._batch
        if messages and messages[0].envelope.duplicate_id and not self._is_owing:
            batch.remember(messages, self._clock.now.epoch_ms)
        puts = batch.owed if self._is_owing else batch.puts
        waiting = puts.get(queue)
        if waiting is None:
            waiting = puts[queue] = {}
        for message in messages:
            waiting[message.number] = message
            if visible_at_ms:
                batch.times[message.number] = visible_at_ms
        self._weigh(messages)

    def spill(self, queue: str, messages: list[Message]) -> None:
        """Keep messages no longer than the broker runs: memory has no room for them."""
        self._note()
        waiting = self._batch.spilled.setdefault(queue, {})
        for message in messages:
            waiting[message.number] = message
        self._weigh(messages)

    def remove(self, queue: str, messages: list[Message]) -> None:
        """Messages of a queue are done with."""
        self._note()
        batch = self._batch
        for message in messages:
            if not batch.cancel(queue, message.number):
                key = Key(message.envelope.priority, message.number)
                batch.removes.setdefault(queue, {})[key] = None

    def mark(self, queue: str, message: Message, deliveries: int, visible_at_ms: int = 0) -> None:
        """Note how often a message was delivered, and when it will be again."""
        self._note()
        marked = self._batch.marks.setdefault(queue, {})
        marked[Key(message.envelope.priority, message.number)] = (deliveries, visible_at_ms)

    def remember(self, messages: list[Message]) -> None:
        """Keep senders' ids of messages that are not put as they are: :meth:`put` keeps them itself."""
        self._note()
        self._batch.remember(messages, self._clock.now.epoch_ms)

    def forget(self, destination: str, id: str) -> None:
        """Keep such an id no longer."""
        self._note()
        self._batch.forget(destination, id)

    def change(self, change: Change, messages: Sequence[Message] = ()) -> None:
        """Make any other change, after the puts and before the removals of this turn.

        ``messages`` are in it, and count as what is put does.
        """
        self._note()
        self._weigh(messages)
        self._batch.changes.append(change)

    def read(self, page: Page, done: Callable[[Sequence[Entry]], None]) -> None:
        """Read a page once this turn's changes were handed over: it shows them."""
        self._note()
        self._pages.append((page, done))

    def _weigh(self, messages: Sequence[Message]) -> None:
        self._kept += len(messages)
        size = _MESSAGE_BYTES * len(messages) + sum([message.size for message in messages])
        self._batch.bytes += size
        self._bytes += size

    def owe(self, change: Callable[[], None]) -> None:
        """Make a change whose puts are the broker's own: where the disk has no room, they are tried again."""
        was_owing, self._is_owing = self._is_owing, True
        try:
            change()
        finally:
            self._is_owing = was_owing

    # Who waits for it.

    def hold(self) -> Hold | None:
        """Return a hold for a sender while too much is not safe yet; memory would have to keep it."""
        if self._bytes < _MOST_BYTES:
            return None
        hold = Hold(HoldReason.STORE, do_nothing)
        self._holds.append(hold)
        return hold

    def _relieve(self, batch: Batch) -> None:
        self._bytes -= batch.bytes
        batch.bytes = 0
        if self._holds and self._bytes < _MOST_BYTES // 2:
            holds, self._holds = self._holds, []
            for hold in holds:
                hold.end()

    def confirm(self, confirm: Confirm, count: int, refused: Refused | None) -> None:
        """Confirm messages once what was put so far is safe; confirmations keep their order."""
        if self._batch.is_empty and not self._on_the_way:
            confirm(count, refused)
        else:
            self._note()
            self._batch.senders.append(Confirming(confirm, count, refused))

    def done(self, done: Done) -> None:
        """Call ``done`` once all changes so far are safe, however long it takes."""
        self._note()
        self._batch.settlers.append(done)

    def sync(self, done: Done) -> None:
        """Call ``done`` once all changes so far are safe, or refused."""
        if self._batch.is_empty and not self._on_the_way:
            done(None)
        else:
            self._note()
            self._batch.witnesses.append(done)

    # Handing over.

    def flush(self) -> None:
        """End a turn: hand over what was gathered, unless enough is on its way already."""
        if self._is_woken:
            self._is_woken = False
            self._go_on()

    def _go_on(self) -> None:
        if self._is_closed:
            return
        if self._pages or self._may_hand_over():
            self._hand_over()
        pages, self._pages = self._pages, []
        for (queue, priority, after, most, most_bytes), done in pages:
            self._store.read(queue, priority, after, most, most_bytes, done)

    def _may_hand_over(self) -> bool:
        """Say whether it is time to: a write costs time, which others may need more for a moment."""
        if self._on_the_way >= (1 if self._last.is_ordered else _MOST_ON_THE_WAY):
            return False
        if self._clock.now.monotonic >= self._pace.next_at:
            return True
        self.due_at = min(self.due_at, self._pace.next_at)
        return False

    def advance(self) -> None:
        """Hand over what had to wait, or try again what there was no room for, once it is time to."""
        now = self._clock.now.monotonic
        if now < self.due_at:
            return
        if self._retry_at <= now:
            self._retry_at = INFINITY if self._batch.is_empty else now + _RETRY_SECONDS
        self.due_at = self._retry_at
        self._go_on()

    def begin(self) -> None:
        """Begin a write of its own, of which nothing is tried again: all or nothing."""
        self._hand_over()

    def end(self, done: Done, undo: Sequence[Callable[[], None]]) -> None:
        """Hand over what changed since :meth:`begin`; ``undo`` is called if it is refused."""
        batch = self._batch
        if batch.is_empty:
            done(None)
            return
        batch.is_whole = True
        batch.settlers.append(done)
        batch.undo += undo
        self._hand_over()

    def close(self) -> None:
        """Hand over all there is, and close the store: what follows is not kept."""
        if not self._is_closed:
            self._hand_over()
            self._is_closed = True
            self._store.close()

    def _note(self) -> None:
        self.count += 1
        if not self._is_woken:
            self._is_woken = True
            self._wake()

    def _hand_over(self) -> None:
        batch = self._batch
        if batch.is_empty or self._is_closed:
            self._answer(batch)
            return
        self._batch = Batch()
        self._pace.begin(self._kept, self.count)
        if self._retry_at < INFINITY and (batch.puts or batch.ids) and not batch.is_whole:
            rest = batch.rest()  # which may find room where the puts do not
            if not rest.is_empty:
                self._write(rest)
        self._write(batch)

    def _write(self, batch: Batch) -> None:
        self._last = batch
        self._on_the_way += 1
        self._store.write(batch.records(), partial(self._written, batch))

    def _answer(self, batch: Batch) -> None:
        """Answer where nothing was changed, or let who waits for earlier changes wait with those."""
        self._relieve(batch)
        others, settlers = [*batch.senders, *batch.witnesses], batch.settlers
        batch.senders, batch.settlers, batch.witnesses = [], [], []
        if self._on_the_way:
            self._last.witnesses += others
            self._late += [(self._last, done) for done in settlers]
            return
        for done in [*others, *settlers]:
            done(None)

    def _written(self, batch: Batch, refused: Refused | None) -> None:
        """Tell who waited for a batch, and hand over the next."""
        self._on_the_way -= 1
        self._pace.end()
        self._relieve(batch)
        if refused is None:
            self._retry_at = INFINITY
            batch.tell(None)
            self._tell_late(batch)
            self._go_on()
        else:
            self._undo(batch, refused)

    def _tell_late(self, batch: Batch) -> None:
        """Tell who waited for all that was on the way when this batch was the last."""
        while self._late and self._late[0][0] is batch:
            self._late.pop(0)[1](None)

    def _undo(self, batch: Batch, refused: Refused) -> None:
        """Take back what the disk has no room for, and gather the rest again."""
        self._retry_at = self._clock.now.monotonic + _RETRY_SECONDS
        self.due_at = min(self.due_at, self._retry_at)
        for queue, messages in messages_of(batch.puts):
            self._take_out(queue, messages)
        for queue, messages in messages_of(batch.spilled):
            self._bring_back(queue, messages)
        if batch.is_whole:
            for queue, messages in messages_of(batch.owed):
                self._take_out(queue, messages)
            for undo in batch.undo:
                undo()
            self._tell_late(batch)
        else:
            self._batch.absorb(batch)
            self._batch.settlers += [done for _, done in self._late]
            batch.settlers, self._late = [], []
        batch.tell(refused)
