"""What ``hoofbeat store stats`` says, of a broker that runs or of what one left."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, NamedTuple

from hoofbeat.cli.asking import ask
from hoofbeat.engines.local.scheduling.schedule import SCHEDULE
from hoofbeat.errors import StoreInUse
from hoofbeat.stores.sqlite import offline

_LAST_MS: Final = 253_402_300_799_999  # of the year 9999
_UNITS: Final = ((86_400, "days"), (3600, "h"), (60, "min"))

Count = dict[str, Any]
Line = tuple[str, str]


class Queue(NamedTuple):
    """What waits in one queue.

    Attributes:
        messages: that could be delivered now.
        bytes: of their headers and bodies.
        delayed: messages that wait for their time.
        next_ms: the first of those times, by the epoch; 0 for none.
    """

    messages: int = 0
    bytes: int = 0
    delayed: int = 0
    next_ms: int = 0

    def add(self, count: Count) -> "Queue":
        """Return it with what another piece of it holds."""
        times = [each for each in (self.next_ms, count.get("next_ms", 0)) if each]
        return Queue(
            self.messages + count["messages"],
            self.bytes + count["bytes"],
            self.delayed + count["delayed"],
            min(times, default=0),
        )

    def __str__(self) -> str:
        """Say how much it is."""
        later = f", {self.delayed} delayed" if self.delayed else ""
        return f"{self.messages} messages, {self.bytes} bytes{later}"


class Counts:
    """All that was counted, with what belongs together in one place.

    Attributes:
        about: the store.
        queues: by name, those of durable subscriptions too.
        durables: durable subscriptions by name: as they are kept, and then as a running broker has them.
        others: what else there is.
    """

    def __init__(self, counts: Sequence[Count]) -> None:
        """Put it together."""
        self.about: Count = {}
        self.queues: dict[str, Queue] = {}
        self.durables: dict[str, Count] = {}
        self.others: list[Count] = []
        for count in counts:
            self._add(count)

    def _add(self, count: Count) -> None:
        name = count.get("name", "")
        match count["kind"]:
            case "store":
                self.about = count
            case "queue":
                self.queues[name] = self.queues.get(name, Queue()).add(count)
            case "durable":
                self.durables[name] = count
            case _:
                self.others.append(count)


def lines(directory: Path) -> Iterator[Line]:
    """Count what is kept; give labels and what stands for them."""
    is_running = False
    try:
        counts = Counts([dict(count) for piece in offline.count(directory) for count in piece])
    except StoreInUse as in_use:
        is_running = True
        counts = Counts(list(_asked(directory, in_use)))
    queues, durables = counts.queues, counts.durables
    yield "epoch", counts.about["epoch"]
    yield "closed", _how(is_running, counts.about["is_clean"])
    for name in sorted(queues.keys() - durables.keys() - {SCHEDULE}):
        yield "queue", f"{name}  {queues[name]}"
    for name in sorted(durables):
        yield "durable", _durable(durables[name], queues.get(name, Queue()))
    if SCHEDULE in queues:
        delayed, next_ms = queues[SCHEDULE].delayed, queues[SCHEDULE].next_ms
        yield "schedule", f"{delayed} messages, the next due {_time(next_ms)}"
    yield from map(_other, counts.others)


def _asked(directory: Path, in_use: StoreInUse) -> Iterator[Count]:
    for answer in ask(directory, in_use, do="count"):
        yield from answer.get("counts", ())


def _how(is_running: bool, is_clean: bool) -> str:
    if is_running:
        return "not yet: a broker is at work on it"
    return "in order" if is_clean else "not in order: what waits may be redelivered"


def _durable(durable: Count, kept: Queue) -> str:
    """Say what waits, who uses it, and what it is."""
    waiting = f"{durable['messages']} messages, {durable['bytes']} bytes" if "messages" in durable else kept
    owner = f"of {durable['owner']}" if durable["owner"] else "without a login"
    which = f", where {durable['selector']}" if durable.get("selector") else ""
    return f"{durable['name']}  {waiting}{use(durable)}; {owner}, on {durable['destination']}{which}"


def use(durable: Count) -> str:
    """Say who uses a durable subscription; nothing where no broker runs."""
    if "is_used" not in durable:
        return ""
    if durable["is_used"]:
        unsettled = durable["unsettled"]
        return f", in use, {unsettled} not acknowledged" if unsettled else ", in use"
    longer = " or longer" if durable["is_longer"] else ""
    return f", away for {_span(durable['unused_seconds'])}{longer}"


def _span(seconds: float) -> str:
    """Say how long something took, in the largest unit of which it is two at least."""
    for size, unit in _UNITS:
        if seconds >= 2 * size:
            return f"{int(seconds / size)} {unit}"
    return f"{int(seconds)} s"


def _time(epoch_ms: int) -> str:
    if epoch_ms > _LAST_MS:
        return "after the year 9999"
    return f"{datetime.fromtimestamp(epoch_ms / 1000, UTC):%Y-%m-%d %H:%M:%S} UTC"


def _other(count: Count) -> Line:
    kind, name = count["kind"], count["name"]
    if kind == "history":
        return kind, f"{name}  {count['next'] - count['first']} messages from offset {count['first']} on"
    return kind, name
