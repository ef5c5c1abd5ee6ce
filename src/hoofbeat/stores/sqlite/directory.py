"""The directory of a store: one process at a time, and what a full disk leaves room for."""

import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import IO, Final

from hoofbeat.errors import StoreError

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
            StoreError: it can't be made, or another process has it.
        """
        self.path = path
        try:
            path.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._lock: IO[str] = (path / _LOCK).open("a+", encoding="ascii")
        except OSError as error:
            raise StoreError(f"{path}: {error.strerror}; name a directory that can be written to") from error
        self._take()
        self.ballast_bytes = min(BALLAST_BYTES, _disk(path)[0] // _BALLAST_SHARE)

    def _take(self) -> None:
        lock = self._lock
        try:
            if sys.platform != "win32":
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            lock.seek(0)
            holder = lock.read().strip() or "another process"
            lock.close()
            raise StoreError(f"{self.path} is in use by {holder}: stop it first, or name another") from None
        lock.truncate(0)
        lock.write(f"process {os.getpid()}\n")
        lock.flush()

    def sync(self) -> None:
        """Have the names of the files survive a power loss."""
        for path in (self.path, self.path.parent):
            with suppress(OSError):  # a parent that may not be read, or a system without it
                descriptor = os.open(path, os.O_RDONLY)
                try:
                    os.fsync(descriptor)
                finally:
                    os.close(descriptor)

    def load(self) -> bool:
        """Set room aside for the day the disk is full; False if there is none."""
        ballast = self.path / _BALLAST
        if sys.platform != "linux":
            return True  # what a full disk is short of there has to be given by its owner
        try:
            with ballast.open("ab") as file:
                os.posix_fallocate(file.fileno(), 0, self.ballast_bytes)
        except OSError:
            ballast.unlink(missing_ok=True)
            return False
        return True

    def size(self, name: str) -> int:
        """Return the size of a file in it; 0 where there is none."""
        try:
            return os.stat(self.path / name).st_size
        except FileNotFoundError:
            return 0

    def has_room(self) -> bool:
        """Say whether the disk has room to set aside, and as much again."""
        return _disk(self.path)[1] >= 2 * self.ballast_bytes

    def unload(self) -> None:
        """Give that room back, so that what is done with can be removed."""
        (self.path / _BALLAST).unlink(missing_ok=True)

    def close(self) -> None:
        """Let others have it."""
        self._lock.close()


def _disk(path: Path) -> tuple[int, int]:
    """Return the size of the disk that holds a path, and how much of it is free."""
    if sys.platform == "win32":
        return BALLAST_BYTES * _BALLAST_SHARE, 0
    disk = os.statvfs(path)
    return disk.f_frsize * disk.f_blocks, disk.f_frsize * disk.f_bavail
