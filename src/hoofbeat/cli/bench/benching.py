"""What ``hoofbeat bench`` does: connect, measure, report."""

import typer

from hoofbeat.cli.bench import load, report
from hoofbeat.cli.bench.line import Target
from hoofbeat.cli.bench.live import watching
from hoofbeat.cli.bench.plan import Plan

BAD = 1


def bench(plan: Plan, target: Target, *, as_json: bool) -> None:
    """Put the load on, and print what came of it.

    Raises:
        LinkError: the broker can't be reached or refuses, before anything was measured.
        ConfigError: certificates can't be read.
        typer.Exit: something is wrong with the result.
    """
    with watching() as watch:
        result = load.run(plan, target, watch)
    (report.show_json if as_json else report.show)(result)
    if not result.is_good:
        raise typer.Exit(BAD)
