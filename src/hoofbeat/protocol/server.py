"""The server's side of a STOMP conversation: its state, version, heart-beats and answers."""

from collections.abc import Mapping
from typing import Final

from hoofbeat.errors import ProtocolError, RemoteProtocolError
from hoofbeat.protocol import heartbeat, versions
from hoofbeat.protocol.blocks import BlockReader
from hoofbeat.protocol.commands import Command
from hoofbeat.protocol.decoder import FrameDecoder
from hoofbeat.protocol.encoder import HEART_BEAT, encode, encode_receipt
from hoofbeat.protocol.frames import Frame
from hoofbeat.protocol.heartbeat import HeartBeat, Pulse
from hoofbeat.protocol.limits import UNAUTHENTICATED, FrameLimits
from hoofbeat.protocol.outbox import Outbox
from hoofbeat.protocol.states import Event, State, advance
from hoofbeat.protocol.versions import Version

_NOTHING: Final[dict[str, str]] = {}
UNAUTHENTICATED_BYTES = 64 * 1024  # from one peer, in all, before it is authenticated

Readers = Mapping[Version | None, BlockReader]


def make_readers() -> Readers:
    """Make the header caches that all sessions of one server share: one per version."""
    return {version: BlockReader(version) for version in (None, *Version)}


class ServerSession:
    """One client's conversation, without I/O: bytes come in by :meth:`feed`, leave by the outbox.

    Attributes:
        id: what CONNECTED says in ``session``; no colon in it.
        state: where the conversation stands.
        version: agreed on by CONNECT; 1.2 before that, for the ERROR that may have to be sent.
        outbox: what waits for the client.
        pulse: its heart-beats.
        is_soft: the client asked that a refusal should not cost it the connection, and was let in.
    """

    __slots__ = (
        "_decoder",
        "_fed_in_vain",
        "_limits",
        "_readers",
        "id",
        "is_soft",
        "outbox",
        "pulse",
        "state",
        "version",
    )

    def __init__(self, id: str, outbox: Outbox, readers: Readers, limits: FrameLimits, now: float) -> None:
        """Wait for CONNECT; ``limits`` hold once it was accepted."""
        self.id = id
        self.outbox = outbox
        self.state = State.CONNECTING
        self.version = Version.V1_2
        self.pulse = Pulse(0.0, 0.0, now)
        self.is_soft = False
        self._readers = readers
        self._limits = limits
        self._decoder = FrameDecoder(readers[None], UNAUTHENTICATED)
        self._fed_in_vain = 0

    @property
    def fault(self) -> ProtocolError | None:
        """Say what made the stream unreadable, once every frame before it has been handled."""
        return self._decoder.fault

    @property
    def is_over(self) -> bool:
        """Say whether nothing that comes from the client matters any more."""
        return self.state in (State.DISCONNECTING, State.CLOSED)

    def feed(self, data: bytes, now: float) -> list[Frame]:
        """Take in bytes and return the frames they complete; see :class:`FrameDecoder`."""
        self.pulse.received = now
        frames = self._decoder.feed(data)
        if self.state is State.CONNECTING and not frames:
            self._fed_in_vain += len(data)
            if self._fed_in_vain > UNAUTHENTICATED_BYTES and self._decoder.fault is None:
                self._decoder.fault = RemoteProtocolError(
                    f"more than {UNAUTHENTICATED_BYTES} bytes before CONNECT", section="Size Limits"
                )
        return frames

    def advance(self, what: Command | Event) -> None:
        """Step to the state that a command or an event leads to, or raise ProtocolError."""
        self.state = advance(self.state, what)

    def accept(self, frame: Frame, ours: HeartBeat, now: float) -> HeartBeat:
        """Settle version and heart-beats with a CONNECT frame.

        Returns:
            our own heart-beat, as CONNECTED has to say it.

        Raises:
            RemoteProtocolError: no common version, or an unreadable heart-beat.

        STOMP 1.2, "Connecting".
        """
        self.version = versions.negotiate(frame.headers.get("accept-version"))
        if self.version is Version.V1_0:
            return heartbeat.NO_HEART_BEAT  # which has no such header
        theirs = heartbeat.parse(frame.headers.get("heart-beat"))
        self.pulse = Pulse(*heartbeat.negotiate(ours, theirs), now)
        return ours

    def connected(self, ours: HeartBeat, server: str, user: str | None) -> None:
        """Answer CONNECTED, and read what follows as the agreed version does."""
        headers = {
            "version": self.version.value,
            "session": self.id,
            "server": server,
            "heart-beat": f"{ours.can_send},{ours.wants}",
        }
        if user is not None:
            headers["user-name"] = user
        self.outbox.send(encode(Command.CONNECTED, headers))
        self.advance(Event.ACCEPTED)
        self._decoder.adopt(self._readers[self.version], self._limits)

    def receipt(self, receipt: str, more: Mapping[str, str] = _NOTHING) -> None:
        """Answer RECEIPT, the id exactly as it was asked for, with further headers."""
        if more:
            frame = encode(Command.RECEIPT, {"receipt-id": receipt, **more}, version=self.version)
        else:
            frame = encode_receipt(receipt, self.version)
        self.outbox.send(frame)

    def error(self, summary: str, detail: str, more: Mapping[str, str]) -> None:
        """Answer ERROR; the state stays as it is.

        Args:
            summary: one line, for ``message``.
            detail: what the body says.
            more: further headers.
        """
        headers = {"message": summary, "content-type": "text/plain", **more}
        self.outbox.send(encode(Command.ERROR, headers, detail.encode(), version=self.version))

    def close(self) -> None:
        """Let what was sent go out, then close the stream. Calling it again does nothing."""
        if self.state is not State.CLOSED:
            self.release()
            self.outbox.force()
            self.outbox.outlet.close()

    def release(self) -> None:
        """Let go of what no frame will complete any more: the stream is gone, or about to be."""
        self.advance(Event.CLOSED)
        self._decoder = FrameDecoder(self._readers[None], UNAUTHENTICATED)

    def beat(self) -> None:
        """Send a heart-beat."""
        self.outbox.send(HEART_BEAT)
