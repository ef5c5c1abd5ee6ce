"""SUBSCRIBE and UNSUBSCRIBE."""

from hoofbeat.broker import destination, temporary
from hoofbeat.broker.access import Right
from hoofbeat.broker.arguments import check_arguments
from hoofbeat.broker.attaching import attach
from hoofbeat.broker.claims import claim, condition_of
from hoofbeat.broker.core import Answer, Core
from hoofbeat.broker.delivery import AckMode
from hoofbeat.broker.destination import Destination, Kind
from hoofbeat.broker.durability import check_durable, durable_name, is_named_by_id
from hoofbeat.broker.engine import ignore
from hoofbeat.broker.patterns import check
from hoofbeat.broker.places import place_of
from hoofbeat.broker.selecting.condition import Condition
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
_MISSING = {"include-seq": "false"}


def subscribe(core: Core, session: BrokerSession, frame: Frame) -> None:
    """Make a subscription live; its receipt follows once it is.

    STOMP 1.2, "SUBSCRIBE".
    """
    headers = frame.headers
    durable = durable_name(headers.fields, session.client_id, headers.get("destination") or "")
    where = _destination(core, session, headers, durable)
    key = _key(session, headers)
    if key in session.subscriptions:
        raise Refused(f"Duplicated subscription identifier {(headers.get('id') or where.name)[:128]!r}")
    _check_features(headers)
    if where.is_temporary:
        where = temporary.owned(core, session, where)
    _check_destination(core, session, where)
    durable = check_durable(where, durable)
    check_arguments(headers, where, durable)
    place = place_of(headers, where)
    if durable and place is not None:
        raise Refused("a durable subscription begins where it was left", detail="leave out where to begin")
    condition = condition_of(headers, where, durable, session, core.scene)
    _check_terms(core, session, condition)
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
    subscription.durable, subscription.place, subscription.condition = durable, place, condition
    claim(subscription, headers)
    replaced = temporary.automatic_key(where)
    attach(core, session, key, subscription, receipt=headers.get("receipt"), instead_of=replaced)


def unsubscribe(core: Core, session: BrokerSession, frame: Frame) -> None:
    """End a subscription; what it holds unsettled goes back. A durable one is deleted if that is asked for.

    Of a live one that is what it is known to listen to, whatever the frame calls that.

    STOMP 1.2, "UNSUBSCRIBE".
    """
    headers = frame.headers
    key = _key(session, headers)
    durable = durable_name(headers.fields, session.client_id, headers.get("destination") or "")
    subscription = session.subscriptions.get(key)
    if durable and subscription is not None:
        durable = _durable_of(core, subscription, durable, headers)
    session.remove(key)
    done = Answer(core, session, headers.get("receipt"))
    if subscription is not None:
        core.engine.detach(subscription, ignore if durable else done)
    elif not durable:
        name = headers.get("id") or headers.get("destination") or ""
        raise Refused(f"Unknown subscription {name[:128]!r}")
    if durable:
        core.engine.durables.cancel(durable, session.principal, done)


def _durable_of(core: Core, subscription: Subscription, asked: str, headers: Headers) -> str:
    """Return what is deleted with a live subscription; nothing with a queue's, which is none.

    Raises:
        Refused: the frame is about another one.
    """
    own, where = subscription.durable, subscription.destination
    named = headers.get("destination") or ""
    if named in ("", own, where.name):
        if own and (asked == own or is_named_by_id(headers.fields)):
            return own
        if where.kind is Kind.QUEUE and core.engine.durables.find(asked, subscription.principal) is None:
            return ""
    raise Refused(
        f"Unknown subscription {asked[:128]!r}: the live one of that id is another one",
        detail="nothing was ended or deleted: end the live one first, and then delete the other",
    )


def _destination(core: Core, session: BrokerSession, headers: Headers, durable: str) -> Destination:
    """Return what is to be listened to: that of a durable subscription, if it was named by that."""
    name = headers.get("destination")
    if not durable or name != durable:
        return destination.parse(name)
    where = core.engine.durables.find(durable, session.principal)
    if where is None:
        raise Refused(f"Unknown destination {durable[:128]!r}: there is no such durable subscription")
    return where


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


def _check_terms(core: Core, session: BrokerSession, condition: Condition | None) -> None:
    """See that the selectors of a session do not take too much of everybody's time."""
    if condition is None or not condition.terms:
        return
    others = [each.condition.terms for each in session.subscriptions.values() if each.condition is not None]
    most = core.config.limits.selector_terms
    if sum(others) + condition.terms > most:
        raise Refused(
            f"more than {most} headers and literals in selectors of one session",
            detail="shorten the selectors, or spread the subscriptions over sessions",
        )


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
