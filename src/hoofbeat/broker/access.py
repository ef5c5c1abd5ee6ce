"""Who may do what with which destination."""

from enum import StrEnum, auto
from typing import Protocol

from hoofbeat.broker.users import Principal


class Right(StrEnum):
    """What can be granted, each apart from the others; as text it is what rules call it."""

    READ = auto()  # SUBSCRIBE, and every delivery
    WRITE = auto()  # SEND
    CREATE = auto()  # bring a destination into being by the first SEND or SUBSCRIBE
    DELETE = auto()  # end it


class Access(Protocol):
    """Grants rights. Asked for wildcard subscriptions once per destination they match."""

    def may(self, principal: Principal, right: Right, destination: str) -> bool:
        """Say whether ``principal`` has ``right`` on the destination."""


class AllowAll:
    """Grants everything: the default while no users are configured."""

    def may(self, principal: Principal, right: Right, destination: str) -> bool:
        """Say yes."""
        return True
