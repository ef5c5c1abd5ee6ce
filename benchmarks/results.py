"""Results of a whole run: what was measured, on what machine, of whom, and how."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple


class Entry(NamedTuple):
    """A contender as it was measured."""

    name: str
    title: str
    version: str
    command: str


class Cell(NamedTuple):
    """What one contender did in one workload.

    Attributes:
        contender: its name.
        workload: its name.
        command: how the load was made, the last time.
        numbers: one per run that gave a figure.
        generator: how much of a core the load generator was busy with, per run; 1.0 is all of it.
        rates: messages/s that were asked for, per run, where a rate was worked out.
        faults: what went wrong, if anything.
    """

    contender: str
    workload: str
    command: str = ""
    numbers: tuple[float, ...] = ()
    generator: tuple[float, ...] = ()
    rates: tuple[float, ...] = ()
    faults: tuple[str, ...] = ()

    @property
    def median(self) -> float | None:
        """The figure that counts."""
        return median(self.numbers) if self.numbers else None

    @property
    def spread(self) -> float:
        """Half of the way from least to most, as a part of the median."""
        middle = self.median
        return (max(self.numbers) - min(self.numbers)) / 2 / middle if middle else 0.0

    @property
    def is_bound_by_generator(self) -> bool:
        """Say whether the load generator had no time left, so that the broker may be faster than this."""
        return bool(self.generator) and median(self.generator) > 0.95


class Results(NamedTuple):
    """A whole run.

    Attributes:
        machine: facts about it, in the order they are shown.
        settings: rounds, seconds and command of the run, and whether it was interrupted.
        contenders: who was measured.
        workloads: name and unit of each, in the order they are shown.
        cells: the figures.
    """

    machine: Mapping[str, str]
    settings: Mapping[str, Any]
    contenders: tuple[Entry, ...]
    workloads: Mapping[str, str]
    cells: tuple[Cell, ...]

    def cell(self, contender: str, workload: str) -> Cell:
        """Return a cell; an empty one if that was not measured."""
        for cell in self.cells:
            if (cell.contender, cell.workload) == (contender, workload):
                return cell
        return Cell(contender, workload)

    def of(self, workload: str) -> list[Cell]:
        """Return a cell per contender."""
        return [self.cell(each.name, workload) for each in self.contenders]


def to_json(results: Results, runs: Iterable[Mapping[str, Any]] = ()) -> str:
    """Write results, and every single run if they are given."""
    plain: dict[str, Any] = {
        "machine": dict(results.machine),
        "settings": dict(results.settings),
        "contenders": [each._asdict() for each in results.contenders],
        "workloads": dict(results.workloads),
        "cells": [_filled(cell) for cell in results.cells],
    }
    if runs:
        plain["runs"] = list(runs)
    return json.dumps(plain, indent=1, ensure_ascii=False) + "\n"


def _filled(cell: Cell) -> dict[str, Any]:
    return {name: value for name, value in cell._asdict().items() if value}


def from_json(text: str) -> Results:
    """Read results; single runs are left out."""
    plain = json.loads(text)
    return Results(
        machine=plain["machine"],
        settings=plain["settings"],
        contenders=tuple(Entry(**each) for each in plain["contenders"]),
        workloads=plain["workloads"],
        cells=tuple(_cell(each) for each in plain["cells"]),
    )


def _cell(plain: Mapping[str, Any]) -> Cell:
    values: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in plain.items()
    }
    return Cell(**values)


def read(path: Path) -> Results:
    """Read results from a file."""
    return from_json(path.read_text(encoding="utf-8"))


def shown(number: float) -> str:
    """Write a figure: as many digits as mean something."""
    return f"{number:,.0f}" if number >= 100 else f"{number:.1f}"
