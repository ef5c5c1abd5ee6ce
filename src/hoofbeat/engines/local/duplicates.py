"""Messages that are sent again under an id that is known: confirmed as the first was, and dropped.

An id counts per destination, within a window of so many ids and so much time. It is known from when
its message was taken in; until that is confirmed, those sent again wait for what becomes of the first,
and what is refused is forgotten, so that it can be sent again. What is to be kept is a duplicate only of
what is kept: a receipt of it says so.
"""

from collections import deque
from collections.abc import Sequence
from typing import Final, NamedTuple

from hoofbeat.broker.engine import Confirm, Done
from hoofbeat.broker.message import Message
from hoofbeat.broker.stats import Stats
from hoofbeat.broker.time import Clock
from hoofbeat.config import DuplicatesConfig
from hoofbeat.engines.local.writing.journal import Journal
from hoofbeat.errors import Refused

_FEW: Final = 64  # passed over: not worth a sweep

_Runs = Sequence[list[Message]]


class _Place(NamedTuple):
    """What a message is known by, and whether the store is to know."""

    destination: str
    id: str
    is_kept: bool


class _Sent(NamedTuple):
    """When a message of some id was taken in, and whether the store knows."""

    at_ms: int
    is_kept: bool


class Duplicates:
    """The ids of all destinations."""

    __slots__ = ("_clock", "_config", "_count", "_journal", "_order", "_pending", "_sent", "_stats")

    def __init__(self, config: DuplicatesConfig, *, clock: Clock, stats: Stats) -> None:
        """Start without ids."""
        self._config = config
        self._clock = clock
        self._stats = stats
        self._journal: Journal | None = None
        self._sent: dict[str, dict[str, _Sent]] = {}  # by destination and id, oldest first
        self._count = 0
        self._order: deque[tuple[_Place, int]] = deque()  # of all, with their times; some are gone
        self._pending: dict[_Place, list[_Waiting]] = {}

    def recover(self, ids: Sequence[tuple[str, str, int]], journal: Journal) -> None:
        """Take in ids of the last start, oldest first, and have those of persistent messages kept."""
        self._journal = journal
        for destination, id, at_ms in ids:
            self._add(_Place(destination, id, True), at_ms)
            self._forget_old(destination)

    def fresh(self, messages: list[Message], confirm: Confirm) -> tuple[list[Message], Confirm]:
        """Return what was not sent before of a run with ids, and how to confirm that."""
        if not self._config.ids:
            return messages, confirm
        sending = _Sending(self, len(messages), confirm)
        fresh: list[Message] = []
        for at, message in enumerate(messages):
            place = self._place(message)
            waiting = self._waiting(place)
            if waiting is not None:
                waiting.append(_Waiting(sending, at))
            elif self._is_known(place):
                sending.outcomes[at] = None
            else:
                self._note(place)
                sending.fresh.append((at, place))
                fresh.append(message)
        self._stats.messages_duplicated += len(messages) - len(fresh)
        if fresh:
            self.keep(fresh)
        sending.speak()
        return fresh, sending

    def fresh_of(self, runs: _Runs, done: Done) -> tuple[_Runs, Done]:
        """Return what was not sent before of the runs of a transaction, and whom to tell of its end.

        What is known, but not safe yet, is not counted on: it stays.
        """
        if not self._config.ids or not any(run[0].envelope.duplicate_id for run in runs):
            return runs, done
        left: list[list[Message]] = []
        places: dict[_Place, None] = {}
        for run in runs:
            if not run[0].envelope.duplicate_id:
                left.append(run)
                continue
            fresh: list[Message] = []
            for message in run:
                place = self._place(message)
                is_on_its_way = self._waiting(place) is not None
                if any(each in places for each in _originals(place)) or (
                    not is_on_its_way and self._is_known(place)
                ):
                    self._stats.messages_duplicated += 1
                    continue
                if not is_on_its_way:
                    self._note(place)
                    places[place] = None
                fresh.append(message)
            if fresh:
                left.append(fresh)
        return left, _Committing(self, places, done)

    def keep(self, messages: list[Message]) -> None:
        """Have the store keep ids of a run; a queue that keeps the messages does so by itself."""
        envelope = messages[0].envelope
        is_by_itself = not envelope.destination.is_topic and envelope.timing is None
        if self._journal is not None and envelope.persistent and not is_by_itself:
            self._journal.remember(messages)

    def settled(self, place: _Place, refused: Refused | None) -> None:
        """Learn what became of the first message of an id; tell who waits for that."""
        if refused is not None:
            self._forget(place)
        self._forget_old(place.destination)
        for sending, at in self._pending.pop(place, ()):
            sending.outcomes[at] = refused
            sending.speak()

    def _place(self, message: Message) -> _Place:
        envelope = message.envelope
        is_kept = envelope.persistent and self._journal is not None
        return _Place(envelope.destination.name, envelope.duplicate_id, is_kept)

    def _waiting(self, place: _Place) -> "list[_Waiting] | None":
        """Return who waits for one on its way that this is a duplicate of; None if there is none."""
        found = [self._pending[each] for each in _originals(place) if each in self._pending]
        return found[0] if found else None

    def _is_known(self, place: _Place) -> bool:
        sent = self._sent.get(place.destination, {}).get(place.id)
        if sent is None or sent.is_kept < place.is_kept:
            return False
        return sent.at_ms > self._clock.now.epoch_ms - self._config.seconds * 1000

    def _note(self, place: _Place) -> None:
        for is_kept in (True, False):
            self._forget(place._replace(is_kept=is_kept))  # which may be there, and too old, or not kept
        self._add(place, self._clock.now.epoch_ms)
        self._pending[place] = []

    def _add(self, place: _Place, at_ms: int) -> None:
        self._sent.setdefault(place.destination, {})[place.id] = _Sent(at_ms, place.is_kept)
        self._count += 1
        self._order.append((place, at_ms))

    def _forget_old(self, destination: str) -> None:
        """Forget what is too old, and the oldest of what is too much, of one destination or of all."""
        of_one = self._sent.get(destination, {})
        while len(of_one) > self._config.ids:
            id, sent = next(iter(of_one.items()))
            self._forget(_Place(destination, id, sent.is_kept))
        oldest_ms = self._clock.now.epoch_ms - self._config.seconds * 1000
        while self._order and (self._order[0][1] <= oldest_ms or self._count > self._config.all_ids):
            place, at_ms = self._order.popleft()
            if self._is_of(place, at_ms):
                self._forget(place)
        if len(self._order) > 2 * self._count + _FEW:
            self._order = deque([(place, at_ms) for place, at_ms in self._order if self._is_of(place, at_ms)])

    def _is_of(self, place: _Place, at_ms: int) -> bool:
        return self._sent.get(place.destination, {}).get(place.id) == _Sent(at_ms, place.is_kept)

    def _forget(self, place: _Place) -> None:
        destination, id, is_kept = place
        of_one = self._sent.get(destination, {})
        sent = of_one.get(id)
        if sent is None or sent.is_kept is not is_kept:
            return
        del of_one[id]
        self._count -= 1
        if not of_one:
            del self._sent[destination]
        if is_kept and self._journal is not None:
            self._journal.forget(destination, id)


