"""What the commands say: plain text for programs, and a little help for eyes."""

import os
import sys
from typing import TextIO

# Of a style that is empty nothing is written; see ECMA-48, "SGR".
_STYLES = {"dim": "2", "note": "33", "fault": "31", "plain": ""}


def say(label: str, text: str) -> None:
    """Print a label and what stands for it, on one line."""
    print(styled(f"{label:<9}", "dim", sys.stdout), text, flush=True)


def note(text: str) -> None:
    """Print one line that is nobody's data, on standard error."""
    print(styled(on_one_line(text), "note", sys.stderr), file=sys.stderr)


def complain(text: str) -> None:
    """Print why a command failed: one line on standard error."""
    print(styled("hoofbeat:", "fault", sys.stderr), printable(" ".join(text.split())), file=sys.stderr)


def styled(text: str, style: str, stream: TextIO) -> str:
    """Return text as it is written to ``stream``: in colour on a terminal, unless NO_COLOR is set."""
    code = _STYLES[style]
    if not code or "NO_COLOR" in os.environ or os.environ.get("TERM") == "dumb" or not stream.isatty():
        return text
    return f"\x1b[{code}m{text}\x1b[0m"


def printable(text: str) -> str:
    """Escape what a terminal might obey: control characters but line feeds and tabs."""
    return "".join(char if char.isprintable() or char in "\n\t" else _escaped(char) for char in text)


def on_one_line(text: str) -> str:
    """Escape line feeds too."""
    return printable(text).replace("\n", "\\n")


def _escaped(char: str) -> str:
    return char.encode("unicode_escape").decode("ascii")
