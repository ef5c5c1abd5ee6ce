"""How much memory we use, and how much we may."""

import ctypes
import os
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path

_STATM = Path("/proc/self/statm")
_LIMITS = (
    Path("/sys/fs/cgroup/memory.max"),
    Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"),
)


def resident_bytes() -> int:
    """Return how much memory this process holds; 0 where the system does not say."""
    try:
        return int(_STATM.read_bytes().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError, IndexError):
        return 0


def available_bytes(files: Iterable[Path] = _LIMITS) -> int:
    """Return the least of physical memory and the container's limit; 0 if neither is known."""
    found: list[int] = []
    with suppress(OSError, ValueError):
        found.append(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))
    for file in files:
        with suppress(OSError, ValueError):  # "max" stands for no limit
            found.append(int(file.read_text()))
    return min((limit for limit in found if limit > 0), default=0)


def give_back() -> None:
    """Return freed memory to the system, which malloc may not do by itself for long."""
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).malloc_trim(0)


class MemoryMark:
    """The mark above which memory counts as short.

    Attributes:
        mark_bytes: where it is; 0 for no mark.
    """

    __slots__ = ("_give_back", "_resident", "mark_bytes")

    def __init__(
        self,
        mark_bytes: int,
        resident: Callable[[], int] = resident_bytes,
        give_back: Callable[[], None] = give_back,
    ) -> None:
        """Set the mark."""
        self.mark_bytes = mark_bytes
        self._resident = resident
        self._give_back = give_back

    def is_short(self) -> bool:
        """Look, and before saying yes see whether freed memory was only not given back."""
        if not self._is_above():
            return False
        self._give_back()
        return self._is_above()

    def _is_above(self) -> bool:
        return 0 < self.mark_bytes < self._resident()
