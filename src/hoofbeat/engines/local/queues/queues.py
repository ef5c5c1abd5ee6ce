"""All queues of one engine: they come to be when somebody wants them, and go when they hold nothing."""

from hoofbeat.broker.durability import PREFIX
from hoofbeat.broker.stats import Stats
from hoofbeat.broker.time import Clock
from hoofbeat.config import QueueConfig
from hoofbeat.engines.local.dead_letters import Bury
from hoofbeat.engines.local.policies import Policies
from hoofbeat.engines.local.queues.durable_queue import DurableQueue, Keeping
from hoofbeat.engines.local.queues.queue import Queue
from hoofbeat.engines.local.writing.journal import Journal
from hoofbeat.errors import Refused
from hoofbeat.protocol.outbox import INFINITY


class Queues:
    """Queues by name, and when each of them has something to do by itself.

    Attributes:
        by_name: of destinations, of durable subscriptions.
        deadline: when the first of them has, by the monotonic clock, or infinity.
        keeping: what those that are kept share; None without a store.
    """

    __slots__ = (
        "_bury",
        "_clock",
        "_most",
        "_policies",
        "_stats",
        "_timed",
        "by_name",
        "deadline",
        "keeping",
    )

    def __init__(self, policies: Policies, most: int, *, clock: Clock, stats: Stats, bury: Bury) -> None:
        """Start without any, of ``most`` destinations."""
        self._policies = policies
        self._most = most
        self._clock = clock
        self._stats = stats
        self._bury = bury
        self._timed: dict[Queue, float] = {}
        self.by_name: dict[str, Queue] = {}
        self.deadline = INFINITY
        self.keeping: Keeping | None = None

    def keep(self, journal: Journal) -> Keeping:
        """Have queues be durable from now on, where the settings say so."""
        self.keeping = Keeping(journal, self.note)
        return self.keeping

    def obtain(self, name: str, *, is_configured: bool = False) -> Queue | None:
        """Return a queue, made now if it was not there; None if there are too many.

        A name that stands in the configuration is no peer's choice, and always has its place.
        """
        queue = self.by_name.get(name)
        if queue is not None:
            return queue
        if len(self.by_name) >= self._most and not (is_configured or name.startswith(PREFIX)):
            return None
        config = self._policies.queue(name)
        if self.keeping is not None and config.durable and name.startswith(("/queue/", PREFIX)):
            return self._durable(name, config, self.keeping)
        queue = Queue(name, config, clock=self._clock, stats=self._stats, bury=self._bury)
        self.by_name[name] = queue
        return queue

    def kept(self, name: str) -> Queue:
        """Return the queue of a durable subscription."""
        queue = self.obtain(name)
        assert queue is not None, "their number has a limit of its own"
        return queue

    def recovered(self, name: str, keeping: Keeping) -> DurableQueue:
        """Return a queue of the last start: durable, whatever the settings say now."""
        queue = self.by_name.get(name)
        if isinstance(queue, DurableQueue):
            return queue
        return self._durable(name, self._policies.queue(name), keeping)

    def too_many(self) -> Refused:
        """Say why there is none more."""
        return Refused(f"more than {self._most} destinations")

    def note(self, queue: Queue) -> None:
        """Remember what has to be done about a queue later, or forget one that holds nothing."""
        if queue.is_idle and self.by_name.get(queue.name) is queue:
            del self.by_name[queue.name]
            self._timed.pop(queue, None)
        if queue.is_timed:
            due_at = min(self._timed.get(queue, INFINITY), queue.due_at())
            self._timed[queue] = due_at
            self.deadline = min(self.deadline, due_at)

    def advance(self) -> None:
        """Do what is due."""
        now = self._clock.now.monotonic
        if now < self.deadline:
            return  # it was something else's time, and there may be many queues
        for queue in [queue for queue, at in self._timed.items() if at <= now]:
            del self._timed[queue]
            queue.advance()
            self.note(queue)
        self.deadline = min(self._timed.values(), default=INFINITY)

    def drop(self, name: str) -> None:
        """End a queue, if there is one of that name, and all that waits in it."""
        queue = self.by_name.pop(name, None)
        if queue is not None:
            self._timed.pop(queue, None)
            queue.drop()

    def drop_all(self, prefix: str) -> None:
        """End the queues whose names begin like that."""
        for name in [name for name in self.by_name if name.startswith(prefix)]:
            self.drop(name)

    def _durable(self, name: str, config: QueueConfig, keeping: Keeping) -> DurableQueue:
        queue = DurableQueue(
            name, config, clock=self._clock, stats=self._stats, bury=self._bury, keeping=keeping
        )
        self.by_name[name] = queue
        return queue
