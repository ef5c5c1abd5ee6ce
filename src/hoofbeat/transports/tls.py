"""STOMP on TLS."""

import ssl
from asyncio import BaseTransport, TimerHandle, Transport
from collections.abc import Sequence
from contextlib import suppress
from typing import cast

from hoofbeat.errors import ConfigError
from hoofbeat.protocol.framing import STREAM
from hoofbeat.transports.stream import Gate, StreamOutlet, later, peer_of

_READ_BYTES = 256 * 1024


class TlsOutlet(StreamOutlet):
    """One client on an encrypted stream.

    TLS runs here, in memory, and not in the event loop: so a peer is counted before its handshake,
    our side can be shut while the peer's is still read, and no connection holds the quarter of
    a megabyte that the loops' own TLS sets aside for each.
    """

    __slots__ = ("_incoming", "_outgoing", "_seconds", "_timer", "_tls")

    def __init__(self, gate: Gate, context: ssl.SSLContext, handshake_seconds: float = 5.0) -> None:
        """Wait for the transport, and then so long for the handshake to end."""
        super().__init__(gate)
        self._seconds = handshake_seconds
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_side=True)
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
        self._incoming.write(data)
        parts: list[bytes] = []
        is_over = self._decrypt(parts)
        self._send()
        if parts:
            super().data_received(parts[0] if len(parts) == 1 else b"".join(parts))
        if is_over:
            self.gate.flush()
            self.close()

    def write(self, chunks: Sequence[bytes]) -> None:
        """Encrypt whole frames and send them."""
        if self._linger is not None or self.transport.is_closing():
            return
        try:
            self._tls.write(chunks[0] if len(chunks) == 1 else b"".join(chunks))
        except ssl.SSLError:  # after a fault in what came nothing can be encrypted any more
            self.half_close()
        else:
            self._send()

    def half_close(self) -> None:
        """Tell the peer that nothing more comes, in TLS's words first."""
        with suppress(ssl.SSLError):  # the peer has not said so itself yet, or there was no handshake
            self._tls.unwrap()
        self._send()
        super().half_close()

    def _decrypt(self, parts: list[bytes]) -> bool:
        """Take out what is there, and return whether nothing more can come."""
        try:
            if self._timer is not None:
                self._tls.do_handshake()
                self._timer.cancel()
                self._timer = None
                self.attach(self.transport, STREAM, self.peer)
            while data := self._tls.read(_READ_BYTES):
                parts.append(data)
        except ssl.SSLWantReadError:
            return False
        except ssl.SSLError:  # an alert that says what is wrong waits to be sent
            return True
        return True

    def _send(self) -> None:
        if self._outgoing.pending:
            self.transport.write(self._outgoing.read())


def tls_context(certificate: str, key: str) -> ssl.SSLContext:
    """Read a certificate with its chain, and its key; TLS 1.2 and above.

    Args:
        certificate: path of a PEM file.
        key: likewise; empty where the key is in the certificate's file.

    Raises:
        ConfigError: a file can't be read, or holds something else.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.options |= ssl.OP_NO_RENEGOTIATION
    try:
        context.load_cert_chain(certificate, key or None)
    except (OSError, ssl.SSLError) as error:
        raise ConfigError(f"certificate {certificate!r} with key {key!r} can't be used: {error}") from error
    return context
