"""The store in a file, held beside the one in memory, whatever is asked of them."""

import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test

from hoofbeat.stores.base import (
    Append,
    Change,
    DurableSubscription,
    Forget,
    Key,
    Mark,
    Put,
    Recovered,
    Remember,
    Remove,
    Retain,
    StoredMessage,
    Subscribe,
    Trim,
    Unsubscribe,
)
from hoofbeat.stores.memory import MemoryStore
from hoofbeat.stores.sqlite import SqliteStore
from tests.contracts.store import Asker

QUEUES = st.sampled_from(["/queue/a", "/queue/b", "durable"])
TOPICS = st.sampled_from(["/topic/a", "/topic/b"])
PRIORITIES = st.integers(3, 5)
TIMES = st.sampled_from([0, 0, 0, 50, 60])
IDS = st.lists(st.sampled_from("abcdef"), max_size=4, unique=True)
BODIES = st.binary(max_size=20)


class Stores(RuleBasedStateMachine):
    """Asks both the same, and compares what they answer."""

    def __init__(self) -> None:
        super().__init__()
        self.directory = Path(tempfile.mkdtemp(prefix="hoofbeat-model-"))
        self.memory = Asker(MemoryStore())
        self.memory.store.recover()
        self.number = 0
        self.keys: list[Key] = []
        self.offsets: dict[str, int] = {}
        self.changes: list[Change] = []
        self.file = self.open()

    def open(self) -> Asker:
        answers: SimpleQueue[Callable[[], None]] = SimpleQueue()
        file = Asker(SqliteStore(self.directory, post=answers.put, fatal=self.stop), answers)
        self.recovered = file.store.recover()
        return file

    def stop(self, error: Exception) -> None:
        raise AssertionError(error)

    def message(self, body: bytes, priority: int) -> StoredMessage:
        self.number += 1
        self.keys.append(Key(priority, self.number))
        return StoredMessage(self.number, b"e-", "/queue/a", priority, len(body), b"\nx:1", body)

    def some(self, data: st.DataObject) -> list[Key]:
        keys = [*self.keys[-12:], Key(4, 1_000_000)]
        return data.draw(st.lists(st.sampled_from(keys), max_size=6, unique=True))

    # One write is any number of changes.

    @rule(
        queues=st.lists(QUEUES, min_size=1, max_size=3, unique=True),
        bodies=st.lists(BODIES, max_size=5),
        priority=PRIORITIES,
        time=TIMES,
        is_transient=st.booleans(),
    )
    def put(
        self, queues: list[str], bodies: list[bytes], priority: int, time: int, is_transient: bool
    ) -> None:
        messages = [self.message(body, priority) for body in bodies]
        self.changes.append(Put(queues, messages, time, is_transient))

    @rule(queue=QUEUES, data=st.data())
    def remove(self, queue: str, data: st.DataObject) -> None:
        self.changes.append(Remove(queue, self.some(data)))

    @rule(queue=QUEUES, data=st.data(), time=TIMES)
    def mark(self, queue: str, data: st.DataObject, time: int) -> None:
        keys = self.some(data)
        self.changes.append(Mark(queue, keys, [key.number % 7 for key in keys], time))

    @rule(selector=st.sampled_from(["", "a = 1"]), is_there=st.booleans())
    def subscribe(self, selector: str, is_there: bool) -> None:
        subscription = DurableSubscription("durable", "/topic/a", selector, "ann")
        self.changes.append(Subscribe(subscription) if is_there else Unsubscribe("durable"))

    @rule(topic=TOPICS, body=st.none() | BODIES)
    def retain(self, topic: str, body: bytes | None) -> None:
        self.changes.append(Retain(topic, None if body is None else self.message(body, 4)))

    @rule(topic=TOPICS, bodies=st.lists(BODIES, min_size=1, max_size=4))
    def append(self, topic: str, bodies: list[bytes]) -> None:
        offset = self.offsets.get(topic, 1)
        self.offsets[topic] = offset + len(bodies)
        self.changes.append(Append(topic, offset, [self.message(body, 4) for body in bodies], 7))

    @rule(topic=TOPICS, back=st.integers(0, 5))
    def trim(self, topic: str, back: int) -> None:
        if topic in self.offsets:
            self.changes.append(Trim(topic, max(1, self.offsets[topic] - back)))

    @rule(queue=QUEUES, ids=IDS, data=st.data())
    def remember(self, queue: str, ids: list[str], data: st.DataObject) -> None:
        times = data.draw(st.lists(st.integers(1, 9), min_size=len(ids), max_size=len(ids)))
        self.changes.append(Remember(queue, ids, times))

    @rule(queue=QUEUES, ids=IDS)
    def forget(self, queue: str, ids: list[str]) -> None:
        self.changes.append(Forget(queue, ids))

    # And then both are asked.

    @rule()
    def write(self) -> None:
        changes, self.changes = self.changes, []
        assert self.file.write(*changes) == self.memory.write(*changes)

    @rule()
    def write_apart(self) -> None:
        """As many writes as there are changes, which come to one commit."""
        got: list[Any] = []
        for change in self.changes:
            self.file.store.write([change], lambda refused: None)
        self.file.store.write([], got.append)
        assert self.file.wait(got) is None
        self.memory.write(*self.changes)
        self.changes = []

    @rule(queue=QUEUES, priority=PRIORITIES, back=st.integers(0, 12), most=st.integers(1, 9), size=BODIES)
    def read(self, queue: str, priority: int, back: int, most: int, size: bytes) -> None:
        asked = (queue, priority, max(0, self.number - back), most, 1 + 4 * len(size))
        assert self.file.page(*asked) == self.memory.page(*asked)

    @rule(topic=TOPICS, offset=st.integers(0, 12), most=st.integers(1, 9), size=BODIES)
    def replay(self, topic: str, offset: int, most: int, size: bytes) -> None:
        asked = (topic, offset, most, 1 + 4 * len(size))
        assert self.file.history(*asked) == self.memory.history(*asked)

    @rule()
    def close_and_open(self) -> None:
        self.file.store.close()
        self.memory.store.close()
        self.recover()

    @rule()
    def break_off_and_open(self) -> None:
        """An end without order, as if by the loss of power: who takes over has a copy."""
        left = self.file
        copy = self.directory.with_name(f"{self.directory.name}'")
        shutil.copytree(self.directory, copy, ignore=shutil.ignore_patterns("*.ballast"))
        left.store.close()
        shutil.rmtree(self.directory)
        self.directory = copy
        self.recover()

    def recover(self) -> None:
        self.file = self.open()
        expected = self.memory.store.recover()
        assert comparable(self.recovered) == comparable(expected)
        assert self.recovered.next_number >= expected.next_number
        times = [time for _, _, time in self.recovered.ids]
        assert times == sorted(times)

    def teardown(self) -> None:
        self.close_and_open()
        for queue in ("/queue/a", "/queue/b", "durable"):
            for priority in range(3, 6):
                assert self.file.page(queue, priority, 0, 1000) == self.memory.page(queue, priority, 0, 1000)
        self.file.store.close()
        shutil.rmtree(self.directory)


def comparable(recovered: Recovered) -> dict[str, Any]:
    """Leave out what may differ: the epoch, how far numbers leap, and the order where none is promised."""
    fields = recovered._asdict()
    del fields["epoch"], fields["next_number"]
    return {name: sorted(value) if isinstance(value, list) else value for name, value in fields.items()}


def check(examples: int, steps: int) -> None:
    run_state_machine_as_test(
        Stores,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )


def test_a_store_in_a_file_answers_as_one_in_memory() -> None:
    check(25, 40)


@pytest.mark.slow
def test_a_store_in_a_file_answers_as_one_in_memory_for_long() -> None:
    check(2000, 50)
