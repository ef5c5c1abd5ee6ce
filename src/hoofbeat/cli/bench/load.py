"""A load test from its first connection to its last, whatever happens in between."""

import asyncio
import gc
import secrets
import signal
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack, contextmanager, suppress
from functools import partial
from time import monotonic
from typing import NamedTuple

from hoofbeat.cli.bench.checks import Audience
from hoofbeat.cli.bench.idle import IdleSelector, Phase
from hoofbeat.cli.bench.line import Line, Target, open_line
from hoofbeat.cli.bench.parties import Publisher, Subscriber
from hoofbeat.cli.bench.plan import Kind, Plan
from hoofbeat.cli.bench.result import Result, Server
from hoofbeat.cli.bench.supply import Supply, Timetable, Window
from hoofbeat.cli.bench.tally import Tally
from hoofbeat.cli.link import LinkError

TICK_SECONDS = 0.1
_DRAIN_SECONDS = 60.0  # for what is under way at the end, as long as it keeps coming
_HURRIED_SECONDS = 1.0  # likewise, once somebody pressed Ctrl-C
_SIGNALS = (signal.SIGINT, signal.SIGTERM)

Watch = Callable[["Load"], None]


def run(plan: Plan, target: Target, watch: Watch) -> Result:
    """Put the load on the broker; ``watch`` is called ten times a second.

    Raises:
        LinkError: the broker can't be reached or refuses, before anything was measured.
        ConfigError: certificates can't be read.
    """
    selector = IdleSelector()
    make_loop = partial(asyncio.SelectorEventLoop, selector)
    with asyncio.Runner(loop_factory=make_loop) as runner, _garbage_kept():
        return runner.run(Load(plan, target, Phase(lambda: selector.idle)).run(watch))


class _Destination(NamedTuple):
    """Who meets at one destination."""

    name: str
    publishers: list[Publisher]
    audiences: list[Audience]

    def missing(self) -> int:
        sent = {publisher.number: publisher.sent for publisher in self.publishers}
        return sum(audience.missing(sent) for audience in self.audiences)


