"""The fuzzer's seeds, and whatever it found once, in every run of the tests."""

from pathlib import Path

import pytest

from tests.fuzz.reading import check_input

SEEDS = sorted((Path(__file__).parent / "corpus" / "decoder").iterdir())


@pytest.mark.parametrize("seed", SEEDS, ids=lambda seed: seed.name)
def test_a_seed_reads_the_same_however_it_is_cut(seed: Path) -> None:
    check_input(seed.read_bytes())
