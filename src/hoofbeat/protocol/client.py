"""The client's side of a STOMP conversation: its state, version, heart-beats and receipts."""

from collections.abc import Mapping
from enum import Enum, auto

from hoofbeat.errors import LocalProtocolError, ProtocolError, RemoteProtocolError
from hoofbeat.protocol import heartbeat
from hoofbeat.protocol.blocks import BlockReader
from hoofbeat.protocol.commands import CLIENT_COMMANDS, NEVER_ESCAPED, SERVER_COMMANDS, WITH_BODY, Command
from hoofbeat.protocol.decoder import FrameDecoder
from hoofbeat.protocol.encoder import HEART_BEAT, encode
from hoofbeat.protocol.frames import Frame
from hoofbeat.protocol.headers import write_lines
from hoofbeat.protocol.heartbeat import NO_HEART_BEAT, HeartBeat, Pulse
from hoofbeat.protocol.limits import FrameLimits
from hoofbeat.protocol.versions import SUPPORTED, Version

_LIMITS = FrameLimits()


class ClientState(Enum):
    """Where a client's session stands."""

    OPEN = auto()  # the stream is open, CONNECT was not sent yet
    CONNECTING = auto()  # CONNECT was sent, the answer has not come yet
    CONNECTED = auto()  # CONNECTED came
    DISCONNECTING = auto()  # DISCONNECT was sent: what is on its way is still read
    CLOSED = auto()  # ERROR came, or the receipt of DISCONNECT: nothing follows


_CONNECTED_SENDS = (
    Command.SEND,
    Command.SUBSCRIBE,
    Command.UNSUBSCRIBE,
    Command.ACK,
    Command.NACK,
    Command.BEGIN,
    Command.COMMIT,
    Command.ABORT,
)

# State and command -> next state, for what we send and for what we receive: no command is both.
# What is not listed is forbidden.
TRANSITIONS: Mapping[ClientState, Mapping[Command, ClientState]] = {
    ClientState.OPEN: {
        Command.CONNECT: ClientState.CONNECTING,
        Command.STOMP: ClientState.CONNECTING,
        Command.ERROR: ClientState.CLOSED,  # a server that is full does not wait for CONNECT
    },
    ClientState.CONNECTING: {
        Command.CONNECTED: ClientState.CONNECTED,
        Command.ERROR: ClientState.CLOSED,
    },
    ClientState.CONNECTED: {
        **dict.fromkeys(_CONNECTED_SENDS, ClientState.CONNECTED),
        Command.DISCONNECT: ClientState.DISCONNECTING,
        Command.MESSAGE: ClientState.CONNECTED,
        Command.RECEIPT: ClientState.CONNECTED,
        Command.ERROR: ClientState.CLOSED,
    },
    ClientState.DISCONNECTING: {
        Command.MESSAGE: ClientState.DISCONNECTING,
        Command.RECEIPT: ClientState.DISCONNECTING,  # CLOSED, if it is DISCONNECT's own
        Command.ERROR: ClientState.CLOSED,
    },
    ClientState.CLOSED: {},
}


