"""Wildcard names, kept in one trie: who listens to this destination?

Words are separated by ``/`` or ``.``, and the two are not the same. ``*`` is exactly one word;
``**`` is none or more, of which the first follows the separator that stands before the ``**``.
"""

import re
from collections.abc import Sequence
from itertools import pairwise
from typing import Generic, TypeVar

from hoofbeat.errors import Refused

T = TypeVar("T")

_SEGMENT = re.compile(r"[/.]?[^/.]*")
MOST_SEGMENTS = 16
MOST_WILDCARDS = 4
MOST_BYTES = 255


def split(name: str) -> list[str]:
    """Cut a name into its words, each with the separator before it: ``/a``, ``/b``, ``.c``."""
    return [segment for segment in _SEGMENT.findall(name) if segment]


def check(pattern: str) -> list[str]:
    """Return the segments of a pattern that is short and simple enough to be matched quickly.

    Raises:
        Refused: it has too many segments, wildcards or octets, or two ``**`` in a row.
    """
    segments = split(pattern)
    if len(pattern.encode()) > MOST_BYTES or len(segments) > MOST_SEGMENTS:
        raise Refused(f"wildcard pattern over {MOST_SEGMENTS} segments or {MOST_BYTES} bytes")
    if sum(map(_is_wild, segments)) > MOST_WILDCARDS:
        raise Refused(f"wildcard pattern with more than {MOST_WILDCARDS} wildcards")
    for first, second in pairwise(segments):
        if first[1:] == second[1:] == "**":
            raise Refused("wildcard pattern with two ** in a row")
    return segments


def _is_wild(segment: str) -> bool:
    return segment[1:] in ("*", "**")


_STRIP = MOST_SEGMENTS + 1  # bits of one tail: before its first segment, and after each
_TAILS = 256  # in one automaton; each segment of one costs up to so many strips of memory


class _Automaton(Generic[T]):
    """Many tails of patterns, matched all at once: bits of one number are the places where a match may stand.

    A tail has a strip of bits of its own. Nothing runs over into the next strip, whose first bit
    is that of no segment. Time is linear in the words of a name, whatever the wildcards: tails
    that were followed one by one took 140 ms for 32 words and 256 hostile patterns, and take 0.1 ms
    this way.
    """

    __slots__ = ("_ends", "_free", "_places", "_starts", "strips", "values")

    def __init__(self) -> None:
        self.strips: dict[tuple[str, ...], int] = {}  # where each tail's bits begin
        self.values: dict[int, dict[int, T]] = {}  # by strip
        self._free = list(range(0, _TAILS * _STRIP, _STRIP))[::-1]
        self._starts = 0
        self._ends = 0
        self._places: dict[str, int] = {}  # by segment: the places right after it

    @property
    def is_full(self) -> bool:
        return not self._free

    def add(self, tail: tuple[str, ...], value: T) -> None:
        strip = self.strips.get(tail)
        if strip is None:
            strip = self.strips[tail] = self._free.pop()
            self.values[strip] = {}
            self._toggle(tail, strip)
        self.values[strip][id(value)] = value

    def remove(self, tail: tuple[str, ...], value: T) -> None:
        strip = self.strips[tail]
        del self.values[strip][id(value)]
        if not self.values[strip]:
            del self.strips[tail], self.values[strip]
            self._toggle(tail, strip)
            self._free.append(strip)

    def _toggle(self, tail: tuple[str, ...], strip: int) -> None:
        """Write a tail's bits, or wipe them out."""
        self._starts ^= 1 << strip
        self._ends ^= 1 << strip + len(tail)
        for place, segment in enumerate(tail, strip + 1):
            bits = self._places.pop(segment, 0) ^ 1 << place
            if bits:
                self._places[segment] = bits

    def match(self, words: Sequence[str]) -> dict[int, T]:
        """Return the values of the tails that ``words`` match, by their identity.

        ``here`` are the places reached by the words so far, and ``skipped`` those right after a
        ``**`` that stands for none of them: such a one still asks for the separator before it.
        """
        places = self._places.get
        many = places("/**", 0) | places(".**", 0)
        here = self._starts
        skipped = here << 1 & many
        for word in words:
            fitting = places(word, 0) | places(word[0] + "*", 0) | places(word[0] + "**", 0)
            here = (here | skipped) << 1 & fitting | here & many
            skipped = here << 1 & many
        reached = bin((here | skipped) & self._ends)[:1:-1]
        found: dict[int, T] = {}
        place = reached.find("1")
        while place >= 0:
            found.update(self.values[place - place % _STRIP])
            place = reached.find("1", place + 1)
        return found


class _Node(Generic[T]):
    """What follows the same plain words: more of them, or tails, which begin with a wildcard or are empty."""

    __slots__ = ("automata", "next")

    def __init__(self) -> None:
        self.next: dict[str, _Node[T]] = {}
        self.automata: list[_Automaton[T]] = []

    def automaton_of(self, tail: tuple[str, ...]) -> _Automaton[T]:
        """Return where a tail is, or there is room for it."""
        for automaton in self.automata:
            if tail in automaton.strips:
                return automaton
        for automaton in self.automata:
            if not automaton.is_full:
                return automaton
        self.automata.append(_Automaton())
        return self.automata[-1]


class PatternTrie(Generic[T]):
    """Values under wildcard names: a trie of plain words, and automata from the first wildcard on.

    A match costs a look-up for each word, and little more for each word and 256 patterns that
    begin like the name.
    """

    def __init__(self) -> None:
        """Start empty."""
        self._root: _Node[T] = _Node()

    def add(self, pattern: str, value: T) -> None:
        """Put a value under a pattern, or raise Refused; one object may be there once."""
        plain, tail = _cut(check(pattern))
        node = self._root
        for word in plain:
            node = node.next.setdefault(word, _Node())
        node.automaton_of(tail).add(tail, value)

    def remove(self, pattern: str, value: T) -> None:
        """Take a value away, and the words that nothing needs any more."""
        plain, tail = _cut(split(pattern))
        path = [self._root]
        for word in plain:
            path.append(path[-1].next[word])
        automaton = path[-1].automaton_of(tail)
        automaton.remove(tail, value)
        if not automaton.strips:
            path[-1].automata.remove(automaton)
        for node, word in zip(reversed(path[:-1]), reversed(plain), strict=True):
            child = node.next[word]
            if child.automata or child.next:
                break
            del node.next[word]

    def match(self, name: str) -> list[T]:
        """Return the values of every pattern that the name matches."""
        words = split(name)
        found: dict[int, T] = {}
        node: _Node[T] | None = self._root
        at = 0
        while node is not None:
            for automaton in node.automata:
                found.update(automaton.match(words[at:]))
            node = node.next.get(words[at]) if at < len(words) else None
            at += 1
        return list(found.values())


def _cut(segments: list[str]) -> tuple[list[str], tuple[str, ...]]:
    """Cut a pattern before its first wildcard."""
    at = next((at for at, segment in enumerate(segments) if _is_wild(segment)), len(segments))
    return segments[:at], tuple(segments[at:])


def matches(pattern: str, name: str) -> bool:
    """Say whether one name matches one pattern."""
    trie: PatternTrie[str] = PatternTrie()
    trie.add(pattern, pattern)
    return bool(trie.match(name))
