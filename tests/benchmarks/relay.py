"""A stand-in for a broker, in NATS's words: one publisher, one subscriber, and what happens between them."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager


class _Relay:
    """Gathers so many messages, has them treated, and delivers what comes of that."""

    def __init__(self, deliver: Callable[[list[bytes]], list[bytes]], count: int) -> None:
        self._deliver, self._count = deliver, count
        self._bodies: list[bytes] = []
        self._subscriber: socket.socket | None = None

    def serve(self, stream: socket.socket) -> None:
        """Take one connection's lines until it closes."""
        with stream, stream.makefile("rb") as lines:
            while line := lines.readline():
                words = line.split()
                if words[0] == b"PING":
                    stream.sendall(b"PONG\r\n")
                elif words[0] == b"SUB":
                    self._subscriber = stream
                elif words[0] == b"PUB":
                    self._take(lines.read(int(words[-1]) + 2)[:-2])

    def _take(self, body: bytes) -> None:
        self._bodies.append(body)
        if len(self._bodies) == self._count and self._subscriber is not None:
            for each in self._deliver(self._bodies):
                self._subscriber.sendall(b"MSG a 1 %d\r\n%s\r\n" % (len(each), each))


@contextmanager
def relaying(deliver: Callable[[list[bytes]], list[bytes]], count: int) -> Iterator[int]:
    """Run a relay for two connections; yields its port."""
    relay = _Relay(deliver, count)
    with socket.create_server(("127.0.0.1", 0)) as server:
        threads: list[threading.Thread] = []

        def accept() -> None:
            for _ in range(2):
                stream, _address = server.accept()
                threads.append(threading.Thread(target=relay.serve, args=(stream,)))
                threads[-1].start()

        accepting = threading.Thread(target=accept)
        accepting.start()
        yield server.getsockname()[1]
        for thread in (accepting, *threads):
            thread.join(10)
