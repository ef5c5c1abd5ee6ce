"""What waits for one peer, written together."""

from typing import Final, Protocol

from hoofbeat.protocol.framing import Framing

FLUSH_BYTES: Final = 64 * 1024  # more than this is not gathered before the transport gets it
INFINITY: Final = float("inf")


class Outlet(Protocol):
    """Where a connection's bytes go: a socket, a WebSocket, a test's list."""

    def write(self, chunks: list[bytes]) -> None:
        """Send chunks, each of them whole frames, in order.

        Never blocks; the transport keeps what the peer is too slow to take, and says so by
        pausing the outbox.
        """

    def pause_reading(self) -> None:
        """Take nothing more from the peer until told; calling it again does nothing."""

    def resume_reading(self) -> None:
        """Read again."""

    def close(self) -> None:
        """Let what was written go out, then close. Calling it again does nothing."""

    def abort(self) -> None:
        """Close at once; what was not written yet is lost."""


class Outbox:
    """Chunks on their way to one peer.

    While the peer keeps up, they are handed to the transport when the broker flushes. When the
    transport says it is full, they stay here, where they are shared with other outboxes.

    Attributes:
        framing: how frames are laid out for this transport.
        size: octets that wait here.
        is_paused: the transport is full.
        paused_at: since when, by the monotonic clock; infinity while it is not.
        written_at: when it was last flushed, by the monotonic clock.
    """

    __slots__ = ("_chunks", "_dirty", "framing", "is_paused", "outlet", "paused_at", "size", "written_at")

    def __init__(self, outlet: Outlet, framing: Framing, dirty: "list[Outbox]") -> None:
        """Start empty; ``dirty`` is the list the outbox joins when it has something to write."""
        self.outlet = outlet
        self.framing = framing
        self.size = 0
        self.is_paused = False
        self.paused_at = INFINITY
        self.written_at = 0.0
        self._dirty = dirty
        self._chunks: list[bytes] = []

    @property
    def is_open(self) -> bool:
        """Say whether the peer takes what it is given; a queue keeps its messages otherwise."""
        return not self.is_paused

    def has_room(self, size: int, limit: int) -> bool:
        """Say whether ``size`` octets more may wait: one message always fits an empty outbox."""
        return not self.is_paused or not self.size or self.size + size <= limit

    def add(self, chunk: bytes) -> None:
        """Append whole frames, laid out for the transport."""
        if not self.size:
            self._dirty.append(self)
        self.size += len(chunk)
        self._chunks.append(chunk)
        if self.size > FLUSH_BYTES and not self.is_paused:
            self._write()

    def send(self, frame: bytes) -> None:
        """Append one frame."""
        self.add(self.framing.frame(frame))

    def flush(self) -> None:
        """Hand to the transport what waits, unless it is full."""
        if self.size and not self.is_paused:
            self._write()

    def force(self) -> None:
        """Hand over what waits, full or not: the connection is about to be closed."""
        if self.size:
            self._write()

    def drop(self) -> None:
        """Forget what waits: the peer will not read it."""
        self._chunks = []
        self.size = 0

    def pause(self, now: float) -> None:
        """Note that the transport is full."""
        self.is_paused = True
        self.paused_at = now

    def resume(self) -> None:
        """Note that the transport takes more; what waits is written at once."""
        self.is_paused = False
        self.paused_at = INFINITY
        self.flush()

    def _write(self) -> None:
        chunks = self._chunks
        self._chunks = []
        self.size = 0
        self.outlet.write(chunks)
