"""Which consumer gets which message, where that matters: selectors, exclusive consumers, priority, groups.

A queue has a :class:`Chooser` only while one of its consumers is choosy, or messages in it belong to
groups; else any message will do for any consumer. What waits is set aside as it is looked at, so
that a message nobody wants now is in nobody's way; and no selector is asked twice about a message,
unless it comes back.
"""

from collections.abc import Sequence
from heapq import heapify, heappop, heappush
from typing import Final, NamedTuple

from hoofbeat.broker.message import Message
from hoofbeat.broker.selecting.condition import Condition
from hoofbeat.broker.subscription import SLICE, Subscription
from hoofbeat.broker.time import Now
from hoofbeat.engines.local.queues.aside import Aside
from hoofbeat.engines.local.queues.order import MOST_RETURNED, NONE, Order, lane_of
from hoofbeat.engines.local.queues.ready import Ready

EFFORT: Final = 4096  # messages looked at, and terms of selectors, in one turn; then others have theirs
MOST_GROUPS: Final = 10_000  # whose consumer is remembered; the oldest are forgotten
_LEAST_STALE: Final = 1024
_PASSED_BY: Final = 4  # two to this many consumers are gone through in the time of one question
_HEARD: Final = 3  # and of two to this many messages is heard that they came back


class Chosen(NamedTuple):
    """What one consumer is to be given."""

    consumer: Subscription
    messages: list[Message]


class _Matches:
    """How far one selector has come through what is set aside, and the first message it matches.

    Attributes:
        condition: None matches all.
        effort: of one question.
        head: rank of the first match that is known; NONE if none is.
        changes: of the order, when there was nothing before the head to ask about; -1 if there is.
        seen: the last rank it was asked about, by lane.
        heard: how many returns it knows of.
        behind: a heap of ranks that came back after it had passed them; some are gone.
        seats: how many consumers share it.
    """

    __slots__ = ("behind", "changes", "condition", "effort", "head", "heard", "seats", "seen")

    def __init__(self, condition: Condition | None, heard: int) -> None:
        self.condition = condition
        self.effort = 1 if condition is None else 1 + condition.terms
        self.seats = 0
        self.begin_anew(heard)

    def begin_anew(self, heard: int) -> None:
        """Be asked about everything, whatever was asked before."""
        self.head = NONE
        self.changes = -1
        self.seen: dict[int, int] = {}
        self.heard = heard
        self.behind: list[int] = []

    def wants(self, message: Message) -> bool:
        return self.condition is None or self.condition.matches(message)

    def hear(self, order: Order) -> int:
        """Learn what came back; return how much that is."""
        if self.heard == order.returns:
            return 0
        ranks = order.returned(self.heard)
        if ranks is None or len(self.behind) + len(ranks) > MOST_RETURNED:
            self.begin_anew(order.returns)  # or what comes back would be kept for every selector
            return 0
        self.heard = order.returns
        for rank in ranks:
            if rank <= self.seen.get(lane_of(rank), -1):
                heappush(self.behind, rank)
        return len(ranks)

    def next(self, order: Order) -> int:
        """Return the first rank that it may be asked about; NONE if there is none."""
        rank = order.after(self.seen)
        return min(rank, self.behind[0]) if self.behind else rank

    def pass_by(self, rank: int) -> None:
        """Note that it is asked about the next rank."""
        if self.behind and self.behind[0] == rank:
            heappop(self.behind)
        else:
            self.seen[lane_of(rank)] = rank

    def found(self, rank: int) -> None:
        """Note the first match; the one before is still one."""
        if self.head < NONE:
            heappush(self.behind, self.head)
        self.head = rank

    def taken(self) -> None:
        """Note that the first match is somebody's."""
        self.head = NONE
        self.changes = -1


