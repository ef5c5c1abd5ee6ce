"""Labels and what stands beside them."""

import io

import pytest

from hoofbeat.cli.output import say

TEXT = "/dsub/a-name-longer-than-a-line  2 messages, 10 bytes; where a  =  'x-y'"


class Terminal(io.StringIO):
    """A terminal, as far as its name goes."""

    def isatty(self) -> bool:
        return True


def said(monkeypatch: pytest.MonkeyPatch, stream: io.StringIO, columns: int) -> list[str]:
    monkeypatch.setattr("sys.stdout", stream)
    monkeypatch.setenv("COLUMNS", str(columns))
    monkeypatch.setenv("NO_COLOR", "1")
    say("durable", TEXT)
    return stream.getvalue().splitlines()


@pytest.mark.parametrize(("stream", "columns"), [(io.StringIO(), 30), (Terminal(), 82), (Terminal(), 29)])
def test_what_fits_is_on_one_line_and_so_is_all_that_a_program_reads(
    monkeypatch: pytest.MonkeyPatch, stream: io.StringIO, columns: int
) -> None:
    assert said(monkeypatch, stream, columns) == [f"durable   {TEXT}"]


def test_what_is_wider_than_a_terminal_goes_on_beside_the_label(monkeypatch: pytest.MonkeyPatch) -> None:
    assert said(monkeypatch, Terminal(), 30) == [
        "durable   /dsub/a-name-longer-than-a-line",
        "          2 messages, 10",
        "          bytes; where a  =",
        "          'x-y'",
    ]
