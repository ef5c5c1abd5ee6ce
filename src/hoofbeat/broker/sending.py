"""SEND: from frames to messages, run by run."""

from collections.abc import Sequence
from functools import partial

from hoofbeat.broker import destination
from hoofbeat.broker.access import Right
from hoofbeat.broker.core import Answer, Core
from hoofbeat.broker.destination import Destination, Kind
from hoofbeat.broker.hold import Hold, HoldReason
from hoofbeat.broker.message import Envelope, Message
from hoofbeat.broker.session import BrokerSession
from hoofbeat.broker.temporary import resolve, with_reply_to
from hoofbeat.errors import Refused
from hoofbeat.protocol.frames import Frame
from hoofbeat.protocol.headers import Headers

RUN = 256  # messages in one run, at most
_message = partial(tuple.__new__, Message)  # half the cost of Message(...)


def send(core: Core, session: BrokerSession, frames: Sequence[Frame]) -> None:
    """Publish a run: SENDs with the very same headers.

    STOMP 1.2, "SEND".
    """
    headers = frames[0].headers
    memo = headers.memo
    envelope = memo if isinstance(memo, Envelope) else open_envelope(core, session, headers)
    core.check(session, Right.WRITE, envelope.destination)
    publish(core, session, messages_of(core, envelope, frames), headers.fields.get("receipt"))


def publish(core: Core, session: BrokerSession, messages: Sequence[Message], receipt: str | None) -> None:
    """Hand a run to the engine, and hold the session if it has to wait."""
    core.stats.messages_received += len(messages)
    name = messages[0].envelope.destination.name
    hold = core.engine.publish(messages, Answer(core, session, receipt))
    if hold is None:
        return
    own = session.subscriptions.values()
    if any(core.engine.is_full_for(subscription, name) for subscription in own):
        hold.give_up()  # its ACKs, which would make room, wait behind this very frame
    else:
        core.hold(session, hold, core.config.limits.hold_seconds)


def messages_of(core: Core, envelope: Envelope, frames: Sequence[Frame]) -> list[Message]:
    """Number the messages of a run."""
    number = core.next_number
    core.next_number = number + len(frames)
    if envelope.ttl_ms or envelope.expires_ms:
        expires_ms = envelope.expires_at(core.clock.now.epoch_ms)
        return [Message(at, envelope, frame.body, expires_ms) for at, frame in enumerate(frames, number)]
    return [_message((at, envelope, frame[2], 0)) for at, frame in enumerate(frames, number)]


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
    if envelope.is_plain:
        headers.memo = envelope
    return envelope


def _own_envelope(core: Core, session: BrokerSession, where: Destination, headers: Headers) -> Envelope:
    """Read headers in which temporary destinations stand: they mean something to this session only."""
    changed = dict(headers.fields)
    if where.is_temporary:
        where = resolve(core, session, where)
        changed["destination"] = where.name
    if "reply-to" in changed:
        changed["reply-to"] = with_reply_to(core, session, changed["reply-to"])
    return Envelope(where, Headers(changed), core.message_prefix)


def wait_for_memory(core: Core, session: BrokerSession) -> None:
    """Hold a session that would send while memory is short."""
    hold = Hold(HoldReason.MEMORY, lambda: _refuse_first(core, session))
    core.hold(session, hold, core.config.limits.hold_seconds)


def _refuse_first(core: Core, session: BrokerSession) -> None:
    """Refuse the SEND that waits at the head of the backlog."""
    frame = session.backlog.pop(0)
    core.refuse(session, Refused("memory is short", detail="send again later"), frame.headers.get("receipt"))
