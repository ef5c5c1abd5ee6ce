"""Headers of a frame: the bytes as they came, and what they mean."""

from collections.abc import ItemsView, Iterator, Mapping

from hoofbeat.errors import RemoteProtocolError
from hoofbeat.protocol.commands import NEVER_ESCAPED, Command
from hoofbeat.protocol.escaping import escape, unescape
from hoofbeat.protocol.versions import FACTS, Version


class Headers:
    """Name to value in wire order, and the raw lines they were read from.

    The same object may stand in many frames: publishers repeat themselves, and the cache of
    :mod:`hoofbeat.protocol.blocks` hands out one object for one block. It is never changed.

    Attributes:
        raw: the lines as they came, each ``LF`` in front, ``content-length`` left out; None
            where they can't be passed on as they are to every version of STOMP.
        pairs: every line, repeated names too, where ``raw`` is None; else empty.
        memo: whatever the reader of the headers worked out from them, kept as long as they are.
        model: headers read before that have the same names, in order, where these were not looked
            at any closer; else None.
        is_model: set by the reader of the headers: others of the same names need not be looked at.
    """

    __slots__ = ("_fields", "is_model", "memo", "model", "pairs", "raw")

    def __init__(
        self,
        fields: dict[str, str] | None,
        raw: bytes | None = None,
        pairs: tuple[tuple[str, str], ...] = (),
        model: "Headers | None" = None,
    ) -> None:
        """Wrap what was parsed; ``raw`` and ``pairs`` only where it came off the wire.

        Without ``fields`` they are read from ``raw`` when somebody asks: lines in which nothing is
        escaped, and no name repeated.
        """
        self._fields = fields
        self.raw = raw
        self.pairs = pairs
        self.memo: object = None
        self.model = model
        self.is_model = False

    @property
    def fields(self) -> dict[str, str]:
        """Return names and values: unescaped; of repeated names the first; without ``content-length``."""
        fields = self._fields
        if fields is None:
            lines = (self.raw or b"").decode().split("\n")
            fields = self._fields = parse_verbatim(lines[1:])
        return fields

    def __getitem__(self, name: str) -> str:
        """Return the value of ``name``, or raise KeyError."""
        return self.fields[name]

    def __contains__(self, name: object) -> bool:
        """Say whether a header of that name is there."""
        return name in self.fields

    def __iter__(self) -> Iterator[str]:
        """Go through the names in wire order."""
        return iter(self.fields)

    def __len__(self) -> int:
        """Count the different names."""
        return len(self.fields)

    def __eq__(self, other: object) -> bool:
        """Compare names and values, not the bytes they were written in."""
        if isinstance(other, Headers):
            return self.fields == other.fields
        return self.fields == other

    def __hash__(self) -> int:
        """Hash by names and values."""
        return hash(tuple(self.fields.items()))

    def __repr__(self) -> str:
        """Show the fields, which is what one looks for."""
        return f"Headers({self.fields!r})"

    def get(self, name: str) -> str | None:
        """Return the value of ``name``, or None."""
        return self.fields.get(name)

    def items(self) -> ItemsView[str, str]:
        """Return names and values in wire order."""
        return self.fields.items()

    def lines(self) -> tuple[tuple[str, str], ...]:
        """Return every line, repeated names too, in wire order."""
        return self.pairs or tuple(self.fields.items())


def make_headers(fields: dict[str, str] | None, raw: bytes, model: Headers | None) -> Headers:
    """Return headers; called by what is compiled apart, to which a function is nearer than a class."""
    return Headers(fields, raw, (), model if fields is None else None)


def make_id(id: str) -> Headers:
    """Return the headers of a frame that has an id and nothing else; called as :func:`make_headers` is."""
    return Headers({"id": id})


def parse_verbatim(lines: list[str]) -> dict[str, str]:
    """Read header lines in which nothing is escaped and nothing trimmed; of repeated names the first.

    Raises:
        RemoteProtocolError: no colon, or an empty name.

    STOMP 1.2, "Augmented BNF".
    """
    fields: dict[str, str] = {}
    for line in lines:
        name, colon, value = line.partition(":")
        if not colon or not name:
            raise RemoteProtocolError(_fault_of(line), section="Augmented BNF")
        if name not in fields:
            fields[name] = value
    return fields


def parse_lines(lines: list[str], command: Command, version: Version | None) -> Headers:
    """Read header lines that carry no EOL any more.

    Args:
        lines: what stands between the command and the blank line; a CR before the EOL may remain.
        command: CONNECT and CONNECTED are never unescaped.
        version: None before one is agreed on: nothing is escaped then.

    Raises:
        RemoteProtocolError: no colon, an empty name, an undefined escape, or a bare CR.

    STOMP 1.2, "Augmented BNF", "Value Encoding", "Repeated Header Entries".
    """
    facts = FACTS[version or Version.V1_0]
    escapes = bool(facts.escapes) and command not in NEVER_ESCAPED
    trims = version is Version.V1_0
    pairs: list[tuple[str, str]] = []
    fields: dict[str, str] = {}
    raw = True
    for line in lines:
        name, colon, value = line.partition(":")
        if not colon or not name:
            raise RemoteProtocolError(_fault_of(line), section="Augmented BNF")
        if "\r" in value or "\r" in name:
            raw = False
            name, value = _without_cr(name, value, facts.raw_cr)
        if "\\" in line:
            raw = False
            if escapes and version is not None:
                name, value = unescape(name, version), unescape(value, version)
        if trims and (name != name.strip() or value != value.strip()):
            raw, name, value = False, name.strip(), value.strip()
            if not name:
                raise RemoteProtocolError(_fault_of(f":{value}"), section="Augmented BNF")
        pairs.append((name, value))
        if name not in fields:
            fields[name] = value
    if raw:
        return Headers(fields, _raw(lines), tuple(pairs) if len(pairs) != len(fields) else ())
    return Headers(fields, None, tuple(pairs))


def _raw(lines: list[str]) -> bytes:
    kept = [line for line in lines if not line.startswith("content-length:")]
    return "".join(["\n" + line for line in kept]).encode()


def _without_cr(name: str, value: str, raw_cr: bool) -> tuple[str, str]:
    value = value.removesuffix("\r")
    if not raw_cr and ("\r" in value or "\r" in name):
        raise RemoteProtocolError("carriage return inside a header", section="Augmented BNF")
    return name, value


def _fault_of(line: str) -> str:
    shown = repr(line[:64])
    return f"header line {shown} has no colon" if ":" not in line else f"header line {shown} has no name"


def write_lines(pairs: Mapping[str, str] | tuple[tuple[str, str], ...], version: Version) -> tuple[str, int]:
    """Write headers for a peer that speaks ``version``, each line with its LF in front.

    Returns:
        the lines, and how many headers had to be left out because the version can't express them.
    """
    written: list[str] = []
    dropped = 0
    for name, value in pairs.items() if isinstance(pairs, Mapping) else pairs:
        begun = escape(f"{name}=", version)  # with an end: what is last in a name ends no line
        escaped_value = escape(value, version)
        if begun is None or escaped_value is None or ":" in begun:
            dropped += 1
        else:
            written.append(f"\n{begun[:-1]}:{escaped_value}")
    return "".join(written), dropped
