"""The local engine: topics and queues in this process's memory."""

from collections.abc import Sequence

from hoofbeat.broker.access import Access
from hoofbeat.broker.destination import Destination, parse
from hoofbeat.broker.engine import Confirm, Done, Settlement
from hoofbeat.broker.hold import Hold
from hoofbeat.broker.message import Message, Numbers
from hoofbeat.broker.stats import Stats
from hoofbeat.broker.subscription import Subscription
from hoofbeat.broker.time import Clock
from hoofbeat.config import BrokerConfig
from hoofbeat.engines.local.policies import Policies
from hoofbeat.engines.local.queue import Queue
from hoofbeat.engines.local.topic import Topics
from hoofbeat.errors import Refused
from hoofbeat.protocol.outbox import INFINITY


class LocalEngine:
    """Signs the contract of :class:`hoofbeat.broker.engine.Engine`, in memory: all is done at once."""

    def __init__(
        self, config: BrokerConfig, *, access: Access, clock: Clock, stats: Stats, numbers: Numbers
    ) -> None:
        """Start without destinations."""
        self._config = config
        self._clock = clock
        self._stats = stats
        self._numbers = numbers
        self._policies = Policies(config)
        self._queues: dict[str, Queue] = {}
        self._timed: dict[Queue, float] = {}
        self._deadline = INFINITY
        self._topics = Topics(
            self._policies,
            access=access,
            clock=clock,
            stats=stats,
            bury=self._bury,
            outbox_bytes=config.limits.outbox_bytes,
        )

    def publish(self, messages: Sequence[Message], confirm: Confirm) -> Hold | None:
        """Take in a run of messages, in order: of one destination, priority and time to live."""
        destination = messages[0].envelope.destination
        if destination.is_topic:
            self._topics.publish(messages)
            confirm(len(messages), None)
            return None
        queue = self._queues.get(destination.name) or self._new_queue(destination.name)
        if queue is None:
            confirm(len(messages), Refused(f"more than {self._config.limits.destinations} destinations"))
            return None
        hold = queue.publish(messages, confirm)
        self._note(queue)
        return hold

    def commit(
        self, runs: Sequence[Sequence[Message]], settlements: Sequence[Settlement], done: Done
    ) -> None:
        """All or nothing: refused if one queue is full; then taken in, whatever the size."""
        for run in runs:
            destination = run[0].envelope.destination
            if not destination.is_topic:
                queue = self._queues.get(destination.name) or self._new_queue(destination.name)
                if queue is None or not queue.has_room:
                    self._take_back(settlements)
                    self._note_all(runs)
                    done(Refused(f"{destination.name} is full", detail="nothing of the transaction was done"))
                    return
        for run in runs:
            name = run[0].envelope.destination.name
            if name in self._queues:
                self._queues[name].put(run)
                self._note(self._queues[name])
            else:
                self._topics.publish(run)
        self.settle(settlements, done)

    def attach(self, subscription: Subscription, done: Done) -> None:
        """Deliver to ``subscription`` within its credit, from now on."""
        destination = subscription.destination
        if destination.is_topic:
            self._topics.attach(subscription)
            done(None)
            return
        queue = self._queues.get(destination.name) or self._new_queue(destination.name)
        if queue is None:
            done(Refused(f"more than {self._config.limits.destinations} destinations"))
            return
        done(None)  # the receipt comes before the first message
        queue.attach(subscription)
        self._note(queue)

    def replenish(self, subscription: Subscription) -> None:
        """Go on delivering: the subscription has credit again."""
        queue = self._queue_of(subscription)
        if queue is not None:
            queue.dispatch()
            self._note(queue)

    def detach(self, subscription: Subscription, done: Done) -> None:
        """Stop delivering, and take back what it holds unsettled."""
        name = subscription.destination.name
        if subscription.destination.is_topic:
            self._topics.detach(subscription)
        elif name in self._queues:
            self._queues[name].detach(subscription)
            self._note(self._queues[name])
        done(None)

    def settle(self, settlements: Sequence[Settlement], done: Done) -> None:
        """End deliveries; what that makes room for is delivered when all have ended."""
        done(None)
        touched: dict[Queue, None] = {}
        for subscription, outcome, deliveries in settlements:
            queue = self._queue_of(subscription)
            if queue is not None:
                queue.settle(deliveries, outcome)
                touched[queue] = None
        for queue in touched:
            queue.dispatch()
            self._note(queue)

    def is_full_for(self, subscription: Subscription, destination: str) -> bool:
        """Say whether ``destination`` is full with what the subscription itself must settle."""
        return bool(subscription.unsettled) and subscription.destination.name == destination

    def has(self, destination: Destination) -> bool:
        """Say whether a destination is there: something waits in it, or somebody listens to it."""
        return destination.name in self._queues or self._topics.has(destination.name)

    def forget(self, prefix: str) -> None:
        """End the temporary destinations of a session."""
        for name in [name for name in self._queues if name.startswith(f"/temp-queue/{prefix}/")]:
            queue = self._queues.pop(name)
            self._timed.pop(queue, None)
            queue.drop()

    @property
    def deadline(self) -> float:
        """Say when something will be due, or infinity."""
        return self._deadline

    def advance(self) -> float:
        """Do what is due; return when to be called again, or infinity."""
        now = self._clock.now.monotonic
        for queue in [queue for queue, at in self._timed.items() if at <= now]:
            del self._timed[queue]
            queue.advance()
            self._note(queue)
        self._deadline = min(self._timed.values(), default=INFINITY)
        return self._deadline

    def _queue_of(self, subscription: Subscription) -> Queue | None:
        """Return the queue that feeds a subscription: of topics only some have one."""
        if not subscription.destination.is_topic:
            return self._queues.get(subscription.destination.name)
        backlog = self._topics.backlog_of(subscription)
        return None if backlog is None else backlog.queue

    def _new_queue(self, name: str) -> Queue | None:
        if len(self._queues) >= self._config.limits.destinations:
            return None
        queue = self._queues[name] = Queue(
            name, self._policies.queue(name), clock=self._clock, stats=self._stats, bury=self._bury
        )
        return queue

    def _note(self, queue: Queue) -> None:
        """Remember what has to be done about a queue later, or forget one that holds nothing."""
        if queue.is_idle and self._queues.get(queue.name) is queue:
            del self._queues[queue.name]
            self._timed.pop(queue, None)
        if queue.is_timed:
            due_at = min(self._timed.get(queue, INFINITY), queue.due_at())
            self._timed[queue] = due_at
            self._deadline = min(self._deadline, due_at)

    def _note_all(self, runs: Sequence[Sequence[Message]]) -> None:
        """Forget the queues that were made for a transaction that is refused."""
        for run in runs:
            queue = self._queues.get(run[0].envelope.destination.name)
            if queue is not None:
                self._note(queue)

    def _take_back(self, settlements: Sequence[Settlement]) -> None:
        """Undo what the broker noted for a transaction that is refused."""
        for subscription, _, deliveries in settlements:
            for delivery in deliveries:
                subscription.restore(delivery)

    def _bury(self, message: Message, reason: str) -> None:
        """Make a dead letter of a message that is given up, or drop it."""
        envelope = message.envelope
        origin = envelope.destination.name
        config = self._policies.queue(origin)
        if not config.dead_letter_destination or config.dead_letter_destination == origin:
            self._stats.messages_dropped += 1
            return
        where = parse(config.dead_letter_destination)
        more = {"original-destination": origin, "dead-letter-reason": reason}
        readdressed = envelope.readdressed(where, envelope.headers(), more)
        dead = Message(self._numbers.take(), readdressed, message.body)
        queue = self._queues.get(where.name) or self._new_queue(where.name)
        if queue is None or not queue.has_room:
            self._stats.messages_dropped += 1
            return
        self._stats.messages_dead_lettered += 1
        queue.put([dead])
