"""A store in a file that keeps at once what it is asked to, and says so when the test says so."""

import os
import shutil
import tempfile
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path

from hoofbeat.stores.base import Change, Done, Entry, Recovered, StoredMessage
from hoofbeat.stores.sqlite.schema import LOG
from tests.stores.test_sqlite import opened


def new_directory() -> Path:
    """Make a directory for one, which its owner removes."""
    return Path(tempfile.mkdtemp(prefix="hoofbeat-model-"))


class ReticentStore:
    """A store whose answers to writes and replays wait for :meth:`settle`; what is read comes at once.

    Every write is a commit of its own, so that after an end without order the first of those that were
    not answered may be there, or all, or none.

    Attributes:
        recovered: what was there at the start.
    """

    recovered: Recovered

    def __init__(self, directory: Path) -> None:
        """Open a directory."""
        self._directory = directory
        self._asker = opened(directory)
        self._untold: list[Callable[[], None]] = []
        self._sizes: list[int] = []  # of the log, after each write that was not answered
        self._safe_bytes = 0  # of the log, after the last one that was

    def settle(self, most: int = 1_000_000) -> None:
        """Answer what was asked for, in order; what is asked for meanwhile too."""
        while self._untold and most > 0:
            self._untold.pop(0)()
            most -= 1

    def recover(self) -> Recovered:
        """Say what is there."""
        self.recovered = self._asker.store.recover()
        self._safe_bytes = self._log_bytes()
        return self.recovered

    def write(self, changes: Sequence[Change], done: Done) -> None:
        """Make changes."""
        refused = self._asker.write(*changes)
        self._sizes.append(self._log_bytes())
        self._untold.append(partial(self._tell, partial(done, refused)))

    def read(
        self,
        queue: str,
        priority: int,
        after: int,
        most: int,
        most_bytes: int,
        done: Callable[[Sequence[Entry]], None],
    ) -> None:
        """Give a page."""
        done(self._asker.page(queue, priority, after, most, most_bytes))

    def replay(
        self,
        topic: str,
        offset: int,
        most: int,
        most_bytes: int,
        done: Callable[[Sequence[tuple[int, int, StoredMessage]]], None],
    ) -> None:
        """Take note of what a history holds now."""
        self._untold.append(partial(done, self._asker.history(topic, offset, most, most_bytes)))

    def close(self) -> None:
        """Answer what was asked for, and leave all in order."""
        self.settle()
        self._asker.store.close()

    def kept(self, queue: str, priorities: Iterable[int]) -> list[Entry]:
        """Return what was in a queue at the start, of some priorities."""
        ready = [entry for each in priorities for entry in self._asker.page(queue, each, most=1_000_000)]
        return ready + [entry for name, entry in self.recovered.delayed if name == queue]

    def break_off(self, lost: int) -> Path:
        """End without order; of the writes that were not answered, the last ``lost`` are gone.

        Returns:
            where that is left; what was there before is removed.
        """
        left = self._directory.with_name(f"{self._directory.name}'")
        shutil.copytree(self._directory, left, ignore=shutil.ignore_patterns("*.ballast"))
        if self._sizes and lost:
            kept = [self._safe_bytes, *self._sizes][: -min(lost, len(self._sizes))]
            os.truncate(left / LOG, kept[-1])
        self._asker.store.close()
        shutil.rmtree(self._directory)
        return left

    def _tell(self, done: Callable[[], None]) -> None:
        self._safe_bytes = self._sizes.pop(0)
        done()

    def _log_bytes(self) -> int:
        return (self._directory / LOG).stat().st_size
