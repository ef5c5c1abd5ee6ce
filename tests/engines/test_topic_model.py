"""Topics that keep things, beside a plain model of them: histories, last values, durable subscriptions.

With a store, in a file, the broker may break off at any time: what was receipted must be there then, no
offset may ever stand for two messages, and who comes back gets all it missed or is told that it does not.
"""

import shutil
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)

from hoofbeat.config import BrokerConfig, QueueConfig, TopicConfig
from hoofbeat.stores.base import LEAP, Recovered
from tests.conformance.wire import Client, Heard, Wire, frame, settlement
from tests.reticent_store import ReticentStore, new_directory

VALUE = "/topic/value"
TOPICS = ("/topic/kept.a", "/topic/kept.b", VALUE)
DURABLES = {"one": "/topic/kept.a", "all": "/topic/kept.*"}
ALL = 1_000_000


@dataclass
class Sent:
    """A message, as the model knows it."""

    body: bytes
    topic: str
    offset: int
    is_persistent: bool
    deliveries: int = 0

    @property
    def number(self) -> int:
        return int(self.body)


@dataclass
class Topic:
    """What was sent to a topic and is not lost, its last value after each, and the next offset."""

    log: list[Sent] = field(default_factory=list)
    values: list[bytes | None] = field(default_factory=list)
    following: int = 1

    @property
    def value(self) -> bytes | None:
        return self.values[-1] if self.values else None


@dataclass
class Durable:
    """A durable subscription: what waits for it, and what its consumer has in hand."""

    waiting: list[Sent] = field(default_factory=list)
    held: dict[bytes, tuple[Sent, Heard]] = field(default_factory=dict)
    request: str = ""  # receipt of the last SUBSCRIBE or UNSUBSCRIBE that was of consequence
    is_there: bool = False


