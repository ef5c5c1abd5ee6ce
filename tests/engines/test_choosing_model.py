"""Choosing beside what must hold of it, whatever happens in whatever order.

After each step, of every consumer: it got only what it wants; nothing that it wants and may have
waits while it has credit; what it got comes before all that waits for it still; nobody of lower
priority got what it wanted; while an exclusive consumer is there, it alone gets something; and of
each group all goes to one consumer as long as that is there.
"""

from dataclasses import dataclass, field

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from hoofbeat.config import BrokerConfig, QueueConfig
from tests.conformance.wire import Client, Heard, Wire, frame, settlement

COLOURS = ("red", "blue", "green")
SELECTORS = ("", "colour = 'red'", "colour = 'blue'", "colour <> 'blue'")


@dataclass
class Sent:
    """A message, as the model knows it."""

    body: bytes
    number: int
    priority: int
    colour: str
    group: str

    @property
    def place(self) -> tuple[int, int]:
        return (-self.priority, self.number)


@dataclass(eq=False)
class Consumer:
    """A consumer, as the model knows it."""

    client: Client
    selector: str
    priority: int
    is_exclusive: bool
    prefetch: int
    held: dict[bytes, tuple[Sent, Heard]] = field(default_factory=dict)

    @property
    def has_credit(self) -> bool:
        return len(self.held) < self.prefetch

    def wants(self, sent: Sent) -> bool:
        return {
            "": True,
            "colour = 'red'": sent.colour == "red",
            "colour = 'blue'": sent.colour == "blue",
            "colour <> 'blue'": sent.colour != "blue",
        }[self.selector]


