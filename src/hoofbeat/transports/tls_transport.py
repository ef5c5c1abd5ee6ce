"""TLS below protocols that do not know of it: HTTP, and WebSocket on it."""

import ssl
from asyncio import BaseProtocol, BaseTransport, TimerHandle, Transport
from asyncio import Protocol as NetworkProtocol
from collections.abc import Callable
from typing import Any, cast

from hoofbeat.transports.stream import later, read_in_pieces
from hoofbeat.transports.tls_codec import TlsCodec


class TlsTransport(NetworkProtocol, Transport):
    """A transport for the protocol above it, and the protocol of the encrypted stream below.

    The one above is told of the connection at once, so that it may count it, but nothing comes
    before the handshake is over, and nothing that is written until then arrives.
    """

    __slots__ = ("_above", "_below", "_codec", "_context", "_seconds", "_timer")

    _below: Transport

    def __init__(
        self, make: Callable[[], NetworkProtocol], context: ssl.SSLContext, handshake_seconds: float = 5.0
    ) -> None:
        """Wait for the stream, and then so long for the handshake to end; ``make`` makes what is above."""
        super().__init__()
        self._above = make()
        self._context = context
        self._codec = TlsCodec(context)
        self._seconds = handshake_seconds
        self._timer: TimerHandle | None = None  # runs during the handshake

    # What the stream below calls.

    def connection_made(self, transport: BaseTransport) -> None:
        """Begin, and pass it on."""
        self._below = cast(Transport, transport)
        read_in_pieces(transport)
        self._timer = later(self._seconds, self._below.abort)
        self._above.connection_made(self)

    def connection_lost(self, exc: Exception | None) -> None:
        """Pass it on."""
        self._end_handshake()
        self._above.connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Pass on what it says, in one piece."""
        if self._below.is_closing():
            return
        text = self._codec.decrypt(data)
        if self._codec.is_ready:
            self._end_handshake()
        self._send(self._codec.take())
        if text:
            self._above.data_received(text)
        if self._codec.is_over and not self._above.eof_received():
            self.close()

    def eof_received(self) -> bool | None:
        """Pass it on."""
        return self._above.eof_received()

    def pause_writing(self) -> None:
        """Pass it on."""
        self._above.pause_writing()

    def resume_writing(self) -> None:
        """Pass it on."""
        self._above.resume_writing()

    # What the protocol above calls.

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Encrypt and send."""
        if self._below.is_closing():
            return
        try:
            self._send(self._codec.encrypt(data))
        except ssl.SSLError:  # nobody could read it
            self._below.abort()

    def write_eof(self) -> None:
        """Say that nothing more comes, and go on reading."""
        self._send(self._codec.end())
        self._below.write_eof()

    def close(self) -> None:
        """Say that nothing more comes, and close once that is out."""
        if not self._below.is_closing():
            self._send(self._codec.end())
            self._below.close()

    def abort(self) -> None:
        """Close at once."""
        self._below.abort()

    def is_closing(self) -> bool:
        """Say whether it is closed, or about to be."""
        return self._below.is_closing()

    def is_reading(self) -> bool:
        """Say whether the stream below is read."""
        return self._below.is_reading()

    def pause_reading(self) -> None:
        """Read nothing more."""
        self._below.pause_reading()

    def resume_reading(self) -> None:
        """Read again."""
        self._below.resume_reading()

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        """Say from how many encrypted octets on the stream calls itself full."""
        self._below.set_write_buffer_limits(high, low)

    def get_write_buffer_size(self) -> int:
        """Return how many encrypted octets wait."""
        return self._below.get_write_buffer_size()

    def set_protocol(self, protocol: BaseProtocol) -> None:
        """Put another protocol above."""
        self._above = cast(NetworkProtocol, protocol)

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        """Return what is known of TLS, or of the stream below."""
        return self._context if name == "sslcontext" else self._below.get_extra_info(name, default)

    def _end_handshake(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _send(self, data: bytes) -> None:
        if data:
            self._below.write(data)
