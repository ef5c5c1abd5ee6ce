"""What a topic keeps for one subscriber: a queue of its own, with a bound and a policy."""

from dataclasses import replace

from hoofbeat.broker.message import Message
from hoofbeat.broker.stats import Stats
from hoofbeat.broker.subscription import Subscription
from hoofbeat.broker.time import Clock
from hoofbeat.config import QueueConfig, SlowReader, TopicConfig
from hoofbeat.engines.local.dead_letters import Bury
from hoofbeat.engines.local.queues.queue import Queue


class Backlog:
    """Messages of topics on their way to one subscription that settles them, or may lose some.

    Attributes:
        subscription: to which.
        queue: in which they wait, and to which they return.
    """

    __slots__ = ("_config", "_stats", "queue", "subscription")

    def __init__(
        self,
        subscription: Subscription,
        config: TopicConfig,
        like: QueueConfig,
        *,
        clock: Clock,
        stats: Stats,
        bury: Bury,
        first: list[Message],
    ) -> None:
        """Start for one subscription; what comes back is treated as by a queue ``like`` this.

        What the subscription gets ``first`` takes no room from what follows.
        """
        messages, size = config.messages + len(first), config.bytes + sum([each.size for each in first])
        bounds = replace(like, messages=messages, bytes=size)
        self.queue = Queue(subscription.destination.name, bounds, clock=clock, stats=stats, bury=bury)
        if first:
            self.queue.put(first)
        self.queue.attach(subscription)
        self.subscription = subscription
        self._config = config
        self._stats = stats

    def publish(self, messages: list[Message]) -> None:
        """Take in what is wanted of a run; what does not fit goes as the policy says."""
        condition = self.subscription.condition
        if condition is not None:
            messages = condition.wanted(messages)
        taken = self.queue.fill(messages)
        rest = messages[taken:]
        if not rest:
            return
        policy = self._config.slow_reader
        if policy is SlowReader.CLOSE:
            self.subscription.overrun()
        elif policy is SlowReader.DROP_NEWEST:
            self._stats.messages_dropped += len(rest)
        elif policy is SlowReader.KEEP_LATEST:
            while self.queue.ready.count:
                self.queue.drop_oldest()
            self._stats.messages_dropped += len(rest) - 1
            self.queue.put(rest[-1:])
        else:
            for message in rest:
                while not self.queue.has_room:
                    self.queue.drop_oldest()
                self.queue.put([message])
