"""Clients that keep a ledger of what a broker promised, and go on through its ends.

Words: what was sent is *attempted*, with its receipt it is *acknowledged*, what comes is *delivered*.
What was acknowledged and never comes is *lost*; what comes and was never attempted, or was settled
and receipted before, is *unexpected*.
"""

import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from types import TracebackType
from typing import NamedTuple

from tests.conformance.wire import Heard, cut, frame

SECONDS = 20.0
HISTORY = 50  # messages


class Place(NamedTuple):
    """Where messages wait.

    Attributes:
        destination: that they are sent to.
        kept_as: name of the queue that they wait in.
        listening: headers of the SUBSCRIBE that gets them.
    """

    destination: str
    kept_as: str
    listening: tuple[str, ...]


PLACES = (
    Place("/queue/ledger", "/queue/ledger", ("id:0", "destination:/queue/ledger")),
    Place("/queue/other", "/queue/other", ("id:1", "destination:/queue/other")),
    Place("/topic/ledger", "/dsub/d", ("id:d", "destination:/topic/ledger", "persistent:true")),
)
SETTINGS = ("broker.topic.retained=true", f"broker.topic.history_messages={HISTORY}")


class Stream:
    """A session on a socket, or what is left of it."""

    def __init__(self, port: int, *headers: str) -> None:
        """Connect, with more headers."""
        self._socket = socket.create_connection(("127.0.0.1", port), SECONDS)
        self._rest = b""
        self.send(frame("CONNECT", "accept-version:1.2", "host:a", *headers))
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

    def close(self) -> None:
        """Break off."""
        self._socket.close()

    def __enter__(self) -> "Stream":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class Ledger:
    """What was promised, and what came, over all starts of a broker.

    Every message has a number, which says to which of the three :data:`PLACES` it was sent: two queues,
    and a topic with a durable subscription, a history and a last value.
    """

    def __init__(self) -> None:
        """Start with a clean page."""
        self.attempted: set[int] = set()
        self.acknowledged: set[int] = set()
        self.delivered: Counter[int] = Counter()
        self.tried: set[int] = set()  # to settle; the broker may know it or not
        self.settled: set[int] = set()  # with a receipt
        self.transactions: list[range] = []
        self.unexpected: list[int] = []
        self.not_flagged: list[int] = []
        self.is_at_work = threading.Event()  # since this was cleared, a receipt has come
        self.promised_at = 0.0  # epoch time of the last receipt
        self._next = 0

    def prepare(self, port: int) -> None:
        """Make the durable subscription."""
        with Stream(port) as stream:
            stream.send(frame("SUBSCRIBE", *PLACES[2].listening, "receipt:made"))
            assert stream.frames()[0].header("receipt-id") == "made"

    def produce(self, port: int, each: int = 20) -> None:
        """Send until the broker is gone, a few messages at a time, some of them in transactions."""
        with suppress(OSError), Stream(port) as stream:
            rounds = 0
            while True:
                numbers = self._numbers(each)
                rounds += 1
                stream.send(*self._sending(numbers, is_transaction=rounds % 4 == 0))
                waiting = set(numbers)
                while waiting:
                    for heard in stream.frames():
                        assert heard.command == "RECEIPT", heard
                        done = {int(word) for word in heard.header("receipt-id").split()}
                        self.acknowledged |= done
                        self.promised_at = time.time()
                        self.is_at_work.set()
                        waiting -= done

    def _numbers(self, count: int) -> range:
        numbers = range(self._next, self._next + count)
        self._next += count
        self.attempted.update(numbers)
        return numbers

    def _sending(self, numbers: range, *, is_transaction: bool) -> list[bytes]:
        if not is_transaction:
            return [_send(number, f"receipt:{number}") for number in numbers]
        self.transactions.append(numbers)
        whole = " ".join(map(str, numbers))
        return [
            frame("BEGIN", "transaction:t"),
            *[_send(number, "transaction:t") for number in numbers],
            frame("COMMIT", "transaction:t", f"receipt:{whole}"),
        ]

    def consume(self, port: int) -> None:
        """Take and acknowledge until the broker is gone."""
        with suppress(OSError), Stream(port) as stream:
            self._consume(stream, lambda: False)

    def drain(self, port: int) -> None:
        """Take all there is, up to messages that are sent now, one to each place."""
        last = self._numbers(len(PLACES))
        with Stream(port) as stream:
            stream.send(*self._sending(last, is_transaction=False))
            receipts = 0
            while receipts < len(last):
                receipts += len(stream.frames())
            self._consume(stream, lambda: self.settled >= set(last))

    def _consume(self, stream: Stream, is_enough: Callable[[], bool]) -> None:
        for place in PLACES:
            stream.send(frame("SUBSCRIBE", *place.listening, "ack:client-individual", "prefetch-count:50"))
        while not is_enough():
            acks = []
            for heard in stream.frames():
                if heard.command == "RECEIPT":
                    self.settled.add(int(heard.header("receipt-id")))
                    self.promised_at = time.time()
                    continue
                assert heard.command == "MESSAGE", heard
                number = int(heard.body)
                self._note(number, heard)
                acks.append(frame("ACK", f"id:{heard.header('ack')}", f"receipt:{number}"))
            if acks:
                stream.send(*acks)

    def _note(self, number: int, heard: Heard) -> None:
        is_known = number in self.attempted and heard.header("destination") == _place(number).destination
        if not is_known or number in self.settled:
            self.unexpected.append(number)
        if self.delivered[number] and heard.header("redelivered") != "true":
            self.not_flagged.append(number)
        self.delivered[number] += 1
        self.tried.add(number)

    @property
    def lost(self) -> set[int]:
        """Return what was acknowledged and never came."""
        return self.acknowledged - set(self.delivered)

    def missing(self, kept: set[int]) -> set[int]:
        """Return what was acknowledged, and neither is kept nor may have been settled."""
        return self.acknowledged - kept - self.tried

    def halves(self, kept: set[int]) -> list[range]:
        """Return transactions of which something was done, and not all.

        Done is what is kept, and what was settled with a receipt. Of such a transaction all has to be
        kept, but for what may have been settled. What was delivered alone proves nothing: that does
        not wait for the disk.
        """
        done = kept | self.settled
        known = kept | self.tried
        return [
            numbers
            for numbers in self.transactions
            if not done.isdisjoint(numbers) and not known.issuperset(numbers)
        ]

    def forgotten(self, history: Sequence[int], value: int | None) -> set[int]:
        """Return what the topic acknowledged, and has neither in its history nor, if last, as last value.

        A history that has as many messages as it may need not have those before.
        """
        sent = sorted(number for number in self.acknowledged if _place(number) is PLACES[2])
        oldest = history[-HISTORY] if len(history) >= HISTORY else 0
        gone = {number for number in sent if number >= oldest} - set(history)
        if sent and (value is None or value < sent[-1]):
            gone.add(sent[-1])
        return gone


def _place(number: int) -> Place:
    return PLACES[number % len(PLACES)]


def _send(number: int, *headers: str) -> bytes:
    to = f"destination:{_place(number).destination}"
    return frame("SEND", to, "persistent:true", *headers, body=b"%d" % number)


def in_background(*jobs: Callable[[], None]) -> list[threading.Thread]:
    """Start jobs in threads."""
    threads = [threading.Thread(target=job, daemon=True) for job in jobs]
    for thread in threads:
        thread.start()
    return threads
