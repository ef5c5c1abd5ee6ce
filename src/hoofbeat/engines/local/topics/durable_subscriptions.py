"""All durable subscriptions: who may have which, and what waits for whom."""

from collections.abc import Callable, Iterator, Sequence

from hoofbeat.broker.access import Access, Right
from hoofbeat.broker.destination import Destination, parse
from hoofbeat.broker.engine import Done, Listed
from hoofbeat.broker.message import Message
from hoofbeat.broker.patterns import PatternTrie
from hoofbeat.broker.selecting.condition import Condition, Scene
from hoofbeat.broker.selecting.selector import Selector
from hoofbeat.broker.stats import Stats
from hoofbeat.broker.subscription import Subscription
from hoofbeat.broker.time import Clock
from hoofbeat.broker.users import Principal
from hoofbeat.config import DurableConfig, Overflow
from hoofbeat.engines.local.policies import Policies
from hoofbeat.engines.local.queues.queues import Queues
from hoofbeat.engines.local.shares import Shares
from hoofbeat.engines.local.topics.durable_subscription import Durable, selector_of
from hoofbeat.engines.local.writing.journal import Journal
from hoofbeat.engines.local.writing.records import not_taken_up
from hoofbeat.errors import Refused
from hoofbeat.protocol.outbox import INFINITY
from hoofbeat.stores.base import DurableSubscription, Recovered, Subscribe, Unsubscribe

_DAY = 86_400.0


def _ignore(where: Destination) -> None:
    """Hear of no change."""


