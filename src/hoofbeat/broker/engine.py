"""The seam to whoever decides who gets a message."""

from collections.abc import Callable, Iterator, Sequence
from typing import Final, NamedTuple, Protocol

from hoofbeat.broker.delivery import Delivery, Outcome
from hoofbeat.broker.destination import Destination
from hoofbeat.broker.hold import Hold
from hoofbeat.broker.message import Message
from hoofbeat.broker.subscription import Subscription
from hoofbeat.broker.users import Principal
from hoofbeat.errors import Refused

RUN: Final = 256  # messages in one run, at most
RUN_TERMS: Final = 16_384  # headers and literals that selectors look at in one run
RUN_PUTS: Final = 16_384  # copies of one run that are kept for durable subscriptions

Done = Callable[[Refused | None], None]
Confirm = Callable[[int, Refused | None], None]


def ignore(refused: Refused | None) -> None:
    """Be a ``done`` of no interest."""


class Settlement(NamedTuple):
    """The same end of deliveries that follow each other in one subscription's hands."""

    subscription: Subscription
    outcome: Outcome
    deliveries: list[Delivery]


def restore(settlements: Sequence[Settlement]) -> None:
    """Undo what the broker noted for settlements that did not happen."""
    settled: dict[Subscription, list[Delivery]] = {}
    for subscription, _, deliveries in settlements:
        settled.setdefault(subscription, []).extend(deliveries)
    for subscription, deliveries in settled.items():
        subscription.restore(deliveries)


class Listed(NamedTuple):
    """What there is to know about a durable subscription.

    Attributes:
        name: what it is called.
        destination: what it listens to.
        selector: which messages it wants; empty for all.
        owner: login of who made it; empty for who needs none.
        messages: that wait.
        bytes: of their headers and bodies.
        unsettled: deliveries that who listens under its name has and did not settle.
        is_used: somebody listens under its name.
        unused_seconds: for how long nobody has.
        is_longer: nobody has since this start of the broker, and what was before is not known.
    """

    name: str
    destination: str
    selector: str
    owner: str
    messages: int
    bytes: int
    unsettled: int
    is_used: bool
    unused_seconds: float
    is_longer: bool


class DurableSubscriptions(Protocol):
    """Names under which messages of topics wait while nobody listens."""

    def __contains__(self, name: str) -> bool:
        """Say whether there is one of that name."""

    def listing(self) -> Iterator[Listed]:
        """Say what there is, by name; it may be asked for at leisure, and of each the latest is said."""

    def find(self, name: str, principal: Principal) -> Destination | None:
        """Return what the subscription of that name listens to; None if ``principal`` has none."""

    def cancel(self, name: str, principal: Principal, done: Done) -> None:
        """Forget a subscription of ``principal``, and what waits for it; refused while it is in use."""

    def delete(self, name: str, done: Done) -> None:
        """Forget a subscription, whosever it is, and what waits for it; refused while it is in use."""


class Engine(Protocol):
    """Decides who gets a message: in this process, or in another broker.

    Every verb is synchronous and only takes note. ``done`` is called exactly once for each call,
    now or later: with what became of it, once that is as durable as this engine promises.
    Receipts wait for it; nothing else does.
    """

    def publish(self, messages: list[Message], confirm: Confirm) -> Hold | None:
        """Take in a run of messages, in order: of one destination, priority and time to live.

        ``confirm`` says what became of the next so many messages of the run, as ``done`` does of a
        call: one or several times, until it has spoken of all.

        Returns:
            a hold, if the sender must wait until it ends; None if it may go on.
        """

    def most_in_a_run(self, destination: Destination) -> int:
        """Return how many messages a run to a destination may have: fewer where each takes long."""

    def commit(
        self, runs: Sequence[list[Message]], settlements: Sequence[Settlement], done: Done
    ) -> Hold | None:
        """All or nothing, across destinations; refused where the engine can't promise it.

        Returns:
            a hold, as :meth:`publish` does.
        """

    def attach(self, subscription: Subscription, done: Done) -> None:
        """Deliver to ``subscription`` within its credit; ``done`` once it is live."""

    def replenish(self, subscription: Subscription) -> None:
        """The subscription has credit again."""

    def detach(self, subscription: Subscription, done: Done) -> None:
        """Stop delivering, and take back what it holds unsettled."""

    def settle(self, settlements: Sequence[Settlement], done: Done) -> None:
        """End deliveries: acknowledged, to be redelivered, or dead. Unknown ones are ignored."""

    def sync(self, done: Done) -> None:
        """Call ``done`` once all that was asked before is done, or refused."""

    def flush(self) -> None:
        """End a turn: what was asked in it may be done together."""

    def close(self) -> None:
        """Have all that was asked be as durable as promised; nothing may follow."""

    @property
    def durables(self) -> DurableSubscriptions:
        """Give the durable subscriptions."""

    def is_full_for(self, subscription: Subscription, destination: str) -> bool:
        """Say whether ``destination`` is full with what the subscription itself must settle."""

    def has(self, destination: Destination) -> bool:
        """Say whether a destination is there: something waits in it, or somebody listens to it."""

    def forget(self, prefix: str) -> None:
        """End every destination whose name starts so: the session that owned them is gone."""

    @property
    def deadline(self) -> float:
        """Say when something will be due, or infinity."""

    def advance(self) -> float:
        """Do what is due (expiry, delay); return when to be called again, or infinity."""
