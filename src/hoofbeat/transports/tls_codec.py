"""TLS in memory, the server's side: encrypted bytes in and out, and plain ones."""

import ssl
from contextlib import suppress

from hoofbeat.errors import ConfigError

_READ_BYTES = 256 * 1024


class TlsCodec:
    """One encrypted stream, without I/O.

    TLS runs here and not in the event loop: so a peer is counted before its handshake, our side
    can be shut while the peer's is still read, and no connection holds the quarter of a megabyte
    that the loops' own TLS sets aside for each.

    Attributes:
        is_ready: the handshake is over.
        is_over: nothing more can come; the peer said so, or broke the rules.
    """

    __slots__ = ("_incoming", "_outgoing", "_tls", "is_over", "is_ready")

    def __init__(self, context: ssl.SSLContext) -> None:
        """Wait for the handshake."""
        self.is_ready = False
        self.is_over = False
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_side=True)

    def decrypt(self, data: bytes) -> bytes:
        """Take in what the network brought, and return what it says, in one piece; see :meth:`take`."""
        self._incoming.write(data)
        parts: list[bytes] = []
        try:
            if not self.is_ready:
                self._tls.do_handshake()
                self.is_ready = True
            while part := self._tls.read(_READ_BYTES):
                parts.append(part)
            self.is_over = True
        except ssl.SSLWantReadError:
            pass
        except ssl.SSLError:  # an alert that says what is wrong waits to be taken
            self.is_over = True
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def encrypt(self, data: bytes | bytearray | memoryview) -> bytes:
        """Return what says ``data`` to the peer.

        Raises:
            ssl.SSLError: there was no handshake, or a fault in what came.
        """
        self._tls.write(data)
        return self._outgoing.read()

    def end(self) -> bytes:
        """Return what says that nothing more comes; empty where nobody would understand it."""
        with suppress(ssl.SSLError):  # the peer has not said so itself yet, or there was no handshake
            self._tls.unwrap()
        return self._outgoing.read()

    def take(self) -> bytes:
        """Return what has to be sent for TLS's own sake: its handshake, its alerts."""
        return self._outgoing.read()


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
