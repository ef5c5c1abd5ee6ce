"""What meets the network is tested on both event loops, the rest on asyncio's; and fixtures of HTTP."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path

import pytest

from hoofbeat.server.http import HttpPort
from hoofbeat.server.listeners import Listener, listen
from hoofbeat.server.site import make_app, read_pages
from hoofbeat.transports.sites import Sites
from tests.server.asking import MESSAGE_BYTES
from tests.transports import conftest
from tests.transports.echo import Client, EchoGate, client_of

_ON_THE_NETWORK = {
    "test_http.py",
    "test_http_websockets.py",
    "test_listeners.py",
    "test_server.py",
    "test_https.py",
    "test_control.py",
}


def pytest_asyncio_loop_factories(
    config: pytest.Config, item: pytest.Item
) -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    """Choose the loops of a test by its file."""
    if item.path.name in _ON_THE_NETWORK:
        return conftest.pytest_asyncio_loop_factories(config, item)
    return {"asyncio": asyncio.new_event_loop}


@pytest.fixture
def gate() -> EchoGate:
    return EchoGate()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "vendor").mkdir()
    (tmp_path / "index.html").write_text("<!doctype html><title>Grüße</title>", encoding="utf-8")
    (tmp_path / "main.js").write_text("export {};")
    (tmp_path / "logo.svg").write_text("<svg/>")
    (tmp_path / "vendor" / "stomp.min.js").write_text("var StompJs;")
    (tmp_path / "notes.secret").write_text("not served")
    return tmp_path


@pytest.fixture
def port(gate: EchoGate, folder: Path) -> HttpPort:
    sites = Sites()
    app = make_app(sites, read_pages(folder), lambda: gate.refusal == "draining")
    return HttpPort(gate, app, sites, message_bytes=MESSAGE_BYTES)


@pytest.fixture
async def http(port: HttpPort) -> AsyncIterator[Listener]:
    listener = await listen("127.0.0.1:0", "http", port.make_door)
    yield listener
    listener.close()
    port.abort()


@pytest.fixture
async def client(http: Listener) -> AsyncIterator[Client]:
    async with client_of(http.server) as client:
        yield client
