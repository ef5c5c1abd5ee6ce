"""Results as a picture: a panel of bars per workload, in SVG, for light pages and dark ones."""

from collections.abc import Iterator
from typing import NamedTuple
from xml.sax.saxutils import escape

from benchmarks.goals import OURS, headline
from benchmarks.results import Cell, Results, shown
from benchmarks.workloads import DELIVERIES

WIDTH, MARGIN, COLUMNS, GAP = 980, 24, 2, 36
PANEL = (WIDTH - 2 * MARGIN - (COLUMNS - 1) * GAP) / COLUMNS
LABEL, VALUE = 188, 80  # room for names before the bars, and for figures behind them
BARS = PANEL - LABEL - VALUE
HEAD, ROW, BAR, FOOT = 46, 21, 13, 22

# Its own background, because the page around it may be light while the reader's system is dark.
_STYLE = """\
svg { --back: #ffffff; --text: #1f2328; --quiet: #59636e; }
svg { --ours: #b3471d; --kin: #d98d6a; --peer: #8c959f; }
@media (prefers-color-scheme: dark) {
  svg { --back: #12171e; --text: #e6edf3; --quiet: #9aa4af; }
  svg { --ours: #f2895b; --kin: #a6573a; --peer: #6b7682; }
}
text { font: 12px system-ui, "Segoe UI", Roboto, "DejaVu Sans", sans-serif; fill: var(--text); }
.back { fill: var(--back); }
.title { font-size: 14px; font-weight: 600; }
.quiet { fill: var(--quiet); }
.main { font-weight: 600; }
.value { font-variant-numeric: tabular-nums; }
.peer { fill: var(--peer); } .ours { fill: var(--ours); } .kin { fill: var(--kin); }
.base { stroke: var(--quiet); stroke-opacity: 0.5; }
.spread { stroke: var(--text); stroke-width: 1.5; }
"""


class Row(NamedTuple):
    """One bar.

    Attributes:
        title: name before it.
        kind: ``ours`` for the one that counts, ``kin`` for our others, ``peer``.
        cell: what was measured.
        number: its median.
    """

    title: str
    kind: str
    cell: Cell
    number: float


def svg(results: Results) -> str:
    """Draw every workload in which something was measured."""
    parts: list[str] = []
    y = float(MARGIN)
    panels = [(name, unit, rows(results, name)) for name, unit in results.workloads.items()]
    panels = [each for each in panels if each[2]]
    for start in range(0, len(panels), COLUMNS):
        line = panels[start : start + COLUMNS]
        for column, (name, unit, bars) in enumerate(line):
            parts.extend(_panel(MARGIN + column * (PANEL + GAP), y, name, unit, bars))
        y += HEAD + FOOT + ROW * max(len(bars) for _, _, bars in line)
    height = y - FOOT + MARGIN
    return "\n".join([*_head(height), *parts, "</svg>"]) + "\n"


def rows(results: Results, workload: str) -> list[Row]:
    """Name the bars of a workload: everybody who gave a figure."""
    first = headline(results)
    found = []
    for entry in results.contenders:
        cell = results.cell(entry.name, workload)
        kind = "ours" if entry.name == first else "kin" if entry.name in OURS else "peer"
        if cell.median is not None:
            found.append(Row(entry.title, kind, cell, cell.median))
    return found


def _head(height: float) -> Iterator[str]:
    yield (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height:g}" '
        f'width="{WIDTH}" height="{height:g}" role="img" aria-labelledby="title">'
    )
    yield '<title id="title">Hoofbeat beside its peers: a panel per workload, a bar per broker</title>'
    yield f"<style>\n{_STYLE}</style>"
    yield f'<rect class="back" width="{WIDTH}" height="{height:g}" rx="8"/>'


def _panel(x: float, y: float, title: str, unit: str, bars: list[Row]) -> Iterator[str]:
    better = "more is better" if unit == DELIVERIES else "less is better"
    scale = BARS / (max(max(row.cell.numbers) for row in bars) or 1)
    yield _text(x, y + 12, title, "title")
    yield _text(x, y + 30, f"{unit}, {better}", "quiet")
    left, top = x + LABEL, y + HEAD
    for number, row in enumerate(bars):
        yield from _bar(left, top + number * ROW, row, scale)
    yield f'<path class="base" d="M{left:g} {top - 3:g}v{len(bars) * ROW:g}"/>'


def _bar(left: float, top: float, row: Row, scale: float) -> Iterator[str]:
    length = max(row.number * scale, 1)
    least, most = min(row.cell.numbers) * scale, max(row.cell.numbers) * scale
    weight = " main" if row.kind == "ours" else ""
    middle = top + BAR / 2
    yield _text(left - 8, middle + 4, row.title, f"label{weight}", anchor="end")
    yield f'<rect class="{row.kind}" x="{left:g}" y="{top:g}" width="{length:.1f}" height="{BAR}" rx="2"/>'
    if most - least > 2:
        yield (
            f'<path class="spread" d="M{left + least:.1f} {middle:g}H{left + most:.1f}'
            f'M{left + least:.1f} {middle - 3:g}v6M{left + most:.1f} {middle - 3:g}v6"/>'
        )
    figure = shown(row.number) + (" !" if row.cell.faults else "")
    yield _text(left + max(length, most) + 6, middle + 4, figure, f"value{weight}")


def _text(x: float, y: float, text: str, kind: str, *, anchor: str = "start") -> str:
    return f'<text class="{kind}" x="{x:.1f}" y="{y:g}" text-anchor="{anchor}">{escape(text)}</text>'