class Choosing(RuleBasedStateMachine):
    """Senders and choosy consumers of one queue."""

    @initialize(has_groups=st.booleans())
    def begin(self, has_groups: bool) -> None:
        """Start a broker; consumers have no selectors where there are groups, so that owners are plain."""
        self.wire = Wire(BrokerConfig(queue=QueueConfig(redeliveries=1000)))
        self.sender = self.wire.connect()
        self.has_groups = has_groups
        self.sent = 0
        self.waiting: dict[bytes, Sent] = {}
        self.consumers: list[Consumer] = []
        self.owners: dict[str, Consumer] = {}
        self.alone: Consumer | None = None

    @rule(
        what=st.lists(
            st.tuples(st.sampled_from(COLOURS), st.sampled_from(("", "a", "b"))), min_size=1, max_size=8
        ),
        priority=st.sampled_from((2, 4, 9)),
    )
    def send(self, what: list[tuple[str, str]], priority: int) -> None:
        """Send messages one by one, of one priority, so that order is known."""
        for colour, group in what:
            self.sent += 1
            sent = Sent(b"%d" % self.sent, self.sent, priority, colour, group * self.has_groups)
            self.waiting[sent.body] = sent
            headers = [f"JMSXGroupID:{sent.group}"] * bool(sent.group)
            self.sender.send(
                frame(
                    "SEND",
                    "destination:/queue/a",
                    f"colour:{colour}",
                    f"priority:{priority}",
                    *headers,
                    body=sent.body,
                )
            )
            self.look()

    @rule(
        selector=st.sampled_from(SELECTORS),
        priority=st.sampled_from((0, 0, 0, 5)),
        is_exclusive=st.sampled_from((False, False, False, True)),
        prefetch=st.integers(1, 4),
    )
    def consume(self, selector: str, priority: int, is_exclusive: bool, prefetch: int) -> None:
        """Subscribe."""
        selector = "" if self.has_groups else selector
        consumer = Consumer(self.wire.connect(), selector, priority, is_exclusive, prefetch)
        self.consumers.append(consumer)
        consumer.client.send(
            frame(
                "SUBSCRIBE",
                "id:0",
                "destination:/queue/a",
                "ack:client-individual",
                f"prefetch-count:{prefetch}",
                f"selector:{selector}",
                f"x-priority:{priority}",
                f"exclusive:{str(is_exclusive).lower()}",
            )
        )
        self.look()

    @rule(who=st.integers(0, 5), at=st.integers(0, 3), command=st.sampled_from(("ACK", "ACK", "NACK")))
    def settle(self, who: int, at: int, command: str) -> None:
        """Settle a delivery, if there is one."""
        if not self.consumers:
            return
        consumer = self.consumers[who % len(self.consumers)]
        if not consumer.held:
            return
        sent, heard = consumer.held.pop(list(consumer.held)[at % len(consumer.held)])
        if command == "NACK":
            self.waiting[sent.body] = sent
        consumer.client.send(settlement(command, "1.2", heard))
        self.look()

    @rule(who=st.integers(0, 5))
    def leave(self, who: int) -> None:
        """Break a consumer off."""
        if self.consumers:
            consumer = self.consumers.pop(who % len(self.consumers))
            self.waiting.update({body: sent for body, (sent, _) in consumer.held.items()})
            consumer.client.leave()
            self.look()

    def look(self) -> None:
        """Hear what everybody got, and compare it with what must hold."""
        self.let_groups_go()
        got = {consumer: self.hear(consumer) for consumer in self.consumers}
        able = self.served()
        for consumer, messages in got.items():
            assert consumer in able or not messages, "an exclusive consumer is there"
            assert all(consumer.wants(sent) for sent in messages)
            self.own(consumer, messages)
            assert messages == sorted(messages, key=lambda sent: sent.place)
        for consumer in able:
            waits = [sent for sent in self.waiting.values() if consumer.wants(sent)]
            waits = [sent for sent in waits if self.owners.get(sent.group, consumer) is consumer]
            assert not (waits and consumer.has_credit), "it might have had that"
            first = min((sent.place for sent in waits), default=(99, 0))
            assert all(sent.place < first for sent in got[consumer]), "something better waits for it"
        if not self.has_groups:
            self.compare_levels(got)

    def hear(self, consumer: Consumer) -> list[Sent]:
        """Note what a consumer got."""
        assert not consumer.client.closed
        messages: list[Sent] = []
        for heard in consumer.client.frames():
            sent = self.waiting.pop(heard.body)
            consumer.held[heard.body] = (sent, heard)
            messages.append(sent)
        return messages

    def served(self) -> list[Consumer]:
        """Return who may get something at all."""
        exclusive = [consumer for consumer in self.consumers if consumer.is_exclusive]
        if exclusive:
            return [max(exclusive, key=lambda consumer: consumer.priority)]
        return self.consumers

    def own(self, consumer: Consumer, messages: list[Sent]) -> None:
        """See that each group's messages go to who had the first of it and is still there."""
        for sent in messages:
            if sent.group and not consumer.is_exclusive:
                assert self.owners.setdefault(sent.group, consumer) is consumer, "it is another's group"

    def let_groups_go(self) -> None:
        """Forget the groups of who has left, and all when another is served alone, or nobody is any more."""
        alone = next((consumer for consumer in self.served() if consumer.is_exclusive), None)
        if alone is not self.alone:
            self.owners.clear()
        self.alone = alone
        self.owners = {group: each for group, each in self.owners.items() if each in self.consumers}

    def compare_levels(self, got: dict[Consumer, list[Sent]]) -> None:
        """See that nobody got what one of higher priority had credit for."""
        for high in self.served():
            if high.has_credit:
                for low, messages in got.items():
                    assert low.priority >= high.priority or not any(map(high.wants, messages))


TestChoosing = Choosing.TestCase
TestChoosing.settings = settings(max_examples=60, stateful_step_count=50, deadline=None)


@pytest.mark.slow
def test_choosing_at_length() -> None:
    run_state_machine_as_test(
        Choosing, settings=settings(max_examples=2000, stateful_step_count=50, deadline=None)
    )
