"""From the text of a selector to its words."""

import re
from enum import Enum, auto
from typing import Final, NamedTuple

from hoofbeat.broker.selecting.values import NUMBER_CHARACTERS, Value, bounded, read_number
from hoofbeat.errors import Refused

KEYWORDS: Final = frozenset(
    {"AND", "BETWEEN", "ESCAPE", "FALSE", "IN", "IS", "LIKE", "NOT", "NULL", "OR", "TRUE"}
)

_WORD: Final = re.compile(
    r"""
    (?P<space>\s+)
    |(?P<number>(?:[0-9]|\.[0-9])(?:[eE][+-]|[\w.])*)
    |(?P<name>[^\W\d][\w.$]*|\$[\w.$]*)
    |(?P<text>'(?:[^']|'')*')
    |(?P<quoted>"(?:[^"]|"")+")
    |(?P<sign><>|<=|>=|!=|[-+*/=<>(),])
    """,
    re.VERBOSE,
)
_HYPHENATED: Final = re.compile(r"[^\W\d][\w.$-]*")
_HEXADECIMAL: Final = re.compile(r"0[xX][0-9a-fA-F]+[lL]?")
_SUFFIXES: Final = "lLdDfF"  # Java's, which JMS allows: long, double, float


class Kind(Enum):
    """What a word is."""

    NUMBER = auto()
    NAME = auto()
    TEXT = auto()
    SIGN = auto()
    KEYWORD = auto()
    END = auto()


class Word(NamedTuple):
    """One word of a selector.

    Attributes:
        kind: what it is.
        text: a sign, or a keyword in capitals; what a name names.
        constant: what a literal stands for.
        at: where it begins, counted from 1.
    """

    kind: Kind
    text: str
    constant: Value
    at: int


def refuse(what: str, at: int) -> Refused:
    """Return the refusal of a selector: what is wrong, and where."""
    return Refused(f"selector: {what} at character {at}", detail="see the reference of selectors")


def words_of(text: str, *, start: int = 0, hyphens: bool = False) -> list[Word]:
    """Cut a selector into words, the last of them its end.

    Args:
        text: the selector.
        start: where it begins, after a prefix.
        hyphens: names may hold them without quotes.

    Raises:
        Refused: a character stands where none can.
    """
    words: list[Word] = []
    at, end = start, len(text)
    while at < end:
        match = _HYPHENATED.match(text, at) if hyphens else None
        kind = "name"
        if match is None:
            match = _WORD.match(text, at)
            if match is None:
                raise refuse(_fault_of(text[at]), at + 1)
            kind = str(match.lastgroup)
        if kind != "space":
            words.append(_word(kind, match[0], at + 1))
        at = match.end()
    words.append(Word(Kind.END, "the end", None, end + 1))
    return words


def _word(kind: str, text: str, at: int) -> Word:
    if kind == "number":
        return Word(Kind.NUMBER, text, _number(text, at), at)
    if kind == "text":
        return Word(Kind.TEXT, text, text[1:-1].replace("''", "'"), at)
    if kind == "quoted":
        return Word(Kind.NAME, text[1:-1].replace('""', '"'), None, at)
    if kind == "sign":
        return Word(Kind.SIGN, "<>" if text == "!=" else text, None, at)
    upper = text.upper()
    if upper in KEYWORDS:
        return Word(Kind.KEYWORD, upper, None, at)
    return Word(Kind.NAME, text, None, at)


def _number(text: str, at: int) -> int | float:
    """Read a literal as Java does, hexadecimal ones and suffixes too."""
    if len(text) > NUMBER_CHARACTERS:
        raise refuse(f"a number of more than {NUMBER_CHARACTERS} characters", at)
    if _HEXADECIMAL.fullmatch(text):
        return bounded(int(text[2:].rstrip("lL"), 16))
    digits = text[:-1] if text[-1] in _SUFFIXES else text
    number = read_number(digits)
    if number is None or (text[-1] in "lL" and not digits.isdigit()):
        raise refuse(f"{text!r} is not a number", at)
    if digits.isdigit() and digits[0] == "0" and len(digits) > 1:
        raise refuse(f"{text!r} begins with a zero: leave that out, or quote it to compare text", at)
    return float(number) if text[-1] in "dDfF" else bounded(number)


def _fault_of(character: str) -> str:
    if character == "'":
        return "a text whose ' is never closed"
    if character == '"':
        return 'an empty name, or one whose " is never closed'
    return f"{character!r}, which means nothing"
