"""ACK and NACK: a run of them is one call to the engine."""

from collections.abc import Sequence
from typing import Final

from hoofbeat.broker.core import Answer, Core
from hoofbeat.broker.delivery import AckMode, Delivery, Outcome
from hoofbeat.broker.engine import Settlement
from hoofbeat.broker.session import BrokerSession
from hoofbeat.broker.subscription import Subscription
from hoofbeat.errors import Refused
from hoofbeat.protocol.commands import Command
from hoofbeat.protocol.frames import Frame
from hoofbeat.protocol.headers import Headers
from hoofbeat.protocol.versions import FACTS, Facts

SETTLING: Final = (Command.ACK, Command.NACK)
_ACK: Final = Command.ACK
_DONE: Final = Outcome.ACK


def settle(core: Core, session: BrokerSession, frames: list[Frame], at: int) -> int:
    """Settle with the run of ACKs and NACKs that begins at ``at``; return where it ends.

    One that names nothing that was delivered, or what is settled already, ends the run and is refused.
    So is one that comes after its subscription has ended, if it asks for a receipt.

    STOMP 1.2, "ACK", "NACK".
    """
    settlements: list[Settlement] = []
    receipts: list[str] = []
    refused: Refused | None = None
    facts = FACTS[session.version]
    stop, end = at, len(frames)
    while stop < end and refused is None:
        command, headers, _ = frames[stop]
        if command not in SETTLING or "transaction" in headers.fields:
            break
        try:
            named = find(session, headers, facts)
            if "receipt" in headers.fields:
                if named is None:
                    raise ended(headers, "the message went back to where it waited, and is delivered again")
                receipts.append(headers.fields["receipt"])
        except Refused as error:
            refused = error
            named = None
        stop += 1
        if named is not None:
            note(named[0], named[1], outcome_of(command, headers), settlements)
            stop = _settle_alike(frames, stop, settlements[-1])
    count(core, settlements)
    core.engine.settle(settlements, Answer(core, session, *receipts))
    if refused is not None:
        core.refuse(session, refused, frames[stop - 1].headers.get("receipt"))
    return stop


def _settle_alike(frames: list[Frame], at: int, settlement: Settlement) -> int:
    """Settle with the ACKs from ``at`` on that carry nothing but an id, of the very same subscription.

    Returns:
        where they end; what follows is looked at more closely.
    """
    subscription, outcome, deliveries = settlement
    if outcome is not _DONE or not subscription.has_quick_acks:
        return at
    end = len(frames)
    while at < end:
        command, headers, _ = frames[at]
        fields = headers.fields
        if command is not _ACK or len(fields) > 1:
            break
        delivery = subscription.settle_named(fields.get("id") or "")
        if delivery is None:
            break
        deliveries.append(delivery)
        at += 1
    return at


def note(subscription: Subscription, tag: int, outcome: Outcome, settlements: list[Settlement]) -> None:
    """Note that a delivery is settled: with it all before it, where ACK is cumulative."""
    if settlements and settlements[-1][0] is subscription and settlements[-1][1] is outcome:
        deliveries = settlements[-1][2]
    else:
        deliveries = list[Delivery]()
        settlements.append(Settlement(subscription, outcome, deliveries))
    if subscription.ack is AckMode.CLIENT:
        deliveries += subscription.settle_up_to(tag)
    else:
        deliveries.append(subscription.settle(tag))


def count(core: Core, settlements: Sequence[Settlement]) -> None:
    """Count what was acknowledged."""
    for settlement in settlements:
        if settlement.outcome is Outcome.ACK:
            core.stats.messages_acknowledged += len(settlement.deliveries)


def outcome_of(command: Command, headers: Headers) -> Outcome:
    """Read what the client wants to become of its deliveries."""
    if command is Command.ACK:
        return _DONE
    return Outcome.REJECT if headers.get("requeue") == "false" else Outcome.NACK


def find(session: BrokerSession, headers: Headers, facts: Facts) -> tuple[Subscription, int] | None:
    """Return the delivery that a frame names: its subscription and tag.

    Returns:
        None if the subscription has just ended: a late ACK is no mistake, but it does nothing.

    Raises:
        Refused: there is no such delivery.
    """
    token = _token(session, headers, facts)
    serial, _, tag = token.rpartition("-")
    if not facts.ack_header:
        serial = serial.rpartition("-")[2]
    subscription = session.by_serial.get(serial)
    if subscription is not None and tag.isdecimal() and len(tag) < 16:
        number = int(tag)
        delivery = subscription.unsettled.get(number)
        if delivery is not None and subscription.is_named(delivery, token):
            return subscription, number
    _check_late(session, subscription, serial, tag, token)
    return None


def ended(headers: Headers, detail: str) -> Refused:
    """Say that a delivery can't be settled any more, to who wants to know whether it was."""
    token = headers.get("id") or headers.get("message-id") or ""
    return Refused(f"Unknown delivery {token[:64]!r}: its subscription has ended", detail=detail)


def _check_late(
    session: BrokerSession, subscription: Subscription | None, serial: str, tag: str, token: str
) -> None:
    """Raise Refused, and say why there is no such delivery, unless its subscription has just ended."""
    if subscription is None and session.has_had(serial):
        return
    if subscription is not None and tag.isascii() and tag.isdigit() and len(tag) < 16:
        number = int(tag)
        if number not in subscription.unsettled and subscription.was_given(number):
            raise Refused(f"Unknown delivery {token[:64]!r}: it is settled already")
    raise Refused(f"Unknown delivery {token[:64]!r}: nothing of that id was delivered")


def _token(session: BrokerSession, headers: Headers, facts: Facts) -> str:
    """Return what the frame names the delivery by, which each version does in its own way."""
    fields = headers.fields
    if facts.ack_header:
        if "id" not in fields:
            raise Refused("Missing header: id", section="Frames and Headers")
        return fields["id"]
    token = fields.get("message-id")
    if token is None:
        raise Refused("Missing header: message-id", section="Frames and Headers")
    subscription = fields.get("subscription")
    if subscription is None:
        if facts.needs_id:
            raise Refused("Missing header: subscription", section="Frames and Headers")
        return token
    serial = token.rpartition("-")[0].rpartition("-")[2]
    known = session.by_serial.get(serial)
    if known is not None and known.id != subscription:
        raise Refused(f"Unknown delivery {token[:64]!r}: not of subscription {subscription[:64]!r}")
    return token
