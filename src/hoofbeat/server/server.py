"""The server: a broker, its listeners, and their beginning and end."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from contextlib import suppress

from hoofbeat.broker.broker import Broker
from hoofbeat.broker.time import Now
from hoofbeat.config import ServerConfig, is_loopback, split_address
from hoofbeat.errors import Refused
from hoofbeat.server.admission import Admission
from hoofbeat.server.control import Control
from hoofbeat.server.http import HttpPort
from hoofbeat.server.listeners import Listener, MakeProtocol, listen, listen_unix
from hoofbeat.server.memory_mark import MemoryMark, available_bytes
from hoofbeat.server.reception import Reception
from hoofbeat.server.site import make_app, read_pages
from hoofbeat.server.turns import Turns, read_clocks
from hoofbeat.transports.proxies import Proxies
from hoofbeat.transports.sites import Sites
from hoofbeat.transports.tcp import TcpOutlet
from hoofbeat.transports.tls import TlsOutlet
from hoofbeat.transports.tls_codec import tls_context
from hoofbeat.transports.tls_transport import TlsTransport

DRAIN_SECONDS = 10.0

logger = logging.getLogger("hoofbeat.server")


class Server:
    """Runs one broker on the running loop.

    Attributes:
        broker: whose listeners these are.
        urls: where they can be reached once started, ready to copy; STOMP over WebSocket is at
            ``/stomp`` of those that begin with ``http``.
    """

    def __init__(
        self,
        config: ServerConfig,
        broker: Broker,
        turns: Turns,
        *,
        memory: MemoryMark | None = None,
        control: Control | None = None,
        release: Callable[[], None] = lambda: None,
    ) -> None:
        """Take the parts; nothing is bound before :meth:`start`.

        Args:
            config: what to listen on, and whom to let in.
            broker: its ``wake`` is that of ``turns``.
            turns: not started.
            memory: None for the configured share of what there is.
            control: answers for what is kept, while the server runs.
            release: called when it has stopped, for what was made for it.
        """
        self.broker = broker
        self.urls: tuple[str, ...] = ()
        self._config = config
        self._turns = turns
        self._control = control
        self._release = release
        self._memory = memory or MemoryMark(int(available_bytes() * config.limits.memory_share))
        self._is_short = False
        self._is_draining = False
        self._listeners: list[Listener] = []
        self._reception = Reception(broker, turns, Admission(config.limits))
        self._http = self._make_http_port() if config.http or config.https else None

    async def start(self) -> None:
        """Bind every address, or none.

        Raises:
            ConfigError: an address can't be bound, or a certificate can't be read.
        """
        self._turns.start(self.broker, asyncio.get_running_loop(), self._look)
        self._look(read_clocks())
        try:
            await self._listen()
            if self._control is not None:
                await self._control.open()
        except BaseException:
            self._stop()
            self.broker.close(read_clocks())
            raise
        self.urls = tuple(_with_path(url) for listener in self._listeners for url in listener.urls)
        for url in self.urls:
            logger.debug("= listening on %s", url)

    async def drain(self, seconds: float = DRAIN_SECONDS) -> None:
        """Stop accepting, have every session end, and close what is left after ``seconds``."""
        logger.info("= draining")
        self._is_draining = True
        for listener in self._listeners:
            listener.close()
        with suppress(TimeoutError):
            await asyncio.wait_for(self._answered(), seconds)
        self._reception.drain()
        if self._http is not None:
            self._http.shut_down()
        with suppress(TimeoutError):
            await asyncio.wait_for(self._reception.wait_until_empty(), seconds)
        await self.abort()

    async def abort(self) -> None:
        """Close everything at once; what is kept is left in order."""
        self._reception.abort()
        if self._http is not None:
            self._http.abort()
        self._stop()
        if self._control is not None:
            await self._control.close()
        with suppress(TimeoutError):
            await asyncio.wait_for(self._reception.wait_until_empty(), 1.0)
        self.broker.close(read_clocks())

    async def _answered(self) -> None:
        """Wait until what has come so far is safe, so that its receipts go out."""
        answered = asyncio.Event()

        def answer(refused: Refused | None) -> None:
            answered.set()

        self.broker.engine.sync(answer)
        await answered.wait()

    async def _listen(self) -> None:
        config, gate, http = self._config, self._reception, self._http
        await self._listen_on(config.stomp, "stomp", lambda: TcpOutlet(gate, "tcp"))
        if config.tls or config.https:
            tls, seconds = tls_context(config.certificate, config.key), config.limits.tls_seconds
            await self._listen_on(config.tls, "stomps", lambda: TlsOutlet(gate, tls, seconds))
        for path in config.unix:
            self._listeners.append(await listen_unix(path, lambda: TcpOutlet(gate, "unix")))
        if http is not None:
            await self._listen_on(config.http, "http", http.make_door)
            await self._listen_on(config.https, "https", lambda: TlsTransport(http.make_door, tls, seconds))

    async def _listen_on(self, addresses: Sequence[str], scheme: str, make: MakeProtocol) -> None:
        for address in addresses:
            self._listeners.append(await listen(address, scheme, make))

    def _make_http_port(self) -> HttpPort:
        config = self._config
        own = [split_address(address)[0] for address in (*config.http, *config.https)]
        is_public = not all(map(is_loopback, own))
        sites = Sites(hosts=(*config.hosts, *own), origins=config.origins, is_public=is_public)
        pages = read_pages() if config.pages else {}
        app = make_app(sites, pages, lambda: self._is_draining, most_headers=config.limits.http_headers)
        frame = config.broker.limits
        message_bytes = frame.body_bytes + frame.header_block_bytes
        return HttpPort(
            self._reception,
            app,
            sites,
            message_bytes=message_bytes,
            limits=config.limits,
            proxies=Proxies(config.proxies, config.forwarded_header),
        )

    def _look(self, now: Now) -> None:
        """Look after ourselves, about once a second."""
        is_short = self._memory.is_short()
        if is_short is not self._is_short:
            self._is_short = is_short
            logger.warning(
                "! memory is short: publishers are held" if is_short else "= memory suffices again"
            )
            self.broker.set_memory_short(is_short, now)

    def _stop(self) -> None:
        if self._listeners:
            logger.info("= stopped")
        for listener in self._listeners:
            listener.close()
        self._listeners.clear()
        self._turns.stop()
        self._release()


def _with_path(url: str) -> str:
    return f"{url}/" if url.startswith("http") else url
