"""Names that messages are sent to."""

from enum import Enum
from functools import lru_cache
from typing import NamedTuple

from hoofbeat.config.checks import too_long
from hoofbeat.errors import Refused


class Kind(Enum):
    """What happens to a message, by the first word of its destination."""

    TOPIC = "topic"
    QUEUE = "queue"
    TEMP_TOPIC = "temp-topic"
    TEMP_QUEUE = "temp-queue"
    USER = "user"
    APP = "app"


_TOPICS = (Kind.TOPIC, Kind.TEMP_TOPIC)
_TEMPORARY = (Kind.TEMP_TOPIC, Kind.TEMP_QUEUE)
_KINDS = {kind.value: kind for kind in Kind}


class Destination(NamedTuple):
    """One destination.

    Attributes:
        name: as on the wire, with its prefix.
        kind: what its prefix says.
        is_topic: every subscriber gets a copy.
        is_temporary: it dies with its session.
        is_pattern: a word of it is ``*`` or ``**``.
    """

    name: str
    kind: Kind
    is_topic: bool
    is_temporary: bool
    is_pattern: bool = False

    def renamed(self, name: str) -> "Destination":
        """Return a destination of the same kind."""
        return self._replace(name=name)


@lru_cache(maxsize=4096)
def _parse(name: str) -> Destination | str:
    why = too_long(name)
    if why:
        return f"Unknown destination: {why}"
    if "," in name:
        return f"Unknown destination {name[:128]!r}: several destinations at once are not supported"
    before, _, rest = name.partition("/")
    prefix, _, rest = rest.partition("/")
    kind = _KINDS.get(prefix)
    if before or kind is None:
        known = ", ".join(f"/{prefix}/" for prefix in _KINDS)
        return f"Unknown destination {name[:128]!r}: starts with none of {known}"
    if not rest:
        return f"Unknown destination {name[:128]!r}: its name is empty"
    words = rest.replace(".", "/").split("/")
    return Destination(name, kind, kind in _TOPICS, kind in _TEMPORARY, "*" in words or "**" in words)


def parse(name: str | None) -> Destination:
    """Read a ``destination`` header.

    Raises:
        Refused: it is missing, too long, several at once, or its prefix is unknown.

    STOMP 1.2, "Frames and Headers".
    """
    if not name:
        detail = "name one in the destination header"
        raise Refused("Missing destination", detail=detail, section="Frames and Headers")
    found = _parse(name)
    if isinstance(found, str):
        raise Refused(found)
    return found
