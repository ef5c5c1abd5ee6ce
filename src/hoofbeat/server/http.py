"""The one HTTP port: pages and ``/healthz`` by an ASGI application, WebSockets by our own adapter."""

import asyncio
import logging
from asyncio import BaseTransport, TimerHandle, Transport
from asyncio import Protocol as NetworkProtocol
from collections.abc import Callable
from typing import Any, cast

from starlette.types import ASGIApp
from uvicorn import Config
from uvicorn.server import ServerState

from hoofbeat.broker.users import Peer
from hoofbeat.config import AdmissionConfig
from hoofbeat.server.reception import shown
from hoofbeat.transports import handshake
from hoofbeat.transports.proxies import Headers, Proxies
from hoofbeat.transports.sites import Sites
from hoofbeat.transports.stream import Gate, later, peer_of
from hoofbeat.transports.websocket import WebSocketOutlet

logger = logging.getLogger("hoofbeat.server")

_KEEP_ALIVE_SECONDS = 5
_LIMITS = AdmissionConfig()
_NO_PROXIES = Proxies()

_ANSWERS = {
    431: b"HTTP/1.1 431 Request Header Fields Too Large\r\n",
    503: b"HTTP/1.1 503 Service Unavailable\r\n",
}
_NO_MORE = b"connection: close\r\ncontent-length: 0\r\n\r\n"


class HttpPort:
    """What all connections to the HTTP ports share.

    uvicorn's protocol (on httptools where that is installed, else on h11) reads the requests and
    runs the application; a request for an upgrade it hands to :class:`Upgrade`.
    """

    def __init__(
        self,
        gate: Gate,
        app: ASGIApp,
        sites: Sites,
        *,
        message_bytes: int,
        limits: AdmissionConfig = _LIMITS,
        proxies: Proxies = _NO_PROXIES,
    ) -> None:
        """Prepare uvicorn, of which neither loop nor listeners nor signal handlers are used.

        Args:
            gate: of the server.
            app: answers all requests but those for an upgrade.
            sites: who may open a WebSocket.
            message_bytes: most that a WebSocket frame may hold.
            limits: of a request.
            proxies: whose word is taken for whom they forward.
        """
        self.gate = gate
        self.sites = sites
        self.message_bytes = message_bytes
        self.limits = limits
        self.proxies = proxies
        self.doors: set[Door] = set()
        self._state = ServerState()
        self._config = _uvicorn(app, limits.http_head_bytes)

    def make_protocol(self, door: "Door") -> NetworkProtocol:
        """Make the protocol that serves one connection; the application finds its door in the scope."""
        make = cast(Callable[..., NetworkProtocol], self._config.http_protocol_class)
        return make(config=self._config, server_state=self._state, app_state={"door": door})

    def make_door(self) -> "Door":
        """Make the protocol of a connection that comes in."""
        return Door(self)

    def shut_down(self) -> None:
        """Close what is idle, and the rest after its answer."""
        for door in tuple(self.doors):
            door.shut_down()

    def abort(self) -> None:
        """Close all at once; WebSockets are none of ours any more."""
        for door in tuple(self.doors):
            door.abort()


def _uvicorn(app: ASGIApp, head_bytes: int) -> Config:
    """Configure uvicorn for what it is used for here: HTTP/1.1 on streams that are made elsewhere."""
    config = Config(
        app,
        ws=cast(type[NetworkProtocol], Upgrade),
        interface="asgi3",
        lifespan="off",
        log_config=None,
        log_level="error",
        access_log=False,
        proxy_headers=False,
        server_header=False,
        date_header=False,
        timeout_keep_alive=_KEEP_ALIVE_SECONDS,
        h11_max_incomplete_event_size=head_bytes,
    )
    config.load()
    return config


