"""What SUBSCRIBE asks for beside a destination: only some messages, and not one's own."""

from hoofbeat.broker.destination import Destination
from hoofbeat.broker.selecting.condition import Condition, Scene
from hoofbeat.broker.selecting.selector import Selector
from hoofbeat.errors import Refused
from hoofbeat.protocol.headers import Headers
from hoofbeat.protocol.server import ServerSession

_NO_LOCAL = ("no-local", "activemq.noLocal")


def condition_of(
    headers: Headers, where: Destination, durable: str, session: ServerSession, scene: Scene
) -> Condition | None:
    """Return which messages a SUBSCRIBE wants; None if it wants all.

    Raises:
        Refused: the selector is none, or what is asked for is not to be had of this destination.
    """
    text = headers.get("selector") or ""
    name = next((name for name in _NO_LOCAL if headers.get(name) not in (None, "", "false")), "")
    if text and not where.is_topic:
        raise Refused(f"selector is not supported on SUBSCRIBE to a {where.kind.value}")
    if name and not where.is_topic:
        raise Refused(f"{name} is not supported on SUBSCRIBE to a {where.kind.value}")
    if name and durable:
        raise Refused(f"{name} is not supported on a durable subscription", detail="it outlives its session")
    selector = Selector.parse(text) if text.strip() else None
    if selector is None and not name:
        return None
    return Condition(scene, selector, session if name else None)
