"""Publishers that wait until there is room in a queue, and what of theirs was not taken in yet."""

from collections import deque
from collections.abc import Callable

from hoofbeat.broker.engine import Confirm
from hoofbeat.broker.hold import Hold, HoldReason
from hoofbeat.broker.message import Message
from hoofbeat.errors import Refused

Fill = Callable[[list[Message]], int]


class Parking:
    """Runs, or what is left of them, first come first."""

    __slots__ = ("_full", "_runs")

    def __init__(self, full: Callable[[], Refused]) -> None:
        """Start empty; ``full`` says what a publisher hears that has waited too long."""
        self._full = full
        self._runs: deque[_Parked] = deque()

    @property
    def is_empty(self) -> bool:
        """Say whether nobody waits."""
        return not self._runs

    def park(self, messages: list[Message], confirm: Confirm) -> Hold:
        """Keep what does not fit; return what holds its sender until it was taken in."""
        hold = Hold(HoldReason.FULL, lambda: self._refuse(parked))
        parked = _Parked(list(messages), confirm, hold)
        self._runs.append(parked)
        return hold

    def let_in(self, fill: Fill) -> None:
        """Have ``fill`` take in what it can of who came first, and let that go on if it was all."""
        parked = self._runs[0]
        taken = fill(parked.messages)
        del parked.messages[:taken]
        parked.confirm(taken, None)
        if not parked.messages and self._runs and self._runs[0] is parked:
            self._runs.popleft()
            parked.hold.end()

    def end(self, refused: Refused) -> None:
        """Refuse all that waits, for good."""
        while self._runs:
            parked = self._runs.popleft()
            parked.confirm(len(parked.messages), refused)
            parked.hold.end()

    def _refuse(self, parked: "_Parked") -> None:
        if parked in self._runs:
            self._runs.remove(parked)
            parked.confirm(len(parked.messages), self._full())


class _Parked:
    """A run, or what is left of it, that waits for room."""

    __slots__ = ("confirm", "hold", "messages")

    def __init__(self, messages: list[Message], confirm: Confirm, hold: Hold) -> None:
        self.messages = messages
        self.confirm = confirm
        self.hold = hold
