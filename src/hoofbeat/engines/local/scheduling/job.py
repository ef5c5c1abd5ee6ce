"""A message that is to be published later, and how the store keeps it."""

from typing import Final, NamedTuple

from hoofbeat.broker.destination import parse
from hoofbeat.broker.message import Envelope, Message, recalled
from hoofbeat.broker.timing import FOR_EVER, Timing, recall_timing, write_timing
from hoofbeat.engines.local.writing.records import not_taken_up
from hoofbeat.errors import ProtocolError, Refused
from hoofbeat.protocol.commands import Command
from hoofbeat.protocol.headers import parse_lines
from hoofbeat.protocol.versions import Version
from hoofbeat.stores.base import Entry

_MARK: Final = b"\nhoofbeat-schedule:"  # a header that no sender can set


class JobName(NamedTuple):
    """What a sender calls its jobs by: names of others, and for elsewhere, are different ones."""

    owner: str
    destination: str
    id: str


class Job:
    """A message, and when it is published next.

    Attributes:
        message: that is published, as a new one each time.
        timing: what its sender asked for.
        due_ms: epoch time of the next time.
        done: how often it was published.
        kept: the message as the store has it, if that keeps it.
    """

    __slots__ = ("done", "due_ms", "kept", "message", "timing")

    def __init__(self, message: Message, timing: Timing, due_ms: int) -> None:
        """Start before its first time."""
        self.message = message
        self.timing = timing
        self.due_ms = due_ms
        self.done = 0
        self.kept: Message | None = None

    @property
    def left(self) -> int:
        """Say how many times more after the next; -1 for ever."""
        timing = self.timing
        if timing.cron is not None or timing.repeat == FOR_EVER:
            return FOR_EVER
        return timing.repeat - self.done

    @property
    def name(self) -> JobName | None:
        """What its sender calls it by; None without a name."""
        return name_of(self.message, self.timing)


def name_of(message: Message, timing: Timing) -> JobName | None:
    """Return what the sender of a message calls its job by; None without a name."""
    return JobName(timing.owner, message.envelope.destination.name, timing.id) if timing.id else None


def outlives(message: Message) -> bool:
    """Say whether a job outlives the broker: where it goes to must do so too."""
    return message.envelope.persistent and not message.envelope.destination.is_temporary


def marked(message: Message, timing: Timing) -> Message:
    """Return a message as it is kept, its timing before its headers."""
    envelope = message.envelope
    text = write_timing(timing)
    block = _MARK + text.encode() + envelope.block(Version.V1_2)
    kept = recalled(envelope.destination, block, envelope.prefix, envelope.priority)
    return Message(message.number, kept, message.body, message.expires_ms)


def recall(entry: Entry) -> Job:
    """Return the job of a message that was kept: what its headers ask for is read again.

    Raises:
        StoreError: it can't be read.
    """
    kept = entry.message
    try:
        where = parse(kept.destination)
        mark, *lines = kept.headers.decode().split("\n")[1:]
        headers = parse_lines(lines, Command.SEND, Version.V1_2)
        timing = recall_timing(mark.partition(":")[2])
    except Refused as refusal:
        raise not_taken_up(f"message {kept.number}", refusal) from refusal
    except (ValueError, ProtocolError) as error:
        raise not_taken_up(f"message {kept.number}", "its headers can't be read") from error
    message = Message(kept.number, Envelope(where, headers, kept.prefix), kept.body, kept.expires_ms)
    job = Job(message, timing, entry.visible_at_ms)
    job.kept = marked(message, job.timing)
    job.done = entry.deliveries
    return job
