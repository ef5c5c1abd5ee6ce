"""What becomes of messages that are given up."""

from collections.abc import Callable

from hoofbeat.broker.destination import parse
from hoofbeat.broker.message import Message, Numbers
from hoofbeat.broker.stats import Stats
from hoofbeat.engines.local.policies import Policies

# Why a message became a dead letter.
EXPIRED, REJECTED, EXHAUSTED = "expired", "rejected", "redelivered too often"

Bury = Callable[[Message, str], None]


class DeadLetters:
    """Makes dead letters where the settings ask for it, and drops the rest."""

    __slots__ = ("_numbers", "_policies", "_publish", "_stats")

    def __init__(
        self,
        policies: Policies,
        *,
        numbers: Numbers,
        stats: Stats,
        publish: Callable[[list[Message]], bool],
    ) -> None:
        """Begin; ``publish`` takes messages in, or returns False where there is no room."""
        self._policies = policies
        self._numbers = numbers
        self._stats = stats
        self._publish = publish

    def bury(self, message: Message, reason: str) -> None:
        """Make a dead letter of a message that is given up, or drop it."""
        envelope = message.envelope
        origin = envelope.destination.name
        config = self._policies.queue(origin)
        is_asked_for = config.dead_letter_expired or reason != EXPIRED
        if not (is_asked_for and config.dead_letter_destination not in ("", origin)):
            self._stats.messages_dropped += 1
            return
        where = parse(config.dead_letter_destination)
        more = {
            "original-destination": origin,
            "original-message-id": f"{envelope.prefix.decode()}{message.number}",
            "dead-letter-reason": reason,
        }
        readdressed = envelope.readdressed(where, envelope.headers(), more)
        if self._publish([Message(self._numbers.take(), readdressed, message.body)]):
            self._stats.messages_dead_lettered += 1
        else:
            self._stats.messages_dropped += 1
