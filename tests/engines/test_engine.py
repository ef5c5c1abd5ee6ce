"""The local engine signs the contract of all engines."""

from hoofbeat.broker.access import AllowAll
from hoofbeat.broker.engine import Engine
from hoofbeat.broker.message import Numbers
from hoofbeat.broker.stats import Stats
from hoofbeat.broker.time import Clock, Now
from hoofbeat.config import BrokerConfig
from hoofbeat.engines.local.engine import LocalEngine
from tests.contracts.engine import EngineContract


class TestLocalEngine(EngineContract):
    """All is done at once, in memory."""

    def make(self) -> Engine:
        return LocalEngine(
            BrokerConfig(), access=AllowAll(), clock=Clock(Now(0.0, 0)), stats=Stats(), numbers=Numbers()
        )
