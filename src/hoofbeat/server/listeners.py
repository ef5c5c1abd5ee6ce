"""Sources of connections: addresses are bound here, and known from then on."""

import asyncio
import os
import socket
from collections.abc import Callable
from contextlib import suppress
from typing import NamedTuple

from hoofbeat.config import split_address
from hoofbeat.errors import ConfigError

_BACKLOG = 1024
_OPTIONS = {"stomps": "tls"}  # what says where, if it is not called as the scheme is

MakeProtocol = Callable[[], asyncio.Protocol]


class Listener(NamedTuple):
    """One bound address.

    Attributes:
        urls: where it can be reached, ready to copy; several where a name has several addresses.
        server: asyncio's.
        path: of a Unix socket, else empty.
    """

    urls: tuple[str, ...]
    server: asyncio.Server
    path: str

    def close(self) -> None:
        """Accept nobody any more; who is in stays."""
        self.server.close()
        if self.path:
            with suppress(FileNotFoundError):
                os.unlink(self.path)


async def listen(address: str, scheme: str, make: MakeProtocol) -> Listener:
    """Bind ``host:port``; port 0 picks a free one.

    Args:
        address: as the configuration has it.
        scheme: for the URLs.
        make: makes the protocol of one connection.

    Raises:
        ConfigError: the address can't be bound.
    """
    host, port = split_address(address)
    try:
        server = await asyncio.get_running_loop().create_server(make, host, port, backlog=_BACKLOG)
    except OSError as error:
        option = _OPTIONS.get(scheme, scheme)
        why = f"{scheme} {address} can't be listened on: {_reason(error)}; name another with --{option}"
        raise ConfigError(why) from error
    for bound in server.sockets:  # accepted sockets inherit it: a peer that vanished is noticed some day
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    return Listener(tuple(_url(scheme, bound.getsockname()) for bound in server.sockets), server, "")


async def listen_unix(path: str, make: MakeProtocol) -> Listener:
    """Bind a Unix socket that only this user and group may use; a stale one is replaced.

    Raises:
        ConfigError: the path can't be bound.
    """
    try:
        server = await asyncio.get_running_loop().create_unix_server(make, path, backlog=_BACKLOG)
        os.chmod(path, 0o660)
    except OSError as error:
        why = f"unix {path} can't be listened on: {_reason(error)}; name another with --unix"
        raise ConfigError(why) from error
    return Listener((f"unix:{path}",), server, path)


def _url(scheme: str, name: tuple[str, int]) -> str:
    host, port = name[:2]
    host = f"[{host}]" if ":" in host else host
    return f"{scheme}://{host}:{port}"


def _reason(error: OSError) -> str:
    return os.strerror(error.errno).lower() if error.errno and error.errno > 0 else str(error)
