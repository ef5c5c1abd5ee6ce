"""Counting: latencies in steps, messages in order, stamps in bodies."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hoofbeat.cli.bench import stamps
from hoofbeat.cli.bench.checks import Audience, Seen
from hoofbeat.cli.bench.measures import Histogram
from hoofbeat.cli.bench.plan import Kind, Plan, kind_of, receipts_of

LATENCIES = st.lists(st.integers(0, 10**12), min_size=1, max_size=200)


def histogram_of(values: list[int]) -> Histogram:
    histogram = Histogram()
    for value in values:
        histogram.add(value)
    return histogram


@given(LATENCIES, st.sampled_from([0.1, 50.0, 90.0, 99.0, 99.9, 100.0]))
def test_a_percentile_is_off_by_less_than_one_per_cent(values: list[int], percent: float) -> None:
    ranked = sorted(values)
    exact = ranked[max(0, -int(-percent * len(values) // 100) - 1)]
    found = histogram_of(values).percentile(percent)
    assert exact <= found <= exact * 1.008 + 1


@given(LATENCIES)
def test_least_most_mean_and_count_are_exact(values: list[int]) -> None:
    histogram = histogram_of(values)
    assert (histogram.least, histogram.most, histogram.count) == (min(values), max(values), len(values))
    assert histogram.mean() == pytest.approx(sum(values) / len(values))


@given(LATENCIES, st.lists(st.integers(1, 10**13), min_size=1, max_size=9, unique=True).map(sorted))
def test_rows_count_what_lies_between_their_bounds(values: list[int], bounds: list[int]) -> None:
    rows = list(histogram_of(values).below([*bounds, 10**14]))
    assert sum(rows) == len(values)
    for row, bound in zip(rows, bounds, strict=False):
        assert row <= sum(value <= bound * 1.01 + 1 for value in values)


def test_a_histogram_of_nothing_is_all_zero() -> None:
    histogram = Histogram()
    assert (histogram.percentile(99), histogram.mean(), histogram.most) == (0, 0.0, 0)


def test_a_latency_counts_as_often_as_it_is_said_and_never_below_zero() -> None:
    histogram = Histogram()
    histogram.add(-5, 99)
    histogram.add(1000)
    assert (histogram.count, histogram.percentile(99), histogram.percentile(99.9)) == (100, 0, 1000)
    histogram.add(2000, 100)
    assert histogram.mean() == 1005.0


@given(st.integers(0, 99), st.integers(0, 2**32))
def test_whatever_the_order_each_number_is_new_once(lost: int, seed: int) -> None:
    numbers = [number for number in range(100) if number != lost] * 2
    random.Random(seed).shuffle(numbers)
    seen = Seen()
    assert sum(map(seen.take, numbers)) == 99
    assert seen.missing(100) == 1


def test_a_run_is_taken_only_where_it_should_come() -> None:
    seen = Seen()
    assert seen.take_run(0, 10)
    assert not seen.take_run(0, 10)
    assert not seen.take_run(11, 10)
    assert seen.take(11)
    assert not seen.take_run(10, 10)
    assert seen.missing(20) == 9


def test_what_never_came_of_a_publisher_is_missing() -> None:
    audience = Audience()
    audience.of(1).take(0)
    assert audience.missing({0: 5, 1: 2}) == 6


def test_a_stamp_is_read_as_it_was_written() -> None:
    written = [(1, 2, number, 2**63) for number in range(3)]
    frames = stamps.write(b"head", written, stamps.filling(40) + b"\0")
    assert frames[0].endswith(b"........\0")
    texts = [frame[4:36] for frame in frames]
    assert stamps.read(texts) == written
    assert b"\0" not in b"".join(texts)
    assert stamps.read([texts[0], b"other", texts[2]]) == [written[0], (0, 0, 0, 0), written[2]]
    assert stamps.read([texts[0][:31], b"==", texts[2] + b"AAAA"])[0] == (0, 0, 0, 0)


@pytest.mark.parametrize(
    ("destination", "kind"),
    [
        ("/topic/a", Kind.TOPIC),
        ("jms.topic.a", Kind.TOPIC),
        ("/exchange/amq.fanout", Kind.TOPIC),
        ("/queue/a", Kind.QUEUE),
        ("whatever", Kind.QUEUE),
    ],
)
def test_a_destination_is_called_what_it_is(destination: str, kind: Kind) -> None:
    assert kind_of(destination) is kind


@pytest.mark.parametrize(
    ("publishers", "subscribers", "names"), [(3, 2, ["a0", "a1"]), (2, 0, ["a0", "a1"]), (1, 5, ["a0"])]
)
def test_there_are_as_many_destinations_as_pairs(publishers: int, subscribers: int, names: list[str]) -> None:
    plan = Plan(destination="a%d", kind=Kind.QUEUE, publishers=publishers, subscribers=subscribers)
    assert plan.destinations == names


@pytest.mark.parametrize(
    ("every", "publishers", "subscribers", "window", "found"),
    [
        (None, 1, 1, 1000, 0),  # those who listen say what arrived
        (7, 1, 1, 1000, 7),
        (None, 1, 0, 1000, 100),
        (0, 1, 0, 1000, 100),
        (None, 20, 0, 1000, 12),
        (None, 999, 0, 1, 1),
    ],
)
def test_receipts_are_asked_for_where_nothing_else_says_what_arrived(
    every: int | None, publishers: int, subscribers: int, window: int, found: int
) -> None:
    assert receipts_of(every, publishers, subscribers, window) == found
