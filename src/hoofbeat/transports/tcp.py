"""STOMP straight on a stream: TCP, TLS and Unix sockets."""

import ssl
from asyncio import BaseTransport, Transport
from typing import cast

from hoofbeat.errors import ConfigError
from hoofbeat.protocol.commands import Command
from hoofbeat.protocol.encoder import encode
from hoofbeat.protocol.framing import STREAM
from hoofbeat.transports.base import Gate, StreamOutlet, peer_of


class TcpOutlet(StreamOutlet):
    """One client on a stream; ``kind`` is ``tcp``, ``tls`` or ``unix``."""

    __slots__ = ("_kind",)

    def __init__(self, gate: Gate, kind: str) -> None:
        """Wait for the transport."""
        super().__init__(gate)
        self._kind = kind

    def connection_made(self, transport: BaseTransport) -> None:
        """Let the peer in, or tell it why not."""
        peer = peer_of(transport, self._kind)
        refusal = self.gate.enter(peer)
        if refusal is None:
            self.attach(transport, STREAM, peer)
        else:
            self._refuse(cast(Transport, transport), refusal)

    def _refuse(self, transport: Transport, refusal: str) -> None:
        self.transport = transport
        if not refusal:
            transport.abort()
            return
        transport.write(encode(Command.ERROR, {"message": refusal, "content-type": "text/plain"}))
        self.half_close()


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
    try:
        context.load_cert_chain(certificate, key or None)
    except (OSError, ssl.SSLError) as error:
        raise ConfigError(f"certificate {certificate!r} with key {key!r} can't be used: {error}") from error
    return context
