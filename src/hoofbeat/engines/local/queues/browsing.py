"""Browsers of queues: they are shown what waits, in the order of delivery, and take nothing."""

from collections.abc import Callable
from typing import Final

from hoofbeat.broker.message import HIGHEST_PRIORITY, Envelope, Message, tails_of
from hoofbeat.broker.stats import Stats
from hoofbeat.broker.subscription import SLICE, Subscription
from hoofbeat.broker.time import Clock
from hoofbeat.engines.local.queues.ages import is_expired
from hoofbeat.engines.local.queues.ready import Ready
from hoofbeat.protocol.headers import Headers

AT_ONCE: Final = 10_000  # messages at hand of one browser; the next are looked for when those were shown

Then = Callable[[list[Message]], None]
Read = Callable[[int, int, Then], bool]


class Browser:
    """One subscription that looks on: it is at some place in its queue, and knows what comes next there.

    ActiveMQ, "Stomp", browser; Apollo, "Browsing Subscriptions".

    Attributes:
        is_over: all was shown that waited when it came.
    """

    __slots__ = (
        "_after",
        "_clock",
        "_is_reading",
        "_later",
        "_messages",
        "_priority",
        "_read",
        "_ready",
        "_shown",
        "_stats",
        "_subscription",
        "_until",
        "is_over",
    )

    def __init__(
        self, subscription: Subscription, ready: Ready, read: Read, *, clock: Clock, stats: Stats
    ) -> None:
        """Start before the first message that is ``ready``.

        Args:
            subscription: to whom it is shown.
            ready: what waits.
            read: reads messages of a priority that are on the disk, after that of a number, and hands
                them to what it is given; returns False if there are none.
            clock: of the broker.
            stats: of the broker.
        """
        self.is_over = False
        self._subscription = subscription
        self._ready = ready
        self._read = read
        self._clock = clock
        self._stats = stats
        self._messages: list[Message] = []
        self._shown = 0  # of these
        self._later: list[Message] = []
        self._priority = HIGHEST_PRIORITY
        self._after = 0
        self._until = ready.last()
        self._is_reading = False

    def go_on(self) -> None:
        """Show what comes next, as long as its reader keeps up."""
        outbox = self._subscription.outbox
        while outbox.is_open and not self._is_reading:
            if self._shown == len(self._messages):
                self._messages, self._shown = [], 0
                if not self.is_over and not self._fetch():
                    self._end()
                if self.is_over:
                    self._messages, self._later = self._later, []
                if not self._messages:
                    return
            part = self._messages[self._shown : self._shown + SLICE]
            self._shown += len(part)
            self._show(part)

    def came(self, messages: list[Message]) -> None:
        """Show what was sent since, after all that waited before; a reader that is too slow is ended."""
        if not self._subscription.is_lasting:
            return
        self._later += messages
        if len(self._later) > AT_ONCE:
            self._later = []
            self._subscription.overrun()
        elif self.is_over:
            self.go_on()

    def take_in(self, messages: list[Message]) -> None:
        """Go on with what was read from the disk; none means that nothing is left of that priority."""
        self._is_reading = False
        self._messages = [message for message in messages if message.number <= self._until]
        self._shown = 0
        self._after = messages[-1].number if messages else self._until
        self.go_on()

    def _fetch(self) -> bool:
        """Have the next messages at hand, or on their way; return False if there are none."""
        for priority in self._ready.priorities():
            if priority > self._priority:
                continue
            if priority < self._priority:
                self._priority, self._after = priority, 0
            messages = self._ready.between(priority, self._after, self._until)
            if messages:
                self._messages = messages[:AT_ONCE]
                self._after = self._messages[-1].number
                return True
            if self._after < self._until and self._read(priority, self._after, self.take_in):
                self._is_reading = True
                return True
        return False

    def _show(self, messages: list[Message]) -> None:
        now_ms = self._clock.now.epoch_ms
        chosen: list[Message] = [each for each in messages if not is_expired(each, now_ms)]
        condition = self._subscription.condition
        if condition is not None:
            chosen = condition.chosen(chosen)
        if chosen:
            self._subscription.deliver(chosen)
            self._stats.messages_delivered += len(chosen)

    def _end(self) -> None:
        """Say that this was all, unless it stays for what comes later."""
        self.is_over = True
        subscription = self._subscription
        if not subscription.is_lasting:
            envelope = Envelope(subscription.destination, Headers({}), b"", True)
            envelope.write((("destination", subscription.destination.name), ("browser", "end")))
            tails = tails_of([Message(0, envelope, b"")], subscription.version)
            subscription.outbox.add(subscription.outbox.framing.run(subscription.head, tails))


class Browsers:
    """All browsers of one queue."""

    __slots__ = ("_by_subscription", "_clock", "_stats")

    def __init__(self, *, clock: Clock, stats: Stats) -> None:
        """Start without any."""
        self._by_subscription: dict[Subscription, Browser] = {}
        self._clock = clock
        self._stats = stats

    @property
    def is_empty(self) -> bool:
        """Say whether nobody looks on."""
        return not self._by_subscription

    def add(self, subscription: Subscription, ready: Ready, read: Read) -> None:
        """Begin to show what is ``ready``; ``read`` is for :class:`Browser`."""
        browser = Browser(subscription, ready, read, clock=self._clock, stats=self._stats)
        self._by_subscription[subscription] = browser
        browser.go_on()
        self.end()

    def remove(self, subscription: Subscription) -> None:
        """Show nothing more to a subscription, if it is a browser."""
        self._by_subscription.pop(subscription, None)

    def go_on(self, subscription: Subscription) -> None:
        """Show more to a browser that has room again."""
        browser = self._by_subscription.get(subscription)
        if browser is not None:
            browser.go_on()
            self.end()

    def came(self, messages: list[Message]) -> None:
        """Show what the queue has just taken in."""
        for browser in list(self._by_subscription.values()):
            browser.came(messages)

    def end(self) -> None:
        """Forget those that were shown all, and do not stay."""
        for subscription, browser in list(self._by_subscription.items()):
            if browser.is_over and not subscription.is_lasting:
                del self._by_subscription[subscription]
