"""A session that has to wait in the middle of a read."""

from collections.abc import Callable
from enum import Enum, auto


class HoldReason(Enum):
    """What is waited for."""

    LOGIN = auto()  # it is being found out who the client is
    FULL = auto()  # a queue has no room
    STORE = auto()  # what it sent is not on the disk yet, and there is much of it
    MEMORY = auto()  # the server has none
    TURN = auto()  # it had its share of this turn of the loop


class Hold:
    """Made by whoever has to be waited for; ended by it, or given up after some time.

    Attributes:
        reason: what is waited for.
        on_end: called when the wait is over, however it went.
    """

    __slots__ = ("_give_up", "is_over", "on_end", "reason")

    def __init__(self, reason: HoldReason, give_up: Callable[[], None]) -> None:
        """Start to wait; ``give_up`` ends it from the other side."""
        self.reason = reason
        self.is_over = False
        self.on_end: Callable[[], None] | None = None
        self._give_up = give_up

    def end(self) -> None:
        """Say that the wait is over. Calling it again does nothing."""
        self._end(is_given_up=False)

    def give_up(self) -> None:
        """Wait no longer."""
        self._end(is_given_up=True)

    def _end(self, *, is_given_up: bool) -> None:
        if self.is_over:
            return
        self.is_over = True
        if is_given_up:
            self._give_up()
        if self.on_end is not None:
            self.on_end()
