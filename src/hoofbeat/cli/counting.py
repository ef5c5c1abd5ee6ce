"""What ``hoofbeat store stats`` says, of a broker that runs or of what one left."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from hoofbeat.cli.asking import ask
from hoofbeat.engines.local.schedule import SCHEDULE
from hoofbeat.errors import StoreInUse
from hoofbeat.stores.sqlite import offline

Count = dict[str, Any]
Line = tuple[str, str]


class Queue(NamedTuple):
    """What waits in one queue.

    Attributes:
        messages: that could be delivered now.
        bytes: of their headers and bodies.
        delayed: messages that wait for their time.
    """

    messages: int = 0
    bytes: int = 0
    delayed: int = 0

    def add(self, count: Count) -> "Queue":
        """Return it with what another piece of it holds."""
        return Queue(
            self.messages + count["messages"], self.bytes + count["bytes"], self.delayed + count["delayed"]
        )


def lines(directory: Path) -> Iterator[Line]:
    """Count what is kept; give labels and what stands for them."""
    is_running = False
    try:
        counts: list[Count] = [dict(count) for piece in offline.count(directory) for count in piece]
    except StoreInUse as in_use:
        is_running = True
        counts = list(_asked(directory, in_use))
    queues: dict[str, Queue] = {}
    others: list[Count] = []
    for count in counts:
        if count["kind"] == "queue":
            queues[count["name"]] = queues.get(count["name"], Queue()).add(count)
        else:
            others.append(count)
    about, rest = others[0], others[1:]
    yield "epoch", about["epoch"]
    yield "closed", _how(is_running, about["is_clean"])
    for name, queue in sorted(queues.items()):
        later = f", {queue.delayed} delayed" if queue.delayed else ""
        if name == SCHEDULE:
            yield "schedule", f"{queue.delayed} messages"
            continue
        yield "queue", f"{name}  {queue.messages} messages, {queue.bytes} bytes{later}"
    yield from map(_line, rest)


def _asked(directory: Path, in_use: StoreInUse) -> Iterator[Count]:
    for answer in ask(directory, in_use, do="count"):
        yield from answer.get("counts", ())


def _how(is_running: bool, is_clean: bool) -> str:
    if is_running:
        return "not yet: a broker is at work on it"
    return "in order" if is_clean else "not closed in order: what waits may be redelivered"


def _line(count: Count) -> Line:
    kind, name = count["kind"], count["name"]
    if kind == "durable":
        owner = f"of {count['owner']}" if count["owner"] else "without a login"
        return kind, f"{name}  {owner}, on {count['destination']}"
    if kind == "history":
        return kind, f"{name}  {count['next'] - count['first']} messages from offset {count['first']} on"
    return kind, name
