"""The small client of the commands: a session of the protocol floor on a transport of asyncio."""

import asyncio
import os
import re
import ssl
from collections import deque
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from time import monotonic
from typing import cast

from hoofbeat.cli.endpoint import Endpoint
from hoofbeat.errors import HoofbeatError, RemoteProtocolError
from hoofbeat.protocol.client import ClientSession, ClientState
from hoofbeat.protocol.commands import Command
from hoofbeat.protocol.escaping import unescape
from hoofbeat.protocol.frames import Frame
from hoofbeat.protocol.heartbeat import HeartBeat
from hoofbeat.protocol.versions import Version

HEART_BEAT = HeartBeat(10_000, 10_000)
CONNECT_SECONDS = 10.0
GOODBYE_SECONDS = 5.0
CLOSE_SECONDS = 1.0
_LEAST_WAIT_SECONDS = 0.01
_ERRNO = re.compile(r"\[Errno (\d+)\]")  # asyncio puts several errors into one text


class LinkError(HoofbeatError):
    """The broker could not be reached, refused, or went away; the message says so in one line."""


class Link(asyncio.Protocol):
    """A session with a broker, its heart-beats kept by a timer.

    Attributes:
        session: the conversation.
    """

    def __init__(self) -> None:
        """Wait for the transport."""
        self.session = ClientSession(monotonic(), heart_beat=HEART_BEAT)
        self._frames: deque[Frame] = deque()
        self._something = asyncio.Event()  # came, or the transport is gone
        self._writable = asyncio.Event()
        self._writable.set()
        self._lost = asyncio.Event()
        self._timer: asyncio.TimerHandle | None = None
        self._end = ""  # why nothing more will come
        self._receipts = 0

    # What asyncio calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take over the transport."""
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        """Take in what one read brought."""
        self._frames.extend(self.session.feed(data, monotonic()))
        self._something.set()
        if self._timer is None:
            self._set_timer()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wake whoever waits."""
        self._end = self._end or (
            f"the connection broke: {reason(exc)}" if exc else "the broker closed the connection"
        )
        if self._timer is not None:
            self._timer.cancel()
        self._lost.set()
        self._writable.set()
        self._something.set()

    def pause_writing(self) -> None:
        """Let senders wait."""
        self._writable.clear()

    def resume_writing(self) -> None:
        """Let senders go on."""
        self._writable.set()

    # What the commands call.

    async def send(self, command: Command, headers: Mapping[str, str], body: bytes = b"") -> None:
        """Send one frame, as fast as the broker takes it.

        Raises:
            LinkError: ERROR came.
        """
        while self.session.state is ClientState.CLOSED:
            await self.next()
        self._transport.write(self.session.send(command, headers, body, now=monotonic()))
        await self._writable.wait()

    async def confirm(self, command: Command, headers: Mapping[str, str], body: bytes = b"") -> str:
        """Send one frame and wait for its receipt; MESSAGEs that come meanwhile are kept.

        Returns:
            the receipt's id.
        """
        self._receipts += 1
        receipt = headers.get("receipt") or f"hoofbeat-{self._receipts}"
        await self.send(command, {**headers, "receipt": receipt}, body)
        kept: list[Frame] = []
        while (frame := await self.next()).headers.get("receipt-id") != receipt:
            kept.append(frame)
        self._frames.extendleft(reversed(kept))
        return receipt

    async def next(self) -> Frame:
        """Return the next frame.

        Raises:
            LinkError: ERROR came, or nothing more will come.
        """
        while not self._frames:
            if self.session.fault is not None:
                raise LinkError(f"the broker broke the protocol: {self.session.fault}")
            if self._end:
                raise LinkError(self._end)
            self._something.clear()
            await self._something.wait()
        frame = self._frames.popleft()
        if frame.command is Command.ERROR:
            raise LinkError(_refusal(frame, self.session.version if self.session.connected else None))
        return frame

    async def connect(self, headers: Mapping[str, str]) -> None:
        """Send CONNECT and wait for the answer."""
        self._transport.write(self.session.connect(headers, monotonic()))
        await self.next()

    async def leave(self) -> None:
        """Send DISCONNECT and wait, within reason, for its receipt.

        Raises:
            LinkError: something that was sent before was refused, or nobody answers.
        """
        try:
            async with asyncio.timeout(GOODBYE_SECONDS):
                await self.confirm(Command.DISCONNECT, {})
        except TimeoutError:
            raise LinkError("the broker does not answer DISCONNECT") from None

    def close(self) -> None:
        """Close the transport, once what was sent is out."""
        self._transport.close()

    async def wait_closed(self) -> None:
        """Wait until it is closed; a broker that does not let go is left."""
        try:
            async with asyncio.timeout(CLOSE_SECONDS):
                await self._lost.wait()
        except TimeoutError:
            self._transport.abort()
            await self._lost.wait()

    def _set_timer(self) -> None:
        wait = self.session.pulse.deadline() - monotonic()
        if wait != float("inf"):
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(max(wait, _LEAST_WAIT_SECONDS), self._tick)

    def _tick(self) -> None:
        """Send the heart-beat that is due; give up a broker that owes us one."""
        now = monotonic()
        if self.session.pulse.is_lost(now):
            self._end = "the broker fell silent: its heart-beats stopped"
            self._transport.abort()
        else:
            self._transport.write(self.session.beat(now))
            self._set_timer()


@asynccontextmanager
async def open_link(endpoint: Endpoint, headers: Mapping[str, str], ca: str = "") -> AsyncIterator[Link]:
    """Connect to a broker; what was opened is closed in the end.

    Raises:
        LinkError: it can't be reached, or refuses.
        ConfigError: the certificates in ``ca`` can't be read.
    """
    link = await _open(endpoint, ca)
    try:
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                await link.connect({"host": endpoint.host or "localhost", **headers})
        except TimeoutError:
            raise LinkError(f"{endpoint} does not answer CONNECT") from None
        yield link
    finally:
        link.close()
        await link.wait_closed()


async def _open(endpoint: Endpoint, ca: str) -> Link:
    loop = asyncio.get_running_loop()
    tls = endpoint.tls(ca)
    try:
        async with asyncio.timeout(CONNECT_SECONDS):
            if endpoint.path:
                return (await loop.create_unix_connection(Link, endpoint.path))[1]
            return (await loop.create_connection(Link, endpoint.host, endpoint.port, ssl=tls))[1]
    except TimeoutError:
        raise LinkError(f"{endpoint} does not answer") from None
    except ssl.SSLError as error:
        raise LinkError(f"{endpoint}: no TLS: {reason(error)}") from None
    except OSError as error:
        raise LinkError(f"{endpoint} can't be reached: {reason(error)}") from None


def reason(error: Exception) -> str:
    """Say what an error of the system was, without its number."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not trusted: {error.verify_message}"
    if isinstance(error, ssl.SSLError) and error.reason:
        return error.reason.replace("_", " ").lower()
    number = (isinstance(error, OSError) and error.errno) or 0
    if not number and (among_several := _ERRNO.search(str(error))):
        number = int(among_several[1])
    text = os.strerror(number) if number > 0 else str(error)
    return text.lower() or type(error).__name__


def _refusal(frame: Frame, version: Version | None) -> str:
    """Put an ERROR into one line: its ``message``, and its body where that says more."""
    summary = frame.headers.get("message") or "the broker sent ERROR"
    if version is None:  # escaped, and read before it was known how
        with suppress(RemoteProtocolError):
            summary = unescape(summary, Version.V1_2)
    detail = " ".join(frame.body.decode(errors="replace").split())
    if summary in detail:
        return f"refused: {detail}"
    return f"refused: {summary}" + (f": {detail}" if detail and detail not in summary else "")
