"""Topics with a history and a store: who was away while the broker was started anew gets what it missed."""

import pytest

from hoofbeat.config import TopicConfig
from tests.behaviour.test_resuming import (
    FEW,
    MANY,
    SHORT,
    bodies,
    listening,
    receipt,
    resumed,
    seen,
    send,
    with_history,
)
from tests.conformance.wire import Wire, frame
from tests.patient_store import Disk, PatientStore


class TestKept:
    """With a store: a history goes on after a restart."""

    def start(self, store: PatientStore, config: TopicConfig = MANY) -> Wire:
        return with_history(config, store)

    def test_who_saw_some_of_it_before_a_restart_gets_the_rest_after(self) -> None:
        store = PatientStore(is_patient=False)
        self.start(store).connect().send(*[send(b"%d" % number, f"n:{number}") for number in range(1, 6)])
        store.close()
        after = self.start(PatientStore(store.disk, is_patient=False))
        after.connect().send(send(b"6"))
        client = after.connect()
        client.send(listening(*seen(2, "e")), send(b"7"))
        frames = client.frames()
        assert receipt(frames) == ("true", "e", "2")
        assert bodies(frames) == [b"3", b"4", b"5", b"6", b"7"]
        assert [heard.get("offset") for heard in frames[1:]] == ["3", "4", "5", "6", "7"]
        assert [heard.get("n") for heard in frames[1:3]] == ["3", "4"]

    def test_a_long_history_is_read_in_pages(self) -> None:
        store = PatientStore(is_patient=False)
        self.start(store).connect().send(*[send(b"%d" % number) for number in range(1, 701)])
        store.close()
        after = self.start(PatientStore(store.disk, is_patient=False))
        assert resumed(after, "from-seq:1") == ("true", [b"%d" % number for number in range(1, 701)])

    def test_what_comes_while_it_is_read_comes_after_it_and_once(self) -> None:
        store = PatientStore(is_patient=False)
        self.start(store).connect().send(send(b"1"), send(b"2"))
        store.close()
        patient = PatientStore(store.disk)
        after = self.start(patient)
        first, second, gone = after.connect(), after.connect(), after.connect()
        gone.send(listening("from-seq:0"))
        first.send(listening("from-seq:0"))
        second.send(listening(*seen(1, "e")))
        after.connect().send(send(b"3"))
        assert first.frames() == second.frames() == []
        gone.leave()
        patient.settle()
        after.flush()
        after.connect().send(send(b"4"))
        assert bodies(first.frames()) == [b"1", b"2", b"3", b"4"]
        assert bodies(second.frames()) == [b"2", b"3", b"4"]

    def test_who_comes_new_waits_for_nothing(self) -> None:
        store = PatientStore(is_patient=False)
        self.start(store).connect().send(send(b"1"))
        store.close()
        client = self.start(PatientStore(store.disk)).connect()
        client.send(listening(), send(b"2"))
        assert bodies(client.frames()) == [b"2"]

    def test_the_store_forgets_what_was_trimmed(self) -> None:
        store = PatientStore(is_patient=False)
        client = self.start(store, FEW).connect()
        for number in range(1, 201):
            client.send(send(b"%d" % number))
        assert len(store.disk.kept["/topic/a"]) < 100
        store.close()
        after = self.start(PatientStore(store.disk, is_patient=False), FEW)
        assert resumed(after, *seen(197, "e")) == ("true", [b"198", b"199", b"200"])
        assert resumed(after, *seen(196, "e")) == ("false", [])

    def test_new_messages_push_out_old_ones_that_were_never_read(self) -> None:
        store = PatientStore(is_patient=False)
        self.start(store, FEW).connect().send(*[send(b"%d" % number) for number in range(1, 4)])
        store.close()
        after = self.start(PatientStore(store.disk, is_patient=False), FEW)
        after.connect().send(send(b"4"))
        assert resumed(after, *seen(0, "e")) == ("false", [])
        assert resumed(after, *seen(1, "e")) == ("true", [b"2", b"3", b"4"])

    def test_old_ones_are_not_read_once_they_are_pushed_out(self) -> None:
        store = PatientStore(is_patient=False)
        self.start(store, FEW).connect().send(send(b"1"))
        store.close()
        after = self.start(PatientStore(store.disk), FEW)
        after.connect().send(*[send(b"%d" % number) for number in range(2, 6)])
        assert resumed(after, *seen(2, "e")) == ("true", [b"3", b"4", b"5"])

    def test_what_was_heard_and_not_yet_safe_when_the_broker_broke_off_is_not_taken_for_something_else(
        self,
    ) -> None:
        store = PatientStore()
        before = self.start(store)
        before.connect().send(send(b"1"))
        store.settle()
        before.flush()
        before.connect().send(send(b"2"))  # heard as offset 2, and lost
        after = self.start(PatientStore(store.disk, is_patient=False))
        after.connect().send(*[send(b"%d" % number) for number in range(3, 9)])
        assert resumed(after, *seen(2, "e")) == ("false", [])
        assert resumed(after, *seen(1, "e")) == ("true", [b"3", b"4", b"5", b"6", b"7", b"8"])

    def test_what_was_heard_of_a_topic_that_is_lost_as_a_whole_is_not_taken_for_something_else(self) -> None:
        store = PatientStore()
        self.start(store).connect().send(send(b"1"))  # heard as offset 1, and lost
        after = self.start(PatientStore(store.disk, is_patient=False))
        after.connect().send(send(b"2"), send(b"3"))
        assert resumed(after, *seen(1, "e")) == ("false", [])

    @pytest.mark.parametrize("is_clean", [True, False])
    def test_what_was_sent_before_the_leap_is_there_after_another_restart(self, is_clean: bool) -> None:
        store = PatientStore(is_patient=False)
        self.start(store, FEW).connect().send(send(b"1"))
        after_crash = PatientStore(store.disk, is_patient=False)
        self.start(after_crash, FEW).connect().send(send(b"2"))
        if is_clean:
            after_crash.close()
        again = self.start(PatientStore(store.disk, is_patient=False), FEW)
        again.connect().send(send(b"3"))
        assert resumed(again, *seen(1, "e")) == ("true", [b"2", b"3"])
        again.connect().send(send(b"4"), send(b"5"))
        assert resumed(again, *seen(1, "e")) == ("false", [])
        assert resumed(again, "from-seq:0") == ("true", [b"3", b"4", b"5"])

    def test_who_came_after_that_can_resume(self) -> None:
        store = PatientStore(is_patient=False)
        self.start(store).connect().send(send(b"1"))
        after = self.start(PatientStore(store.disk, is_patient=False))
        client = after.connect()
        client.send(listening())
        _, epoch, offset = receipt(client.frames())
        after.connect().send(send(b"2"))
        assert (epoch, resumed(after, *seen(int(offset or 0), "e"))) == ("e", ("true", [b"2"]))

    def test_receipts_wait_until_the_history_is_safe(self) -> None:
        store = PatientStore(Disk())
        wire = self.start(store)
        client = wire.connect()
        client.send(send(b"1", "receipt:s"))
        assert client.frames() == []
        store.settle()
        wire.flush()
        assert client.frame().header("receipt-id") == "s"


