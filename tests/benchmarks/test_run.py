import sys

import pytest

from benchmarks import run


def test_where_results_go_is_no_part_of_what_was_measured() -> None:
    words = ["--rounds", "5", "--output", "/somewhere/else.json", "--only", "queue", "--output=/x"]
    assert run.repeatable(words) == ["--rounds", "5", "--only", "queue"]


@pytest.mark.parametrize(
    ("words", "said"),
    [(["--contenders", "nobody"], "not here: nobody"), (["--only", "nothing"], "no workload has that")],
)
def test_a_name_that_there_is_not_is_refused(
    words: list[str], said: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["run.py", *words])
    with pytest.raises(SystemExit):
        run.options()
    assert said in capsys.readouterr().err
