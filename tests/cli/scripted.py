"""Brokers that do what a test says, byte for byte."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from hoofbeat.cli.endpoint import Endpoint

CONNECTED = b"CONNECTED\nversion:1.2\nheart-beat:0,0\n\n\0"

Script = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def scripted(script: Script, tls: ssl.SSLContext | None = None) -> AsyncIterator[Endpoint]:
    """Listen on a free port; each client is served by ``script`` and then left."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await script(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=tls)
    async with server:
        port = server.sockets[0].getsockname()[1]
        yield Endpoint("127.0.0.1", port, is_encrypted=tls is not None)


def answers(*each: bytes) -> Script:
    """Make a script that answers every frame of the client with the next of ``each``."""

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for answer in each:
            await reader.readuntil(b"\0")
            writer.write(answer)
        await writer.drain()

    return script


async def hold(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Read, and never answer."""
    while await reader.read(1024):
        pass
