"""Which messages came: once, twice, not at all, too late for their order."""

from collections.abc import Mapping


class Seen:
    """The numbers of one publisher that one audience got; in memory, only what is out of order.

    An audience is a subscriber of a topic, or all subscribers of a queue.
    """

    __slots__ = ("_ahead", "_below")

    def __init__(self) -> None:
        self._below = 0  # all numbers below have come
        self._ahead: set[int] = set()

    def take(self, number: int) -> bool:
        """Note a number; return whether it came for the first time."""
        if number == self._below:
            self._below += 1
            ahead = self._ahead
            while self._below in ahead:
                ahead.remove(self._below)
                self._below += 1
            return True
        if number < self._below or number in self._ahead:
            return False
        self._ahead.add(number)
        return True

    def take_run(self, first: int, count: int) -> bool:
        """Note a run of numbers, if it is what should come next; return whether it was."""
        if first != self._below or self._ahead:
            return False
        self._below += count
        return True

    def missing(self, sent: int) -> int:
        """Count what has not come of ``sent`` messages."""
        return sent - self._below - len(self._ahead)


class Audience:
    """Who shares the messages of a destination: each of them has to come once to all of these together."""

    def __init__(self) -> None:
        self._seen: dict[int, Seen] = {}

    def of(self, publisher: int) -> Seen:
        """Return what came of one publisher."""
        seen = self._seen.get(publisher)
        if seen is None:
            seen = self._seen[publisher] = Seen()
        return seen

    def missing(self, sent: Mapping[int, int]) -> int:
        """Count what has not come, given how many messages each publisher has sent here."""
        return sum(self._seen.get(publisher, Seen()).missing(count) for publisher, count in sent.items())
