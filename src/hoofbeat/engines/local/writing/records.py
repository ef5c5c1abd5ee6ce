"""Messages as the store keeps them, and back: what is the same for many is made once."""

from typing import Final

from hoofbeat.broker.destination import parse
from hoofbeat.broker.message import Envelope, Message, recalled
from hoofbeat.errors import Refused, StoreError
from hoofbeat.protocol.versions import Version
from hoofbeat.stores.base import StoredMessage

_MOST_ENVELOPES: Final = 1024
_VERSION: Final = Version.V1_2  # whose header lines are kept


def stored(message: Message) -> StoredMessage:
    """Return a message as the store keeps it."""
    envelope = message.envelope
    return StoredMessage(
        message.number,
        envelope.prefix,
        envelope.destination.name,
        envelope.priority,
        message.expires_ms,
        envelope.block(_VERSION),
        message.body,
    )


class Recall:
    """Makes messages of what was kept; those of one header block share their envelope."""

    __slots__ = ("_envelopes",)

    def __init__(self) -> None:
        """Start without envelopes."""
        self._envelopes: dict[tuple[str, bytes, bytes, int], Envelope] = {}

    def message(self, kept: StoredMessage) -> Message:
        """Return the message."""
        key = (kept.destination, kept.headers, kept.prefix, kept.priority)
        envelope = self._envelopes.get(key)
        if envelope is None:
            if len(self._envelopes) >= _MOST_ENVELOPES:
                self._envelopes.clear()
            envelope = _recall(kept)
            self._envelopes[key] = envelope
        return Message(kept.number, envelope, kept.body, kept.expires_ms)


def not_taken_up(what: str, why: object) -> StoreError:
    """Say what of a store is beyond us: only somebody else can have put it there."""
    what_to_do = "restore a backup, or export the store, mend that line, and import it"
    return StoreError(f"{what} can't be taken up: {why}; {what_to_do}")


def _recall(kept: StoredMessage) -> Envelope:
    try:
        return recalled(parse(kept.destination), kept.headers, kept.prefix, kept.priority)
    except Refused as refusal:
        raise not_taken_up(f"message {kept.number}", refusal) from refusal
