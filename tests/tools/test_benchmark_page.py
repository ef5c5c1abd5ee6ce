import pytest

from benchmarks import plot, results
from benchmarks.results import Cell
from tests.benchmarks.sample import results as sample
from tools import benchmark_page

FAN, HALF = "fan-out 1 to 50, equal ids", "p99 at half of the saturated rate"
WEB = "WebSocket 1 to 200"


def test_the_page_says_what_the_kept_results_say() -> None:
    assert benchmark_page.PAGE.read_text(encoding="utf-8") == benchmark_page.page(
        results.read(benchmark_page.KEPT)
    )


def test_the_plot_shows_what_the_kept_results_say() -> None:
    assert benchmark_page.PLOT.read_text(encoding="utf-8") == plot.svg(results.read(benchmark_page.KEPT))


def test_the_kept_results_name_machine_versions_and_commands() -> None:
    kept = results.read(benchmark_page.KEPT)
    assert {"processor", "cores", "kernel", "Python"} <= set(kept.machine)
    assert all(each.version and each.command for each in kept.contenders)
    assert all(cell.command for cell in kept.cells if cell.numbers)


def test_check_tells_whether_the_page_is_up_to_date(capsys: pytest.CaptureFixture[str]) -> None:
    assert benchmark_page.main(["--check"]) == 0
    assert capsys.readouterr().out == "the page is up to date\n"


def test_several_rounds_are_a_median_with_its_spread() -> None:
    text = benchmark_page.page(sample(Cell("NATS", FAN, numbers=(100, 200, 300)), rounds=3))
    assert "Medians of 3 rounds" in text
    assert "| 200 ±50% |" in text


def test_a_rate_that_was_worked_out_is_said() -> None:
    text = benchmark_page.page(sample(Cell("NATS", HALF, numbers=(812,), rates=(500_000,))))
    assert "| 812 at 500,000/s |" in text


def test_what_a_peer_cannot_do_is_left_empty() -> None:
    text = benchmark_page.page(
        sample(Cell("NATS", FAN, numbers=(100,)), Cell("compiled", WEB, numbers=(200,)))
    )
    assert f"| {WEB}, deliveries/s |  | 200 |" in text


def test_what_nobody_was_measured_in_is_no_row() -> None:
    assert f"| {WEB}, deliveries/s" not in benchmark_page.page(sample(Cell("NATS", FAN, numbers=(100,))))


def test_an_interrupted_run_says_so() -> None:
    whole = sample(Cell("NATS", FAN, numbers=(100,)))
    cut = whole._replace(settings={**whole.settings, "interrupted": True})
    assert "interrupted" not in benchmark_page.page(whole)
    assert "The run was interrupted" in benchmark_page.page(cut)


def test_a_busy_generator_is_marked() -> None:
    bound = Cell("compiled", FAN, numbers=(300,), generator=(0.99,))
    text = benchmark_page.page(
        sample(bound, *(Cell(peer, FAN, numbers=(100,)) for peer in ("NATS", "Redis")))
    )
    assert "| 300* | 100 |" in text
    assert "| **3.00×**\\* (NATS) | +0% |" in text  # noqa: RUF001 - a ratio's own sign


def test_what_went_wrong_is_listed() -> None:
    lossy = Cell("NATS", FAN, numbers=(100,), faults=("round 1: 3 lost",))
    failed = Cell("NATS", HALF, faults=("round 1: it did not start",))
    text = benchmark_page.page(sample(lossy, failed))
    assert "| 100 ! |" in text
    assert "| fails |" in text
    assert f"- Nats, {FAN}: round 1: 3 lost\n" in text


def test_where_nothing_went_wrong_that_is_said() -> None:
    assert "In all 2 runs nothing was lost" in benchmark_page.page(sample(Cell("NATS", FAN, numbers=(1, 2))))
