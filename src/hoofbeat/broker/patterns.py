"""Wildcard names, kept in one trie: who listens to this destination?

Words are separated by ``/`` or ``.``, and the two are not the same. ``*`` is exactly one word;
``**`` is none or more, of which the first follows the separator that stands before the ``**``.
"""

import re
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
    wild = [segment[1:] in ("*", "**") for segment in segments]
    if len(pattern.encode()) > MOST_BYTES or len(segments) > MOST_SEGMENTS:
        raise Refused(f"wildcard pattern over {MOST_SEGMENTS} segments or {MOST_BYTES} bytes")
    if sum(wild) > MOST_WILDCARDS:
        raise Refused(f"wildcard pattern with more than {MOST_WILDCARDS} wildcards")
    for first, second in pairwise(segments):
        if first[1:] == second[1:] == "**":
            raise Refused("wildcard pattern with two ** in a row")
    return segments


class _Node(Generic[T]):
    """A word of some patterns, the words that may follow, and what ends here."""

    __slots__ = ("next", "values")

    def __init__(self) -> None:
        self.next: dict[str, _Node[T]] = {}
        self.values: dict[int, T] = {}


class PatternTrie(Generic[T]):
    """Values under wildcard names. A match costs the words of the name times the wildcards."""

    def __init__(self) -> None:
        """Start empty."""
        self._root: _Node[T] = _Node()

    def add(self, pattern: str, value: T) -> None:
        """Put a value under a pattern, or raise Refused; one object may be there once."""
        node = self._root
        for segment in check(pattern):
            node = node.next.setdefault(segment, _Node())
        node.values[id(value)] = value

    def remove(self, pattern: str, value: T) -> None:
        """Take a value away, and the words that nothing needs any more."""
        path = [self._root]
        segments = split(pattern)
        for segment in segments:
            path.append(path[-1].next[segment])
        del path[-1].values[id(value)]
        for node, segment in zip(reversed(path[:-1]), reversed(segments), strict=True):
            child = node.next[segment]
            if child.values or child.next:
                break
            del node.next[segment]

    def match(self, name: str) -> list[T]:
        """Return the values of every pattern that the name matches."""
        here = _closure([(self._root, False)])
        for segment in split(name):
            here = _closure(_step(here, segment))
        found: dict[int, T] = {}
        for node, _ in here:
            found.update(node.values)
        return list(found.values())


# Where a match stands: a node, and whether it is a ** that has taken its first word already (one
# that has not yet asks for the separator that stands before it).
_Place = tuple[_Node[T], bool]


def _step(places: list[_Place[T]], segment: str) -> list[_Place[T]]:
    following: list[_Place[T]] = []
    for node, is_taking in places:
        if is_taking:
            following.append((node, True))
        for key in (segment, segment[0] + "*"):
            child = node.next.get(key)
            if child is not None:
                following.append((child, False))
        many = node.next.get(segment[0] + "**")
        if many is not None:
            following.append((many, True))
    return following


def _closure(places: list[_Place[T]]) -> list[_Place[T]]:
    """Add the ``**`` that may stand for no word at all, and drop what is there twice."""
    closed: dict[tuple[int, bool], _Place[T]] = {}
    for node, is_taking in places:
        closed[id(node), is_taking] = (node, is_taking)
        for key in ("/**", ".**"):
            many = node.next.get(key)
            if many is not None:
                closed.setdefault((id(many), False), (many, False))
    return list(closed.values())


def matches(pattern: str, name: str) -> bool:
    """Say whether one name matches one pattern."""
    trie: PatternTrie[str] = PatternTrie()
    trie.add(pattern, pattern)
    return bool(trie.match(name))
