"""A session as the broker sees it: who it is, what it subscribed to, and whether it has to wait."""

from hoofbeat.broker.hold import Hold
from hoofbeat.broker.subscription import Subscription
from hoofbeat.broker.users import ANONYMOUS, Peer, Principal
from hoofbeat.protocol.frames import Frame
from hoofbeat.protocol.limits import FrameLimits
from hoofbeat.protocol.outbox import INFINITY, Outbox
from hoofbeat.protocol.server import Readers, ServerSession
from hoofbeat.protocol.transactions import TransactionLimits, Transactions


class BrokerSession(ServerSession):
    """What the broker keeps of one client.

    Attributes:
        client_id: what CONNECT said the client is called.
        peer: the other end.
        principal: who it proved to be.
        subscriptions: by key: the id, or in STOMP 1.0 what stands for it.
        by_serial: the same ones, by what ACK names.
        transactions: the open ones.
        backlog: frames taken in while the session was held.
        hold: what it waits for.
        held_until: when the wait is given up.
        temp_prefix: what its temporary destinations have between prefix and name; empty before
            the first.
        looked_at: deadline under which the broker has it listed.
        opened_at: when the stream was opened.
    """

    __slots__ = (
        "_overruns",
        "_serial",
        "backlog",
        "by_serial",
        "client_id",
        "held_until",
        "hold",
        "looked_at",
        "opened_at",
        "peer",
        "principal",
        "subscriptions",
        "temp_prefix",
        "transactions",
    )

    def __init__(
        self,
        id: str,
        outbox: Outbox,
        peer: Peer,
        *,
        readers: Readers,
        limits: FrameLimits,
        transaction_limits: TransactionLimits,
        overruns: "list[BrokerSession]",
        now: float,
    ) -> None:
        """Start with nothing; the session joins ``overruns`` when its reader is too slow."""
        super().__init__(id, outbox, readers, limits, now)
        self.peer = peer
        self.client_id = ""
        self.principal: Principal = ANONYMOUS
        self.subscriptions: dict[str, Subscription] = {}
        self.by_serial: dict[str, Subscription] = {}
        self.transactions = Transactions(transaction_limits)
        self.backlog: list[Frame] = []
        self.hold: Hold | None = None
        self.held_until = INFINITY
        self.temp_prefix = ""
        self.looked_at = INFINITY
        self.opened_at = now
        self._overruns = overruns
        self._serial = 0

    def next_serial(self) -> int:
        """Return the number of a new subscription."""
        self._serial += 1
        return self._serial

    def has_had(self, serial: str) -> bool:
        """Say whether a subscription of that number ever was."""
        if not (serial.isascii() and serial.isdigit() and len(serial) < 10):
            return False
        return str(int(serial)) == serial and 0 < int(serial) <= self._serial

    def add(self, key: str, subscription: Subscription) -> None:
        """Remember a subscription."""
        self.subscriptions[key] = subscription
        self.by_serial[str(subscription.serial)] = subscription

    def remove(self, key: str) -> Subscription | None:
        """Forget a subscription and return it, or None where there is none."""
        subscription = self.subscriptions.pop(key, None)
        if subscription is not None:
            del self.by_serial[str(subscription.serial)]
        return subscription

    def leave(self) -> list[Subscription]:
        """Forget every subscription, and return them."""
        subscriptions = list(self.subscriptions.values())
        self.subscriptions = {}
        self.by_serial = {}
        return subscriptions

    def release(self) -> None:
        """Let go of what no frame will complete any more, open transactions with it."""
        super().release()
        self.transactions.clear()

    def overrun(self) -> None:
        """Note that the reader is too slow to be kept."""
        self._overruns.append(self)
