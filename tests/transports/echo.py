"""A server that echoes: what transports need above them, small enough to see through."""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator, Callable

from hoofbeat.broker.time import Now
from hoofbeat.broker.users import Peer
from hoofbeat.protocol.framing import Framing
from hoofbeat.protocol.outbox import Outlet
from hoofbeat.server.turns import read_clocks

SECONDS = 5.0  # before a test gives up


class Echo:
    """Takes lines; answers each with itself at the end of the turn. ``quit`` gets ``bye`` and the close."""

    def __init__(self, gate: "EchoGate", outlet: Outlet, framing: Framing, peer: Peer) -> None:
        self.gate = gate
        self.outlet = outlet
        self.framing = framing
        self.peer = peer
        self.reads: list[bytes] = []
        self.waiting: list[bytes] = []
        self.rest = b""
        self.pauses: list[bool] = []
        self.is_lost = False
        self.changed = asyncio.Event()

    def received(self, data: bytes, now: Now) -> None:
        self.reads.append(data)
        *lines, self.rest = (self.rest + data).split(b"\n")
        for line in lines:
            if line == b"quit":
                self.flush()
                self.outlet.write([self.framing.frame(b"bye\n")])
                self.outlet.close()
            else:
                self.waiting.append(line + b"\n")
        self.changed.set()

    def pause_writing(self, now: Now) -> None:
        self.pauses.append(True)
        self.changed.set()

    def resume_writing(self, now: Now) -> None:
        self.pauses.append(False)
        self.changed.set()

    def lost(self, now: Now) -> None:
        self.is_lost = True
        self.changed.set()

    def flush(self) -> None:
        chunks = [self.framing.frame(line) for line in self.waiting]
        self.waiting = []
        if chunks:
            self.outlet.write(chunks)

    async def until_lost(self) -> None:
        await self.until(lambda: self.is_lost)

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(SECONDS):
            while not condition():
                self.changed.clear()
                await self.changed.wait()


class EchoGate:
    """Lets everybody in, unless told what to answer."""

    def __init__(self, refusal: str | None = None) -> None:
        self.refusal = refusal
        self.close_code = 1000
        self.now = read_clocks
        self.inside: list[Peer] = []
        self.echoes: list[Echo] = []
        self.outlets: set[Outlet] = set()
        self.arrived: asyncio.Queue[Echo] = asyncio.Queue()
        self.changed = asyncio.Event()

    def enter(self, peer: Peer) -> str | None:
        if self.refusal is None:
            self.inside.append(peer)
        self.changed.set()
        return self.refusal

    def rename(self, old: Peer, new: Peer) -> str | None:
        if self.refusal is None:
            self.inside[self.inside.index(old)] = new
        return self.refusal

    def leave(self, peer: Peer) -> None:
        self.inside = [
            other for other in self.inside if (other.address, other.port) != (peer.address, peer.port)
        ]
        self.changed.set()

    def attach(self, outlet: Outlet, framing: Framing, peer: Peer) -> Echo:
        echo = Echo(self, outlet, framing, peer)
        self.echoes.append(echo)
        self.outlets.add(outlet)
        self.arrived.put_nowait(echo)
        return echo

    def detach(self, outlet: Outlet) -> None:
        self.outlets.discard(outlet)

    def answer(self, now: Now, count: int) -> None:
        self.wake()

    def wake(self) -> None:
        asyncio.get_running_loop().call_soon(self.flush)

    def flush(self) -> None:
        for echo in self.echoes:
            echo.flush()

    async def next(self) -> Echo:
        return await asyncio.wait_for(self.arrived.get(), SECONDS)

    async def until_empty(self) -> None:
        async with asyncio.timeout(SECONDS):
            while self.inside:
                self.changed.clear()
                await self.changed.wait()


class Client:
    """A plain stream client with a time limit on everything."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    def send(self, *pieces: bytes) -> None:
        self.writer.writelines(pieces)

    def stop_reading(self) -> None:
        """Take nothing more from the network."""
        self.writer.transport.pause_reading()  # type: ignore[attr-defined] # typeshed: WriteTransport

    async def read(self, count: int) -> bytes:
        return await asyncio.wait_for(self.reader.readexactly(count), SECONDS)

    async def until(self, end: bytes) -> bytes:
        return await asyncio.wait_for(self.reader.readuntil(end), SECONDS)

    async def rest(self) -> bytes:
        return await asyncio.wait_for(self.reader.read(), SECONDS)


@contextlib.asynccontextmanager
async def client_of(server: asyncio.Server, tls: ssl.SSLContext | None = None) -> AsyncIterator[Client]:
    """Connect to a server on this machine; the connection is closed in any case."""
    address = server.sockets[0].getsockname()
    if isinstance(address, str):
        streams = await asyncio.open_unix_connection(address)
    else:
        streams = await asyncio.open_connection(*address[:2], ssl=tls)
    client = Client(*streams)
    try:
        yield client
    finally:
        client.writer.close()
        with contextlib.suppress(OSError, TimeoutError):
            await asyncio.wait_for(client.writer.wait_closed(), SECONDS)
