"""What a client sees: bytes to the broker, bytes from it, and whether the connection is still there.

A thin layer over the transport in memory. Frames that come back are cut by a reader of its own,
which knows nothing of ours, and are never unescaped: what stood on the wire is what tests see.
"""

from typing import NamedTuple

import pytest

from hoofbeat.assembly import make_broker
from hoofbeat.broker.time import Now
from hoofbeat.broker.users import Peer
from hoofbeat.config import BrokerConfig
from hoofbeat.protocol.framing import STREAM
from hoofbeat.server.connection import Connection
from hoofbeat.stores.base import Store
from hoofbeat.transports.memory import MemoryOutlet

VERSIONS = ("1.0", "1.1", "1.2")

every_version = pytest.mark.parametrize("version", VERSIONS)
since_1_1 = pytest.mark.parametrize("version", VERSIONS[1:])

START_SECONDS = 1000.0
START_EPOCH_MS = 1_700_000_000_000
PEER = Peer("tcp", "127.0.0.1", 40_000, True, False)


class Heard(NamedTuple):
    """A frame as it stood on the wire: nothing unescaped, repeated headers kept."""

    command: str
    headers: tuple[tuple[str, str], ...]
    body: bytes

    def get(self, name: str) -> str | None:
        """Return the first header of that name, or None."""
        return next((value for known, value in self.headers if known == name), None)

    def header(self, name: str) -> str:
        """Return the first header of that name, which must be there."""
        value = self.get(name)
        assert value is not None, f"no {name} in {self}"
        return value


def frame(command: str, *headers: str, body: bytes = b"") -> bytes:
    """Write a frame, its header lines just as they are given."""
    return "\n".join([command, *headers, "", ""]).encode() + body + b"\0"


def connect_frame(version: str, *headers: str) -> bytes:
    """Write the CONNECT of a client that speaks one version; 1.0 had no accept-version."""
    offered = () if version == "1.0" else (f"accept-version:{version}", "host:example.org")
    return frame("CONNECT", *offered, *headers)


def settlement(command: str, version: str, message: Heard, *headers: str) -> bytes:
    """Write the ACK or NACK of a message as the version wants it."""
    names = {
        "1.0": lambda: (f"message-id:{message.header('message-id')}",),
        "1.1": lambda: (
            f"message-id:{message.header('message-id')}",
            f"subscription:{message.header('subscription')}",
        ),
        "1.2": lambda: (f"id:{message.header('ack')}",),
    }
    return frame(command, *names[version](), *headers)


def cut(data: bytes) -> tuple[list[Heard], bytes]:
    """Cut frames off the front of ``data``; return them and what is not yet a whole frame."""
    frames: list[Heard] = []
    rest = data.lstrip(b"\n")
    while b"\n\n" in rest:
        block, _, after = rest.partition(b"\n\n")
        command, *lines = block.decode().split("\n")
        pairs = tuple((name, value) for name, _, value in (line.partition(":") for line in lines))
        length = next((int(value) for name, value in pairs if name == "content-length"), after.find(b"\0"))
        if length < 0 or len(after) <= length:
            break
        assert after[length] == 0, f"no NUL after the body of {command}"
        frames.append(Heard(command, pairs, after[:length]))
        rest = after[length + 1 :].lstrip(b"\n")
    return frames, rest


class Client:
    """One client of the broker, from its first byte to its last."""

    def __init__(self, wire: "Wire") -> None:
        """Open the stream and say nothing."""
        self._wire = wire
        self._outlet = MemoryOutlet()
        self._taken = 0
        self._connection = Connection(wire.broker, self._outlet, STREAM, PEER, wire.now())

    def receive(self, data: bytes) -> None:
        """Let the broker read this, and have one turn of the loop."""
        self._connection.received(data, self._wire.now())
        self._wire.broker.flush()

    def receive_only(self, data: bytes) -> None:
        """Let the broker read this; the turn goes on."""
        self._connection.received(data, self._wire.now())

    def send(self, *data: bytes) -> None:
        """Let the broker read all of this at once."""
        self._connection.received(b"".join(data), self._wire.now())
        self._wire.flush()

    def pause(self) -> None:
        """Read nothing more: the transport is full."""
        self._connection.pause_writing(self._wire.now())

    def resume(self) -> None:
        """Read again: the transport has room."""
        self._connection.resume_writing(self._wire.now())
        self._wire.flush()

    def send_in_pieces(self, *pieces: bytes) -> None:
        """Let the broker read these one after the other."""
        for piece in pieces:
            self._connection.received(piece, self._wire.now())
        self._wire.broker.flush()

    def octets(self) -> bytes:
        """Return what came since the last time this or :meth:`frames` was asked."""
        written = b"".join(self._outlet.written)
        taken, self._taken = self._taken, len(written)
        return written[taken:]

    def frames(self) -> list[Heard]:
        """Return the frames that came since the last time."""
        frames, rest = cut(self.octets())
        assert rest == b""
        return frames

    def frame(self) -> Heard:
        """Return the one frame that came since the last time."""
        frames = self.frames()
        assert len(frames) == 1, frames
        return frames[0]

    def bodies(self) -> list[bytes]:
        """Return the bodies of the messages that came since the last time."""
        return [heard.body for heard in self.frames() if heard.command == "MESSAGE"]

    def refusal(self) -> Heard:
        """Return the ERROR that ended the connection; nothing may come after it."""
        frames = self.frames()
        assert [heard.command for heard in frames][-1:] == ["ERROR"], frames
        assert self.closed
        return frames[-1]

    @property
    def closed(self) -> bool:
        """Whether the broker closed the connection."""
        return self._outlet.closed

    def leave(self) -> None:
        """Break the connection off."""
        self._connection.lost(self._wire.now())
        self._wire.broker.flush()


class Wire:
    """A broker with nothing around it but a clock of ours."""

    def __init__(
        self, config: BrokerConfig | None = None, *, store: Store | None = None, epoch: str | None = None
    ) -> None:
        """Start a broker that nobody is connected to."""
        self._seconds = 0.0
        self._is_woken = False
        self.broker = make_broker(
            config or BrokerConfig(), store=store, epoch=epoch, now=self.now(), wake=self._wake
        )

    def open(self) -> Client:
        """Open a connection on which nothing was said yet."""
        return Client(self)

    def connect(self, version: str = "1.2", *headers: str) -> Client:
        """Open a session; CONNECTED was heard already."""
        client = self.open()
        client.send(connect_frame(version, *headers))
        assert client.frame().command == "CONNECTED"
        return client

    def flush(self) -> None:
        """Have as many turns of the loop as there is something to do in."""
        self._is_woken = True
        while self._is_woken:
            self._is_woken = False
            self.broker.flush()

    def _wake(self) -> None:
        self._is_woken = True

    def now(self) -> Now:
        """Read our clock."""
        return Now(START_SECONDS + self._seconds, START_EPOCH_MS + round(self._seconds * 1000))

    def pass_time(self, seconds: float) -> None:
        """Let time pass, and the broker do what is due when it is due."""
        until = self._seconds + seconds
        while (due := self.broker.advance(self.now()) - START_SECONDS) <= until:
            self.broker.flush()
            self._seconds = max(due, self._seconds + 0.001)
        self._seconds = until
        self.broker.advance(self.now())
        self.broker.flush()
