"""What a disk may hold after the power went: made from a record of every write and sync.

A write that was not followed by a sync of its file is there, or not, or in part: disks write
sectors of 512 octets whole, and in any order.
"""

import random
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

SECTOR = 512
CALLS = "pwrite64,write,fdatasync,fsync,ftruncate"  # of strace
_LINE = re.compile(r"^(?:\d+ +)?(\w+)\((\d+)<([^>]*)>(?:, (.*))?\) += (-?\d+)")
_ESCAPE = re.compile(r"\\x([0-9a-f]{2})")


class Written(NamedTuple):
    """Octets that were written to a file, or its new end where there are none."""

    at: int
    data: bytes | None


class Synced(NamedTuple):
    """A file was synced."""


class Call(NamedTuple):
    """Something a process did to a file, or said on its standard output."""

    name: str
    what: Written | Synced


def calls(record: Path) -> Iterator[Call]:
    """Read what strace recorded."""
    for line in record.read_text("ascii").splitlines():
        if found := _LINE.match(line):
            name, descriptor, path, rest, result = found.groups()
            file = "" if descriptor == "1" else Path(_text(path).decode()).name
            assert int(result) >= 0, line
            if name in {"fdatasync", "fsync"}:
                yield Call(file, Synced())
            elif name == "ftruncate":
                yield Call(file, Written(int(rest), None))
            else:
                quoted, _, numbers = rest.rpartition('"')
                at = int(numbers.split(",")[2]) if name == "pwrite64" else 0
                yield Call(file, Written(at, _text(quoted[1:])))
        else:
            assert "+++" in line or "---" in line, line


def _text(escaped: str) -> bytes:
    if "\\" not in escaped:
        return escaped.encode()
    return bytes.fromhex("".join(_ESCAPE.findall(escaped)))


class File:
    """A file as it surely is, and what was done to it since."""

    def __init__(self, content: bytes = b"") -> None:
        """Start with what is there."""
        self._content = bytearray(content)
        self._loose: list[Written] = []

    def take(self, what: Written | Synced) -> None:
        """Take note of a call."""
        if isinstance(what, Written):
            self._loose.append(what)
            return
        for written in self._loose:
            _apply(self._content, written)
        self._loose.clear()

    def image(self, chance: random.Random) -> bytes:
        """Return what may be left of it."""
        content = bytearray(self._content)
        how = chance.choice(["none", "all", "some", "torn"])
        for written in self._loose:
            if how == "all" or (how == "some" and chance.random() < 0.5):
                _apply(content, written)
            elif how == "torn":
                for part in _sectors(written):
                    if chance.random() < 0.7:
                        _apply(content, part)
        return bytes(content)


def _sectors(written: Written) -> Iterator[Written]:
    at, data = written
    if data is None:
        yield written
        return
    while data:
        length = SECTOR - at % SECTOR
        yield Written(at, data[:length])
        at, data = at + length, data[length:]


def _apply(content: bytearray, written: Written) -> None:
    at, data = written
    end = at if data is None else at + len(data)
    if len(content) < end:
        content.extend(bytes(end - len(content)))
    if data is None:
        del content[at:]
    else:
        content[at:end] = data
