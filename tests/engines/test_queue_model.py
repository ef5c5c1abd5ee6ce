"""Queues beside a plain model of them: whatever happens in whatever order, with and without a store.

The model has one consumer a queue, so it knows what comes next; the store makes writes safe when the
machine says so, and may break off at any time. What was receipted must be there then, and nothing
that was not sent or that was acknowledged and receipted.
"""

import shutil
from dataclasses import dataclass, field

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from hoofbeat.config import BrokerConfig, QueueConfig
from hoofbeat.stores.base import Entry
from tests.conformance.wire import Client, Heard, Wire, frame, settlement
from tests.patient_store import Disk, PatientStore
from tests.reticent_store import ReticentStore, new_directory

NAMES = ("/queue/a", "/queue/b")
PRIORITIES = (2, 4, 9)
REDELIVERIES = 3


@dataclass
class Sent:
    """A message, as the model knows it."""

    body: bytes
    number: int
    priority: int
    is_persistent: bool
    deliveries: int = 0

    @property
    def place(self) -> tuple[int, int]:
        return (-self.priority, self.number)


@dataclass
class Model:
    """One queue and its consumer."""

    waiting: list[Sent] = field(default_factory=list)
    held: dict[bytes, tuple[Sent, Heard]] = field(default_factory=dict)
    prefetch: int = 0
    is_auto: bool = False
    expected: list[Sent] = field(default_factory=list)

    def deliver(self) -> None:
        """Give the consumer what it gets now."""
        while self.waiting and (self.is_auto or len(self.held) + len(self.expected) < self.prefetch):
            self.waiting.sort(key=lambda sent: sent.place)
            self.expected.append(self.waiting.pop(0))


