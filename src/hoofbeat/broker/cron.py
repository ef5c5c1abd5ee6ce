"""Times that come again and again, in the five fields of cron: a grammar of our own.

``minute hour day-of-month month day-of-week``, in UTC. A field is a list of parts with commas in
between; a part is ``*``, a value, or a range ``a-b``, of which ``*`` and a range may have a step:
``*/15``. Months and days of the week may be named by their first three letters; the week has two
Sundays, 0 and 7. Where both days are restricted, one of them is enough, as everybody's cron has it;
a day that begins with ``*`` restricts only the other.
"""

from datetime import date
from typing import Final, NamedTuple

from hoofbeat.errors import Refused

_MINUTE_MS: Final = 60_000
_DAY_MS: Final = 24 * 60 * _MINUTE_MS
_EPOCH_DAY: Final = date(1970, 1, 1).toordinal()
_MOST_LETTERS: Final = 256
# After so many months every leap day has been every day of the week, be there a century without one.
_MOST_MONTHS: Final = 12 * 41
_LAST_YEAR: Final = 9999

_MONTHS: Final = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DAYS: Final = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")


class _Field(NamedTuple):
    """What may stand in one place; names count from ``least`` on."""

    name: str
    least: int
    most: int
    names: tuple[str, ...] = ()


_FIELDS: Final = (
    _Field("minute", 0, 59),
    _Field("hour", 0, 23),
    _Field("day of the month", 1, 31),
    _Field("month", 1, 12, _MONTHS),
    _Field("day of the week", 0, 7, _DAYS),
)


class Cron(NamedTuple):
    """When something happens: minutes that come again and again.

    Attributes:
        text: as it was written, one space between the fields.
        minutes: of the hour, in order.
        hours: of the day, in order.
        days: of the month.
        months: of the year.
        weekdays: 0 for Sunday.
        is_either: a day of the month and one of the week both count, each by itself.
    """

    text: str
    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]
    is_either: bool

    def next_after(self, epoch_ms: int) -> int:
        """Return the first time after ``epoch_ms``, itself not included, as epoch milliseconds.

        It looks as far as anything that comes at all may be away, or to the end of the calendar.

        Raises:
            Refused: there is none.
        """
        minute = epoch_ms // _MINUTE_MS + 1
        today, minute_of_day = divmod(minute, 24 * 60)
        ordinal = _EPOCH_DAY + today
        if ordinal <= date.max.toordinal():
            first = date.fromordinal(ordinal)
            if self._is_day(first):
                at = self._minute_from(minute_of_day)
                if at >= 0:
                    return today * _DAY_MS + at * _MINUTE_MS
            day = self._day_after(first)
            if day is not None:
                at = self.hours[0] * 60 + self.minutes[0]
                return (day.toordinal() - _EPOCH_DAY) * _DAY_MS + at * _MINUTE_MS
        raise Refused(f"cron {self.text!r} never comes")

    def _is_day(self, day: date) -> bool:
        if day.month not in self.months:
            return False
        is_day, is_weekday = day.day in self.days, day.isoweekday() % 7 in self.weekdays
        return is_day or is_weekday if self.is_either else is_day and is_weekday

    def _minute_from(self, least: int) -> int:
        """Return the first minute of a day from ``least`` on, or -1."""
        for hour in self.hours:
            if hour * 60 + self.minutes[-1] >= least:
                return next(hour * 60 + minute for minute in self.minutes if hour * 60 + minute >= least)
        return -1

    def _day_after(self, day: date) -> date | None:
        """Return the first day after ``day``, or None if none comes."""
        year, month, least = day.year, day.month, day.day + 1
        for _ in range(_MOST_MONTHS):
            if month in self.months:
                for number in range(least, _length(year, month) + 1):
                    found = date(year, month, number)
                    if self._is_day(found):
                        return found
            month, least = month + 1, 1
            if month > 12:
                year, month = year + 1, 1
                if year > _LAST_YEAR:
                    break
        return None


def parse_cron(text: str) -> Cron:
    """Read five fields.

    Raises:
        Refused: one of them makes no sense, which is named, or such a time never comes.
    """
    fields = text.split() if len(text) <= _MOST_LETTERS else []
    if len(fields) != len(_FIELDS):
        raise Refused(
            f"cron {text[:64]!r} has not five fields",
            detail="minute, hour, day of the month, month and day of the week, as in 0 12 * * mon-fri",
        )
    minutes, hours, days, months, weekdays = [
        _values(field, known) for field, known in zip(fields, _FIELDS, strict=True)
    ]
    cron = Cron(
        " ".join(fields),
        tuple(sorted(minutes)),
        tuple(sorted(hours)),
        frozenset(days),
        frozenset(months),
        frozenset([weekday % 7 for weekday in weekdays]),
        not fields[2].startswith("*") and not fields[4].startswith("*"),
    )
    cron.next_after(0)
    return cron


def _values(text: str, field: _Field) -> set[int]:
    """Read one field: every value that it names."""
    values: set[int] = set()
    for part in text.lower().split(","):
        bounds, slash, step = part.partition("/")
        first, dash, last = bounds.partition("-")
        if bounds == "*":
            least, most = field.least, field.most
        else:
            least = _value(first, field, text)
            most = _value(last, field, text) if dash else least
        if most < least:
            raise _wrong(text, field, f"the range {bounds} is empty")
        if slash and not (dash or bounds == "*"):
            raise _wrong(text, field, f"only * and ranges have steps, which {bounds} is not")
        values.update(range(least, most + 1, _step(step, field, text) if slash else 1))
    return values


def _value(text: str, field: _Field, whole: str) -> int:
    if text in field.names:
        return field.least + field.names.index(text)
    value = _number(text)
    if not field.least <= value <= field.most:
        raise _wrong(whole, field, f"{text!r} is not from {field.least} to {field.most}")
    return value


def _step(text: str, field: _Field, whole: str) -> int:
    step = _number(text)
    if step < 1:
        raise _wrong(whole, field, f"the step {text!r} is not a number above 0")
    return step


def _number(text: str) -> int:
    """Read up to four digits; -1 stands for all else."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 4 else -1


def _wrong(text: str, field: _Field, why: str) -> Refused:
    return Refused(f"cron: {field.name} {text[:64]!r} makes no sense: {why}"[:300])


def _length(year: int, month: int) -> int:
    """Return how many days a month has."""
    if month == 2:
        return 29 if year % 4 == 0 and (year % 100 != 0 or year % 400 == 0) else 28
    return 30 if month in (4, 6, 9, 11) else 31
