"""When a message is to be published, as its SEND asks: after a delay, at a time, again and again."""

from typing import Final, NamedTuple
from urllib.parse import quote, unquote

from hoofbeat.broker.cron import Cron, parse_cron
from hoofbeat.broker.ids import checked_id
from hoofbeat.errors import Refused

_ID: Final = "schedule-id"
_ACTION: Final = "AMQ_SCHEDULER_ACTION"
_REMOVE: Final = "REMOVE"

# Ours, ActiveMQ's and Artemis's names; what they say ends with the SEND.
TIMING_HEADERS: Final = frozenset(
    {
        "delay",
        "deliver-at",
        _ID,
        _ACTION,
        "AMQ_SCHEDULED_DELAY",
        "AMQ_SCHEDULED_TIME",
        "AMQ_SCHEDULED_PERIOD",
        "AMQ_SCHEDULED_REPEAT",
        "AMQ_SCHEDULED_CRON",
    }
)
FOR_EVER: Final = -1

# Before a word of what is kept, which is not there where a sender had no login, or gave no id.
_OWNER: Final = "@"
_JOB: Final = "#"
_SERIES: Final = "+"


class Timing(NamedTuple):
    """When a message is to be published, if not at once.

    Attributes:
        delay_ms: after its SEND, or after each time that ``cron`` names.
        at_ms: epoch time; 0 for none.
        period_ms: between repetitions.
        repeat: how many times more it is published; -1 for ever.
        cron: when it begins, again and again; None for once.
        owner: login of who sent it.
        id: what the sender calls it by; may be empty.
        is_series: it is what began at one of the times of a cron, and goes by the id of that.
        is_removal: it publishes nothing, and ends what has its id.
    """

    delay_ms: int = 0
    at_ms: int = 0
    period_ms: int = 0
    repeat: int = 0
    cron: Cron | None = None
    owner: str = ""
    id: str = ""
    is_series: bool = False
    is_removal: bool = False

    def first_after(self, now_ms: int) -> int:
        """Return when it is first due; where nothing else is said, one period from now.

        Raises:
            Refused: never.
        """
        if self.cron is not None:
            return self.cron.next_after(now_ms)
        return self.at_ms or now_ms + (self.delay_ms or self.period_ms)

    def next_after(self, due_ms: int, now_ms: int) -> int:
        """Return when it is due again that was due last at ``due_ms``: what was missed is not made up for.

        Raises:
            Refused: never.
        """
        if self.cron is not None:
            return self.cron.next_after(max(due_ms, now_ms))
        return due_ms + self.period_ms * (max(0, now_ms - due_ms) // self.period_ms + 1)


def read_timing(fields: dict[str, str]) -> Timing | None:
    """Return what the headers of a SEND say; None where it is to be published at once.

    Raises:
        Refused: one of them makes no sense, or not beside another.
    """
    if not any(name in TIMING_HEADERS for name in fields):
        return None
    timing = _time(fields)
    id, action = checked_id(_ID, fields.get(_ID)), fields.get(_ACTION)
    if action:
        return _removal(id, action, timing)
    if timing is None:
        if id:
            raise Refused(f"{_ID} without a time", detail=f"say when, or {_ACTION}:{_REMOVE} to end it")
        return None
    return timing._replace(id=id)


def _removal(id: str, action: str, timing: Timing | None) -> Timing:
    """Return what ends the job of an id."""
    if action != _REMOVE:
        raise Refused(f"{_ACTION} {action[:32]!r} is not {_REMOVE}", detail="nothing else is understood")
    if not id or timing is not None:
        raise Refused(f"{_ACTION} goes with {_ID}, and with no time", detail="say what to end")
    return Timing(id=id, is_removal=True)


def _time(fields: dict[str, str]) -> Timing | None:
    """Read when it is, without whose it is and what it is called."""
    delay_ms = milliseconds(fields, "delay") or milliseconds(fields, "AMQ_SCHEDULED_DELAY")
    at_ms = milliseconds(fields, "deliver-at") or milliseconds(fields, "AMQ_SCHEDULED_TIME")
    period_ms = milliseconds(fields, "AMQ_SCHEDULED_PERIOD")
    repeat = _repeat(fields.get("AMQ_SCHEDULED_REPEAT"))
    text = fields.get("AMQ_SCHEDULED_CRON")
    cron = parse_cron(text) if text else None
    if at_ms and (delay_ms or cron):
        raise Refused(
            "deliver-at beside another time", detail="name a time, a delay or a cron, not two of them"
        )
    if cron and repeat == FOR_EVER:
        raise Refused(
            "AMQ_SCHEDULED_REPEAT:-1 beside AMQ_SCHEDULED_CRON", detail="each time would begin a series"
        )
    if repeat and not period_ms:
        raise Refused(
            "AMQ_SCHEDULED_REPEAT without AMQ_SCHEDULED_PERIOD", detail="say how long to wait between"
        )
    if not (delay_ms or at_ms or period_ms or cron):
        return None
    return Timing(delay_ms, at_ms, period_ms, repeat, cron)


def write_timing(timing: Timing) -> str:
    """Return it as one line of text, for :func:`recall_timing`."""
    cron = "" if timing.cron is None else timing.cron.text
    words = []
    if timing.owner:
        words.append(_OWNER + quote(timing.owner, safe=""))
    if timing.id:
        words.append((_SERIES if timing.is_series else _JOB) + quote(timing.id, safe=""))
    return " ".join([*words, f"{timing.delay_ms} {timing.at_ms} {timing.period_ms} {timing.repeat} {cron}"])


def recall_timing(text: str) -> Timing:
    """Return what :func:`write_timing` wrote.

    Raises:
        ValueError: nobody wrote that.
    """
    names: dict[str, str] = {}
    while text[:1] in (_OWNER, _JOB, _SERIES):
        kind = text[0]
        word, _, text = text[1:].partition(" ")
        names[kind] = unquote(word)
    delay, at, period, repeat, cron = text.split(" ", 4)
    return Timing(
        int(delay),
        int(at),
        int(period),
        int(repeat),
        parse_cron(cron) if cron else None,
        names.get(_OWNER, ""),
        names.get(_JOB) or names.get(_SERIES, ""),
        is_series=_SERIES in names,
    )


def milliseconds(fields: dict[str, str], name: str) -> int:
    """Read a header that says a number of milliseconds; 0 where it is not there.

    Raises:
        Refused: it is no such number.
    """
    text = fields.get(name)
    if not text:
        return 0
    if not (text.isascii() and text.isdigit() and len(text) <= 15):
        raise Refused(f"{name} {text[:32]!r} is not a number of milliseconds")
    return int(text)


def _repeat(text: str | None) -> int:
    if not text:
        return 0
    if text == "-1":
        return FOR_EVER
    if not (text.isascii() and text.isdigit() and len(text) <= 9):
        raise Refused(f"AMQ_SCHEDULED_REPEAT {text[:32]!r} is not a number, or -1 for ever")
    return int(text)
