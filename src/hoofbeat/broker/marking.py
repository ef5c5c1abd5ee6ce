"""Messages with header lines of the broker's own: the same message, said with more words."""

from typing import Final

from hoofbeat.broker.message import Envelope, Message
from hoofbeat.protocol.headers import Headers
from hoofbeat.protocol.versions import Version

_NOTHING: Final = Headers({}, b"")


class Marked(Envelope):
    """An envelope with lines at the end that only the broker writes.

    Priority says nothing any more: what is marked is delivered in the order of its marks.
    """

    __slots__ = ("_marks", "_of")

    def __init__(self, envelope: Envelope, marks: bytes, persistent: bool) -> None:
        """Add ``marks``: lines in which nothing needs an escape, LF before each."""
        super().__init__(envelope.destination, _NOTHING, envelope.prefix, True)
        self.persistent = persistent
        self.size = envelope.size + len(marks)
        self._of = envelope
        self._marks = marks

    def block(self, version: Version) -> bytes:
        """Return the headers as they stand in MESSAGE, each line with its LF in front."""
        return self._of.block(version) + self._marks

    def headers(self) -> Headers:
        """Return the headers of MESSAGE as a mapping, as they came from the sender."""
        return self._of.headers()


def marked(message: Message, marks: bytes) -> Message:
    """Return the message with lines at the end of its headers."""
    envelope = Marked(message.envelope, marks, message.envelope.persistent)
    return Message(message.number, envelope, message.body, message.expires_ms)


def copied(message: Message, marks: bytes) -> Message:
    """Return a copy of the message with lines at the end of its headers; the original is what is kept."""
    return Message(message.number, Marked(message.envelope, marks, False), message.body, message.expires_ms)
