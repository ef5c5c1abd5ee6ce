"""A process that serves: signals, and on which loop."""

import asyncio
import signal
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from subprocess import PIPE, Popen

import pytest

PROGRAM = """
from hoofbeat.assembly import make_server
from hoofbeat.config import ServerConfig
from hoofbeat.server.runner import run

config = ServerConfig(stomp=("127.0.0.1:0",), http=("127.0.0.1:0",), pages=False)
run(lambda: make_server(config), lambda urls: print(*urls, flush=True))
"""
SECONDS = 8.0  # less than a drain may take, more than a process needs to end


@contextmanager
def running() -> Iterator[tuple[Popen[str], str]]:
    """Start a server process; yields it and its address for STOMP."""
    with Popen([sys.executable, "-c", PROGRAM], stdout=PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            stomp = process.stdout.readline().split()[0]
            yield process, stomp.removeprefix("stomp://")
        finally:
            process.kill()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_drains_and_ends_in_order(number: signal.Signals) -> None:
    with running() as (process, _):
        process.send_signal(number)
        assert process.wait(SECONDS) == 0


def test_a_second_signal_ends_a_drain_at_once() -> None:
    with running() as (process, stomp):
        host, _, port = stomp.rpartition(":")
        with socket.create_connection((host, int(port)), SECONDS):  # it never closes: the drain has to wait
            process.send_signal(signal.SIGTERM)
            refused = asyncio.run(_until_refused(host, int(port)))
            process.send_signal(signal.SIGTERM)
            assert process.wait(SECONDS) == 0
            assert refused


async def _until_refused(host: str, port: int) -> bool:
    """Connect until nobody listens any more: the drain has begun."""
    async with asyncio.timeout(SECONDS):
        while True:
            try:
                _, writer = await asyncio.open_connection(host, port)
            except ConnectionRefusedError:
                return True
            except ConnectionResetError:  # it was in the line when the listener was closed
                continue
            writer.close()
