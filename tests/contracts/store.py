"""What every store must do, whatever it keeps its records in."""

import time
from collections.abc import Callable, Sequence
from queue import SimpleQueue
from typing import Any

from hoofbeat.errors import Refused
from hoofbeat.stores.base import (
    LEAP,
    Append,
    Change,
    DurableSubscription,
    Entry,
    Forget,
    Key,
    Mark,
    Put,
    Recovered,
    Remember,
    Remove,
    Retain,
    Store,
    StoredMessage,
    Subscribe,
    Trim,
    Unsubscribe,
)

WAIT_SECONDS = 10.0

HEADERS = b"\ndestination:/queue/a"  # of every message
ONE = len(HEADERS) + 1  # octets of one whose body is one octet


class Asker:
    """Asks a store on one thread, and waits for what it answers.

    Attributes:
        answers: what the store has posted, to be called here.
    """

    def __init__(self, store: Store, answers: SimpleQueue[Callable[[], None]] | None = None) -> None:
        """Ask ``store``, which posts its answers to ``answers``, or answers at once."""
        self.store = store
        self._answers: SimpleQueue[Callable[[], None]] = answers or SimpleQueue()

    def wait(self, got: list[Any]) -> Any:
        """Call what is posted until there is an answer, and return that."""
        end = time.monotonic() + WAIT_SECONDS
        while not got:
            self.wait_for_one(max(0.0, end - time.monotonic()))
        return got[0]

    def wait_for_one(self, seconds: float = WAIT_SECONDS) -> None:
        """Call what is posted next."""
        self._answers.get(timeout=seconds)()

    def write(self, *changes: Change) -> Refused | None:
        got: list[Refused | None] = []
        self.store.write(changes, got.append)
        refused: Refused | None = self.wait(got)
        return refused

    def page(
        self, queue: str, priority: int = 4, after: int = 0, most: int = 100, most_bytes: int = 10**6
    ) -> list[Entry]:
        got: list[Sequence[Entry]] = []
        self.store.read(queue, priority, after, most, most_bytes, got.append)
        return list(self.wait(got))

    def bodies(
        self, queue: str, priority: int = 4, after: int = 0, most: int = 100, most_bytes: int = 10**6
    ) -> list[bytes]:
        return [each.message.body for each in self.page(queue, priority, after, most, most_bytes)]

    def history(self, topic: str, offset: int = 0, most: int = 100, most_bytes: int = 10**6) -> list[Any]:
        got: list[Sequence[Any]] = []
        self.store.replay(topic, offset, most, most_bytes, got.append)
        return list(self.wait(got))


def message(number: int, body: bytes = b"", priority: int = 4) -> StoredMessage:
    body = body or b"%d" % number
    return StoredMessage(number, b"e-", "/queue/a", priority, 0, HEADERS, body)


def put(*numbers: int, queue: str = "/queue/a", priority: int = 4) -> Put:
    return Put([queue], [message(number, priority=priority) for number in numbers])


def keys(*numbers: int, priority: int = 4) -> list[Key]:
    return [Key(priority, number) for number in numbers]


