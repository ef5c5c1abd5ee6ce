"""Made-up results, for tests of what is made of them."""

from benchmarks.results import Cell, Entry, Results
from benchmarks.workloads import WORKLOADS


def results(*cells: Cell, rounds: int = 1) -> Results:
    """Return results with these cells, and everybody who stands in them."""
    names = dict.fromkeys(cell.contender for cell in cells)
    return Results(
        machine={"processor": "a fast one", "cores": "2"},
        settings={"rounds": rounds, "seconds": 4.0, "warmup_seconds": 1.0, "command": "python run.py"},
        contenders=tuple(Entry(name, name.title(), "1.0", f"{name} --port PORT") for name in names),
        workloads={each.name: each.unit for each in WORKLOADS},
        cells=cells,
    )
