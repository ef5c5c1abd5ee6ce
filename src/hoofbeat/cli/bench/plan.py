"""What a load test does, said before it starts."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from hoofbeat.cli.listen import Ack
from hoofbeat.errors import ConfigError

NUMBER = "%d"  # in a destination: the number of the pair
LEAST_SIZE = 32  # what :mod:`hoofbeat.cli.bench.stamps` needs
MOST_SIZE = 1024 * 1024
_COPYING = ("topic", "/exchange/")  # in a destination whose every subscriber gets a copy
_RECEIPTS_EVERY = 100  # where nothing but receipts says what has arrived


class Kind(StrEnum):
    """Who gets a message."""

    TOPIC = "topic"  # a copy to every subscriber
    QUEUE = "queue"  # one of the subscribers


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast, and how long.

    Attributes:
        count: messages that are measured, then it is over; 0 for no end.
        seconds: that are measured, then it is over; 0.0 for no end.
        warm_up_seconds: at the start, that are not measured.
        rate: messages a second, of all publishers; 0.0 as fast as they are taken.
        window: messages under way at one time, where there is no rate.
    """

    count: int = 0
    seconds: float = 10.0
    warm_up_seconds: float = 1.0
    rate: float = 0.0
    window: int = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """One load test.

    Attributes:
        destination: where to send; ``%d`` makes as many as there are pairs.
        kind: who gets a message.
        publishers: connections that send.
        subscribers: connections that listen.
        size: octets of a body.
        ack: how messages are acknowledged.
        receipts_every: every so many messages of a publisher ask for a receipt; 0 for none.
        headers: of every SEND and SUBSCRIBE, beside those that they need.
        pace: how fast, and how long.
        patience_seconds: without any news, until what is still missing is given up.
    """

    destination: str
    kind: Kind
    publishers: int = 1
    subscribers: int = 1
    size: int = 128
    ack: Ack = Ack.AUTO
    receipts_every: int = 0
    headers: Mapping[str, str] = field(default_factory=dict)
    pace: Pace = field(default_factory=Pace)
    patience_seconds: float = 5.0

    def __post_init__(self) -> None:
        """Refuse what has no end."""
        if not self.pace.count and not self.pace.seconds:
            raise ConfigError("--count 0 and --seconds 0 would never end")

    @property
    def room(self) -> int:
        """Messages that may be under way; where receipts say what arrived, at least two of each publisher."""
        return max(self.pace.window, 0 if self.subscribers else 2 * self.receipts_every * self.publishers)

    @property
    def destinations(self) -> list[str]:
        """Every destination, by its number."""
        if NUMBER not in self.destination:
            return [self.destination]
        pairs = min(self.publishers, self.subscribers) if self.subscribers else self.publishers
        return [self.destination.replace(NUMBER, str(number)) for number in range(pairs)]


def kind_of(destination: str) -> Kind:
    """Guess from its name who gets the messages of a destination."""
    return Kind.TOPIC if any(word in destination for word in _COPYING) else Kind.QUEUE


def receipts_of(every: int | None, publishers: int, subscribers: int, window: int) -> int:
    """Return how often to ask for a receipt; None leaves it open.

    Without subscribers nothing but receipts says that messages have arrived, so the window must
    hold several of each publisher.
    """
    if subscribers or every:
        return every or 0
    return max(1, min(_RECEIPTS_EVERY, window // (4 * publishers)))
