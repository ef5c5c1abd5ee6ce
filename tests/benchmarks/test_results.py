from pathlib import Path

import pytest

from benchmarks import machine
from benchmarks.results import Cell, from_json, shown, to_json
from tests.benchmarks.sample import results

CELL = Cell(
    "NATS", "100 pairs", "stompload", (100.0, 400.0, 200.0), (0.99, 0.97), (50.0,), ("round 1: 3 lost",)
)


def test_results_are_read_as_they_were_written() -> None:
    written = results(CELL, Cell("compiled", "100 pairs"))
    assert from_json(to_json(written)) == written


def test_single_runs_are_written_but_not_read() -> None:
    text = to_json(results(CELL), [{"round": 1}])
    assert '"runs"' in text
    assert from_json(text) == results(CELL)


def test_the_median_counts_and_the_spread_is_half_of_the_way_beside_it() -> None:
    assert CELL.median == 200
    assert CELL.spread == pytest.approx(0.75)


def test_a_cell_without_figures_has_none() -> None:
    assert Cell("a", "b").median is None
    assert Cell("a", "b").spread == 0


def test_a_generator_without_time_left_is_noticed() -> None:
    assert CELL.is_bound_by_generator
    assert not CELL._replace(generator=(0.99, 0.5, 0.5)).is_bound_by_generator
    assert not CELL._replace(generator=()).is_bound_by_generator


def test_what_was_not_measured_is_an_empty_cell() -> None:
    assert results(CELL).cell("NATS", "another") == Cell("NATS", "another")
    assert results(CELL).of("100 pairs") == [CELL]


def test_small_figures_have_a_decimal() -> None:
    assert [shown(number) for number in (2.94, 136.2, 1234567.8)] == ["2.9", "136", "1,234,568"]


def test_the_processor_is_named_by_the_kernel_or_by_its_kind(tmp_path: Path) -> None:
    listed = tmp_path / "cpuinfo"
    listed.write_text("processor\t: 0\nmodel name\t: A Fast One\nprocessor\t: 1\nmodel name\t: A Fast One\n")
    assert machine.processor(listed) == "A Fast One"
    assert machine.processor(tmp_path / "missing")


def test_every_fact_about_the_machine_is_said() -> None:
    assert all(machine.facts().values())
