"""A client's standing request for messages: what it is owed, and what it still holds."""

from collections.abc import Callable, Mapping, Sequence
from itertools import takewhile
from typing import Final

from hoofbeat.broker.delivery import AckMode, Delivery
from hoofbeat.broker.destination import Destination
from hoofbeat.broker.message import Message, tail_of, tails_of
from hoofbeat.broker.places import Place
from hoofbeat.broker.selecting.condition import Condition
from hoofbeat.broker.users import Principal
from hoofbeat.protocol.encoder import message_head
from hoofbeat.protocol.outbox import FLUSH_BYTES, Outbox
from hoofbeat.protocol.server import ServerSession
from hoofbeat.protocol.versions import FACTS, Version

SLICE: Final = 128  # messages handed to one subscription before its credit is looked at again
_AUTO: Final = AckMode.AUTO
_CLIENT: Final = AckMode.CLIENT
_MOST_DIGITS: Final = 15
_NOTHING: Final[dict[str, str]] = {}


class Subscription:
    """One subscription of one session.

    Attributes:
        id: as the client chose it; None in STOMP 1.0, where it may have none.
        serial: counts the subscriptions of a session; stands in every ACK.
        session: whose it is.
        principal: who that is.
        overrun: called when its reader is too slow for it to be kept.
        outbox: of the session.
        version: what the session speaks.
        destination: what it listens to.
        ack: how its deliveries are settled.
        head: the start of each of its MESSAGE frames.
        prefetch: deliveries it may hold unsettled.
        unsettled: by tag, in the order of delivery.
        durable: under what name messages are kept for it while it is away; empty for none.
        place: where in a topic's history it begins, if it said so.
        condition: which messages it wants; None for all.
        priority: consumers of a queue with a higher one are served before it, as long as they have credit.
        is_browser: it is shown what waits in its queue, and takes nothing.
        is_lasting: as a browser it stays, and is shown what comes later too.
        is_exclusive: it gets all of its queue, and who subscribes after it gets none while it is there.
        told: what its receipt says beside the id; whoever makes it live may set it before that.
    """

    __slots__ = (
        "_ack_prefix",
        "_ack_words",
        "_has_ack_header",
        "_next_tag",
        "_queue_head",
        "_token_size",
        "ack",
        "condition",
        "destination",
        "durable",
        "head",
        "id",
        "is_browser",
        "is_exclusive",
        "is_lasting",
        "most_bytes",
        "outbox",
        "overrun",
        "place",
        "prefetch",
        "principal",
        "priority",
        "serial",
        "session",
        "told",
        "unsettled",
        "unsettled_bytes",
        "version",
    )

    def __init__(
        self,
        session: ServerSession,
        id: str | None,
        destination: Destination,
        *,
        serial: int,
        principal: Principal,
        overrun: Callable[[], None],
        ack: AckMode = _AUTO,
        prefetch: int = 100,
        most_bytes: int = 8 * 1024 * 1024,
    ) -> None:
        """Give the session a new subscription; ``most_bytes`` may be unsettled at a time."""
        self.session = session
        self.outbox: Outbox = session.outbox
        self.version: Version = session.version
        self.id = id
        self.serial = serial
        self.principal = principal
        self.overrun = overrun
        self.destination = destination
        self.ack = ack
        self.prefetch = prefetch
        self.most_bytes = most_bytes
        self.head = message_head(id, session.version)
        self.unsettled: dict[int, Delivery] = {}
        self.unsettled_bytes = 0
        self.durable = ""
        self.place: Place | None = None
        self.condition: Condition | None = None
        self.priority = 0
        self.is_exclusive = self.is_browser = self.is_lasting = False
        self.told: Mapping[str, str] = _NOTHING
        self._queue_head = self.head + b"\nredelivered:false"
        self._has_ack_header = FACTS[session.version].ack_header
        self._ack_prefix = b"%d-" % serial
        self._ack_words = f"{serial}-"
        self._token_size = len(self._ack_prefix)
        self._next_tag = 1

    @property
    def is_choosy(self) -> bool:
        """Say whether it matters to its queue which messages it gets; a topic's were chosen before."""
        if self.destination.is_topic:
            return False
        return self.condition is not None or self.priority != 0 or self.is_exclusive

    @property
    def has_quick_acks(self) -> bool:
        """Say whether :meth:`settle_named` is all that an ACK asks for."""
        return self._has_ack_header and self.ack is not _CLIENT

    @property
    def credit(self) -> int:
        """Count the messages it may be given right now; the peer's pace included."""
        if not self.outbox.is_open:
            return 0
        if self.ack is AckMode.AUTO:
            return SLICE
        if self.unsettled_bytes >= self.most_bytes:
            return 0
        return self.prefetch - len(self.unsettled)

    @property
    def room_bytes(self) -> int:
        """Say at how many octets a slice for it ends, while it has credit: one message always fits."""
        if self.ack is AckMode.AUTO:
            return FLUSH_BYTES
        return min(FLUSH_BYTES, self.most_bytes - self.unsettled_bytes)

    def was_given(self, tag: int) -> bool:
        """Say whether a delivery of that tag has ever been made."""
        return 0 < tag < self._next_tag

    def is_named(self, delivery: Delivery, token: str) -> bool:
        """Say whether ACK names a delivery by the very words it was delivered with."""
        if self._has_ack_header:
            return token.isascii() and token[self._token_size] != "0"  # digits, as their reader knows
        message = delivery.message
        return token == f"{message.envelope.prefix.decode()}{message.number}-{self.serial}-{delivery.tag}"

    def deliver(self, messages: list[Message]) -> None:
        """Hand over queue messages that were never delivered before, within its credit."""
        if self.ack is AckMode.AUTO:
            self.outbox.add(self.outbox.framing.run(self._queue_head, tails_of(messages, self.version)))
            return
        self._deliver_unsettled(self._queue_head, messages)

    def redeliver(self, message: Message, deliveries: int) -> None:
        """Hand over a message that was delivered before, ``deliveries`` times with this one."""
        head = b"%b\nredelivered:true\ndelivery-count:%d" % (self.head, deliveries)
        if self.ack is AckMode.AUTO:
            self.outbox.send(head + tail_of(message, self.version))
        else:
            self._deliver_unsettled(head, [message])

    def settle(self, tag: int) -> Delivery:
        """Forget a delivery that is settled, and have its credit back."""
        delivery = self.unsettled.pop(tag)
        self.unsettled_bytes -= delivery.message.size
        return delivery

    def settle_up_to(self, tag: int) -> list[Delivery]:
        """Settle a delivery and all before it: what ACK means where it is cumulative."""
        covered = list(takewhile(tag.__ge__, self.unsettled))
        return [self.settle(each) for each in covered]

    def settle_named(self, token: str) -> Delivery | None:
        """Settle the delivery that an ``id`` of ACK names in STOMP 1.2; None if there is none."""
        if not token.startswith(self._ack_words):
            return None
        text = token[self._token_size :]
        if len(text) > _MOST_DIGITS:
            return None
        try:
            tag = int(text)
        except ValueError:
            return None
        delivery = self.unsettled.get(tag)
        if delivery is None or str(tag) != text:  # int reads "+1" and "01", too
            return None
        del self.unsettled[tag]
        self.unsettled_bytes -= delivery.message.size
        return delivery

    def restore(self, deliveries: Sequence[Delivery]) -> None:
        """Undo :meth:`settle`: what settled them did not happen."""
        for delivery in deliveries:
            self.unsettled[delivery.tag] = delivery
            self.unsettled_bytes += delivery.message.size
        self.unsettled = dict(sorted(self.unsettled.items()))

    def take_back(self) -> list[Delivery]:
        """Return what is unsettled, in order, and hold it no longer."""
        deliveries = list(self.unsettled.values())
        self.unsettled = {}
        self.unsettled_bytes = 0
        return deliveries

    def _deliver_unsettled(self, head: bytes, messages: list[Message]) -> None:
        """Hand over messages that must be settled.

        Where MESSAGE has no ``ack`` header (STOMP 1.0 and 1.1) its message id ends as the header
        would, and so is unique to the delivery.
        """
        tag = self._next_tag
        self._next_tag = tag + len(messages)
        unsettled, version, prefix = self.unsettled, self.version, self._ack_prefix
        frames: list[bytes] = []
        size = 0
        for message in messages:
            unsettled[tag] = Delivery(message, tag)
            size += message.size
            if self._has_ack_header:
                frames.append(b"%b\nack:%b%d%b" % (head, prefix, tag, tail_of(message, version)))
            else:
                frames.append(head + tail_of(message, version, b"-%b%d" % (prefix, tag)))
            tag += 1
        self.unsettled_bytes += size
        self.outbox.add(self.outbox.framing.frames(frames))
