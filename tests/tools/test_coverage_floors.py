import json
from pathlib import Path

import pytest

from tools import coverage_floors


def report(folder: Path, **missing: int) -> str:
    """A coverage report with hundred lines a file, of which so many did not run."""
    files = {
        f"src/hoofbeat/{place}/a.py": {
            "summary": {"covered_lines": 100 - lines, "num_statements": 100},
            "missing_lines": list(range(lines)),
        }
        for place, lines in missing.items()
    }
    path = folder / "coverage.json"
    path.write_text(json.dumps({"files": files}))
    return str(path)


def test_all_of_the_core_and_nearly_all_of_the_rest_is_enough(tmp_path: Path) -> None:
    assert coverage_floors.main(report(tmp_path, protocol=0, broker=0, server=5)) == 0


@pytest.mark.parametrize("missing", [{"protocol": 1}, {"broker": 1}, {"server": 6}])
def test_less_is_not_enough(tmp_path: Path, missing: dict[str, int]) -> None:
    assert coverage_floors.main(report(tmp_path, **missing)) == 1


def test_the_lines_that_did_not_run_are_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    coverage_floors.main(report(tmp_path, broker=2))
    assert "src/hoofbeat/broker/a.py: 0, 1" in capsys.readouterr().out
