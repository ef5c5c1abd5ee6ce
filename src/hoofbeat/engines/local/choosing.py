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
from hoofbeat.engines.local.aside import Aside
from hoofbeat.engines.local.ready import Ready

EFFORT: Final = 4096  # messages looked at, and terms of selectors, in one turn; then others have theirs
MOST_GROUPS: Final = 10_000  # whose consumer is remembered; the oldest are forgotten
_NONE: Final = 1 << 61  # comes after every rank
_LEAST_STALE: Final = 1024


class Chosen(NamedTuple):
    """What one consumer is to be given."""

    consumer: Subscription
    messages: list[Message]


class _Matches:
    """What one selector has not been asked about yet, and the first message it matches.

    Attributes:
        condition: None matches all.
        effort: of one question.
        head: rank of the first match that is known; _NONE if none is.
        unseen: a heap of ranks; some are gone.
        seats: how many consumers share it.
    """

    __slots__ = ("condition", "effort", "head", "seats", "unseen")

    def __init__(self, condition: Condition | None, unseen: list[int]) -> None:
        self.condition = condition
        self.effort = 1 if condition is None else 1 + condition.terms
        self.head = _NONE
        self.unseen = unseen
        self.seats = 0

    def wants(self, message: Message) -> bool:
        return self.condition is None or self.condition.matches(message)

    def add(self, ranks: Sequence[int], aside: Aside) -> None:
        """Note that there is more to ask about."""
        for rank in ranks:
            heappush(self.unseen, rank)
            if rank < self.head < _NONE:
                heappush(self.unseen, self.head)
                self.head = _NONE
        if len(self.unseen) > 2 * aside.count + _LEAST_STALE:
            self.unseen = [rank for rank in set(self.unseen) if aside.get(rank) is not None]
            heapify(self.unseen)


class _Seat:
    """A consumer, and what is meant for it alone.

    Attributes:
        consumer: whose it is.
        matches: what it may be given.
        own: a heap of ranks, of messages whose groups are its own.
    """

    __slots__ = ("consumer", "matches", "own")

    def __init__(self, consumer: Subscription, matches: _Matches) -> None:
        self.consumer = consumer
        self.matches = matches
        self.own: list[int] = []


class Chooser:
    """Chooses messages for the consumers of one queue.

    Attributes:
        effort: what may be spent this turn; nothing left means that there may be more to choose.
        has_groups: messages of groups have come.
    """

    __slots__ = (
        "_alone",
        "_aside",
        "_has_levels",
        "_matches",
        "_owners",
        "_ready",
        "_seats",
        "effort",
        "has_groups",
    )

    def __init__(self, ready: Ready, consumers: Sequence[Subscription]) -> None:
        """Start with who is there."""
        self.effort = EFFORT
        self.has_groups = False
        self._ready = ready
        self._aside = Aside()
        ready.aside = self._aside
        self._matches: dict[str, _Matches] = {}  # by the text of the selector
        self._seats: dict[Subscription, _Seat] = {}
        self._owners: dict[int, _Seat] = {}  # by group
        self._alone: _Seat | None = None
        self._has_levels = False
        for consumer in consumers:
            self.add(consumer)

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
            matches = self._matches[text] = _Matches(consumer.condition, self._aside.ranks())
        matches.seats += 1
        self._seats[consumer] = _Seat(consumer, matches)
        self._arrange()

    def remove(self, consumer: Subscription) -> None:
        """Let a consumer go; its groups may be anybody's."""
        seat = self._seats.pop(consumer, None)
        if seat is None:
            return
        self._owners = {group: owner for group, owner in self._owners.items() if owner is not seat}
        seat.matches.seats -= 1
        if not seat.matches.seats:
            del self._matches[_text(consumer)]
        self._share(seat)
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
            is_new = self._look()
            for level in self._levels(able):
                chosen = self._serve(level)
                if chosen:  # who is above may have credit still
                    return chosen
                if self.effort <= 0:
                    return []
            if not is_new:
                return []
        return []

    def _arrange(self) -> None:
        """Find out who goes before whom: one exclusive consumer is served alone."""
        seats = list(self._seats.values())
        self._has_levels = len({seat.consumer.priority for seat in seats}) > 1
        exclusive = [seat for seat in seats if seat.consumer.is_exclusive]
        alone = max(exclusive, key=_priority) if exclusive else None
        if alone is not self._alone:
            self._alone = alone
            self._owners = {}
            for seat in seats:
                self._share(seat)

    def _share(self, seat: _Seat) -> None:
        """Let others have what was meant for one consumer alone."""
        ranks, seat.own = seat.own, []
        for matches in self._matches.values():
            matches.add(ranks, self._aside)

    def _look(self) -> bool:
        """Set aside some of what waits; return whether there was any."""
        ranks = self._ready.set_aside(self.effort)
        for matches in self._matches.values():
            matches.add(ranks, self._aside)
        return bool(ranks)

    def _levels(self, able: Sequence[Subscription]) -> list[list[_Seat]]:
        """Return who is able, those of the highest priority first."""
        seats = [self._seats[consumer] for consumer in able]
        if not self._has_levels:
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
            elif rank == _NONE:
                return None
            else:
                seat.matches.head = _NONE
            message = self._aside.get(rank)
            if message is None:
                continue
            group = message.envelope.group
            owner = self._owner(message, group, seat) if group else seat
            if owner is not seat:
                heappush(owner.own, rank)
                continue
            self._ready.take_aside(rank)
            if group and message.envelope.ends_group and self._owners.pop(group, None) is not None:
                self._share(seat)
            return message
        return None

    def _find(self, matches: _Matches) -> int:
        """Return the rank of the first match; _NONE if there is none, or no effort left to find it."""
        if matches.head < _NONE and self._aside.get(matches.head) is not None:
            return matches.head
        matches.head = _NONE
        while matches.unseen and self.effort > 0:
            rank = heappop(matches.unseen)
            self.effort -= matches.effort
            message = self._aside.get(rank)
            if message is not None and matches.wants(message):
                matches.head = rank
                break
        return matches.head

    def _owner(self, message: Message, group: int, seat: _Seat) -> _Seat:
        """Return whose a message of a group is: of the consumer that had the first, if that wants it."""
        if self._alone is not None:
            return seat
        owner = self._owners.get(group)
        if owner is None:
            if len(self._owners) >= MOST_GROUPS:
                del self._owners[next(iter(self._owners))]
            owner = self._owners[group] = seat
        if owner is seat or owner.matches is seat.matches or owner.matches.wants(message):
            return owner
        return seat


def _priority(seat: _Seat) -> int:
    return seat.consumer.priority


def _text(consumer: Subscription) -> str:
    condition = consumer.condition
    return "" if condition is None or condition.selector is None else condition.selector.text
