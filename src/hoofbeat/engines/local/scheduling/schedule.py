"""Messages that are to be published later: once, or again and again.

A job is a message and a time. When that has come a new message is made of it and published as any
other. With a store, jobs of persistent messages are kept in a queue of their own, each with its next
time, and how often it was published stands where other queues note deliveries. A job that has a name
takes the place of those before it that have the same: once it is safe, so that one of them always is.
"""

from collections import OrderedDict, deque
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from heapq import heapify, heappop, heappush
from typing import Final

from hoofbeat.broker.engine import Confirm
from hoofbeat.broker.message import Message, Numbers
from hoofbeat.broker.time import Clock
from hoofbeat.config import ScheduleConfig
from hoofbeat.engines.local.scheduling.job import Job, JobName, marked, name_of, outlives, recall
from hoofbeat.engines.local.shares import Shares
from hoofbeat.engines.local.writing.journal import Journal
from hoofbeat.errors import Refused
from hoofbeat.protocol.outbox import INFINITY
from hoofbeat.stores.base import Entry

SCHEDULE: Final = "schedule"  # its name in the store, where no destination is called so
_MOST_AT_ONCE: Final = 1000  # published before others have their turn
_FEW: Final = 64  # passed over: not worth a sweep
_RETRY_MS: Final = 1000  # a full queue is tried again after so long
_LOOK_SECONDS: Final = 60.0  # the clock on the wall may be set: it is looked at as often as that

Publish = Callable[[list[Message]], bool]


