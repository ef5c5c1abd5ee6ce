"""A word on standard error where something takes longer than one would think."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Timer

from rich.console import Console

from hoofbeat.cli.output import note

SECONDS = 1.0


@contextmanager
def patience(doing: str, seconds: float = SECONDS) -> Iterator[None]:
    """Say what is being done if it takes more than ``seconds``; on a terminal something moves meanwhile."""
    status = Console(file=sys.stderr, highlight=False).status(doing)
    is_live = status.console.is_interactive
    timer = Timer(seconds, status.start if is_live else note, () if is_live else (doing,))
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        timer.join()
        if is_live:
            status.stop()
