"""How frames lie on a transport: one after another on a stream, or each in an envelope of its own."""

from collections.abc import Sequence
from typing import Protocol


class Tails:
    """The tails of a run of messages, as one version of STOMP reads them.

    Attributes:
        items: one a message, in order.
        parts: what a framing made of the tails, under a key of its own, so that it is made once.
    """

    __slots__ = ("items", "parts")

    def __init__(self, items: list[bytes]) -> None:
        """Take over the list."""
        self.items = items
        self.parts: dict[int, list[bytes]] = {}


class Framing(Protocol):
    """Lays frames out for one kind of transport. Stateless: one object serves all connections."""

    def frame(self, data: bytes) -> bytes:
        """Return one whole frame, or a heart-beat, ready for the transport."""

    def run(self, head: bytes, tails: Tails) -> bytes:
        """Return the frames that ``head`` makes with every tail, in one piece."""

    def frames(self, items: Sequence[bytes]) -> bytes:
        """Return several whole frames in one piece."""


class StreamFraming:
    """Frames follow each other with nothing between: TCP, TLS, Unix sockets."""

    __slots__ = ()

    def frame(self, data: bytes) -> bytes:
        """Return the frame as it is."""
        return data

    def run(self, head: bytes, tails: Tails) -> bytes:
        """Put the head before every tail, in one C call whatever the number of tails."""
        items = tails.items
        return head + items[0] if len(items) == 1 else head.join([b"", *items])

    def frames(self, items: Sequence[bytes]) -> bytes:
        """Join them."""
        return b"".join(items)


STREAM = StreamFraming()
