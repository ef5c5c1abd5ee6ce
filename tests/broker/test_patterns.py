"""Wildcards: what they match, however many there are, and what they may cost."""

import random
import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hoofbeat.broker.patterns import PatternTrie, check, matches, split
from hoofbeat.errors import Refused
from tests.conformance.wire import Wire, frame

WORDS = st.sampled_from(["/a", "/b", ".a", ".b", "/"])
NAMES = st.lists(WORDS, min_size=1, max_size=8).map("".join)
PATTERNS = st.lists(WORDS | st.sampled_from(["/*", ".*", "/**", ".**"]), min_size=1, max_size=7).map("".join)


def _is_allowed(pattern: str) -> bool:
    try:
        check(pattern)
    except Refused:
        return False
    return True


def _expression(pattern: str) -> re.Pattern[str]:
    """Say what a pattern means in another way."""
    pieces = []
    for segment in split(pattern):
        separator, word = re.escape(segment[0]), segment[1:]
        one = f"{separator}[^/.]*"
        pieces.append({"*": one, "**": f"(?:{one}(?:[/.][^/.]*)*)?"}.get(word, re.escape(segment)))
    return re.compile("".join(pieces))


@given(patterns=st.lists(PATTERNS.filter(_is_allowed), max_size=6), names=st.lists(NAMES, max_size=4))
def test_many_patterns_match_as_each_does_alone(patterns: list[str], names: list[str]) -> None:
    trie: PatternTrie[list[str]] = PatternTrie()
    kept = [[pattern] for pattern in patterns]
    for value in kept:
        trie.add(value[0], value)
    for value in kept[::2]:
        trie.remove(value[0], value)
    for name in names:
        expected = sorted(value[0] for value in kept[1::2] if _expression(value[0]).fullmatch(name))
        assert sorted(value[0] for value in trie.match(name)) == expected


def test_a_pattern_without_wildcards_matches_itself() -> None:
    assert matches("/queue/a", "/queue/a")
    assert not matches("/queue/a", "/queue/a/b")
    assert not matches("/queue/a/b", "/queue/a")


def test_more_patterns_than_one_automaton_holds_are_all_there() -> None:
    trie: PatternTrie[str] = PatternTrie()
    patterns = [f"/topic/*/{number}" for number in range(600)]
    for pattern in patterns:
        trie.add(pattern, pattern)
    assert trie.match("/topic/a/599") == ["/topic/*/599"]
    for pattern in patterns[:-1]:
        trie.remove(pattern, pattern)
    trie.add(patterns[0], patterns[0])
    assert trie.match("/topic/a/599") == ["/topic/*/599"]
    assert trie.match("/topic/a/0") == ["/topic/*/0"]
    assert trie.match("/topic/a/1") == []


def _hostile_patterns(count: int) -> list[str]:
    """Return patterns of which a name of many ``a`` keeps every wildcard busy to the end."""
    chance = random.Random(1)
    patterns: set[str] = set()
    while len(patterns) < count:
        segments = ["/a"] * 14 + ["/z"]
        for place in chance.sample(range(14), 4):
            segments[place] = chance.choice(["/*", "/**"])
        pattern = "/topic" + "".join(segments)
        if _is_allowed(pattern):
            patterns.add(pattern)
    return sorted(patterns)


def test_hostile_patterns_of_a_session_cost_little() -> None:
    """Followed one by one, they took 140 ms a message."""
    trie: PatternTrie[str] = PatternTrie()
    for pattern in _hostile_patterns(256):
        trie.add(pattern, pattern)
    name = "/topic" + "/a" * 31
    seconds = []
    for _ in range(5):
        started = time.process_time()
        assert trie.match(name) == []
        seconds.append(time.process_time() - started)
    assert min(seconds) < 0.02


@pytest.mark.parametrize("separator", ["/", "."])
@pytest.mark.parametrize("over", [0, 1])
def test_a_destination_has_so_many_words_and_not_one_more(separator: str, over: int) -> None:
    client = Wire().connect()
    client.send(frame("SEND", f"destination:/topic/a{(separator + 'a') * (30 + over)}", "receipt:r"))
    heard = client.frame()
    if over:
        assert heard.header("message") == "Unknown destination\\c name over 32 words"
    else:
        assert heard.command == "RECEIPT"


@pytest.mark.parametrize("name", ["/topic/", "/queue/", "/topic", "/temp-queue/"])
def test_a_destination_without_a_name_is_told_so(name: str) -> None:
    client = Wire().connect()
    client.send(frame("SEND", f"destination:{name}"))
    assert client.refusal().header("message") == f"Unknown destination '{name}'\\c its name is empty"
