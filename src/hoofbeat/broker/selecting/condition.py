"""Which messages a subscription wants, of those it may hear."""

from typing import Final

from hoofbeat.broker.message import Envelope, Message
from hoofbeat.broker.selecting.selector import Selector
from hoofbeat.broker.stats import Stats
from hoofbeat.protocol.server import ServerSession

_MOST_KNOWN: Final = 256  # envelopes: of one run, at most


class Scene:
    """Whose frames are being handled, and what the headers of their messages say, read once for all.

    Attributes:
        session: None where it is the broker itself that publishes.
        stats: of the broker.
    """

    __slots__ = ("_known", "session", "stats")

    def __init__(self, stats: Stats) -> None:
        """Start with nobody."""
        self.stats = stats
        self.session: ServerSession | None = None
        self._known: dict[Envelope, dict[str, str]] = {}

    def headers_of(self, envelope: Envelope) -> dict[str, str]:
        """Return what a selector looks at."""
        known = self._known.get(envelope)
        if known is None:
            if len(self._known) >= _MOST_KNOWN:
                self._known.clear()
            known = self._known[envelope] = envelope.headers().fields
        return known


class Condition:
    """A selector, or the wish not to hear oneself, or both.

    Attributes:
        selector: None takes all.
    """

    __slots__ = ("_answer", "_envelope", "_own", "_scene", "selector")

    def __init__(self, scene: Scene, selector: Selector | None, own: ServerSession | None = None) -> None:
        """Want what ``selector`` matches, and nothing that the session ``own`` sends."""
        self.selector = selector
        self._scene = scene
        self._own = own
        self._envelope: Envelope | None = None
        self._answer = False

    @property
    def terms(self) -> int:
        """Say what one answer costs: the headers and literals that are looked at."""
        return 0 if self.selector is None else self.selector.terms

    def wanted(self, messages: list[Message]) -> list[Message]:
        """Return those of a run that is being published which the subscription wants."""
        if self._own is not None and self._scene.session is self._own:
            return []
        return self.chosen(messages)

    def chosen(self, messages: list[Message]) -> list[Message]:
        """Return those of some messages that the selector matches, whoever sent them."""
        if self.selector is None:
            return messages
        return [message for message in messages if self.matches(message)]

    def matches(self, message: Message) -> bool:
        """Ask the selector, but only once of messages in a row that share their headers."""
        selector = self.selector
        assert selector is not None, "it takes all"
        envelope = message.envelope
        if selector.is_per_message:
            self._scene.stats.terms_compared += selector.terms
            id = f"{envelope.prefix.decode()}{message.number}"
            return selector.matches({**self._scene.headers_of(envelope), "message-id": id})
        if envelope is not self._envelope:
            self._envelope = envelope
            self._scene.stats.terms_compared += selector.terms
            self._answer = selector.matches(self._scene.headers_of(envelope))
        return self._answer