class ClientSession:
    """Our own conversation with a server, without I/O.

    :meth:`send` returns the bytes to write, :meth:`feed` takes in the bytes that were read; the
    clock that both are given is monotonic, in seconds.

    Attributes:
        state: where the conversation stands.
        version: agreed on by CONNECTED; 1.2 before that.
        connected: the headers of CONNECTED, once it came.
        pulse: heart-beats, both ways.
        fault: what the server got wrong; nothing is read after it.
    """

    __slots__ = (
        "_decoder",
        "_goodbye",
        "_limits",
        "_ours",
        "connected",
        "fault",
        "pulse",
        "state",
        "version",
    )

    def __init__(
        self, now: float, *, heart_beat: HeartBeat = NO_HEART_BEAT, limits: FrameLimits = _LIMITS
    ) -> None:
        """Start before CONNECT; ``heart_beat`` is what it will offer."""
        self.state = ClientState.OPEN
        self.version = Version.V1_2
        self.connected: Mapping[str, str] = {}
        self.pulse = Pulse(0.0, 0.0, now)
        self.fault: ProtocolError | None = None
        self._ours = heart_beat
        self._limits = limits
        self._goodbye: str | None = None
        self._decoder = FrameDecoder(BlockReader(None), limits)

    def connect(self, headers: Mapping[str, str], now: float) -> bytes:
        """Return CONNECT: every version we speak, and our heart-beats, beside ``headers``.

        STOMP 1.2, "Connecting".
        """
        offer = {
            "accept-version": ",".join(SUPPORTED),
            "heart-beat": f"{self._ours.can_send},{self._ours.wants}",
        }
        return self.send(Command.CONNECT, {**offer, **headers}, now=now)

    def send(self, command: Command, headers: Mapping[str, str], body: bytes = b"", *, now: float) -> bytes:
        """Return the bytes of one frame, as the server's version reads it.

        Raises:
            LocalProtocolError: the frame is not allowed now, or the version can't express it.

        STOMP 1.2, "Client Frames".
        """
        if command not in CLIENT_COMMANDS or command not in TRANSITIONS[self.state]:
            raise LocalProtocolError(
                f"{command.value} can't be sent while {self.state.name.lower()}", section="Client Frames"
            )
        if write_lines(headers, Version.V1_0 if command in NEVER_ESCAPED else self.version)[1]:
            raise LocalProtocolError(
                f"STOMP {self.version.value} can't express a header of this {command.value}",
                section="Value Encoding",
            )
        if body and command not in WITH_BODY:
            raise LocalProtocolError(f"{command.value} can't have a body", section="Body")
        self.state = TRANSITIONS[self.state][command]
        if command is Command.DISCONNECT:
            self._goodbye = headers.get("receipt")
        self.pulse.sent = now
        return encode(command, headers, body, version=self.version)

    def beat(self, now: float) -> bytes:
        """Return the heart-beat that is due, or nothing."""
        if self.state is not ClientState.CONNECTED or not self.pulse.is_due(now):
            return b""
        self.pulse.sent = now
        return HEART_BEAT

    def feed(self, data: bytes, now: float) -> list[Frame]:
        """Take in bytes and return the frames they complete, in order.

        A fault never eats the good frames before it: they are returned, and :attr:`fault` holds
        the error.

        STOMP 1.2, "Server Frames".
        """
        self.pulse.received = now
        frames: list[Frame] = []
        pos = 0
        while pos < len(data) and self.fault is None:
            start, pos = pos, self._end_of_version(data, pos)
            for frame in self._decoder.feed(data[start:pos]):
                if not self._take(frame, now):
                    return frames
                frames.append(frame)
            self.fault = self._decoder.fault
        return frames

    def _end_of_version(self, data: bytes, pos: int) -> int:
        """Return where to stop for now: CONNECTED decides how what follows it is read."""
        nul = data.find(b"\0", pos) if self.state is ClientState.CONNECTING else -1
        return len(data) if nul < 0 else nul + 1

    def _take(self, frame: Frame, now: float) -> bool:
        """Step to where ``frame`` leads; say whether it may come now."""
        try:
            self._advance(frame.command)
            if frame.command is Command.CONNECTED:
                self._adopt(frame, now)
        except ProtocolError as fault:
            self.fault = fault
            return False
        if self._is_goodbye(frame):
            self.state = ClientState.CLOSED
        return True

    def _is_goodbye(self, frame: Frame) -> bool:
        """Say whether ``frame`` is the receipt that DISCONNECT asked for."""
        if frame.command is not Command.RECEIPT or self._goodbye is None:
            return False
        return frame.headers.get("receipt-id") == self._goodbye

    def _advance(self, command: Command) -> None:
        if command not in SERVER_COMMANDS or command not in TRANSITIONS[self.state]:
            raise RemoteProtocolError(
                f"{command.value} came while {self.state.name.lower()}", section="Server Frames"
            )
        self.state = TRANSITIONS[self.state][command]

    def _adopt(self, frame: Frame, now: float) -> None:
        """Settle version and heart-beats; no ``version`` means 1.0.

        STOMP 1.2, "Protocol Negotiation", "Heart-beating".
        """
        text = frame.headers.get("version") or Version.V1_0.value
        if text not in SUPPORTED:
            raise RemoteProtocolError(
                f"CONNECTED names version {text[:32]!r}, which we did not offer",
                section="Protocol Negotiation",
            )
        self.version = Version(text)
        self.connected = frame.headers.fields
        theirs = heartbeat.parse(frame.headers.get("heart-beat"))
        self.pulse = Pulse(*heartbeat.negotiate(self._ours, theirs), now)
        self._decoder.adopt(BlockReader(self.version), self._limits)