class Topics(RuleBasedStateMachine):
    """Senders, subscribers that come and go, a store, and ends of the broker."""

    store: ReticentStore | None = None
    directory: Path | None = None

    @initialize(most=st.integers(1, 6), has_store=st.sampled_from((True, True, True, False)))
    def begin(self, most: int, has_store: bool) -> None:
        """Start the first broker."""
        self.most, self.has_store = most, has_store
        self.config = BrokerConfig(
            queue=QueueConfig(redeliveries=1000),
            topic=TopicConfig(history_messages=most),
            topics={VALUE: TopicConfig(history_messages=most, retained=True)},
        )
        if has_store:
            self.directory = new_directory()
        self.sent = self.requests = 0
        self.receipted: set[str] = set()
        self.acked: set[tuple[str, bytes]] = set()
        self.seen: dict[str, list[tuple[int, bytes]]] = {name: [] for name in TOPICS}
        self.topics = {name: Topic() for name in TOPICS}
        self.durables = {id: Durable() for id in DURABLES}
        self.start()

    def start(self) -> None:
        """Start a broker on what is there."""
        self.store = ReticentStore(self.directory) if self.directory is not None else None
        self.wire = Wire(self.config, store=self.store, epoch="e")
        self.sender = self.wire.connect()
        self.listener = self.wire.connect()
        for name in TOPICS:
            self.listener.send(frame("SUBSCRIBE", f"id:{name}", f"destination:{name}", "from-seq:-1"))
        self.consumers: dict[str, Client] = {}
        self.live: list[Sent] = []
        self.epoch = self.store.recovered.epoch if self.store is not None else "e"

    # What clients do.

    @rule(
        name=st.sampled_from(TOPICS),
        kinds=st.lists(st.booleans(), min_size=1, max_size=4),
        is_removed=st.booleans(),
        is_slow=st.booleans(),
    )
    def send(self, name: str, kinds: list[bool], is_removed: bool, is_slow: bool) -> None:
        """Send messages in one read, some of them persistent; the disk has them at once, or is slow."""
        topic, frames = self.topics[name], []
        for is_persistent in kinds:
            self.sent += 1
            sent = Sent(b"%d" % self.sent, name, topic.following, is_persistent)
            topic.following += 1
            topic.log.append(sent)
            topic.values.append(None if is_removed or name != VALUE else sent.body)
            self.seen[name].append((sent.offset, sent.body))
            self.live.append(sent)
            for id, durable in self.durables.items():
                if durable.is_there and (id == "all" or name == DURABLES[id]) and name != VALUE:
                    durable.waiting.append(Sent(sent.body, name, sent.offset, is_persistent))
            headers = [f"destination:{name}", f"receipt:{self.sent}"]
            headers += ["persistent:true"] * is_persistent
            headers += ["retain:remove"] * (is_removed and name == VALUE)
            frames.append(frame("SEND", *headers, body=sent.body))
        self.sender.send(*frames)
        self.listen()
        if not is_slow:
            self.make_safe(ALL)

    @rule(id=st.sampled_from(sorted(DURABLES)))
    def come(self, id: str) -> None:
        """Listen under a name, new or known, if nobody does."""
        if id in self.consumers:
            return
        durable = self.durables[id]
        client = self.consumers[id] = self.wire.connect()
        more = [self.request(durable)] if not durable.is_there else []
        durable.is_there = True
        to = f"destination:{DURABLES[id]}"
        ack = ("ack:client-individual", "prefetch-count:1000")
        client.send(frame("SUBSCRIBE", f"id:{id}", to, "persistent:true", *ack, *more))
        self.make_safe(ALL)

    def request(self, durable: Durable) -> str:
        """Return the header that asks for a receipt for what is asked for a durable subscription."""
        self.requests += 1
        durable.request = f"request {self.requests}"
        return f"receipt:{durable.request}"

    @rule(id=st.sampled_from(sorted(DURABLES)), at=st.integers(0, 4), is_slow=st.booleans())
    def ack(self, id: str, at: int, is_slow: bool) -> None:
        """Acknowledge a delivery."""
        durable = self.durables[id]
        if not durable.held:
            return
        body = list(durable.held)[at % len(durable.held)]
        _, heard = durable.held.pop(body)
        self.acked.add((id, body))
        self.consumers[id].send(settlement("ACK", "1.2", heard, f"receipt:gone {id} {body.decode()}"))
        self.listen()
        if not is_slow:
            self.make_safe(ALL)

    @rule(id=st.sampled_from(sorted(DURABLES)))
    def leave(self, id: str) -> None:
        """Break a consumer off: messages wait for it from now on."""
        if id not in self.consumers:
            return
        durable = self.durables[id]
        for sent, _ in durable.held.values():
            sent.deliveries += 1
            durable.waiting.append(sent)
        durable.held = {}
        self.consumers.pop(id).leave()
        self.listen()

    @rule(id=st.sampled_from(sorted(DURABLES)), is_slow=st.booleans())
    def unsubscribe(self, id: str, is_slow: bool) -> None:
        """Delete a durable subscription, if somebody listens under its name."""
        if id not in self.consumers:
            return
        durable = self.durables[id]
        self.consumers[id].send(frame("UNSUBSCRIBE", f"id:{id}", "persistent:true", self.request(durable)))
        self.listen()
        durable.waiting, durable.held, durable.is_there = [], {}, False
        if not is_slow:
            self.make_safe(ALL)
            assert durable.request in self.receipted
        self.consumers.pop(id).leave()
        self.listen()

    @rule(name=st.sampled_from(TOPICS), back=st.integers(0, 9))
    def resume(self, name: str, back: int) -> None:
        """Come back with the place of something that was heard, lost or not."""
        if not self.seen[name]:
            return
        offset, body = self.seen[name][-1 - back % len(self.seen[name])]
        topic = self.topics[name]
        place = next((at for at, sent in enumerate(topic.log, 1) if sent.offset == offset), None)
        missed = topic.log[place:] if place is not None else []
        is_all = place is not None and topic.log[place - 1].body == body and len(missed) <= self.most
        receipt, *heard = self.subscribed(name, f"offset:{offset}", f"epoch:{self.epoch}")
        assert receipt.header("recovered") == ("true" if is_all else "false")
        if is_all:
            assert [each.body for each in heard] == [sent.body for sent in missed]
            assert [each.header("offset") for each in heard] == [str(sent.offset) for sent in missed]
        else:
            self.expect_value(topic, heard)

    @rule(name=st.sampled_from(TOPICS))
    def look(self, name: str) -> None:
        """Come new: there is the last value, if there is one."""
        topic = self.topics[name]
        receipt, *heard = self.subscribed(name)
        assert receipt.header("epoch") == self.epoch
        assert receipt.header("offset") == str(topic.following - 1)
        self.expect_value(topic, heard)

    @rule(name=st.sampled_from(TOPICS))
    def replay(self, name: str) -> None:
        """Ask for all there is."""
        topic = self.topics[name]
        _, *heard = self.subscribed(name, "from-seq:0")
        kept = topic.log[-self.most :]
        if kept:
            assert [each.body for each in heard] == [sent.body for sent in kept]

    def subscribed(self, name: str, *headers: str) -> list[Heard]:
        """Return what a new subscriber hears at once."""
        client = self.wire.connect()
        client.send(frame("SUBSCRIBE", "id:0", f"destination:{name}", "receipt:r", *headers))
        self.make_safe(ALL)
        heard = client.frames()
        client.leave()
        assert heard[0].command == "RECEIPT"
        return heard

    def expect_value(self, topic: Topic, heard: list[Heard]) -> None:
        """Compare what was heard first with the last value."""
        assert [each.body for each in heard] == ([] if topic.value is None else [topic.value])
        assert all(each.header("retained") == "true" for each in heard)

    # What the store does.

    @rule(most=st.integers(1, 3))
    def make_safe(self, most: int) -> None:
        """Let some writes be safe."""
        if self.store is not None:
            self.store.settle(most)
            self.wire.flush()
        self.listen()

    @precondition(lambda self: self.has_store)
    @rule()
    def restart(self) -> None:
        """End the broker in order; start another."""
        for id in list(self.consumers):
            self.leave(id)
        self.wire.broker.engine.close()
        self.listen()
        self.start()
        self.compare(is_clean=True)

    @precondition(lambda self: self.has_store)
    @rule(lost=st.sampled_from((0, 1, 2, 9)))
    def crash(self, lost: int) -> None:
        """Break the broker off, and lose writes that nobody was told of; start another."""
        assert self.store is not None
        self.listen()
        self.directory = self.store.break_off(lost)
        self.start()
        self.compare(is_clean=False)

    # What comes of it.

    def listen(self) -> None:
        """Note receipts, and compare what live subscribers hear with what they should."""
        self.messages(self.sender)
        live, self.live = self.live, []
        heard = self.messages(self.listener)
        assert [(each.body, each.header("offset")) for each in heard] == [
            (sent.body, str(sent.offset)) for sent in live
        ]
        for id, client in self.consumers.items():
            self.hear(self.durables[id], self.messages(client))

    def messages(self, client: Client) -> list[Heard]:
        """Note receipts; return what else was heard."""
        heard = client.frames()
        assert all(each.command in ("RECEIPT", "MESSAGE") for each in heard), heard
        self.receipted |= {each.header("receipt-id") for each in heard if each.command == "RECEIPT"}
        return [each for each in heard if each.command == "MESSAGE"]

    def hear(self, durable: Durable, heard: list[Heard]) -> None:
        """Compare what a durable subscription got with what waited for it."""
        expected = sorted(durable.waiting, key=lambda sent: sent.number)
        if len(heard) < len(expected):  # a page of it is being read
            expected = expected[: len(heard)]
        assert [each.body for each in heard] == [sent.body for sent in expected]
        for sent, each in zip(expected, heard, strict=True):
            assert each.header("redelivered") == ("true" if sent.deliveries else "false")
            assert each.header("offset") == str(sent.offset)
            durable.held[sent.body] = (sent, each)
            durable.waiting.remove(sent)

    def compare(self, *, is_clean: bool) -> None:
        """Compare what the last start left with the model, and have the model go on with what is there."""
        assert self.store is not None
        recovered = self.store.recovered
        for name, topic in self.topics.items():
            self.compare_topic(name, topic, recovered, is_clean=is_clean)
        there = {each.name for each in recovered.subscriptions}
        for id, durable in self.durables.items():
            self.compare_durable(id, durable, f"/dsub/{id}" in there, is_clean=is_clean)

    def compare_topic(self, name: str, topic: Topic, recovered: Recovered, *, is_clean: bool) -> None:
        assert self.store is not None
        following = next((each.next for each in recovered.histories if each.topic == name), 0)
        lost = [sent for sent in topic.log if sent.offset >= following]
        assert not any(sent.body.decode() in self.receipted for sent in lost), "receipted and lost"
        assert not (is_clean and lost)
        if lost:
            del topic.log[-len(lost) :], topic.values[-len(lost) :]
        topic.following = following + (0 if is_clean else LEAP) if following else recovered.first_offset
        value = next((message.body for each, message in recovered.retained if each == name), None)
        assert value == topic.value

    def compare_durable(self, id: str, durable: Durable, is_there: bool, *, is_clean: bool) -> None:
        assert self.store is not None
        is_known = is_clean or not durable.request or durable.request in self.receipted
        assert is_there == durable.is_there or not is_known
        entries = {entry.message.body: entry for entry in self.store.kept(f"/dsub/{id}", (4,))}
        assert is_there or not entries
        for body in entries:
            assert f"gone {id} {body.decode()}" not in self.receipted, f"{body!r} came back"
        logs = {sent.body: sent for topic in self.topics.values() for sent in topic.log}
        if is_known:
            had = [*durable.waiting, *[sent for sent, _ in durable.held.values()]]
            kept = {sent.body for sent in had if sent.is_persistent and sent.body in logs}
            back = entries.keys() - kept
            assert kept <= entries.keys(), "what waited is lost"
            assert not back or (not is_clean and all((id, body) in self.acked for body in back))
        durable.held, durable.is_there, durable.request = {}, is_there, ""
        durable.waiting = [
            Sent(body, logs[body].topic, logs[body].offset, True, entry.deliveries or (not is_clean))
            for body, entry in entries.items()
        ]

    def teardown(self) -> None:
        """Leave nothing."""
        if self.directory is not None:
            if self.store is not None:
                self.store.close()
            shutil.rmtree(self.directory)


TestTopics = Topics.TestCase
TestTopics.settings = settings(max_examples=20, stateful_step_count=50, deadline=None)


@pytest.mark.slow
def test_topics_at_length() -> None:
    run_state_machine_as_test(
        Topics, settings=settings(max_examples=2000, stateful_step_count=50, deadline=None)
    )
