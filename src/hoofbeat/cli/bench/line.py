"""A connection of a load test: a link whose messages are handed on read by read."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from time import monotonic, perf_counter_ns
from typing import NamedTuple
from urllib.parse import urlsplit

from hoofbeat.cli.bench.reader import Read, Reader
from hoofbeat.cli.bench.websocket import WebSocket
from hoofbeat.cli.link import CONNECT_SECONDS, Link, LinkError, reason
from hoofbeat.cli.login import Broker, broker_at
from hoofbeat.protocol.client import ClientSession, ClientState
from hoofbeat.protocol.commands import Command
from hoofbeat.protocol.heartbeat import HeartBeat

# We don't promise to be heard: where heart-beats meet its flow control, Web STOMP of RabbitMQ 3.10 drops
# a publisher that is fast. The broker's own are wanted, so that one that has gone is noticed.
_HEART_BEAT = HeartBeat(0, 10_000)
_WEB = {"ws": ("stomp", 80), "wss": ("stomp+ssl", 443)}


class Target(NamedTuple):
    """The broker to be loaded.

    Attributes:
        broker: its address, and how to come in.
        path: of its WebSocket; empty for STOMP without one.
    """

    broker: Broker
    path: str = ""


def target_at(url: str, host: str | None, login: str | None, passcode: str | None, ca: str) -> Target:
    """Read the options; besides the URLs of ``send``, ``ws://host:port/path`` and ``wss`` are known.

    Args:
        url: of the broker.
        host: the virtual host, where it is not the one in ``url``.
        login: who we are.
        passcode: what proves it.
        ca: certificates to trust; empty for the machine's own.

    Raises:
        ConfigError: the URL is none.
    """
    scheme, _, rest = url.partition("://")
    if scheme not in _WEB:
        return _target(broker_at(url, login, passcode, ca), host)
    plain, port = _WEB[scheme]
    authority, slash, path = rest.partition("/")
    try:
        has_port = urlsplit(url).port is not None
    except ValueError:
        has_port = True
    where = f"{plain}://{authority}" if has_port else f"{plain}://{authority}:{port}"
    return _target(broker_at(where, login, passcode, ca), host, slash + path or "/")


def _target(broker: Broker, host: str | None, path: str = "") -> Target:
    return Target(broker if host is None else broker._replace(headers={**broker.headers, "host": host}), path)


def ignore(read: Read, at: int) -> None:
    """Take no notice of messages."""


class Line(Link):
    """A link that cuts its own reads, once it is attended.

    Attributes:
        take: gets what a read brought, and when, in nanoseconds of ``perf_counter_ns``.
        confirmed: gets the id of a receipt; returns whether it had asked for it.
        resumed: called when the broker takes more again.
        is_vouched: whether the broker answered our goodbye, or was not asked.
        is_paused: whether the broker takes no more for now.
    """

    def __init__(self) -> None:
        super().__init__()
        self.session = ClientSession(monotonic(), heart_beat=_HEART_BEAT)
        self.take: Callable[[Read, int], None] = ignore
        self.confirmed: Callable[[str], bool] = lambda _: False
        self.resumed: Callable[[], None] = lambda: None
        self.is_paused = False
        self.is_vouched = True
        self._is_open = False
        self._reader: Reader | None = None

    def attend(self, size: int, *, acks: bool) -> None:
        """Read bodies of ``size`` octets from now on; the link is connected, and nothing else."""
        self._reader = Reader(self.session, size, acks=acks)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take over the transport."""
        super().connection_made(transport)
        self._is_open = True

    def data_received(self, data: bytes) -> None:
        """Take in what one read brought."""
        at = perf_counter_ns()
        if self._reader is None:
            super().data_received(data)
            return
        now = monotonic()
        self.session.pulse.received = now
        read = self._reader.feed(data, now)
        for frame in read.others:
            if frame.command is not Command.RECEIPT or not self.confirmed(
                frame.headers.get("receipt-id") or ""
            ):
                self._frames.append(frame)
                self._something.set()
        if self.session.fault is not None:
            self._something.set()
        if read.bodies:
            self.take(read, at)

    def pause_writing(self) -> None:
        """Let publishers wait."""
        super().pause_writing()
        self.is_paused = True

    def resume_writing(self) -> None:
        """Let publishers go on."""
        super().resume_writing()
        self.is_paused = False
        self.resumed()

    def write(self, frames: Sequence[bytes]) -> None:
        """Send frames that were made beforehand; a link that is closing takes none."""
        if not self._transport.is_closing():
            self._transport.writelines(frames)
            self.session.pulse.sent = monotonic()

    async def part(self) -> str:
        """Say goodbye, and by its receipt learn that the broker has handled all that was sent.

        Returns:
            what was refused, or empty; a broker that hangs up without the receipt refuses nothing.
        """
        try:
            await self.leave()
        except LinkError as error:
            if self.session.state is not ClientState.DISCONNECTING:
                return str(error)
            self.is_vouched = False
        return ""

    async def leave_transport(self) -> None:
        """Close the transport and wait for it, if it came to one."""
        if self._is_open:
            self.close()
            await self.wait_closed()

    async def watch(self) -> None:
        """Wait for the end.

        Raises:
            LinkError: always, in the end; it says why.
        """
        while True:
            await self.next()


@asynccontextmanager
async def open_line(target: Target) -> AsyncIterator[Line]:
    """Connect to the broker; what was opened is closed in the end.

    Raises:
        LinkError: it can't be reached, or refuses.
        ConfigError: certificates can't be read.
    """
    line = Line()
    try:
        await _connect(line, target)
        yield line
    finally:
        await line.leave_transport()


async def _connect(line: Line, target: Target) -> None:
    endpoint, headers, _ = target.broker
    try:
        async with asyncio.timeout(CONNECT_SECONDS):
            await _carry(line, target)
            await line.connect({"host": endpoint.host or "localhost", **headers})
    except TimeoutError:
        raise LinkError(f"{endpoint} does not answer") from None
    except ssl.SSLError as error:
        raise LinkError(f"{endpoint}: no TLS: {reason(error)}") from None
    except OSError as error:
        raise LinkError(f"{endpoint} can't be reached: {reason(error)}") from None


async def _carry(line: Line, target: Target) -> None:
    """Open a transport for ``line``."""
    loop = asyncio.get_running_loop()
    (host, port, path, _), _, ca = target.broker
    tls = target.broker.endpoint.tls(ca)
    if path:
        await loop.create_unix_connection(lambda: line, path)
    elif not target.path:
        await loop.create_connection(lambda: line, host, port, ssl=tls)
    else:
        authority = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        carrier = WebSocket(line, authority, target.path)
        await loop.create_connection(lambda: carrier, host, port, ssl=tls)
        try:
            await carrier.opened
        except BaseException:
            carrier.close()
            raise
