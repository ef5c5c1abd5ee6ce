"""What was sent: a message, and what all messages of one header block share."""

from collections.abc import Mapping
from typing import Final

from hoofbeat.broker.destination import Destination, Kind
from hoofbeat.broker.durability import is_persistent
from hoofbeat.broker.ids import checked_id
from hoofbeat.broker.timing import TIMING_HEADERS, Timing, milliseconds, read_timing
from hoofbeat.errors import Refused
from hoofbeat.protocol.commands import Command
from hoofbeat.protocol.encoder import message_tail, message_tails
from hoofbeat.protocol.framing import Tails
from hoofbeat.protocol.headers import Headers, parse_lines, write_lines
from hoofbeat.protocol.versions import Version

NORMAL_PRIORITY: Final = 4
HIGHEST_PRIORITY: Final = 9

# Headers that end with the SEND, or that only the broker may set: never passed on.
_STRIPPED = frozenset(
    {
        "content-length",
        "receipt",
        "transaction",
        "ack",
        "subscription",
        "user-name",
        "redelivered",
        "delivery-count",
        "offset",
        "epoch",
        "recovered",
        "retained",
        "browser",
        "original-destination",
        "dead-letter-reason",
        "original-message-id",
        *TIMING_HEADERS,
    }
)


_IDS: Final = ("duplicate-id", "_AMQ_DUPL_ID")  # ours and Artemis's
_GROUPS: Final = ("JMSXGroupID", "_AMQ_GROUP_ID", "message_group")  # JMS's, Artemis's, Apollo's
_GROUP_LINES: Final = tuple(f"\n{name}:".encode() for name in _GROUPS)
_END_OF_GROUP: Final = ("JMSXGroupSeq", "-1")
_ASKED: Final = frozenset(
    {"priority", "ttl", "expiration", "expires", "persistent", "durable", "retain", *_IDS, *_GROUPS}
)
_MEANT_FOR_US: Final = _STRIPPED | _ASKED | {"message-id", "reply-to"}

Lines = tuple[tuple[str, str], ...]


def _is_stripped(name: str) -> bool:
    return name in _STRIPPED or name.startswith("hoofbeat-")


