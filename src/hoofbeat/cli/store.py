"""``hoofbeat store``: what a broker keeps in its data directory."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from hoofbeat.cli.output import on_one_line, say
from hoofbeat.cli.patience import patience
from hoofbeat.errors import StoreError

store = typer.Typer(name="store", help="Look after a data directory, and what a broker keeps in it.")

Data = Annotated[Path, typer.Argument(metavar="DIR", help="What `serve --data` was given.")]


@store.command()
def check(directory: Data) -> None:
    """Look a store over from end to end; that of a running broker in a copy."""
    from hoofbeat.cli import asking
    from hoofbeat.stores.sqlite import offline

    with asking.at_rest(directory) as at_rest, patience(f"checking {directory}"):
        faults = offline.check(at_rest)
    for fault in faults:
        print(fault)
    if faults:
        raise StoreError(f"{directory} is damaged: restore a backup, or export what can be read")
    print(f"{directory} is in order")


@store.command()
def stats(directory: Data) -> None:
    """Count what waits in a store, and list its durable subscriptions."""
    from hoofbeat.cli import counting

    with patience(f"counting {directory}"):
        lines = list(counting.lines(directory))
    for label, text in lines:
        say(label, on_one_line(text))


@store.command()
def forget(
    directory: Data,
    name: Annotated[str, typer.Argument(metavar="NAME", help="As `stats` says it: /dsub/…")],
) -> None:
    """Delete a durable subscription that nobody uses, and what waits for it."""
    from hoofbeat.cli import asking

    asking.forget(directory, name)
    print(f"{on_one_line(name)} is gone, and what waited for it")


@store.command()
def export(directory: Data) -> None:
    """Write a store to standard output, one record of JSON a line; that of a running broker from a copy."""
    from hoofbeat.cli import asking
    from hoofbeat.stores.sqlite import transfer

    with asking.at_rest(directory) as at_rest:
        for line in transfer.export(at_rest):
            print(line)


@store.command()
def backup(
    directory: Data,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="What to write; a broker that runs does it.")],
    force: Annotated[bool, typer.Option("--force", help="Replace FILE if it is there.")] = False,
) -> None:
    """Copy all of a store to one file, while its broker goes on."""
    from hoofbeat.cli import asking

    size = asking.back_up(directory, file.absolute(), is_forced=force)
    print(f"{file} holds {directory}, {size} bytes")


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
