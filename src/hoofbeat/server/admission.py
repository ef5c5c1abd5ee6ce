"""Who may come in: how many at one time, and how fast."""

from ipaddress import IPv6Address, ip_address

from hoofbeat.broker.users import Peer
from hoofbeat.config import AdmissionConfig

_TOO_FAST = ""  # not worth an answer
_NETWORK_GROUPS = 4  # of an IPv6 address: whoever has one address has the whole /64


class Admission:
    """Counts connections, and connections taken in within the present second.

    Limits per address do not count loopback and Unix sockets, where everybody has the same
    address; those over all count everybody.

    Attributes:
        connections: that are open.
        refused: how many were not let in.
    """

    __slots__ = (
        "_accepts",
        "_accepts_by_address",
        "_by_address",
        "_limits",
        "_second",
        "connections",
        "refused",
    )

    def __init__(self, limits: AdmissionConfig) -> None:
        """Start with nobody."""
        self.connections = 0
        self.refused = 0
        self._limits = limits
        self._by_address: dict[str, int] = {}
        self._second = 0
        self._accepts = 0
        self._accepts_by_address: dict[str, int] = {}

    def enter(self, peer: Peer, now: float) -> str | None:
        """Count a peer in and return None, or say why it may not come in (see ``Gate.enter``)."""
        address = None if peer.is_local else _network(peer.address)
        refusal = self._refusal(address, now)
        if refusal is not None:
            self.refused += 1
            return refusal
        self.connections += 1
        if address is not None:
            self._by_address[address] = self._by_address.get(address, 0) + 1
        return None

    def rename(self, old: Peer, new: Peer, now: float) -> str | None:
        """Count a peer that is in under another address, or say why that may not come in.

        Refused, it is still counted as ``old``.
        """
        address = None if new.is_local else _network(new.address)
        refusal = _TOO_FAST if self._is_address_too_fast(address, now) else self._crowd(address)
        if refusal is not None:
            self.refused += 1
            return refusal
        self._count_out(old)
        if address is not None:
            self._by_address[address] = self._by_address.get(address, 0) + 1
        return None

    def leave(self, peer: Peer) -> None:
        """Count a peer out."""
        self.connections -= 1
        self._count_out(peer)

    def _count_out(self, peer: Peer) -> None:
        if peer.is_local:
            return
        address = _network(peer.address)
        count = self._by_address[address] - 1
        if count:
            self._by_address[address] = count
        else:
            del self._by_address[address]

    def _refusal(self, address: str | None, now: float) -> str | None:
        if address is not None and (self._is_too_fast(now) or self._is_address_too_fast(address, now)):
            return _TOO_FAST
        if self.connections >= self._limits.connections:
            return f"more than {self._limits.connections} connections"
        return self._crowd(address)

    def _crowd(self, address: str | None) -> str | None:
        most = self._limits.per_address
        if address is not None and self._by_address.get(address, 0) >= most:
            return f"more than {most} connections from one address"
        return None

    def _is_too_fast(self, now: float) -> bool:
        self._begin_second(now)
        self._accepts += 1
        return self._accepts > self._limits.accepts_per_second

    def _is_address_too_fast(self, address: str | None, now: float) -> bool:
        if address is None:
            return False
        self._begin_second(now)
        count = self._accepts_by_address[address] = self._accepts_by_address.get(address, 0) + 1
        return count > self._limits.accepts_per_second_per_address

    def _begin_second(self, now: float) -> None:
        if int(now) != self._second:
            self._second = int(now)
            self._accepts = 0
            self._accepts_by_address.clear()


def _network(address: str) -> str:
    """Return what an address is counted under."""
    parsed = ip_address(address.partition("%")[0]) if address else None
    if isinstance(parsed, IPv6Address):
        return ":".join(parsed.exploded.split(":")[:_NETWORK_GROUPS])
    return address
