"""The order of messages that are set aside, for many who go through it at their own pace."""

from bisect import bisect_left, bisect_right
from collections import deque
from collections.abc import Container, Mapping, Sequence
from itertools import islice
from typing import Final

NUMBER_BITS: Final = 56  # of a rank; what is above them is its lane
NONE: Final = 1 << 61  # comes after every rank
MOST_RETURNED: Final = 1024  # that somebody may have missed; then all is to be gone through anew


def lane_of(rank: int) -> int:
    """Return the lane of a rank: messages of one priority, nearly all of which come in order."""
    return rank >> NUMBER_BITS


class Order:
    """Ranks in order, some of them of messages that are gone.

    Who goes through them notes how far it is in each lane, and how many returns it has heard of: of
    what comes where others were already there is one list for all.

    Attributes:
        size: ranks.
        changes: how often something came; nobody has to look again before it grows.
        returns: how often something came where others may have been already.
    """

    __slots__ = ("_lanes", "_last", "_returned", "changes", "returns", "size")

    def __init__(self) -> None:
        """Start empty."""
        self.size = 0
        self.changes = 0
        self.returns = 0
        self._lanes: dict[int, list[int]] = {}  # the lowest first
        self._last: dict[int, int] = {}  # the highest that ever was, by lane
        self._returned: deque[int] = deque(maxlen=MOST_RETURNED)

    def add(self, rank: int) -> None:
        """Put in a rank, which may be there already; what comes in order costs the same however many wait."""
        lane = lane_of(rank)
        ranks = self._lanes.get(lane)
        if ranks is None:
            self._lanes[lane] = ranks = []
            self._lanes = dict(sorted(self._lanes.items()))
        if rank > self._last.get(lane, -1):
            ranks.append(rank)
            self._last[lane] = rank
            self.size += 1
            self.changes += 1
            return
        at = bisect_left(ranks, rank)
        if at == len(ranks) or ranks[at] != rank:
            ranks.insert(at, rank)
            self.size += 1
        self.come_back(rank)

    def come_back(self, rank: int) -> None:
        """Have a rank be looked at again by all that have passed it."""
        self._returned.append(rank)
        self.returns += 1
        self.changes += 1

    def after(self, seen: Mapping[int, int]) -> int:
        """Return the first rank behind the last ones seen, by lane; NONE if there is none."""
        for lane, ranks in self._lanes.items():
            at = bisect_right(ranks, seen.get(lane, -1))
            if at < len(ranks):
                return ranks[at]
        return NONE

    def returned(self, heard: int) -> Sequence[int] | None:
        """Return what came back after the first ``heard`` returns; None if it was too much to be kept."""
        missed = self.returns - heard
        if missed > MOST_RETURNED:
            return None
        return list(islice(reversed(self._returned), missed))

    def keep(self, there: Container[int]) -> None:
        """Forget ranks of messages that are gone."""
        for ranks in self._lanes.values():
            ranks[:] = [rank for rank in ranks if rank in there]
        self.size = sum([len(ranks) for ranks in self._lanes.values()])
