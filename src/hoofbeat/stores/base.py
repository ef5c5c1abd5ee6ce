"""The seam to what remembers: records in, records out, and a word when they are safe."""

from collections.abc import Callable, Sequence
from typing import Final, NamedTuple, Protocol

from hoofbeat.errors import Refused

Done = Callable[[Refused | None], None]


# After a start that found no end of the last one, offsets of histories go on so much higher: what was
# heard and not yet written must not be taken for something else that came later.
LEAP: Final = 1_000_000


class StoredMessage(NamedTuple):
    """A message as it is kept.

    Attributes:
        number: counts up, over all starts of the broker; what its id ends with.
        prefix: of its id: that of the start that took it in.
        destination: where it was sent to.
        priority: 0 to 9; a queue gives out higher ones first.
        expires_ms: epoch time after which it is not delivered any more; 0 for never.
        headers: as they stand in MESSAGE for STOMP 1.2, each line with its LF in front.
        body: any octets.
    """

    number: int
    prefix: bytes
    destination: str
    priority: int
    expires_ms: int
    headers: bytes
    body: bytes

    @property
    def size(self) -> int:
        """Count the octets of headers and body, as whoever gave it counts them."""
        return len(self.headers) + len(self.body)


class Entry(NamedTuple):
    """A message in one queue.

    Attributes:
        message: what waits there.
        deliveries: attempts so far, as far as they were noted.
        visible_at_ms: epoch time before which it is not delivered; 0 for at once. An entry with
            such a time is never read: whoever put or marked it so has it in memory, until it is
            done with, and gets it back at the next start from :class:`Recovered`.
    """

    message: StoredMessage
    deliveries: int
    visible_at_ms: int


class Key(NamedTuple):
    """What finds an entry in its queue."""

    priority: int
    number: int


class Put(NamedTuple):
    """Have messages wait in one queue, or in several: each is kept once.

    Attributes:
        queues: names of all of them.
        messages: in order; their numbers were never put before.
        visible_at_ms: of their entries.
        is_transient: forgotten at the next start: kept only because memory has no room for it.
    """

    queues: Sequence[str]
    messages: Sequence[StoredMessage]
    visible_at_ms: int = 0
    is_transient: bool = False


class Remove(NamedTuple):
    """Entries of a queue are done with; unknown ones are ignored."""

    queue: str
    keys: Sequence[Key]


class Mark(NamedTuple):
    """Note about entries of a queue how often they were delivered, and when they may be again."""

    queue: str
    keys: Sequence[Key]
    deliveries: Sequence[int]
    visible_at_ms: int = 0


class DurableSubscription(NamedTuple):
    """A topic's subscriber for whom messages are kept while it is away.

    Attributes:
        name: of the queue they wait in.
        destination: what it listens to.
        selector: which messages it wants; empty for all.
        owner: login of who made it.
        is_proven: whether that was more than a claim.
    """

    name: str
    destination: str
    selector: str
    owner: str
    is_proven: bool


class Subscribe(NamedTuple):
    """Remember a durable subscription; one of the same name is replaced."""

    subscription: DurableSubscription


class Unsubscribe(NamedTuple):
    """Forget a durable subscription, and what waits for it."""

    name: str


class Retain(NamedTuple):
    """Remember the last value of a topic; None forgets it."""

    topic: str
    message: StoredMessage | None


class Append(NamedTuple):
    """Add to the history of a topic, from ``offset`` on."""

    topic: str
    offset: int
    messages: Sequence[StoredMessage]
    sent_ms: int


class Trim(NamedTuple):
    """Forget what a topic's history holds below ``offset``."""

    topic: str
    offset: int


class Remember(NamedTuple):
    """Know ids that senders gave to messages, each with the epoch time it was sent at.

    Attributes:
        destination: that they were sent to: ids of different ones are different.
        ids: in order; one that is known gets its new time.
        sent_ms: of each.
    """

    destination: str
    ids: Sequence[str]
    sent_ms: Sequence[int]


class Forget(NamedTuple):
    """Such ids need not be known any longer; unknown ones are ignored."""

    destination: str
    ids: Sequence[str]


Change = Put | Remove | Mark | Subscribe | Unsubscribe | Retain | Append | Trim | Remember | Forget


class Waiting(NamedTuple):
    """What waits in one queue with one priority.

    Attributes:
        queue: its name.
        priority: 0 to 9.
        messages: entries without a time before which they are not delivered.
        bytes: of their headers and bodies.
        last: highest number among them.
    """

    queue: str
    priority: int
    messages: int
    bytes: int
    last: int


class History(NamedTuple):
    """What is kept of one topic: offsets from ``first`` to before ``next``."""

    topic: str
    first: int
    next: int


class Recovered(NamedTuple):
    """What was there at the start.

    Attributes:
        epoch: of the store: made once, when it was created.
        next_number: higher than every number that was ever put.
        first_offset: of a history of which nothing is there: higher than any that may have been
            heard of one that was lost. It leaps with each start that finds no end of the last one.
        is_clean: whoever had the store open before closed it.
        waiting: by queue, those of higher priority first.
        delayed: entries with such a time, whether or not it has come, by the queue they wait in.
        subscriptions: the durable ones.
        retained: last values, by topic.
        histories: of topics.
        ids: of senders: destination, id and time, oldest first.
    """

    epoch: str
    next_number: int
    is_clean: bool
    waiting: Sequence[Waiting]
    delayed: Sequence[tuple[str, Entry]]
    subscriptions: Sequence[DurableSubscription]
    retained: Sequence[tuple[str, StoredMessage]]
    histories: Sequence[History]
    ids: Sequence[tuple[str, str, int]] = ()
    first_offset: int = 1


class Store(Protocol):
    """Remembers records. It never blocks its caller but in :meth:`recover` and :meth:`close`.

    What it answers comes on the caller's thread, in the order of the calls.
    """

    def recover(self) -> Recovered:
        """Open what is there, or create it; called once, first.

        Raises:
            StoreError: it is broken, of another format, or somebody else has it open.
        """

    def write(self, changes: Sequence[Change], done: Done) -> None:
        """Make changes, all or none of them; ``done`` once they are safe.

        It is refused only where the disk is full, and then nothing was changed.
        """

    def read(
        self,
        queue: str,
        priority: int,
        after: int,
        most: int,
        most_bytes: int,
        done: Callable[[Sequence[Entry]], None],
    ) -> None:
        """Give the next entries of a queue and priority, with numbers above ``after``.

        Those whose ``visible_at_ms`` is not 0 are left out, whatever the time. At least one, if
        there is one; then as many as ``most`` and ``most_bytes`` of headers and bodies
        allow. All that was written before is seen.
        """

    def replay(
        self,
        topic: str,
        offset: int,
        most: int,
        most_bytes: int,
        done: Callable[[Sequence[tuple[int, int, StoredMessage]]], None],
    ) -> None:
        """Give what a topic's history holds from ``offset`` on: offset, epoch time sent, message."""

    def close(self) -> None:
        """Finish what was asked, and say that all was left in order; nothing may follow."""
