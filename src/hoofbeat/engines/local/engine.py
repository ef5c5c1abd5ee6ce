"""The local engine: topics and queues in this process's memory, and in a store if there is one."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Final

from hoofbeat.broker.access import Access
from hoofbeat.broker.delivery import Outcome
from hoofbeat.broker.destination import Destination
from hoofbeat.broker.engine import RUN, RUN_PUTS, RUN_TERMS, Confirm, Done, Settlement, restore
from hoofbeat.broker.hold import Hold
from hoofbeat.broker.message import Message, Numbers
from hoofbeat.broker.stats import Stats
from hoofbeat.broker.subscription import Subscription
from hoofbeat.broker.time import Clock
from hoofbeat.config import BrokerConfig
from hoofbeat.engines.local.dead_letters import DeadLetters
from hoofbeat.engines.local.duplicates import Duplicates
from hoofbeat.engines.local.policies import Policies
from hoofbeat.engines.local.queues.durable_queue import DurableQueue
from hoofbeat.engines.local.queues.queue import Queue
from hoofbeat.engines.local.queues.queues import Queues
from hoofbeat.engines.local.scheduling.schedule import SCHEDULE, Schedule
from hoofbeat.engines.local.topics.keeper import Keeper
from hoofbeat.engines.local.topics.topic import Topics
from hoofbeat.engines.local.writing.journal import Journal, do_nothing
from hoofbeat.errors import Refused
from hoofbeat.stores.base import Store

_MOST_RUNS: Final = 16  # that cost as much as one may: a transaction is taken in within one turn


class LocalEngine:
    """Signs the contract of :class:`hoofbeat.broker.engine.Engine`.

    All is done at once, but for what is kept: that is done when the store says so.

    Attributes:
        durables: the durable subscriptions.
        schedule: what waits for its time.
    """

    def __init__(
        self,
        config: BrokerConfig,
        *,
        access: Access,
        clock: Clock,
        stats: Stats,
        numbers: Numbers,
        store: Store | None = None,
        wake: Callable[[], None] = do_nothing,
        epoch: str = "0",
    ) -> None:
        """Start with what ``store`` kept, which may raise StoreError; ``wake`` has :meth:`flush` called."""
        self._config = config
        self._clock, self._stats, self._numbers = clock, stats, numbers
        self._policies = Policies(config)
        self._journal: Journal | None = None
        own = self._publish_own
        dead = partial(own, is_dead=True)
        bury = DeadLetters(self._policies, numbers=numbers, stats=stats, publish=dead).bury
        most = config.limits.destinations
        self._queues = Queues(self._policies, most, clock=clock, stats=stats, bury=bury)
        self._duplicates = Duplicates(config.duplicates, clock=clock, stats=stats)
        self.schedule = Schedule(config.schedule, clock=clock, numbers=numbers, publish=own)
        self._keeper = Keeper(
            self._policies, config, self._queues, access=access, clock=clock, stats=stats, epoch=epoch
        )
        self.durables = self._keeper.durables
        self._topics = Topics(
            self._policies, self._keeper, access=access, clock=clock, stats=stats, bury=bury
        )
        if store is not None:
            self._open(store, wake)

    def publish(self, messages: list[Message], confirm: Confirm) -> Hold | None:
        """Take in a run of messages, in order: of one destination, priority and time to live."""
        destination = messages[0].envelope.destination
        if messages[0].envelope.duplicate_id:
            messages, confirm = self._duplicates.fresh(messages, confirm)
            if not messages:
                return None
        if messages[0].envelope.timing is not None:
            self.schedule.take_in(messages, confirm)
            return self._hold(messages[0].envelope.persistent)
        if destination.is_topic:
            return self._hold(self._topics.take_in(messages, confirm))
        queue = self._queues.obtain(destination.name)
        if queue is None:
            confirm(len(messages), self._queues.too_many())
            return None
        hold = queue.publish(messages, confirm)
        self._queues.note(queue)
        return hold if self._journal is None else hold or self._hold(isinstance(queue, DurableQueue))

    def most_in_a_run(self, destination: Destination) -> int:
        """Return how many messages a run to a destination may have."""
        return self._topics.most_in_a_run(destination.name) if destination.is_topic else RUN

    def commit(
        self, runs: Sequence[list[Message]], settlements: Sequence[Settlement], done: Done
    ) -> Hold | None:
        """All or nothing: refused if one queue is full, or too many would hear of it at once."""
        runs, done = self._duplicates.fresh_of(runs, done)
        refused = self._refusal_of_all(runs)
        if refused is not None:
            restore(settlements)
            self._note_all(runs)
            done(refused)
            return None
        journal = self._journal
        if journal is None:
            self._take_in(runs)
            self.settle(settlements, done)
            return None
        journal.begin()
        self._take_in(runs)
        self._dispatch(self._end(settlements))
        journal.end(done, [partial(self.give_back, settlements), partial(self._unschedule, runs)])
        return journal.hold()

    def attach(self, subscription: Subscription, done: Done) -> None:
        """Deliver to ``subscription`` within its credit, from now on."""
        destination = subscription.destination
        if destination.is_topic:
            self._topics.attach(subscription, done)
            return
        queue = self._queues.obtain(destination.name)
        if queue is None:
            done(self._queues.too_many())
            return
        done(None)  # the receipt comes before the first message
        queue.attach(subscription)
        self._queues.note(queue)

    def replenish(self, subscription: Subscription) -> None:
        """Go on delivering: the subscription has credit again."""
        queue = self._queue_of(subscription)
        if queue is not None:
            queue.replenish(subscription)
            self._queues.note(queue)
        if subscription.destination.is_topic:
            self._topics.relieve(subscription)

    def detach(self, subscription: Subscription, done: Done) -> None:
        """Stop delivering, and take back what it holds unsettled."""
        name = subscription.destination.name
        if subscription.destination.is_topic:
            self._topics.detach(subscription)
        elif queue := self._queues.by_name.get(name):
            queue.detach(subscription)
            self._queues.note(queue)
        done(None)

    def settle(self, settlements: Sequence[Settlement], done: Done) -> None:
        """End deliveries; what that makes room for is delivered when all have ended."""
        journal = self._journal
        before = 0 if journal is None else journal.count
        touched = self._end(settlements)
        if journal is None or journal.count == before:
            done(None)
        else:
            journal.done(done)
        self._dispatch(touched)

    def sync(self, done: Done) -> None:
        """Call ``done`` once all that was asked before is safe, or refused."""
        if self._journal is None:
            done(None)
        else:
            self._journal.sync(done)

    def flush(self) -> None:
        """End a turn: what it changed is handed to the store."""
        if self._journal is not None:
            self._journal.flush()

    def close(self) -> None:
        """Have all that was asked be safe, and close the store: nothing may follow."""
        if self._journal is not None:
            self._journal.close()

    def is_full_for(self, subscription: Subscription, destination: str) -> bool:
        """Say whether ``destination`` is full with what the subscription itself must settle."""
        return bool(subscription.unsettled) and subscription.destination.name == destination

    def has(self, destination: Destination) -> bool:
        """Say whether a destination is there: something waits in it, or somebody listens to it."""
        return destination.name in self._queues.by_name or self._topics.has(destination.name)

    def forget(self, prefix: str) -> None:
        """End the temporary destinations of a session."""
        self._queues.drop_all(f"/temp-queue/{prefix}/")
        self.schedule.forget(prefix)

    @property
    def deadline(self) -> float:
        """Say when something will be due, or infinity."""
        # Two by two: mypyc compiles that.
        due_at = min(min(self._queues.deadline, self.durables.deadline), self.schedule.deadline)
        return due_at if self._journal is None else min(due_at, self._journal.due_at)

    def advance(self) -> float:
        """Do what is due; return when to be called again, or infinity."""
        if self._journal is not None:
            self._journal.advance()
        self.durables.advance()
        self.schedule.advance()
        self._queues.advance()
        return self.deadline

    def _queue_of(self, subscription: Subscription) -> Queue | None:
        """Return the queue that feeds a subscription: of topics only some have one."""
        if not subscription.destination.is_topic:
            return self._queues.by_name.get(subscription.destination.name)
        if subscription.durable:
            return self._queues.by_name.get(subscription.durable)
        backlog = self._topics.backlog_of(subscription)
        return None if backlog is None else backlog.queue

    def _open(self, store: Store, wake: Callable[[], None]) -> None:
        """Take up what the store kept: queues come to be, and are read when somebody wants them."""
        undo = (self._take_out, self._bring_back)
        self._journal = Journal(store, clock=self._clock, stats=self._stats, undo=undo, wake=wake)
        keeping = self._queues.keep(self._journal)
        recovered = store.recover()
        self._numbers.next = recovered.next_number
        if not recovered.is_clean:
            keeping.doubtful_below = recovered.next_number
        self._keeper.recover(recovered, self._journal, store, wake)
        for waiting in recovered.waiting:
            kept = self._queues.recovered(waiting.queue, keeping)
            kept.recover(waiting)
            self._queues.note(kept)
        self._duplicates.recover(recovered.ids, self._journal)
        for name, entry in self.schedule.recover(recovered.delayed, self._journal):
            queue = self._queues.recovered(name, keeping)
            queue.recover_delayed(entry)
            self._queues.note(queue)

    def _refusal_of_all(self, runs: Sequence[list[Message]]) -> Refused | None:
        """Say why a transaction can't be taken in; None if it can."""
        for run in runs:
            refused = self._refusal(run)
            if refused is not None:
                return refused
        terms = puts = 0
        for run in runs:
            envelope = run[0].envelope
            if envelope.destination.is_topic and envelope.timing is None:  # else it is published later
                cost = self._topics.cost(envelope.destination.name)
                terms += len(run) * cost.terms
                puts += len(run) * cost.puts
        if terms <= _MOST_RUNS * RUN_TERMS and puts <= _MOST_RUNS * RUN_PUTS:
            return None
        return Refused(
            "transaction too large for those who would hear it", detail="commit fewer messages at once"
        )

    def _refusal(self, run: list[Message]) -> Refused | None:
        """Say why a run of a transaction can't be taken in; None if it can."""
        destination = run[0].envelope.destination
        if run[0].envelope.timing is not None:
            return self.schedule.refusal(run)
        if destination.is_topic:
            return self._keeper.refusal(run)
        queue = self._queues.obtain(destination.name)
        if queue is None:
            return self._queues.too_many()
        if queue.has_room or queue.makes_room:
            return None
        if isinstance(queue, DurableQueue):
            queue.ask()
        return Refused(f"{destination.name} is full", detail="nothing of the transaction was done")

    # What a turn does.

    def _hold(self, is_kept: bool) -> Hold | None:
        """Hold who sent what is kept, while there is too much that is not safe yet."""
        return None if self._journal is None or not is_kept else self._journal.hold()

    def _take_in(self, runs: Sequence[list[Message]]) -> None:
        """Take in runs for whose queues there is room."""
        for run in runs:
            name = run[0].envelope.destination.name
            if run[0].envelope.duplicate_id:
                self._duplicates.keep(run)
            if run[0].envelope.timing is not None:
                self.schedule.put(run)
            elif queue := self._queues.by_name.get(name):
                self._put(queue, run)
            else:
                self._topics.publish(run)

    def _end(self, settlements: Sequence[Settlement]) -> dict[Queue, None]:
        """End deliveries; return the queues for whose consumers that makes room."""
        touched: dict[Queue, None] = {}
        for subscription, outcome, deliveries in settlements:
            queue = self._queue_of(subscription)
            if queue is not None:
                queue.settle(deliveries, outcome)
                touched[queue] = None
        return touched

    def _dispatch(self, queues: dict[Queue, None]) -> None:
        for queue in queues:
            queue.dispatch()
            self._queues.note(queue)

    # What the disk has no room for.

    def _take_out(self, name: str, messages: list[Message]) -> None:
        if name == SCHEDULE:
            self.schedule.take_out(messages)
        queue = self._queues.by_name.get(name)
        if isinstance(queue, DurableQueue):
            queue.take_out(messages)
            self._queues.note(queue)

    def _bring_back(self, name: str, messages: list[Message]) -> None:
        queue = self._queues.by_name.get(name)
        if isinstance(queue, DurableQueue):
            queue.bring_back(messages)
            self._queues.note(queue)

    def give_back(self, settlements: Sequence[Settlement]) -> None:
        """Undo what ended deliveries for good: the disk has no room for the transaction they were in."""
        for subscription, outcome, deliveries in settlements:
            queue = self._queue_of(subscription)
            if queue is None and not subscription.destination.is_topic:
                queue = self._queues.obtain(subscription.destination.name)
            if queue is not None and outcome is not Outcome.NACK:
                queue.give_back([delivery.message for delivery in deliveries])
                self._queues.note(queue)

    def _unschedule(self, runs: Sequence[list[Message]]) -> None:
        """Forget what a transaction scheduled, also of what is not kept."""
        for run in runs:
            self.schedule.take_out(run)

    def _note_all(self, runs: Sequence[list[Message]]) -> None:
        """Forget the queues that were made for a transaction that is refused."""
        for run in runs:
            queue = self._queues.by_name.get(run[0].envelope.destination.name)
            if queue is not None:
                self._queues.note(queue)

    def _publish_own(self, messages: list[Message], *, is_dead: bool = False) -> bool:
        """Publish what the broker itself has to, if there is room; if not on disk, that is tried again.

        Dead letters that are kept always have room: what had a receipt is not dropped, and they
        had room where they come from.
        """
        destination = messages[0].envelope.destination
        if destination.is_topic:
            if self._keeper.refusal(messages) is not None:
                return False
            change = partial(self._topics.publish, messages)
        else:
            queue = self._queues.obtain(destination.name, is_configured=is_dead)
            if queue is None:
                return False
            is_durable = isinstance(queue, DurableQueue)
            is_owed = is_dead and is_durable and messages[0].envelope.persistent
            if not (queue.has_room or queue.makes_room or is_owed):
                if isinstance(queue, DurableQueue):
                    queue.ask()
                return False
            change = partial(self._put, queue, messages)
        if self._journal is None:
            change()
        else:
            self._journal.owe(change)
        return True

    def _put(self, queue: Queue, messages: list[Message]) -> None:
        queue.put(messages)
        self._queues.note(queue)
