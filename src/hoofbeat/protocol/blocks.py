"""From a raw header block to what it means, remembered: publishers repeat themselves."""

import re
from typing import NamedTuple

from hoofbeat.errors import RemoteProtocolError
from hoofbeat.protocol.commands import BY_NAME, WITH_BODY, Command
from hoofbeat.protocol.headers import Headers, parse_lines, parse_verbatim
from hoofbeat.protocol.versions import FACTS, Version

_LENGTH = re.compile(r"[0-9]{1,9}", re.ASCII)
_LENGTH_LINE = b"\ncontent-length:"
ACK_ID_BYTES = 64  # of an id in a run of ACKs; a longer one is read as any header is
_ACKS = re.compile(rb"(?:ACK\nid:[!-9;-\[\]-~]{1,%d}\n\n\0\n*+)++" % ACK_ID_BYTES)
_ACK_ID = re.compile(r"id:([^\n]+)")
_CACHED_BYTES = 1024  # longer blocks are parsed each time
_GENERATION = 1024  # blocks in each half of a cache


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
        young: blocks used lately, looked into by the decoder itself.
        parsed: how many blocks had to be taken apart.
    """

    __slots__ = ("_is_verbatim", "_old", "_old_bare", "_young_bare", "parsed", "version", "young")

    def __init__(self, version: Version | None) -> None:
        """Start with nothing remembered."""
        self.version = version
        self._is_verbatim = version not in (None, Version.V1_0)  # nothing is trimmed
        self.parsed = 0
        self.young: dict[bytes, Block] = {}
        self._old: dict[bytes, Block] = {}
        self._young_bare: dict[bytes, Headers] = {}
        self._old_bare: dict[bytes, Headers] = {}

    def read(self, raw: bytes) -> Block:
        """Return what ``raw`` means; the caller has looked in :attr:`young` already.

        Args:
            raw: command line and header lines, the last EOL left out.

        Raises:
            RemoteProtocolError: the block is malformed.
        """
        if not raw.startswith(b"SEND"):
            return self._parse(raw, raw)
        block = self._old.get(raw)
        if block is None:
            bare, length = _split_length(raw)
            headers = self._recall(bare)
            if headers is not None:
                block = Block(Command.SEND, headers, length)
            else:
                block = self._parse(raw, bare)
                if self.version is None or len(raw) > _CACHED_BYTES or not _is_plain(block):
                    return block
                if length == block.length:  # else it is written in a way that only the parser reads
                    self._remember(bare, block.headers)
        if len(self.young) >= _GENERATION:
            self._old, self.young = self.young, {}
        self.young[raw] = block
        return block

    def read_acks(self, data: bytes, pos: int) -> tuple[list[Headers], int]:
        """Read the ACKs at ``pos`` that carry nothing but a plain id: what consumers send most, in runs.

        Returns:
            their headers, and where they end; none where the run is not there, or not of 1.2.
        """
        match = _ACKS.match(data, pos) if self.version is Version.V1_2 else None
        if match is None:
            return [], pos
        return [Headers({"id": id}) for id in _ACK_ID.findall(match[0].decode())], match.end()

    def _recall(self, bare: bytes) -> Headers | None:
        """Find the headers of a block that differs in ``content-length`` alone."""
        headers = self._young_bare.get(bare)
        if headers is None:
            headers = self._old_bare.get(bare)
            if headers is not None:
                self._remember(bare, headers)
        return headers

    def _remember(self, bare: bytes, headers: Headers) -> None:
        if len(self._young_bare) >= _GENERATION:
            self._old_bare, self._young_bare = self._young_bare, {}
        self._young_bare[bare] = headers

    def _parse(self, raw: bytes, bare: bytes) -> Block:
        """Take a block apart; ``bare`` is the same without its ``content-length``."""
        self.parsed += 1
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
                verbatim = bare[len(command) :] if command is Command.SEND else None
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
    """Take the ``content-length`` line out; -1 where it is missing or looks odd."""
    start = raw.find(_LENGTH_LINE)
    if start < 0:
        return raw, -1
    digits = start + len(_LENGTH_LINE)
    end = raw.find(b"\n", digits)
    if end < 0:
        end = len(raw)
    value = raw[digits:end]
    if not value.isdigit() or len(value) > 9:
        return raw, -1
    return raw[:start] + raw[end:], int(value)


# What varies from frame to frame, or means something to one session only, is not remembered.
_PASSING = ("receipt", "transaction", "reply-to")


def _is_plain(block: Block) -> bool:
    headers = block.headers
    if block.command is not Command.SEND or any(name in headers for name in _PASSING):
        return False
    return not (headers.get("destination") or "/user").startswith(("/user", "/temp"))
