"""What the commands say: plain text for programs, and a little help for eyes."""

import sys

from rich.console import Console
from rich.text import Text


def say(label: str, text: str) -> None:
    """Print a label and what stands for it, on one line."""
    line = Text.assemble((f"{label:<9} ", "dim"), text)
    Console(soft_wrap=True, highlight=False).print(line)
    sys.stdout.flush()


def note(text: str) -> None:
    """Print one line that is nobody's data, on standard error."""
    Console(stderr=True, soft_wrap=True, highlight=False).print(Text(printable(text), "yellow"))


def complain(text: str) -> None:
    """Print why a command failed: one line on standard error."""
    line = Text.assemble(("hoofbeat: ", "bold red"), printable(" ".join(text.split())))
    Console(stderr=True, soft_wrap=True, highlight=False).print(line)


def printable(text: str) -> str:
    """Escape what a terminal might obey: control characters but line feeds and tabs."""
    return "".join(char if char.isprintable() or char in "\n\t" else _escaped(char) for char in text)


def _escaped(char: str) -> str:
    return char.encode("unicode_escape").decode("ascii")
