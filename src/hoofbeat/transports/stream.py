"""A stream of bytes, read and written; and the seams: what a transport needs of the floors above it."""

from asyncio import BaseTransport, TimerHandle, Transport, get_running_loop
from asyncio import Protocol as NetworkProtocol
from collections.abc import Callable
from ipaddress import ip_address
from typing import Final, Protocol, TypeVarTuple, cast

from hoofbeat.broker.time import Now
from hoofbeat.broker.users import Peer
from hoofbeat.protocol.framing import Framing
from hoofbeat.protocol.outbox import Outlet

WRITE_BUFFER_BYTES: Final = 64 * 1024  # above this a transport calls itself full
READ_BYTES: Final = 64 * 1024  # at most, in one read
TURN_BYTES: Final = 2 * READ_BYTES  # in one read: from here on it may be uvloop's, which reads on and on
LINGER_SECONDS = 2.0
LINGER_BYTES: Final = 1024 * 1024  # read and thrown away while we wait for the peer to close

Args = TypeVarTuple("Args")


class Receiver(Protocol):
    """What stands above a transport: the connection that takes its bytes."""

    def received(self, data: bytes, now: Now) -> None:
        """Take in what one read brought."""

    def pause_writing(self, now: Now) -> None:
        """The transport is full: the peer reads too slowly."""

    def resume_writing(self, now: Now) -> None:
        """The transport takes more."""

    def lost(self, now: Now) -> None:
        """The transport is gone; nothing may be written any more."""


class Gate(Protocol):
    """What a transport asks of the server it belongs to."""

    def now(self) -> Now:
        """Return the time."""

    def enter(self, peer: Peer) -> str | None:
        """Count ``peer`` in and return None, or say why it may not come in.

        An empty answer is for those who come too fast: they are not worth one.
        """

    def rename(self, old: Peer, new: Peer) -> str | None:
        """Count a peer that is in as ``new`` from now on, or say why that may not come in."""

    def leave(self, peer: Peer) -> None:
        """Count ``peer`` out, after :meth:`enter` let it in, under the name it has now."""

    def attach(self, outlet: Outlet, framing: Framing, peer: Peer) -> Receiver:
        """Make the connection that takes the bytes of ``peer``."""

    def detach(self, outlet: Outlet) -> None:
        """Forget a transport that is gone."""

    def answer(self, now: Now, count: int) -> None:
        """Flush every outbox after a read of ``count`` octets: now, or at the end of this turn."""

    def wake(self) -> None:
        """Flush every outbox at the end of this turn of the loop."""

    @property
    def close_code(self) -> int:
        """How a WebSocket is told that we close it: RFC 6455, 7.4.1."""

    def flush(self) -> None:
        """Flush every outbox now, because a transport is about to end."""


def peer_of(transport: BaseTransport, kind: str) -> Peer:
    """Say who is at the other end."""
    if kind == "unix":
        return Peer(kind, "", 0, is_local=True)
    name = transport.get_extra_info("peername")
    if not isinstance(name, tuple):  # it left before it could be asked
        return Peer(kind, "", 0, is_local=False)
    address = name[0].removeprefix("::ffff:")
    return Peer(kind, address, name[1], ip_address(address.partition("%")[0]).is_loopback)