class Schedule:
    """All that waits for its time.

    Attributes:
        deadline: when to call :meth:`advance`, by the monotonic clock, or infinity.
    """

    __slots__ = (
        "_blocked",
        "_bytes",
        "_clock",
        "_config",
        "_heap",
        "_jobs",
        "_journal",
        "_named",
        "_numbers",
        "_publish",
        "_recovered",
        "_retry_ms",
        "_shares",
        "_temporary",
        "deadline",
    )

    def __init__(self, config: ScheduleConfig, *, clock: Clock, numbers: Numbers, publish: Publish) -> None:
        """Start empty; ``publish`` takes messages in, or returns False where there is no room."""
        self.deadline = INFINITY
        self._config = config
        self._clock = clock
        self._numbers = numbers
        self._publish = publish
        self._journal: Journal | None = None
        self._jobs: dict[int, Job] = {}  # by number
        self._named: dict[JobName, OrderedDict[int, None]] = {}  # numbers, in order
        self._temporary: dict[int, None] = {}  # numbers of those that end with a session
        self._bytes = 0
        self._shares = Shares()
        self._heap: list[tuple[int, int]] = []  # time, number; what is not a job of that time is passed over
        self._blocked: dict[str, deque[int]] = {}  # by destination that has no room: numbers, in order
        self._retry_ms = 0
        self._recovered: dict[JobName, int] = {}  # the newest of each name, before the first turn

    # From senders.

    def refusal(self, messages: list[Message]) -> Refused | None:
        """Say why a run can't be taken in, if that is so."""
        timing, config = messages[0].envelope.timing, self._config
        assert timing is not None
        if 0 < timing.period_ms < config.least_period_ms:
            return Refused(
                f"AMQ_SCHEDULED_PERIOD below {config.least_period_ms} ms", detail="repeat less often"
            )
        if len(self._jobs) + len(messages) > config.messages or self._bytes >= config.bytes:
            return Refused("the schedule is full", detail="send again when some of it was published")
        if not self._has_share(timing.owner, len(messages)):
            return Refused("too much is scheduled by one user", detail="send again when some was published")
        return None

    def _has_share(self, owner: str, count: int) -> bool:
        """Say whether so many messages more leave room for those of others."""
        share, config = self._shares.of(owner), self._config
        return share.entries + count <= config.per_user and share.size < config.per_user_bytes

    def take_in(self, messages: list[Message], confirm: Confirm) -> None:
        """Take in a run, and confirm it when it is safe: all of it, or nothing."""
        timing, journal = messages[0].envelope.timing, self._journal
        assert timing is not None
        refused = None if timing.is_removal else self.refusal(messages)
        if refused is not None:
            confirm(len(messages), refused)
            return
        before = 0 if journal is None else journal.count
        if timing.is_removal:
            self._end_named(name_of(messages[0], timing), messages[0].number)
        else:
            self.put(messages)
        if journal is None or (journal.count == before and not timing.is_removal):
            confirm(len(messages), None)
        elif outlives(messages[0]) and not timing.is_removal:
            journal.confirm(confirm, len(messages), None)
        else:  # the disk may have no room for what was put, but what ended has ended
            journal.done(partial(confirm, len(messages)))

    def put(self, messages: list[Message]) -> None:
        """Take in a run that was not refused."""
        now_ms = self._clock.now.epoch_ms
        timing = messages[0].envelope.timing
        assert timing is not None
        due_ms = timing.first_after(now_ms)
        taken = [Job(message, timing, due_ms) for message in messages]
        for job in taken:
            self._add(job)
        if timing.id:
            self._take_place(taken[-1])
        self._look_again()

    # Names.

    def _take_place(self, job: Job) -> None:
        """Have a job end those before it that have its name, once all it came with is safe."""
        name, number, journal = job.name, job.message.number, self._journal
        if journal is None:
            self._end_named(name, number)
        elif job.kept is None:
            journal.done(partial(self._heard, name, number, 1))
        else:
            journal.confirm(partial(self._heard, name, number), 1, None)

    def _heard(self, name: JobName | None, number: int, count: int, refused: Refused | None) -> None:
        """Hear what the store made of a job with a name; where it is refused, the one before goes on."""
        if refused is None:
            self._end_named(name, number)

    def _newest(self, name: JobName | None) -> int:
        """Return the number of the newest job of a name; 0 if there is none."""
        numbers = () if name is None else self._named.get(name, ())
        return next((each for each in reversed(numbers) if not self._jobs[each].timing.is_series), 0)

    def _end_named(self, name: JobName | None, before: int) -> None:
        """End the jobs of a name that are older than the message with that number."""
        numbers = None if name is None else self._named.get(name)
        while numbers and (number := next(iter(numbers))) < before:
            self._end(self._jobs[number])
        self._look_again()

    def _end_replaced(self) -> None:
        """End what a broker that stopped could not end any more."""
        recovered, self._recovered = self._recovered, {}
        for name, newest in recovered.items():
            self._end_named(name, newest)

    # From the store, and what it has no room for.

    def recover(self, delayed: Sequence[tuple[str, Entry]], journal: Journal) -> list[tuple[str, Entry]]:
        """Take in what was scheduled before the last start, and have persistent messages kept from now on.

        Returns:
            the entries of queues.
        """
        self._journal = journal
        for name, entry in sorted(delayed, key=_number):
            if name == SCHEDULE:
                self._enter(recall(entry))
        self._recovered = {name: self._newest(name) for name in self._named}
        self._look_again()
        return [(name, entry) for name, entry in delayed if name != SCHEDULE]

    def take_out(self, messages: Iterable[Message]) -> None:
        """Forget messages that the disk had no room for."""
        for message in messages:
            job = self._jobs.pop(message.number, None)
            if job is not None:
                self._leave(job)
        self._look_again()

    def forget(self, prefix: str) -> None:
        """Forget what was to be sent to the temporary destinations of a session."""
        starts = (f"/temp-queue/{prefix}/", f"/temp-topic/{prefix}/")
        for number in list(self._temporary):
            if self._jobs[number].message.envelope.destination.name.startswith(starts):
                self._end(self._jobs[number])
        self._look_again()

    # What is due.

    def advance(self) -> None:
        """Publish what is due."""
        now = self._clock.now
        if now.monotonic < self.deadline:
            return
        if self._recovered:
            self._end_replaced()
        left = _MOST_AT_ONCE
        if self._blocked and self._retry_ms <= now.epoch_ms:
            left = self._retry(left)
        while left and self._heap and self._heap[0][0] <= now.epoch_ms:
            due_ms, number = heappop(self._heap)
            job = self._jobs.get(number)
            if job is not None and job.due_ms == due_ms:
                self._fire(job)
                left -= 1
        self._look_again()

    def _retry(self, left: int) -> int:
        """Publish what had to wait for room, in order; return how many more may be published at once."""
        blocked, self._blocked = self._blocked, {}
        for name, numbers in blocked.items():
            while numbers and left and name not in self._blocked:
                job = self._jobs.get(numbers.popleft())
                if job is not None:
                    self._fire(job)
                    left -= 1
            if numbers:
                again = self._blocked.setdefault(name, deque())
                again.extend([number for number in numbers if number in self._jobs])
        self._retry_ms = self._clock.now.epoch_ms + (_RETRY_MS if left else 0)
        return left

    def _fire(self, job: Job) -> None:
        """Publish a job, and see when it is due again; where there is no room, it waits for some."""
        name = job.message.envelope.destination.name
        if name in self._blocked:
            self._blocked[name].append(job.message.number)
            return
        timing, now_ms = job.timing, self._clock.now.epoch_ms
        if timing.cron is not None and (timing.repeat or timing.delay_ms):
            self._begin_series(job)
        else:
            envelope = job.message.envelope
            message = Message(self._numbers.take(), envelope, job.message.body, envelope.expires_at(now_ms))
            if not self._publish([message]):
                self._blocked[name] = deque([job.message.number])
                self._retry_ms = now_ms + _RETRY_MS
                return
        again = job.left != 0
        job.done += 1
        if again:
            try:
                job.due_ms = timing.next_after(job.due_ms, now_ms)
            except Refused:  # at the end of the calendar
                again = False
        if again:
            heappush(self._heap, (job.due_ms, job.message.number))
            if self._journal is not None and job.kept is not None:
                self._journal.mark(SCHEDULE, job.kept, job.done, job.due_ms)
        else:
            self._end(job)

    def _begin_series(self, job: Job) -> None:
        """Cron named a time at which a delay and repetitions begin; they are left out if there is no room."""
        envelope, timing = job.message.envelope, job.timing
        if self._newest(job.name) > job.message.number:
            return  # another is about to take its place
        if len(self._jobs) >= self._config.messages or not self._has_share(timing.owner, 1):
            return
        message = Message(self._numbers.take(), envelope, job.message.body)
        series = timing._replace(cron=None, is_series=True)
        due_ms = job.due_ms + (timing.delay_ms or timing.period_ms)
        journal = self._journal
        if journal is None:
            self._add(Job(message, series, due_ms))
            return
        journal.owe(partial(self._add, Job(message, series, due_ms)))

    def _add(self, job: Job) -> None:
        """Take in a job that is new."""
        message = job.message
        if self._journal is not None and outlives(message):
            job.kept = marked(message, job.timing)
            self._journal.put(SCHEDULE, [job.kept], max(1, job.due_ms))
        self._enter(job)

    def _enter(self, job: Job) -> None:
        self._jobs[job.message.number] = job
        if (name := job.name) is not None:
            self._named.setdefault(name, OrderedDict())[job.message.number] = None
        if job.message.envelope.destination.is_temporary:
            self._temporary[job.message.number] = None
        self._bytes += _size(job)
        self._shares.add(job.timing.owner, _size(job))
        heappush(self._heap, (job.due_ms, job.message.number))

    def _end(self, job: Job) -> None:
        """Forget a job; what is left of it in the heap is passed over."""
        del self._jobs[job.message.number]
        self._temporary.pop(job.message.number, None)
        self._leave(job)
        if self._journal is not None and job.kept is not None:
            self._journal.remove(SCHEDULE, [job.kept])

    def _leave(self, job: Job) -> None:
        self._bytes -= _size(job)
        self._shares.remove(job.timing.owner, _size(job))
        if (name := job.name) is not None:
            del self._named[name][job.message.number]
            if not self._named[name]:
                del self._named[name]

    def _look_again(self) -> None:
        """Work out when something is due, on the clock that nobody sets."""
        if len(self._heap) > 2 * len(self._jobs) + _FEW:
            self._sweep()
        now = self._clock.now
        due_ms = self._heap[0][0] if self._heap else None
        if self._blocked:
            due_ms = self._retry_ms if due_ms is None else min(due_ms, self._retry_ms)
        if self._recovered:
            self.deadline = now.monotonic
        elif due_ms is None:
            self.deadline = INFINITY
        else:
            self.deadline = now.monotonic + min(_LOOK_SECONDS, max(0.0, (due_ms - now.epoch_ms) / 1000))

    def _sweep(self) -> None:
        """Take out of the heap what would be passed over, some of it in a hundred years."""
        jobs = self._jobs
        self._heap = [
            (due, number) for due, number in self._heap if number in jobs and jobs[number].due_ms == due
        ]
        heapify(self._heap)


def _size(job: Job) -> int:
    return job.message.size


def _number(delayed: tuple[str, Entry]) -> int:
    return delayed[1].message.number
