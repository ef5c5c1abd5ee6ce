"""A queue that is kept: what it says is safe outlives the broker, and it may be longer than memory.

:class:`DurableQueue` is a :class:`Queue` that tells a :class:`Journal` what happens to persistent
messages, and whose rest is on disk. It may stand for anything that feeds subscriptions, under any
name of its own: that of a ``/queue/``, or of a durable subscription. Make one, ``publish`` to it or
``put`` into it; at the next start make it again for each :class:`Waiting` of its name, and call
:meth:`DurableQueue.recover`.
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Final

from hoofbeat.broker.delivery import AckMode, Delivery, Outcome
from hoofbeat.broker.engine import Confirm
from hoofbeat.broker.hold import Hold
from hoofbeat.broker.message import Message
from hoofbeat.broker.stats import Stats
from hoofbeat.broker.subscription import Subscription
from hoofbeat.broker.time import Clock
from hoofbeat.config import Overflow, QueueConfig
from hoofbeat.engines.local.dead_letters import EXPIRED, Bury
from hoofbeat.engines.local.queues.browsing import Then
from hoofbeat.engines.local.queues.paging import Paged
from hoofbeat.engines.local.queues.queue import EXPIRY_SECONDS, Queue
from hoofbeat.engines.local.writing.journal import Journal
from hoofbeat.engines.local.writing.records import Recall
from hoofbeat.protocol.outbox import INFINITY
from hoofbeat.stores.base import Entry, Waiting

_BETWEEN_LOOKS: Final = 0.01  # seconds: others want to read and write after a start, too


class Keeping:
    """What the durable queues of one engine share.

    Attributes:
        journal: what they change.
        recall: makes messages of what is kept.
        doubtful_below: messages of lower numbers may have been delivered before the broker broke
            off; 0 where it was stopped in order.
        note: called when a queue got something to do by itself.
    """

    __slots__ = ("_look_at", "doubtful_below", "journal", "note", "recall")

    def __init__(self, journal: Journal, note: Callable[[Queue], None]) -> None:
        """Start without doubts."""
        self.journal = journal
        self.recall = Recall()
        self.doubtful_below = 0
        self.note = note
        self._look_at = 0.0

    def next_look(self, now: float) -> float:
        """Say when one more queue of the last start looks for what expires: one comes after the other."""
        self._look_at = max(self._look_at + _BETWEEN_LOOKS, now + EXPIRY_SECONDS)
        return self._look_at


class DurableQueue(Queue):
    """A queue whose persistent messages are kept until they are done with."""

    __slots__ = ("_journal", "_keeping", "_look_at", "_paged", "_unkept")

    def __init__(
        self,
        name: str,
        config: QueueConfig,
        *,
        clock: Clock,
        stats: Stats,
        bury: Bury,
        keeping: Keeping,
    ) -> None:
        """Start empty."""
        super().__init__(name, config, clock=clock, stats=stats, bury=bury)
        self._keeping = keeping
        self._journal = keeping.journal
        self._paged = Paged(name, keeping.journal, config.window_messages, config.window_bytes)
        self.ready = self._paged
        self._unkept: set[int] = set()  # persistent ones that the disk had no room for
        self._look_at = INFINITY  # of what the last start left

    # From the last start.

    def recover(self, waiting: Waiting) -> None:
        """Learn what waits on the disk; it is read when somebody wants it, or if it may expire."""
        self._paged.recover(waiting)
        if self._look_at == INFINITY:
            self._look_at = self._keeping.next_look(self._clock.now.monotonic)

    def recover_delayed(self, entry: Entry) -> None:
        """Take in a message that has a time before which it is not delivered.

        It waits no longer than the longest pause there is: the clock on the wall may have been set back.
        """
        message = self._recall(entry)
        now, config = self._clock.now, self._config
        most = max(config.redelivery_most_seconds, config.redelivery_delay_seconds)
        delay = min(most, max(0.0, (entry.visible_at_ms - now.epoch_ms) / 1000))
        self._delayed.add([message], now.monotonic + delay)

    # What is told to the journal.

    def publish(self, messages: list[Message], confirm: Confirm) -> Hold | None:
        """Take in a run; persistent messages are confirmed when they are safe."""
        if messages[0].envelope.persistent:
            confirm = partial(self._journal.confirm, confirm)
        hold = super().publish(messages, confirm)
        if hold is not None:
            self.ask()  # what is on disk only may have expired
        return hold

    def _overflow(self, messages: list[Message], confirm: Confirm) -> None:
        super()._overflow(messages, confirm)
        self.ask()

    def settle(self, deliveries: Sequence[Delivery], outcome: Outcome) -> None:
        """End deliveries; the caller dispatches when it has ended all."""
        if outcome is Outcome.ACK:
            self._forget([delivery.message for delivery in deliveries])
        super().settle(deliveries, outcome)

    def drop_oldest(self) -> bool:
        """Give up what was sent first of all that waits in memory; return False if nothing does."""
        if not self._paged.at_hand:
            return False
        message = self.ready.drop_oldest()
        self._deliveries.pop(message.number, None)
        self._forget([message])
        self._stats.messages_dropped += 1
        return True

    def _handed(self, consumer: Subscription, messages: list[Message]) -> None:
        if consumer.ack is AckMode.AUTO:
            self._forget(messages)

    def _give_up(self, message: Message, reason: str) -> None:
        self._forget([message])
        super()._give_up(message, reason)

    def _came_back(self, messages: list[Message], delay: float) -> None:
        now_ms = self._clock.now.epoch_ms
        for message in messages:
            if self._is_kept(message):
                due_ms = now_ms + round(delay * 1000) if delay > 0.0 else 0
                if not due_ms and self._paged.is_read_later(message):
                    due_ms = now_ms  # it is in memory from now on, and must not be read as well
                self._journal.mark(self.name, message, self._deliveries[message.number], due_ms)

    def _forget(self, messages: list[Message]) -> None:
        kept = [message for message in messages if self._is_kept(message)]
        if kept:
            self._journal.remove(self.name, kept)
        if self._unkept:
            self._unkept.difference_update([message.number for message in messages])

    def _is_kept(self, message: Message) -> bool:
        return message.envelope.persistent and message.number not in self._unkept

    # Pages.

    def _deliver(self) -> None:
        super()._deliver()
        if self._paged.away:
            self.ask()

    def ask(self) -> None:
        """Ask for the page that is needed next, if there is one; what expired of it makes room."""
        if self._paged.away:
            page = self._paged.wanted()
            if page is not None:
                self._journal.read(page, partial(self.bring, page.priority))

    def read(self, priority: int, after: int, then: Then) -> bool:
        """Have ``then`` be given what waits on disk only; return False if there is nothing."""
        page = self._paged.page_after(priority, after)
        if page is None:
            return False
        self._journal.read(page, partial(self._show, then))
        return True

    def _show(self, then: Then, entries: Sequence[Entry]) -> None:
        """Pass on what was read for a browser; it waits where it is."""
        then([self._keeping.recall.message(entry.message) for entry in entries])
        self._browsers.end()
        self._keeping.note(self)

    def bring(self, priority: int, entries: Sequence[Entry]) -> None:
        """Take in the page that was asked for."""
        messages = [self._recall(entry) for entry in entries]
        passing = [message for message in messages if not message.envelope.persistent]
        if passing:
            self._journal.remove(self.name, passing)
        if any(message.envelope.group for message in messages):
            self._mind_groups()
        self._paged.bring(priority, messages)
        for message in self.ready.take_expired(self._clock.now.epoch_ms):
            self._give_up(message, EXPIRED)
        if self._config.overflow is Overflow.DROP_OLDEST:
            while self._is_over and self.drop_oldest():
                pass
        self.dispatch()
        self._keeping.note(self)

    @property
    def _is_over(self) -> bool:
        return self.ready.count > self._config.messages or self.ready.bytes > self._config.bytes

    def _recall(self, entry: Entry) -> Message:
        message = self._keeping.recall.message(entry.message)
        deliveries = entry.deliveries
        if not deliveries and message.number < self._keeping.doubtful_below:
            deliveries = 1
        if deliveries:
            self._deliveries[message.number] = deliveries
        return message

    # What expires, and nobody has asked for since the start.

    @property
    def is_timed(self) -> bool:
        """Say whether time alone will bring it something to do."""
        return self._look_at < INFINITY or super().is_timed

    def due_at(self) -> float:
        """Return when :meth:`advance` has something to do."""
        return min(self._look_at, super().due_at())

    def advance(self) -> float:
        """Do what is due; return when to be called again."""
        if self._look_at > self._clock.now.monotonic:
            return super().advance()
        self._look_at = INFINITY
        if not self._paged.at_hand:
            for priority in self._paged.away:
                page = self._paged.page_after(priority, 0)
                if page is not None:
                    self._journal.read(page, self._looked)
        return self.due_at()

    def _looked(self, entries: Sequence[Entry]) -> None:
        """Take to memory what was looked at if some of it expires: what does not stays where it is."""
        if self.ready is self._paged and any(entry.message.expires_ms for entry in entries):
            self.ask()

    # A full disk.

    def take_out(self, messages: list[Message]) -> None:
        """Forget messages that the disk has no room for, but for those in somebody's hands."""
        elsewhere = {message.number for message in self._paged.take_out(messages)}
        held = self._delayed.numbers()
        for consumer in self._consumers:
            held.update([delivery.message.number for delivery in consumer.unsettled.values()])
        self._unkept |= elsewhere & held
        for message in messages:
            if message.number not in held:
                self._deliveries.pop(message.number, None)
        self.dispatch()

    def bring_back(self, messages: list[Message]) -> None:
        """Keep in memory what was to be on disk only."""
        self._paged.bring_back(messages)
        self.dispatch()
