"""A durable subscription: a name for which messages of topics wait while nobody listens under it."""

from hoofbeat.broker.destination import Destination
from hoofbeat.broker.selecting.condition import Condition
from hoofbeat.broker.selecting.selector import Selector
from hoofbeat.broker.subscription import Subscription
from hoofbeat.broker.users import Principal


class Durable:
    """What is kept of one, beside its messages.

    Attributes:
        name: of the queue in which its messages wait.
        destination: what it listens to.
        condition: which messages it wants; None for all.
        owner: whose it is.
        consumer: who listens under its name, if somebody does.
        is_dropping: where there are too many messages for it the oldest are given up, not the newest.
        is_recovered: nobody has listened since this start of the broker.
        left_at: when the last consumer left, by the monotonic clock.
    """

    __slots__ = (
        "condition",
        "consumer",
        "destination",
        "is_dropping",
        "is_recovered",
        "left_at",
        "name",
        "owner",
    )

    def __init__(
        self, name: str, destination: Destination, condition: Condition | None, owner: Principal, now: float
    ) -> None:
        """Start without a consumer."""
        self.name = name
        self.destination = destination
        self.condition = condition
        self.owner = owner
        self.consumer: Subscription | None = None
        self.is_dropping = True
        self.is_recovered = False
        self.left_at = now

    @property
    def terms(self) -> int:
        """Count the headers and literals of its selector."""
        return 0 if self.condition is None else self.condition.terms

    def is_of(self, principal: Principal) -> bool:
        """Say whether it is that principal's; what is of who proved a login is not of who just claims it."""
        return self.owner.name == principal.name and self.owner.is_proven <= principal.is_proven

    @property
    def selector(self) -> str:
        """Return the text of its selector; empty if it has none."""
        selector = None if self.condition is None else self.condition.selector
        return "" if selector is None else selector.text

    def is_asked_for_by(self, subscription: Subscription) -> bool:
        """Say whether a SUBSCRIBE asks for just what is kept here, rather than for something else."""
        asked = selector_of(subscription)
        text = "" if asked is None else asked.text
        return self.destination.name == subscription.destination.name and self.selector == text


def selector_of(subscription: Subscription) -> Selector | None:
    """Return the selector of a subscription, if it has one."""
    return None if subscription.condition is None else subscription.condition.selector
