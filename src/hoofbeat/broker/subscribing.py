"""SUBSCRIBE and UNSUBSCRIBE."""

from hoofbeat.broker import destination, temporary
from hoofbeat.broker.access import Right
from hoofbeat.broker.core import Answer, Core
from hoofbeat.broker.delivery import AckMode
from hoofbeat.broker.destination import Destination, Kind
from hoofbeat.broker.patterns import check
from hoofbeat.broker.session import BrokerSession
from hoofbeat.broker.subscription import Subscription
from hoofbeat.errors import Refused
from hoofbeat.protocol.frames import Frame
from hoofbeat.protocol.headers import Headers
from hoofbeat.protocol.versions import FACTS

# What other brokers call the number of deliveries a subscription may hold unsettled.
_PREFETCH = ("prefetch-count", "activemq.prefetchSize", "prefetch", "credit")
# Asked for by other brokers' clients, and not here yet: better refused than quietly left out.
_MISSING = ("selector", "browser", "durable", "activemq.subscriptionName", "durable-subscription-name")


def subscribe(core: Core, session: BrokerSession, frame: Frame) -> None:
    """Make a subscription live; its receipt follows once it is.

    STOMP 1.2, "SUBSCRIBE".
    """
    headers = frame.headers
    where = destination.parse(headers.get("destination"))
    key = _key(session, headers)
    if key in session.subscriptions:
        raise Refused(f"Duplicated subscription identifier {(headers.get('id') or where.name)[:128]!r}")
    _check_features(headers)
    if where.is_temporary:
        where = temporary.owned(core, session, where)
        _end_automatic(core, session, where)
    _check_destination(core, session, where)
    if len(session.subscriptions) >= core.config.limits.subscriptions:
        raise Refused(f"more than {core.config.limits.subscriptions} subscriptions")
    subscription = Subscription(
        session,
        headers.get("id"),
        where,
        serial=session.next_serial(),
        principal=session.principal,
        overrun=session.overrun,
        ack=_ack_mode(headers),
        prefetch=_prefetch(core, headers),
        most_bytes=core.config.limits.unsettled_bytes,
    )
    session.add(key, subscription)
    core.engine.attach(subscription, Answer(core, session, headers.get("receipt")))


def unsubscribe(core: Core, session: BrokerSession, frame: Frame) -> None:
    """End a subscription; what it holds unsettled goes back.

    STOMP 1.2, "UNSUBSCRIBE".
    """
    subscription = session.remove(_key(session, frame.headers))
    if subscription is None:
        name = frame.headers.get("id") or frame.headers.get("destination") or ""
        raise Refused(f"Unknown subscription {name[:128]!r}")
    core.engine.detach(subscription, Answer(core, session, frame.headers.get("receipt")))


def _key(session: BrokerSession, headers: Headers) -> str:
    """Return what names a subscription in its session: 1.0 clients may leave the id out."""
    id = headers.get("id")
    if id is not None:
        return f"id {id}"
    if FACTS[session.version].needs_id:
        raise Refused("Missing header: id")
    return f"destination {destination.parse(headers.get('destination')).name}"


def _check_features(headers: Headers) -> None:
    for name in _MISSING:
        if headers.get(name) not in (None, "", "false"):
            raise Refused(f"{name} is not supported on SUBSCRIBE")


def _check_destination(core: Core, session: BrokerSession, where: Destination) -> None:
    if where.kind in (Kind.USER, Kind.APP):
        raise Refused(f"Unknown destination {where.name[:128]!r}: no application is mounted here")
    if where.is_pattern:
        if where.kind is not Kind.TOPIC:
            raise Refused(f"Unknown destination {where.name[:128]!r}: wildcards are for topics")
        check(where.name)
        return  # rights are looked at for every topic that matches
    core.check(session, Right.READ, where)


def _end_automatic(core: Core, session: BrokerSession, where: Destination) -> None:
    """Let SUBSCRIBE take the place of what a ``reply-to`` brought about."""
    automatic = session.remove(f"reply-to {where.name}")
    if automatic is not None:
        core.engine.detach(automatic, Answer(core, session, None))


def _ack_mode(headers: Headers) -> AckMode:
    text = headers.get("ack") or "auto"
    try:
        return AckMode(text)
    except ValueError:
        modes = ", ".join(AckMode)
        raise Refused(f"ack {text[:32]!r} is none of {modes}") from None


def _prefetch(core: Core, headers: Headers) -> int:
    limit = core.config.limits.prefetch
    for name in _PREFETCH:
        text = headers.get(name)
        if text:
            number = text.partition(",")[0]
            if not (number.isascii() and number.isdigit() and len(number) <= 9):
                raise Refused(f"{name} {text[:32]!r} is not a number of deliveries")
            return max(1, min(int(number), limit))
    return min(core.config.queue.prefetch, limit)
