"""LIKE: ``_`` is any one character, ``%`` any number; one pass over the text, whatever the pattern."""

from typing import Final

_ANY: Final = ""  # stands for `_` among the characters of a pattern


class Likeness:
    """A pattern, ready to be compared with many texts.

    Only ``_`` between two ``%`` needs a search of our own; there the states of the pattern are the
    bits of one number, so that a text is read once. Everything else is equality and ``str.find``.

    Attributes:
        is_searched: the pattern needs that search.
    """

    __slots__ = ("_accepts", "_any", "_first", "_last", "_loops", "_middle", "_size", "is_searched")

    def __init__(self, pattern: str, escape: str = "") -> None:
        """Read the pattern; what follows ``escape`` stands for itself.

        Raises:
            ValueError: nothing follows an escape.
        """
        pieces = _pieces(pattern, escape)
        self._first = pieces[0]
        self._last: list[str] | None = pieces[-1] if len(pieces) > 1 else None
        middle = [piece for piece in pieces[1:-1] if piece]
        self._size = len(self._first) + len(self._last or ())
        self.is_searched = any(_ANY in piece for piece in middle)
        self._middle = [] if self.is_searched else ["".join(piece) for piece in middle]
        self._accepts: dict[str, int] = {}
        self._any = self._loops = 0
        if self.is_searched:
            self._prepare(middle)

    def fits(self, text: str) -> bool:
        """Say whether the whole text is like the pattern."""
        if self._last is None:
            return len(text) == self._size and _stands_at(self._first, text, 0)
        if len(text) < self._size or not _stands_at(self._first, text, 0):
            return False
        end = len(text) - len(self._last)
        if not _stands_at(self._last, text, end):
            return False
        start = len(self._first)
        if self.is_searched:
            return self._search(text, start, end)
        for piece in self._middle:
            at = text.find(piece, start, end)
            if at < 0:
                return False
            start = at + len(piece)
        return True

    def _prepare(self, middle: list[list[str]]) -> None:
        """Number the characters of the pieces: bit n is set where n of them have been found."""
        self._loops = bit = 1
        for piece in middle:
            for character in piece:
                if character == _ANY:
                    self._any |= bit
                else:
                    self._accepts[character] = self._accepts.get(character, 0) | bit
                bit <<= 1
            self._loops |= bit  # a `%` follows: it may take in whatever comes

    def _search(self, text: str, start: int, end: int) -> bool:
        states, accepts, anything, loops = 1, self._accepts, self._any, self._loops
        for at in range(start, end):
            states = (states & (accepts.get(text[at], 0) | anything)) << 1 | (states & loops)
        return states.bit_length() == loops.bit_length()


def _pieces(pattern: str, escape: str) -> list[list[str]]:
    """Cut a pattern at its ``%`` into lists of characters."""
    pieces: list[list[str]] = [[]]
    is_escaped = False
    for character in pattern:
        if is_escaped:
            pieces[-1].append(character)
            is_escaped = False
        elif character == escape:
            is_escaped = True
        elif character == "%":
            pieces.append([])
        else:
            pieces[-1].append(_ANY if character == "_" else character)
    if is_escaped:
        raise ValueError("nothing follows the escape")
    return pieces


def _stands_at(piece: list[str], text: str, start: int) -> bool:
    return all(character in (_ANY, text[at]) for at, character in enumerate(piece, start))
