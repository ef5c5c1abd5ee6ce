"""One client's connection: where the network's bytes meet the broker."""

from hoofbeat.broker.broker import Broker
from hoofbeat.broker.time import Now
from hoofbeat.broker.users import Peer
from hoofbeat.protocol.framing import Framing
from hoofbeat.protocol.outbox import Outlet


class Connection:
    """Carries one client from its first byte to its last.

    A read is handled in one go, without awaiting: frames in, deliveries noted in outboxes.
    Each outbox is written once per turn of the loop, which a read that comes alone ends.
    """

    __slots__ = ("_broker", "_session")

    def __init__(self, broker: Broker, outlet: Outlet, framing: Framing, peer: Peer, now: Now) -> None:
        """Begin a session."""
        self._broker = broker
        self._session = broker.open(outlet, framing, peer, now)

    def received(self, data: bytes, now: Now) -> None:
        """Take in what one read brought; the transport has the outboxes flushed."""
        self._broker.received(self._session, data, now)

    def pause_writing(self, now: Now) -> None:
        """The peer reads too slowly: its subscriptions lose their credit until it catches up."""
        self._broker.pause(self._session, now)

    def resume_writing(self, now: Now) -> None:
        """The peer has caught up."""
        self._broker.resume(self._session, now)

    def lost(self, now: Now) -> None:
        """The stream is gone; nothing more can be said."""
        self._broker.lost(self._session, now)
