"""SUBSCRIBE and UNSUBSCRIBE."""

from hoofbeat.broker import destination, temporary
from hoofbeat.broker.access import Right
from hoofbeat.broker.attaching import attach
from hoofbeat.broker.core import Answer, Core
from hoofbeat.broker.delivery import AckMode
from hoofbeat.broker.destination import Destination, Kind
from hoofbeat.broker.patterns import check
from hoofbeat.broker.places import place_of
from hoofbeat.broker.session import BrokerSession
from hoofbeat.broker.subscription import Subscription
from hoofbeat.errors import Refused
from hoofbeat.protocol.frames import Frame
from hoofbeat.protocol.headers import Headers
from hoofbeat.protocol.versions import FACTS

# What other brokers call the number of deliveries a subscription may hold unsettled.
_PREFETCH = ("prefetch-count", "activemq.prefetchSize", "prefetch", "credit")
_WINDOW = "consumer-window-size"  # and their size: -1 is any, 0 one at a time
# Asked for by other brokers' clients, and not here yet: better refused than quietly left out. With
# each the value that asks for nothing.
_MISSING = {
    **dict.fromkeys(
        (
            "selector",
            "browser",
            "durable",
            "activemq.subscriptionName",
            "durable-subscription-name",
            "durable-subscriber-name",
            "persistent",
            "exclusive",
            "activemq.exclusive",
            "no-local",
            "activemq.noLocal",
            "include-seq",
        ),
        "false",
    ),
    **dict.fromkeys(("consumer-priority", "activemq.priority", "x-priority"), "0"),
}


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
    _check_destination(core, session, where)
    place = place_of(headers, where)
    prefetch, most_bytes = _credit(core, headers)
    subscription = Subscription(
        session,
        headers.get("id"),
        where,
        serial=session.next_serial(),
        principal=session.principal,
        overrun=session.overrun,
        ack=_ack_mode(headers),
        prefetch=prefetch,
        most_bytes=most_bytes,
    )
    subscription.place = place
    attach(
        core,
        session,
        key,
        subscription,
        receipt=headers.get("receipt"),
        instead_of=temporary.automatic_key(where),
    )


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
        raise Refused("Missing header: id", section="Frames and Headers")
    return f"destination {destination.parse(headers.get('destination')).name}"


def _check_features(headers: Headers) -> None:
    for name, nothing in _MISSING.items():
        if headers.get(name) not in (None, "", nothing):
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
    core.check_new(session, where)


def _ack_mode(headers: Headers) -> AckMode:
    text = headers.get("ack") or "auto"
    try:
        return AckMode(text)
    except ValueError:
        modes = ", ".join(AckMode)
        raise Refused(f"ack {text[:32]!r} is none of {modes}", section="SUBSCRIBE ack Header") from None


def _credit(core: Core, headers: Headers) -> tuple[int, int]:
    """Return how many deliveries may be unsettled, and how many octets of them."""
    limits = core.config.limits
    prefetch, most_bytes = core.config.queue.prefetch, limits.unsettled_bytes
    window = headers.get(_WINDOW)
    if window:
        prefetch = 1 if window == "0" else limits.prefetch
        most_bytes = most_bytes if window == "-1" else _number(_WINDOW, window)
    for name in _PREFETCH:
        text = headers.get(name)
        if text:
            count, _, size = text.partition(",")
            prefetch = _number(name, count)
            most_bytes = _number(name, size) if size else most_bytes
            break
    most_bytes = min(most_bytes or limits.unsettled_bytes, limits.unsettled_bytes)
    return max(1, min(prefetch, limits.prefetch)), most_bytes


def _number(name: str, text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 9):
        raise Refused(f"{name} {text[:32]!r} is not a number of deliveries or bytes")
    return int(text)