class Queues(RuleBasedStateMachine):
    """Senders, consumers, a store, and ends of the broker."""

    @initialize(window=st.integers(1, 8), has_store=st.booleans())
    def begin(self, window: int, has_store: bool) -> None:
        """Start the first broker."""
        queue = QueueConfig(window_messages=window, redeliveries=REDELIVERIES, dead_letter_destination="")
        self.config = BrokerConfig(queue=queue)
        self.has_store = has_store
        self.prepare()
        self.sent = 0
        self.receipted: set[str] = set()
        self.models = {name: Model() for name in NAMES}
        self.start()

    def start(self) -> None:
        """Start a broker on the disk."""
        self.store = self.open() if self.has_store else None
        self.wire = Wire(self.config, store=self.store)
        self.sender = self.wire.connect()
        self.consumers: dict[str, Client] = {}

    # What the disk is.

    def prepare(self) -> None:
        """Make a disk."""
        self.disk = Disk()

    def open(self) -> PatientStore | ReticentStore:
        """Open what is on the disk."""
        return PatientStore(self.disk, reads_at_once=True)

    def break_off(self, lost: int) -> None:
        """Leave the disk without order."""

    def kept(self, name: str) -> list[Entry]:
        """Return what the last start left in a queue."""
        return [entry for entry, _ in self.disk.queues.get(name, {}).values()]

    # What clients do.

    @rule(
        name=st.sampled_from(NAMES),
        kinds=st.lists(st.booleans(), min_size=1, max_size=12),
        priority=st.sampled_from(PRIORITIES),
        is_transaction=st.booleans(),
        is_slow=st.booleans(),
    )
    def send(self, name: str, kinds: list[bool], priority: int, is_transaction: bool, is_slow: bool) -> None:
        """Send messages in one read, some of them persistent, all of one priority, so that order is known.

        The disk has them at once, or is slow.
        """
        frames = []
        for is_persistent in kinds:
            self.sent += 1
            body = b"%d" % self.sent
            self.models[name].waiting.append(Sent(body, self.sent, priority, is_persistent))
            self.models[name].deliver()
            headers = [f"destination:{name}", f"priority:{priority}"]
            headers += ["persistent:true"] * is_persistent
            headers += ["transaction:t"] if is_transaction else [f"receipt:{self.sent}"]
            frames.append(frame("SEND", *headers, body=body))
        if is_transaction:
            end = frame(
                "COMMIT",
                "transaction:t",
                "receipt:" + ",".join(str(self.sent - at) for at in range(len(kinds))),
            )
            frames = [frame("BEGIN", "transaction:t"), *frames, end]
        self.sender.send(*frames)
        self.deliver()
        if self.has_store and not is_slow:
            self.make_safe(1000)

    @rule(name=st.sampled_from(NAMES), prefetch=st.integers(1, 5), is_auto=st.booleans())
    def consume(self, name: str, prefetch: int, is_auto: bool) -> None:
        """Subscribe, if nobody has."""
        if name in self.consumers:
            return
        client = self.consumers[name] = self.wire.connect()
        ack = "auto" if is_auto else "client-individual"
        self.models[name].prefetch, self.models[name].is_auto = prefetch, is_auto
        client.send(
            frame("SUBSCRIBE", "id:0", f"destination:{name}", f"ack:{ack}", f"prefetch-count:{prefetch}")
        )
        self.deliver()

    @rule(
        name=st.sampled_from(NAMES),
        outcome=st.sampled_from(("ACK", "ACK", "ACK", "NACK", "REJECT")),
        at=st.integers(0, 4),
    )
    def settle(self, name: str, outcome: str, at: int) -> None:
        """Settle a delivery."""
        model = self.models[name]
        if not model.held:
            return
        body = list(model.held)[at % len(model.held)]
        sent, heard = model.held.pop(body)
        if outcome == "NACK":
            self.give_back(model, [sent])
        more = ["requeue:false"] if outcome == "REJECT" else []
        command = "ACK" if outcome == "ACK" else "NACK"
        receipt = [] if outcome == "NACK" else [f"receipt:gone {body.decode()}"]
        self.consumers[name].send(settlement(command, "1.2", heard, *more, *receipt))
        self.deliver()

    @rule(name=st.sampled_from(NAMES))
    def leave(self, name: str) -> None:
        """Break a consumer off."""
        if name not in self.consumers:
            return
        model = self.models[name]
        self.hear(name)
        self.give_back(model, [sent for sent, _ in model.held.values()])
        model.held, model.prefetch, model.is_auto = {}, 0, False
        self.consumers.pop(name).leave()
        self.deliver()

    def give_back(self, model: Model, messages: list[Sent]) -> None:
        """Have messages wait again, but for those tried too often."""
        for sent in messages:
            sent.deliveries += 1
            if sent.deliveries <= REDELIVERIES:
                model.waiting.append(sent)

    # What the store does.

    @precondition(lambda self: self.has_store)
    @rule(most=st.integers(1, 3))
    def make_safe(self, most: int) -> None:
        """Let some writes be safe."""
        assert self.store is not None
        self.store.settle(most)
        self.wire.flush()
        self.deliver()

    @precondition(lambda self: self.has_store)
    @rule()
    def restart(self) -> None:
        """End the broker in order; start another."""
        self.deliver()
        for name in list(self.consumers):
            self.leave(name)
        self.wire.broker.engine.close()
        self.receipts(self.sender)
        self.start()
        self.compare(is_clean=True)

    @precondition(lambda self: self.has_store)
    @rule(lost=st.sampled_from((0, 1, 2, 9)))
    def crash(self, lost: int) -> None:
        """Break the broker off, and lose writes that nobody was told of; start another."""
        self.deliver()
        self.break_off(lost)
        self.start()
        self.compare(is_clean=False)

    def compare(self, *, is_clean: bool) -> None:
        """Compare what the last start left with the models."""
        for name, model in self.models.items():
            self.check(name, model, is_clean)

    def check(self, name: str, model: Model, is_clean: bool) -> None:
        """Compare the disk with the model, and have the model go on with what is there."""
        here = {entry.message.body: entry for entry in self.kept(name)}
        known = [*model.waiting, *[sent for sent, _ in model.held.values()]]
        persistent = {sent.body: sent for sent in known if sent.is_persistent}
        for body in persistent:
            is_safe = is_clean or body.decode() in self.receipted
            assert body in here or not is_safe, f"{body!r} was receipted and is lost"
        for body in here:
            assert f"gone {body.decode()}" not in self.receipted, f"{body!r} was acknowledged and is back"
            assert not is_clean or body in persistent, f"{body!r} is back after a clean stop"
        numbers = {entry.message.body: entry.message for entry in here.values()}
        model.waiting = [
            Sent(body, int(body), numbers[body].priority, True, entry.deliveries or (not is_clean))
            for body, entry in here.items()
        ]
        model.held, model.prefetch, model.is_auto = {}, 0, False

    # What comes of it.

    def receipts(self, client: Client) -> list[Heard]:
        """Note receipts; return what else was heard."""
        heard = client.frames()
        assert all(each.command in ("RECEIPT", "MESSAGE") for each in heard), heard
        for each in heard:
            if each.command == "RECEIPT":
                self.receipted.update(each.header("receipt-id").split(","))
        return [each for each in heard if each.command == "MESSAGE"]

    def hear(self, name: str) -> None:
        """Compare what a consumer got with what it should have."""
        model = self.models[name]
        heard = self.receipts(self.consumers[name])
        model.deliver()
        expected, model.expected = model.expected, []
        assert [each.body for each in heard] == [sent.body for sent in expected]
        for each, sent in zip(heard, expected, strict=True):
            assert each.header("redelivered") == ("true" if sent.deliveries else "false")
            assert each.get("delivery-count") == (str(sent.deliveries + 1) if sent.deliveries else None)
            if not model.is_auto:
                model.held[each.body] = (sent, each)

    def deliver(self) -> None:
        """Look at everybody."""
        for name in self.consumers:
            self.hear(name)
        self.receipts(self.sender)

    @invariant()
    def nothing_waits_without_a_store(self) -> None:
        """Receipts come at once, where nothing is kept."""
        if getattr(self, "has_store", True):
            return
        assert {str(number) for number in range(1, self.sent + 1)} <= self.receipted


class QueuesInAFile(Queues):
    """The same, with a store in a file."""

    @initialize(window=st.integers(1, 8), has_store=st.just(True))
    def begin(self, window: int, has_store: bool) -> None:
        """Start the first broker."""
        super().begin(window, has_store)

    def prepare(self) -> None:
        """Make a directory."""
        self.directory = new_directory()

    def open(self) -> ReticentStore:
        """Open what is in the directory."""
        self.file = ReticentStore(self.directory)
        return self.file

    def break_off(self, lost: int) -> None:
        """Go on with what is left."""
        self.directory = self.file.break_off(lost)

    def kept(self, name: str) -> list[Entry]:
        """Return what the last start left in a queue."""
        return self.file.kept(name, PRIORITIES)

    def teardown(self) -> None:
        """Leave nothing."""
        if hasattr(self, "file"):
            self.file.close()
            shutil.rmtree(self.directory)


TestQueues = Queues.TestCase
TestQueues.settings = settings(max_examples=40, stateful_step_count=50, deadline=None)
TestQueuesInAFile = QueuesInAFile.TestCase
TestQueuesInAFile.settings = settings(max_examples=20, stateful_step_count=50, deadline=None)


@pytest.mark.slow
@pytest.mark.parametrize("machine", [Queues, QueuesInAFile])
def test_queues_at_length(machine: type[Queues]) -> None:
    run_state_machine_as_test(
        machine, settings=settings(max_examples=2000, stateful_step_count=50, deadline=None)
    )