class Envelope:
    """What the headers of a SEND mean, worked out once for all messages that repeat them.

    Attributes:
        destination: where the message goes; for temporary ones its true name.
        priority: 0 to 9; a queue gives out higher ones first.
        ttl_ms: how long the message is worth delivering; 0 for ever.
        expires_ms: epoch time after which it is not; 0 for never.
        persistent: the sender wants it to outlive the broker.
        retain: ``set`` makes it the last value of its topic, ``remove`` forgets that; else empty.
        timing: when it is to be published; None for at once.
        duplicate_id: what is sent to the same destination with the same id again is dropped; may be empty.
        group: what it belongs to, as a number: of each group one consumer gets all; 0 for none.
        ends_group: whoever gets the next message of the group may be another.
        is_plain: nothing in it belongs to one frame or one session, so it may be shared.
        prefix: of every message id.
        size: octets of the headers as they stand in MESSAGE for STOMP 1.2.
    """

    __slots__ = (
        "_blocks",
        "_line",
        "_raw",
        "_starts_a_run",
        "_written",
        "destination",
        "duplicate_id",
        "ends_group",
        "expires_ms",
        "group",
        "is_plain",
        "persistent",
        "prefix",
        "priority",
        "retain",
        "size",
        "timing",
        "ttl_ms",
    )

    def __init__(
        self, destination: Destination, headers: Headers, prefix: bytes, is_read: bool = False
    ) -> None:
        """Read the headers, unless that is known to be for nothing.

        Raises:
            Refused: one of them makes no sense.
        """
        self.destination = destination
        self.prefix = prefix
        self.priority = NORMAL_PRIORITY
        self.ttl_ms = self.expires_ms = 0
        self.persistent = False
        self.retain = ""
        self.timing: Timing | None = None
        self.duplicate_id = ""
        self.group = 0
        self.ends_group = False
        self.is_plain = True
        self._starts_a_run = False
        self._written = b""
        self._blocks: dict[Version, bytes] | None = None
        self._line = b""
        raw = self._raw = headers.raw
        self.size = 0 if raw is None else len(raw)
        if is_read:
            return
        is_meant = any(name in _MEANT_FOR_US for name in headers.fields)
        if is_meant or raw is None or raw.find(b"\nhoofbeat-") >= 0:
            self._read(headers)
        else:
            headers.is_model = True

    def _read(self, headers: Headers) -> None:
        """Look at what is not plain user headers."""
        fields = headers.fields
        if any(name in _ASKED for name in fields):
            self._read_asked(fields)
        self.timing = read_timing(fields)
        is_of_transaction = "transaction" in fields
        self.is_plain = not is_of_transaction and "receipt" not in fields
        starts = self.timing is not None or "reply-to" in fields or "message-id" in fields
        self._starts_a_run = starts or is_of_transaction
        if self._raw is None:
            self.write(_kept(headers))
        else:
            self._raw = _stripped(self._raw, fields)
            self.size = len(self._raw)

    def _read_asked(self, fields: dict[str, str]) -> None:
        """Look at what is asked for."""
        self.priority = _priority(fields.get("priority"))
        self.ttl_ms = milliseconds(fields, "ttl") or milliseconds(fields, "expiration")
        self.expires_ms = milliseconds(fields, "expires")
        self.persistent = is_persistent(fields)
        self.retain = _retain(fields.get("retain"), self.destination)
        self.duplicate_id = checked_id(_IDS[0], fields.get(_IDS[0]) or fields.get(_IDS[1]))
        self._read_group(fields)

    def _read_group(self, fields: dict[str, str]) -> None:
        for name in _GROUPS:
            if fields.get(name):
                self.group = hash(fields[name]) or 1
                self.ends_group = fields.get(_END_OF_GROUP[0]) == _END_OF_GROUP[1]
                return

    def following(self, headers: Headers) -> "Envelope | None":
        """Return the envelope of ``headers`` if such a message may stand in one run with this one.

        It goes to the same destination at the same time, has the same priority and the same end, and
        is persistent and retained as that is, and has an id and a group if that has. None stands for
        all others, and for those that have to be looked at more closely.
        """
        envelope = headers.memo
        if not isinstance(envelope, Envelope):
            if headers.model is not None and self._is_for_same(headers.raw or b""):
                return Envelope(self.destination, headers, self.prefix, True)
            if headers.fields.get("destination") != self.destination.name:
                return None
            try:
                envelope = Envelope(self.destination, headers, self.prefix)
            except Refused:
                return None
            if envelope._starts_a_run:
                return None
            if envelope.is_plain:
                headers.memo = envelope
        is_alike = (
            envelope.priority == self.priority
            and envelope.ttl_ms == self.ttl_ms
            and envelope.expires_ms == self.expires_ms
            and envelope.persistent == self.persistent
            and envelope.retain == self.retain
            and envelope.timing == self.timing
            and bool(envelope.duplicate_id) is bool(self.duplicate_id)
            and bool(envelope.group) is bool(self.group)
            and envelope.destination.name == self.destination.name
        )
        return envelope if is_alike else None

    def _is_for_same(self, raw: bytes) -> bool:
        """Say whether headers without any meant for us have the destination, priority and end of these."""
        if self.priority != NORMAL_PRIORITY or self.ttl_ms or self.expires_ms:
            return False
        if self.persistent or self.retain or self.timing is not None or self.duplicate_id or self.group:
            return False
        if not self._line:
            self._line = f"\ndestination:{self.destination.name}\n".encode()
        if raw.startswith(self._line):  # where nearly all have it, and found sooner
            return True
        return raw.find(self._line) >= 0 or raw.endswith(self._line[:-1])

    def block(self, version: Version) -> bytes:
        """Return the headers as they stand in MESSAGE, each line with its LF in front."""
        if self._raw is not None:
            return self._raw
        if version is Version.V1_2:
            return self._written
        if self._blocks is None:
            self._blocks = {}
        block = self._blocks.get(version)
        if block is None:
            block = self._blocks[version] = write_lines(self._lines(), version)[0].encode()
        return block

    def write(self, lines: Lines) -> None:
        """Have these headers, unescaped.

        They are kept as STOMP 1.2 writes them, which can express all, and as nothing else: else they
        would take more memory than they count.
        """
        self._keep(write_lines(lines, Version.V1_2)[0].encode())

    def _keep(self, block: bytes) -> None:
        self._raw = None
        self._written = block
        self.size = len(block)

    def _lines(self) -> Lines:
        """Return what was written, unescaped."""
        lines = self._written.decode().split("\n")[1:]
        return parse_lines(lines, Command.MESSAGE, Version.V1_2).lines()

    def expires_at(self, now_ms: int) -> int:
        """Return until when a message sent now is worth delivering; 0 for ever."""
        if self.ttl_ms:
            return now_ms + self.ttl_ms
        return self.expires_ms

    def readdressed(self, destination: Destination, headers: Headers, more: Mapping[str, str]) -> "Envelope":
        """Return an envelope with the same user headers for another destination.

        Args:
            destination: the new one.
            headers: of the original, as :meth:`headers` gives them.
            more: headers of the broker's own, at the end.
        """
        envelope = Envelope(destination, Headers({}), self.prefix, True)
        envelope.priority, envelope.persistent = self.priority, self.persistent
        envelope.group, envelope.ends_group = self.group, self.ends_group
        kept = tuple((name, value) for name, value in _kept(headers) if name != "destination")
        envelope.write((("destination", destination.name), *kept, *more.items()))
        return envelope

    def headers(self) -> Headers:
        """Return the headers of MESSAGE as a mapping."""
        if self._raw is None:
            pairs = self._lines()
            return Headers(dict(reversed(pairs)), None, pairs)
        lines = (line.partition(":") for line in self._raw.decode().split("\n")[1:])
        pairs = tuple((name, value) for name, _, value in lines)
        return Headers(dict(reversed(pairs)), None, pairs)


