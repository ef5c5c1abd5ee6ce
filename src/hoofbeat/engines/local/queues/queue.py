"""A queue: each message to one consumer, in order, as long as it has credit."""

from collections import deque
from collections.abc import Sequence
from typing import Final

from hoofbeat.broker.delivery import AckMode, Delivery, Outcome
from hoofbeat.broker.engine import Confirm
from hoofbeat.broker.hold import Hold
from hoofbeat.broker.message import Message
from hoofbeat.broker.stats import Stats
from hoofbeat.broker.subscription import SLICE, Subscription
from hoofbeat.broker.time import Clock
from hoofbeat.config import Overflow, QueueConfig
from hoofbeat.engines.local.dead_letters import EXHAUSTED, EXPIRED, REJECTED, Bury
from hoofbeat.engines.local.queues.ages import is_expired, with_end
from hoofbeat.engines.local.queues.backoff import pause
from hoofbeat.engines.local.queues.browsing import Browsers, Then
from hoofbeat.engines.local.queues.choosing import Chooser
from hoofbeat.engines.local.queues.delayed import Delayed
from hoofbeat.engines.local.queues.parking import Parking
from hoofbeat.engines.local.queues.ready import Ready
from hoofbeat.errors import Refused
from hoofbeat.protocol.outbox import FLUSH_BYTES, INFINITY

EXPIRY_SECONDS = 1.0
_AUTO: Final = AckMode.AUTO
_NACK: Final = Outcome.NACK
_REJECT: Final = Outcome.REJECT


