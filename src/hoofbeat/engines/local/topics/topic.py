"""Topics: a copy to every subscriber; who that is, is worked out once per destination."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import NamedTuple

from hoofbeat.broker.access import Access, Right
from hoofbeat.broker.delivery import AckMode
from hoofbeat.broker.destination import Destination
from hoofbeat.broker.engine import RUN, RUN_PUTS, RUN_TERMS, Confirm, Done
from hoofbeat.broker.message import Message, tails_of
from hoofbeat.broker.patterns import PatternTrie
from hoofbeat.broker.stats import Stats
from hoofbeat.broker.subscription import Subscription
from hoofbeat.broker.time import Clock
from hoofbeat.config import SlowReader
from hoofbeat.engines.local.dead_letters import Bury
from hoofbeat.engines.local.policies import Policies
from hoofbeat.engines.local.topics.backlog import Backlog
from hoofbeat.engines.local.topics.keeper import Keeper, Remembered
from hoofbeat.protocol.framing import Tails
from hoofbeat.protocol.versions import Version

_MOST_ROUTES = 10_000


class _Group(NamedTuple):
    """Subscriptions that get the very same bytes."""

    head: bytes
    lay_out: Callable[[bytes, Tails], bytes]  # of their framing
    version: Version
    members: list[Subscription]


class Cost(NamedTuple):
    """What a message to a topic costs, but for its copies.

    Attributes:
        terms: headers and literals that selectors look at.
        puts: copies that are kept for durable subscriptions.
    """

    terms: int
    puts: int


class _Route(NamedTuple):
    """Who hears a destination."""

    groups: list[_Group]  # those of one version stand together
    choosy: list[_Group]  # of one subscription each, which has a condition
    backlogs: list[Backlog]
    keeping: Remembered | None
    cost: Cost
    most: int  # messages in one run: fewer where each costs much


class Topics:
    """All topics of one engine.

    A subscription without conditions of its own shares its frames with all that have the same
    head; one that settles its deliveries, or may lose some, has a :class:`Backlog`.
    """

    def __init__(
        self,
        policies: Policies,
        keeper: Keeper,
        *,
        access: Access,
        clock: Clock,
        stats: Stats,
        bury: Bury,
    ) -> None:
        """Start without subscribers; ``keeper`` keeps what topics are to keep."""
        self._policies = policies
        self._keeper = keeper
        keeper.durables.changed = self.forget_routes
        self._access = access
        self._clock = clock
        self._stats = stats
        self._bury = bury
        self._outbox_bytes = keeper.limits.outbox_bytes
        self._exact: dict[str, dict[Subscription, None]] = {}
        self._patterns: PatternTrie[Subscription] = PatternTrie()
        self._pattern_count = 0
        self._routes: dict[str, _Route] = {}
        self._backlogs: dict[Subscription, Backlog] = {}
        self._beginning: dict[Subscription, None] = {}  # what they get first is being read
        self._catching_up: dict[Subscription, None] = {}  # and here it is on its way to them

    def take_in(self, messages: list[Message], confirm: Confirm) -> bool:
        """Publish a run; where some of it is kept, confirm it when that is safe.

        Returns:
            whether some of it is to be written.
        """
        keeper = self._keeper
        if not (keeper.is_written or messages[0].envelope.retain):
            self.publish(messages)
            confirm(len(messages), None)
            return False
        refused = keeper.refusal(messages)
        if refused is not None and len(messages) > 1:
            written = [self.take_in([message], confirm) for message in messages]
            return any(written)
        before = keeper.changes
        if refused is None:
            self.publish(messages)
        if keeper.changes == before:
            confirm(len(messages), refused)
            return False
        keeper.confirm(confirm, len(messages))
        return True

    def most_in_a_run(self, name: str) -> int:
        """Return how many messages to ``name`` may be published at once."""
        return self._route(name).most

    def cost(self, name: str) -> Cost:
        """Return what a message to ``name`` costs."""
        return self._route(name).cost

    def publish(self, messages: list[Message]) -> None:
        """Give every subscriber its copy of a run."""
        name = messages[0].envelope.destination.name
        route = self._route(name)
        is_kept = route.keeping is not None or messages[0].envelope.retain
        if not (route.groups or route.choosy or route.backlogs or is_kept):
            return
        if messages[0].expires_ms:
            now_ms = self._clock.now.epoch_ms
            messages = [message for message in messages if message.expires_ms > now_ms]
            if not messages:
                return
        if is_kept:
            messages = self._keeper.keep(messages, route.keeping)
        shared: Tails | None = None
        version = Version.V1_2
        for group in route.groups:
            if shared is None or group.version is not version:
                version = group.version
                shared = tails_of(messages, version)
            self._share(group, group.lay_out(group.head, shared))
            self._stats.messages_delivered += len(messages) * len(group.members)
        for group in route.choosy:
            condition = group.members[0].condition
            chosen = messages if condition is None else condition.wanted(messages)
            if chosen:
                self._share(group, group.lay_out(group.head, tails_of(chosen, group.version)))
                self._stats.messages_delivered += len(chosen)
        for backlog in route.backlogs:
            backlog.publish(messages)

    def _share(self, group: _Group, chunk: bytes) -> None:
        for member in group.members:
            outbox = member.outbox
            if outbox.is_paused and not outbox.has_room(len(chunk), self._outbox_bytes):
                member.overrun()
            else:
                outbox.add(chunk)

    def attach(self, subscription: Subscription, done: Done) -> None:
        """Let a subscription hear what it missed or is to know, then what is published from now on."""
        if subscription.durable:
            self._keeper.attach(subscription, done)
            return
        beginning = partial(self.begin, subscription, done)
        self._beginning[subscription] = None
        self._keeper.when_ready(subscription, beginning)

    def begin(self, subscription: Subscription, done: Done) -> None:
        """Make a subscription live, unless it ended while something was read for it."""
        if subscription not in self._beginning:
            return
        del self._beginning[subscription]
        first = self._keeper.first(subscription)
        if subscription.condition is not None:
            first = subscription.condition.chosen(first)
        done(None)  # the receipt comes before the first message
        self._listen(subscription)
        name = subscription.destination.name
        if first:
            self._backlogs[subscription] = self._make_backlog(subscription, name, first)
            if subscription.ack is AckMode.AUTO:
                self._catching_up[subscription] = None
                self.relieve(subscription)

    def relieve(self, subscription: Subscription) -> None:
        """Let a subscription that got all it had to get first share its frames with others, if it may."""
        backlog = self._backlogs.get(subscription)
        if subscription not in self._catching_up or backlog is None or backlog.queue.ready.count:
            return
        del self._catching_up[subscription], self._backlogs[subscription]
        self.forget_routes(subscription.destination)

    def _listen(self, subscription: Subscription) -> None:
        name = subscription.destination.name
        if subscription.destination.is_pattern:
            self._patterns.add(name, subscription)
            self._pattern_count += 1
        else:
            self._exact.setdefault(name, {})[subscription] = None
        self.forget_routes(subscription.destination)

    def forget_routes(self, where: Destination) -> None:
        """Work out anew who hears a destination, or what a pattern matches."""
        if where.is_pattern:
            self._routes.clear()
        else:
            self._routes.pop(where.name, None)

    def detach(self, subscription: Subscription) -> None:
        """Let it hear nothing more."""
        if subscription.durable:
            self._keeper.durables.detach(subscription)
            return
        name = subscription.destination.name
        if subscription in self._beginning:
            del self._beginning[subscription]
        elif subscription.destination.is_pattern:
            self._patterns.remove(name, subscription)
            self._pattern_count -= 1
            self._routes.clear()
        elif subscription in self._exact.get(name, {}):
            del self._exact[name][subscription]
            if not self._exact[name]:
                del self._exact[name]
            self._routes.pop(name, None)
        self._catching_up.pop(subscription, None)
        backlog = self._backlogs.pop(subscription, None)
        if backlog is not None:
            backlog.queue.drop()
        subscription.take_back()

    def has(self, name: str) -> bool:
        """Say whether somebody listens to a topic by its name."""
        return name in self._exact

    def backlog_of(self, subscription: Subscription) -> Backlog | None:
        """Return what is kept for a subscription of its own."""
        return self._backlogs.get(subscription)

    def _route(self, name: str) -> _Route:
        """Return who hears ``name``."""
        return self._routes.get(name) or self._find(name)

    def _find(self, name: str) -> _Route:
        """Work out who hears ``name``, and remember it."""
        groups: dict[tuple[bytes, int, Version], _Group] = {}
        choosy: list[_Group] = []
        backlogs: list[Backlog] = []
        policy = self._policies.topic(name)
        self._stats.patterns_searched += self._pattern_count
        for subscription in (*self._exact.get(name, ()), *self._patterns.match(name)):
            if not self._may_hear(subscription, name):
                continue
            is_apart = subscription in self._catching_up or policy.slow_reader is not SlowReader.CLOSE
            if is_apart or subscription.ack is not AckMode.AUTO:
                backlogs.append(self._backlog(subscription, name))
                continue
            outbox = subscription.outbox
            if subscription.condition is not None:
                only = [subscription]
                choosy.append(_Group(subscription.head, outbox.framing.run, subscription.version, only))
                continue
            key = (subscription.head, id(outbox.framing), subscription.version)
            group = groups.get(key)
            if group is None:
                lay_out = outbox.framing.run
                group = groups[key] = _Group(subscription.head, lay_out, subscription.version, [])
            group.members.append(subscription)
        if len(self._routes) >= _MOST_ROUTES:
            self._routes.clear()
        keeping = self._keeper.of(name, policy)
        cost = _cost(choosy, backlogs, keeping)
        most = _most_in_a_run(cost)
        together = sorted(groups.values(), key=_version_of)
        route = self._routes[name] = _Route(together, choosy, backlogs, keeping, cost, most)
        return route

    def _may_hear(self, subscription: Subscription, name: str) -> bool:
        """A wildcard subscription is no way round a rule: rights are those of the topic it matched."""
        return not subscription.destination.is_pattern or self._access.may(
            subscription.principal, Right.READ, name
        )

    def _backlog(self, subscription: Subscription, name: str) -> Backlog:
        backlog = self._backlogs.get(subscription)
        if backlog is None:
            backlog = self._backlogs[subscription] = self._make_backlog(subscription, name, [])
        return backlog

    def _make_backlog(self, subscription: Subscription, name: str, first: list[Message]) -> Backlog:
        return Backlog(
            subscription,
            self._policies.topic(name),
            self._policies.queue(name),
            clock=self._clock,
            stats=self._stats,
            bury=self._bury,
            first=first,
        )


def _version_of(group: _Group) -> str:
    return group.version.value


def _cost(choosy: Sequence[_Group], backlogs: Sequence[Backlog], keeping: Remembered | None) -> Cost:
    terms = sum([_terms(group.members[0]) for group in choosy])
    terms += sum([_terms(backlog.subscription) for backlog in backlogs])
    puts = 0
    if keeping is not None:
        terms += sum([durable.terms for durable in keeping.durables])
        puts = len(keeping.durables)
    return Cost(terms, puts)


def _most_in_a_run(cost: Cost) -> int:
    """Return how many messages may be published at once, by what selectors and what is kept cost."""
    return max(1, min(RUN, RUN_TERMS // max(1, cost.terms), RUN_PUTS // max(1, cost.puts)))


def _terms(subscription: Subscription) -> int:
    return 0 if subscription.condition is None else subscription.condition.terms
