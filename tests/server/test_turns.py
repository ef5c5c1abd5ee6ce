"""When outboxes are written: once in a turn, and at once after a read that comes alone."""

import asyncio
from typing import cast

from hoofbeat.assembly import make_broker
from hoofbeat.broker.session import BrokerSession
from hoofbeat.broker.time import Now
from hoofbeat.broker.users import Peer
from hoofbeat.config import BrokerConfig
from hoofbeat.protocol.framing import STREAM
from hoofbeat.server.turns import Turns
from hoofbeat.transports.memory import MemoryOutlet
from tests.conformance.wire import frame

MILLISECOND = 0.001


class Reader:
    """One client of a broker on the running loop; it says when what it sends is read."""

    def __init__(self) -> None:
        self.takes = 0.0
        self.now = Now(100.0, 0)
        self.turns = Turns(lambda: Now(self.time(), 0), self.time)
        self.broker = make_broker(BrokerConfig(), wake=self.turns.wake, now=self.now)
        self.turns.start(self.broker, asyncio.get_running_loop(), lambda now: None)
        self.outlet = MemoryOutlet()
        self._session = self.broker.open(self.outlet, STREAM, Peer("tcp", "127.0.0.1", 1, True), self.now)

    def time(self) -> float:
        """Return what the clocks show when something is done with."""
        return self.now.monotonic + self.takes

    @classmethod
    async def connected(cls) -> "Reader":
        reader = cls()
        reader.read(frame("CONNECT", "accept-version:1.2", "host:h"))
        await reader.turn()
        return reader

    def read(self, data: bytes, after: float = 1.0) -> int:
        """Have data be read so many seconds after the last; return how many chunks were written at once."""
        before = len(self.outlet.written)
        self.now = Now(self.now.monotonic + after, 0)
        self.broker.received(self._session, data, self.now)
        self.turns.answer(self.now, len(data))
        return len(self.outlet.written) - before

    async def turn(self) -> int:
        """Go through a turn of the loop; return how many chunks were written in it."""
        before = len(self.outlet.written)
        await asyncio.sleep(0)
        return len(self.outlet.written) - before


def receipted(number: int) -> bytes:
    return frame("SEND", "destination:/topic/a", f"receipt:{number}")


async def test_a_read_that_comes_alone_is_answered_at_once() -> None:
    reader = await Reader.connected()
    assert reader.read(receipted(1), MILLISECOND) == 1
    assert reader.read(receipted(2), MILLISECOND) == 1
    assert await reader.turn() == 0
    reader.turns.stop()


async def test_reads_that_follow_one_another_are_answered_together_when_the_turn_ends() -> None:
    reader = await Reader.connected()
    assert [reader.read(receipted(number), MILLISECOND / 10) for number in range(3)] == [0, 0, 0]
    assert await reader.turn() > 0
    assert b"".join(reader.outlet.written).count(b"RECEIPT") == 3
    assert await reader.turn() == 0
    reader.turns.stop()


async def test_a_read_that_took_long_does_not_make_the_next_one_come_alone() -> None:
    reader = await Reader.connected()
    started = reader.now.monotonic + 1.0
    reader.takes = 0.01
    assert reader.read(receipted(1)) == 1
    reader.now = Now(started, 0)
    assert reader.read(receipted(2), 0.01 + MILLISECOND / 10) == 0
    reader.turns.stop()


async def test_a_flush_that_fails_costs_who_was_read_nothing() -> None:
    reader = await Reader.connected()
    told: list[str] = []
    asyncio.get_running_loop().set_exception_handler(lambda loop, said: told.append(said["message"]))
    reader.broker.overruns.append(cast(BrokerSession, None))
    reader.read(receipted(1))
    assert told == ["a flush failed"]
    assert await reader.turn() == 1
    reader.turns.stop()


async def test_who_had_a_share_of_this_turn_has_the_next_in_the_next() -> None:
    reader = await Reader.connected()
    assert reader.read(frame("SUBSCRIBE", "id:0", "destination:/topic/*") + receipted(1)) == 0
    assert await reader.turn() == 2  # MESSAGE and RECEIPT
    reader.turns.stop()


async def test_a_large_read_is_answered_when_the_turn_ends() -> None:
    reader = await Reader.connected()
    assert reader.read(receipted(1) * 200) == 0
    assert await reader.turn() > 0
    reader.turns.stop()


async def test_where_the_turn_will_be_ended_anyway_a_read_waits_for_that() -> None:
    reader = await Reader.connected()
    reader.turns.wake()
    assert reader.read(receipted(1)) == 0
    assert await reader.turn() == 1
    reader.turns.stop()
