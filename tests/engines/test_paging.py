"""The window of a durable queue, by itself."""

from hoofbeat.broker.stats import Stats
from hoofbeat.broker.time import Clock, Now
from hoofbeat.engines.local.queues.paging import Paged
from hoofbeat.engines.local.writing.journal import Journal
from tests.contracts.engine import message
from tests.patient_store import PatientStore


def make(window: int = 2) -> tuple[Paged, Journal, PatientStore]:
    store = PatientStore(is_patient=False)
    journal = Journal(
        store,
        clock=Clock(Now(0.0, 0)),
        stats=Stats(),
        undo=(lambda name, messages: None, lambda name, messages: None),
        wake=lambda: None,
    )
    return Paged("/queue/a", journal, window, 1000), journal, store


def test_what_comes_late_goes_to_memory_where_no_page_passes_it_by() -> None:
    paged, _, _ = make()
    early = message("/queue/a", b"early")
    for body in (b"1", b"2", b"3"):
        paged.add([message("/queue/a", body)], 100)
    paged.add([early, message("/queue/a", b"4")], 100)
    assert [each.body for each in paged.take(9, 99)] == [b"early", b"1", b"2"]
    assert (paged.count, paged.at_hand) == (2, 0)


def test_a_page_that_holds_nothing_ends_the_search() -> None:
    paged, _, _ = make()
    for body in (b"1", b"2", b"3"):
        paged.add([message("/queue/a", body)], 100)
    paged.take(9, 99)
    assert paged.wanted() is not None
    assert paged.wanted() is None
    paged.bring(4, [])
    assert (paged.count, paged.bytes, paged.away) == (0, 0, {})


def test_nothing_more_is_taken_than_there_is_room_for() -> None:
    paged, _, _ = make()
    run = [message("/queue/a", b"123") for _ in range(9)]
    most = 4 * run[0].size
    assert paged.add(run, most) == 4
    assert (paged.count, paged.bytes, paged.at_hand) == (4, most, 2)


def test_a_run_that_outgrows_the_windows_octets_goes_on_on_disk() -> None:
    paged, journal, store = make(window=100)
    assert paged.add([message("/queue/a", b"x" * 600) for _ in range(3)], 1e9) == 3
    assert (paged.count, paged.at_hand) == (3, 2)
    journal.flush()
    assert store.disk.bodies("/queue/a") == [b"x" * 600]


def test_what_is_lost_while_a_page_is_read_is_not_waited_for() -> None:
    paged, _, _ = make()
    run = [message("/queue/a", body) for body in (b"1", b"2", b"3")]
    paged.add(run, 100)
    assert paged.wanted() is None  # enough is at hand
    paged.take(9, 99)
    assert paged.wanted() is not None
    assert paged.take_out(run[2:]) == []
    later = message("/queue/a", b"4")
    paged.add([later], 100)
    assert paged.take(9, 99) == []
    paged.bring(4, [])
    page = paged.wanted()
    assert page is not None
    assert page.after >= run[2].number
    paged.bring(4, [later])
    assert paged.take(9, 99) == [later]
    assert paged.away == {}
