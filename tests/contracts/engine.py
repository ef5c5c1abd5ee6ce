"""What every engine signs."""

from abc import abstractmethod

import pytest

from hoofbeat.broker.delivery import AckMode, Delivery, Outcome
from hoofbeat.broker.destination import parse
from hoofbeat.broker.engine import Engine, Settlement, ignore
from hoofbeat.broker.message import Envelope, Message
from hoofbeat.broker.subscription import Subscription
from hoofbeat.broker.users import ANONYMOUS
from hoofbeat.errors import Refused
from hoofbeat.protocol.framing import STREAM
from hoofbeat.protocol.headers import Headers
from hoofbeat.protocol.limits import FrameLimits
from hoofbeat.protocol.outbox import Outbox
from hoofbeat.protocol.server import ServerSession, make_readers
from hoofbeat.transports.memory import MemoryOutlet
from tests.conformance.wire import cut

_numbers = iter(range(1, 1_000_000))


def unheard(count: int, refused: Refused | None) -> None:
    """Be a ``confirm`` of no interest."""


def message(name: str, body: bytes, expires_ms: int = 0) -> Message:
    """Make a message with nothing but a destination."""
    return Message(
        next(_numbers), Envelope(parse(name), Headers({"destination": name}), b"e-"), body, expires_ms
    )


class Recorder:
    """A subscription, and what it heard."""

    def __init__(self, name: str, ack: AckMode = AckMode.AUTO, prefetch: int = 100) -> None:
        self._outlet = MemoryOutlet()
        outbox = Outbox(self._outlet, STREAM, [])
        session = ServerSession("s", outbox, make_readers(), FrameLimits(), 0.0)
        self.subscription = Subscription(
            session,
            "0",
            parse(name),
            serial=1,
            principal=ANONYMOUS,
            overrun=outbox.drop,
            ack=ack,
            prefetch=prefetch,
        )

    @property
    def bodies(self) -> list[bytes]:
        """Every body, from the start."""
        self.subscription.outbox.flush()
        return [heard.body for heard in cut(b"".join(self._outlet.written))[0]]

    def settle(self, tag: int, outcome: Outcome) -> list[Settlement]:
        """Settle one delivery."""
        return [Settlement(self.subscription, outcome, [self.subscription.settle(tag)])]


class EngineContract:
    """What every engine must do. Subclass, and say how to make one."""

    @abstractmethod
    def make(self) -> Engine: ...

    def test_every_subscriber_of_a_topic_gets_a_copy(self) -> None:
        engine, heard = self.make(), [Recorder("/topic/a"), Recorder("/topic/*")]
        for each in heard:
            engine.attach(each.subscription, ignore)
        engine.publish([message("/topic/a", b"hello")], unheard)
        assert [each.bodies for each in heard] == [[b"hello"], [b"hello"]]

    def test_a_message_of_a_queue_goes_to_one_consumer(self) -> None:
        engine, heard = self.make(), [Recorder("/queue/a"), Recorder("/queue/a")]
        for each in heard:
            engine.attach(each.subscription, ignore)
        engine.publish([message("/queue/a", b"hello")], unheard)
        assert sorted(each.bodies for each in heard) == [[], [b"hello"]]

    def test_a_detached_subscription_hears_nothing(self) -> None:
        engine, heard = self.make(), Recorder("/topic/a")
        engine.attach(heard.subscription, ignore)
        engine.detach(heard.subscription, ignore)
        engine.publish([message("/topic/a", b"hello")], unheard)
        assert heard.bodies == []

    def test_what_a_detached_subscription_held_goes_to_the_next(self) -> None:
        engine, first, second = self.make(), Recorder("/queue/a", AckMode.CLIENT), Recorder("/queue/a")
        engine.attach(first.subscription, ignore)
        engine.publish([message("/queue/a", b"hello")], unheard)
        engine.detach(first.subscription, ignore)
        engine.attach(second.subscription, ignore)
        assert (first.bodies, second.bodies) == ([b"hello"], [b"hello"])

    def test_a_nacked_message_is_delivered_again_and_an_acked_one_is_not(self) -> None:
        engine, heard = self.make(), Recorder("/queue/a", AckMode.CLIENT_INDIVIDUAL)
        engine.attach(heard.subscription, ignore)
        engine.publish([message("/queue/a", b"hello")], unheard)
        engine.settle(heard.settle(1, Outcome.NACK), ignore)
        engine.settle(heard.settle(2, Outcome.ACK), ignore)
        assert heard.bodies == [b"hello", b"hello"]

    def test_what_comes_back_goes_where_it_was_whoever_leaves_first(self) -> None:
        engine, last = self.make(), Recorder("/queue/a")
        first, second = [Recorder("/queue/a", AckMode.CLIENT, prefetch=1) for _ in range(2)]
        for each in (first, second):
            engine.attach(each.subscription, ignore)
        engine.publish([message("/queue/a", body) for body in (b"1", b"2", b"3")], unheard)
        for each in (first, second):
            engine.detach(each.subscription, ignore)
        engine.attach(last.subscription, ignore)
        assert (first.bodies, second.bodies, last.bodies) == ([b"1"], [b"2"], [b"1", b"2", b"3"])

    def test_what_was_never_attached_is_detached_in_peace(self) -> None:
        engine, heard = self.make(), Recorder("/queue/a")
        answers: list[Refused | None] = []
        engine.attach(heard.subscription, ignore)
        for name in ("/queue/a", "/queue/b", "/topic/a"):
            engine.detach(Recorder(name).subscription, answers.append)
        engine.publish([message("/queue/a", b"hello")], unheard)
        assert (answers, heard.bodies) == ([None] * 3, [b"hello"])

    @pytest.mark.parametrize("outcome", Outcome)
    def test_settling_what_no_destination_knows_is_ignored(self, outcome: Outcome) -> None:
        engine, stranger = self.make(), Recorder("/queue/none", AckMode.CLIENT)
        answers: list[Refused | None] = []
        unknown = Settlement(stranger.subscription, outcome, [Delivery(message("/queue/none", b"1"), 1)])
        engine.settle([unknown], answers.append)
        engine.attach(stranger.subscription, ignore)
        assert (answers, stranger.bodies) == ([None], [])

    def test_every_message_of_a_run_is_confirmed_once(self) -> None:
        engine, confirmed = self.make(), list[tuple[int, Refused | None]]()
        for name in ("/queue/a", "/topic/a"):
            run = [message(name, b"1"), message(name, b"2")]
            engine.publish(run, lambda count, refused: confirmed.append((count, refused)))
        assert sum(count for count, _ in confirmed) == 4
        assert {refused for _, refused in confirmed} == {None}

    def test_done_is_called_once_for_every_call(self) -> None:
        engine, heard = self.make(), Recorder("/queue/a", AckMode.CLIENT)
        answers: list[Refused | None] = []
        engine.attach(heard.subscription, answers.append)
        engine.publish([message("/queue/a", b"1"), message("/queue/a", b"2")], unheard)
        engine.settle(heard.settle(1, Outcome.ACK), answers.append)
        engine.commit([[message("/topic/a", b"3")]], [], answers.append)
        engine.detach(heard.subscription, answers.append)
        assert answers == [None] * 4
