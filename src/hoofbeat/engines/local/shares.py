"""How much of what all share each user has."""

from typing import Final, NamedTuple


class Share(NamedTuple):
    """What one user has.

    Attributes:
        messages: in number.
        bytes: of their headers and bodies.
    """

    messages: int = 0
    bytes: int = 0


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
        """Count a message of so many octets."""
        share = self.of(owner)
        self._by_owner[owner] = Share(share.messages + 1, share.bytes + size)

    def remove(self, owner: str, size: int) -> None:
        """Count it no more."""
        share = self.of(owner)
        if share.messages > 1:
            self._by_owner[owner] = Share(share.messages - 1, share.bytes - size)
        else:
            self._by_owner.pop(owner, None)
