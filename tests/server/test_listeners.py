"""Addresses: bound, named, refused."""

import asyncio
from pathlib import Path

import pytest

from hoofbeat.errors import ConfigError
from hoofbeat.server.listeners import listen, listen_unix


async def test_port_0_picks_a_free_one_and_says_which() -> None:
    listener = await listen("127.0.0.1:0", "stomp", asyncio.Protocol)
    port = listener.server.sockets[0].getsockname()[1]
    assert port > 0
    assert listener.urls == (f"stomp://127.0.0.1:{port}",)
    listener.close()


async def test_an_ipv6_address_is_written_in_brackets() -> None:
    try:
        listener = await listen("[::1]:0", "stomp", asyncio.Protocol)
    except ConfigError:
        return  # this machine has no IPv6: then there is nothing to name
    assert listener.urls[0].startswith("stomp://[::1]:")
    listener.close()


async def test_an_address_in_use_is_refused_by_name() -> None:
    listener = await listen("127.0.0.1:0", "stomp", asyncio.Protocol)
    taken = listener.urls[0].removeprefix("stomp://")
    for scheme, option in (("stomp", "stomp"), ("stomps", "tls"), ("http", "http"), ("https", "https")):
        why = f"{scheme} {taken} can't be listened on: address already in use; name another with --{option}$"
        with pytest.raises(ConfigError, match=why):
            await listen(taken, scheme, asyncio.Protocol)
    listener.close()


async def test_a_closed_listener_accepts_nobody() -> None:
    listener = await listen("127.0.0.1:0", "stomp", asyncio.Protocol)
    address = listener.server.sockets[0].getsockname()
    listener.close()
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection(*address)


async def test_a_stale_unix_socket_is_replaced_and_a_closed_one_removed(tmp_path: Path) -> None:
    path = tmp_path / "hoofbeat.sock"
    stale = await listen_unix(str(path), asyncio.Protocol)
    stale.server.close()
    listener = await listen_unix(str(path), asyncio.Protocol)
    assert path.is_socket()
    listener.close()
    listener.close()
    assert not path.exists()


async def test_a_path_that_cannot_be_bound_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"unix .* can't be listened on: .*; name another with --unix$"):
        await listen_unix(str(tmp_path / "missing" / "hoofbeat.sock"), asyncio.Protocol)
