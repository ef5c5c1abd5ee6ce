"""Selectors against an evaluator that is slow, plain and another."""

from collections.abc import Mapping

from hypothesis import given
from hypothesis import strategies as st

from hoofbeat.broker.selecting.likeness import Likeness
from hoofbeat.broker.selecting.selector import Selector
from hoofbeat.errors import Refused
from tests.broker.selecting.naive import Tree, _like, truth, value_of, write

NAMES = ["a", "b", "c-d", 'e"f', "missing"]
TEXTS = st.sampled_from(["", "x", "xy", "x%y", "x_y", "true", "FALSE", "0", "7", "-3", "007", "o'k", "1a"])
NUMBERS = st.integers(min_value=0, max_value=9)
PATTERNS = st.lists(st.sampled_from(["%", "_", "x", "y", "!%", "!_", "!!", "%%"]), max_size=8).map("".join)

headers = st.tuples(st.just("header"), st.sampled_from(NAMES))
numbers = st.recursive(
    headers | st.tuples(st.just("constant"), NUMBERS),
    lambda inner: st.tuples(st.sampled_from(["+", "-", "*", "/"]), inner, inner),
    max_leaves=4,
)
texts = headers | st.tuples(st.just("constant"), TEXTS)
truths = headers | st.tuples(st.just("constant"), st.booleans())
predicates = st.one_of(
    truths,
    st.tuples(st.sampled_from(["=", "<>", "<", "<=", ">", ">="]), numbers, numbers),
    st.tuples(st.sampled_from(["=", "<>"]), texts, texts),
    st.tuples(st.sampled_from(["=", "<>"]), truths, truths),
    st.tuples(st.just("between"), numbers, numbers, numbers),
    st.tuples(st.just("in"), texts | numbers, st.lists(TEXTS | NUMBERS, min_size=1, max_size=3)),
    st.tuples(st.just("like"), texts, PATTERNS),
    st.tuples(st.just("null"), numbers | texts),
)
conditions = st.recursive(
    predicates,
    lambda inner: st.one_of(
        st.tuples(st.just("not"), inner), st.tuples(st.sampled_from(["AND", "OR"]), inner, inner)
    ),
    max_leaves=8,
)


@given(conditions, st.dictionaries(st.sampled_from(NAMES[:-1]), TEXTS))
def test_a_selector_says_what_the_naive_evaluator_says(tree: Tree, fields: Mapping[str, str]) -> None:
    text = write(tree)
    assert Selector.parse(text).matches(fields) is (truth(value_of(tree, fields)) is True), text


@given(PATTERNS, st.text("xy%_!\n", max_size=12))
def test_a_pattern_fits_what_its_regular_expression_fits(pattern: str, text: str) -> None:
    assert Likeness(pattern, "!").fits(text) is _like(text, pattern)


WORDS = [*"=<>()-+*/,;'.1a", '"', "<>", "AND", "OR", "NOT", "IS", "NULL", "IN", "LIKE", "BETWEEN", "ESCAPE"]
WORDS += ["'x'", "0x", "e+", "TRUE", "ß"]


@given(st.lists(st.sampled_from(WORDS), max_size=20).map(" ".join) | st.text(max_size=40))
def test_any_text_is_a_selector_or_refused(text: str) -> None:
    try:
        selector = Selector.parse(text)
    except Refused:
        return
    assert selector.matches({"a": "1"}) in (True, False)
