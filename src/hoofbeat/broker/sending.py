"""SEND: from frames to messages, run by run."""

from collections.abc import Sequence
from typing import Final

from hoofbeat.broker import destination
from hoofbeat.broker.access import Right
from hoofbeat.broker.core import Confirmation, Core
from hoofbeat.broker.destination import Destination, Kind
from hoofbeat.broker.hold import Hold, HoldReason
from hoofbeat.broker.message import Envelope, Message
from hoofbeat.broker.session import BrokerSession
from hoofbeat.broker.temporary import resolve, with_reply_to
from hoofbeat.errors import Refused
from hoofbeat.protocol.commands import Command
from hoofbeat.protocol.frames import Frame
from hoofbeat.protocol.headers import Headers

FEW: Final = 16  # messages that never take long, whoever hears them
_SEND: Final = Command.SEND
_WRITE: Final = Right.WRITE


def send(core: Core, session: BrokerSession, frames: list[Frame], at: int) -> int:
    """Publish the run of SENDs that begins at ``at``; return where it ends.

    A run goes to one destination, and what a queue goes by is the same for all its messages.

    STOMP 1.2, "SEND".
    """
    headers = frames[at][1]
    try:
        memo = headers.memo
        envelope = memo if isinstance(memo, Envelope) else open_envelope(core, session, headers)
        core.check(session, _WRITE, envelope.destination)
        if not envelope.destination.is_topic:  # a topic that nobody listens to does not come to be by SEND
            core.check_new(session, envelope.destination)
        stop, messages, receipts = _gather(core, frames, at, envelope)
        publish(core, session, messages, receipts)
    except Refused as refused:
        core.refuse(session, refused, headers.get("receipt"))
        return at + 1
    return stop


def _gather(
    core: Core, frames: list[Frame], at: int, envelope: Envelope
) -> tuple[int, list[Message], list[tuple[int, str]]]:
    """Number the messages of the run that begins with ``envelope``; note the receipts they ask for."""
    number = core.numbers.next
    expires_ms = envelope.expires_at(core.clock.now.epoch_ms)
    messages: list[Message] = []
    receipts: list[tuple[int, str]] = []
    first, headers = envelope, frames[at][1]
    if not envelope.is_plain:
        receipts.append((0, headers.fields["receipt"]))
    most = FEW if len(frames) - at <= FEW else core.engine.most_in_a_run(envelope.destination)
    run = frames[at : at + most] if at or most < len(frames) else frames
    for command, own, body in run:
        if own is not headers:
            following = first.following(own) if command is _SEND else None
            if following is None:
                break
            headers, envelope = own, following
            if not envelope.is_plain:
                receipts.append((len(messages), headers.fields["receipt"]))
        messages.append(Message(number, envelope, body, expires_ms))
        number += 1
    core.numbers.next = number
    return at + len(messages), messages, receipts


def publish(
    core: Core, session: BrokerSession, messages: list[Message], receipts: Sequence[tuple[int, str]]
) -> None:
    """Hand a run to the engine, and hold the session if it has to wait."""
    core.stats.messages_received += len(messages)
    hold = core.engine.publish(messages, Confirmation(core, session, receipts))
    if hold is None:
        return
    name = messages[0].envelope.destination.name
    own = session.subscriptions.values()
    if hold.reason is HoldReason.FULL and any(
        core.engine.is_full_for(subscription, name) for subscription in own
    ):
        hold.give_up()  # its ACKs, which would make room, wait behind this very frame
    else:
        core.hold(session, hold, core.config.limits.hold_seconds)


def open_envelope(core: Core, session: BrokerSession, headers: Headers) -> Envelope:
    """Read the headers of a SEND; what is the same for everybody is kept with them.

    Raises:
        Refused: the destination or another header makes no sense.
    """
    if "message-id" in headers:
        raise Refused("message-id on SEND: the broker gives it")
    where = destination.parse(headers.get("destination"))
    if where.is_pattern:
        raise Refused(f"Unknown destination {where.name[:128]!r}: SEND to a wildcard")
    if where.is_temporary or "reply-to" in headers:
        return _own_envelope(core, session, where, headers)
    if where.kind in (Kind.USER, Kind.APP):
        raise Refused(f"Unknown destination {where.name[:128]!r}: no application is mounted here")
    envelope = Envelope(where, headers, core.message_prefix)
    if envelope.timing is not None:
        return _owned(session, envelope)
    if envelope.is_plain:
        headers.memo = envelope
    return envelope


def message_of(core: Core, envelope: Envelope, frame: Frame) -> Message:
    """Number one message."""
    return Message(core.numbers.take(), envelope, frame.body, envelope.expires_at(core.clock.now.epoch_ms))


def _own_envelope(core: Core, session: BrokerSession, where: Destination, headers: Headers) -> Envelope:
    """Read headers in which temporary destinations stand: they mean something to this session only."""
    changed = dict(headers.fields)
    if where.is_temporary:
        where = resolve(core, session, where)
        changed["destination"] = where.name
    if "reply-to" in changed:
        changed["reply-to"] = with_reply_to(core, session, changed["reply-to"])
    return _owned(session, Envelope(where, Headers(changed), core.message_prefix))


def _owned(session: BrokerSession, envelope: Envelope) -> Envelope:
    """Have what waits for its time count as its sender's."""
    if envelope.timing is not None:
        envelope.timing = envelope.timing._replace(owner=session.principal.name)
    return envelope


def wait_for_memory(core: Core, session: BrokerSession) -> None:
    """Hold a session that would send while memory is short."""
    hold = Hold(HoldReason.MEMORY, lambda: _refuse_first(core, session))
    core.hold(session, hold, core.config.limits.hold_seconds)


def _refuse_first(core: Core, session: BrokerSession) -> None:
    """Refuse the SEND that waits at the head of the backlog."""
    headers = session.backlog.pop(0).headers
    refused = Refused("memory is short", detail="send again later")
    if "transaction" in headers:
        session.transactions.doom(headers["transaction"], refused.summary)
    core.refuse(session, refused, headers.get("receipt"))
