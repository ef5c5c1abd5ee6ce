"""Where in a topic's history a subscription begins, as SUBSCRIBE of us and of other brokers says it."""

from enum import Enum, auto
from typing import Final, NamedTuple

from hoofbeat.broker.destination import Destination, Kind
from hoofbeat.errors import Refused
from hoofbeat.protocol.headers import Headers

_OURS: Final = "offset"
_APOLLO: Final = "from-seq"
_RABBITMQ: Final = "x-stream-offset"
_ACTIVEMQ: Final = "activemq.retroactive"
_MOST_DIGITS = 18
_SECONDS_BELOW = 100_000_000_000  # a time above this is given in milliseconds


class Start(Enum):
    """What a place is counted from."""

    AFTER = auto()  # the message seen last: its offset and epoch
    AT = auto()  # the message of that offset
    TIME = auto()  # what was sent at or after that epoch time, in milliseconds
    FIRST = auto()  # the oldest that is kept
    LAST = auto()  # the newest that is kept
    NEXT = auto()  # only what is new


class Place(NamedTuple):
    """Where to begin.

    Attributes:
        start: what it is counted from.
        value: offset or time; 0 where there is none.
        epoch: that the offset belongs to; empty where the peer knows of none.
    """

    start: Start
    value: int = 0
    epoch: str = ""


def place_of(headers: Headers, where: Destination) -> Place | None:
    """Return where a SUBSCRIBE wants to begin; None if it does not say.

    Raises:
        Refused: it makes no sense, or not for this destination.
    """
    for name, read in _READERS:
        text = headers.get(name)
        if text and not (text == "false" and name == _ACTIVEMQ):
            place = read(name, text, headers)
            if where.kind is not Kind.TOPIC:
                raise Refused(f"{name} is not supported on SUBSCRIBE to a {where.kind.value}")
            if where.is_pattern and place.start is not Start.NEXT:
                if name == _ACTIVEMQ:
                    return None  # a wildcard gets the last values in any case
                raise Refused(f"{name} on a wildcard: a history is of one topic")
            return place
    return None


def _read_offset(name: str, text: str, headers: Headers) -> Place:
    epoch = headers.get("epoch")
    if not epoch:
        raise Refused("Missing header: epoch", detail="offset and epoch are those of the last MESSAGE seen")
    return Place(Start.AFTER, _number(name, text), epoch)


def _read_seq(name: str, text: str, headers: Headers) -> Place:
    if text == "-1":
        return Place(Start.NEXT)
    number = _number(name, text)
    return Place(Start.AT, number) if number else Place(Start.FIRST)


def _read_stream_offset(name: str, text: str, headers: Headers) -> Place:
    if text in _WORDS:
        return Place(_WORDS[text])
    what, _, value = text.partition("=")
    if what == "offset":
        return Place(Start.AT, _number(name, value))
    if what == "timestamp":
        time = _number(name, value)
        return Place(Start.TIME, time * 1000 if time < _SECONDS_BELOW else time)
    raise Refused(f"{name} {text[:32]!r} is none of first, last, next, offset=N, timestamp=T")


def _read_retroactive(name: str, text: str, headers: Headers) -> Place:
    return Place(Start.FIRST)


_WORDS: Final = {"first": Start.FIRST, "last": Start.LAST, "next": Start.NEXT}
_READERS: Final = (
    (_OURS, _read_offset),
    (_APOLLO, _read_seq),
    (_RABBITMQ, _read_stream_offset),
    (_ACTIVEMQ, _read_retroactive),
)


def _number(name: str, text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= _MOST_DIGITS):
        raise Refused(f"{name} {text[:32]!r} is not a number")
    return int(text)
