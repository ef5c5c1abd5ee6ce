"""Names of topics in a tree of their words: which of them does a pattern match?"""

from collections.abc import Sequence

from hoofbeat.broker.patterns import check, split


class _Node:
    """What follows the same words.

    Attributes:
        name: whole, if one ends here.
        next: by word, each with the separator before it.
    """

    __slots__ = ("name", "next")

    def __init__(self) -> None:
        self.name = ""
        self.next: dict[str, _Node] = {}


class Names:
    """Names, to be looked up by pattern: only words that lead to a match are gone through."""

    __slots__ = ("_root",)

    def __init__(self) -> None:
        """Start empty."""
        self._root = _Node()

    def add(self, name: str) -> None:
        """Put in a name that may be there."""
        node = self._root
        for word in split(name):
            following = node.next.get(word)
            if following is None:
                following = node.next[word] = _Node()
            node = following
        node.name = name

    def remove(self, name: str) -> None:
        """Take out a name that is there, and the words that nothing needs any more."""
        words = split(name)
        path = [self._root]
        for word in words:
            path.append(path[-1].next[word])
        path[-1].name = ""
        for at in range(len(words) - 1, -1, -1):
            child = path[at + 1]
            if child.name or child.next:
                break
            del path[at].next[words[at]]

    def match(self, pattern: str, most: int) -> list[str]:
        """Return up to ``most`` names that a pattern matches."""
        tail = check(pattern)
        found: list[str] = []
        waiting: list[tuple[_Node, int]] = [(self._root, 1)]
        while waiting and len(found) < most:
            node, here = waiting.pop()
            if node.name and _skipping(tail, here) >> len(tail) & 1:
                found.append(node.name)
            for word in _worth_trying(tail, here, node.next):
                reached = _step(tail, here, word)
                if reached:
                    waiting.append((node.next[word], reached))
        return found


def _worth_trying(tail: Sequence[str], here: int, following: dict[str, _Node]) -> Sequence[str]:
    """Return the words that may go on: where only plain ones do, there is no need to try all."""
    places = _skipping(tail, here)
    wanted: list[str] = []
    for at, segment in enumerate(tail):
        is_many = segment[1:] == "**"
        if is_many and here >> at & 2:
            return list(following)
        if places >> at & 1:
            if is_many or segment[1:] == "*":
                return list(following)
            if segment in following:
                wanted.append(segment)
    return wanted


def _skipping(tail: Sequence[str], here: int) -> int:
    """Add the places right after a ``**`` that stands for no word. Two never follow each other."""
    for at, segment in enumerate(tail):
        if here >> at & 1 and segment[1:] == "**":
            here |= 2 << at
    return here


def _step(tail: Sequence[str], here: int, word: str) -> int:
    """Return the places after one word more; bit n is the place after n segments.

    A ``**`` that stands for words already goes on with any; one that begins asks for its separator.
    """
    places = _skipping(tail, here)
    reached = 0
    for at, segment in enumerate(tail):
        if places >> at & 1 and (segment == word or (segment[0] == word[0] and segment[1:] in ("*", "**"))):
            reached |= 2 << at
        if segment[1:] == "**" and here >> at & 2:
            reached |= 2 << at
    return reached
