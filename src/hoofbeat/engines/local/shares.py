"""How much of what all share each user has."""

from typing import Final, NamedTuple


class Share(NamedTuple):
    """What one user has.

    Attributes:
        entries: messages, or durable subscriptions.
        size: octets of their headers and bodies, or headers and literals in their selectors.
    """

    entries: int = 0
    size: int = 0


_NOTHING: Final = Share()


class Shares:
    """Shares by login, of those who have something."""

    __slots__ = ("_by_owner",)

    def __init__(self) -> None:
        """Start with nobody."""
        self._by_owner: dict[str, Share] = {}

    def of(self, owner: str) -> Share:
        """Return what a user has."""
        return self._by_owner.get(owner, _NOTHING)

    def add(self, owner: str, size: int) -> None:
        """Count one thing more, of such a size."""
        share = self.of(owner)
        self._by_owner[owner] = Share(share.entries + 1, share.size + size)

    def remove(self, owner: str, size: int) -> None:
        """Count it no more."""
        share = self.of(owner)
        if share.entries > 1:
            self._by_owner[owner] = Share(share.entries - 1, share.size - size)
        else:
            self._by_owner.pop(owner, None)
