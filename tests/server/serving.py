"""A whole server on free ports, and a client that speaks STOMP to it in bytes."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from urllib.parse import urlsplit

from hoofbeat.assembly import make_server
from hoofbeat.config import ServerConfig
from hoofbeat.server.ending import end_at_once
from hoofbeat.server.memory_mark import MemoryMark
from hoofbeat.server.server import Server
from tests.transports.echo import SECONDS, Client

CONFIG = ServerConfig(stomp=("127.0.0.1:0",), http=("127.0.0.1:0",), pages=False)
CONNECT = b"CONNECT\naccept-version:1.2\nhost:localhost\n\n\0"


@contextlib.asynccontextmanager
async def serving(
    config: ServerConfig = CONFIG,
    memory: MemoryMark | None = None,
    fatal: Callable[[str], None] = end_at_once,
) -> AsyncIterator[Server]:
    """Run a server; it is aborted in the end, in case it was not drained."""
    server = make_server(config, memory=memory, fatal=fatal)
    await server.start()
    try:
        yield server
    finally:
        await server.abort()


def address_of(server: Server, scheme: str = "stomp") -> tuple[str, int]:
    """Return where the server listens for a scheme."""
    url = next(urlsplit(url) for url in server.urls if url.startswith(f"{scheme}://"))
    assert url.hostname is not None
    assert url.port is not None
    return url.hostname, url.port


@contextlib.asynccontextmanager
async def talking(server: Server, scheme: str = "stomp") -> AsyncIterator[Client]:
    """Open a stream; it is closed in the end."""
    client = Client(*await asyncio.open_connection(*address_of(server, scheme)))
    try:
        yield client
    finally:
        client.writer.close()
        with contextlib.suppress(OSError, TimeoutError):
            await asyncio.wait_for(client.writer.wait_closed(), SECONDS)


@contextlib.asynccontextmanager
async def connected(server: Server) -> AsyncIterator[Client]:
    """Open a stream and a session on it."""
    async with talking(server) as client:
        client.send(CONNECT)
        assert (await client.until(b"\0")).startswith(b"CONNECTED\nversion:1.2\n")
        yield client