class Queue:
    """Messages that wait, and the consumers they wait for.

    Attributes:
        name: of its destination.
        ready: what waits.
    """

    __slots__ = (
        "_browsers",
        "_bury",
        "_chooser",
        "_clock",
        "_config",
        "_consumers",
        "_delayed",
        "_deliveries",
        "_is_starved",
        "_parked",
        "_stats",
        "name",
        "ready",
    )

    def __init__(self, name: str, config: QueueConfig, *, clock: Clock, stats: Stats, bury: Bury) -> None:
        """Start empty; ``bury`` takes what is given up."""
        self.name = name
        self.ready = Ready()
        self._config = config
        self._clock = clock
        self._stats = stats
        self._bury = bury
        self._consumers: deque[Subscription] = deque()  # next in turn first
        self._is_starved = False  # no consumer has credit; whoever gets some has us dispatch
        self._deliveries: dict[int, int] = {}  # by number, of messages that came back
        self._delayed = Delayed()
        self._parked = Parking(self._refusal)
        self._browsers = Browsers(clock=clock, stats=stats)
        self._chooser: Chooser | None = None  # there while it matters which consumer gets what

    @property
    def is_idle(self) -> bool:
        """Say whether nothing would be lost if the queue were forgotten."""
        if self.ready.count or self._consumers or self._delayed.count:
            return False
        return self._parked.is_empty and self._browsers.is_empty

    @property
    def is_timed(self) -> bool:
        """Say whether time alone will bring it something to do."""
        return bool(self._delayed.count or self.ready.expiring or self._is_busy)

    @property
    def _is_busy(self) -> bool:
        """Say whether there is more to choose than one turn had time for."""
        return self._chooser is not None and self._chooser.effort <= 0

    @property
    def has_room(self) -> bool:
        """Say whether one message more fits: what waited before it counts."""
        ready, delayed = self.ready, self._delayed
        if ready.count + delayed.count >= self._config.messages:
            return False
        return ready.bytes + delayed.bytes < self._config.bytes

    @property
    def makes_room(self) -> bool:
        """Say whether older messages give way to newer ones."""
        return self._config.overflow is Overflow.DROP_OLDEST

    # Publishers.

    def publish(self, messages: list[Message], confirm: Confirm) -> Hold | None:
        """Take in a run; what does not fit is parked and its sender held, if there is no other policy."""
        messages = self._aging(messages)
        taken = 0
        if self._parked.is_empty:
            taken = self.fill(messages)
        if taken:
            confirm(taken, None)
        if taken == len(messages):
            return None
        if self._config.overflow is not Overflow.HOLD:
            self._overflow(messages[taken:], confirm)
            return None
        return self._parked.park(messages[taken:], confirm)

    def fill(self, messages: list[Message]) -> int:
        """Take in as much of a run as there is room for; return how many messages that is."""
        if messages and messages[0].envelope.group:
            self._mind_groups()
        taken = 0
        while taken < len(messages) and self.has_room:
            room = self._config.messages - self.ready.count
            part = messages[taken : taken + min(room, SLICE)]
            size = self.ready.add(part, self._config.bytes)
            taken += size
            if not self._is_starved:  # or each message would cost a look at each consumer
                self._deliver()
        if not self._browsers.is_empty:
            self._browsers.came(messages[:taken])
        return taken

    def put(self, messages: list[Message]) -> None:
        """Take in a run whether or not it fits."""
        messages = self._aging(messages)
        if messages[0].envelope.group:
            self._mind_groups()
        if self._config.overflow is Overflow.DROP_OLDEST:
            self._push(messages)
        else:
            self.ready.add(messages, INFINITY)
        if not self._browsers.is_empty:
            self._browsers.came(messages)
        self.dispatch()

    def _overflow(self, messages: list[Message], confirm: Confirm) -> None:
        """Do with what does not fit as the policy says."""
        if self._config.overflow is Overflow.REFUSE:
            confirm(len(messages), self._refusal())
            return
        self.put(messages)
        confirm(len(messages), None)

    def _push(self, messages: list[Message]) -> None:
        """Take in messages, at the cost of older ones."""
        for message in messages:
            while not self.has_room and self.drop_oldest():
                pass
            self.ready.add([message], INFINITY)

    def _aging(self, messages: list[Message]) -> list[Message]:
        """Return messages that are not worth delivering when they have waited too long."""
        if not self._config.age_seconds:
            return messages
        return with_end(messages, self._clock.now.epoch_ms + round(self._config.age_seconds * 1000))

    def _refusal(self) -> Refused:
        return Refused(f"{self.name} is full", detail="send again when consumers have caught up")

    # Consumers.

    def attach(self, consumer: Subscription) -> None:
        """Add a consumer; it comes last in turn. A browser is none."""
        if consumer.is_browser:
            self._browsers.add(consumer, self.ready, self.read)
            return
        self._consumers.append(consumer)
        if self._chooser is not None:
            self._chooser.add(consumer)
        elif consumer.is_choosy:
            self._chooser = Chooser(self.ready, self._consumers)
        self.dispatch()

    def detach(self, consumer: Subscription) -> None:
        """Take a consumer away; what it holds goes to others, ahead of newer messages."""
        if consumer in self._consumers:
            self._consumers.remove(consumer)
        self._browsers.remove(consumer)
        if self._chooser is not None:
            self._chooser.remove(consumer)
            self._end_choice(self._chooser)
        self._return([delivery.message for delivery in consumer.take_back()])
        self.dispatch()

    def replenish(self, consumer: Subscription) -> None:
        """Go on with a consumer, or browser, that has credit again."""
        if consumer.is_browser:
            self._browsers.go_on(consumer)
        else:
            self.dispatch()

    def read(self, priority: int, after: int, then: Then) -> bool:
        """Have ``then`` be given what waits on disk only; return False if there is nothing."""
        return False

    def settle(self, deliveries: Sequence[Delivery], outcome: Outcome) -> None:
        """End deliveries; the caller dispatches when it has ended all."""
        if outcome is Outcome.NACK:
            returned = [delivery.message for delivery in deliveries]
            self._return(returned, is_refused=True)
            return
        if self._deliveries:
            for delivery in deliveries:
                self._deliveries.pop(delivery.message.number, None)
        if outcome is Outcome.REJECT:
            for delivery in deliveries:
                self._give_up(delivery.message, REJECTED)

    def give_back(self, messages: list[Message]) -> None:
        """Have messages again that were done with in a transaction which did not happen."""
        self._return(messages)
        self.dispatch()

    def drop_oldest(self) -> bool:
        """Give up what was sent first of all that waits; return False if nothing is at hand."""
        if not self.ready.count:
            return False
        self._deliveries.pop(self.ready.drop_oldest().number, None)
        self._stats.messages_dropped += 1
        return True

    def drop(self) -> None:
        """Forget everything: the queue is gone."""
        self._stats.messages_dropped += self.ready.count
        self.ready = Ready()
        self._chooser = None
        self._delayed = Delayed()
        self._parked.end(Refused(f"Unknown destination {self.name[:128]!r}: its session is gone"))

    # Delivery.

    def dispatch(self) -> None:
        """Deliver what is ready to whoever has credit, and let publishers in where that made room."""
        self._is_starved = False
        self._deliver()
        while self.has_room and not self._parked.is_empty:
            self._parked.let_in(self.fill)

    def _deliver(self) -> None:
        if self._chooser is not None:
            self._deliver_chosen(self._chooser)
            return
        while self.ready.count:
            able = [consumer for consumer in self._consumers if consumer.credit > 0]
            if not able:
                self._is_starved = True
                break
            if not self._deal(able):
                break

    def _deal(self, able: Sequence[Subscription]) -> bool:
        """Give every able consumer a slice at most, one message after the other in turns.

        Returns:
            whether there were any: what waits may not be at hand.
        """
        each, size = min(SLICE, able[0].credit), able[0].room_bytes
        if len(able) > 1:
            each = min(each, min([consumer.credit for consumer in able]))
            size = min([consumer.room_bytes for consumer in able])
            if size < FLUSH_BYTES:
                each = 1  # whose messages are the large ones is not known beforehand
        may_expire = self.ready.expiring > 0
        messages = self.ready.take(each * len(able), size * len(able))
        if not messages:
            return False
        if may_expire:
            messages = self._without_expired(messages)
        for at, consumer in enumerate(able[: len(messages)]):
            self._hand(consumer, messages[at :: len(able)])
        if len(self._consumers) > 1 and messages:
            last = able[(len(messages) - 1) % len(able)]
            self._consumers.rotate(-1 - self._consumers.index(last))
        return True

    def _deliver_chosen(self, chooser: Chooser) -> None:
        """Deliver what consumers may have, if it matters which one gets what."""
        chooser.renew(self._clock.now)
        while self.ready.count and chooser.effort > 0:
            able = [consumer for consumer in self._consumers if consumer.credit > 0]
            self._is_starved = not able
            chosen = chooser.choose(able)
            if not chosen:
                break
            for consumer, messages in chosen:
                left = self._without_expired(messages)
                if left:
                    self._hand(consumer, left)
            self._consumers.rotate(-1 - self._consumers.index(chosen[-1].consumer))
        self._end_choice(chooser)

    def _end_choice(self, chooser: Chooser) -> None:
        """Go back to giving anything to anybody, if that will do."""
        if not chooser.is_needed:
            chooser.close()
            self._chooser = None

    def _mind_groups(self) -> None:
        """See to it that each group of messages goes to one consumer."""
        if self._chooser is None:
            self._chooser = Chooser(self.ready, self._consumers)
        self._chooser.has_groups = True

    def _hand(self, consumer: Subscription, messages: list[Message]) -> None:
        """Deliver messages to a consumer, and say so if they were delivered before."""
        again = self._deliveries
        if again and any(message.number in again for message in messages):
            for message in messages:
                self._deliver_one(consumer, message)
        else:
            consumer.deliver(messages)
            self._handed(consumer, messages)
        self._stats.messages_delivered += len(messages)

    def _deliver_one(self, consumer: Subscription, message: Message) -> None:
        before = self._deliveries.get(message.number, 0)
        if before:
            self._stats.messages_redelivered += 1
            consumer.redeliver(message, before + 1)
            if consumer.ack is AckMode.AUTO:
                del self._deliveries[message.number]  # it will not come back
        else:
            consumer.deliver([message])
        self._handed(consumer, [message])

    def _handed(self, consumer: Subscription, messages: list[Message]) -> None:
        """Note that messages were delivered: a queue that keeps them has done with some."""

    # What comes back, what ends.

    def _return(self, messages: list[Message], *, is_refused: bool = False) -> None:
        """Put messages back that were delivered in vain; those tried too often are given up.

        Dead letters never are. What was refused is not offered again at once, where the settings say so.
        """
        back: dict[float, list[Message]] = {}  # by pause
        for message in messages:
            deliveries = self._deliveries.get(message.number, 0) + 1
            if deliveries > self._config.redeliveries and self._config.dead_letter_destination != self.name:
                self._give_up(message, EXHAUSTED)
                continue
            self._deliveries[message.number] = deliveries
            back.setdefault(pause(self._config, deliveries) if is_refused else 0.0, []).append(message)
        for delay, some in back.items():
            self._came_back(some, delay)
            if delay > 0.0:
                self._delayed.add(some, self._clock.now.monotonic + delay)
            else:
                self._put_back(some)

    def _put_back(self, messages: list[Message]) -> None:
        """Have messages wait where they were, or would have been."""
        if any(message.envelope.group for message in messages):
            self._mind_groups()
        self.ready.put_back(messages)

    def _came_back(self, messages: list[Message], delay: float) -> None:
        """Note that messages will be delivered again, in ``delay`` seconds at the earliest."""

    def _give_up(self, message: Message, reason: str) -> None:
        """Make a dead letter of a message that will not be delivered again."""
        self._deliveries.pop(message.number, None)
        self._bury(message, reason)

    def _without_expired(self, messages: list[Message]) -> list[Message]:
        """Bury what is not worth delivering any more."""
        now_ms = self._clock.now.epoch_ms
        for message in messages:
            if is_expired(message, now_ms):
                self._give_up(message, EXPIRED)
        return [message for message in messages if not is_expired(message, now_ms)]

    def advance(self) -> float:
        """Offer again what was delayed, bury what expired; return when to be called again."""
        now = self._clock.now
        due = self._delayed.take_due(now.monotonic)
        if due:
            self._put_back(due)
        for message in self.ready.take_expired(now.epoch_ms):
            self._give_up(message, EXPIRED)
        self.dispatch()
        return self.due_at()

    def due_at(self) -> float:
        """Return when :meth:`advance` has something to do: what expires is looked for once a second."""
        expiry = self._clock.now.monotonic + EXPIRY_SECONDS if self.ready.expiring else INFINITY
        at_once = self._clock.now.monotonic if self._is_busy else INFINITY
        return min(at_once, expiry, self._delayed.due_at)
