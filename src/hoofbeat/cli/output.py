"""What the commands say: plain text for programs, and a little help for eyes."""

import os
import shutil
import sys
import textwrap
from typing import TextIO

_INDENT = 10  # of what stands beside a label
_LEAST_WIDTH = 20  # of a column that is worth the name
# Of a style that is empty nothing is written; see ECMA-48, "SGR".
_STYLES = {"dim": "2", "note": "33", "fault": "31", "plain": ""}


def say(label: str, text: str) -> None:
    """Print a label and what stands for it: on one line, or on a terminal beside each other."""
    if sys.stdout.isatty():
        text = _folded(text, shutil.get_terminal_size().columns - _INDENT)
    print(styled(f"{label:<{_INDENT - 1}}", "dim", sys.stdout), text, flush=True)


def _folded(text: str, width: int) -> str:
    """Break what is wider than a terminal between words, and indent what follows."""
    if len(text) <= width or width < _LEAST_WIDTH:
        return text
    folded = textwrap.wrap(text, width, break_long_words=False, break_on_hyphens=False)
    return ("\n" + " " * _INDENT).join(folded)


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