class Durables:
    """All durable subscriptions of one engine.

    Attributes:
        changed: told of destinations for which messages are kept now, or no more.
        deadline: when one will have been unused for too long, by the monotonic clock.
    """

    __slots__ = (
        "_access",
        "_by_name",
        "_clock",
        "_config",
        "_exact",
        "_journal",
        "_patterns",
        "_policies",
        "_queues",
        "_scene",
        "_selector_terms",
        "_shares",
        "_stats",
        "changed",
        "deadline",
    )

    def __init__(
        self,
        config: DurableConfig,
        queues: Queues,
        *,
        policies: Policies,
        access: Access,
        clock: Clock,
        stats: Stats,
        selector_terms: int,
    ) -> None:
        """Start without subscriptions; all selectors of one user have ``selector_terms`` at most."""
        self._selector_terms = selector_terms
        self.deadline = INFINITY
        self._config = config
        self._queues = queues
        self._policies = policies
        self._stats = stats
        self._access = access
        self._clock = clock
        self.changed: Callable[[Destination], None] = _ignore
        self._journal: Journal | None = None
        self._scene = Scene(stats)  # without sessions: what they send is kept long after
        self._by_name: dict[str, Durable] = {}
        self._shares = Shares()
        self._exact: dict[str, list[Durable]] = {}
        self._patterns: PatternTrie[Durable] = PatternTrie()

    def recover(self, recovered: Recovered, journal: Journal) -> None:
        """Take up what the last start left, and keep from now on."""
        for kept in recovered.subscriptions:
            try:
                where = parse(kept.destination)
                selector = Selector.parse(kept.selector) if kept.selector else None
            except Refused as refusal:
                raise not_taken_up(f"durable subscription {kept.name!r}", refusal) from refusal
            condition = None if selector is None else Condition(self._scene, selector)
            owner = Principal(kept.owner, kept.is_proven)
            self._add(kept.name, where, condition, owner).is_recovered = True
        self._journal = journal

    def __contains__(self, name: str) -> bool:
        """Say whether there is one of that name."""
        return name in self._by_name

    def listing(self) -> Iterator[Listed]:
        """Say what there is, by name; it may be asked for at leisure, and of each the latest is said."""
        for name in sorted(self._by_name):
            durable = self._by_name.get(name)
            if durable is not None:
                yield self._listed(durable)

    def is_known(self, subscription: Subscription) -> bool:
        """Say whether messages are kept already for what a subscription asks for."""
        durable = self._by_name.get(subscription.durable)
        if durable is None or not durable.is_of(subscription.principal):
            return False
        return durable.is_asked_for_by(subscription)

    def find(self, name: str, principal: Principal) -> Destination | None:
        """Return what the subscription of that name listens to; None if ``principal`` has none."""
        durable = self._by_name.get(name)
        return durable.destination if durable is not None and durable.is_of(principal) else None

    # Messages.

    def hearing(self, name: str) -> Sequence[Durable]:
        """Return the subscriptions for which messages of a topic are kept."""
        heard = list(self._exact.get(name, ()))
        for durable in self._patterns.match(name):
            if self._access.may(durable.owner, Right.READ, name):
                heard.append(durable)
        return heard

    def put(self, durable: Durable, messages: list[Message]) -> None:
        """Keep what is wanted of a run for a subscription; where there is no room, some messages go."""
        if durable.condition is not None:
            messages = durable.condition.chosen(messages)
            if not messages:
                return
        queue = self._queues.kept(durable.name)
        taken = queue.fill(messages)
        if taken < len(messages):
            if durable.is_dropping:
                queue.put(messages[taken:])
            else:
                self._stats.messages_dropped += len(messages) - taken
        self._queues.note(queue)

    # Consumers.

    def attach(self, subscription: Subscription, first: list[Message], done: Done) -> None:
        """Let a subscription have what waits under its name; a new name begins with ``first``."""
        name = subscription.durable
        durable = self._by_name.get(name)
        condition = subscription.condition
        terms = 0 if condition is None else condition.terms
        refused = self._refusal(durable, name, subscription.principal, terms)
        if refused is not None:
            done(refused)
            return
        if durable is not None and not durable.is_asked_for_by(subscription):
            self._remove(durable)  # it was said anew what is wanted
            durable = None
        if durable is None:
            durable = self._make(subscription, done)
            if first:
                self._queues.kept(name).put(first)
        elif durable.owner != subscription.principal:  # it was only claimed so far
            durable.owner = subscription.principal
            self._keep(durable, done)
        else:
            done(None)
        durable.consumer = subscription
        durable.is_recovered = False
        queue = self._queues.kept(name)
        queue.attach(subscription)
        self._queues.note(queue)

    def detach(self, subscription: Subscription) -> None:
        """Let nobody have what waits, until somebody comes again."""
        durable = self._by_name.get(subscription.durable)
        if durable is None or durable.consumer is not subscription:
            subscription.take_back()
            return
        durable.consumer = None
        durable.left_at = self._clock.now.monotonic
        self._look_ahead(durable)
        queue = self._queues.kept(durable.name)
        queue.detach(subscription)
        self._queues.note(queue)

    def cancel(self, name: str, principal: Principal, done: Done) -> None:
        """Forget a subscription of ``principal``, and what waits for it; refused while it is in use."""
        durable = self._by_name.get(name)
        if durable is not None and not durable.is_of(principal):
            done(_belongs_to_another(durable, principal))
        else:
            self.delete(name, done)

    def delete(self, name: str, done: Done) -> None:
        """Forget a subscription, whosever it is, and what waits for it; refused while it is in use."""
        durable = self._by_name.get(name)
        if durable is None:
            done(Refused(f"Unknown subscription {name[:128]!r}"))
        elif durable.consumer is not None:
            done(_is_in_use(name))
        else:
            self._remove(durable)
            if self._journal is None:
                done(None)
            else:
                self._journal.done(done)

    def advance(self) -> None:
        """Forget what nobody has used for too long."""
        now = self._clock.now.monotonic
        if self.deadline > now:
            return
        self.deadline = INFINITY
        for durable in list(self._by_name.values()):
            if durable.consumer is None:
                if durable.left_at + self._config.unused_days * _DAY <= now:
                    self._remove(durable)
                else:
                    self._look_ahead(durable)

    def _refusal(
        self, durable: Durable | None, name: str, principal: Principal, terms: int
    ) -> Refused | None:
        """Say why somebody may not have or make a subscription of that name."""
        if durable is not None:
            if not durable.is_of(principal):
                return _belongs_to_another(durable, principal)
            if durable.consumer is not None:
                return _is_in_use(name)
            more = terms - durable.terms
            return self._refusal_of_terms(principal, more) if more > 0 else None
        if len(self._by_name) >= self._config.subscriptions:
            return Refused(f"more than {self._config.subscriptions} durable subscriptions")
        most = self._config.per_user
        if self._shares.of(principal.name).entries >= most:
            return Refused(f"more than {most} durable subscriptions of one user", detail="delete some first")
        return self._refusal_of_terms(principal, terms) if terms else None

    def _refusal_of_terms(self, principal: Principal, more: int) -> Refused | None:
        """Say why somebody may not have so many more headers and literals in selectors."""
        if self._shares.of(principal.name).size + more <= self._selector_terms:
            return None
        return Refused(
            f"more than {self._selector_terms} headers and literals in selectors of one user",
            detail="delete some durable subscriptions first",
        )

    # What there is.

    def _make(self, subscription: Subscription, done: Done) -> Durable:
        name, where, owner = subscription.durable, subscription.destination, subscription.principal
        selector = selector_of(subscription)
        condition = Condition(self._scene, selector) if selector is not None else None
        durable = self._add(name, where, condition, owner)
        self._keep(durable, done)
        return durable

    def _keep(self, durable: Durable, done: Done) -> None:
        """Have it be there at the next start, as it is now."""
        where, owner = durable.destination, durable.owner
        self.changed(where)
        if self._journal is None:
            done(None)
            return
        kept = DurableSubscription(durable.name, where.name, durable.selector, owner.name, owner.is_proven)
        self._journal.change(Subscribe(kept))
        self._journal.done(done)

    def _add(self, name: str, where: Destination, condition: Condition | None, owner: Principal) -> Durable:
        durable = Durable(name, where, condition, owner, self._clock.now.monotonic)
        durable.is_dropping = self._policies.name(name, where.name).overflow is Overflow.DROP_OLDEST
        self._by_name[name] = durable
        self._shares.add(owner.name, durable.terms)
        if where.is_pattern:
            self._patterns.add(where.name, durable)
        else:
            self._exact.setdefault(where.name, []).append(durable)
        self._look_ahead(durable)
        return durable

    def _remove(self, durable: Durable) -> None:
        where = durable.destination
        del self._by_name[durable.name]
        self._shares.remove(durable.owner.name, durable.terms)
        if where.is_pattern:
            self._patterns.remove(where.name, durable)
        else:
            self._exact[where.name].remove(durable)
            if not self._exact[where.name]:
                del self._exact[where.name]
        self.changed(where)
        self._queues.drop(durable.name)
        self._policies.unname(durable.name)
        if self._journal is not None:
            self._journal.change(Unsubscribe(durable.name))
            self._journal.begin()  # what is kept under the same name from now on is not meant

    def _look_ahead(self, durable: Durable) -> None:
        if self._config.unused_days:
            self.deadline = min(self.deadline, durable.left_at + self._config.unused_days * _DAY)

    def _listed(self, durable: Durable) -> Listed:
        queue, consumer = self._queues.by_name.get(durable.name), durable.consumer
        return Listed(
            durable.name,
            durable.destination.name,
            durable.selector,
            durable.owner.name,
            0 if queue is None else queue.ready.count,
            0 if queue is None else queue.ready.bytes,
            0 if consumer is None else len(consumer.unsettled),
            consumer is not None,
            0.0 if consumer is not None else self._clock.now.monotonic - durable.left_at,
            durable.is_recovered,
        )


def _belongs_to_another(durable: Durable, principal: Principal) -> Refused:
    is_claimed = durable.owner.name == principal.name
    whose = f"who proves to be {principal.name[:128]!r}" if is_claimed else "another login"
    return Refused(f"Access refused: {durable.name[:128]!r} belongs to {whose}")


def _is_in_use(name: str) -> Refused:
    why = f"durable subscription {name[:128]!r} is in use"
    return Refused(why, detail="somebody listens under that name; disconnect there first")
