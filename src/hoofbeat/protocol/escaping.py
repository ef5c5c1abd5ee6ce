"""Escaping of header names and values, as each version of STOMP defines it."""

import re
from collections.abc import Mapping

from hoofbeat.errors import RemoteProtocolError
from hoofbeat.protocol.versions import FACTS, Version

_ESCAPE = re.compile(r"\\.?", re.DOTALL)
_TABLES: Mapping[Version, dict[int, str]] = {
    version: {ord(char): escape for escape, char in facts.escapes.items()} for version, facts in FACTS.items()
}


def escape(text: str, version: Version) -> str | None:
    """Write a header name or value as ``version`` does.

    Returns:
        the escaped text, or None where the version has no way to say it: a line feed or a NUL
        in 1.0, a carriage return where it would be taken for part of a line's end.

    STOMP 1.2, "Value Encoding".
    """
    if not ("\\" in text or ":" in text or "\n" in text or "\r" in text or "\0" in text):
        return text  # nothing to escape, as in nearly all
    escaped = text.translate(_TABLES[version])
    if "\n" in escaped or "\0" in escaped:
        return None
    if "\r" in escaped and (not FACTS[version].raw_cr or escaped.endswith("\r")):
        return None
    return escaped


def unescape(text: str, version: Version) -> str:
    r"""Undo :func:`escape`, in one pass from left to right.

    One pass, because chained ``str.replace`` would turn ``\\n`` (an escaped backslash, then
    an n) into a line feed.

    Raises:
        RemoteProtocolError: the text holds an escape that the version does not define.

    STOMP 1.2, "Value Encoding".
    """
    if "\\" not in text:
        return text
    escapes = FACTS[version].escapes
    parts: list[str] = []
    start = 0
    for match in _ESCAPE.finditer(text):
        char = escapes.get(match[0])
        if char is None:
            raise RemoteProtocolError(f"undefined escape {match[0]!r} in a header", section="Value Encoding")
        parts.append(text[start : match.start()])
        parts.append(char)
        start = match.end()
    parts.append(text[start:])
    return "".join(parts)
