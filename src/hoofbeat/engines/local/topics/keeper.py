"""What topics keep beside their live subscribers: last values and histories."""

from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

from hoofbeat.broker.access import Access, Right
from hoofbeat.broker.destination import parse
from hoofbeat.broker.engine import Confirm, Done
from hoofbeat.broker.message import Message
from hoofbeat.broker.places import Start
from hoofbeat.broker.stats import Stats
from hoofbeat.broker.subscription import Subscription
from hoofbeat.broker.time import Clock
from hoofbeat.config import BrokerConfig, TopicConfig
from hoofbeat.engines.local.policies import Policies
from hoofbeat.engines.local.queues.queues import Queues
from hoofbeat.engines.local.topics.durable_subscription import Durable
from hoofbeat.engines.local.topics.durable_subscriptions import Durables
from hoofbeat.engines.local.topics.history import Disk, History
from hoofbeat.engines.local.topics.retained import Retained
from hoofbeat.engines.local.writing.journal import Journal
from hoofbeat.errors import Refused
from hoofbeat.stores.base import History as Kept
from hoofbeat.stores.base import Recovered, Store

_ALL_TOPICS: Final = parse("/topic/**")
_LOOK_MS: Final = 1000  # between looks through all histories for those that are over


class Remembered(NamedTuple):
    """What is kept of one topic.

    Attributes:
        is_retained: every message becomes its last value.
        history: of what was sent lately.
        durables: for which its messages wait.
    """

    is_retained: bool
    history: History | None
    durables: Sequence[Durable]