def _start(store: PatientStore, config: TopicConfig = MANY) -> Wire:
    return with_history(config, store)


def test_what_was_sent_while_there_was_no_history_is_missed_by_whom_there_is_one_for_again() -> None:
    store = PatientStore(is_patient=False)
    _start(store).connect().send(send(b"1"))
    store.close()
    without = PatientStore(store.disk, is_patient=False)
    _start(without, TopicConfig()).connect().send(send(b"2"), send(b"3"))
    without.close()
    again = _start(PatientStore(store.disk, is_patient=False))
    again.connect().send(send(b"4"))
    assert resumed(again, *seen(1, "e")) == ("false", [])
    assert resumed(again, "from-seq:0") == ("true", [b"4"])


def test_where_nothing_was_sent_meanwhile_nothing_was_missed() -> None:
    store = PatientStore(is_patient=False)
    _start(store).connect().send(send(b"1"), send(b"2"))
    store.close()
    without = PatientStore(store.disk, is_patient=False)
    _start(without, TopicConfig())
    without.close()
    assert resumed(_start(PatientStore(store.disk, is_patient=False)), *seen(1, "e")) == ("true", [b"2"])


def test_what_a_full_disk_had_no_room_for_is_written_later_and_in_its_order() -> None:
    store = PatientStore(is_patient=False)
    wire = with_history(TopicConfig(retained=True, history_messages=9), store)
    gone = wire.connect()
    gone.send(frame("SUBSCRIBE", "id:d", "destination:/topic/a", "persistent:true"))
    gone.leave()
    sender = wire.connect("1.2", "hoofbeat-soft-errors:true")
    store.is_full = True
    sender.send(send(b"1", "persistent:true", "receipt:r"))
    assert sender.frame().header("message") == "disk is full"
    store.is_full = False
    sender.send(send(b"2"))
    wire.pass_time(2.0)
    store.close()
    after = _start(PatientStore(store.disk, is_patient=False), TopicConfig(retained=True, history_messages=9))
    assert resumed(after, *seen(0, "e")) == ("true", [b"1", b"2"])
    assert resumed(after) == (None, [b"2"])