class _Sending:
    """Confirms a run in order when only some of it was new; the ``confirm`` of what was.

    Attributes:
        outcomes: by place in the run, as far as they are known.
        fresh: place in the run and id of each message that was passed on.
    """

    __slots__ = ("_confirm", "_count", "_duplicates", "_said", "_settled", "fresh", "outcomes")

    def __init__(self, duplicates: Duplicates, count: int, confirm: Confirm) -> None:
        self.outcomes: dict[int, Refused | None] = {}
        self.fresh: list[tuple[int, _Place]] = []
        self._duplicates = duplicates
        self._count = count
        self._confirm = confirm
        self._settled = 0  # of those that are fresh
        self._said = 0  # of all

    def __call__(self, count: int, refused: Refused | None) -> None:
        """Learn what became of the next so many of those that are fresh."""
        settled = self.fresh[self._settled : self._settled + count]
        self._settled += count
        for at, _ in settled:
            self.outcomes[at] = refused
        self.speak()
        for _, place in settled:
            self._duplicates.settled(place, refused)

    def speak(self) -> None:
        """Confirm what can be confirmed in order."""
        while self._said in self.outcomes:
            start = self._said
            refused = self.outcomes[start]
            while self._said in self.outcomes and self.outcomes[self._said] is refused:
                self._said += 1
            self._confirm(self._said - start, refused)


class _Waiting(NamedTuple):
    """A message that was sent again, in a run, while the first is on its way."""

    sending: _Sending
    at: int


class _Committing:
    """The ``done`` of a transaction with ids."""

    __slots__ = ("_done", "_duplicates", "_places")

    def __init__(self, duplicates: Duplicates, places: dict[_Place, None], done: Done) -> None:
        self._duplicates = duplicates
        self._places = places
        self._done = done

    def __call__(self, refused: Refused | None) -> None:
        """Learn what became of it, and pass it on."""
        for place in self._places:
            self._duplicates.settled(place, refused)
        self._done(refused)


def _originals(place: _Place) -> Sequence[_Place]:
    """Return the places of those that one at ``place`` would be a duplicate of."""
    return (place,) if place.is_kept else (place._replace(is_kept=True), place)
