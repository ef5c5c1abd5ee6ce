"""STOMP on TLS."""

import ssl
from asyncio import BaseTransport, TimerHandle, Transport
from typing import cast

from hoofbeat.protocol.framing import STREAM
from hoofbeat.transports.stream import Gate, StreamOutlet, later, peer_of
from hoofbeat.transports.tls_codec import TlsCodec


class TlsOutlet(StreamOutlet):
    """One client on an encrypted stream: counted from its first byte, attached after the handshake."""

    __slots__ = ("_codec", "_seconds", "_timer")

    def __init__(self, gate: Gate, context: ssl.SSLContext, handshake_seconds: float = 5.0) -> None:
        """Wait for the transport, and then so long for the handshake to end."""
        super().__init__(gate)
        self._seconds = handshake_seconds
        self._codec = TlsCodec(context)
        # Runs during the handshake: the peer is in, nobody is attached.
        self._timer: TimerHandle | None = None

    def connection_made(self, transport: BaseTransport) -> None:
        """Let the peer in, or close: it could not read an answer."""
        self.transport = cast(Transport, transport)
        self.peer = peer_of(transport, "tls")._replace(is_encrypted=True)
        if self.gate.enter(self.peer) is None:
            self._timer = later(self._seconds, self.transport.abort)
        else:
            self.transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell everybody that the transport is gone."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
            self.gate.leave(self.peer)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Decrypt what one read brought, and hand it on in one piece."""
        if self._linger is not None or self.transport.is_closing():
            self.discard(len(data))
            return
        text = self._codec.decrypt(data)
        if self._codec.is_ready and self._timer is not None:
            self._timer.cancel()
            self._timer = None
            self.attach(self.transport, STREAM, self.peer)
        self._send(self._codec.take())
        if text:
            super().data_received(text)
        if self._codec.is_over:
            self.gate.flush()
            self.close()

    def write(self, chunks: list[bytes]) -> None:
        """Encrypt whole frames and send them."""
        if self._linger is not None or self.transport.is_closing():
            return
        try:
            self._send(self._codec.encrypt(chunks[0] if len(chunks) == 1 else b"".join(chunks)))
        except ssl.SSLError:  # after a fault in what came nothing can be encrypted any more
            self.half_close()

    def half_close(self) -> None:
        """Tell the peer that nothing more comes, in TLS's words first."""
        self._send(self._codec.end())
        super().half_close()

    def _send(self, data: bytes) -> None:
        if data:
            self.transport.write(data)