class StreamOutlet(NetworkProtocol):
    """A stream of bytes between one peer and one connection; floor 3's half of the network seam.

    Closing takes care that the last frame arrives: our side is shut, what the peer still sends
    is read and thrown away (a socket closed with bytes unread resets the connection, and the
    reset may overtake an ERROR), and only then the transport is closed.

    Attributes:
        peer: who is at the other end.
        transport: asyncio's.
        linger_seconds: for the peer to take our last words and to close its side.
    """

    __slots__ = (
        "_answer",
        "_discarded",
        "_is_held",
        "_is_resting",
        "_linger",
        "_now",
        "_receiver",
        "gate",
        "linger_seconds",
        "peer",
        "transport",
    )

    peer: Peer
    transport: Transport

    def __init__(self, gate: Gate, linger_seconds: float = LINGER_SECONDS) -> None:
        """Wait for the transport."""
        self.gate = gate
        self._now, self._answer = gate.now, gate.answer  # for each read: looked up once
        self.linger_seconds = linger_seconds
        self._receiver: Receiver | None = None  # None for those who were not let in
        self._linger: TimerHandle | None = None  # set while closing: nothing is sent any more
        self._discarded = 0
        self._is_held = False  # the connection takes nothing more for now
        self._is_resting = False  # others read first

    def attach(self, transport: BaseTransport, framing: Framing, peer: Peer) -> None:
        """Start to carry bytes; the gate has let ``peer`` in."""
        self.transport = cast(Transport, transport)
        self.peer = peer
        self.transport.set_write_buffer_limits(high=WRITE_BUFFER_BYTES)
        read_in_pieces(transport)
        self._receiver = self.gate.attach(self, framing, peer)

    # What asyncio calls.

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell everybody that the transport is gone."""
        if self._linger is not None:
            self._linger.cancel()
        if self._receiver is not None:
            self.gate.detach(self)
            self.gate.leave(self.peer)
            self._receiver.lost(self._now())
            self._receiver = None
            self.gate.wake()

    def data_received(self, data: bytes) -> None:
        """Hand on what one read brought, and have the answers written."""
        if self._linger is not None or self._receiver is None:
            self.discard(len(data))
            return
        now = self._now()
        self._receiver.received(data, now)
        self._answer(now, len(data))
        self.rest(len(data))

    def eof_received(self) -> bool:
        """Answer what came before the end, then let the transport close; see the class."""
        self.gate.flush()
        self._set_linger()  # a peer that reads nothing would keep its place without end
        return False

    def pause_writing(self) -> None:
        """Pass on that the transport is full."""
        if self._receiver is not None:
            self._receiver.pause_writing(self._now())

    def resume_writing(self) -> None:
        """Pass on that the transport takes more."""
        if self._receiver is not None:
            self._receiver.resume_writing(self._now())
            self.gate.wake()

    # What the connection calls: the Outlet.

    def write(self, chunks: list[bytes]) -> None:
        """Send whole frames; what the socket does not take is kept by the transport."""
        if self._linger is not None or self.transport.is_closing():
            return
        if len(chunks) == 1:
            self.transport.write(chunks[0])
        else:
            self.transport.writelines(chunks)

    def pause_reading(self) -> None:
        """Read nothing more; the peer is held by TCP."""
        if self._linger is None:
            self._is_held = True
            if self.transport.is_reading():
                self.transport.pause_reading()

    def resume_reading(self) -> None:
        """Read again."""
        self._is_held = False
        if not (self._is_resting or self.transport.is_reading() or self.transport.is_closing()):
            self.transport.resume_reading()

    def close(self) -> None:
        """Let what was written go out, then close; see the class."""
        if self._linger is None and not self.transport.is_closing():
            self.half_close()

    def abort(self) -> None:
        """Close at once."""
        self.transport.abort()

    def rest(self, count: int) -> None:
        """After a read of ``count`` octets, let others have theirs, if it was a full one.

        uvloop reads a socket that has more up to 32 times before it looks at the next: 8 MB, which kept
        others waiting for seconds.
        """
        if count >= TURN_BYTES and self._linger is None and self.transport.is_reading():
            self.transport.pause_reading()
            self._is_resting = True
            get_running_loop().call_soon(self._rested)

    def _rested(self) -> None:
        self._is_resting = False
        if not self._is_held:
            self.resume_reading()

    # How a transport ends.

    def half_close(self) -> None:
        """Send nothing more, and read until the peer closes or has had its time."""
        self.resume_reading()
        self.transport.write_eof()
        self._set_linger()

    def discard(self, count: int) -> None:
        """Throw away what the peer still sends, within reason."""
        self._discarded += count
        if self._discarded > LINGER_BYTES:
            self.transport.abort()

    def _set_linger(self) -> None:
        if self._linger is None:
            self._linger = later(self.linger_seconds, self.transport.abort)


def later(seconds: float, call: Callable[[*Args], object], *args: *Args) -> TimerHandle:
    """Call ``call`` after ``seconds``, on the running loop."""
    return get_running_loop().call_later(seconds, call, *args)


class _SetsAside(Protocol):
    """A transport of asyncio: ``max_size`` is how many octets it makes room for before each read."""

    max_size: int


def read_in_pieces(transport: BaseTransport) -> None:
    """Have asyncio set less memory aside for each read; uvloop does better by itself.

    Its quarter of a megabyte is more than malloc keeps at hand: each read would cost two system
    calls and the page faults between them, 37 microseconds of 54 for a small frame and its answer.
    """
    if hasattr(transport, "max_size"):
        cast(_SetsAside, transport).max_size = READ_BYTES
