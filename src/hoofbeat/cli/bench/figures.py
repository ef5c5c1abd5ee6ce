"""Numbers, bars and small curves as a terminal shows them, with or without Unicode."""

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

_UNITS = ((1_000_000_000, "s"), (1_000_000, "ms"), (1_000, "µs"), (1, "ns"))
_STEPS = ((1, 2, 3, 5, 7), (1, 2, 5), (1,))  # of a decade, finest first
_MOST_ROWS = 12
_EIGHTHS = " ▏▎▍▌▋▊▉"
_HEIGHTS = "▁▂▃▄▅▆▇█"


class Glyphs(NamedTuple):
    """What a terminal can show.

    Attributes:
        is_plain: ASCII only.
    """

    is_plain: bool

    def text(self, text: str) -> str:
        """Write a text without what can't be shown."""
        if not self.is_plain:
            return text
        for glyph, plain in (("µ", "u"), ("→", "->"), ("✓", "ok:"), ("✗", "fault:"), ("≤", "<=")):
            text = text.replace(glyph, plain)
        return text

    def bar(self, share: float, width: int) -> str:
        """Draw a bar; of what is not nothing, at least a trace."""
        if self.is_plain:
            return "#" * max(round(share * width), share > 0)
        eighths = max(round(share * width * 8), share > 0)
        return "█" * (eighths // 8) + _EIGHTHS[eighths % 8].strip()

    def curve(self, values: Sequence[float], width: int) -> str:
        """Draw values as a line of columns, at most ``width``, from zero to the greatest."""
        if self.is_plain or not values:
            return ""
        most = max(values) or 1.0
        columns = min(len(values), width)
        edges = [len(values) * column // columns for column in range(columns + 1)]
        means = [sum(values[a:b]) / (b - a) for a, b in pairwise(edges)]
        return "".join(_HEIGHTS[min(int(mean / most * 8), 7)] for mean in means)


def duration(nanoseconds: float) -> str:
    """Write a time with three digits that count."""
    for size, unit in _UNITS:
        if nanoseconds >= size * 0.9995:
            return f"{_three(nanoseconds / size)} {unit}"
    return "0 ns"


def round_duration(nanoseconds: int) -> str:
    """Write a time that is round in its unit."""
    size, unit = next((size, unit) for size, unit in _UNITS if nanoseconds >= size)
    return f"{nanoseconds // size} {unit}"


def volume(octets: float) -> str:
    """Write a number of octets with three digits that count."""
    for size, unit in ((1e9, "GB"), (1e6, "MB"), (1e3, "kB")):
        if octets >= size * 0.9995:
            return f"{_three(octets / size)} {unit}"
    return f"{octets:.0f} B"


def plural(count: int, noun: str) -> str:
    """Write a number and what is counted."""
    return f"{count:,} {noun}" + ("" if count == 1 else "s")


def bounds(least: int, most: int) -> list[int]:
    """Return round latencies that part what lies between two into a handful of rows."""
    found: list[int] = []
    for steps in _STEPS:
        marks = [step * 10**decade for decade in range(2, 13) for step in steps]
        first = next(at for at, mark in enumerate(marks) if mark >= least or mark == marks[-1])
        last = next(at for at, mark in enumerate(marks) if mark >= most or mark == marks[-1])
        found = marks[first : last + 1]
        if len(found) <= _MOST_ROWS:
            break
    return found


def _three(value: float) -> str:
    if value >= 99.95:
        return f"{value:.0f}"
    return f"{value:.1f}" if value >= 9.995 else f"{value:.2f}"
