"""What SUBSCRIBE asks for beside a destination: only some messages, not one's own, or before others."""

from typing import Final

from hoofbeat.broker.delivery import AckMode
from hoofbeat.broker.destination import Destination
from hoofbeat.broker.selecting.condition import Condition, Scene
from hoofbeat.broker.selecting.selector import Selector
from hoofbeat.broker.subscription import Subscription
from hoofbeat.errors import Refused
from hoofbeat.protocol.headers import Headers
from hoofbeat.protocol.server import ServerSession

_NO_LOCAL: Final = ("no-local", "activemq.noLocal")
_EXCLUSIVE: Final = ("exclusive", "activemq.exclusive")
_PRIORITY: Final = ("consumer-priority", "activemq.priority", "x-priority")
_BROWSER: Final = "browser"
_BROWSER_END: Final = "browser-end"
CHOOSING_HEADERS: Final = frozenset({"selector", _BROWSER, *_EXCLUSIVE, *_PRIORITY})
_MOST_DIGITS: Final = 9


def condition_of(
    headers: Headers, where: Destination, durable: str, session: ServerSession, scene: Scene
) -> Condition | None:
    """Return which messages a SUBSCRIBE wants; None if it wants all.

    Raises:
        Refused: the selector is none, or what is asked for is not to be had of this destination.
    """
    text = headers.get("selector") or ""
    name = _asked(headers, _NO_LOCAL, "false")
    if name and not where.is_topic:
        raise Refused(f"{name} is not supported on SUBSCRIBE to a {where.kind.value}")
    if name and durable:
        raise Refused(f"{name} is not supported on a durable subscription", detail="it outlives its session")
    selector = Selector.parse(text) if text.strip() else None
    if selector is None and not name:
        return None
    return Condition(scene, selector, session if name else None)


def claim(subscription: Subscription, headers: Headers) -> None:
    """Give a subscription its place among the consumers of its queue.

    Raises:
        Refused: it is a topic's, or the priority is no number.
    """
    exclusive = _asked(headers, _EXCLUSIVE, "false")
    priority = _asked(headers, _PRIORITY, "0")
    if (exclusive or priority) and subscription.destination.is_topic:
        raise Refused(
            f"{exclusive or priority} is not supported on SUBSCRIBE to a topic",
            detail="every subscriber of a topic gets every message",
        )
    subscription.is_exclusive = bool(exclusive)
    _browse(subscription, headers)
    if priority:
        subscription.priority = _number(priority, headers.get(priority) or "")


def _browse(subscription: Subscription, headers: Headers) -> None:
    """Have a subscription look on, if it asks for that."""
    if headers.get(_BROWSER) in (None, "", "false"):
        return
    if subscription.destination.is_topic:
        raise Refused(
            f"{_BROWSER} is not supported on SUBSCRIBE to a topic",
            detail="a topic keeps nothing to look through, but for its history",
        )
    if subscription.ack is not AckMode.AUTO:
        raise Refused(f"{_BROWSER} needs ack auto", detail="it takes nothing that could be acknowledged")
    subscription.is_browser = True
    subscription.is_lasting = headers.get(_BROWSER_END) == "false"


def _asked(headers: Headers, names: tuple[str, ...], nothing: str) -> str:
    """Return the first of some names that stands for more than nothing; empty if none does."""
    return next((name for name in names if headers.get(name) not in (None, "", nothing)), "")


def _number(name: str, text: str) -> int:
    digits = text.removeprefix("-")
    if not (digits.isascii() and digits.isdigit() and len(digits) <= _MOST_DIGITS):
        raise Refused(f"{name} {text[:32]!r} is not a whole number")
    return int(text)
