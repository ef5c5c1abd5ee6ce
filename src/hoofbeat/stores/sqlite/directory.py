"""The directory of a store: one process at a time, and what a full disk leaves room for."""

import os
import shutil
import sys
from contextlib import suppress
from pathlib import Path
from typing import IO, Final

from hoofbeat.errors import StoreError, StoreInUse

if sys.platform != "win32":  # there SQLite's own lock has to do
    import fcntl

# More than the log grows to before it is checkpointed, so that there is room for that; less on a small disk.
BALLAST_BYTES: Final = 32 * 1024 * 1024
_BALLAST_SHARE: Final = 8
_LOCK: Final = "hoofbeat.lock"
_BALLAST: Final = "hoofbeat.ballast"


class Directory:
    """A directory that is ours alone as long as it is open.

    Attributes:
        path: where it is.
        ballast_bytes: room to set aside for a full disk.
    """

    __slots__ = ("_lock", "ballast_bytes", "path")

    def __init__(self, path: Path) -> None:
        """Make the directory if it is not there, and lock it.

        Raises:
            StoreError: it can't be made.
            StoreInUse: another process has it.
        """
        self.path = path
        try:
            path.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._lock: IO[str] = os.fdopen(_open(path / _LOCK), "a+", encoding="ascii")
        except OSError as error:
            raise StoreError(f"{path}: {error.strerror}; name a directory that can be written to") from error
        self._take()
        self.ballast_bytes = spare_bytes(path) // 2

    def _take(self) -> None:
        lock = self._lock
        try:
            if sys.platform != "win32":
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            lock.seek(0)
            holder = lock.read().strip() or "another process"
            lock.close()
            raise StoreInUse(f"{self.path} is in use by {holder}: stop it first, or name another") from None
        lock.truncate(0)
        lock.write(f"process {os.getpid()}\n")
        lock.flush()

    def sync(self) -> None:
        """Have the names of the files survive a power loss."""
        for path in (self.path, self.path.parent):
            sync_names(path)

    def load(self) -> bool:
        """Set room aside for the day the disk is full; False if there is none."""
        ballast = self.path / _BALLAST
        if sys.platform != "linux":
            return True  # what a full disk is short of there has to be given by its owner
        try:
            with os.fdopen(_open(ballast), "ab") as file:
                os.posix_fallocate(file.fileno(), 0, self.ballast_bytes)
        except OSError:
            ballast.unlink(missing_ok=True)
            return False
        return True

    def size(self, name: str) -> int:
        """Return the size of a file in it; 0 where there is none."""
        try:
            return os.stat(f"{self.path}/{name}").st_size
        except FileNotFoundError:
            return 0

    def has_room(self) -> bool:
        """Say whether the disk has room to set aside, and as much again."""
        return free_bytes(self.path) >= spare_bytes(self.path)

    def unload(self) -> None:
        """Give that room back, so that what is done with can be removed."""
        (self.path / _BALLAST).unlink(missing_ok=True)

    def close(self) -> None:
        """Let others have it."""
        self._lock.close()


def _open(path: Path) -> int:
    """Open a file to add to it; it is its owner's alone if it has to be made."""
    return os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)


def sync_names(directory: Path) -> None:
    """Have the names in a directory survive a power loss, as far as the system can."""
    with suppress(OSError):  # a directory that may not be read, or a system without it
        descriptor = os.open(directory, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def free_bytes(path: Path) -> int:
    """Return how much room there is on the disk that holds a path."""
    return shutil.disk_usage(path).free


def spare_bytes(path: Path) -> int:
    """Return what is to be left free on that disk: room to set aside, and as much again."""
    return 2 * min(BALLAST_BYTES, shutil.disk_usage(path).total // _BALLAST_SHARE)
