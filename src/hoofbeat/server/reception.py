"""The gate of the server: who comes in, what is made for them, and who is there."""

import asyncio
import logging

from hoofbeat.broker.broker import Broker
from hoofbeat.broker.users import Peer
from hoofbeat.protocol.framing import Framing
from hoofbeat.protocol.outbox import Outlet
from hoofbeat.server.admission import Admission
from hoofbeat.server.connection import Connection
from hoofbeat.server.turns import Turns, read_clocks
from hoofbeat.transports.stream import Receiver
from hoofbeat.transports.websocket_reader import GOING_AWAY, NORMAL

_SHOWN = 256  # characters of a value in a log line

logger = logging.getLogger("hoofbeat.server")


def shown(value: object) -> str:
    """Return a value as it may stand in a log line, whoever chose it."""
    return repr(value)[:_SHOWN]


class Reception:
    """Lets peers in, and knows their outlets: the ``Gate`` of every transport.

    Attributes:
        close_code: how a WebSocket is told that we close it.
        now: the clock.
        answer: flush what a read brought, when that is best.
        wake: flush at the end of this turn.
        flush: flush now.
    """

    def __init__(self, broker: Broker, turns: Turns, admission: Admission) -> None:
        """Take what a connection is made of."""
        self.close_code = NORMAL
        self.now = read_clocks
        self.answer = turns.answer
        self.wake = turns.wake
        self.flush = turns.flush
        self._broker = broker
        self._admission = admission
        self._outlets: set[Outlet] = set()
        self._is_empty = asyncio.Event()
        self._is_empty.set()

    def enter(self, peer: Peer) -> str | None:
        """Count ``peer`` in, or say why not; see ``Gate.enter``."""
        refusal = self._admission.enter(peer, self.now().monotonic)
        if refusal:
            logger.warning("! %s %s refused: %s", peer.transport, shown(peer.address), refusal)
        elif refusal is None:
            self._is_empty.clear()
        return refusal

    def rename(self, old: Peer, new: Peer) -> str | None:
        """Count a peer under the address it is forwarded for; see ``Gate.rename``."""
        refusal = self._admission.rename(old, new, self.now().monotonic)
        if refusal:
            logger.warning("! %s %s refused: %s", new.transport, shown(new.address), refusal)
        return refusal

    def leave(self, peer: Peer) -> None:
        """Count ``peer`` out."""
        self._admission.leave(peer)
        logger.debug("= %s %s port %d gone", peer.transport, shown(peer.address), peer.port)
        if not self._admission.connections:
            self._is_empty.set()

    def attach(self, outlet: Outlet, framing: Framing, peer: Peer) -> Receiver:
        """Make the connection that takes the bytes of ``peer``."""
        logger.debug("= %s %s port %d open", peer.transport, shown(peer.address), peer.port)
        self._outlets.add(outlet)
        connection = Connection(self._broker, outlet, framing, peer, self.now())
        self.wake()
        return connection

    def detach(self, outlet: Outlet) -> None:
        """Forget a transport that is gone."""
        self._outlets.discard(outlet)

    def drain(self) -> None:
        """Have every session end."""
        self.close_code = GOING_AWAY
        self._broker.drain(self.now())
        self.wake()

    async def wait_until_empty(self) -> None:
        """Return once nobody is there."""
        await self._is_empty.wait()

    def abort(self) -> None:
        """Close every connection at once."""
        for outlet in tuple(self._outlets):
            outlet.abort()
