from xml.etree import ElementTree

from benchmarks.plot import svg
from benchmarks.results import Cell
from tests.benchmarks.sample import results

SVG = "{http://www.w3.org/2000/svg}"
FAN, PAIRS, IDLE = "fan-out 1 to 50, equal ids", "100 pairs", "idle connection"


def drawn(*cells: Cell) -> ElementTree.Element:
    return ElementTree.fromstring(svg(results(*cells)))


def words(picture: ElementTree.Element) -> list[str]:
    return [text.text or "" for text in picture.iter(f"{SVG}text")]


def widths(picture: ElementTree.Element, kind: str) -> list[float]:
    return [float(bar.attrib["width"]) for bar in picture.iter(f"{SVG}rect") if bar.get("class") == kind]


def test_every_workload_with_figures_has_a_panel_and_no_other() -> None:
    said = words(drawn(Cell("compiled", FAN, numbers=(5,)), Cell("NATS", PAIRS, numbers=(6,))))
    assert FAN in said
    assert PAIRS in said
    assert IDLE not in said


def test_bars_start_at_zero_and_are_as_long_as_the_figures() -> None:
    picture = drawn(Cell("compiled", FAN, numbers=(400,)), Cell("NATS", FAN, numbers=(100,)))
    (ours,), (peer,) = widths(picture, "ours"), widths(picture, "peer")
    assert ours == 4 * peer


def test_only_what_counts_of_ours_stands_out() -> None:
    picture = drawn(Cell("compiled", FAN, numbers=(9,)), Cell("uvloop", FAN, numbers=(6,)))
    assert (len(widths(picture, "ours")), len(widths(picture, "kin"))) == (1, 1)


def test_it_says_which_way_is_better() -> None:
    assert "KB, less is better" in words(drawn(Cell("NATS", IDLE, numbers=(19,))))
    assert "deliveries/s, more is better" in words(drawn(Cell("NATS", FAN, numbers=(19,))))


def test_least_and_most_are_drawn_where_they_differ() -> None:
    def spreads(*numbers: float) -> int:
        return sum(path.get("class") == "spread" for path in drawn(Cell("NATS", FAN, numbers=numbers)).iter())

    assert (spreads(100, 300), spreads(100)) == (1, 0)


def test_a_figure_with_faults_is_marked() -> None:
    assert "300 !" in words(drawn(Cell("NATS", FAN, numbers=(300,), faults=("round 1: 1 lost",))))


def test_there_are_colours_for_light_pages_and_for_dark_ones() -> None:
    style = drawn(Cell("NATS", FAN, numbers=(1,))).findtext(f"{SVG}style") or ""
    light, _, dark = style.partition("prefers-color-scheme: dark")
    for name in ("--back", "--text", "--quiet", "--peer", "--ours", "--kin"):
        assert name in light
        assert name in dark


def test_names_are_escaped() -> None:
    assert "A&B" in words(drawn(Cell("a&b", FAN, numbers=(1,))))
