"""BEGIN, COMMIT, ABORT, and the frames that belong to a transaction."""

from hoofbeat.broker import sending, settling
from hoofbeat.broker.access import Right
from hoofbeat.broker.core import Answer, Core
from hoofbeat.broker.engine import RUN, Settlement
from hoofbeat.broker.message import Envelope, Message
from hoofbeat.broker.session import BrokerSession
from hoofbeat.broker.subscription import Subscription
from hoofbeat.broker.temporary import check_alive
from hoofbeat.errors import Refused
from hoofbeat.protocol.commands import Command
from hoofbeat.protocol.frames import Frame
from hoofbeat.protocol.versions import FACTS, Facts


def begin(core: Core, session: BrokerSession, frame: Frame) -> None:
    """Open a transaction.

    STOMP 1.2, "BEGIN".
    """
    session.transactions.begin(_name(frame))
    Answer(core, session, frame.headers.get("receipt"))(None)


def take_in(core: Core, session: BrokerSession, frame: Frame) -> None:
    """Keep a SEND, ACK or NACK until COMMIT; its receipt says that it was taken in.

    What can be refused is refused now, so that COMMIT finds nothing wrong with it; a transaction of
    which something was refused is never committed.
    """
    name = frame.headers["transaction"]
    session.transactions.check(name, frame.command.value)
    try:
        _examine(core, session, frame)
    except Refused as refused:
        session.transactions.doom(name, refused.summary)
        raise
    session.transactions.add(name, frame)
    Answer(core, session, frame.headers.get("receipt"))(None)


def _examine(core: Core, session: BrokerSession, frame: Frame) -> None:
    """Raise Refused if the frame could not be acted on outside of a transaction either."""
    if frame.command is Command.SEND:
        envelope = sending.open_envelope(core, session, frame.headers)
        core.check(session, Right.WRITE, envelope.destination)
        if not envelope.destination.is_topic:
            core.check_new(session, envelope.destination)
        if envelope.timing is not None and envelope.timing.is_removal:
            raise Refused("AMQ_SCHEDULER_ACTION in a transaction", detail="send it outside of one")
        frame.headers.memo = envelope
    else:
        settling.find(session, frame.headers, FACTS[session.version])


def commit(core: Core, session: BrokerSession, frame: Frame) -> None:
    """Publish and settle all that the transaction holds, or nothing of it.

    It is refused where a frame of it was refused, and where a subscription has ended of whose
    deliveries it settles some: they went back.

    STOMP 1.2, "COMMIT".
    """
    transaction = session.transactions.end(_name(frame), "COMMIT")
    if transaction.refused:
        raise Refused("transaction not whole: a frame of it was refused", detail=transaction.refused)
    frames = transaction.frames
    facts = FACTS[session.version]
    named = [(each, _find(session, each, facts)) for each in frames if each.command is not Command.SEND]
    for each in frames:
        if isinstance(each.headers.memo, Envelope):
            check_alive(core, each.headers.memo.destination)
    settlements: list[Settlement] = []
    for each, found in named:
        if found[1] in found[0].unsettled:
            settling.note(*found, settling.outcome_of(each.command, each.headers), settlements)
    runs = _runs(core, frames)
    settling.count(core, settlements)
    core.stats.messages_received += sum([len(run) for run in runs])
    hold = core.engine.commit(runs, settlements, Answer(core, session, frame.headers.get("receipt")))
    if hold is not None:
        core.hold(session, hold, core.config.limits.hold_seconds)


def abort(core: Core, session: BrokerSession, frame: Frame) -> None:
    """Forget what the transaction holds: it never happened.

    STOMP 1.2, "ABORT".
    """
    session.transactions.end(_name(frame), "ABORT")
    Answer(core, session, frame.headers.get("receipt"))(None)


def _find(session: BrokerSession, frame: Frame, facts: Facts) -> tuple[Subscription, int]:
    """Return the delivery that a frame of a transaction settles; refused if that is too late."""
    found = settling.find(session, frame.headers, facts)
    if found is None:
        raise settling.ended(frame.headers, "the message went back; nothing of the transaction was done")
    return found


def _runs(core: Core, frames: list[Frame]) -> list[list[Message]]:
    """Return the messages of SENDs, in order: together where they could have come in one run."""
    runs: list[list[Message]] = []
    for frame in frames:
        envelope = frame.headers.memo
        if not isinstance(envelope, Envelope):
            continue
        message = sending.message_of(core, envelope, frame)
        first = runs[-1][0].envelope if runs and len(runs[-1]) < RUN else None
        if first is not None and first.following(frame.headers) is not None:
            runs[-1].append(message)
        else:
            runs.append([message])
    return runs


def _name(frame: Frame) -> str:
    name = frame.headers.get("transaction")
    if name is None:
        raise Refused("Missing header: transaction", section="Frames and Headers")
    return name
