"""STOMP straight on a stream: TCP and Unix sockets."""

from asyncio import BaseTransport, Transport
from typing import cast

from hoofbeat.protocol.commands import Command
from hoofbeat.protocol.encoder import encode
from hoofbeat.protocol.framing import STREAM
from hoofbeat.transports.stream import LINGER_SECONDS, Gate, StreamOutlet, peer_of


class TcpOutlet(StreamOutlet):
    """One client on a plain stream; ``kind`` is ``tcp`` or ``unix``."""

    __slots__ = ("_kind",)

    def __init__(self, gate: Gate, kind: str, linger_seconds: float = LINGER_SECONDS) -> None:
        """Wait for the transport."""
        super().__init__(gate, linger_seconds)
        self._kind = kind

    def connection_made(self, transport: BaseTransport) -> None:
        """Let the peer in, or tell it why not."""
        peer = peer_of(transport, self._kind)
        refusal = self.gate.enter(peer)
        if refusal is None:
            self.attach(transport, STREAM, peer)
            return
        self.transport = cast(Transport, transport)
        if refusal:
            self.transport.write(encode(Command.ERROR, {"message": refusal, "content-type": "text/plain"}))
            self.half_close()
        else:
            self.transport.abort()
