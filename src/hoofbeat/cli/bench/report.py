"""A result for people: what was asked, how fast, how late, and whether all of it came."""

import json
import sys
from collections.abc import Iterator

from rich.console import Console
from rich.text import Text

from hoofbeat.cli.bench.figures import Glyphs, bounds, duration, plural, round_duration, volume
from hoofbeat.cli.bench.idle import SECOND
from hoofbeat.cli.bench.measures import PERCENTILES, Histogram
from hoofbeat.cli.bench.plan import Plan
from hoofbeat.cli.bench.result import Result
from hoofbeat.cli.listen import Ack
from hoofbeat.cli.output import on_one_line

_WIDEST = 100  # bars longer than that say no more
_INDENT = "  "
_LABEL = 10
_CELL = 10
_TABLE = len(_INDENT) + _LABEL + (len(PERCENTILES) + 1) * _CELL
_WITH_VOLUME, _WITH_COUNT = 40, 70  # columns that the rows of what was sent and received take
_NAMES = (*(f"p{percent:g}" for percent in PERCENTILES), "max")


def show(result: Result) -> None:
    """Print a result on standard output."""
    console = Console(file=sys.stdout, highlight=False, soft_wrap=True)
    for line in lines(result, Glyphs(console.options.ascii_only), min(console.width, _WIDEST)):
        line.rstrip()
        console.print(line)


def show_json(result: Result) -> None:
    """Print a result as one line of JSON."""
    print(json.dumps(result.as_dict()))


def lines(result: Result, glyphs: Glyphs, width: int) -> Iterator[Text]:
    """Write a result, line by line."""
    measured = result.tally.latencies if result.plan.subscribers else result.tally.confirmations
    yield Text()
    for line in _asked(result):
        yield Text(_INDENT + glyphs.text(line), "dim")
    yield Text()
    yield from _throughput(result, width)
    curve = glyphs.curve(result.rates, width - 2 * len(_INDENT) - _LABEL)
    if curve:
        yield _labelled("", Text(curve, "cyan"))
    if measured.count:
        yield Text()
        yield from _latencies(result, glyphs, width)
        yield Text()
        yield from _histogram(measured, glyphs, width)
    yield Text()
    yield from _verdict(result, glyphs)
    yield Text()


def _asked(result: Result) -> Iterator[str]:
    plan, server = result.plan, result.server
    ends = [plural(plan.publishers, "publisher"), plan.destination]
    if plan.subscribers:
        ends.append(plural(plan.subscribers, "subscriber"))
    yield " → ".join(map(on_one_line, ends))
    yield ", ".join(_manner(plan))
    name = on_one_line(server.name)
    yield ", ".join(filter(None, (server.address, name, f"STOMP {server.version}")))


def _manner(plan: Plan) -> Iterator[str]:
    """Say how messages are sent and taken."""
    yield plural(plan.size, "byte")
    if plan.subscribers and plan.ack is not Ack.AUTO:
        yield f"ack {plan.ack.value}"
    if plan.receipts_every:
        yield (
            "every message with a receipt"
            if plan.receipts_every == 1
            else f"a receipt every {plan.receipts_every:,}"
        )
    yield f"{plan.pace.rate:,.10g} a second" if plan.pace.rate else f"up to {plan.room:,} under way"


def _throughput(result: Result, width: int) -> Iterator[Text]:
    """One row for what was sent, one for what was received."""
    tally, size = result.tally, result.plan.size
    rows = [("sent", tally.measured_sent, result.sending_seconds, result.sent_per_second)]
    if result.plan.subscribers:
        rows.append(("received", tally.measured, result.receiving_seconds, result.received_per_second))
    for label, count, seconds, rate in rows:
        row = Text(f"{f'{rate:,.0f}/s':>13}", "bold")
        if width >= _WITH_VOLUME:
            row.append(f"{volume(rate * size) + '/s':>14}", "none")
        if width >= _WITH_COUNT:
            row.append(f"{count:>16,} in {duration(seconds * SECOND)}", "dim")
        yield _labelled(label, row)


def _latencies(result: Result, glyphs: Glyphs, width: int) -> Iterator[Text]:
    """Percentiles: in a table, or one below the other where there is no room for it."""
    tally = result.tally
    rows = [("latency", tally.latencies), ("receipts", tally.confirmations)]
    measured = [
        (label, [*map(histogram.percentile, PERCENTILES), histogram.most])
        for label, histogram in rows
        if histogram.count
    ]
    if width < _TABLE:
        for label, values in measured:
            for name, value in zip(_NAMES, values, strict=True):
                yield _labelled(
                    label, Text(f"{name:>6}", "dim").append(f"{glyphs.text(duration(value)):>9}", "none")
                )
                label = ""
        return
    yield _labelled("", Text("".join(f"{name:>{_CELL}}" for name in _NAMES), "dim"))
    for label, values in measured:
        cells = "".join(f"{glyphs.text(duration(value)):>{_CELL}}" for value in values)
        yield _labelled(label, Text(cells, "bold"))


def _histogram(histogram: Histogram, glyphs: Glyphs, width: int) -> Iterator[Text]:
    """A bar for each step of latencies, with the percentiles that lie in it."""
    marks = bounds(histogram.least, histogram.most)
    counts = list(histogram.below(marks))
    tops = [(f"p{percent:g}", histogram.percentile(percent)) for percent in PERCENTILES]
    notes = [
        " ".join(name for name, value in tops if low < value <= high)
        for low, high in zip([-1, *marks], marks, strict=False)
    ]
    note = max(map(len, notes)) if width >= _TABLE else 0
    room = max(width - 2 * len(_INDENT) - _LABEL - 8 - (note + 1 if note else 0), 4)
    for high, count, marker in zip(marks, counts, notes, strict=True):
        share = count / histogram.count
        bar = glyphs.bar(count / max(counts), room)
        row = Text(bar + " " * (room - len(bar)), "cyan").append(f" {_percent(share):>7}", "none")
        if note:
            row.append(f" {marker}", "dim")
        label = glyphs.text(f"≤ {round_duration(high)}")
        yield Text(_INDENT).append(f"{label:>{_LABEL - 1}} ", "dim").append(row)


def _percent(share: float) -> str:
    if not share:
        return ""
    return f"{share:.1%}" if share >= 0.0005 else "<0.1%"


def _verdict(result: Result, glyphs: Glyphs) -> Iterator[Text]:
    """Say whether all came, what went wrong, and what might explain it."""
    tally = result.tally
    faults = [
        text
        for count, text in (
            (result.lost, f"{result.lost:,} lost"),
            (tally.duplicated, f"{tally.duplicated:,} duplicated"),
            (tally.misordered, f"{tally.misordered:,} misordered"),
            (result.unanswered, plural(result.unanswered, "receipt") + " missing"),
            (bool(result.fault), on_one_line(result.fault)),
        )
        if count
    ]
    for fault in faults:
        yield Text(_INDENT + glyphs.text(f"✗ {fault}"), "bold red")
    if not faults:
        came = (
            plural(tally.delivered, "message") if result.plan.subscribers else plural(tally.sent, "message")
        )
        how = "came once and in order" if result.plan.subscribers else "arrived, by their receipts"
        yield Text(_INDENT + glyphs.text(f"✓ {came} {how}"), "green")
    for hint in result.hints():
        yield Text(f"{_INDENT}! {hint}")


def _labelled(label: str, row: Text) -> Text:
    return Text(_INDENT).append(f"{label:<{_LABEL}}", "dim").append(row)
