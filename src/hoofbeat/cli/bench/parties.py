"""Who takes part: publishers, which stamp what they send, and subscribers, which check what they get."""

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from time import perf_counter_ns

from hoofbeat.cli.bench import stamps
from hoofbeat.cli.bench.checks import Audience
from hoofbeat.cli.bench.line import Line
from hoofbeat.cli.bench.plan import Plan
from hoofbeat.cli.bench.reader import Read
from hoofbeat.cli.bench.stamps import Stamp
from hoofbeat.cli.bench.tally import Tally
from hoofbeat.cli.link import LinkError
from hoofbeat.cli.listen import Ack
from hoofbeat.protocol.commands import Command
from hoofbeat.protocol.encoder import encode
from hoofbeat.protocol.versions import Version

SUBSCRIPTION = "1"


class Publisher:
    """Sends stamped messages to one destination.

    Attributes:
        line: its connection.
        number: its own, in every stamp.
        copies: deliveries that each of its messages must lead to.
        sent: messages so far, which is the number of the next.
    """

    def __init__(self, plan: Plan, line: Line, number: int, destination: str, tally: Tally) -> None:
        self.line = line
        self.number = number
        self.copies = 0
        self.sent = 0
        self._every = plan.receipts_every
        self._size = plan.size
        self._head = _head({"destination": destination, **plan.headers}, plan.size, line.session.version)
        self._tail = stamps.filling(plan.size) + b"\0"
        self._tally = tally
        self._asked: dict[str, int] = {}  # receipt id -> when its message was due
        line.attend(plan.size, acks=False)
        line.confirmed = self._confirmed
        line.resumed = lambda: tally.wake()

    def send(self, dues: Sequence[int]) -> None:
        """Send a message for each time that one is due, in one write."""
        tally, first = self._tally, self.sent
        who = (tally.run, self.number)
        frames = stamps.write(self._head, [(*who, at, due) for at, due in enumerate(dues, first)], self._tail)
        self.sent = first + len(dues)
        if self._every:
            self._ask(first, dues, frames)
        tally.sent += len(dues)
        tally.expected += len(dues) * self.copies
        since = tally.since
        if dues[0] >= since:
            tally.measured_sent += len(dues)
        elif dues[-1] >= since:
            tally.measured_sent += sum(due >= since for due in dues)
        self.line.write(frames)

    def _ask(self, first: int, dues: Sequence[int], frames: list[bytes]) -> None:
        """Put a receipt into every so many frames."""
        every = self._every
        for number in range(first + (-1 - first) % every, first + len(dues), every):
            due = dues[number - first]
            head = b"SEND\nreceipt:%d%b" % (number, self._head.removeprefix(b"SEND"))
            stamp = (self._tally.run, self.number, number, due)
            (frames[number - first],) = stamps.write(head, [stamp], self._tail)
            self._asked[str(number)] = due
            self._tally.unanswered += 1

    def _confirmed(self, receipt: str) -> bool:
        """Note a receipt; say whether it was for a message."""
        due = self._asked.pop(receipt, None)
        if due is None:
            return False
        tally = self._tally
        tally.unanswered -= 1
        tally.confirmed += self._every
        if due >= tally.since:
            tally.confirmations.add(perf_counter_ns() - due)
        tally.wake()
        return True


def _head(headers: Mapping[str, str], size: int, version: Version) -> bytes:
    """Return a SEND up to its body."""
    body = b"." * size
    return encode(Command.SEND, headers, body, version=version)[: -size - 1]


class Subscriber:
    """Listens to one destination and checks what it gets.

    Attributes:
        line: its connection.
    """

    def __init__(self, plan: Plan, line: Line, audience: Audience, tally: Tally) -> None:
        self.line = line
        self._ack = plan.ack
        self._headers = plan.headers
        self._patience = plan.patience_seconds
        self._audience = audience
        self._tally = tally
        self._last: dict[int, int] = {}  # publisher -> number of its last message
        line.attend(plan.size, acks=plan.ack is not Ack.AUTO)
        line.take = self.take

    async def subscribe(self, destination: str) -> None:
        """Subscribe, and wait until the subscription is live.

        Raises:
            LinkError: the broker refused, or does not answer.
        """
        headers = {"id": SUBSCRIPTION, "destination": destination, "ack": self._ack.value}
        try:
            async with asyncio.timeout(self._patience):
                await self.line.confirm(Command.SUBSCRIBE, {**headers, **self._headers})
        except TimeoutError:
            raise LinkError("the broker does not answer SUBSCRIBE") from None

    def take(self, read: Read, at: int) -> None:
        """Check what one read brought, measure it, and acknowledge it."""
        tally = self._tally
        self._measure(self._check(read.bodies), at)
        if read.acks:
            # In the mode `client` an ACK speaks for all before it.
            self.line.write(read.acks if self._ack is Ack.CLIENT_INDIVIDUAL else read.acks[-1:])
        tally.wake()

    def _check(self, bodies: list[bytes]) -> Sequence[int]:
        """Note what came; return when each message that came for the first time was due."""
        found = stamps.read(bodies)
        runs, publishers, numbers, dues = zip(*found, strict=True)
        run, publisher, first, _ = found[0]
        count = len(found)
        if (
            run == self._tally.run
            and numbers == tuple(range(first, first + count))
            and runs.count(run) == publishers.count(publisher) == count
            and self._audience.of(publisher).take_run(first, count)
        ):  # most reads: all from one publisher, and all as they should be
            self._last[publisher] = first + count - 1
            self._tally.delivered += count
            return dues
        return self._check_singly(found)

    def _check_singly(self, found: list[Stamp]) -> list[int]:
        tally, last = self._tally, self._last
        dues: list[int] = []
        for run, publisher, number, due in found:
            if run != tally.run:
                tally.strangers += 1
            elif not self._audience.of(publisher).take(number):
                tally.duplicated += 1
            else:
                dues.append(due)
                if number < last.get(publisher, -1):
                    tally.misordered += 1
                else:
                    last[publisher] = number
        tally.delivered += len(dues)
        return dues

    def _measure(self, dues: Sequence[int], at: int) -> None:
        """Count latencies; what was sent in one go was due at the same time, and is counted in one go."""
        tally = self._tally
        for due, times in Counter(dues).items():
            if due >= tally.since:
                tally.latencies.add(at - due, times)
                tally.measured += times
                tally.last = at
