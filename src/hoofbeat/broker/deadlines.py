"""When to look at which session: one list for all, so that one timer is enough."""

from heapq import heapify, heappop, heappush

from hoofbeat.broker.session import BrokerSession
from hoofbeat.protocol.outbox import INFINITY
from hoofbeat.protocol.states import State

_FEW = 32  # listed: not worth a sweep
_Listed = tuple[float, int, BrokerSession]


class Deadlines:
    """Sessions by the time at which something about them may be due.

    A session that was put off, or ended, stays listed under its old time, and is passed over then;
    when half of the list may be such, it is swept.

    Attributes:
        next: nearest time, by the monotonic clock; infinity for none.
    """

    __slots__ = ("_heap", "_most", "_tie", "next")

    def __init__(self) -> None:
        """Start with none."""
        self.next = INFINITY
        self._heap: list[_Listed] = []
        self._most = _FEW
        self._tie = 0

    def add(self, session: BrokerSession, at: float) -> None:
        """List a session, unless it is listed for sooner anyway."""
        if at < session.looked_at:
            session.looked_at = at
            if len(self._heap) >= self._most:
                self._sweep()
            self._tie += 1
            heappush(self._heap, (at, self._tie, session))
            self.next = min(self.next, at)

    def pop(self, now: float) -> BrokerSession | None:
        """Take out the next session that has to be looked at by now, or return None."""
        while self._heap and self._heap[0][0] <= now:
            listed = heappop(self._heap)
            if _is_valid(listed):
                session = listed[2]
                session.looked_at = INFINITY
                return session
        self.next = self._heap[0][0] if self._heap else INFINITY
        return None

    def _sweep(self) -> None:
        """Forget what would be passed over; the list has to double before this is done again."""
        self._heap = list(filter(_is_valid, self._heap))
        heapify(self._heap)
        self._most = max(_FEW, 2 * len(self._heap))


def _is_valid(listed: _Listed) -> bool:
    at, _, session = listed
    return at == session.looked_at and session.state is not State.CLOSED
