"""Failed logins by address: a few a minute are nobody's business, then each has to wait."""

from collections import deque
from ipaddress import ip_network

WINDOW_SECONDS = 60.0
DELAY_SECONDS = 4.0  # between the logins of an address that failed too often
PATIENCE_SECONDS = 8.0  # nobody waits longer; a session that does not connect in 10 s is closed
ADDRESSES = 10_000  # remembered at one time

IMPATIENT = -1.0


class _Record:
    """What is known of one address."""

    __slots__ = ("failures", "free_at")

    def __init__(self, most: int) -> None:
        self.failures: deque[float] = deque(maxlen=most)
        self.free_at = 0.0


class Attempts:
    """Decides how long a login has to wait for its turn.

    A login counts as failed from its start until it succeeds, so that many at the same time are
    no way round the limit. Of an IPv6 address the first 64 bits count: who has one, has them all.
    Times are seconds of a monotonic clock.
    """

    __slots__ = ("_most", "_records")

    def __init__(self, most: int) -> None:
        """Let ``most`` logins a minute fail without delay."""
        self._most = most
        self._records: dict[str, _Record] = {}

    def start(self, address: str, now: float) -> float:
        """Count a login that starts, and return the seconds it has to wait.

        Returns:
            0.0 for none; :data:`IMPATIENT` if too many wait already: it is to be refused unseen.
        """
        record = self._record(_network(address))
        while record.failures and record.failures[0] <= now - WINDOW_SECONDS:
            record.failures.popleft()
        if len(record.failures) < self._most:
            record.failures.append(now)
            return 0.0
        turn = max(record.free_at, now) + DELAY_SECONDS
        if turn > now + PATIENCE_SECONDS:
            return IMPATIENT
        record.free_at = turn
        record.failures.append(turn)
        return turn - now

    def succeed(self, address: str) -> None:
        """Take one of the logins that :meth:`start` counted for a good one."""
        record = self._records.get(_network(address))
        if record is not None and record.failures:
            record.failures.pop()

    def _record(self, network: str) -> _Record:
        record = self._records.pop(network, None) or _Record(self._most)
        self._records[network] = record  # the last one seen stands last
        if len(self._records) > ADDRESSES:
            del self._records[next(iter(self._records))]
        return record


def _network(address: str) -> str:
    if ":" not in address:
        return address
    return str(ip_network((address.partition("%")[0], 64), strict=False))