class StoreContract:
    """Subclass it, and say how a store is opened, again and again, on what was left."""

    def open(self, place: Any) -> Asker:
        """Open what is at ``place``; whoever had it open has ended, in order or not."""
        raise NotImplementedError

    def break_off(self, asker: Asker, place: Any) -> None:
        """End without order, after what was answered."""
        raise NotImplementedError

    def start(self, place: Any) -> tuple[Asker, Recovered]:
        asker = self.open(place)
        return asker, asker.store.recover()

    def again(self, asker: Asker, place: Any) -> tuple[Asker, Recovered]:
        asker.store.close()
        return self.start(place)

    def test_what_was_put_is_read_in_order(self, place: Any) -> None:
        asker, _ = self.start(place)
        assert asker.write(put(1, 2), put(3)) is None
        assert asker.page("/queue/a")[0] == Entry(message(1), 0, 0)
        assert asker.bodies("/queue/a") == [b"1", b"2", b"3"]
        assert asker.bodies("/queue/a", after=1) == [b"2", b"3"]
        assert asker.bodies("/queue/a", most=2) == [b"1", b"2"]
        assert asker.bodies("/queue/a", priority=5) == []
        assert asker.bodies("/queue/b") == []
        asker.store.close()

    def test_a_page_ends_where_it_is_large_enough_and_one_always_fits(self, place: Any) -> None:
        asker, _ = self.start(place)
        asker.write(Put(["/queue/a"], [message(number, b"x" * 10) for number in (1, 2, 3)]))
        assert len(asker.bodies("/queue/a", most_bytes=len(HEADERS) + 11)) == 2
        assert len(asker.bodies("/queue/a", most_bytes=len(HEADERS) + 10)) == 1
        assert len(asker.bodies("/queue/a", most_bytes=1)) == 1
        asker.store.close()

    def test_what_is_removed_is_gone_and_what_is_unknown_is_ignored(self, place: Any) -> None:
        asker, _ = self.start(place)
        asker.write(put(1, 2, 3))
        asker.write(Remove("/queue/a", keys(1, 9)), Remove("/queue/b", keys(2)), Remove("/queue/a", keys(1)))
        assert asker.bodies("/queue/a") == [b"2", b"3"]
        asker.store.close()

    def test_a_message_in_several_queues_is_there_until_the_last_lets_it_go(self, place: Any) -> None:
        asker, _ = self.start(place)
        asker.write(Put(["a", "b"], [message(1), message(2)]), Put(["c"], [message(3)]))
        asker.write(Remove("a", keys(1, 2)), Remove("a", keys(1)))
        assert asker.bodies("a") == []
        asker, _ = self.again(asker, place)
        assert asker.bodies("b") == [b"1", b"2"]
        asker.write(Remove("b", keys(1)), Unsubscribe("b"), Remove("c", keys(3)))
        assert asker.bodies("b") == asker.bodies("c") == []
        assert self.again(asker, place)[1].waiting == []

    def test_marks_are_kept_and_what_has_a_time_is_not_read(self, place: Any) -> None:
        asker, _ = self.start(place)
        asker.write(put(1, 2), Mark("/queue/a", keys(1, 2, 7), [3, 4, 5]), Mark("/queue/a", keys(2), [6], 99))
        assert asker.page("/queue/a") == [Entry(message(1), 3, 0)]
        asker, recovered = self.again(asker, place)
        assert list(recovered.delayed) == [("/queue/a", Entry(message(2), 6, 99))]
        assert [tuple(each) for each in recovered.waiting] == [("/queue/a", 4, 1, ONE, 1)]
        asker.store.close()

    def test_the_next_start_knows_what_waits_and_how_the_last_one_ended(self, place: Any) -> None:
        asker, first = self.start(place)
        assert first.is_clean
        assert first.next_number == 1
        asker.write(put(1, 2), put(3, queue="/queue/b", priority=9), put(4, priority=0))
        asker, second = self.again(asker, place)
        assert second.is_clean
        assert second.epoch == first.epoch
        assert second.next_number == 5
        waiting = [("/queue/a", 4, 2, 2 * ONE, 2), ("/queue/a", 0, 1, ONE, 4), ("/queue/b", 9, 1, ONE, 3)]
        assert [tuple(each) for each in second.waiting] == waiting
        self.break_off(asker, place)
        asker, third = self.start(place)
        assert not third.is_clean
        assert third.waiting == second.waiting
        asker.store.close()

    def test_offsets_of_new_histories_leap_after_an_end_without_order(self, place: Any) -> None:
        asker, first = self.start(place)
        self.break_off(asker, place)
        asker, second = self.start(place)
        asker, third = self.again(asker, place)
        found = [first.first_offset, second.first_offset, third.first_offset]
        assert found == [1, 1 + LEAP, 1 + LEAP]
        asker.store.close()

    def test_a_number_that_is_gone_never_comes_again(self, place: Any) -> None:
        asker, _ = self.start(place)
        asker.write(put(41), Remove("/queue/a", keys(41)))
        asker, second = self.again(asker, place)
        assert second.next_number == 42
        asker.write(put(50), Remove("/queue/a", keys(50)), Append("/topic/a", 1, [message(60)], 1))
        asker.write(Trim("/topic/a", 2))
        self.break_off(asker, place)
        asker, third = self.start(place)
        assert third.next_number > 60
        asker.store.close()

    def test_what_is_transient_is_there_until_the_next_start(self, place: Any) -> None:
        asker, _ = self.start(place)
        asker.write(put(1), Put(["/queue/a"], [message(2)], is_transient=True))
        assert asker.bodies("/queue/a") == [b"1", b"2"]
        asker, _ = self.again(asker, place)
        assert asker.bodies("/queue/a") == [b"1"]
        asker.store.close()

    def test_durable_subscriptions_are_kept_and_go_with_what_waits_for_them(self, place: Any) -> None:
        asker, _ = self.start(place)
        first = DurableSubscription("d", "/topic/a", "", "ann", is_proven=False)
        second = first._replace(selector="a = 1", is_proven=True)
        asker.write(Subscribe(first), Subscribe(second), put(1, queue="d"))
        asker, recovered = self.again(asker, place)
        assert list(recovered.subscriptions) == [second]
        assert recovered.subscriptions[0].is_proven is True
        asker.write(Unsubscribe("d"), Unsubscribe("unknown"))
        asker, recovered = self.again(asker, place)
        assert list(recovered.subscriptions) == list(recovered.waiting) == []
        asker.store.close()

    def test_the_last_value_of_a_topic_is_kept(self, place: Any) -> None:
        asker, _ = self.start(place)
        asker.write(put(1), Retain("/topic/a", message(1)), Retain("/topic/b", message(2)))
        asker.write(Retain("/topic/a", message(3)), Retain("/topic/b", None), Retain("/topic/c", None))
        asker, recovered = self.again(asker, place)
        assert list(recovered.retained) == [("/topic/a", message(3))]
        assert asker.bodies("/queue/a") == [b"1"]
        asker.store.close()

    def test_ids_of_senders_are_known_until_they_are_forgotten(self, place: Any) -> None:
        asker, _ = self.start(place)
        asker.write(Remember("/queue/a", ["1", "2"], [20, 10]), Remember("/queue/b", ["1"], [15]))
        asker.write(Remember("/queue/a", ["2"], [30]), Forget("/queue/b", ["1", "unknown"]))
        asker, recovered = self.again(asker, place)
        assert list(recovered.ids) == [("/queue/a", "1", 20), ("/queue/a", "2", 30)]
        asker.store.close()

    def test_offsets_go_on_behind_the_highest_whatever_was_written_last(self, place: Any) -> None:
        asker, _ = self.start(place)
        asker.write(Append("/topic/a", 3, [message(3)], 8))
        asker.write(Append("/topic/a", 1, [message(1)], 7), Append("/topic/b", 7, (), 7))
        asker, recovered = self.again(asker, place)
        assert sorted(tuple(each) for each in recovered.histories) == [("/topic/a", 1, 4), ("/topic/b", 7, 7)]
        asker.store.close()

    def test_a_history_is_replayed_from_where_it_is_asked_for(self, place: Any) -> None:
        asker, _ = self.start(place)
        asker.write(
            Append("/topic/a", 1, [message(1), message(2)], 7), Append("/topic/a", 3, [message(3)], 8)
        )
        assert asker.history("/topic/a", 2) == [(2, 7, message(2)), (3, 8, message(3))]
        assert asker.history("/topic/a", 1, most=1) == [(1, 7, message(1))]
        assert asker.history("/topic/a", 1, most_bytes=1) == [(1, 7, message(1))]
        assert len(asker.history("/topic/a", 1, most_bytes=ONE)) == 1
        assert len(asker.history("/topic/a", 1, most_bytes=ONE + 1)) == 2
        assert asker.history("/topic/b") == []
        asker.write(Trim("/topic/a", 3), Trim("/topic/b", 3))
        asker, recovered = self.again(asker, place)
        assert ("/topic/a", 3, 4) in [tuple(each) for each in recovered.histories]
        asker.write(Trim("/topic/a", 4))
        asker, recovered = self.again(asker, place)
        assert ("/topic/a", 4, 4) in [tuple(each) for each in recovered.histories]
        asker.store.close()
