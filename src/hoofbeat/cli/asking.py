"""Asking the broker that has a store open."""

import json
import os
import shutil
import socket
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

from hoofbeat.cli.patience import Watch, patience
from hoofbeat.errors import StoreError, StoreInUse
from hoofbeat.server.control import NAME, short_name
from hoofbeat.stores.sqlite import offline
from hoofbeat.stores.sqlite.backup import Backup
from hoofbeat.stores.sqlite.schema import FILE

_CONNECT_SECONDS = 5.0

Answer = dict[str, Any]


def ask(directory: Path, in_use: StoreInUse, **question: object) -> Iterator[Answer]:
    """Ask the broker that has a store open, and give what it answers, to the last word.

    Raises:
        StoreError: it can't be asked, and then it is ``in_use`` that is told; or it could not do it.
    """
    with closing(_connect(directory, in_use)) as broker:
        broker.sendall(json.dumps(question).encode() + b"\n")
        for line in broker.makefile("rb"):
            answer = json.loads(line)
            if "error" in answer:
                raise StoreError(answer["error"])
            yield answer
            if "done" in answer:
                return
    raise StoreError(f"the broker of {directory} ended before it had answered")


def back_up(directory: Path, file: Path, *, is_forced: bool) -> int:
    """Make a backup, or have the broker do it, and show how far it is; return its size."""
    with patience(f"backing up {directory}") as watch:
        try:
            return offline.back_up(directory, Backup(directory, file, is_forced=is_forced), watch.report)
        except StoreInUse as in_use:
            return _have_backed_up(directory, in_use, file, is_forced, watch)


def forget(directory: Path, name: str) -> None:
    """Delete a durable subscription, or have the broker do it."""
    try:
        offline.forget(directory, name)
    except StoreInUse as in_use:
        for _ in ask(directory, in_use, do="forget", name=name):
            pass


def _have_backed_up(directory: Path, in_use: StoreInUse, file: Path, is_forced: bool, watch: Watch) -> int:
    answer: Answer = {}
    for answer in ask(directory, in_use, do="backup", file=str(file), is_forced=is_forced):
        if "far" in answer:
            watch.report(*answer["far"])
    return int(answer["done"])


@contextmanager
def at_rest(directory: Path) -> Iterator[Path]:
    """Give a store that nobody writes to: that of a directory, or a copy if a broker has it open."""
    try:
        offline.see(directory)
    except StoreInUse as in_use:
        with _beside(directory) as copy:
            with patience(f"copying {directory}") as watch:
                _have_backed_up(directory, in_use, (copy / FILE).absolute(), False, watch)
            yield copy
    else:
        yield directory


@contextmanager
def _beside(directory: Path) -> Iterator[Path]:
    """Make a directory for a copy: where there is most room, and where the broker can write."""
    owner = directory.stat()
    path = Path(tempfile.mkdtemp(prefix="copy-", dir=directory))
    try:
        with suppress(PermissionError):  # we are not root, so it is ours
            os.chown(path, owner.st_uid, owner.st_gid)
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


def _connect(directory: Path, in_use: StoreInUse) -> socket.socket:
    if sys.platform == "win32":
        raise in_use
    broker = socket.socket(socket.AF_UNIX)
    try:
        broker.settimeout(_CONNECT_SECONDS)
        with short_name(directory / NAME) as name:
            broker.connect(name)
        broker.settimeout(None)
    except OSError as error:
        broker.close()
        reason = os.strerror(error.errno).lower() if error.errno else str(error)
        raise StoreError(f"{in_use} (it can't be asked: {reason})") from error
    return broker
