"""The local engine signs the contract of all engines."""

from hoofbeat.broker.access import AllowAll
from hoofbeat.broker.engine import Engine, ignore
from hoofbeat.broker.message import Numbers
from hoofbeat.broker.stats import Stats
from hoofbeat.broker.time import Clock, Now
from hoofbeat.config import BrokerConfig
from hoofbeat.engines.local.engine import LocalEngine
from tests.contracts.engine import EngineContract, Recorder, message, unheard


def make(clock: Clock) -> LocalEngine:
    return LocalEngine(BrokerConfig(), access=AllowAll(), clock=clock, stats=Stats(), numbers=Numbers())


class TestLocalEngine(EngineContract):
    """All is done at once, in memory."""

    def make(self) -> Engine:
        return make(Clock(Now(0.0, 0)))


def test_who_comes_when_all_has_expired_hears_nothing() -> None:
    clock = Clock(Now(0.0, 1_000))
    engine, heard = make(clock), Recorder("/queue/a")
    engine.publish(
        [message("/queue/a", b"1", expires_ms=2_000), message("/queue/a", b"2", expires_ms=2_000)], unheard
    )
    clock.now = Now(1.0, 2_000)
    engine.attach(heard.subscription, ignore)
    assert heard.bodies == []


def test_a_durable_subscription_that_was_never_attached_is_detached_in_peace() -> None:
    engine, heard, stranger = make(Clock(Now(0.0, 0))), Recorder("/topic/a"), Recorder("/topic/a")
    for each, name in ((heard, "/dsub/a"), (stranger, "/dsub/a")):
        each.subscription.durable = name
    engine.attach(heard.subscription, ignore)
    engine.detach(stranger.subscription, ignore)
    stranger.subscription.durable = "/dsub/b"
    engine.detach(stranger.subscription, ignore)
    engine.publish([message("/topic/a", b"hello")], unheard)
    assert (heard.bodies, stranger.bodies) == ([b"hello"], [])