class _Seat:
    """A consumer, and what is meant for it alone.

    Attributes:
        consumer: whose it is.
        matches: what it may be given.
        own: a heap of ranks, of messages whose groups are its own; some are gone.
        has_groups: of which it had the first message; they may have ended.
    """

    __slots__ = ("consumer", "has_groups", "matches", "own")

    def __init__(self, consumer: Subscription, matches: _Matches) -> None:
        self.consumer = consumer
        self.matches = matches
        self.own: list[int] = []
        self.has_groups = False

    def keep(self, rank: int, aside: Aside) -> None:
        """Have a message be for this consumer alone."""
        heappush(self.own, rank)
        if len(self.own) > 2 * aside.count + _LEAST_STALE:
            self.own = [rank for rank in set(self.own) if aside.get(rank) is not None]
            heapify(self.own)


class Chooser:
    """Chooses messages for the consumers of one queue.

    Attributes:
        effort: what may be spent this turn; nothing left means that there may be more to choose.
        has_groups: messages of groups have come.
    """

    __slots__ = (
        "_alone",
        "_aside",
        "_exclusive",
        "_matches",
        "_order",
        "_owners",
        "_priorities",
        "_ready",
        "_renewed",
        "_seats",
        "effort",
        "has_groups",
    )

    def __init__(self, ready: Ready, consumers: Sequence[Subscription]) -> None:
        """Start with who is there."""
        self.effort = EFFORT
        self.has_groups = False
        self._renewed: Now | None = None
        self._ready = ready
        self._aside = Aside()
        self._order = self._aside.order
        ready.aside = self._aside
        self._matches: dict[str, _Matches] = {}  # by the text of the selector
        self._seats: dict[Subscription, _Seat] = {}
        self._owners: dict[int, _Seat] = {}  # by group
        self._priorities: dict[int, int] = {}  # how many consumers have each
        self._exclusive: dict[_Seat, None] = {}
        self._alone: _Seat | None = None
        for consumer in consumers:
            self.add(consumer)

    def renew(self, now: Now) -> None:
        """Have effort again if this is another reading of the clock, of which each read and turn has one.

        So a session that leaves is no turn for each of its subscriptions. To one consumer alone this
        makes no difference, and a topic's, which has a queue of its own, is given no turns.
        """
        if now is not self._renewed or len(self._seats) < 2:
            self._renewed = now
            self.effort = EFFORT

    @property
    def is_needed(self) -> bool:
        """Say whether it matters who gets what."""
        if self._owners or (self.has_groups and self._ready.count):
            return True
        return any(consumer.is_choosy for consumer in self._seats)

    def add(self, consumer: Subscription) -> None:
        """Take in a consumer."""
        text = _text(consumer)
        matches = self._matches.get(text)
        if matches is None:
            matches = self._matches[text] = _Matches(consumer.condition, self._order.returns)
        matches.seats += 1
        seat = self._seats[consumer] = _Seat(consumer, matches)
        self._priorities[consumer.priority] = self._priorities.get(consumer.priority, 0) + 1
        if consumer.is_exclusive:
            self._exclusive[seat] = None
            self._arrange()

    def remove(self, consumer: Subscription) -> None:
        """Let a consumer go; its groups may be anybody's."""
        seat = self._seats.pop(consumer, None)
        if seat is None:
            return
        if seat.has_groups:
            self._owners = {group: owner for group, owner in self._owners.items() if owner is not seat}
        seat.matches.seats -= 1
        if not seat.matches.seats:
            del self._matches[_text(consumer)]
        self._priorities[consumer.priority] -= 1
        if not self._priorities[consumer.priority]:
            del self._priorities[consumer.priority]
        self._share(seat)
        if consumer.is_exclusive:
            del self._exclusive[seat]
            self._arrange()

    def close(self) -> None:
        """Leave all to whoever comes."""
        self._ready.end_aside()

    def choose(self, able: Sequence[Subscription]) -> list[Chosen]:
        """Remove what is to be delivered next and return it: at most a slice for each of some consumers.

        Args:
            able: the consumers that have credit, next in turn first.
        """
        if self._alone is not None:
            able = [consumer for consumer in able if consumer is self._alone.consumer]
        while able and self.effort > 0:
            is_new = self._ready.set_aside(self.effort)
            for level in self._levels(able):
                chosen = self._serve(level)
                if chosen:  # who is above may have credit still
                    self.effort -= len(able) >> _PASSED_BY
                    return chosen
                if self.effort <= 0:
                    return []
            if not is_new:
                return []
            self.effort -= len(able) >> _PASSED_BY
        return []

    def _arrange(self) -> None:
        """Find out who goes before all others: one exclusive consumer is served alone."""
        alone = max(self._exclusive, key=_priority, default=None)
        if alone is not self._alone:
            self._alone = alone
            self._owners = {}
            for seat in self._seats.values():
                self._share(seat)

    def _share(self, seat: _Seat) -> None:
        """Let others have what was meant for one consumer alone."""
        ranks, seat.own = seat.own, []
        for rank in ranks:
            self._order.come_back(rank)

    def _levels(self, able: Sequence[Subscription]) -> list[list[_Seat]]:
        """Return who is able, those of the highest priority first."""
        seats = [self._seats[consumer] for consumer in able]
        if len(self._priorities) == 1:
            return [seats]
        levels: dict[int, list[_Seat]] = {}
        for seat in seats:
            levels.setdefault(seat.consumer.priority, []).append(seat)
        return [levels[priority] for priority in sorted(levels, reverse=True)]

    def _serve(self, seats: list[_Seat]) -> list[Chosen]:
        """Choose for consumers of one priority, one message each in turns; who had the last is last."""
        chosen = [Chosen(seat.consumer, []) for seat in seats]
        room = [min(SLICE, seat.consumer.credit) for seat in seats]
        room_bytes = [seat.consumer.room_bytes for seat in seats]
        size = [0] * len(seats)
        turn = list(range(len(seats)))
        last = 0
        while turn and self.effort > 0:
            still: list[int] = []
            for at in turn:
                message = self._next(seats[at])
                if message is None:
                    continue
                messages = chosen[at].messages
                messages.append(message)
                last = at
                size[at] += message.size
                if len(messages) < room[at] and size[at] < room_bytes[at]:
                    still.append(at)
            turn = still
        chosen.append(chosen.pop(last))
        return [each for each in chosen if each.messages]

    def _next(self, seat: _Seat) -> Message | None:
        """Remove the first message that a consumer may have and return it; None if there is none yet."""
        while self.effort > 0:
            rank = self._find(seat.matches)
            if seat.own and seat.own[0] < rank:
                rank = heappop(seat.own)
            elif rank == NONE:
                return None
            else:
                seat.matches.taken()
            message = self._aside.get(rank)
            if message is None:
                continue
            group = message.envelope.group
            owner = self._owner(message, group, seat) if group else seat
            if owner is not seat:
                owner.keep(rank, self._aside)
                continue
            self._ready.take_aside(rank)
            if group and message.envelope.ends_group and self._owners.pop(group, None) is not None:
                self._share(seat)
            return message
        return None

    def _find(self, matches: _Matches) -> int:
        """Return the rank of the first match; NONE if there is none, or no effort left to find it."""
        if matches.head < NONE and self._aside.get(matches.head) is None:
            matches.taken()
        order = self._order
        if matches.changes == order.changes:
            return matches.head
        self.effort -= matches.hear(order) >> _HEARD
        while self.effort > 0:
            rank = matches.next(order)
            if rank < matches.head:
                matches.pass_by(rank)
                message = self._aside.get(rank)
                self.effort -= 1 if message is None else matches.effort
                if message is None or not matches.wants(message):
                    continue
                matches.found(rank)
            matches.changes = order.changes
            return matches.head
        return NONE

    def _owner(self, message: Message, group: int, seat: _Seat) -> _Seat:
        """Return whose a message of a group is: of the consumer that had the first, if that wants it."""
        if self._alone is not None:
            return seat
        owner = self._owners.get(group)
        if owner is None:
            if len(self._owners) >= MOST_GROUPS:
                del self._owners[next(iter(self._owners))]
            owner = self._owners[group] = seat
            seat.has_groups = True
        if owner is seat or owner.matches is seat.matches or owner.matches.wants(message):
            return owner
        return seat


def _priority(seat: _Seat) -> int:
    return seat.consumer.priority


def _text(consumer: Subscription) -> str:
    condition = consumer.condition
    return "" if condition is None or condition.selector is None else condition.selector.text