class Keeper:
    """Keeps what topics are to keep, by their settings.

    Attributes:
        durables: the durable subscriptions.
        is_written: what is kept is kept in a store.
        limits: of the broker.
    """

    __slots__ = (
        "_access",
        "_clock",
        "_disk",
        "_epoch",
        "_first",
        "_histories",
        "_lapsed",
        "_looked_ms",
        "_policies",
        "_retained",
        "_stats",
        "durables",
        "is_written",
        "limits",
    )

    def __init__(
        self,
        policies: Policies,
        config: BrokerConfig,
        queues: Queues,
        *,
        access: Access,
        clock: Clock,
        stats: Stats,
        epoch: str,
    ) -> None:
        """Start with nothing; ``epoch`` tells the offsets of this start from others."""
        self.durables = Durables(
            config.durable,
            queues,
            policies=policies,
            access=access,
            clock=clock,
            stats=stats,
            selector_terms=config.limits.selector_terms,
        )
        self._access = access
        self._policies = policies
        self.limits = config.limits
        self._clock, self._stats = clock, stats
        self._epoch = epoch
        self._retained = Retained(config.limits, clock)
        self._histories: dict[str, History] = {}
        self._first = 1  # offset of new histories: others may have had those below
        self._looked_ms = 0  # when it was last looked for histories that are over
        self._lapsed: dict[str, int] = {}  # histories of the last start that are none any more
        self._disk: Disk | None = None
        self.is_written = False

    def recover(self, recovered: Recovered, journal: Journal, store: Store, wake: Callable[[], None]) -> None:
        """Take up what was kept, and keep from now on."""
        self._epoch = recovered.epoch
        self._first = recovered.first_offset
        self._disk = Disk(journal, store, wake)
        self.is_written = True
        self._retained.recover(recovered, journal)
        self.durables.recover(recovered, journal)
        for name, first, following in sorted(recovered.histories, key=_is_empty):
            if not self._policies.topic(name).history_messages:
                self._lapsed[name] = following
                continue
            history = History(name, self._epoch, self._policies.topic(name), self._disk)
            history.recover(first, following, recovered.is_clean, self._clock.now.epoch_ms)
            if first < following or len(self._histories) < self.limits.history_topics:
                self._histories[name] = history
            else:
                self._first = max(self._first, history.next)

    @property
    def changes(self) -> int:
        """Count what was written or is to be: where it grew there is something to wait for."""
        return 0 if self._disk is None else self._disk.journal.count

    def confirm(self, confirm: Confirm, count: int) -> None:
        """Confirm messages when all that changed so far is safe."""
        assert self._disk is not None, "nothing is to be written"
        self._disk.journal.confirm(confirm, count, None)

    def of(self, name: str, config: TopicConfig) -> Remembered | None:
        """Return what is kept of a topic; None where that is nothing."""
        if not name.startswith("/topic/"):
            return None
        history = self._history(name, config)
        if name in self._lapsed and self._disk is not None:
            self._disk.lapse(name, self._lapsed.pop(name))
        durables = self.durables.hearing(name)
        if not (config.retained or history is not None or durables):
            return None
        return Remembered(config.retained, history, durables)

    def refusal(self, messages: list[Message]) -> Refused | None:
        """Say why some of a run can't be kept as its sender asks for, if that is so."""
        if messages[0].envelope.retain != "set":
            return None
        history = self._history_so_far(messages[0].envelope.destination.name)
        more = 0 if history is None else history.mark_bytes(len(messages))
        return next(filter(None, [self._retained.refusal(message, more) for message in messages]), None)

    def keep(self, messages: list[Message], keeping: Remembered | None) -> list[Message]:
        """Keep of a run what is to be kept; return the messages as subscribers hear them."""
        retain = messages[0].envelope.retain
        if keeping is not None:
            if keeping.history is not None:
                messages = keeping.history.append(messages, self._clock.now.epoch_ms)
            retain = retain or ("set" if keeping.is_retained else "")
            self._stats.messages_put += len(messages) * len(keeping.durables)
            for durable in keeping.durables:
                self.durables.put(durable, messages)
        if retain == "set":
            self._retained.set(messages[-1])
        elif retain:
            self._retained.remove(messages[0].envelope.destination.name)
        return messages

    def when_ready(self, subscription: Subscription, then: Callable[[], None]) -> None:
        """Call ``then`` once :meth:`first` can say what a subscription gets: at once, or when it was read."""
        place, history = subscription.place, self._histories.get(subscription.destination.name)
        if history is None or history.is_whole or place is None or place.start is Start.NEXT:
            then()
        else:
            history.load(then)

    def first(self, subscription: Subscription) -> list[Message]:
        """Return what a subscription gets before what is new, and note what its receipt has to say."""
        now_ms, place = self._clock.now.epoch_ms, subscription.place
        name, is_pattern = subscription.destination.name, subscription.destination.is_pattern
        history: History | None = None
        if not is_pattern:
            history = self._history_so_far(name)
        messages: list[Message] = []
        is_all = place is None or place.start is Start.NEXT
        if history is None:
            subscription.told = {} if place is None else {"recovered": _yes(is_all)}
        elif place is None:
            subscription.told = {"epoch": history.epoch, "offset": str(history.next - 1)}
        else:
            missed = history.missed(place, now_ms)
            messages, is_all = missed.messages, missed.is_all
            at = {"epoch": history.epoch, "offset": str(missed.after)}
            subscription.told = {"recovered": _yes(is_all), **at}
        if messages or (is_all and place is not None):
            return messages  # who knows what it saw last knows the last value
        return self._values(subscription)

    def attach(self, subscription: Subscription, done: Done) -> None:
        """Let a durable subscription have what waits for it; one that is new begins with last values."""
        first = [] if self.durables.is_known(subscription) else self._values(subscription)
        if subscription.condition is not None:
            first = subscription.condition.chosen(first)
        self.durables.attach(subscription, first, done)

    def _values(self, subscription: Subscription) -> list[Message]:
        """Return the last values that a subscription may hear."""
        where, principal = subscription.destination, subscription.principal
        values = self._retained.find(where.name, where.is_pattern, self._clock.now.epoch_ms)
        if not where.is_pattern:
            return values
        may = self._access.may
        return [each for each in values if may(principal, Right.READ, each.envelope.destination.name)]

    def _history_so_far(self, name: str) -> History | None:
        """Return the history of a topic, or an empty one that its first message will bring about."""
        config = self._policies.topic(name)
        if not (config.history_messages and name.startswith("/topic/")):
            return None
        history = self._histories.get(name)
        if history is None and self._has_room():
            history = History(name, self._epoch, config, None, self._first)
        return history

    def _history(self, name: str, config: TopicConfig) -> History | None:
        if not (config.history_messages and name.startswith("/topic/")):
            return None
        history = self._histories.get(name)
        if history is None and self._has_room():
            history = History(name, self._epoch, config, self._disk, self._first)
            self._histories[name] = history
        return history

    def _has_room(self) -> bool:
        """Say whether another topic may have a history; those that are over make room, at times."""
        now_ms = self._clock.now.epoch_ms
        if len(self._histories) >= self.limits.history_topics and self._looked_ms + _LOOK_MS <= now_ms:
            self._looked_ms = now_ms
            over = [history for history in self._histories.values() if history.is_over(now_ms)]
            for history in over:
                history.give_up()
                self._first = max(self._first, history.next)
                del self._histories[history.name]
            if over:
                self.durables.changed(_ALL_TOPICS)
        return len(self._histories) < self.limits.history_topics


def _is_empty(history: Kept) -> bool:
    return history.first == history.next


def _yes(is_so: bool) -> str:
    return "true" if is_so else "false"
