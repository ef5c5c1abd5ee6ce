"""Cron: every field, every mistake, and the next time as one finds it who looks at every minute."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hoofbeat.broker.cron import parse_cron
from hoofbeat.errors import Refused

_NAMES = {
    3: ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"],
    4: ["sun", "mon", "tue", "wed", "thu", "fri", "sat"],
}
_BOUNDS = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 7))


def ms(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def after(cron: str, moment: str) -> str:
    """Return the next time as text."""
    found = datetime.fromtimestamp(parse_cron(cron).next_after(ms(at(moment))) / 1000, UTC)
    return f"{found:%Y-%m-%d %H:%M}"


@pytest.mark.parametrize(
    ("cron", "now", "then"),
    [
        ("* * * * *", "2026-03-01 12:00:00", "2026-03-01 12:01"),
        ("* * * * *", "2026-03-01 11:59:59.999", "2026-03-01 12:00"),
        ("*/15 * * * *", "2026-03-01 12:46", "2026-03-01 13:00"),
        ("5-20/5 * * * *", "2026-03-01 12:20", "2026-03-01 13:05"),
        ("0 9,17 * * *", "2026-03-01 10:00", "2026-03-01 17:00"),
        ("0 0 1 1 *", "2026-03-01 10:00", "2027-01-01 00:00"),
        ("30 8 * * mon-fri", "2026-11-20 09:00", "2026-11-23 08:30"),
        ("0 0 * FEB,Dec *", "2026-03-01 10:00", "2026-12-01 00:00"),
        ("0 0 * * 7", "2026-11-23 09:00", "2026-11-29 00:00"),
        ("0 0 * * 5-7", "2026-11-28 00:00", "2026-11-29 00:00"),
        ("0 0 29 2 *", "2096-02-29 00:00", "2104-02-29 00:00"),
        ("0 0 */31 2-3 sun", "2026-11-23 09:00", "2032-02-01 00:00"),
        ("0 0 13 * fri", "2026-11-23 09:00", "2026-11-27 00:00"),
        ("0 0 13 * */5", "2026-11-23 09:00", "2026-12-13 00:00"),
        ("59 23 31 12 *", "2026-12-31 23:59", "2027-12-31 23:59"),
    ],
)
def test_the_next_time(cron: str, now: str, then: str) -> None:
    assert after(cron, now) == then


@pytest.mark.parametrize(
    ("cron", "words"),
    [
        ("", "five fields"),
        ("* * * *", "five fields"),
        ("* * * * * *", "five fields"),
        ("*" + " " * 300 + "* * * *", "five fields"),
        ("60 * * * *", "minute"),
        ("-1 * * * *", "minute"),
        ("* 24 * * *", "hour"),
        ("* 1,,2 * * *", "hour"),
        ("* * 0 * *", "day of the month"),
        ("* * 3-1 * *", "range 3-1"),
        ("* * 1-2-3 * *", "day of the month"),
        ("* * * 13 *", "month"),
        ("* * * january *", "month"),
        ("* * * * 8", "day of the week"),
        ("* * * * jan", "day of the week"),
        ("*/0 * * * *", "step '0'"),
        ("*/x * * * *", "step 'x'"),
        ("*/ * * * *", "step ''"),
        ("5/5 * * * *", "only * and ranges"),
        ("\u0665 * * * *", "minute"),
        ("00001 * * * *", "minute"),
        ("0 0 30 2 *", "never"),
        ("0 0 31 4,6,9,11 *", "never"),
    ],
)
def test_what_makes_no_sense_is_named(cron: str, words: str) -> None:
    with pytest.raises(Refused, match=words.replace("*", r"\*")) as refused:
        parse_cron(cron)
    assert len(str(refused.value)) < 400


def test_there_is_an_end_of_the_calendar() -> None:
    cron = parse_cron("0 0 1 1 *")
    last = ms(at("9999-01-01 00:00"))
    assert cron.next_after(last - 1) == last
    for too_late in (last, ms(at("9999-12-31 23:59")), last * 1000):
        with pytest.raises(Refused, match="never comes"):
            cron.next_after(too_late)


def test_a_leap_day_of_one_weekday_is_found_over_a_century_without_one() -> None:
    """2100 has no leap day: from one Sunday that is a 29th of February to the next is 40 years."""
    assert after("0 0 29 2 */2", "2072-03-01 00:00") == "2076-02-29 00:00"
    found = [after("0 0 29 2 */7", "2072-03-01 00:00")]
    while found[-1] < "2140":
        found.append(after("0 0 29 2 */7", found[-1]))
    assert max(int(b[:4]) - int(a[:4]) for a, b in pairwise(found)) == 40


# A field as text, and what it names, worked out apart.
def parts(place: int) -> st.SearchStrategy[tuple[str, frozenset[int]]]:
    least, most = _BOUNDS[place]
    value = st.integers(least, most)
    step = st.integers(1, 40)

    def written(number: int) -> str:
        names = _NAMES.get(place, [])
        at = number - least
        return names[at] if number % 2 and at < len(names) else str(number)

    def spread(pair: tuple[int, int], by: int) -> frozenset[int]:
        return frozenset(range(min(pair), max(pair) + 1, by))

    pairs = st.tuples(value, value)
    return st.one_of(
        value.map(lambda number: (written(number), frozenset({number}))),
        pairs.map(lambda pair: (f"{written(min(pair))}-{written(max(pair))}", spread(pair, 1))),
        st.tuples(pairs, step).map(lambda both: (f"{min(both[0])}-{max(both[0])}/{both[1]}", spread(*both))),
        step.map(lambda by: (f"*/{by}", spread((least, most), by))),
        st.just(("*", spread((least, most), 1))),
    )


def fields(place: int) -> st.SearchStrategy[tuple[str, frozenset[int]]]:
    return st.lists(parts(place), min_size=1, max_size=3).map(
        lambda some: (",".join(text for text, _ in some), frozenset().union(*(named for _, named in some)))
    )


@settings(max_examples=60, deadline=None)
@given(
    st.tuples(*(fields(place) for place in range(5))),
    st.datetimes(datetime(1970, 1, 1), datetime(2150, 1, 1)),
)
def test_it_is_the_one_that_is_found_minute_by_minute(
    five: tuple[tuple[str, frozenset[int]], ...], now: datetime
) -> None:
    """Within 20 days; what is further away is looked for by day in the test after this one."""
    (_, minutes), (_, hours), *days = five
    text = " ".join(field for field, _ in five)
    moment = now.replace(second=0, microsecond=0, tzinfo=UTC)
    for _ in range(20 * 24 * 60):
        moment += timedelta(minutes=1)
        if moment.minute in minutes and moment.hour in hours and is_day(moment, days):
            assert parse_cron(text).next_after(ms(now.replace(tzinfo=UTC))) == ms(moment)
            return
    try:
        assert parse_cron(text).next_after(ms(now.replace(tzinfo=UTC))) > ms(moment)
    except Refused as refused:
        assert "never" in str(refused)  # noqa: PT017 - whether it is refused is what is found out


@settings(max_examples=40, deadline=None)
@given(
    st.tuples(*(fields(place) for place in (2, 3, 4))),
    st.datetimes(datetime(1970, 1, 1), datetime(2150, 1, 1)),
)
def test_it_is_the_one_that_is_found_day_by_day(
    days: tuple[tuple[str, frozenset[int]], ...], now: datetime
) -> None:
    text = "0 0 " + " ".join(field for field, _ in days)
    day = now.replace(hour=0, minute=0, second=0, microsecond=0, tzinfo=UTC)
    for _ in range(42 * 366):
        day += timedelta(days=1)
        if is_day(day, days):
            assert parse_cron(text).next_after(ms(now.replace(tzinfo=UTC))) == ms(day)
            return
    with pytest.raises(Refused, match="never"):
        parse_cron(text)


def is_day(moment: datetime, days: Sequence[tuple[str, frozenset[int]]]) -> bool:
    (by_month, numbers), (_, months), (by_week, weekdays) = days
    is_number = moment.day in numbers
    is_weekday = bool({moment.isoweekday() % 7, moment.isoweekday()} & weekdays)
    both_restrict = by_month[0] != "*" and by_week[0] != "*"
    is_one = is_number or is_weekday if both_restrict else is_number and is_weekday
    return moment.month in months and is_one
