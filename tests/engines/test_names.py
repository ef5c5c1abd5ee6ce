"""Names of topics, looked up by pattern: just what matching one by one would give."""

from itertools import pairwise, product

import pytest

from hoofbeat.broker.patterns import matches
from hoofbeat.engines.local.topics.names import Names

WORDS = ("/a", "/b", ".a", "/")
NAMES = ["/topic" + "".join(words) for length in range(4) for words in product(WORDS, repeat=length)]
PIECES = ("/a", ".a", "/*", ".*", "/**", ".**")
PATTERNS = [
    "/topic" + "".join(pieces)
    for length in range(4)
    for pieces in product(PIECES, repeat=length)
    if ("**", "**") not in pairwise([piece[1:] for piece in pieces])
]


@pytest.fixture(scope="module")
def names() -> Names:
    names = Names()
    for name in NAMES:
        names.add(name)
    return names


def test_a_pattern_finds_the_names_that_it_matches(names: Names) -> None:
    for pattern in PATTERNS:
        assert sorted(names.match(pattern, 1000)) == sorted(
            name for name in NAMES if matches(pattern, name)
        ), pattern


def test_no_more_are_looked_for_than_are_wanted(names: Names) -> None:
    assert len(names.match("/topic/**", 3)) == 3


def test_a_name_taken_out_leaves_the_others_and_nothing_else() -> None:
    names = Names()
    for name in ("/topic/a", "/topic/a/b/c", "/topic/a/d"):
        names.add(name)
    names.remove("/topic/a/b/c")
    assert sorted(names.match("/topic/**", 9)) == ["/topic/a", "/topic/a/d"]
    names.remove("/topic/a")
    assert names.match("/topic/**", 9) == ["/topic/a/d"]
    names.remove("/topic/a/d")
    assert names._root.next == {}
