"""What a selector may cost, counted in lines run: the machine's pace does not matter."""

import sys
from types import FrameType

import pytest

from hoofbeat.broker.selecting.selector import Selector


def _lines(text: str, headers: dict[str, str]) -> int:
    """Count the lines run while a selector looks at headers; none are seen of compiled code."""
    selector, lines = Selector.parse(text), 0

    def trace(frame: FrameType, event: str, argument: object) -> object:
        nonlocal lines
        lines += event == "line"
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        selector.matches(headers)
    finally:
        sys.settrace(before)
    return lines


@pytest.mark.parametrize(
    "pattern", ["%a_a%" * 50 + "b", "%_" * 100 + "b%", "%a" * 200 + "b", "a%" * 200 + "%b%", "_" * 300 + "%"]
)
def test_like_takes_time_in_proportion_to_the_text(pattern: str) -> None:
    selector = f"a LIKE '{pattern}'"
    one, ten = (_lines(selector, {"a": "a" * 800 * times}) for times in (1, 10))
    assert ten <= 10 * one + 100
    assert ten <= 4 * 8000 + 1000
    assert not Selector.parse(selector).matches({"a": "a" * 100})


def test_the_largest_selector_does_not_exhaust_the_stack() -> None:
    text = "(" * 32 + "a" + " + a" * 250 + ")" * 32 + " = 251"
    assert Selector.parse(text).matches({"a": "1"})
