"""Heart-beats that are agreed on: never rarer than once an hour."""

import pytest

from hoofbeat.protocol.heartbeat import HeartBeat, negotiate

OURS = HeartBeat(10_000, 60_000)


@pytest.mark.parametrize(
    ("theirs", "agreed"),
    [
        (HeartBeat(0, 0), (0.0, 0.0)),
        (HeartBeat(1, 1), (10.0, 60.0)),
        (HeartBeat(3_600_000, 3_600_000), (3600.0, 3600.0)),
        (HeartBeat(3_600_001, 3_600_001), (3600.0, 0.0)),
        (HeartBeat(999_999_999, 999_999_999), (3600.0, 0.0)),
    ],
)
def test_what_is_wanted_more_rarely_is_sent_hourly_and_what_is_promised_more_rarely_is_not_expected(
    theirs: HeartBeat, agreed: tuple[float, float]
) -> None:
    assert negotiate(OURS, theirs) == agreed