def recalled(destination: Destination, block: bytes, prefix: bytes, priority: int) -> Envelope:
    """Return the envelope of a message that was kept: its headers are passed on as they are.

    Args:
        destination: where the message was sent to.
        block: as :meth:`Envelope.block` gave it for STOMP 1.2.
        prefix: of the message's id.
        priority: of the message.
    """
    is_raw = b"\\" not in block and b"\r" not in block
    envelope = Envelope(destination, Headers({}, block if is_raw else None), prefix, True)
    envelope.priority = priority
    envelope.persistent = _was_persistent(block + b"\n")
    if not is_raw:
        envelope._keep(block)
    if any(line in block for line in _GROUP_LINES):
        envelope._read_group(envelope.headers().fields)
    return envelope


class Numbers:
    """Counts the messages of one broker, whoever makes them.

    Attributes:
        next: of the next message.
    """

    __slots__ = ("next",)

    def __init__(self) -> None:
        """Start with 1."""
        self.next = 1

    def take(self) -> int:
        """Return a number, and count on."""
        number = self.next
        self.next = number + 1
        return number


class Message:
    """What was sent, once. Never changed.

    Attributes:
        number: counts up; what its id ends with.
        envelope: destination and headers.
        body: any octets.
        expires_ms: epoch time after which it is not delivered any more; 0 for never.
        size: octets of headers and body: what limits in bytes count.
    """

    __slots__ = ("body", "envelope", "expires_ms", "number", "size")

    def __init__(self, number: int, envelope: Envelope, body: bytes, expires_ms: int = 0) -> None:
        """Keep the parts."""
        self.number = number
        self.envelope = envelope
        self.body = body
        self.expires_ms = expires_ms
        self.size = envelope.size + len(body)


def tails_of(messages: list[Message], version: Version) -> Tails:
    """Return what MESSAGE frames of these messages share, for subscribers of one version."""
    if len(messages) == 1:
        return Tails([tail_of(messages[0], version)])
    first = messages[0].envelope
    for message in messages:
        if message.envelope is not first:
            return Tails([tail_of(message, version) for message in messages])
    numbers = [message.number for message in messages]
    bodies = [message.body for message in messages]
    return Tails(message_tails(first.prefix, first.block(version), numbers, bodies))


def tail_of(message: Message, version: Version, suffix: bytes = b"") -> bytes:
    """Return the end of one MESSAGE frame, ``suffix`` at the end of the message id."""
    envelope = message.envelope
    return message_tail(envelope.prefix, message.number, suffix, envelope.block(version), message.body)


def _was_persistent(block: bytes) -> bool:
    """Say of header lines, the last with its LF too, what :func:`is_persistent` says of headers."""
    if b"\npersistent:true\n" in block:
        return True
    return b"\ndurable:true\n" in block and (b"\npersistent:" not in block or b"\npersistent:\n" in block)


def _stripped(raw: bytes, fields: dict[str, str]) -> bytes:
    """Leave out the lines that end with the SEND; ``fields`` has all names that are there."""
    for name in fields:
        if _is_stripped(name):
            raw = _without(raw, b"\n" + name.encode() + b":")
    return raw


def _without(raw: bytes, start: bytes) -> bytes:
    """Leave out the lines that begin so."""
    left, *lines = raw.split(start)
    after = [line.partition(b"\n") for line in lines]
    return left + b"".join([eol + rest for _, eol, rest in after])


def _kept(headers: Headers) -> Lines:
    return tuple(pair for pair in headers.lines() if not _is_stripped(pair[0]))


def _retain(text: str | None, where: Destination) -> str:
    if not text:
        return ""
    if text not in ("set", "remove"):
        raise Refused(f"retain {text[:32]!r} is neither set nor remove")
    if where.kind is not Kind.TOPIC:
        raise Refused("retain is for topics", detail="only a /topic/ has a last value")
    return text


def _priority(text: str | None) -> int:
    if not text:
        return NORMAL_PRIORITY
    if not (text.isascii() and text.isdigit() and len(text) <= 9):
        raise Refused(f"priority {text[:32]!r} is not a number from 0 to 9")
    return min(int(text), HIGHEST_PRIORITY)
