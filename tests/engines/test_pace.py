"""When the next write may begin, by the clock and by what others send."""

from hoofbeat.broker.stats import Stats
from hoofbeat.broker.time import Clock, Now
from hoofbeat.engines.local.writing.pace import Pace
from hoofbeat.protocol.outbox import INFINITY

MOST = 0.025
KEPT, CHANGES = 10, 20  # of each write


class Disk:
    """Writes, one after the other, beside what others send."""

    def __init__(self, others: int) -> None:
        self._clock, self._stats = Clock(Now(100.0, 0)), Stats()
        self._others = others
        self._writes = 0
        self.pace = Pace(self._clock, self._stats)

    def write(self, seconds: float) -> float:
        """Make a write, as soon as it may begin, that takes so long; return the rest that follows it."""
        self._wait(max(0.0, self.pace.next_at - self._clock.now.monotonic))
        self._stats.messages_received += KEPT + self._others
        self._writes += 1
        self.pace.begin(self._writes * KEPT, self._writes * CHANGES)
        self._wait(seconds)
        self.pace.end()
        return self.pace.next_at - self._clock.now.monotonic

    def _wait(self, seconds: float) -> None:
        now = self._clock.now
        self._clock.now = Now(now.monotonic + seconds, now.epoch_ms)


def test_the_first_write_begins_at_once() -> None:
    assert Disk(others=1000).pace.next_at == -INFINITY


def test_who_is_alone_with_the_disk_does_not_wait() -> None:
    disk = Disk(others=0)
    assert max(disk.write(0.001) for _ in range(100)) <= 0.0


def test_beside_others_a_rest_follows_that_is_longer_than_the_write() -> None:
    disk = Disk(others=CHANGES)
    rests = [disk.write(seconds) for seconds in (0.0002, 0.0005, 0.001)]
    assert [round(rest, 6) for rest in rests] == [0.0008, 0.002, 0.008]


def test_no_two_writes_are_further_apart_than_the_bound() -> None:
    disk = Disk(others=1000)
    assert abs(disk.write(0.02) - (MOST - 0.02)) < 1e-9
    assert disk.write(0.2) <= 0.0


def test_few_others_are_as_if_there_were_none() -> None:
    few, more = Disk(others=CHANGES // 16 - 1), Disk(others=CHANGES // 16 + 1)
    assert max(few.write(0.001) for _ in range(100)) <= 0.0
    assert max(more.write(0.001) for _ in range(100)) > 0.0


def test_when_the_others_have_gone_the_rests_end_soon() -> None:
    disk = Disk(others=1000)
    disk.write(0.001)
    disk._others = 0
    rests = [disk.write(0.001) for _ in range(40)]
    assert rests[0] > 0.0
    assert rests[-1] <= 0.0
