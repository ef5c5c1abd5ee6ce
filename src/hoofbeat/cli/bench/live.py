"""How far a load test has come, on a terminal, while it runs."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.live import Live
from rich.text import Text

from hoofbeat.cli.bench.figures import Glyphs, duration
from hoofbeat.cli.bench.load import Load

_EVERY = 5  # ticks; drawing takes half a millisecond, which is latency that the broker does not have
_BAR = 30
_CURVE = 30


@contextmanager
def watching() -> Iterator[Callable[[Load], None]]:
    """Give what draws a load test on standard error; it is wiped away in the end.

    Where there is no terminal, nothing is drawn.
    """
    console = Console(file=sys.stderr, highlight=False)
    if not console.is_interactive:
        yield lambda load: None
        return
    glyphs = Glyphs(console.options.ascii_only)
    calls = 0
    with Live(
        console=console, auto_refresh=False, transient=True, redirect_stdout=False, redirect_stderr=False
    ) as live:

        def watch(load: Load) -> None:
            nonlocal calls
            if calls % _EVERY == 0:
                live.update(picture(load, glyphs), refresh=True)
            calls += 1

        yield watch


def picture(load: Load, glyphs: Glyphs) -> Text:
    """Draw where a load test stands: a bar, and below it what was measured so far."""
    share, doing, of = _stage(load)
    done = round(share * _BAR)
    stroke = "=" if glyphs.is_plain else "━"
    text = Text(no_wrap=True, overflow="crop")
    text.append(f"  {doing:<11}").append(stroke * done, "cyan").append(stroke * (_BAR - done), "dim")
    text.append(f"  {of}\n", "dim")
    if load.rates:
        latencies = load.tally.latencies if load.plan.subscribers else load.tally.confirmations
        text.append(f"  {f'{load.rates[-1]:,.0f}/s':<11}", "bold")
        text.append(f"{glyphs.curve(load.rates[-_CURVE:], _CURVE):<{_CURVE}}", "cyan")
        for percent in (50.0, 99.0):
            text.append(f"  p{percent:g} ", "dim")
            text.append(glyphs.text(duration(latencies.percentile(percent))))
    return text


def _stage(load: Load) -> tuple[float, str, str]:
    """Return the share that is done, of what, and how much that is."""
    plan, supply = load.plan, load.supply
    if supply is None:
        there, all_of_them = load.connections, plan.publishers + plan.subscribers
        return there / all_of_them, "connecting", f"{there:,} of {all_of_them:,}"
    seconds = load.phase.seconds
    if supply.over.is_set():
        return 1.0, "waiting", "for what is under way"
    if not seconds:
        return 0.0, "warming up", f"{plan.pace.warm_up_seconds:g} s"
    shares = [(0.0, "")]
    if plan.pace.seconds:
        shares.append((seconds / plan.pace.seconds, f"{seconds:,.1f} of {plan.pace.seconds:g} s"))
    if plan.pace.count:
        sent = load.tally.measured_sent
        shares.append((sent / plan.pace.count, f"{sent:,} of {plan.pace.count:,}"))
    share, of = max(shares)
    return min(share, 1.0), "measuring", of
