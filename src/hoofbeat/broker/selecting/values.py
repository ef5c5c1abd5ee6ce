"""What an expression comes to: text, a number, a truth, or nothing that is known."""

import re
from enum import Enum, auto
from typing import Final

Value = str | int | float | bool | None
Number = int | float

# A longer one is text: no sender means a number by it, and reading it would take long.
NUMBER_CHARACTERS: Final = 32
_EXACT: Final = 1 << 63
_APPROXIMATE: Final = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?", re.ASCII)


class Sort(Enum):
    """What can be said of an expression before there are headers to read."""

    TRUTH = auto()
    NUMBER = auto()
    TEXT = auto()
    HEADER = auto()  # text, which may read as any of the others


def number_of(value: Value) -> Number | None:
    """Return the number that a value is, or reads as; None if there is none."""
    if isinstance(value, str):
        return read_number(value)
    if value is None or isinstance(value, bool):
        return None
    return value


def read_number(text: str) -> Number | None:
    """Read a decimal number, with or without fraction and exponent; None if the text is no such thing."""
    if len(text) > NUMBER_CHARACTERS:
        return None
    if text.isascii() and text.isdigit():
        return int(text)
    if not _APPROXIMATE.fullmatch(text):
        return None
    return int(text) if text[0] in "+-" and text[1:].isdigit() else float(text)


def truth_of(value: Value) -> bool | None:
    """Return the truth that a value is, or reads as; any other is false, and None stays unknown."""
    if value is None or isinstance(value, bool):
        return value
    return isinstance(value, str) and value.lower() == "true"


def is_equal(left: Value, right: Value) -> bool | None:
    """Compare two values; a header is read as what the other side is."""
    if left is None or right is None:
        return None
    if isinstance(left, str) and isinstance(right, str):
        return left == right
    if isinstance(left, bool) or isinstance(right, bool):
        return _reads_as_truth(left) and _reads_as_truth(right) and truth_of(left) is truth_of(right)
    first, second = number_of(left), number_of(right)
    return first is not None and second is not None and first == second


def _reads_as_truth(value: Value) -> bool:
    return isinstance(value, bool) or (isinstance(value, str) and value.lower() in ("true", "false"))


def bounded(number: Number) -> Number:
    """Return an exact result while it fits 64 bits, as an approximate one above: numbers stay small."""
    if isinstance(number, int) and not -_EXACT <= number < _EXACT:
        return float(number)
    return number
