"""``hoofbeat store``: what a broker left in its data directory."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from hoofbeat.cli.output import say
from hoofbeat.errors import StoreError

store = typer.Typer(name="store", help="Look after a data directory that no broker has open.")

Data = Annotated[Path, typer.Argument(metavar="DIR", help="What `serve --data` was given.")]


@store.command()
def check(directory: Data) -> None:
    """Look a store over from end to end."""
    from hoofbeat.stores.sqlite import offline

    faults = offline.check(directory)
    for fault in faults:
        print(fault)
    if faults:
        raise StoreError(f"{directory} is damaged: restore a backup, or export what can be read")
    print(f"{directory} is in order")


@store.command()
def stats(directory: Data) -> None:
    """Count what waits in a store."""
    from hoofbeat.stores.sqlite import offline

    found = offline.stats(directory)
    say("epoch", found.epoch)
    say("closed", "in order" if found.is_clean else "without a word: what waits may have been delivered")
    delayed: dict[str, int] = {}
    for queue, _ in found.delayed:
        delayed[queue] = delayed.get(queue, 0) + 1
    waiting: dict[str, tuple[int, int]] = {}
    for each in found.waiting:
        messages, size = waiting.get(each.queue, (0, 0))
        waiting[each.queue] = (messages + each.messages, size + each.bytes)
    for queue in sorted(waiting.keys() | delayed.keys()):
        messages, size = waiting.get(queue, (0, 0))
        later = f", {delayed[queue]} delayed" if queue in delayed else ""
        say("queue", f"{queue}  {messages} messages, {size} bytes{later}")
    for subscription in found.subscriptions:
        say("durable", f"{subscription.name}  of {subscription.owner}, on {subscription.destination}")
    for topic, _ in found.retained:
        say("retained", topic)
    for topic, first, following in found.histories:
        say("history", f"{topic}  {following - first} messages from offset {first} on")


@store.command()
def export(directory: Data) -> None:
    """Write a store to standard output, one record of JSON a line."""
    from hoofbeat.stores.sqlite import transfer

    for line in transfer.export(directory):
        print(line)


@store.command("import")
def load(directory: Data) -> None:
    """Make a store of what `export` wrote, from standard input."""
    from hoofbeat.stores.sqlite import transfer

    print(f"{transfer.load(directory, sys.stdin)} records are in {directory}")


@store.command()
def compact(directory: Data) -> None:
    """Give the room of what is gone back to the disk."""
    from hoofbeat.stores.sqlite import offline

    before, after = offline.compact(directory)
    print(f"{directory} takes {after} bytes, where it took {before}")
