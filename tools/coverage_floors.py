"""Hold branch coverage to its floors: all of `protocol` and `broker`, nearly all of the rest.

``python tools/coverage_floors.py REPORT.json`` reads what ``coverage json`` wrote.
"""

import json
import sys
from pathlib import Path
from typing import Any, NamedTuple

# First match wins; the last is everything.
FLOORS = (
    ("src/hoofbeat/protocol/", 100.0),
    ("src/hoofbeat/broker/", 100.0),
    ("src/hoofbeat/", 95.0),
)


class Tally(NamedTuple):
    """Lines and branches, how many there are and how many ran."""

    covered: int = 0
    total: int = 0

    def plus(self, summary: dict[str, int]) -> "Tally":
        """Add one file."""
        covered = summary["covered_lines"] + summary.get("covered_branches", 0)
        total = summary["num_statements"] + summary.get("num_branches", 0)
        return Tally(self.covered + covered, self.total + total)

    @property
    def percent(self) -> float:
        """Of nothing, everything ran."""
        return 100.0 * self.covered / self.total if self.total else 100.0


def main(report: str) -> int:
    """Print each floor beside what was reached; 1 if one was missed."""
    files: dict[str, Any] = json.loads(Path(report).read_text("utf-8"))["files"]
    missed = False
    for place, floor in FLOORS:
        mine = {path: file for path, file in files.items() if place_of(path) == place}
        tally = Tally()
        for file in mine.values():
            tally = tally.plus(file["summary"])
        print(f"{tally.percent:6.2f} % of {floor:g} %  {place}")
        if tally.percent < floor:
            missed = True
            show_gaps(mine)
    return int(missed)


def place_of(path: str) -> str | None:
    """The floor that a file is held to."""
    return next((place for place, _ in FLOORS if path.startswith(place)), None)


def show_gaps(files: dict[str, Any]) -> None:
    """Say where the lines and branches are that no test ran."""
    for path, file in sorted(files.items()):
        lines = file["missing_lines"]
        branches = [f"{start}->{end}" for start, end in file.get("missing_branches", [])]
        if lines or branches:
            print(f"         {path}: {', '.join([*map(str, lines), *branches])}")


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