class Load:
    """A load test that runs.

    Attributes:
        plan: what it does.
        target: the broker.
        tally: its counts.
        phase: the clock of what is measured.
        supply: what has publishers send; None before all are connected.
        rates: deliveries a second, or where nobody listens messages, in each tick that was measured.
        is_interrupted: somebody pressed Ctrl-C.
    """

    def __init__(self, plan: Plan, target: Target, phase: Phase) -> None:
        self.plan = plan
        self.target = target
        self.tally = Tally(secrets.randbelow((1 << 32) - 1) + 1)
        self.phase = phase
        self.supply: Supply | None = None
        self.rates: list[float] = []
        self.is_interrupted = False
        self._destinations = [_Destination(name, [], []) for name in plan.destinations]
        self._lines: list[Line] = []
        self._fault = ""
        self._is_cut = False
        self._over = asyncio.Event()  # a fault, or a signal: nothing is waited for any longer
        self._news = 0
        self._news_at = self._ticked_at = monotonic()
        self._counted = 0

    @property
    def connections(self) -> int:
        """How many were opened so far."""
        return len(self._lines)

    async def run(self, watch: Watch) -> Result:
        """See :func:`run`."""
        async with AsyncExitStack() as stack:
            publishers = await self._gather(stack, watch)
            make = Timetable if self.plan.pace.rate else Window
            self.supply = supply = make(self.plan, publishers, self.tally, self.phase)
            with _signals(self._interrupt):
                watchers = [asyncio.ensure_future(self._watch(line)) for line in self._lines]
                supply.start()
                await self._until(supply.over, watch)
                supply.stop()
                await self._drain(watch)
                for watcher in watchers:
                    watcher.cancel()
                await asyncio.wait(watchers)
            if not self._fault:
                await self._leave()
            return self._result(supply)

    async def _gather(self, stack: AsyncExitStack, watch: Watch) -> list[Publisher]:
        """Connect everybody, subscribers first."""
        plan, tally = self.plan, self.tally
        for number in range(plan.subscribers):
            destination = self._destinations[number % len(self._destinations)]
            if plan.kind is Kind.TOPIC or not destination.audiences:
                destination.audiences.append(Audience())
            line = await self._open(stack, watch)
            subscriber = Subscriber(plan, line, destination.audiences[-1], tally)
            await subscriber.subscribe(destination.name)
        for number in range(plan.publishers):
            destination = self._destinations[number % len(self._destinations)]
            publisher = Publisher(plan, await self._open(stack, watch), number, destination.name, tally)
            publisher.copies = len(destination.audiences)
            destination.publishers.append(publisher)
        return sorted(
            (publisher for destination in self._destinations for publisher in destination.publishers),
            key=lambda publisher: publisher.number,
        )

    async def _open(self, stack: AsyncExitStack, watch: Watch) -> Line:
        line = await stack.enter_async_context(open_line(self.target))
        self._lines.append(line)
        watch(self)
        return line

    async def _watch(self, line: Line) -> None:
        """End everything when one connection ends."""
        try:
            await line.watch()
        except LinkError as error:
            self._is_cut = True
            self._fail(str(error))

    def _interrupt(self) -> None:
        self.is_interrupted = self._is_cut = True
        self._over.set()

    def _fail(self, fault: str) -> None:
        self._fault = self._fault or fault
        self._over.set()

    async def _until(self, event: asyncio.Event, watch: Watch) -> None:
        """Wait for ``event``, or for what ends everything; look after the rest meanwhile."""
        ends = [asyncio.ensure_future(one.wait()) for one in (event, self._over)]
        while not (event.is_set() or self._over.is_set()):
            await asyncio.wait(ends, timeout=TICK_SECONDS, return_when=asyncio.FIRST_COMPLETED)
            self._tick()
            watch(self)
        for end in ends:
            end.cancel()

    def _tick(self) -> None:
        """Note how much came, and lose patience if it is nothing though something should."""
        tally, now = self.tally, monotonic()
        count = tally.delivered if self.plan.subscribers else tally.sent
        if self.phase.is_running:
            self.rates.append((count - self._counted) / (now - self._ticked_at))
        self._counted, self._ticked_at = count, now
        if tally.news != self._news or tally.is_settled:
            self._news, self._news_at = tally.news, now
        elif now - self._news_at >= self.plan.patience_seconds:
            self._fail(f"nothing came for {self.plan.patience_seconds:g} s")

    async def _drain(self, watch: Watch) -> None:
        """Wait for what is under way."""
        settled = asyncio.Event()

        def look() -> None:
            if self.tally.is_settled:
                settled.set()

        self.tally.wake = look
        look()
        if self._fault:
            return
        self._over.clear()
        with suppress(TimeoutError):
            async with asyncio.timeout(_HURRIED_SECONDS if self.is_interrupted else _DRAIN_SECONDS):
                await self._until(settled, watch)

    async def _leave(self) -> None:
        """Say goodbye; where nobody listened, that is what says that the last messages arrived."""
        for fault in await asyncio.gather(*(line.part() for line in self._lines)):
            if fault:
                self._fail(fault)

    def _result(self, supply: Supply) -> Result:
        session, tally = self._lines[0].session, self.tally
        missing = sum(destination.missing() for destination in self._destinations)
        return Result(
            plan=self.plan,
            server=Server(
                str(self.target.broker.endpoint),
                session.connected.get("server") or "",
                session.version.value,
            ),
            tally=tally,
            measured_seconds=self.phase.seconds,
            busy=self.phase.busy,
            missing=missing,
            unsent=supply.unsent,
            unvouched=0 if all(line.is_vouched for line in self._lines) else tally.sent - tally.confirmed,
            rates=self.rates,
            is_interrupted=self.is_interrupted,
            is_cut=self._is_cut,
            fault=self._fault,
        )


@contextmanager
def _garbage_kept() -> Iterator[None]:
    """Leave garbage alone meanwhile: collecting it would be measured as latency of the broker."""
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


@contextmanager
def _signals(call: Callable[[], None]) -> Iterator[None]:
    """Have SIGINT and SIGTERM call ``call`` once; a second time they do what they always do."""
    loop = asyncio.get_running_loop()

    def once() -> None:
        for number in _SIGNALS:
            loop.remove_signal_handler(number)
        call()

    for number in _SIGNALS:
        loop.add_signal_handler(number, once)
    try:
        yield
    finally:
        for number in _SIGNALS:
            loop.remove_signal_handler(number)
