"""The table is whole: every row has its tests, every test its row, and the docs show it as it is."""

import runpy
from pathlib import Path
from typing import Any

import pytest

TOOL: dict[str, Any] = runpy.run_path(str(Path(__file__).parents[2] / "tools" / "conformance.py"))
ROWS = TOOL["requirements"]()
TESTS = TOOL["conformance_tests"]()
NAMES = {test.name for test in TESTS}


@pytest.mark.parametrize("row", ROWS, ids=[row.id for row in ROWS])
def test_every_row_names_tests_that_exist(row: Any) -> None:
    assert row.tests
    assert [name for name in row.tests if name not in NAMES] == []


@pytest.mark.parametrize("test", TESTS, ids=[test.name for test in TESTS])
def test_every_conformance_test_stands_in_a_row(test: Any) -> None:
    assert any(test.name in row.tests for row in ROWS)


@pytest.mark.parametrize("row", ROWS, ids=[row.id for row in ROWS])
def test_every_row_is_filled_in(row: Any) -> None:
    assert set(row.strength) <= set(TOOL["VERSIONS"])
    assert set(row.strength.values()) <= set(TOOL["STRENGTHS"])
    assert row.binds in TOOL["BINDS"]
    assert row.says.endswith(".")


def test_no_two_rows_share_an_id() -> None:
    assert len({row.id for row in ROWS}) == len(ROWS)


def test_no_two_conformance_tests_share_a_name() -> None:
    assert len(NAMES) == len(TESTS)


def test_the_page_in_the_docs_is_up_to_date() -> None:
    assert TOOL["PAGE"].read_text() == TOOL["page"](ROWS, TESTS)
