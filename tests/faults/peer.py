"""A peer that reads when it is told to, and one that sends as fast as it can: plain sockets."""

import socket
from types import TracebackType

from tests.interop.serving import Serving

PATIENCE_SECONDS = 20.0
_KEY = "dGhlIHNhbXBsZSBub25jZQ=="  # RFC 6455's own example


def _text(payload: bytes) -> bytes:
    """Lay a short text message out as a client does: masked, here with zeros."""
    return b"\x81" + bytes([0x80 | len(payload)]) + b"\0\0\0\0" + payload


class Reader:
    """A subscriber that takes nothing until :meth:`rest`.

    Attributes:
        port: of its own, by which the broker's log knows it.
    """

    def __init__(
        self, broker: Serving, transport: str, destination: str, *, buffer_bytes: int | None = None
    ) -> None:
        """Connect, subscribe, and wait until that is done; the system may take in so much for it."""
        self._socket = socket.socket()
        self._socket.settimeout(PATIENCE_SECONDS)
        if buffer_bytes is not None:
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer_bytes)
        self._socket.connect(("127.0.0.1", broker.port(transport)))
        self.port = self._socket.getsockname()[1]
        wrap = _text if transport == "websocket" else bytes
        if transport == "websocket":
            self._upgrade(broker.http)
        self._socket.sendall(wrap(b"CONNECT\naccept-version:1.2\nhost:a\n\n\0"))
        _wait_for(self._socket, b"CONNECTED")
        self._socket.sendall(
            wrap(b"SUBSCRIBE\nid:0\ndestination:%b\nreceipt:live\n\n\0" % destination.encode())
        )
        _wait_for(self._socket, b"receipt-id:live")

    def rest(self) -> bytes:
        """Return all that comes until the broker closes."""
        chunks: list[bytes] = []
        while chunk := self._socket.recv(1 << 20):
            chunks.append(chunk)
        return b"".join(chunks)

    def close(self) -> None:
        """Leave without a word."""
        self._socket.close()

    def __enter__(self) -> "Reader":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _upgrade(self, port: int) -> None:
        lines = [
            "GET /stomp HTTP/1.1",
            f"Host: 127.0.0.1:{port}",
            "Upgrade: websocket",
            "Connection: Upgrade",
            f"Sec-WebSocket-Key: {_KEY}",
            "Sec-WebSocket-Version: 13",
            "Sec-WebSocket-Protocol: v12.stomp",
        ]
        self._socket.sendall("\r\n".join([*lines, "", ""]).encode())
        _wait_for(self._socket, b"\r\n\r\n")


def publish(broker: Serving, destination: str, body: bytes, count: int) -> None:
    """Send a message many times, and wait for the receipt of the last."""
    head = f"SEND\ndestination:{destination}\ncontent-length:{len(body)}\n".encode()
    with socket.create_connection(("127.0.0.1", broker.stomp), PATIENCE_SECONDS) as connection:
        connection.sendall(b"CONNECT\naccept-version:1.2\nhost:a\n\n\0")
        _wait_for(connection, b"CONNECTED")
        for _ in range(count - 1):
            connection.sendall(head + b"\n" + body + b"\0")
        connection.sendall(head + b"receipt:last\n\n" + body + b"\0")
        _wait_for(connection, b"receipt-id:last")


def _wait_for(connection: socket.socket, words: bytes) -> None:
    heard = b""
    while words not in heard:
        chunk = connection.recv(4096)
        assert chunk, heard
        heard += chunk
