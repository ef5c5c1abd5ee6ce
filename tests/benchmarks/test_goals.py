import pytest

from benchmarks.goals import GOALS, Goal, Outcome, headline, outcomes
from benchmarks.results import Cell
from benchmarks.workloads import BESIDE_DURABLE, WORKLOADS
from tests.benchmarks.sample import results

FAN, DIFFERENT = "fan-out 1 to 50, equal ids", "fan-out 1 to 50, different ids"


def outcome(workload: str, *cells: Cell) -> Outcome:
    return next(each for each in outcomes(results(*cells)) if each.goal.workload == workload)


def cell(contender: str, workload: str, *numbers: float) -> Cell:
    return Cell(contender, workload, numbers=numbers)


def test_goals_are_about_workloads_that_there_are() -> None:
    names = {each.name for each in WORKLOADS}
    assert {name for goal in GOALS for name in (goal.workload, goal.theirs, goal.own) if name} <= names


@pytest.mark.parametrize("goal", GOALS, ids=[goal.workload for goal in GOALS])
def test_the_aim_is_beyond_the_must(goal: Goal) -> None:
    assert goal.aim < goal.must if goal.is_less_better else goal.aim > goal.must


def test_of_several_peers_the_best_one_counts() -> None:
    found = outcome(FAN, cell("compiled", FAN, 900), cell("NATS", FAN, 300), cell("Redis", FAN, 450))
    assert (found.peer, found.measured, found.verdict) == ("Redis", 2.0, "must reached")


def test_the_median_counts() -> None:
    found = outcome(FAN, cell("compiled", FAN, 1, 600, 900), cell("NATS", FAN, 200), cell("Redis", FAN, 100))
    assert found.measured == 3.0


def test_nothing_is_said_while_one_of_the_peers_is_missing() -> None:
    found = outcome(FAN, cell("compiled", FAN, 900), cell("NATS", FAN, 300))
    assert (found.measured, found.distance, found.verdict) == (None, None, "not measured")


def test_the_distance_is_negative_short_of_the_aim() -> None:
    short = outcome(FAN, cell("compiled", FAN, 150), cell("NATS", FAN, 100), cell("Redis", FAN, 100))
    beyond = outcome(FAN, cell("compiled", FAN, 600), cell("NATS", FAN, 100), cell("Redis", FAN, 100))
    assert (short.distance, short.verdict) == (-0.5, "must missed")
    assert (beyond.distance, beyond.verdict) == (1.0, "aim reached")


def test_of_times_less_is_better() -> None:
    p99 = "p99 at 1,000/s"
    found = outcome(p99, cell("compiled", p99, 220), cell("NATS", p99, 200))
    assert (found.measured, found.verdict) == (1.1, "must reached")
    assert found.distance == pytest.approx(1 / 1.1 - 1)


def test_a_goal_without_peers_is_about_the_figure_itself() -> None:
    p99 = "p99 at half of the saturated rate"
    assert outcome(p99, cell("compiled", p99, 800)).verdict == "aim reached"
    assert outcome(p99, cell("compiled", p99, 4000)).verdict == "must missed"


def test_beside_others_it_is_compared_with_itself_round_by_round() -> None:
    beside = f"{FAN}, {BESIDE_DURABLE}"
    found = outcome(beside, cell("compiled", beside, 90, 10, 300), cell("compiled", FAN, 100, 20, 200))
    assert (found.measured, found.verdict) == (0.9, "must reached")
    unpaired = outcome(beside, cell("compiled", beside, 90, 10), cell("compiled", FAN, 100))
    assert unpaired.verdict == "not measured"


def test_ids_mean_nothing_to_peers_so_their_plain_fan_out_counts() -> None:
    found = outcome(
        DIFFERENT, cell("compiled", DIFFERENT, 150), cell("NATS", FAN, 100), cell("Redis", FAN, 50)
    )
    assert found.measured == 1.5


def test_a_figure_with_faults_reaches_nothing() -> None:
    p99 = "p99 at half of the saturated rate"
    assert outcome(p99, Cell("compiled", p99, numbers=(5,), faults=("round 1: 1 lost",))).verdict == "faulty"


def test_the_fastest_kind_of_ours_counts() -> None:
    assert (
        headline(results(cell("NATS", FAN, 1), cell("asyncio", FAN, 1), cell("uvloop", FAN, 1))) == "uvloop"
    )
    assert headline(results(cell("NATS", FAN, 1))) == ""