class Door(NetworkProtocol):
    """One HTTP connection: uvicorn's protocol, and the limits that it does not know.

    A request's head has to come in time and within its size, and an answer has to be read. Once
    a request has become a WebSocket, the door is out of the way.

    Attributes:
        peer: who is at the other end, as it is counted; limits per address do not count proxies.
        port: what it shares with the others.
    """

    __slots__ = ("_inner", "_origin", "_pending", "_stall", "_timer", "_transport", "peer", "port")

    peer: Peer

    def __init__(self, port: HttpPort) -> None:
        """Wait for the transport."""
        self.port = port
        self._inner: NetworkProtocol | None = None
        self._timer: TimerHandle | None = None
        self._stall: TimerHandle | None = None  # runs while the transport is full
        self._pending = 0  # bytes since the application was called last

    def connection_made(self, transport: BaseTransport) -> None:
        """Let the peer in, or tell it that it can't come in."""
        self._transport = cast(Transport, transport)
        is_encrypted = transport.get_extra_info("sslcontext") is not None
        self._origin = peer_of(transport, "http")._replace(is_encrypted=is_encrypted)
        is_proxy = self.port.proxies.lists(self._origin.address)
        self.peer = self._origin._replace(is_local=True) if is_proxy else self._origin
        refusal = self.port.gate.enter(self.peer)
        if refusal is None:
            self.port.doors.add(self)
            self._inner = self.port.make_protocol(self)
            self._inner.connection_made(transport)
            self.answered()
        elif refusal:
            self.give_up(503)
        else:
            self._transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        """Count the peer out."""
        if self._inner is not None:
            self._inner.connection_lost(exc)
            self._close()
            self.port.gate.leave(self.peer)

    def data_received(self, data: bytes) -> None:
        """Hand on what came, as long as it is not too much for a head."""
        if self._inner is None or self._transport.is_closing():
            return
        self._pending += len(data)
        self._inner.data_received(data)
        if self._pending > self.port.limits.http_head_bytes and self._inner is not None:
            self.give_up(431)

    def eof_received(self) -> bool | None:
        """Pass it on."""
        return self._inner.eof_received() if self._inner is not None else None

    def pause_writing(self) -> None:
        """Pass it on, and wait for the peer only so long."""
        if self._inner is not None:
            self._stall = later(self.port.limits.http_seconds, self._transport.abort)
            self._inner.pause_writing()

    def resume_writing(self) -> None:
        """Pass it on."""
        self._end_stall()
        if self._inner is not None:
            self._inner.resume_writing()

    def answering(self) -> None:
        """The application was called: the head is there."""
        self._pending = 0
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def answered(self) -> None:
        """The application is done: the next head may come."""
        if self._inner is not None and self._timer is None:
            self._timer = later(self.port.limits.http_seconds, self._transport.abort)

    def name(self, headers: Headers) -> str | None:
        """Count the peer as whom it forwards for, or say why that may not come in."""
        client = self.port.proxies.client_of(self._origin, headers)
        if client == self.peer:
            return None
        refusal = self.port.gate.rename(self.peer, client)
        if refusal is None:
            self.peer = client
        return refusal

    def hand_over(self) -> None:
        """Step out of the way of a WebSocket; its peer is still counted."""
        inner = self._inner
        self._close()
        if inner is not None:  # breaks its cycle of references; with an error it leaves the transport open
            inner.connection_lost(ConnectionAbortedError("upgraded"))

    def shut_down(self) -> None:
        """Close, after the answer that is under way."""
        cast(Any, self._inner).shutdown()  # both of uvicorn's protocols have it

    def abort(self) -> None:
        """Close at once."""
        self._transport.abort()

    def _end_stall(self) -> None:
        if self._stall is not None:
            self._stall.cancel()
            self._stall = None

    def _close(self) -> None:
        self.answering()
        self._end_stall()
        self.port.doors.discard(self)
        self._inner = None

    def give_up(self, status: int) -> None:
        """Answer with no more than a status, and close."""
        self._transport.write(_ANSWERS[status] + _NO_MORE)
        self._transport.close()


class Upgrade(NetworkProtocol):
    """Takes over the connection of a request for an upgrade; uvicorn makes one for each.

    It lives until the handshake is answered: then a :class:`WebSocketOutlet` takes its place.
    """

    _transport: Transport

    def __init__(self, config: Config, server_state: ServerState, app_state: dict[str, Any]) -> None:
        """Find the door, which knows the rest."""
        self._door: Door = app_state["door"]
        self._outlet: WebSocketOutlet | None = None  # once it carries the bytes

    def connection_made(self, transport: BaseTransport) -> None:
        """Keep the transport; the peer was let in by the door."""
        self._transport = cast(Transport, transport)

    def data_received(self, data: bytes) -> None:
        """Answer the request, which uvicorn gives whole."""
        port = self._door.port
        if self._transport.is_closing():
            return
        answer = handshake.answer(data, port.sites, port.limits.http_headers)
        if answer.status == 101 and self._door.name(answer.headers) is not None:
            self._door.give_up(503)
            return
        self._transport.write(answer.data)
        if answer.status != 101:
            logger.warning("! websocket %s refused: %s", shown(self._door.peer.address), shown(answer.reason))
            self._transport.close()
            return
        if self._transport.is_closing():
            return  # the peer reset the connection: its answer could not be written
        self._outlet = WebSocketOutlet(port.gate, port.message_bytes)
        self._outlet.open(self._transport, self._door.peer._replace(transport="websocket"))
        self._door.hand_over()
        # uvicorn puts this object in once we return; nothing is read before the loop's next turn.
        asyncio.get_running_loop().call_soon(self._transport.set_protocol, self._outlet)

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell whose connection it is: the door's until the handshake was answered."""
        (self._outlet or self._door).connection_lost(exc)
