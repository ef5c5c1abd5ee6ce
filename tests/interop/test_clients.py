"""Other people's clients, each through every step, in each version it speaks, over each transport it has.

The steps are in ``clients/scenario.py`` and ``node/scenario.mjs``; what a version or a library does not
have is in ``matrix.json``, with the reason.
"""

from collections.abc import Mapping
from concurrent.futures import Future

import pytest

from tests.interop.matrix import ROWS, Row, steps_of

NEEDS = {"node": [pytest.mark.needs("node")], "python": []}
CASES = [
    pytest.param(row, step, id=f"{row}-{step}", marks=NEEDS[row.language])
    for row in ROWS
    for step in steps_of(row.version)
]


@pytest.mark.parametrize(("row", "step"), CASES)
def test_a_client_goes_through_a_step(
    row: Row, step: str, results: Mapping[Row, "Future[Mapping[str, str | None]]"]
) -> None:
    faults = results[row].result()
    assert "the program" not in faults, faults["the program"]
    assert faults.get(step, "the client did not come to this step") is None
