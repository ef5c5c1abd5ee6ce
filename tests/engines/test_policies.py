"""Settings by destination: the first pattern that matches counts, and a bad one is told at the start."""

import pytest

from hoofbeat.assembly import make_broker
from hoofbeat.config import BrokerConfig, QueueConfig, TopicConfig
from hoofbeat.engines.local.policies import Policies
from hoofbeat.errors import ConfigError


def test_the_first_pattern_that_matches_counts() -> None:
    narrow, wide = QueueConfig(messages=1), QueueConfig(messages=2)
    for first, second in ((narrow, wide), (wide, narrow)):
        policies = Policies(BrokerConfig(queues={"/queue/*": first, "/queue/a": second}))
        assert policies.queue("/queue/a") is first
    assert Policies(BrokerConfig(queues={"/queue/b/**": wide})).queue("/queue/a") == QueueConfig()


def test_topics_have_settings_of_their_own() -> None:
    few = TopicConfig(messages=1)
    policies = Policies(BrokerConfig(topics={"/topic/a.*": few}, queue=QueueConfig(messages=1)))
    assert policies.topic("/topic/a.b") is few
    assert policies.topic("/topic/a/b") == TopicConfig()


@pytest.mark.parametrize(
    ("config", "where"),
    [
        (
            BrokerConfig(queues={"/queue/**/**": QueueConfig()}),
            "queues: '/queue/\\*\\*/\\*\\*': wildcard pattern",
        ),
        (BrokerConfig(topics={"/topic/" + "a" * 255: TopicConfig()}), "topics: '/topic/aaa"),
    ],
)
def test_a_pattern_that_is_none_is_told_before_the_first_message(config: BrokerConfig, where: str) -> None:
    with pytest.raises(ConfigError, match=where):
        make_broker(config)
