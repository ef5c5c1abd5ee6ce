"""Who may come in, at each limit and one past it."""

import pytest

from hoofbeat.broker.users import Peer
from hoofbeat.config import AdmissionConfig
from hoofbeat.server.admission import Admission

LIMITS = AdmissionConfig(
    connections=5, per_address=3, accepts_per_second=20, accepts_per_second_per_address=4
)
TOO_FAST = ""


def peer(address: str, *, is_local: bool = False) -> Peer:
    return Peer("tcp", address, 40_000, is_local, False)


@pytest.fixture
def admission() -> Admission:
    return Admission(LIMITS)


def test_as_many_as_the_limit_come_in_and_one_more_does_not(admission: Admission) -> None:
    answers = [admission.enter(peer(f"192.0.2.{number}"), 1.0) for number in range(6)]
    assert answers == [None] * 5 + ["more than 5 connections"]
    assert (admission.connections, admission.refused) == (5, 1)


def test_who_leaves_makes_room(admission: Admission) -> None:
    for number in range(5):
        admission.enter(peer(f"192.0.2.{number}"), 1.0)
    admission.leave(peer("192.0.2.0"))
    assert admission.enter(peer("192.0.2.9"), 1.0) is None


def test_one_address_gets_no_more_than_its_share(admission: Admission) -> None:
    answers = [admission.enter(peer("192.0.2.1"), float(second)) for second in range(4)]
    assert answers == [None] * 3 + ["more than 3 connections from one address"]
    assert admission.enter(peer("192.0.2.2"), 4.0) is None
    admission.leave(peer("192.0.2.1"))
    assert admission.enter(peer("192.0.2.1"), 5.0) is None


def test_a_whole_ipv6_network_counts_as_one_address(admission: Admission) -> None:
    answers = [admission.enter(peer(f"2001:db8:0:1::{number}"), float(number)) for number in range(1, 5)]
    assert answers == [None] * 3 + ["more than 3 connections from one address"]
    assert admission.enter(peer("2001:db8:0:2::1"), 5.0) is None


def test_one_address_may_not_come_faster_than_its_share(admission: Admission) -> None:
    for _ in range(4):
        assert admission.enter(peer("192.0.2.1"), 1.5) is None
        admission.leave(peer("192.0.2.1"))
    assert admission.enter(peer("192.0.2.1"), 1.9) == TOO_FAST
    assert admission.enter(peer("192.0.2.2"), 1.9) is None
    assert admission.enter(peer("192.0.2.1"), 2.0) is None


def test_all_together_may_not_come_faster_than_the_limit(admission: Admission) -> None:
    for number in range(20):
        assert admission.enter(peer(f"192.0.2.{number}"), 7.0) is None
        admission.leave(peer(f"192.0.2.{number}"))
    assert admission.enter(peer("192.0.2.99"), 7.9) == TOO_FAST
    assert admission.enter(peer("192.0.2.99"), 8.0) is None


def test_loopback_and_unix_sockets_are_not_counted_per_address(admission: Admission) -> None:
    local = peer("127.0.0.1", is_local=True)
    assert [admission.enter(local, 1.0) for _ in range(6)] == [None] * 5 + ["more than 5 connections"]
    for _ in range(5):
        admission.leave(local)
    assert admission.connections == 0


def test_loopback_may_come_as_fast_as_it_likes(admission: Admission) -> None:
    local = peer("127.0.0.1", is_local=True)
    for _ in range(21):
        assert admission.enter(local, 1.0) is None
        admission.leave(local)
    assert admission.enter(peer("192.0.2.1"), 1.5) is None


def test_nothing_is_remembered_of_addresses_that_left(admission: Admission) -> None:
    for number in range(200):
        admission.enter(peer(f"198.51.100.{number}"), float(number))
        admission.leave(peer(f"198.51.100.{number}"))
    assert admission._by_address == {}
    assert len(admission._accepts_by_address) == 1


def test_a_peer_that_left_before_it_could_be_asked_is_counted_like_any(admission: Admission) -> None:
    nobody = peer("")
    assert admission.enter(nobody, 1.0) is None
    admission.leave(nobody)
    assert admission.connections == 0


def test_a_peer_is_counted_under_the_address_it_is_forwarded_for(admission: Admission) -> None:
    proxy, client = peer("10.0.0.1", is_local=True), peer("192.0.2.1")
    for second in range(3):
        assert admission.enter(proxy, float(second)) is None
        assert admission.rename(proxy, client, float(second)) is None
    assert admission.enter(proxy, 3.0) is None
    assert admission.rename(proxy, client, 3.0) == "more than 3 connections from one address"
    assert admission.rename(proxy, peer("192.0.2.2"), 3.0) is None
    admission.leave(peer("192.0.2.2"))
    for _ in range(3):
        admission.leave(client)
    assert (admission.connections, admission._by_address, admission.refused) == (0, {}, 1)


def test_who_is_refused_under_another_address_is_counted_as_before(admission: Admission) -> None:
    old, new = peer("198.51.100.1"), peer("192.0.2.1")
    for _ in range(4):
        admission.rename(peer("", is_local=True), peer("", is_local=True), 1.0)
        assert admission.enter(new, 1.0) is None
        admission.leave(new)
    assert admission.enter(old, 1.0) is None
    assert admission.rename(old, new, 1.9) == TOO_FAST
    admission.leave(old)
    assert (admission.connections, admission._by_address) == (0, {})
