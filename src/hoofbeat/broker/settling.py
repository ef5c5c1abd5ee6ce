"""ACK and NACK: a run of them is one call to the engine."""

from collections.abc import Sequence
from functools import partial
from itertools import takewhile

from hoofbeat.broker.core import Answer, Core
from hoofbeat.broker.delivery import AckMode, Outcome
from hoofbeat.broker.engine import Settlement
from hoofbeat.broker.session import BrokerSession
from hoofbeat.broker.subscription import Subscription
from hoofbeat.errors import Refused
from hoofbeat.protocol.commands import Command
from hoofbeat.protocol.frames import Frame
from hoofbeat.protocol.headers import Headers
from hoofbeat.protocol.versions import FACTS

_settlement = partial(tuple.__new__, Settlement)  # half the cost of Settlement(...)


def settle(core: Core, session: BrokerSession, frame: Frame, settlements: list[Settlement]) -> None:
    """Note what a frame settles; the caller hands the notes of a whole run to the engine.

    Raises:
        Refused: it names nothing that was delivered, or what is settled already.

    STOMP 1.2, "ACK", "NACK".
    """
    named = find(session, frame)
    if named is None:
        return  # of a subscription that has just ended
    note(*named, outcome_of(frame), settlements)


def note(subscription: Subscription, tag: int, outcome: Outcome, settlements: list[Settlement]) -> None:
    """Note that a delivery is settled: with it all before it, where ACK is cumulative."""
    if subscription.ack is not AckMode.CLIENT:
        settlements.append(_settlement((subscription, subscription.settle(tag), outcome)))
        return
    covered = list(takewhile(lambda earlier: earlier <= tag, subscription.unsettled))
    for each in covered:
        settlements.append(Settlement(subscription, subscription.settle(each), outcome))


def apply(core: Core, session: BrokerSession, settlements: Sequence[Settlement], receipts: list[str]) -> None:
    """Hand settlements to the engine, and answer the receipts asked for with them."""
    count(core, settlements)
    last = receipts.pop() if receipts else None
    for receipt in receipts:
        Answer(core, session, receipt)(None)
    core.engine.settle(settlements, Answer(core, session, last))


def count(core: Core, settlements: Sequence[Settlement]) -> None:
    """Count what was acknowledged."""
    core.stats.messages_acknowledged += len([1 for each in settlements if each[2] is Outcome.ACK])


def outcome_of(frame: Frame) -> Outcome:
    """Read what the client wants to become of its deliveries."""
    if frame.command is Command.ACK:
        return Outcome.ACK
    return Outcome.REJECT if frame.headers.get("requeue") == "false" else Outcome.NACK


def find(session: BrokerSession, frame: Frame) -> tuple[Subscription, int] | None:
    """Return the delivery that a frame names: its subscription and tag.

    Returns:
        None if the subscription has just ended: a late ACK is no mistake.

    Raises:
        Refused: there is no such delivery.
    """
    token = _token(session, frame.headers)
    serial, tag = ("", *token.rsplit("-", 2))[-2:]
    subscription = session.by_serial.get(serial)
    if subscription is None:
        if session.has_had(serial):
            return None
        raise Refused(f"Unknown delivery {token[:64]!r}: nothing of that id was delivered")
    number = int(tag) if tag.isascii() and tag.isdigit() and len(tag) < 16 else 0
    if number in subscription.unsettled:
        return subscription, number
    if subscription.was_given(number):
        raise Refused(f"Unknown delivery {token[:64]!r}: it is settled already")
    raise Refused(f"Unknown delivery {token[:64]!r}: nothing of that id was delivered")


def _token(session: BrokerSession, headers: Headers) -> str:
    """Return what the frame names the delivery by, which each version does in its own way."""
    if FACTS[session.version].ack_header:
        token = headers.get("id")
        if token is None:
            raise Refused("Missing header: id")
        return token
    token = headers.get("message-id")
    if token is None:
        raise Refused("Missing header: message-id")
    if FACTS[session.version].needs_id and "subscription" not in headers:
        raise Refused("Missing header: subscription")
    subscription = headers.get("subscription")
    if subscription is not None:
        serial = token.rpartition("-")[0].rpartition("-")[2]
        known = session.by_serial.get(serial)
        if known is not None and known.id != subscription:
            raise Refused(f"Unknown delivery {token[:64]!r}: not of subscription {subscription[:64]!r}")
    return token
