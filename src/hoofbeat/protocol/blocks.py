"""From a raw header block to what it means, remembered: publishers repeat themselves."""

import re
from typing import Final, NamedTuple

from hoofbeat.errors import RemoteProtocolError
from hoofbeat.protocol.commands import BY_NAME, WITH_BODY, Command
from hoofbeat.protocol.headers import Headers, parse_lines, parse_verbatim
from hoofbeat.protocol.versions import FACTS, Version

_LENGTH = re.compile(r"[0-9]{1,9}", re.ASCII)
_LENGTH_LINE = b"\ncontent-length:"
ACK_ID_BYTES = 64  # of an id in a run of ACKs; a longer one is read as any header is
_ACKS = re.compile(rb"(?:ACK\nid:[!-9;-\[\]-~]{1,%d}\n\n\0\n*+)++" % ACK_ID_BYTES)
_BEFORE_ID: Final = len("ACK\nid:")
_END: Final = "\n\n\0"
_EOL_BETWEEN: Final = "\0\n"
_ACK_ID = re.compile(r"id:([^\n]+)")
CACHED_BYTES: Final = 1024  # longer blocks are parsed each time
GENERATION: Final = 1024  # blocks in each half of a cache


class Block(NamedTuple):
    """What stands before a body.

    Attributes:
        command: first line of the frame.
        headers: the lines after it.
        length: octets of the body as announced, or -1 if it ends at the first NUL.
    """

    command: Command
    headers: Headers
    length: int


class BlockReader:
    """Reads header blocks of one version of STOMP, and remembers those of plain SENDs.

    Two caches, each in two generations (what was used lately survives a flood of blocks that
    are used once): the whole block, and the block without its ``content-length``, so that
    bodies of any length share one :class:`Headers`. One reader serves every session of its
    version: nothing of a session is in it.

    Attributes:
        version: None before one is agreed on.
        young: blocks used lately, looked into by the scanner itself.
        young_bare: their headers, by what the block is without its ``content-length``; None for
            versions that do not take headers as they are.
    """

    __slots__ = ("_is_verbatim", "_old", "_old_bare", "version", "young", "young_bare")

    def __init__(self, version: Version | None) -> None:
        """Start with nothing remembered."""
        self.version = version
        self._is_verbatim = version not in (None, Version.V1_0)  # nothing is trimmed
        self.young: dict[bytes, Block] = {}
        self._old: dict[bytes, Block] = {}
        self.young_bare: dict[bytes, Headers] | None = {} if self._is_verbatim else None
        self._old_bare: dict[bytes, Headers] = {}

    def read(self, raw: bytes) -> Block:
        """Return what ``raw`` means; the caller has looked in :attr:`young` already.

        Args:
            raw: command line and header lines, the last EOL left out.

        Raises:
            RemoteProtocolError: the block is malformed.
        """
        if not raw.startswith(b"SEND"):
            return self._parse(raw, b"")
        block = self._old.get(raw)
        if block is None:
            bare, length = _split_length(raw)
            headers = self._recall(bare)
            if headers is not None:
                block = Block(Command.SEND, headers, length)
            else:
                block = self._parse(raw, bare)
                if self.version is None or not is_plain(block.headers.fields, raw):
                    return block
                if length == block.length and self.young_bare is not None:
                    self.young_bare[bare] = block.headers  # else only the parser reads it
        self.young[raw] = block
        self.age()
        return block

    def age(self) -> None:
        """Make what is young old when it has become too many, and forget what was old."""
        if len(self.young) >= GENERATION:
            self._old, self.young = self.young, {}
        if self.young_bare is not None and len(self.young_bare) >= GENERATION:
            self._old_bare, self.young_bare = self.young_bare, {}

    def read_acks(self, data: bytes, pos: int) -> tuple[list[Headers], int]:
        """Read the ACKs at ``pos`` that carry nothing but a plain id: what consumers send most, in runs.

        Returns:
            their headers, and where they end; none where the run is not there, or not of 1.2.
        """
        match = _ACKS.match(data, pos) if self.version is Version.V1_2 else None
        if match is None:
            return [], pos
        text = match[0].decode()
        if _EOL_BETWEEN in text:
            ids: list[str] = _ACK_ID.findall(text)
        else:
            ids = [ack[_BEFORE_ID:] for ack in text.split(_END)[:-1]]
        return [Headers({"id": id}) for id in ids], match.end()

    def _recall(self, bare: bytes) -> Headers | None:
        """Find the headers of a block that differs in ``content-length`` alone."""
        if self.young_bare is None:
            return None
        headers = self.young_bare.get(bare)
        if headers is None:
            headers = self._old_bare.get(bare)
            if headers is not None:
                self.young_bare[bare] = headers
        return headers

    def _parse(self, raw: bytes, bare: bytes) -> Block:
        """Take a block apart; ``bare`` is the lines of a SEND without its ``content-length``."""
        try:
            text = raw.decode()
        except UnicodeDecodeError:
            raise RemoteProtocolError("header is not UTF-8", section="STOMP Frames") from None
        first, *lines = text.split("\n")
        command = BY_NAME.get(first) or BY_NAME.get(first.removesuffix("\r"))
        if command is None:
            raise RemoteProtocolError(f"Bad command {first[:32]!r}", section="Augmented BNF")
        if self._is_verbatim and "\\" not in text and "\r" not in text:
            fields = parse_verbatim(lines)
            if len(fields) == len(lines):
                verbatim = bare if command is Command.SEND else None
                return Block(command, Headers(fields, verbatim), _length_of(fields))
        headers = parse_lines(lines, command, self.version)
        return Block(command, headers, _length_of(headers.fields))

    def check_body(self, command: Command) -> None:
        """Complain of a body that ``command`` may not have.

        STOMP 1.2, "Body".
        """
        lenient = self.version is None or not FACTS[self.version].bodies_checked
        if command not in WITH_BODY and not lenient:
            raise RemoteProtocolError(f"{command.value} must not have a body", section="Body")


def _length_of(fields: dict[str, str]) -> int:
    """Take ``content-length`` out of the fields: the body itself says it from here on."""
    text = fields.pop("content-length", None)
    if text is None:
        return -1
    if not _LENGTH.fullmatch(text):
        raise RemoteProtocolError(
            f"content-length {text[:32]!r} is not 1 to 9 digits", section="Header content-length"
        )
    return int(text)


def _split_length(raw: bytes) -> tuple[bytes, int]:
    """Split a SEND into its other lines and its ``content-length``; -1 where that is missing or odd."""
    start = raw.find(_LENGTH_LINE)
    if start < 0:
        return raw[4:], -1
    digits = start + len(_LENGTH_LINE)
    end = raw.find(b"\n", digits)
    if end < 0:
        end = len(raw)
    value = raw[digits:end]
    if not value.isdigit() or len(value) > 9:
        return raw[4:], -1
    return raw[4:start] + raw[end:], int(value)


_OF_ONE_SESSION: Final = ("/user", "/temp")


def is_plain(fields: dict[str, str], raw: bytes) -> bool:
    """Say whether the block of a SEND may well come again, and mean the same to all sessions."""
    if len(raw) > CACHED_BYTES or "receipt" in fields or "transaction" in fields or "reply-to" in fields:
        return False
    return not fields.get("destination", "/user").startswith(_OF_ONE_SESSION)
