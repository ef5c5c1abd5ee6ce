"""When to look at which session: one list for all, so that one timer is enough."""

from heapq import heappop, heappush

from hoofbeat.broker.session import BrokerSession
from hoofbeat.protocol.outbox import INFINITY
from hoofbeat.protocol.states import State


class Deadlines:
    """Sessions by the time at which something about them may be due.

    A session that was put off stays listed under its old time as well, and is passed over then.

    Attributes:
        next: nearest time, by the monotonic clock; infinity for none.
    """

    __slots__ = ("_heap", "_tie", "next")

    def __init__(self) -> None:
        """Start with none."""
        self.next = INFINITY
        self._heap: list[tuple[float, int, BrokerSession]] = []
        self._tie = 0

    def add(self, session: BrokerSession, at: float) -> None:
        """List a session, unless it is listed for sooner anyway."""
        if at < session.looked_at:
            session.looked_at = at
            self._tie += 1
            heappush(self._heap, (at, self._tie, session))
            self.next = min(self.next, at)

    def pop(self, now: float) -> BrokerSession | None:
        """Take out the next session that has to be looked at by now, or return None."""
        while self._heap and self._heap[0][0] <= now:
            at, _, session = heappop(self._heap)
            if at == session.looked_at and session.state is not State.CLOSED:
                session.looked_at = INFINITY
                return session
        self.next = self._heap[0][0] if self._heap else INFINITY
        return None
