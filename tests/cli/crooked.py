"""A broker that does to messages what a test says: it loses, repeats, holds back and refuses."""

import asyncio
from collections.abc import Callable, Sequence

Fate = Callable[[int, bytes], Sequence[bytes]]

AS_IT_SHOULD = b"version:1.2\nheart-beat:0,0"


def as_it_is(number: int, body: bytes) -> Sequence[bytes]:
    """Deliver every message once."""
    return [body]


class Crooked:
    """One broker, of one destination; ``serve`` is a script for each of its clients.

    Attributes:
        acks: the heads of the ACKs that came.
        sent: how many messages came.
        is_fair: each message goes to one subscriber, in turns.
        most: messages, then the publisher is left; below zero there is no end.
        pauses: seconds to stand still, by the number of the message that brings it about.
    """

    def __init__(self, fate: Fate = as_it_is, *, connected: bytes = AS_IT_SHOULD) -> None:
        self.acks: list[bytes] = []
        self.sent = 0
        self.answers = {b"SUBSCRIBE", b"SEND", b"DISCONNECT"}  # whose receipts are given
        self.pauses: dict[int, float] = {}
        self.is_fair = False
        self.most = -1
        self._fate = fate
        self._connected = connected
        self._subscribers: list[asyncio.StreamWriter] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one client until it leaves."""
        while True:
            frame = (await reader.readuntil(b"\0")).lstrip(b"\n")
            head, _, body = frame[:-1].partition(b"\n\n")
            command, *lines = head.split(b"\n")
            headers = dict(reversed([line.split(b":", 1) for line in lines]))
            if command == b"CONNECT":
                writer.write(b"CONNECTED\n" + self._connected + b"\n\n\0")
            elif command == b"SUBSCRIBE":
                self._subscribers.append(writer)
            elif command == b"ACK":
                self.acks.append(head)
            elif command == b"SEND":
                await asyncio.sleep(self.pauses.get(self.sent, 0.0))
                self.deliver(self._fate(self.sent, body))
                self.sent += 1
            receipt = headers.get(b"receipt")
            if receipt and command in self.answers:
                writer.write(b"RECEIPT\nreceipt-id:%b\n\n\0" % receipt)
            if command == b"DISCONNECT" or self.sent == self.most:
                return

    def deliver(self, bodies: Sequence[bytes]) -> None:
        """Give messages to every subscriber, or to one in turns."""
        chosen = self.sent % len(self._subscribers) if self.is_fair else 0
        for subscriber in self._subscribers[chosen:][: 1 if self.is_fair else None]:
            for body in bodies:
                head = b"MESSAGE\nsubscription:1\nmessage-id:m%d\nack:a%d" % (self.sent, self.sent)
                subscriber.write(b"%b\ncontent-length:%d\n\n%b\0" % (head, len(body), body))
