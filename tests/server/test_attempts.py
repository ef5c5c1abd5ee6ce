"""How long the logins of an address have to wait."""

import pytest

from hoofbeat.server import attempts
from hoofbeat.server.attempts import DELAY_SECONDS, IMPATIENT, Attempts


def fail(counted: Attempts, address: str, times: int, now: float = 0.0) -> None:
    """Start logins that never succeed."""
    for _ in range(times):
        counted.start(address, now)


def test_the_first_failures_of_a_minute_cost_no_time_and_the_next_does() -> None:
    counted = Attempts(5)
    assert [counted.start("10.0.0.1", 0.0) for _ in range(6)] == [0.0] * 5 + [DELAY_SECONDS]


def test_those_that_wait_take_turns_and_the_line_is_short() -> None:
    counted = Attempts(1)
    fail(counted, "10.0.0.1", 1)
    assert [counted.start("10.0.0.1", 0.0) for _ in range(3)] == [4.0, 8.0, IMPATIENT]
    assert counted.start("10.0.0.1", 1.0) == IMPATIENT
    assert counted.start("10.0.0.1", 4.0) == 8.0


def test_who_succeeds_is_not_counted() -> None:
    counted = Attempts(1)
    for _ in range(100):
        assert counted.start("10.0.0.1", 0.0) == 0.0
        counted.succeed("10.0.0.1")


def test_a_failure_is_forgotten_after_a_minute() -> None:
    counted = Attempts(2)
    fail(counted, "10.0.0.1", 1, now=0.0)
    fail(counted, "10.0.0.1", 1, now=30.0)
    assert counted.start("10.0.0.1", 60.0) == 0.0
    assert counted.start("10.0.0.1", 60.0) > 0.0


def test_a_minute_of_peace_ends_the_delay() -> None:
    counted = Attempts(2)
    fail(counted, "10.0.0.1", 3, now=0.0)
    assert counted.start("10.0.0.1", 60.0) == 0.0


def test_other_addresses_do_not_suffer() -> None:
    counted = Attempts(1)
    fail(counted, "10.0.0.1", 2)
    assert counted.start("10.0.0.2", 0.0) == 0.0


def test_the_neighbours_in_an_ipv6_network_count_as_one() -> None:
    counted = Attempts(1)
    fail(counted, "2001:db8::1", 1)
    assert counted.start("2001:db8::ffff:2%eth0", 0.0) > 0.0
    assert counted.start("2001:db8:0:1::1", 0.0) == 0.0


def test_the_addresses_that_are_remembered_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attempts, "ADDRESSES", 2)
    counted = Attempts(1)
    for address in ("10.0.0.1", "10.0.0.2", "10.0.0.1", "10.0.0.3"):
        counted.start(address, 0.0)
    assert counted.start("10.0.0.1", 0.0) > 0.0
    assert counted.start("10.0.0.2", 0.0) == 0.0


def test_a_success_of_an_address_that_was_forgotten_is_no_fault() -> None:
    Attempts(1).succeed("10.0.0.1")
