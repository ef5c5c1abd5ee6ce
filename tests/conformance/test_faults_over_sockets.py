"""The same over TCP and WebSocket: what is sent in pieces is answered as what is sent in one."""

from collections.abc import AsyncIterator, Sequence
from urllib.parse import urlsplit

import pytest

from hoofbeat.assembly import make_server
from hoofbeat.config import AdmissionConfig, BrokerConfig, ServerConfig
from hoofbeat.server.server import Server
from tests.conformance.faults import AFTER, BAD, BAD_BEFORE_CONNECT, BAD_SINCE_1_1, GOOD, LIMITS, comparable
from tests.conformance.sockets import message, over_tcp, over_websocket
from tests.conformance.wire import connect_frame, cut

CONFIG = ServerConfig(
    stomp=("127.0.0.1:0",),
    http=("127.0.0.1:0",),
    pages=False,
    limits=AdmissionConfig(accepts_per_second=1_000_000),
    broker=BrokerConfig(limits=LIMITS),
)
MESSAGE_BYTES = 200  # a WebSocket message may be no larger than a frame

STREAMS = {
    **{
        name: (connect_frame("1.2") + GOOD + bad + AFTER, 7) for name, bad in {**BAD, **BAD_SINCE_1_1}.items()
    },
    **{f"before connect: {name}": (bad + AFTER, 0) for name, bad in BAD_BEFORE_CONNECT.items()},
}
QUICK = ("unknown command", "missing destination", "large body", "not utf-8", "before connect: send first")
names = pytest.mark.parametrize(
    "name", [pytest.param(name, marks=() if name in QUICK else pytest.mark.slow) for name in STREAMS]
)


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    """A server on free ports of this machine."""
    server = make_server(CONFIG)
    await server.start()
    yield server
    await server.abort()


def _address(server: Server, scheme: str) -> tuple[str, int]:
    url = next(urlsplit(url) for url in server.urls if url.startswith(f"{scheme}://"))
    assert url.hostname is not None
    assert url.port is not None
    return url.hostname, url.port


def _check_commands(octets: bytes, good: int) -> None:
    commands = [heard.command for heard in cut(octets)[0]]
    assert commands.index("ERROR") == good == len(commands) - 1


def _messages(pieces: Sequence[bytes]) -> list[bytes]:
    return [
        message(piece[start : start + MESSAGE_BYTES])
        for piece in pieces
        for start in range(0, len(piece), MESSAGE_BYTES)
    ]


@names
async def test_a_fault_is_answered_alike_at_every_cut_over_tcp(server: Server, name: str) -> None:
    stream, good = STREAMS[name]
    address = _address(server, "stomp")
    expected = comparable(await over_tcp(address, [stream]))
    _check_commands(expected, good)
    for place in range(1, len(stream)):
        answers = comparable(await over_tcp(address, [stream[:place], stream[place:]]))
        assert answers == expected, place


@names
async def test_a_fault_is_answered_alike_at_every_cut_into_messages(server: Server, name: str) -> None:
    stream, good = STREAMS[name]
    address = _address(server, "http")
    expected = comparable(await over_websocket(address, [b"".join(_messages([stream]))]))
    _check_commands(expected, good)
    for place in range(1, len(stream)):
        pieces = _messages([stream[:place], stream[place:]])
        answers = comparable(await over_websocket(address, [b"".join(pieces)]))
        assert answers == expected, place


@names
async def test_a_fault_is_answered_alike_at_every_cut_of_a_websocket(server: Server, name: str) -> None:
    stream, good = STREAMS[name]
    octets = b"".join(_messages([stream]))
    address = _address(server, "http")
    expected = comparable(await over_websocket(address, [octets]))
    _check_commands(expected, good)
    for place in range(1, len(octets)):
        answers = comparable(await over_websocket(address, [octets[:place], octets[place:]]))
        assert answers == expected, place