def test_writes_that_have_an_order_do_not_overtake_each_other() -> None:
    store = PatientStore()
    wire = _start(store)
    for number in range(1, 4):
        wire.connect().send(send(b"%d" % number))
    assert store.on_the_way == 1
    store.settle()
    wire.flush()
    assert sorted(store.disk.kept["/topic/a"]) == [1, 2, 3]


def test_who_outruns_the_disk_is_held_until_it_has_caught_up_and_others_are_not() -> None:
    store = PatientStore()
    wire = with_history(TopicConfig(history_messages=100, history_bytes=100_000_000), store)
    client, other = wire.connect(), wire.connect()
    for number in range(40):
        client.send(send(b"%d" % number + b"x" * 500_000))
    assert wire.broker.stats.messages_received < 20
    other.send(frame("SEND", "destination:/queue/passing", "receipt:r"))
    assert other.frame().header("receipt-id") == "r"
    while store.on_the_way:
        store.settle()
        wire.flush()
    assert len(store.disk.kept["/topic/a"]) == 40


class TestOver:
    """A history of the last start, of which all is too old, makes room for another."""

    def start(self, store: PatientStore) -> Wire:
        return Wire(SHORT, store=store, epoch="later")

    def test_it_does_when_so_much_time_has_passed_since_the_start(self) -> None:
        store = PatientStore(is_patient=False)
        self.start(store).connect().send(send(b"1"), send(b"2"))
        store.close()
        disk = store.disk
        store = PatientStore(disk, is_patient=False)
        wire = self.start(store)
        client = wire.connect()
        client.send(listening(to="/topic/*"), send(b"3", to="/topic/b"))
        wire.pass_time(5.1)
        client.send(send(b"4", to="/topic/c"))
        wire.flush()
        assert [heard.get("offset") for heard in client.frames()] == [None, None, "3"]
        store.close()
        wire = self.start(PatientStore(disk, is_patient=False))
        assert resumed(wire, "from-seq:0", to="/topic/c") == ("true", [b"4"])
        client = wire.connect()
        client.send(listening(), send(b"5"))
        assert client.frames()[-1].get("offset") is None  # /topic/c has the one there may be

    def test_it_does_not_while_it_is_read(self) -> None:
        store = PatientStore(is_patient=False)
        self.start(store).connect().send(send(b"1"))
        store.close()
        store = PatientStore(store.disk)
        wire = self.start(store)
        reader, client = wire.connect(), wire.connect()
        reader.send(listening("from-seq:1"))
        wire.pass_time(5.1)
        client.send(listening(to="/topic/b"), send(b"2", to="/topic/b"))
        store.settle()
        wire.flush()
        assert client.frames()[-1].get("offset") is None
        assert receipt(reader.frames()) == ("false", "e", "1")
