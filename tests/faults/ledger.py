"""Clients that keep a ledger of what a broker promised, and go on through its ends.

Words: what was sent is *attempted*, with its receipt it is *acknowledged*, what comes is *delivered*.
What was acknowledged and never comes is *lost*; what comes and was never attempted, or was settled
and receipted before, is *unexpected*.
"""

import socket
import threading
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType

from tests.conformance.wire import Heard, cut, frame

SECONDS = 20.0


class Stream:
    """A session on a socket, or what is left of it."""

    def __init__(self, port: int) -> None:
        """Connect."""
        self._socket = socket.create_connection(("127.0.0.1", port), SECONDS)
        self._rest = b""
        self.send(frame("CONNECT", "accept-version:1.2", "host:a"))
        assert self.frames()[0].command == "CONNECTED"

    def send(self, *frames: bytes) -> None:
        """Send frames."""
        self._socket.sendall(b"".join(frames))

    def frames(self) -> list[Heard]:
        """Wait for frames, and return those there are.

        Raises:
            OSError: the stream has ended.
        """
        found: list[Heard] = []
        while not found:
            data = self._socket.recv(1 << 18)
            if not data:
                raise ConnectionError("the broker is gone")
            found, self._rest = cut(self._rest + data)
        return found

    def __enter__(self) -> "Stream":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._socket.close()


class Ledger:
    """What was promised, and what came, over all starts of a broker."""

    def __init__(self, queue: str) -> None:
        """Start with a clean page."""
        self.queue = queue
        self.attempted: set[int] = set()
        self.acknowledged: set[int] = set()
        self.delivered: Counter[int] = Counter()
        self.settled: set[int] = set()  # with a receipt
        self.unexpected: list[int] = []
        self.not_flagged: list[int] = []
        self.is_at_work = threading.Event()  # since this was cleared, a receipt has come
        self._next = 0

    def produce(self, port: int, each: int = 20) -> None:
        """Send until the broker is gone, a few messages at a time, some of them in transactions."""
        with suppress(OSError), Stream(port) as stream:
            rounds = 0
            while True:
                numbers = range(self._next, self._next + each)
                self._next += each
                rounds += 1
                self.attempted.update(numbers)
                stream.send(*self._sending(numbers, is_transaction=rounds % 4 == 0))
                waiting = set(numbers)
                while waiting:
                    for heard in stream.frames():
                        assert heard.command == "RECEIPT", heard
                        done = {int(word) for word in heard.header("receipt-id").split()}
                        self.acknowledged |= done
                        self.is_at_work.set()
                        waiting -= done

    def _sending(self, numbers: range, *, is_transaction: bool) -> list[bytes]:
        to = (f"destination:{self.queue}", "persistent:true")
        if not is_transaction:
            return [frame("SEND", *to, f"receipt:{number}", body=b"%d" % number) for number in numbers]
        whole = " ".join(map(str, numbers))
        return [
            frame("BEGIN", "transaction:t"),
            *[frame("SEND", *to, "transaction:t", body=b"%d" % number) for number in numbers],
            frame("COMMIT", "transaction:t", f"receipt:{whole}"),
        ]

    def consume(self, port: int) -> None:
        """Take and acknowledge until the broker is gone."""
        with suppress(OSError), Stream(port) as stream:
            self._consume(stream, lambda: False)

    def drain(self, port: int) -> None:
        """Take all there is, up to a message that is sent now."""
        last, self._next = self._next, self._next + 1
        self.attempted.add(last)
        with Stream(port) as stream:
            stream.send(*self._sending(range(last, last + 1), is_transaction=False))
            stream.frames()
            self._consume(stream, lambda: last in self.settled)

    def _consume(self, stream: Stream, is_enough: Callable[[], bool]) -> None:
        stream.send(
            frame(
                "SUBSCRIBE", "id:0", f"destination:{self.queue}", "ack:client-individual", "prefetch-count:50"
            )
        )
        while not is_enough():
            acks = []
            for heard in stream.frames():
                if heard.command == "RECEIPT":
                    self.settled.add(int(heard.header("receipt-id")))
                    continue
                assert heard.command == "MESSAGE", heard
                number = int(heard.body)
                self._note(number, heard.header("redelivered") == "true")
                acks.append(frame("ACK", f"id:{heard.header('ack')}", f"receipt:{number}"))
            if acks:
                stream.send(*acks)

    def _note(self, number: int, is_redelivered: bool) -> None:
        if number not in self.attempted or number in self.settled:
            self.unexpected.append(number)
        if self.delivered[number] and not is_redelivered:
            self.not_flagged.append(number)
        self.delivered[number] += 1

    @property
    def lost(self) -> set[int]:
        """Return what was acknowledged and never came."""
        return self.acknowledged - set(self.delivered)


def in_background(*jobs: Callable[[], None]) -> list[threading.Thread]:
    """Start jobs in threads."""
    threads = [threading.Thread(target=job, daemon=True) for job in jobs]
    for thread in threads:
        thread.start()
    return threads
